//! Why a bucket policy is not stored, in S3's words and then in ours: where it stands and what is wrong.

use crate::policy::lint::BucketRefusal;
use crate::policy::{self, Fault};

/// A document that is refused as MalformedPolicy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyFault {
    /// More bytes than S3 takes.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Nothing, or something else than a JSON object.
    NotAnObject,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// The grammar of policies.
    Grammar(policy::Error),
    /// What S3 refuses besides.
    Bucket(BucketRefusal),
}

impl std::error::Error for PolicyFault {}

impl std::fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { limit } => {
                write!(f, "Policy exceeds the maximum allowed document size. At most {limit} bytes are taken.")
            }
            Self::NotAnObject => f.write_str("Policies must be valid JSON and the first byte must be '{'"),
            Self::NotUtf8 => f.write_str("This policy contains invalid Json (it is not UTF-8)"),
            Self::Grammar(error) => write!(f, "{} ({error})", words(&error.fault)),
            Self::Bucket(refusal) => {
                let words = match refusal {
                    BucketRefusal::Action { .. } => "Policy has invalid action",
                    BucketRefusal::Resource { .. } => "Policy has invalid resource",
                    BucketRefusal::Mismatch { .. } => "Action does not apply to any resource(s) in statement",
                };
                write!(f, "{words} ({refusal})")
            }
        }
    }
}

/// What S3 says.
fn words(fault: &Fault) -> String {
    match fault {
        Fault::TooLong { .. } => "Policy exceeds the maximum allowed document size.",
        Fault::NotJson { .. } | Fault::ForbiddenCharacter { .. } => "This policy contains invalid Json",
        Fault::UnknownElement(name) => return format!("Unknown field {name}"),
        Fault::MissingElement(name) => return format!("Missing required field {name}"),
        Fault::UnknownVersion(_) => "The policy must contain a valid version string",
        Fault::UnknownEffect(effect) => return format!("Invalid effect: {effect}"),
        Fault::NotPrincipalWithAllow => "Allow with NotPrincipal is not allowed.",
        Fault::BadPrincipal(_) | Fault::WildcardPrincipal(_) | Fault::UnknownPrincipalType(_) => {
            "Invalid principal in policy"
        }
        Fault::BadAction(_) | Fault::NotAnStsAction(_) => "Policy has invalid action",
        Fault::BadResource(_) | Fault::WildcardService(_) | Fault::ForeignPartition(_) => "Policy has invalid resource",
        Fault::UnknownOperator(operator) => return format!("Invalid Condition type : {operator}"),
        Fault::BadConditionKey(_) => "Policy has an invalid condition key",
        Fault::WrongType { .. }
        | Fault::DuplicateMember(_)
        | Fault::ProhibitedElement { .. }
        | Fault::BothForms(..)
        | Fault::Empty
        | Fault::BadSid(_)
        | Fault::DuplicateSid(_)
        | Fault::BadVariable(_)
        | Fault::BadOperand { .. } => "Invalid policy syntax.",
    }
    .to_owned()
}
