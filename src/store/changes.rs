//! Typed records and the builder of commits.

use super::{Expect, Kind, RecordKey};
use crate::entity::{AccessKey, Account, BucketRecord, Group, LastUsed, ManagedPolicy, OidcProvider, Role, User};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An entity that is kept as a record.
pub trait Stored: Serialize + DeserializeOwned + Clone + Send + Sync {
    /// The kind of its records.
    const KIND: Kind;

    /// Where this value is kept. A record found elsewhere is damaged.
    fn record_key(&self) -> RecordKey;
}

impl Stored for User {
    const KIND: Kind = Kind::User;

    fn record_key(&self) -> RecordKey {
        RecordKey::user(&self.account, &self.name)
    }
}

impl Stored for Role {
    const KIND: Kind = Kind::Role;

    fn record_key(&self) -> RecordKey {
        RecordKey::role(&self.account, &self.name)
    }
}

impl Stored for AccessKey {
    const KIND: Kind = Kind::AccessKey;

    fn record_key(&self) -> RecordKey {
        RecordKey::access_key(&self.id)
    }
}

impl Stored for BucketRecord {
    const KIND: Kind = Kind::Bucket;

    fn record_key(&self) -> RecordKey {
        RecordKey::bucket(&self.name)
    }
}

impl Stored for Account {
    const KIND: Kind = Kind::Account;

    fn record_key(&self) -> RecordKey {
        RecordKey::account(&self.id)
    }
}

impl Stored for Group {
    const KIND: Kind = Kind::Group;

    fn record_key(&self) -> RecordKey {
        RecordKey::group(&self.account, &self.name)
    }
}

impl Stored for ManagedPolicy {
    const KIND: Kind = Kind::Policy;

    fn record_key(&self) -> RecordKey {
        RecordKey::policy(&self.account, &self.name)
    }
}

impl Stored for OidcProvider {
    const KIND: Kind = Kind::OidcProvider;

    fn record_key(&self) -> RecordKey {
        RecordKey::oidc_provider(&self.account, self.name())
    }
}

impl Stored for LastUsed {
    const KIND: Kind = Kind::LastUsed;

    fn record_key(&self) -> RecordKey {
        RecordKey::last_used(&self.account, &self.subject)
    }
}

/// A value and the revision it was read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// The record's revision.
    pub revision: u64,
}

impl<T: Stored> Versioned<T> {
    /// Key and revision, as evidence for [`Changes::check_all`].
    pub fn evidence(&self) -> (RecordKey, u64) {
        (self.value.record_key(), self.revision)
    }
}

/// What becomes of one record.
pub(super) enum Draft {
    /// Written as this JSON; `None` if the value could not be written as JSON.
    Put(Option<Vec<u8>>),
    Delete,
}

/// A commit in the making. All its keys must be of one scope, and each record may be written once.
#[derive(Default)]
#[must_use = "changes do nothing until they are committed"]
pub struct Changes {
    pub(super) checks: Vec<(RecordKey, Expect)>,
    pub(super) writes: Vec<(RecordKey, Expect, Draft)>,
}

impl Changes {
    /// No changes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a record; the commit fails if one is there.
    pub fn create<T: Stored>(mut self, value: &T) -> Self {
        self.writes.push((value.record_key(), Expect::Absent, draft(value)));
        self
    }

    /// Replaces a record that must be as it was read. A value with another key (a rename) moves the record:
    /// the old one goes, and none may be under the new key.
    pub fn update<T: Stored>(self, old: &Versioned<T>, new: &T) -> Self {
        let (key, revision) = old.evidence();
        if key != new.record_key() {
            return self.delete(old).create(new);
        }
        let mut changes = self;
        changes.writes.push((key, Expect::Revision(revision), draft(new)));
        changes
    }

    /// Removes a record that must be as it was read.
    pub fn delete<T: Stored>(mut self, old: &Versioned<T>) -> Self {
        let (key, revision) = old.evidence();
        self.writes.push((key, Expect::Revision(revision), Draft::Delete));
        self
    }

    /// Asks for a record to be as expected, without changing it.
    pub fn check(mut self, key: RecordKey, expect: Expect) -> Self {
        self.checks.push((key, expect));
        self
    }

    /// Asks for every record that a decision read to be unchanged (security rule 17).
    pub fn check_all(mut self, evidence: &[(RecordKey, u64)]) -> Self {
        self.checks.extend(evidence.iter().map(|(key, revision)| (key.clone(), Expect::Revision(*revision))));
        self
    }

    /// The records to be written, each under its expectation.
    pub fn written(&self) -> impl Iterator<Item = (&RecordKey, Expect)> {
        self.writes.iter().map(|(key, expect, _)| (key, *expect))
    }

    /// Whether nothing is to be written or checked.
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.writes.is_empty()
    }
}

fn draft<T: Stored>(value: &T) -> Draft {
    Draft::Put(serde_json::to_vec(value).ok())
}
