//! The table of findings: code, severity, meaning.

/// How bad a finding is, in Access Analyzer's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document is refused.
    Error,
    /// It allows more than is wise.
    SecurityWarning,
    /// A part of it does not do what it seems to.
    Warning,
    /// It could be written better; access stays the same.
    Suggestion,
}

impl Severity {
    /// `ERROR`, `SECURITY_WARNING`, `WARNING` or `SUGGESTION`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::SecurityWarning => "SECURITY_WARNING",
            Self::Warning => "WARNING",
            Self::Suggestion => "SUGGESTION",
        }
    }
}

macro_rules! issues {
    ($($name:ident $code:literal $severity:ident $meaning:literal,)*) => {
        /// What can be found in a document. Codes are Access Analyzer's where it has the check.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Issue {
            $(#[doc = $meaning] $name,)*
        }

        impl Issue {
            /// All issues.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it means, in one sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

issues! {
    SizeExceeded "POLICY_SIZE_EXCEEDED" Error "The document has too many characters.",
    UnsupportedCharacter "UNSUPPORTED_CHARACTER" Error "A raw character outside tab, LF, CR and U+0020 to U+00FF.",
    JsonSyntax "JSON_SYNTAX_ERROR" Error "The text is not one JSON value, or is nested too deeply.",
    DataTypeMismatch "DATA_TYPE_MISMATCH" Error "A JSON value of the wrong type.",
    DuplicateElement "DUPLICATE_ELEMENT" Error "A member name stands twice in one object.",
    InvalidElement "INVALID_POLICY_ELEMENT" Error "An element that the policy language does not have.",
    UnsupportedElement "UNSUPPORTED_ELEMENT" Error "An element that this kind of policy may not have.",
    MissingAction "MISSING_ACTION" Error "A statement has neither Action nor NotAction.",
    MissingEffect "MISSING_EFFECT" Error "A statement has no Effect.",
    MissingPrincipal "MISSING_PRINCIPAL" Error "A statement of a bucket or trust policy names no principal.",
    MissingResource "MISSING_RESOURCE" Error "A statement has neither Resource nor NotResource.",
    MissingStatement "MISSING_STATEMENT" Error "The document has no Statement.",
    UnsupportedElementCombination "UNSUPPORTED_ELEMENT_COMBINATION" Error "An element and its Not form stand side by side.",
    AllowWithNotPrincipal "ALLOW_WITH_NOT_PRINCIPAL" Error "NotPrincipal in an Allow statement.",
    EmptyElement "EMPTY_ELEMENT" Error "A list or object without entries.",
    InvalidVersion "INVALID_VERSION" Error "Not a version of the policy language.",
    InvalidEffect "INVALID_EFFECT" Error "Neither Allow nor Deny.",
    UnsupportedSid "UNSUPPORTED_SID" Error "A Sid with other characters than letters and digits.",
    UniqueSidsRequired "UNIQUE_SIDS_REQUIRED" Error "Two statements have the same Sid.",
    InvalidAction "INVALID_ACTION" Error "A text that is no action.",
    UnsupportedAction "UNSUPPORTED_ACTION_IN_POLICY" Error "A trust policy names an action that is not of STS.",
    InvalidResource "INVALID_ARN_RESOURCE" Error "A text that is neither an ARN nor `*`.",
    InvalidArnService "INVALID_ARN_SERVICE" Error "A wildcard or variable in the service part of an ARN.",
    InvalidPartition "INVALID_PARTITION" Error "An ARN of another partition than aws.",
    InvalidPrincipal "INVALID_PRINCIPAL_FORMAT" Error "A text that is no principal.",
    WildcardInPrincipal "UNSUPPORTED_WILDCARD_IN_PRINCIPAL" Error "A wildcard inside a principal.",
    InvalidPrincipalKey "INVALID_PRINCIPAL_KEY" Error "An unknown type of principal.",
    InvalidVariable "INVALID_VARIABLE" Error "A variable that is not closed, empty or malformed.",
    InvalidOperator "INVALID_CONDITION_OPERATOR" Error "A condition operator that does not exist.",
    InvalidConditionKey "INVALID_CONDITION_KEY_FORMAT" Error "A condition key without vendor prefix.",
    InvalidConditionValue "INVALID_CONDITION_VALUE" Error "A condition value that is not of its operator's type.",

    PublicPrincipal "PUBLIC_PRINCIPAL" SecurityWarning "An Allow for everybody without a condition.",
    FederatedWithoutCondition "FEDERATED_PRINCIPAL_WITHOUT_CONDITION" SecurityWarning "A trust policy lets every user of an identity provider in.",
    AllowWithNotAction "ALLOW_WITH_NOT_ACTION" SecurityWarning "An Allow with NotAction allows all other actions, those of other services and of the future too.",
    AllowWithNotResource "ALLOW_WITH_NOT_RESOURCE" SecurityWarning "An Allow with NotResource allows its actions on all other resources.",
    StarInActionAndResource "STAR_IN_ACTION_AND_RESOURCE" SecurityWarning "An identity policy allows every action on every resource, all of IAM included.",
    PassRoleWithStar "PASS_ROLE_WITH_STAR_IN_RESOURCE" SecurityWarning "An identity policy allows iam:PassRole on every role.",
    AssumeRoleWithStar "ASSUME_ROLE_WITH_STAR_IN_RESOURCE" SecurityWarning "An identity policy allows sts:AssumeRole on every role.",
    AdministrationWithStar "ADMINISTRATION_WITH_STAR_IN_RESOURCE" SecurityWarning "An identity policy allows an IAM action that can raise rights on every resource.",
    ForAllValuesSingle "FORALLVALUES_WITH_SINGLE_VALUED_KEY" SecurityWarning "ForAllValues on a single-valued key holds where the key is absent.",
    ForAllValuesAllow "FORALLVALUES_WITH_ALLOW" SecurityWarning "ForAllValues in an Allow holds where the key is absent, and no Null condition asks for it.",

    UnknownService "UNKNOWN_SERVICE" Warning "An action of a service that is not here.",
    UnknownAction "UNKNOWN_ACTION" Warning "An action that its service does not have.",
    ActionMatchesNothing "ACTION_MATCHES_NOTHING" Warning "An action with wildcards that matches no action.",
    ForeignAction "FOREIGN_ACTION_IN_BUCKET_POLICY" Warning "A bucket policy names an action that is not of S3.",
    ResourceWithoutAction "RESOURCE_WITHOUT_MATCHING_ACTION" Warning "No action of the statement is asked for on such a resource.",
    ActionWithoutResource "ACTION_WITHOUT_MATCHING_RESOURCE" Warning "The action is never asked for on a resource of the statement.",
    MissingVersion "MISSING_VERSION" Warning "Without Version a document is of 2008-10-17, which has no variables.",
    VariableUnsupported "VARIABLE_UNSUPPORTED_IN_VERSION" Warning "A text looks like a variable, and the document's version has none.",
    UnknownKey "UNKNOWN_CONDITION_KEY" Warning "A condition key that no request here ever has.",
    KeyNotOfAction "UNSUPPORTED_ACTION_FOR_CONDITION_KEY" Warning "Requests for the action never have the condition key.",
    TypeMismatch "TYPE_MISMATCH" Warning "The operator does not compare values of the key's type.",
    MissingQualifier "MISSING_QUALIFIER" Warning "A key with several values is compared without ForAllValues or ForAnyValue.",
    WildcardWithoutLike "WILDCARD_WITHOUT_LIKE_OPERATOR" Warning "The operator takes `*` and `?` literally.",
    SourceIpWithoutLimit "SOURCE_IP_WITHOUT_LIMIT" Warning "The block of addresses holds all addresses of its version.",
    UnresolvedPrincipal "UNRESOLVED_PRINCIPAL" Warning "The principal does not exist now: it matches by name, whoever gets that name.",
    UnusedPrincipalType "UNSUPPORTED_PRINCIPAL_TYPE" Warning "Services and canonical users are nobody here.",
    MismatchedAction "MISMATCHED_ACTION_FOR_PRINCIPAL" Warning "Principals of this type never make the statement's calls.",

    OldVersion "OUTDATED_VERSION" Suggestion "Version 2008-10-17 has no variables.",
    EmptySid "EMPTY_SID_VALUE" Suggestion "An empty Sid.",
    RedundantAction "REDUNDANT_ACTION" Suggestion "Another action of the list covers this one.",
    RedundantResource "REDUNDANT_RESOURCE" Suggestion "Another resource of the list covers this one.",
    RedundantStatement "REDUNDANT_STATEMENT" Suggestion "Another statement covers this one.",
    PrivateAddress "PRIVATE_IP_ADDRESS" Suggestion "Private addresses are seen only from clients that reach the gate without address translation.",
    HostBits "NETWORK_WITH_HOST_BITS" Suggestion "Bits after the prefix length do not count.",
}
