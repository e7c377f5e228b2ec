//! Groups of users, and their policies.

mod answer;
mod entity;

pub use answer::Answer;
pub(super) use entity::of_user;

use super::about::{About, Target};
use super::answer::Body;
use super::fields::Fields;
use super::nouns::Noun;
use super::target::Call;
use super::{Error, Page, PolicyArn, attached, inline};
use crate::entity::{Group, group_name, path};

/// A call about groups.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields carry the names of AWS's parameters")]
pub enum Request {
    /// Makes a group.
    CreateGroup { group_name: String, path: String },
    /// Shows a group with its members, by name.
    GetGroup { group_name: String, page: Page },
    /// Lists the groups whose path begins with a prefix (`/` if none was given), by name.
    ListGroups { path_prefix: String, page: Page },
    /// Changes name and path; what is left out stays.
    UpdateGroup { group_name: String, new_name: Option<String>, new_path: Option<String> },
    /// Removes a group without members and policies.
    DeleteGroup { group_name: String },
    /// Adds a user.
    AddUserToGroup { group_name: String, user_name: String },
    /// Removes a user.
    RemoveUserFromGroup { group_name: String, user_name: String },
    /// Makes or replaces an inline policy.
    PutGroupPolicy { group_name: String, policy_name: String, document: String },
    /// Shows an inline policy.
    GetGroupPolicy { group_name: String, policy_name: String },
    /// Lists the names of the inline policies.
    ListGroupPolicies { group_name: String, page: Page },
    /// Removes an inline policy.
    DeleteGroupPolicy { group_name: String, policy_name: String },
    /// Attaches a managed policy.
    AttachGroupPolicy { group_name: String, policy: PolicyArn },
    /// Detaches a managed policy.
    DetachGroupPolicy { group_name: String, policy: PolicyArn },
    /// Lists the attached managed policies whose path begins with a prefix.
    ListAttachedGroupPolicies { group_name: String, path_prefix: String, page: Page },
}

/// The request of `action`; none if the action is not about groups.
pub(super) fn parse(action: &str, fields: &Fields<'_>) -> Option<Result<Request, Error>> {
    let read: fn(&Fields<'_>) -> Result<Request, Error> = match action {
        "CreateGroup" => |fields| Ok(Request::CreateGroup { group_name: fields.group_name()?, path: fields.path()? }),
        "GetGroup" => |fields| Ok(Request::GetGroup { group_name: fields.group_name()?, page: fields.page()? }),
        "ListGroups" => |fields| Ok(Request::ListGroups { path_prefix: fields.path_prefix()?, page: fields.page()? }),
        "UpdateGroup" => |fields| {
            let new_name = fields.renamed("newGroupName", "NewGroupName", group_name)?;
            let new_path = fields.renamed("newPath", "NewPath", path)?;
            Ok(Request::UpdateGroup { group_name: fields.group_name()?, new_name, new_path })
        },
        "DeleteGroup" => |fields| Ok(Request::DeleteGroup { group_name: fields.group_name()? }),
        "AddUserToGroup" => {
            |fields| Ok(Request::AddUserToGroup { group_name: fields.group_name()?, user_name: fields.user_name()? })
        }
        "RemoveUserFromGroup" => |fields| {
            Ok(Request::RemoveUserFromGroup { group_name: fields.group_name()?, user_name: fields.user_name()? })
        },
        "PutGroupPolicy" => |fields| {
            let (group_name, policy_name) = (fields.group_name()?, fields.policy_name()?);
            let document = fields.document("policyDocument", "PolicyDocument")?;
            Ok(Request::PutGroupPolicy { group_name, policy_name, document })
        },
        "GetGroupPolicy" => |fields| {
            Ok(Request::GetGroupPolicy { group_name: fields.group_name()?, policy_name: fields.policy_name()? })
        },
        "ListGroupPolicies" => {
            |fields| Ok(Request::ListGroupPolicies { group_name: fields.group_name()?, page: fields.page()? })
        }
        "DeleteGroupPolicy" => |fields| {
            Ok(Request::DeleteGroupPolicy { group_name: fields.group_name()?, policy_name: fields.policy_name()? })
        },
        "AttachGroupPolicy" => {
            |fields| Ok(Request::AttachGroupPolicy { group_name: fields.group_name()?, policy: fields.policy_arn()? })
        }
        "DetachGroupPolicy" => {
            |fields| Ok(Request::DetachGroupPolicy { group_name: fields.group_name()?, policy: fields.policy_arn()? })
        }
        "ListAttachedGroupPolicies" => |fields| {
            let (group_name, path_prefix) = (fields.group_name()?, fields.path_prefix()?);
            Ok(Request::ListAttachedGroupPolicies { group_name, path_prefix, page: fields.page()? })
        },
        _ => return None,
    };
    Some(read(fields))
}

impl Request {
    /// The IAM action that must be allowed.
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreateGroup { .. } => "iam:CreateGroup",
            Self::GetGroup { .. } => "iam:GetGroup",
            Self::ListGroups { .. } => "iam:ListGroups",
            Self::UpdateGroup { .. } => "iam:UpdateGroup",
            Self::DeleteGroup { .. } => "iam:DeleteGroup",
            Self::AddUserToGroup { .. } => "iam:AddUserToGroup",
            Self::RemoveUserFromGroup { .. } => "iam:RemoveUserFromGroup",
            Self::PutGroupPolicy { .. } => "iam:PutGroupPolicy",
            Self::GetGroupPolicy { .. } => "iam:GetGroupPolicy",
            Self::ListGroupPolicies { .. } => "iam:ListGroupPolicies",
            Self::DeleteGroupPolicy { .. } => "iam:DeleteGroupPolicy",
            Self::AttachGroupPolicy { .. } => "iam:AttachGroupPolicy",
            Self::DetachGroupPolicy { .. } => "iam:DetachGroupPolicy",
            Self::ListAttachedGroupPolicies { .. } => "iam:ListAttachedGroupPolicies",
        }
    }

    /// What the call is about. A membership is asked for on the group, as AWS documents.
    pub(super) fn about(&self) -> About<'_> {
        let group = |name| About::new(Target::Group(name));
        match self {
            Self::CreateGroup { group_name, path } => {
                About::new(Target::New { noun: Noun::Group, path, name: group_name })
            }
            Self::ListGroups { path_prefix, .. } => About::new(Target::List { noun: Noun::Group, path_prefix }),
            Self::UpdateGroup { group_name, new_name, new_path } => {
                group(group_name).moved(new_path.as_deref(), new_name.as_deref())
            }
            Self::AttachGroupPolicy { group_name, policy } | Self::DetachGroupPolicy { group_name, policy } => {
                group(group_name).policy(policy)
            }
            Self::GetGroup { group_name, .. }
            | Self::DeleteGroup { group_name }
            | Self::AddUserToGroup { group_name, .. }
            | Self::RemoveUserFromGroup { group_name, .. }
            | Self::PutGroupPolicy { group_name, .. }
            | Self::GetGroupPolicy { group_name, .. }
            | Self::ListGroupPolicies { group_name, .. }
            | Self::DeleteGroupPolicy { group_name, .. }
            | Self::ListAttachedGroupPolicies { group_name, .. } => group(group_name),
        }
    }

    pub(super) async fn execute(&self, call: &Call<'_>) -> Result<Body, Error> {
        match self {
            Self::CreateGroup { group_name, path } => entity::create(call, group_name, path).await,
            Self::GetGroup { group_name, page } => entity::get(call, group_name, page).await,
            Self::ListGroups { path_prefix, page } => entity::list(call, path_prefix, page).await,
            Self::UpdateGroup { group_name, new_name, new_path } => {
                entity::update(call, group_name, new_name.as_deref(), new_path.as_deref()).await
            }
            Self::DeleteGroup { group_name } => entity::delete(call, group_name).await,
            Self::AddUserToGroup { group_name, user_name } => entity::add(call, group_name, user_name).await,
            Self::RemoveUserFromGroup { group_name, user_name } => entity::remove(call, group_name, user_name).await,
            Self::PutGroupPolicy { group_name, policy_name, document } => {
                inline::put::<Group>(call, group_name, policy_name, document).await
            }
            Self::GetGroupPolicy { group_name, policy_name } => {
                inline::get::<Group>(call, group_name, policy_name).await
            }
            Self::ListGroupPolicies { group_name, page } => inline::list::<Group>(call, group_name, page).await,
            Self::DeleteGroupPolicy { group_name, policy_name } => {
                inline::delete::<Group>(call, group_name, policy_name).await
            }
            Self::AttachGroupPolicy { group_name, policy } => attached::attach::<Group>(call, group_name, policy).await,
            Self::DetachGroupPolicy { group_name, policy } => attached::detach::<Group>(call, group_name, policy).await,
            Self::ListAttachedGroupPolicies { group_name, path_prefix, page } => {
                attached::list::<Group>(call, group_name, path_prefix, page).await
            }
        }
    }
}

#[cfg(test)]
mod tests;
