//! What a call needs to be allowed, and what conditions may read about it.
//!
//! Resources are concrete names. A call about a role is asked for on the role's ARN with its stored path, or
//! with the path `/` if there is no such role, so that a caller without rights cannot tell which it is.
//! ListRoles is asked for on `arn:aws:iam::ACCOUNT:role` and PathPrefix, as AWS shows it in its denials
//! (`…:role/`): `*`, `arn:aws:iam::ACCOUNT:role/*` and, for a prefix `/a/`, `…:role/a/*` match it, and every
//! role of the answer has an ARN that begins so.

use super::{CreateRole, Error, Request};
use crate::entity::Role;
use crate::store::{RecordKey, Records, Versioned};
use crate::types::{AccountId, Arn, Context, Requirement, ResourceName};

impl Request {
    /// The requirements of the call in the caller's account. Never empty.
    pub async fn requirements(&self, account: &AccountId, records: &Records) -> Result<Vec<Requirement>, Error> {
        let resource = match self {
            Self::CreateRole(create) => return Ok(create_requirements(create, account)),
            Self::ListRoles { path_prefix, .. } => list_resource(account, path_prefix),
            _ => match self.stored_role(account, records).await? {
                Some(role) => role_resource(&role.value),
                None => role_name_resource(account, "/", self.role_name().unwrap_or_default()),
            },
        };
        Ok(vec![Requirement::new(self.action(), resource)])
    }

    /// The keys that the parameters give: `aws:RequestTag/…` and `aws:TagKeys`.
    pub fn context(&self, context: &mut Context) {
        if let Self::CreateRole(create) = self {
            for tag in &create.tags {
                context.set(format!("aws:RequestTag/{}", tag.key), tag.value.as_bytes());
            }
            let keys = create.tags.iter().map(|tag| tag.key.clone().into_bytes()).collect();
            context.set_many("aws:TagKeys", keys);
        }
    }

    /// The keys that the stored role gives: `aws:ResourceTag/…` and `iam:ResourceTag/…`. Returns the record
    /// they were read from, which belongs to the decision's evidence (security rule 17). None for a role that
    /// is not there, for CreateRole and for ListRoles.
    pub async fn resource_context(
        &self,
        account: &AccountId,
        records: &Records,
        context: &mut Context,
    ) -> Result<Option<(RecordKey, u64)>, Error> {
        let Some(role) = self.stored_role(account, records).await? else { return Ok(None) };
        for tag in &role.value.tags {
            context.set(format!("aws:ResourceTag/{}", tag.key), tag.value.as_bytes());
            context.set(format!("iam:ResourceTag/{}", tag.key), tag.value.as_bytes());
        }
        Ok(Some(role.evidence()))
    }

    async fn stored_role(&self, account: &AccountId, records: &Records) -> Result<Option<Versioned<Role>>, Error> {
        match (self, self.role_name()) {
            (Self::CreateRole(_), _) | (_, None) => Ok(None),
            (_, Some(name)) => Ok(records.get(&RecordKey::role(account, name)).await?),
        }
    }
}

/// Making a role with tags needs iam:TagRole as well, as AWS documents.
fn create_requirements(create: &CreateRole, account: &AccountId) -> Vec<Requirement> {
    let resource = role_name_resource(account, &create.path, &create.role_name);
    let mut requirements = vec![Requirement::new("iam:CreateRole", resource.clone())];
    if !create.tags.is_empty() {
        requirements.push(Requirement::new("iam:TagRole", resource));
    }
    requirements
}

/// The ARN of a role, as a resource.
pub(super) fn role_resource(role: &Role) -> ResourceName {
    ResourceName::new(role.arn())
}

/// The ARN that a role of this path and name has.
pub(super) fn role_name_resource(account: &AccountId, path: &str, name: &str) -> ResourceName {
    ResourceName::new(Arn::iam(account.as_str(), format!("role{path}{name}")).to_string())
}

/// The resource of ListRoles.
pub(super) fn list_resource(account: &AccountId, path_prefix: &str) -> ResourceName {
    role_name_resource(account, path_prefix, "")
}
