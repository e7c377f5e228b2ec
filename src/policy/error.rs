//! Why a policy document is refused: the place and the rule broken.

use super::PolicyKind;
use super::span::{ElementPath, PathStep, Position, Span, span_of};
use std::fmt;

/// A refused document: where, and which rule of the grammar it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{fault}", At(.place))]
pub struct Error {
    /// Path of the offending element, such as `Statement[2].Condition.StringEquals`; empty for the document itself.
    pub place: String,
    /// The rule broken.
    pub fault: Fault,
    // Boxed: errors of other modules hold this one.
    location: Box<Location>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Location {
    path: ElementPath,
    span: Option<Span>,
}

impl Error {
    pub(super) fn new(place: String, steps: Vec<PathStep>, fault: Fault) -> Self {
        Self { place, fault, location: Box::new(Location { path: steps.into(), span: None }) }
    }

    /// Sets where in the text the error stands.
    pub(super) fn at(mut self, position: Position) -> Self {
        self.location.span = Some(Span { start: position, end: position });
        self
    }

    /// Seeks the error's place in the document's text.
    pub(super) fn located(mut self, document: &str) -> Self {
        if self.location.span.is_none() && !matches!(self.fault, Fault::TooLong { .. }) {
            self.location.span = span_of(document, self.location.path.steps());
        }
        self
    }

    /// The way to the offending element, as [`Error::place`] shows it.
    pub fn path(&self) -> &ElementPath {
        &self.location.path
    }

    /// Where the offending element stands in the text; of text that is no JSON, where reading ended. None if the
    /// document is too long.
    pub fn span(&self) -> Option<Span> {
        self.location.span
    }
}

/// Most refusals noted of one document.
const MAX_FAULTS: usize = 100;

/// The refusals of one document, in the order in which they were met.
#[derive(Default)]
pub(super) struct Faults(Vec<Error>);

impl Faults {
    /// Takes the value, or notes why there is none.
    pub(super) fn note<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                if self.0.len() < MAX_FAULTS {
                    self.0.push(error);
                }
                None
            }
        }
    }

    pub(super) fn into_errors(self) -> Vec<Error> {
        self.0
    }
}

struct At<'a>(&'a str);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{}: ", self.0) }
    }
}

/// The rules of the policy grammar, one variant for each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The document has more than [`super::MAX_DOCUMENT_CHARACTERS`] characters.
    #[error("the document has {length} characters; at most {limit} are allowed")]
    TooLong {
        /// Characters found.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// A raw character outside tab, LF, CR and U+0020 to U+00FF.
    #[error("the character U+{code:04X} at line {line} is not allowed; write it as a JSON escape")]
    ForbiddenCharacter {
        /// The character's code point.
        code: u32,
        /// Line of the document, from 1.
        line: usize,
    },
    /// The text is not one JSON value, or is nested too deeply.
    #[error("the document is not well-formed JSON, or nested too deeply, at line {line} column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A JSON value of the wrong type.
    #[error("must be {wanted}, not {found}")]
    WrongType {
        /// What the grammar wants here.
        wanted: &'static str,
        /// The JSON type found.
        found: &'static str,
    },
    /// A member name occurs twice in one object.
    #[error("the member `{0}` occurs twice")]
    DuplicateMember(String),
    /// A member that the policy language does not have.
    #[error("unknown element `{0}`; element names are spelled with exact case")]
    UnknownElement(String),
    /// An element that this kind of policy may not have.
    #[error("the element `{element}` is not allowed in {kind}")]
    ProhibitedElement {
        /// The element.
        element: &'static str,
        /// The kind of policy.
        kind: PolicyKind,
    },
    /// A required element is absent.
    #[error("the element `{0}` is missing")]
    MissingElement(&'static str),
    /// An element and its `Not` form stand side by side.
    #[error("`{0}` and `{1}` exclude each other; keep one")]
    BothForms(&'static str, &'static str),
    /// `NotPrincipal` with `"Effect": "Allow"`.
    #[error("`NotPrincipal` may only stand in a Deny statement; list the principals to allow instead")]
    NotPrincipalWithAllow,
    /// A list or object without entries.
    #[error("must not be empty")]
    Empty,
    /// Not one of the two language versions.
    #[error("`{0}` is not a policy language version; write 2012-10-17 or 2008-10-17")]
    UnknownVersion(String),
    /// Neither `Allow` nor `Deny`.
    #[error("`{0}` is not an effect; write Allow or Deny")]
    UnknownEffect(String),
    /// A Sid outside `[0-9A-Za-z]*`.
    #[error("the Sid `{0}` may hold only letters and digits")]
    BadSid(String),
    /// Two statements have the same Sid.
    #[error("the Sid `{0}` is used by an earlier statement too")]
    DuplicateSid(String),
    /// An action without vendor prefix or with characters that no action has.
    #[error("`{0}` is not an action; write VENDOR:NAME such as s3:GetObject, with wildcards in the name only, or `*`")]
    BadAction(String),
    /// A trust policy names an action of another service.
    #[error("`{0}` is not an STS action; a trust policy may only hold sts: actions")]
    NotAnStsAction(String),
    /// A resource that is neither an ARN nor `*`.
    #[error("`{0}` is not a resource; write an ARN of six parts or `*`")]
    BadResource(String),
    /// A wildcard or variable in the service part of an ARN.
    #[error("`{0}` has a wildcard or variable in its service part; name the service")]
    WildcardService(String),
    /// Another partition than `aws`.
    #[error("`{0}` is in another partition; the only partition here is `aws`")]
    ForeignPartition(String),
    /// A principal that is none of the known forms.
    #[error(
        "`{0}` is not a principal; write an account id, an ARN of a root, user, role, assumed-role session or federated user, or `*`"
    )]
    BadPrincipal(String),
    /// A wildcard inside a principal.
    #[error("`{0}` has a wildcard; principals match exactly, or all with `*` alone")]
    WildcardPrincipal(String),
    /// Not one of the known principal types.
    #[error("unknown principal type `{0}`; known are AWS, Federated, Service and CanonicalUser")]
    UnknownPrincipalType(String),
    /// A variable that is not closed, empty or malformed.
    #[error("`{0}` holds a malformed variable; write ${{service:key}} or ${{service:key, 'default'}}")]
    BadVariable(String),
    /// A condition operator that does not exist.
    #[error("unknown condition operator `{0}`; operator names are spelled with exact case")]
    UnknownOperator(String),
    /// A condition key without vendor prefix.
    #[error("`{0}` is not a condition key; write VENDOR:KEY such as aws:SourceIp")]
    BadConditionKey(String),
    /// An operand that is not of the operator's type.
    #[error("`{value}` is not {wanted}")]
    BadOperand {
        /// The value as written.
        value: String,
        /// What the operator compares.
        wanted: &'static str,
    },
}
