//! Why an STS call was refused, with AWS's codes (WIRE section 5).

use crate::entity::NameError;
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
    #[error("The parameter {0} of AssumeRole is not supported yet. Leave it out.")]
    UnsupportedParameter(&'static str),
    /// A value outside AWS's constraint.
    #[error(transparent)]
    Constraint(#[from] NameError),
    /// RoleArn is not the ARN of a role.
    #[error("{0} is invalid")]
    InvalidRoleArn(String),
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
            Self::UnsupportedParameter(_) => "InvalidParameterValue",
            Self::Constraint(_)
            | Self::InvalidRoleArn(_)
            | Self::DurationExceedsRole
            | Self::DurationExceedsChaining
            | Self::ChainTooLong(_) => "ValidationError",
            Self::MalformedPolicyDocument(_) => "MalformedPolicyDocument",
            Self::PackedPolicyTooLarge(_) => "PackedPolicyTooLarge",
            Self::NotPermitted => "AccessDenied",
            Self::NoIdentity => "MissingAuthenticationToken",
            Self::Token(_) => "InternalFailure",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::InvalidAction { .. }
            | Self::UnsupportedAction(_)
            | Self::UnsupportedParameter(_)
            | Self::Constraint(_)
            | Self::InvalidRoleArn(_)
            | Self::DurationExceedsRole
            | Self::DurationExceedsChaining
            | Self::ChainTooLong(_)
            | Self::MalformedPolicyDocument(_)
            | Self::PackedPolicyTooLarge(_) => 400,
            Self::NotPermitted | Self::NoIdentity => 403,
            Self::Token(_) => 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
    use crate::types::AccountId;

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
            (Error::UnsupportedAction("GetSessionToken"), "InvalidAction", 400),
            (Error::UnsupportedParameter("Tags"), "InvalidParameterValue", 400),
            (Error::Constraint(NameError::Missing { field: "roleArn" }), "ValidationError", 400),
            (Error::InvalidRoleArn("x".into()), "ValidationError", 400),
            (Error::DurationExceedsRole, "ValidationError", 400),
            (Error::DurationExceedsChaining, "ValidationError", 400),
            (Error::MalformedPolicyDocument(malformed), "MalformedPolicyDocument", 400),
            (Error::PackedPolicyTooLarge(101), "PackedPolicyTooLarge", 400),
            (Error::ChainTooLong(8), "ValidationError", 400),
            (Error::NotPermitted, "AccessDenied", 403),
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
