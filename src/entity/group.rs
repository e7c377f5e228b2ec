//! Groups of users.

use super::StoredPolicy;
use crate::types::{AccountId, UniqueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A user or group as another record names it: found by name, recognised by unique id (security rule 14).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The unique id.
    pub id: UniqueId,
}

/// A group record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The group's account.
    pub account: AccountId,
    /// The name as given; unique without regard to case.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// `AGPA…`
    pub id: UniqueId,
    /// Inline policies by name.
    #[serde(default)]
    pub policies: BTreeMap<String, StoredPolicy>,
    /// ARNs of the attached managed policies, in the order in which they were attached.
    #[serde(default)]
    pub attached: Vec<String>,
    /// The users in it; each of them lists the group too.
    #[serde(default)]
    pub members: Vec<Named>,
    /// Milliseconds since 1970.
    pub created: i64,
}

impl Group {
    /// `arn:aws:iam::ACCOUNT:group/PATH/NAME`.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:group{}{}", self.account, self.path, self.name)
    }
}
