//! Why an STS call was refused, with AWS's codes (WIRE section 5).

use crate::entity::NameError;
use crate::token::jwt::{self, ErrorKind};
use crate::wire::aws_query::QueryError;
use crate::{policy, token};

/// An STS call was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An action that does not exist.
    #[error("Could not find operation {action} for version {version}")]
    InvalidAction {
        /// The action, cut to 128 characters.
        action: String,
        /// The version asked for, cut to 128 characters.
        version: String,
    },
    /// An action of STS that this version does not serve.
    #[error("The action {0} is not supported yet.")]
    UnsupportedAction(&'static str),
    /// A parameter that AWS defines and this version does not serve. Ignoring it could grant too much.
    #[error("The parameter {0} is not supported: there are no multi-factor devices and no context providers here yet.")]
    UnsupportedParameter(&'static str),
    /// A value outside AWS's constraint.
    #[error(transparent)]
    Constraint(#[from] NameError),
    /// RoleArn is not the ARN of a role.
    #[error("{0} is invalid")]
    InvalidRoleArn(String),
    /// An entry of PolicyArns is not the ARN of a managed policy.
    #[error("{0} is not the ARN of a managed policy")]
    InvalidPolicyArn(String),
    /// An entry of PolicyArns leads nowhere: there is no such policy, or it is of an account that is not the role's.
    #[error("The session policy {0} is not found. It must be a managed policy of the account or one of AWS's.")]
    NoSuchPolicy(String),
    /// ProviderId, which is of no use with OpenID Connect.
    #[error(
        "ProviderId is for OAuth 2.0 access tokens of Login with Amazon and Facebook, which are not served here. Leave it out for tokens of OpenID Connect providers."
    )]
    ProviderId,
    /// The web identity token.
    #[error("{0}")]
    WebIdentity(#[from] jwt::Error),
    /// A claim of a verified token breaks a limit.
    #[error("The claim {claim} of the web identity token cannot be used: {reason}")]
    RejectedClaim {
        /// The claim.
        claim: &'static str,
        /// Which limit.
        #[source]
        reason: Box<Error>,
    },
    /// Two claims of a verified token, or one and a key of the gate's own, are one condition key.
    #[error(
        "The claims of the web identity token cannot be condition keys: two of them differ by case alone, or one would be a key of the gate's own."
    )]
    AmbiguousClaims,
    /// A list of the parameters cannot be read.
    #[error(transparent)]
    Parameters(#[from] QueryError),
    /// Two keys of tags are the same.
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    DuplicateTagKeys,
    /// A key that begins with `aws:`.
    #[error("Tag keys must not begin with aws:, which is reserved.")]
    ReservedTagKey,
    /// A source identity that begins with `aws:`.
    #[error("SourceIdentity must not begin with aws:, which is reserved.")]
    ReservedSourceIdentity,
    /// A transitive key that is not one of the tags.
    #[error("The specified transitive tag key must be included in the requested tags.")]
    TransitiveTagMissing,
    /// A tag that the caller's session brings along.
    #[error(
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
    )]
    TransitiveTagFixed,
    /// Another source identity than the caller's session has.
    #[error("The source identity of the calling session cannot be changed. Leave SourceIdentity out or repeat it.")]
    SourceIdentityFixed,
    /// The root of an account.
    #[error("Roles may not be assumed by root accounts.")]
    RootCannotAssume,
    /// Only a long-term key mints these.
    #[error("Cannot call {0} with session credentials")]
    SessionCredentials(&'static str),
    /// No account is known for the key.
    #[error("No account is known for this access key id.")]
    UnknownAccessKey,
    /// Digests of two accounts fit the temporary key.
    #[error("This temporary access key id fits more than one account.")]
    AmbiguousAccessKey,
    /// A message that does not open for this account.
    #[error("Message is not valid")]
    InvalidAuthorizationMessage,
    /// Longer than the role allows.
    #[error("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")]
    DurationExceedsRole,
    /// Longer than a session may mint.
    #[error("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")]
    DurationExceedsChaining,
    /// The session policy is not one.
    #[error("{0}")]
    MalformedPolicyDocument(#[source] policy::Error),
    /// Policies and tags do not fit into the token.
    #[error("Packed policy consumes {0}% of allotted space, please use smaller policy.")]
    PackedPolicyTooLarge(usize),
    /// The chain of roles has as many links as a token holds (security rule 21).
    #[error("The chain of assumed roles is too long: at most {0} users and roles may stand in it.")]
    ChainTooLong(usize),
    /// The permit is not for this role. A mistake of the caller's code, or a role that became another one.
    #[error("The request was not authorized for sts:AssumeRole on this role.")]
    NotPermitted,
    /// GetCallerIdentity without an identity.
    #[error("Request is missing Authentication Token")]
    NoIdentity,
    /// The token could not be made. Its own message is for the log.
    #[error("The request processing has failed because of an unknown error.")]
    Token(#[source] token::Error),
}

impl Error {
    /// The code as AWS names it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidAction { .. } | Self::UnsupportedAction(_) => "InvalidAction",
            Self::UnsupportedParameter(_)
            | Self::NoSuchPolicy(_)
            | Self::ProviderId
            | Self::DuplicateTagKeys
            | Self::ReservedTagKey
            | Self::ReservedSourceIdentity
            | Self::TransitiveTagMissing
            | Self::TransitiveTagFixed => "InvalidParameterValue",
            Self::Constraint(_)
            | Self::Parameters(_)
            | Self::InvalidRoleArn(_)
            | Self::InvalidPolicyArn(_)
            | Self::UnknownAccessKey
            | Self::AmbiguousAccessKey
            | Self::DurationExceedsRole
            | Self::DurationExceedsChaining
            | Self::ChainTooLong(_) => "ValidationError",
            Self::MalformedPolicyDocument(_) => "MalformedPolicyDocument",
            Self::PackedPolicyTooLarge(_) => "PackedPolicyTooLarge",
            Self::InvalidAuthorizationMessage => "InvalidAuthorizationMessageException",
            Self::NotPermitted | Self::SourceIdentityFixed | Self::RootCannotAssume | Self::SessionCredentials(_) => {
                "AccessDenied"
            }
            Self::NoIdentity => "MissingAuthenticationToken",
            Self::Token(_) => "InternalFailure",
            Self::RejectedClaim { .. } | Self::AmbiguousClaims => "IDPRejectedClaim",
            Self::WebIdentity(error) => match error.kind() {
                ErrorKind::Invalid => "InvalidIdentityToken",
                ErrorKind::Expired { .. } => "ExpiredTokenException",
                ErrorKind::RejectedClaim => "IDPRejectedClaim",
                ErrorKind::Keys => "IDPCommunicationError",
            },
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self.code() {
            "AccessDenied" | "MissingAuthenticationToken" | "IDPRejectedClaim" => 403,
            "InternalFailure" => 500,
            _ => 400,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
    use crate::types::{AccountId, Timestamp};

    #[test]
    fn every_error_has_awss_code_and_status() {
        let options = ParseOptions {
            kind: PolicyKind::Session,
            default_account: &AccountId::empty(),
            bindings: &Bindings::new(),
        };
        let malformed = Policy::parse("{\"x\":", &options).unwrap_err();
        for (error, code, status) in [
            (Error::InvalidAction { action: "X".into(), version: "Y".into() }, "InvalidAction", 400),
            (Error::UnsupportedAction("AssumeRoot"), "InvalidAction", 400),
            (Error::UnsupportedParameter("TokenCode"), "InvalidParameterValue", 400),
            (Error::Constraint(NameError::Missing { field: "roleArn" }), "ValidationError", 400),
            (Error::InvalidRoleArn("x".into()), "ValidationError", 400),
            (Error::DurationExceedsRole, "ValidationError", 400),
            (Error::DurationExceedsChaining, "ValidationError", 400),
            (Error::MalformedPolicyDocument(malformed), "MalformedPolicyDocument", 400),
            (Error::PackedPolicyTooLarge(101), "PackedPolicyTooLarge", 400),
            (Error::ChainTooLong(8), "ValidationError", 400),
            (Error::InvalidPolicyArn("x".into()), "ValidationError", 400),
            (Error::NoSuchPolicy("x".into()), "InvalidParameterValue", 400),
            (Error::Parameters(QueryError::BadList("Tags".into())), "ValidationError", 400),
            (Error::DuplicateTagKeys, "InvalidParameterValue", 400),
            (Error::ReservedTagKey, "InvalidParameterValue", 400),
            (Error::ReservedSourceIdentity, "InvalidParameterValue", 400),
            (Error::TransitiveTagMissing, "InvalidParameterValue", 400),
            (Error::TransitiveTagFixed, "InvalidParameterValue", 400),
            (Error::SourceIdentityFixed, "AccessDenied", 403),
            (Error::RootCannotAssume, "AccessDenied", 403),
            (Error::SessionCredentials("GetSessionToken"), "AccessDenied", 403),
            (Error::UnknownAccessKey, "ValidationError", 400),
            (Error::AmbiguousAccessKey, "ValidationError", 400),
            (Error::InvalidAuthorizationMessage, "InvalidAuthorizationMessageException", 400),
            (Error::NotPermitted, "AccessDenied", 403),
            (Error::ProviderId, "InvalidParameterValue", 400),
            (Error::WebIdentity(jwt::Error::Length), "InvalidIdentityToken", 400),
            (Error::WebIdentity(jwt::Error::Expired { at: Timestamp::from_seconds(0) }), "ExpiredTokenException", 400),
            (Error::WebIdentity(jwt::Error::KeySet(jwt::KeySetFault::Keys)), "IDPCommunicationError", 400),
            (Error::RejectedClaim { claim: "x", reason: Box::new(Error::ReservedTagKey) }, "IDPRejectedClaim", 403),
            (Error::AmbiguousClaims, "IDPRejectedClaim", 403),
            (Error::NoIdentity, "MissingAuthenticationToken", 403),
            (Error::Token(token::Error::Derivation), "InternalFailure", 500),
        ] {
            assert_eq!((error.code(), error.status()), (code, status), "{error}");
            assert!(!error.to_string().is_empty());
        }
        let inner = token::Error::Derivation.to_string();
        assert!(!Error::Token(token::Error::Derivation).to_string().contains(&inner));
    }
}
