//! Why an IAM call was refused, with AWS's codes (WIRE section 4).

use crate::entity::NameError;
use crate::wire::aws_query::QueryError;
use crate::{policy, store};

/// Largest trust policy, in characters.
pub const TRUST_POLICY_QUOTA: usize = 2048;
/// Largest sum of a role's inline policies, in characters, white space not counted.
pub const ROLE_POLICIES_QUOTA: usize = 10_240;
/// Most roles of an account.
pub const ROLES_QUOTA: usize = 1000;
/// Most tags of a role.
pub const TAGS_QUOTA: usize = 50;

/// An IAM call was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An action that does not exist, or not yet here.
    #[error("Could not find operation {action} for version {version}")]
    InvalidAction {
        /// The action, cut to 128 characters.
        action: String,
        /// The version asked for, cut to 128 characters.
        version: String,
    },
    /// A list whose indices do not count from 1.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A value outside AWS's constraint.
    #[error(transparent)]
    Constraint(#[from] NameError),
    /// A marker that no listing gave.
    #[error("The specified value for marker is invalid. Use the Marker of the answer before, as it is.")]
    InvalidMarker,
    /// A parameter that AWS defines and this version does not serve.
    #[error("The parameter {parameter} of {action} is not supported yet. Leave it out.")]
    UnsupportedParameter {
        /// The parameter.
        parameter: &'static str,
        /// The action.
        action: &'static str,
    },
    /// More tags than a role may have.
    #[error(
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to {TAGS_QUOTA}"
    )]
    TooManyTags,
    /// Two tags whose keys differ in case at most.
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    DuplicateTagKeys,
    /// A tag key beginning `aws:`.
    #[error("Tag keys beginning with aws: are reserved and cannot be set.")]
    ReservedTagKey,
    /// The policy document is not one.
    #[error("{0}")]
    MalformedPolicyDocument(#[source] policy::Error),
    /// A role of that name is there.
    #[error("Role with name {0} already exists.")]
    RoleExists(String),
    /// No role of that name.
    #[error("The role with name {0} cannot be found.")]
    NoSuchRole(String),
    /// No inline policy of that name.
    #[error("The role policy with name {0} cannot be found.")]
    NoSuchRolePolicy(String),
    /// The role still has policies.
    #[error("Cannot delete entity, must delete policies first.")]
    RoleHasPolicies,
    /// The trust policy is over its quota.
    #[error("Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_QUOTA}")]
    TrustPolicyQuota,
    /// The inline policies are over their quota.
    #[error("Maximum policy size of {ROLE_POLICIES_QUOTA} bytes exceeded for role {0}")]
    RolePoliciesQuota(String),
    /// The account has as many roles as it may.
    #[error("Cannot exceed quota for RolesPerAccount: {ROLES_QUOTA}")]
    RolesQuota,
    /// What the decision rested on changed before the commit (security rule 17).
    #[error("The request conflicts with another change that happened at the same time. Try again.")]
    ConcurrentModification,
    /// The permit is not for this request. A mistake of the caller's code, answered as a denial.
    #[error("The request was not authorized for {0}.")]
    NotPermitted(&'static str),
    /// Caps of a user reach only what standalone users own (security rule 13).
    #[error("The role with name {0} belongs to the account; the caps of a user do not reach it.")]
    OutOfReach(String),
    /// The store failed. Its own message is for the log.
    #[error("The request could not be completed because the store is not available. Try again later.")]
    Store(#[source] store::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl Error {
    /// The code as AWS names it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidAction { .. } => "InvalidAction",
            Self::Query(_) | Self::Constraint(_) | Self::InvalidMarker | Self::TooManyTags => "ValidationError",
            Self::UnsupportedParameter { .. } | Self::DuplicateTagKeys | Self::ReservedTagKey => "InvalidInput",
            Self::MalformedPolicyDocument(_) => "MalformedPolicyDocument",
            Self::RoleExists(_) => "EntityAlreadyExists",
            Self::NoSuchRole(_) | Self::NoSuchRolePolicy(_) => "NoSuchEntity",
            Self::RoleHasPolicies => "DeleteConflict",
            Self::TrustPolicyQuota | Self::RolePoliciesQuota(_) | Self::RolesQuota => "LimitExceeded",
            Self::ConcurrentModification => "ConcurrentModification",
            Self::NotPermitted(_) | Self::OutOfReach(_) => "AccessDenied",
            Self::Store(_) => "ServiceUnavailable",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::InvalidAction { .. }
            | Self::Query(_)
            | Self::Constraint(_)
            | Self::InvalidMarker
            | Self::TooManyTags
            | Self::UnsupportedParameter { .. }
            | Self::DuplicateTagKeys
            | Self::ReservedTagKey
            | Self::MalformedPolicyDocument(_) => 400,
            Self::NotPermitted(_) | Self::OutOfReach(_) => 403,
            Self::NoSuchRole(_) | Self::NoSuchRolePolicy(_) => 404,
            Self::RoleExists(_)
            | Self::RoleHasPolicies
            | Self::TrustPolicyQuota
            | Self::RolePoliciesQuota(_)
            | Self::RolesQuota
            | Self::ConcurrentModification => 409,
            Self::Store(_) => 503,
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
            kind: PolicyKind::Identity,
            default_account: &AccountId::empty(),
            bindings: &Bindings::new(),
        };
        let Err(malformed) = Policy::parse("hello", &options) else { panic!("not a policy") };
        let inner = store::Error::Unavailable("redis at 10.0.0.1".into());
        for (error, code, status) in [
            (Error::InvalidAction { action: "X".into(), version: "Y".into() }, "InvalidAction", 400),
            (Error::Query(QueryError::BadList("Tags".into())), "ValidationError", 400),
            (Error::Constraint(NameError::Missing { field: "roleName" }), "ValidationError", 400),
            (Error::InvalidMarker, "ValidationError", 400),
            (Error::TooManyTags, "ValidationError", 400),
            (Error::UnsupportedParameter { parameter: "P", action: "A" }, "InvalidInput", 400),
            (Error::DuplicateTagKeys, "InvalidInput", 400),
            (Error::ReservedTagKey, "InvalidInput", 400),
            (Error::MalformedPolicyDocument(malformed), "MalformedPolicyDocument", 400),
            (Error::RoleExists("R".into()), "EntityAlreadyExists", 409),
            (Error::NoSuchRole("R".into()), "NoSuchEntity", 404),
            (Error::NoSuchRolePolicy("P".into()), "NoSuchEntity", 404),
            (Error::RoleHasPolicies, "DeleteConflict", 409),
            (Error::TrustPolicyQuota, "LimitExceeded", 409),
            (Error::RolePoliciesQuota("R".into()), "LimitExceeded", 409),
            (Error::RolesQuota, "LimitExceeded", 409),
            (Error::ConcurrentModification, "ConcurrentModification", 409),
            (Error::NotPermitted("iam:GetRole"), "AccessDenied", 403),
            (Error::OutOfReach("R".into()), "AccessDenied", 403),
            (Error::Store(inner), "ServiceUnavailable", 503),
        ] {
            assert_eq!((error.code(), error.status()), (code, status), "{error}");
            assert!(!error.to_string().is_empty() && !error.to_string().contains("10.0.0.1"));
        }
    }

    #[test]
    fn messages_are_awss() {
        assert_eq!(Error::RoleExists("R".into()).to_string(), "Role with name R already exists.");
        assert_eq!(Error::NoSuchRole("R".into()).to_string(), "The role with name R cannot be found.");
        assert_eq!(Error::NoSuchRolePolicy("P".into()).to_string(), "The role policy with name P cannot be found.");
        assert_eq!(Error::TrustPolicyQuota.to_string(), "Cannot exceed quota for ACLSizePerRole: 2048");
        assert_eq!(
            Error::RolePoliciesQuota("R".into()).to_string(),
            "Maximum policy size of 10240 bytes exceeded for role R"
        );
    }
}
