//! When a role or an access key was last used. A record of its own, so that writing it touches no entity.

use crate::types::{AccessKeyId, AccountId, UniqueId};
use serde::{Deserialize, Serialize};

/// What was used.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Used {
    /// A role, by a session of it.
    Role(UniqueId),
    /// A long-term access key.
    Key(AccessKeyId),
}

/// The last use that was written down. Later ones may be in a gate's memory, for a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastUsed {
    /// Account of the role or of the key's user.
    pub account: AccountId,
    /// What was used.
    pub subject: Used,
    /// Milliseconds since 1970.
    pub date: i64,
    /// The region of the signature's scope, possibly empty.
    pub region: String,
    /// The service of the signature's scope.
    pub service: String,
}
