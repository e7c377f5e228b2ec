//! Users: standalone (as in Ceph) and of an account (IAM).

use super::{Caps, StoredPolicy};
use crate::types::{AccountId, UniqueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which kind of user, DESIGN section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserKind {
    /// Owns the buckets it makes and may do all with those; may carry caps.
    Standalone,
    /// May do what policies allow.
    Iam,
}

/// A user record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The user's account.
    pub account: AccountId,
    /// The name as given; unique without regard to case.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// `AIDA…`
    pub id: UniqueId,
    /// Ceph's display name.
    pub display_name: String,
    /// Standalone or IAM.
    pub kind: UserKind,
    /// Administration rights of a standalone user.
    #[serde(default)]
    pub caps: Caps,
    /// The ids of the user's long-term keys. A key that is not listed here is not the user's.
    #[serde(default)]
    pub access_keys: Vec<String>,
    /// Inline policies by name.
    #[serde(default)]
    pub policies: BTreeMap<String, StoredPolicy>,
    /// Raised to end all sessions minted from this user (security rule 21).
    #[serde(default)]
    pub epoch: u64,
    /// Milliseconds since 1970.
    pub created: i64,
}

impl User {
    /// `arn:aws:iam::ACCOUNT:user/PATH/NAME`.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:user{}{}", self.account, self.path, self.name)
    }
}

/// Who owns a role or a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Owner {
    /// The account itself.
    Account,
    /// A standalone user of the account.
    User {
        /// Its unique id: another user of the same name is not the owner.
        id: UniqueId,
        /// Its name, for answers.
        name: String,
    },
}
