//! Users: standalone (as in Ceph) and of an account (IAM).

use super::{Caps, Named, Revocations, StoredPolicy, Tag};
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
    /// Tags in the order in which they were set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// ARNs of the attached managed policies, in the order in which they were attached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<String>,
    /// ARN of the permissions boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<String>,
    /// The groups that the user is in; each of them lists the user too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Named>,
    /// Whether it is the account's root, who may do all in the account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub account_root: bool,
    /// Raised to end all sessions minted from this user (security rule 21).
    #[serde(default)]
    pub epoch: u64,
    /// Sessions minted from this user that are over before their time.
    #[serde(default, skip_serializing_if = "Revocations::is_empty")]
    pub revoked: Revocations,
    /// Milliseconds since 1970.
    pub created: i64,
}

impl User {
    /// A user with path `/`, without keys and rights.
    pub fn new(account: AccountId, name: impl Into<String>, id: UniqueId, kind: UserKind, created: i64) -> Self {
        Self {
            account,
            name: name.into(),
            path: "/".to_owned(),
            id,
            display_name: String::new(),
            kind,
            caps: Caps::default(),
            access_keys: Vec::new(),
            policies: BTreeMap::new(),
            tags: Vec::new(),
            attached: Vec::new(),
            boundary: None,
            groups: Vec::new(),
            account_root: false,
            epoch: 0,
            revoked: Revocations::default(),
            created,
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_before_load_and_unused_members_are_not_written() {
        let text = r#"{"account":"","name":"U","path":"/","id":"AIDAJQABLZS4A3QDU576Q","display_name":"","kind":"standalone","caps":{},"access_keys":[],"policies":{},"epoch":0,"created":5}"#;
        let user: User = serde_json::from_str(text).unwrap();
        let id = UniqueId::parse("AIDAJQABLZS4A3QDU576Q").unwrap();
        assert_eq!(user, User::new(AccountId::empty(), "U", id, UserKind::Standalone, 5));
        assert_eq!(serde_json::to_string(&user).unwrap(), text);
    }
}
