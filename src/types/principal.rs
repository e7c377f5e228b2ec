//! Who makes a request: the subject of every decision.

use super::{AccountId, UniqueId};
use std::sync::Arc;

/// An identity that was proven, or none. Only `authn` turns a signature into one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// No signature at all. Has no account and is never of the same account as anything.
    Anonymous,
    /// The root of an account, who may do all in it.
    Root {
        /// The account.
        account: AccountId,
    },
    /// An IAM or standalone user with a long-term key.
    User {
        /// The user's account.
        account: AccountId,
        /// Path, `/` or `/…/`.
        path: Arc<str>,
        /// Name (Ceph: uid).
        name: Arc<str>,
        /// Unique id `AIDA…`.
        id: UniqueId,
    },
    /// A session of a role.
    RoleSession {
        /// The role's account.
        account: AccountId,
        /// The role's path; not part of the session's ARN.
        role_path: Arc<str>,
        /// The role's name.
        role_name: Arc<str>,
        /// The role's unique id `AROA…`.
        role_id: UniqueId,
        /// RoleSessionName.
        session: Arc<str>,
    },
    /// A session of GetFederationToken: someone for whom a user stands. Policies that name the user speak of it too.
    FederatedUser {
        /// The user's account.
        account: AccountId,
        /// The name given at minting.
        name: Arc<str>,
        /// Path of the user.
        user_path: Arc<str>,
        /// Name of the user.
        user_name: Arc<str>,
        /// Unique id `AIDA…` of the user.
        user_id: UniqueId,
    },
    /// A caller who comes with a web-identity token, judged by trust policies only.
    WebIdentity {
        /// ARN of the OIDC provider.
        provider: Arc<str>,
    },
}

impl Principal {
    /// The principal's account; none for Anonymous and for web identities.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::RoleSession { account, .. }
            | Self::FederatedUser { account, .. } => Some(account),
            Self::Anonymous | Self::WebIdentity { .. } => None,
        }
    }

    /// The ARN that GetCallerIdentity shows: the user's, the session's, the root's; the provider's for a
    /// web identity; none for Anonymous.
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::Anonymous => None,
            Self::Root { account } => Some(["arn:aws:iam::", account.as_str(), ":root"].concat()),
            Self::User { account, path, name, .. } => {
                Some(["arn:aws:iam::", account.as_str(), ":user", path, name].concat())
            }
            Self::RoleSession { account, role_name, session, .. } => {
                Some(["arn:aws:sts::", account.as_str(), ":assumed-role/", role_name, "/", session].concat())
            }
            Self::FederatedUser { account, name, .. } => {
                Some(["arn:aws:sts::", account.as_str(), ":federated-user/", name].concat())
            }
            Self::WebIdentity { provider } => Some(provider.to_string()),
        }
    }

    /// The ARN of the role behind a session, path included.
    pub fn role_arn(&self) -> Option<String> {
        match self {
            Self::RoleSession { account, role_path, role_name, .. } => {
                Some(["arn:aws:iam::", account.as_str(), ":role", role_path, role_name].concat())
            }
            _ => None,
        }
    }

    /// `aws:PrincipalArn`: the role's ARN for a session, else [`Principal::arn`].
    pub fn principal_arn(&self) -> Option<String> {
        self.role_arn().or_else(|| self.arn())
    }

    /// `aws:userid`: the unique id, with `:session` for a role session; the account id for root, and with `:NAME` for
    /// a federated user.
    pub fn user_id(&self) -> Option<String> {
        match self {
            Self::Root { account } => Some(account.to_string()),
            Self::User { id, .. } => Some(id.to_string()),
            Self::RoleSession { role_id, session, .. } => Some(format!("{role_id}:{session}")),
            Self::FederatedUser { account, name, .. } => Some(format!("{account}:{name}")),
            Self::Anonymous | Self::WebIdentity { .. } => None,
        }
    }

    /// `aws:PrincipalType` as AWS spells it.
    pub fn principal_type(&self) -> &'static str {
        match self {
            Self::Anonymous => "Anonymous",
            Self::Root { .. } => "Account",
            Self::User { .. } => "User",
            Self::RoleSession { .. } => "AssumedRole",
            Self::FederatedUser { .. } | Self::WebIdentity { .. } => "FederatedUser",
        }
    }

    /// The unique id a stored policy may be bound to: the user's, or the role's of a session.
    pub fn unique_id(&self) -> Option<&UniqueId> {
        match self {
            Self::User { id, .. } | Self::RoleSession { role_id: id, .. } => Some(id),
            _ => None,
        }
    }
}
