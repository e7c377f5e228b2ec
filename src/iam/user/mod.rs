//! Users: themselves, their policies, boundary and tags, and what they never have here.

mod answer;
mod entity;

pub use answer::Answer;
pub(super) use answer::write_user;
pub use entity::possession;

use super::about::{About, BoundaryKey, Target};
use super::answer::Body;
use super::fields::Fields;
use super::nouns::Noun;
use super::target::Call;
use super::{Error, Page, PolicyArn, attached, boundary, group, inline, tags};
use crate::entity::{Tag, User, path, user_name};

/// What CreateUser asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateUser {
    /// UserName.
    pub user_name: String,
    /// Path, `/` if none was given.
    pub path: String,
    /// Tags in the order given.
    pub tags: Vec<Tag>,
    /// PermissionsBoundary.
    pub boundary: Option<PolicyArn>,
}

/// What AWS's users may have and ours do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// MFA devices.
    MfaDevices,
    /// Signing certificates.
    SigningCertificates,
    /// SSH public keys.
    SshPublicKeys,
    /// Credentials for single services.
    ServiceSpecificCredentials,
    /// Virtual MFA devices, of the whole account.
    VirtualMfaDevices,
}

impl Nothing {
    /// The element that is empty.
    fn element(self) -> &'static str {
        match self {
            Self::MfaDevices => "MFADevices",
            Self::SigningCertificates => "Certificates",
            Self::SshPublicKeys => "SSHPublicKeys",
            Self::ServiceSpecificCredentials => "ServiceSpecificCredentials",
            Self::VirtualMfaDevices => "VirtualMFADevices",
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::MfaDevices => "iam:ListMFADevices",
            Self::SigningCertificates => "iam:ListSigningCertificates",
            Self::SshPublicKeys => "iam:ListSSHPublicKeys",
            Self::ServiceSpecificCredentials => "iam:ListServiceSpecificCredentials",
            Self::VirtualMfaDevices => "iam:ListVirtualMFADevices",
        }
    }
}

/// A call about users.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields carry the names of AWS's parameters")]
pub enum Request {
    /// Makes a user.
    CreateUser(CreateUser),
    /// Shows a user.
    GetUser { user_name: String },
    /// Lists the users whose path begins with a prefix (`/` if none was given), by name.
    ListUsers { path_prefix: String, page: Page },
    /// Changes name and path; what is left out stays.
    UpdateUser { user_name: String, new_name: Option<String>, new_path: Option<String> },
    /// Removes a user who has neither keys nor policies nor groups.
    DeleteUser { user_name: String },
    /// Makes or replaces an inline policy.
    PutUserPolicy { user_name: String, policy_name: String, document: String },
    /// Shows an inline policy.
    GetUserPolicy { user_name: String, policy_name: String },
    /// Lists the names of the inline policies.
    ListUserPolicies { user_name: String, page: Page },
    /// Removes an inline policy.
    DeleteUserPolicy { user_name: String, policy_name: String },
    /// Attaches a managed policy.
    AttachUserPolicy { user_name: String, policy: PolicyArn },
    /// Detaches a managed policy.
    DetachUserPolicy { user_name: String, policy: PolicyArn },
    /// Lists the attached managed policies whose path begins with a prefix.
    ListAttachedUserPolicies { user_name: String, path_prefix: String, page: Page },
    /// Sets the permissions boundary.
    PutUserPermissionsBoundary { user_name: String, boundary: PolicyArn },
    /// Removes the permissions boundary.
    DeleteUserPermissionsBoundary { user_name: String },
    /// Sets tags.
    TagUser { user_name: String, tags: Vec<Tag> },
    /// Removes tags.
    UntagUser { user_name: String, keys: Vec<String> },
    /// Lists the tags.
    ListUserTags { user_name: String, page: Page },
    /// Lists the groups that a user is in.
    ListGroupsForUser { user_name: String, page: Page },
    /// Lists what the user has not.
    ListNothing { of: Nothing, user_name: String },
    /// Lists what nobody has.
    ListNothingAtAll { of: Nothing },
    /// Shows the password's state: there is none.
    GetLoginProfile { user_name: String },
    /// Removes the password: there is none.
    DeleteLoginProfile { user_name: String },
}

/// The request of `action`; none if the action is not about users.
pub(super) fn parse(action: &str, fields: &Fields<'_>) -> Option<Result<Request, Error>> {
    let read: fn(&Fields<'_>) -> Result<Request, Error> = match action {
        "CreateUser" => create_user,
        "GetUser" => |fields| Ok(Request::GetUser { user_name: fields.user_name_or_caller()? }),
        "ListUsers" => |fields| Ok(Request::ListUsers { path_prefix: fields.path_prefix()?, page: fields.page()? }),
        "UpdateUser" => |fields| {
            let new_name = fields.renamed("newUserName", "NewUserName", user_name)?;
            let new_path = fields.renamed("newPath", "NewPath", path)?;
            Ok(Request::UpdateUser { user_name: fields.user_name()?, new_name, new_path })
        },
        "DeleteUser" => |fields| Ok(Request::DeleteUser { user_name: fields.user_name()? }),
        "PutUserPolicy" => |fields| {
            let (user_name, policy_name) = (fields.user_name()?, fields.policy_name()?);
            let document = fields.document("policyDocument", "PolicyDocument")?;
            Ok(Request::PutUserPolicy { user_name, policy_name, document })
        },
        "GetUserPolicy" => {
            |fields| Ok(Request::GetUserPolicy { user_name: fields.user_name()?, policy_name: fields.policy_name()? })
        }
        "ListUserPolicies" => {
            |fields| Ok(Request::ListUserPolicies { user_name: fields.user_name()?, page: fields.page()? })
        }
        "DeleteUserPolicy" => |fields| {
            Ok(Request::DeleteUserPolicy { user_name: fields.user_name()?, policy_name: fields.policy_name()? })
        },
        "AttachUserPolicy" => {
            |fields| Ok(Request::AttachUserPolicy { user_name: fields.user_name()?, policy: fields.policy_arn()? })
        }
        "DetachUserPolicy" => {
            |fields| Ok(Request::DetachUserPolicy { user_name: fields.user_name()?, policy: fields.policy_arn()? })
        }
        "ListAttachedUserPolicies" => |fields| {
            let (user_name, path_prefix) = (fields.user_name()?, fields.path_prefix()?);
            Ok(Request::ListAttachedUserPolicies { user_name, path_prefix, page: fields.page()? })
        },
        "PutUserPermissionsBoundary" => |fields| {
            let user_name = fields.user_name()?;
            Ok(Request::PutUserPermissionsBoundary { user_name, boundary: fields.required_boundary()? })
        },
        "DeleteUserPermissionsBoundary" => {
            |fields| Ok(Request::DeleteUserPermissionsBoundary { user_name: fields.user_name()? })
        }
        "TagUser" => |fields| Ok(Request::TagUser { user_name: fields.user_name()?, tags: fields.required_tags()? }),
        "UntagUser" => |fields| Ok(Request::UntagUser { user_name: fields.user_name()?, keys: fields.tag_keys()? }),
        "ListUserTags" => |fields| Ok(Request::ListUserTags { user_name: fields.user_name()?, page: fields.page()? }),
        "ListGroupsForUser" => {
            |fields| Ok(Request::ListGroupsForUser { user_name: fields.user_name()?, page: fields.page()? })
        }
        "ListMFADevices" => |fields| nothing(Nothing::MfaDevices, fields),
        "ListSigningCertificates" => |fields| nothing(Nothing::SigningCertificates, fields),
        "ListSSHPublicKeys" => |fields| nothing(Nothing::SshPublicKeys, fields),
        "ListServiceSpecificCredentials" => |fields| nothing(Nothing::ServiceSpecificCredentials, fields),
        "ListVirtualMFADevices" => |_| Ok(Request::ListNothingAtAll { of: Nothing::VirtualMfaDevices }),
        "GetLoginProfile" => |fields| Ok(Request::GetLoginProfile { user_name: fields.user_name_or_caller()? }),
        "DeleteLoginProfile" => |fields| Ok(Request::DeleteLoginProfile { user_name: fields.user_name_or_caller()? }),
        _ => return None,
    };
    Some(read(fields))
}

fn nothing(of: Nothing, fields: &Fields<'_>) -> Result<Request, Error> {
    Ok(Request::ListNothing { of, user_name: fields.user_name_or_caller()? })
}

fn create_user(fields: &Fields<'_>) -> Result<Request, Error> {
    Ok(Request::CreateUser(CreateUser {
        user_name: fields.user_name()?,
        path: fields.path()?,
        tags: fields.tags()?,
        boundary: fields.boundary()?,
    }))
}

impl Request {
    /// The IAM action that must be allowed.
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreateUser(_) => "iam:CreateUser",
            Self::GetUser { .. } => "iam:GetUser",
            Self::ListUsers { .. } => "iam:ListUsers",
            Self::UpdateUser { .. } => "iam:UpdateUser",
            Self::DeleteUser { .. } => "iam:DeleteUser",
            Self::PutUserPolicy { .. } => "iam:PutUserPolicy",
            Self::GetUserPolicy { .. } => "iam:GetUserPolicy",
            Self::ListUserPolicies { .. } => "iam:ListUserPolicies",
            Self::DeleteUserPolicy { .. } => "iam:DeleteUserPolicy",
            Self::AttachUserPolicy { .. } => "iam:AttachUserPolicy",
            Self::DetachUserPolicy { .. } => "iam:DetachUserPolicy",
            Self::ListAttachedUserPolicies { .. } => "iam:ListAttachedUserPolicies",
            Self::PutUserPermissionsBoundary { .. } => "iam:PutUserPermissionsBoundary",
            Self::DeleteUserPermissionsBoundary { .. } => "iam:DeleteUserPermissionsBoundary",
            Self::TagUser { .. } => "iam:TagUser",
            Self::UntagUser { .. } => "iam:UntagUser",
            Self::ListUserTags { .. } => "iam:ListUserTags",
            Self::ListGroupsForUser { .. } => "iam:ListGroupsForUser",
            Self::ListNothing { of, .. } | Self::ListNothingAtAll { of } => of.action(),
            Self::GetLoginProfile { .. } => "iam:GetLoginProfile",
            Self::DeleteLoginProfile { .. } => "iam:DeleteLoginProfile",
        }
    }

    /// What the call is about.
    pub(super) fn about(&self) -> About<'_> {
        let user = |name| About::new(Target::User(name));
        match self {
            Self::CreateUser(create) => {
                let target = Target::New { noun: Noun::User, path: &create.path, name: &create.user_name };
                About::new(target)
                    .made_with_tags(&create.tags, "iam:TagUser")
                    .boundary(BoundaryKey::Given(create.boundary.as_ref()))
            }
            Self::ListUsers { path_prefix, .. } => About::new(Target::List { noun: Noun::User, path_prefix }),
            Self::ListNothingAtAll { .. } => About::new(Target::Anything),
            Self::UpdateUser { user_name, new_name, new_path } => {
                user(user_name).moved(new_path.as_deref(), new_name.as_deref())
            }
            Self::PutUserPolicy { user_name, .. }
            | Self::DeleteUserPolicy { user_name, .. }
            | Self::DeleteUserPermissionsBoundary { user_name } => user(user_name).boundary(BoundaryKey::Present),
            Self::AttachUserPolicy { user_name, policy } | Self::DetachUserPolicy { user_name, policy } => {
                user(user_name).boundary(BoundaryKey::Present).policy(policy)
            }
            Self::PutUserPermissionsBoundary { user_name, boundary } => {
                user(user_name).boundary(BoundaryKey::Given(Some(boundary)))
            }
            Self::TagUser { user_name, tags } => user(user_name).tags(tags),
            Self::UntagUser { user_name, keys } => user(user_name).tag_keys(keys),
            Self::GetUser { user_name }
            | Self::DeleteUser { user_name }
            | Self::GetUserPolicy { user_name, .. }
            | Self::ListUserPolicies { user_name, .. }
            | Self::ListAttachedUserPolicies { user_name, .. }
            | Self::ListUserTags { user_name, .. }
            | Self::ListGroupsForUser { user_name, .. }
            | Self::ListNothing { user_name, .. }
            | Self::GetLoginProfile { user_name }
            | Self::DeleteLoginProfile { user_name } => user(user_name),
        }
    }

    pub(super) async fn execute(&self, call: &Call<'_>) -> Result<Body, Error> {
        match self {
            Self::CreateUser(create) => entity::create(call, create).await,
            Self::GetUser { user_name } => entity::get(call, user_name).await,
            Self::ListUsers { path_prefix, page } => entity::list(call, path_prefix, page).await,
            Self::UpdateUser { user_name, new_name, new_path } => {
                entity::update(call, user_name, new_name.as_deref(), new_path.as_deref()).await
            }
            Self::DeleteUser { user_name } => entity::delete(call, user_name).await,
            Self::PutUserPolicy { user_name, policy_name, document } => {
                inline::put::<User>(call, user_name, policy_name, document).await
            }
            Self::GetUserPolicy { user_name, policy_name } => inline::get::<User>(call, user_name, policy_name).await,
            Self::ListUserPolicies { user_name, page } => inline::list::<User>(call, user_name, page).await,
            Self::DeleteUserPolicy { user_name, policy_name } => {
                inline::delete::<User>(call, user_name, policy_name).await
            }
            Self::AttachUserPolicy { user_name, policy } => attached::attach::<User>(call, user_name, policy).await,
            Self::DetachUserPolicy { user_name, policy } => attached::detach::<User>(call, user_name, policy).await,
            Self::ListAttachedUserPolicies { user_name, path_prefix, page } => {
                attached::list::<User>(call, user_name, path_prefix, page).await
            }
            Self::PutUserPermissionsBoundary { user_name, boundary } => {
                boundary::put::<User>(call, user_name, boundary).await
            }
            Self::DeleteUserPermissionsBoundary { user_name } => boundary::delete::<User>(call, user_name).await,
            Self::TagUser { user_name, tags } => tags::set::<User>(call, user_name, tags).await,
            Self::UntagUser { user_name, keys } => tags::unset::<User>(call, user_name, keys).await,
            Self::ListUserTags { user_name, page } => tags::list::<User>(call, user_name, page).await,
            Self::ListGroupsForUser { user_name, page } => group::of_user(call, user_name, page).await,
            Self::ListNothing { of, user_name } => entity::nothing(call, *of, user_name).await,
            Self::ListNothingAtAll { of } => entity::nothing_at_all(call, *of),
            Self::GetLoginProfile { user_name } | Self::DeleteLoginProfile { user_name } => {
                entity::no_login_profile(call, user_name).await
            }
        }
    }
}

#[cfg(test)]
mod tests;
