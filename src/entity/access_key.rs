//! Long-term access keys. The id is a global record, claimed before the user lists it (security rule 1).

use super::User;
use crate::types::{AccessKeyId, AccountId, UniqueId};
use serde::{Deserialize, Serialize};

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStatus {
    /// Usable.
    Active,
    /// Kept but refused.
    Inactive,
}

/// An access key record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// The key id.
    pub id: AccessKeyId,
    /// Account of the user.
    pub account: AccountId,
    /// Name of the user.
    pub user_name: String,
    /// The name that the user is getting. Key and user are of two scopes and so of two commits: while a user is
    /// renamed the key leads to both names, and only to the user with the id below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_user_name: Option<String>,
    /// Unique id of the user; another user of that name does not inherit the key.
    pub user_id: UniqueId,
    /// Active or Inactive.
    pub status: KeyStatus,
    /// The secret, encrypted with the store key (security rule 27).
    pub sealed_secret: String,
    /// Milliseconds since 1970.
    pub created: i64,
}

impl AccessKey {
    /// The names under which the user may be found.
    pub fn user_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.user_name.as_str()).chain(self.next_user_name.as_deref())
    }

    /// Whether the key is one of this user's: the same as when it was made, and listing it.
    pub fn is_of(&self, user: &User) -> bool {
        user.id == self.user_id && user.access_keys.iter().any(|listed| listed == self.id.as_str())
    }
}
