//! IAM, the PAP: action name to typed request, its requirements, and its execution under a permit.
//!
//! Follows DESIGN section 9, AWS's IAM API (version 2010-05-08) and WIRE sections 1 to 4. This module
//! promises: nothing is read or changed outside the permit's account (security rule 16); a commit happens
//! only if every record that the decision read is as it was (rule 17); a role is touched only under the ARN
//! that the permit names, even if it was removed and made again meanwhile; no document is stored that the
//! policy engine does not take, and its principals are bound to unique ids (rule 14).

mod answer;
mod error;
mod page;
mod parse;
mod requirements;
mod role_policies;
mod roles;
mod target;
mod trust;

pub use answer::Answer;
pub use error::{Error, ROLE_POLICIES_QUOTA, ROLES_QUOTA, TAGS_QUOTA, TRUST_POLICY_QUOTA};
pub use page::Page;
pub use parse::parse;

use crate::authz::Permit;
use crate::entity::Tag;
use crate::store::Records;
use crate::types::{AccountId, Entropy, Timestamp};

/// The API version of these actions.
pub const VERSION: &str = "2010-05-08";
/// The namespace of answers and errors.
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// What CreateRole asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRole {
    /// RoleName.
    pub role_name: String,
    /// Path, `/` if none was given.
    pub path: String,
    /// AssumeRolePolicyDocument.
    pub trust: String,
    /// Description, possibly empty.
    pub description: String,
    /// MaxSessionDuration in seconds.
    pub max_session_duration: u32,
    /// Tags in the order given.
    pub tags: Vec<Tag>,
}

/// A call whose parameters keep to AWS's constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields carry the names of AWS's parameters")]
pub enum Request {
    /// Makes a role.
    CreateRole(CreateRole),
    /// Shows a role.
    GetRole { role_name: String },
    /// Lists the roles whose path begins with a prefix (`/` if none was given), by name.
    ListRoles { path_prefix: String, page: Page },
    /// Removes a role that has no policies.
    DeleteRole { role_name: String },
    /// Replaces the trust policy.
    UpdateAssumeRolePolicy { role_name: String, document: String },
    /// Makes or replaces an inline policy.
    PutRolePolicy { role_name: String, policy_name: String, document: String },
    /// Shows an inline policy.
    GetRolePolicy { role_name: String, policy_name: String },
    /// Lists the names of the inline policies.
    ListRolePolicies { role_name: String, page: Page },
    /// Removes an inline policy.
    DeleteRolePolicy { role_name: String, policy_name: String },
}

impl Request {
    /// The IAM action that must be allowed.
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreateRole(_) => "iam:CreateRole",
            Self::GetRole { .. } => "iam:GetRole",
            Self::ListRoles { .. } => "iam:ListRoles",
            Self::DeleteRole { .. } => "iam:DeleteRole",
            Self::UpdateAssumeRolePolicy { .. } => "iam:UpdateAssumeRolePolicy",
            Self::PutRolePolicy { .. } => "iam:PutRolePolicy",
            Self::GetRolePolicy { .. } => "iam:GetRolePolicy",
            Self::ListRolePolicies { .. } => "iam:ListRolePolicies",
            Self::DeleteRolePolicy { .. } => "iam:DeleteRolePolicy",
        }
    }

    /// The operation's name in the protocol: the action without `iam:`.
    pub fn operation(&self) -> &'static str {
        let action = self.action();
        action.strip_prefix("iam:").unwrap_or(action)
    }

    /// Whether the call changes the role that it is about.
    pub fn changes(&self) -> bool {
        match self {
            Self::CreateRole(_)
            | Self::DeleteRole { .. }
            | Self::UpdateAssumeRolePolicy { .. }
            | Self::PutRolePolicy { .. }
            | Self::DeleteRolePolicy { .. } => true,
            Self::GetRole { .. }
            | Self::ListRoles { .. }
            | Self::GetRolePolicy { .. }
            | Self::ListRolePolicies { .. } => false,
        }
    }

    /// The role that the call is about; none for ListRoles.
    pub fn role_name(&self) -> Option<&str> {
        match self {
            Self::CreateRole(CreateRole { role_name, .. })
            | Self::GetRole { role_name }
            | Self::DeleteRole { role_name }
            | Self::UpdateAssumeRolePolicy { role_name, .. }
            | Self::PutRolePolicy { role_name, .. }
            | Self::GetRolePolicy { role_name, .. }
            | Self::ListRolePolicies { role_name, .. }
            | Self::DeleteRolePolicy { role_name, .. } => Some(role_name),
            Self::ListRoles { .. } => None,
        }
    }
}

/// What execution works with.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The typed store.
    pub records: &'a Records,
    /// The present time.
    pub now: Timestamp,
    /// For unique ids.
    pub entropy: &'a dyn Entropy,
    /// What an empty account field in an ARN means (DESIGN section 3).
    pub default_account: &'a AccountId,
}

/// Does what `request` asks for. The permit must be for the requirements of this very request.
pub async fn execute(request: &Request, permit: &Permit, scene: &Scene<'_>) -> Result<Answer, Error> {
    let call = target::Call { operation: request.operation(), action: request.action(), permit, scene };
    match request {
        Request::CreateRole(create) => roles::create(&call, create).await,
        Request::GetRole { role_name } => roles::get(&call, role_name).await,
        Request::ListRoles { path_prefix, page } => roles::list(&call, path_prefix, page).await,
        Request::DeleteRole { role_name } => roles::delete(&call, role_name).await,
        Request::UpdateAssumeRolePolicy { role_name, document } => {
            roles::update_trust(&call, role_name, document).await
        }
        Request::PutRolePolicy { role_name, policy_name, document } => {
            role_policies::put(&call, role_name, policy_name, document).await
        }
        Request::GetRolePolicy { role_name, policy_name } => role_policies::get(&call, role_name, policy_name).await,
        Request::ListRolePolicies { role_name, page } => role_policies::list(&call, role_name, page).await,
        Request::DeleteRolePolicy { role_name, policy_name } => {
            role_policies::delete(&call, role_name, policy_name).await
        }
    }
}

#[cfg(test)]
mod tests;
