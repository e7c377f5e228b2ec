//! Long-term access keys.

mod answer;
mod claim;
mod entity;

pub use answer::Answer;
pub use claim::{ClaimError, Claims, IssuedKey, owner};
pub(super) use entity::{lead_to, lead_to_both};

use super::about::{About, Target};
use super::answer::Body;
use super::fields::Fields;
use super::target::Call;
use super::{Error, Page};
use crate::entity::{KeyStatus, NameError, required};
use crate::types::AccessKeyId;

/// A call about access keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields carry the names of AWS's parameters")]
pub enum Request {
    /// Makes a key.
    CreateAccessKey { user_name: String },
    /// Lists the keys of a user, without secrets.
    ListAccessKeys { user_name: String, page: Page },
    /// Switches a key on or off.
    UpdateAccessKey { user_name: String, id: AccessKeyId, status: KeyStatus },
    /// Removes a key.
    DeleteAccessKey { user_name: String, id: AccessKeyId },
    /// Shows when a key was last used.
    GetAccessKeyLastUsed { id: AccessKeyId },
}

/// The request of `action`; none if the action is not about access keys.
pub(super) fn parse(action: &str, fields: &Fields<'_>) -> Option<Result<Request, Error>> {
    let read: fn(&Fields<'_>) -> Result<Request, Error> = match action {
        "CreateAccessKey" => |fields| Ok(Request::CreateAccessKey { user_name: fields.user_name_or_caller()? }),
        "ListAccessKeys" => {
            |fields| Ok(Request::ListAccessKeys { user_name: fields.user_name_or_caller()?, page: fields.page()? })
        }
        "UpdateAccessKey" => |fields| {
            let (user_name, id) = (fields.user_name_or_caller()?, key_id(fields)?);
            Ok(Request::UpdateAccessKey { user_name, id, status: status(fields)? })
        },
        "DeleteAccessKey" => {
            |fields| Ok(Request::DeleteAccessKey { user_name: fields.user_name_or_caller()?, id: key_id(fields)? })
        }
        "GetAccessKeyLastUsed" => |fields| Ok(Request::GetAccessKeyLastUsed { id: key_id(fields)? }),
        _ => return None,
    };
    Some(read(fields))
}

fn key_id(fields: &Fields<'_>) -> Result<AccessKeyId, Error> {
    Ok(AccessKeyId::parse(required("accessKeyId", fields.raw("AccessKeyId"))?)?)
}

fn status(fields: &Fields<'_>) -> Result<KeyStatus, Error> {
    match required("status", fields.raw("Status"))? {
        "Active" => Ok(KeyStatus::Active),
        "Inactive" => Ok(KeyStatus::Inactive),
        _ => Err(NameError::NotOneOf { field: "status", words: "Active, Inactive" }.into()),
    }
}

impl Request {
    /// The IAM action that must be allowed.
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreateAccessKey { .. } => "iam:CreateAccessKey",
            Self::ListAccessKeys { .. } => "iam:ListAccessKeys",
            Self::UpdateAccessKey { .. } => "iam:UpdateAccessKey",
            Self::DeleteAccessKey { .. } => "iam:DeleteAccessKey",
            Self::GetAccessKeyLastUsed { .. } => "iam:GetAccessKeyLastUsed",
        }
    }

    /// What the call is about: the user.
    pub(super) fn about(&self) -> About<'_> {
        About::new(match self {
            Self::CreateAccessKey { user_name }
            | Self::ListAccessKeys { user_name, .. }
            | Self::UpdateAccessKey { user_name, .. }
            | Self::DeleteAccessKey { user_name, .. } => Target::User(user_name),
            Self::GetAccessKeyLastUsed { id } => Target::UserOfKey(id),
        })
    }

    pub(super) async fn execute(&self, call: &Call<'_>) -> Result<Body, Error> {
        match self {
            Self::CreateAccessKey { user_name } => entity::create(call, user_name).await,
            Self::ListAccessKeys { user_name, page } => entity::list(call, user_name, page).await,
            Self::UpdateAccessKey { user_name, id, status } => entity::update(call, user_name, id, *status).await,
            Self::DeleteAccessKey { user_name, id } => entity::delete(call, user_name, id).await,
            Self::GetAccessKeyLastUsed { id } => entity::last_used(call, id).await,
        }
    }
}

#[cfg(test)]
mod tests;
