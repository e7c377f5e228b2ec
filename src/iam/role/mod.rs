//! Roles: themselves, their trust, policies, boundary and tags.

mod answer;
mod entity;

pub use answer::Answer;

use super::about::{About, BoundaryKey, Target};
use super::answer::Body;
use super::fields::Fields;
use super::nouns::Noun;
use super::target::Call;
use super::{Error, Page, PolicyArn, attached, boundary, inline, tags};
use crate::entity::{Role, Tag, description};

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
    /// PermissionsBoundary.
    pub boundary: Option<PolicyArn>,
}

/// A call about roles.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields carry the names of AWS's parameters")]
pub enum Request {
    /// Makes a role.
    CreateRole(CreateRole),
    /// Shows a role.
    GetRole { role_name: String },
    /// Lists the roles whose path begins with a prefix (`/` if none was given), by name.
    ListRoles { path_prefix: String, page: Page },
    /// Changes description and longest session; what is left out stays.
    UpdateRole { role_name: String, description: Option<String>, max_session_duration: Option<u32> },
    /// Changes the description.
    UpdateRoleDescription { role_name: String, description: String },
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
    /// Attaches a managed policy.
    AttachRolePolicy { role_name: String, policy: PolicyArn },
    /// Detaches a managed policy.
    DetachRolePolicy { role_name: String, policy: PolicyArn },
    /// Lists the attached managed policies whose path begins with a prefix.
    ListAttachedRolePolicies { role_name: String, path_prefix: String, page: Page },
    /// Sets the permissions boundary.
    PutRolePermissionsBoundary { role_name: String, boundary: PolicyArn },
    /// Removes the permissions boundary.
    DeleteRolePermissionsBoundary { role_name: String },
    /// Sets tags.
    TagRole { role_name: String, tags: Vec<Tag> },
    /// Removes tags.
    UntagRole { role_name: String, keys: Vec<String> },
    /// Lists the tags.
    ListRoleTags { role_name: String, page: Page },
    /// Lists the instance profiles of a role: there are none.
    ListInstanceProfilesForRole { role_name: String },
    /// Lists instance profiles: there are none.
    ListInstanceProfiles,
}

/// The request of `action`; none if the action is not about roles.
pub(super) fn parse(action: &str, fields: &Fields<'_>) -> Option<Result<Request, Error>> {
    let read: fn(&Fields<'_>) -> Result<Request, Error> = match action {
        "CreateRole" => create_role,
        "GetRole" => |fields| Ok(Request::GetRole { role_name: fields.role_name()? }),
        "ListRoles" => |fields| Ok(Request::ListRoles { path_prefix: fields.path_prefix()?, page: fields.page()? }),
        "UpdateRole" => |fields| {
            let role_name = fields.role_name()?;
            let description = fields.optional("Description", description)?;
            Ok(Request::UpdateRole { role_name, description, max_session_duration: longest_session(fields)? })
        },
        "UpdateRoleDescription" => |fields| {
            let role_name = fields.role_name()?;
            Ok(Request::UpdateRoleDescription {
                role_name,
                description: fields.required("description", "Description", description)?,
            })
        },
        "DeleteRole" => |fields| Ok(Request::DeleteRole { role_name: fields.role_name()? }),
        "UpdateAssumeRolePolicy" => |fields| {
            let role_name = fields.role_name()?;
            Ok(Request::UpdateAssumeRolePolicy {
                role_name,
                document: fields.document("policyDocument", "PolicyDocument")?,
            })
        },
        "PutRolePolicy" => |fields| {
            let (role_name, policy_name) = (fields.role_name()?, fields.policy_name()?);
            let document = fields.document("policyDocument", "PolicyDocument")?;
            Ok(Request::PutRolePolicy { role_name, policy_name, document })
        },
        "GetRolePolicy" => {
            |fields| Ok(Request::GetRolePolicy { role_name: fields.role_name()?, policy_name: fields.policy_name()? })
        }
        "ListRolePolicies" => {
            |fields| Ok(Request::ListRolePolicies { role_name: fields.role_name()?, page: fields.page()? })
        }
        "DeleteRolePolicy" => |fields| {
            Ok(Request::DeleteRolePolicy { role_name: fields.role_name()?, policy_name: fields.policy_name()? })
        },
        "AttachRolePolicy" => {
            |fields| Ok(Request::AttachRolePolicy { role_name: fields.role_name()?, policy: fields.policy_arn()? })
        }
        "DetachRolePolicy" => {
            |fields| Ok(Request::DetachRolePolicy { role_name: fields.role_name()?, policy: fields.policy_arn()? })
        }
        "ListAttachedRolePolicies" => |fields| {
            let (role_name, path_prefix) = (fields.role_name()?, fields.path_prefix()?);
            Ok(Request::ListAttachedRolePolicies { role_name, path_prefix, page: fields.page()? })
        },
        "PutRolePermissionsBoundary" => |fields| {
            let role_name = fields.role_name()?;
            Ok(Request::PutRolePermissionsBoundary { role_name, boundary: fields.required_boundary()? })
        },
        "DeleteRolePermissionsBoundary" => {
            |fields| Ok(Request::DeleteRolePermissionsBoundary { role_name: fields.role_name()? })
        }
        "TagRole" => |fields| Ok(Request::TagRole { role_name: fields.role_name()?, tags: fields.required_tags()? }),
        // Ceph's documents spell it so.
        "UntagRole" | "UntagRoles" => {
            |fields| Ok(Request::UntagRole { role_name: fields.role_name()?, keys: fields.tag_keys()? })
        }
        "ListRoleTags" => |fields| Ok(Request::ListRoleTags { role_name: fields.role_name()?, page: fields.page()? }),
        "ListInstanceProfilesForRole" => {
            |fields| Ok(Request::ListInstanceProfilesForRole { role_name: fields.role_name()? })
        }
        "ListInstanceProfiles" => |_| Ok(Request::ListInstanceProfiles),
        _ => return None,
    };
    Some(read(fields))
}

fn longest_session(fields: &Fields<'_>) -> Result<Option<u32>, Error> {
    fields.number("maxSessionDuration", "MaxSessionDuration", 3600, 43200)
}

fn create_role(fields: &Fields<'_>) -> Result<Request, Error> {
    Ok(Request::CreateRole(CreateRole {
        role_name: fields.role_name()?,
        path: fields.path()?,
        trust: fields.document("assumeRolePolicyDocument", "AssumeRolePolicyDocument")?,
        description: fields.optional("Description", description)?.unwrap_or_default(),
        max_session_duration: longest_session(fields)?.unwrap_or(3600),
        tags: fields.tags()?,
        boundary: fields.boundary()?,
    }))
}

impl Request {
    /// The IAM action that must be allowed.
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreateRole(_) => "iam:CreateRole",
            Self::GetRole { .. } => "iam:GetRole",
            Self::ListRoles { .. } => "iam:ListRoles",
            Self::UpdateRole { .. } => "iam:UpdateRole",
            Self::UpdateRoleDescription { .. } => "iam:UpdateRoleDescription",
            Self::DeleteRole { .. } => "iam:DeleteRole",
            Self::UpdateAssumeRolePolicy { .. } => "iam:UpdateAssumeRolePolicy",
            Self::PutRolePolicy { .. } => "iam:PutRolePolicy",
            Self::GetRolePolicy { .. } => "iam:GetRolePolicy",
            Self::ListRolePolicies { .. } => "iam:ListRolePolicies",
            Self::DeleteRolePolicy { .. } => "iam:DeleteRolePolicy",
            Self::AttachRolePolicy { .. } => "iam:AttachRolePolicy",
            Self::DetachRolePolicy { .. } => "iam:DetachRolePolicy",
            Self::ListAttachedRolePolicies { .. } => "iam:ListAttachedRolePolicies",
            Self::PutRolePermissionsBoundary { .. } => "iam:PutRolePermissionsBoundary",
            Self::DeleteRolePermissionsBoundary { .. } => "iam:DeleteRolePermissionsBoundary",
            Self::TagRole { .. } => "iam:TagRole",
            Self::UntagRole { .. } => "iam:UntagRole",
            Self::ListRoleTags { .. } => "iam:ListRoleTags",
            Self::ListInstanceProfilesForRole { .. } => "iam:ListInstanceProfilesForRole",
            Self::ListInstanceProfiles => "iam:ListInstanceProfiles",
        }
    }

    /// What the call is about.
    pub(super) fn about(&self) -> About<'_> {
        let role = |name| About::new(Target::Role(name));
        match self {
            Self::CreateRole(create) => {
                let target = Target::New { noun: Noun::Role, path: &create.path, name: &create.role_name };
                About::new(target)
                    .made_with_tags(&create.tags, "iam:TagRole")
                    .boundary(BoundaryKey::Given(create.boundary.as_ref()))
            }
            Self::ListRoles { path_prefix, .. } => About::new(Target::List { noun: Noun::Role, path_prefix }),
            Self::ListInstanceProfiles => About::new(Target::Anything),
            Self::PutRolePolicy { role_name, .. }
            | Self::DeleteRolePolicy { role_name, .. }
            | Self::DeleteRolePermissionsBoundary { role_name } => role(role_name).boundary(BoundaryKey::Present),
            Self::AttachRolePolicy { role_name, policy } | Self::DetachRolePolicy { role_name, policy } => {
                role(role_name).boundary(BoundaryKey::Present).policy(policy)
            }
            Self::PutRolePermissionsBoundary { role_name, boundary } => {
                role(role_name).boundary(BoundaryKey::Given(Some(boundary)))
            }
            Self::TagRole { role_name, tags } => role(role_name).tags(tags),
            Self::UntagRole { role_name, keys } => role(role_name).tag_keys(keys),
            Self::GetRole { role_name }
            | Self::UpdateRole { role_name, .. }
            | Self::UpdateRoleDescription { role_name, .. }
            | Self::DeleteRole { role_name }
            | Self::UpdateAssumeRolePolicy { role_name, .. }
            | Self::GetRolePolicy { role_name, .. }
            | Self::ListRolePolicies { role_name, .. }
            | Self::ListAttachedRolePolicies { role_name, .. }
            | Self::ListRoleTags { role_name, .. }
            | Self::ListInstanceProfilesForRole { role_name } => role(role_name),
        }
    }

    pub(super) async fn execute(&self, call: &Call<'_>) -> Result<Body, Error> {
        match self {
            Self::CreateRole(create) => entity::create(call, create).await,
            Self::GetRole { role_name } => entity::get(call, role_name).await,
            Self::ListRoles { path_prefix, page } => entity::list(call, path_prefix, page).await,
            Self::UpdateRole { role_name, description, max_session_duration } => {
                entity::update(call, role_name, description.as_deref(), *max_session_duration).await
            }
            Self::UpdateRoleDescription { role_name, description } => {
                entity::describe(call, role_name, description).await
            }
            Self::DeleteRole { role_name } => entity::delete(call, role_name).await,
            Self::UpdateAssumeRolePolicy { role_name, document } => {
                entity::update_trust(call, role_name, document).await
            }
            Self::PutRolePolicy { role_name, policy_name, document } => {
                inline::put::<Role>(call, role_name, policy_name, document).await
            }
            Self::GetRolePolicy { role_name, policy_name } => inline::get::<Role>(call, role_name, policy_name).await,
            Self::ListRolePolicies { role_name, page } => inline::list::<Role>(call, role_name, page).await,
            Self::DeleteRolePolicy { role_name, policy_name } => {
                inline::delete::<Role>(call, role_name, policy_name).await
            }
            Self::AttachRolePolicy { role_name, policy } => attached::attach::<Role>(call, role_name, policy).await,
            Self::DetachRolePolicy { role_name, policy } => attached::detach::<Role>(call, role_name, policy).await,
            Self::ListAttachedRolePolicies { role_name, path_prefix, page } => {
                attached::list::<Role>(call, role_name, path_prefix, page).await
            }
            Self::PutRolePermissionsBoundary { role_name, boundary } => {
                boundary::put::<Role>(call, role_name, boundary).await
            }
            Self::DeleteRolePermissionsBoundary { role_name } => boundary::delete::<Role>(call, role_name).await,
            Self::TagRole { role_name, tags } => tags::set::<Role>(call, role_name, tags).await,
            Self::UntagRole { role_name, keys } => tags::unset::<Role>(call, role_name, keys).await,
            Self::ListRoleTags { role_name, page } => tags::list::<Role>(call, role_name, page).await,
            Self::ListInstanceProfilesForRole { role_name } => entity::instance_profiles(call, role_name).await,
            Self::ListInstanceProfiles => entity::all_instance_profiles(call),
        }
    }
}

#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod tests;
