//! Whose policies are simulated, and who is taken to call.

use super::refused::{Refused, cut};
use crate::entity::{self, group_name, required, role_name, user_name};
use crate::iam::Error;
use crate::iam::about::Target;
use crate::iam::fields::Fields;
use crate::types::{AccountId, Arn, Principal, UniqueId};

/// PolicySourceArn: a user, role or group of the caller's account (security rule 16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A user.
    User {
        /// Its name.
        name: String,
        /// The ARN, with the default account filled in.
        arn: String,
    },
    /// A role.
    Role {
        /// Its name.
        name: String,
        /// The ARN.
        arn: String,
    },
    /// A group.
    Group {
        /// Its name.
        name: String,
        /// The ARN.
        arn: String,
    },
}

impl Source {
    pub(super) fn parse(fields: &Fields<'_>) -> Result<Self, Error> {
        let text = required("policySourceArn", fields.raw("PolicySourceArn"))?;
        entity::arn("policySourceArn", text)?;
        let invalid = || Refused::Source(cut(text));
        let arn = Arn::parse(text).map_err(|_| invalid())?;
        if arn.partition != "aws" || arn.service != "iam" || !arn.region.is_empty() {
            return Err(invalid().into());
        }
        let caller = fields.caller();
        let written = AccountId::parse(&arn.account).map_err(|_| invalid())?;
        let account = if written.is_empty() { caller.default_account } else { &written };
        if account != caller.account {
            return Err(Error::ForeignArn(cut(text)));
        }
        let (kind, full_name) = arn.resource.split_once('/').ok_or_else(invalid)?;
        let name = full_name.rsplit('/').next().unwrap_or_default().to_owned();
        let arn = Arn::iam(account.as_str(), arn.resource.as_str()).to_string();
        match kind {
            "user" if user_name(&name).is_ok() => Ok(Self::User { name, arn }),
            "role" if role_name(&name).is_ok() => Ok(Self::Role { name, arn }),
            "group" if group_name(&name).is_ok() => Ok(Self::Group { name, arn }),
            _ => Err(invalid().into()),
        }
    }

    pub(super) fn target(&self) -> Target<'_> {
        match self {
            Self::User { name, .. } => Target::User(name),
            Self::Role { name, .. } => Target::Role(name),
            Self::Group { name, .. } => Target::Group(name),
        }
    }
}

/// The session that a role is taken to have where none is named.
pub(super) const SESSION: &str = "simulation";

/// The caller of a simulation by its ARN: a user, root or a role session, of any account. Given policies name
/// principals by name, so the unique id does not matter.
pub(super) fn caller(text: &str, default_account: &AccountId) -> Result<Principal, Refused> {
    let invalid = || Refused::Caller(cut(text));
    let arn = Arn::parse(text).map_err(|_| invalid())?;
    let account = AccountId::parse(&arn.account).map_err(|_| invalid())?;
    let account = if account.is_empty() { default_account.clone() } else { account };
    let id = |text: &str| UniqueId::parse(text).map_err(|_| invalid());
    let (kind, rest) = arn.resource.split_once('/').unwrap_or((arn.resource.as_str(), ""));
    match (arn.service.as_str(), kind) {
        ("iam", "root") if rest.is_empty() => Ok(Principal::Root { account }),
        ("iam", "user") => {
            let (path, name) = rest
                .rsplit_once('/')
                .map_or_else(|| ("/".to_owned(), rest), |(path, name)| (format!("/{path}/"), name));
            user_name(name).map_err(|_| invalid())?;
            let id = id("AIDAAAAAAAAAAAAAAAAAA")?;
            Ok(Principal::User { account, path: path.into(), name: name.into(), id })
        }
        ("sts", "assumed-role") => {
            let (role, session) = rest.split_once('/').ok_or_else(invalid)?;
            role_name(role).map_err(|_| invalid())?;
            let role_id = id("AROAAAAAAAAAAAAAAAAAA")?;
            let (role_path, role_name) = ("/".into(), role.into());
            Ok(Principal::RoleSession { account, role_path, role_name, role_id, session: session.into() })
        }
        _ => Err(invalid()),
    }
}
