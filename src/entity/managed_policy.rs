//! Managed policies of an account, with their versions and what uses them.

use super::{StoredPolicy, Tag};
use crate::types::{AccountId, UniqueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a policy may be attached to or be the boundary of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UseKind {
    /// A group.
    Group,
    /// A role.
    Role,
    /// A user.
    User,
}

/// One use of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyUse {
    /// What uses it.
    pub kind: UseKind,
    /// Its name.
    pub name: String,
    /// Its unique id.
    pub id: UniqueId,
}

/// One version of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyVersion {
    /// The number `n` of `vn`.
    pub number: u32,
    /// The document.
    pub policy: StoredPolicy,
    /// Milliseconds since 1970.
    pub created: i64,
}

/// A managed policy record.
///
/// INVARIANT: `default_version` is the number of one of `versions`; every entity in `attachments` lists the
/// policy's ARN, and every one in `boundary_of` has it as its boundary, as both sides are written in one commit.
/// So a policy that is in use can be told from its own record, and its removal fails (security rule 18).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedPolicy {
    /// The policy's account.
    pub account: AccountId,
    /// The name as given; unique without regard to case.
    pub name: String,
    /// `/` or `/…/`.
    pub path: String,
    /// `ANPA…`
    pub id: UniqueId,
    /// Description, possibly empty.
    #[serde(default)]
    pub description: String,
    /// Tags in the order in which they were set.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// The versions, oldest first; five at most.
    pub versions: Vec<PolicyVersion>,
    /// The number of the version that counts.
    pub default_version: u32,
    /// The number of the next version: numbers are never used again.
    pub next_version: u32,
    /// Milliseconds since 1970.
    pub created: i64,
    /// When a version or the default was last changed, in milliseconds since 1970.
    pub updated: i64,
    /// What it is attached to.
    #[serde(default)]
    pub attachments: BTreeSet<PolicyUse>,
    /// What it is the permissions boundary of.
    #[serde(default)]
    pub boundary_of: BTreeSet<PolicyUse>,
}

impl ManagedPolicy {
    /// A policy of one version, at the path `/`, which nothing uses yet.
    pub fn new(account: AccountId, name: &str, id: UniqueId, policy: StoredPolicy, created: i64) -> Self {
        Self {
            account,
            name: name.to_owned(),
            path: "/".to_owned(),
            id,
            description: String::new(),
            tags: Vec::new(),
            versions: vec![PolicyVersion { number: 1, policy, created }],
            default_version: 1,
            next_version: 2,
            created,
            updated: created,
            attachments: BTreeSet::new(),
            boundary_of: BTreeSet::new(),
        }
    }

    /// `arn:aws:iam::ACCOUNT:policy/PATH/NAME`.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:policy{}{}", self.account, self.path, self.name)
    }

    /// The version that counts. None means that the record is damaged.
    pub fn default(&self) -> Option<&PolicyVersion> {
        self.version(self.default_version)
    }

    /// The version of that number.
    pub fn version(&self, number: u32) -> Option<&PolicyVersion> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// Whether anything uses it.
    pub fn in_use(&self) -> bool {
        !self.attachments.is_empty() || !self.boundary_of.is_empty()
    }
}
