//! Roles.

use super::{Owner, Revocations, StoredPolicy};
use crate::types::{AccountId, UniqueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A tag of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// Key, unique without regard to case.
    pub key: String,
    /// Value, possibly empty.
    pub value: String,
}

/// A role record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The role's account.
    pub account: AccountId,
    /// The name as given; unique without regard to case.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// `AROA…`; a role made again has another.
    pub id: UniqueId,
    /// Description, possibly empty.
    #[serde(default)]
    pub description: String,
    /// Seconds, 3600 to 43200.
    pub max_session_duration: u32,
    /// The trust policy.
    pub trust: StoredPolicy,
    /// Inline policies by name.
    #[serde(default)]
    pub policies: BTreeMap<String, StoredPolicy>,
    /// Tags in the order in which they were set.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Who made it: buckets made by its sessions belong to this owner.
    pub owner: Owner,
    /// ARNs of the attached managed policies, in the order in which they were attached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<String>,
    /// ARN of the permissions boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<String>,
    /// Raised to end all sessions (security rule 21).
    #[serde(default)]
    pub epoch: u64,
    /// Sessions that are over before their time.
    #[serde(default, skip_serializing_if = "Revocations::is_empty")]
    pub revoked: Revocations,
    /// Milliseconds since 1970.
    pub created: i64,
}

impl Role {
    /// A role of the account, with path `/` and without policies.
    pub fn new(account: AccountId, name: impl Into<String>, id: UniqueId, trust: StoredPolicy, created: i64) -> Self {
        Self {
            account,
            name: name.into(),
            path: "/".to_owned(),
            id,
            description: String::new(),
            max_session_duration: 3600,
            trust,
            policies: BTreeMap::new(),
            tags: Vec::new(),
            owner: Owner::Account,
            attached: Vec::new(),
            boundary: None,
            epoch: 0,
            revoked: Revocations::default(),
            created,
        }
    }

    /// `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:role{}{}", self.account, self.path, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_before_load_and_unused_members_are_not_written() {
        let text = r#"{"account":"","name":"R","path":"/","id":"AROAJQABLZS4A3QDU576Q","description":"","max_session_duration":3600,"trust":{"document":"{}","bindings":{}},"policies":{},"tags":[],"owner":"account","epoch":0,"created":5}"#;
        let role: Role = serde_json::from_str(text).unwrap();
        let trust = StoredPolicy { document: "{}".into(), bindings: Default::default() };
        let id = UniqueId::parse("AROAJQABLZS4A3QDU576Q").unwrap();
        assert_eq!(role, Role::new(AccountId::empty(), "R", id, trust, 5));
        assert_eq!(serde_json::to_string(&role).unwrap(), text);
    }
}
