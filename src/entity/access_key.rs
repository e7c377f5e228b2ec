//! Long-term access keys. The id is a global record, claimed before the user lists it (security rule 1).

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
    /// Unique id of the user; another user of that name does not inherit the key.
    pub user_id: UniqueId,
    /// Active or Inactive.
    pub status: KeyStatus,
    /// The secret, encrypted with the store key (security rule 27).
    pub sealed_secret: String,
    /// Milliseconds since 1970.
    pub created: i64,
}
