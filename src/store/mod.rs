//! State: versioned records with compare-and-set, ordered listing and a change feed (DESIGN section 4).
//!
//! [`Store`] is the port that adapters implement (memory here; SQLite and Redis in the shell); values
//! are opaque bytes to them. [`Records`] is what everyone else uses: typed entities, each record under a
//! MAC of its key and revision, secrets encrypted with the store key (security rule 27).

mod changes;
mod key;
mod memory;
mod records;
#[cfg(feature = "shell")]
pub mod redis;
mod seal;
#[cfg(feature = "shell")]
pub mod sqlite;
#[cfg(test)]
pub(crate) mod testing;

pub use changes::{Changes, Stored, Versioned};
pub use key::{Kind, RecordKey, Scope};
pub use memory::MemoryStore;
pub use records::Records;
pub use seal::{InvalidStoreKey, StoreKey};

use async_trait::async_trait;
use std::collections::HashSet;
use tokio::sync::broadcast;

/// A record as an adapter holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Opaque bytes.
    pub value: Vec<u8>,
    /// Chosen by the writer: random for a new record, one more for a changed one.
    pub revision: u64,
}

/// What a commit expects of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No record under the key.
    Absent,
    /// A record with this revision.
    Revision(u64),
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The record is made or replaced.
    Put(Record),
    /// The record is removed.
    Delete,
}

/// A set of changes that happens as a whole or not at all. All keys, checked or written, are of one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Records that must still be as they were read (security rule 17).
    pub checks: Vec<(RecordKey, Expect)>,
    /// Records to change, each under its expectation.
    pub writes: Vec<(RecordKey, Expect, Change)>,
}

impl Commit {
    /// Every expectation, checks first. All are judged before anything is written.
    pub fn expectations(&self) -> impl Iterator<Item = (&RecordKey, Expect)> {
        let checks = self.checks.iter().map(|(key, expect)| (key, *expect));
        checks.chain(self.writes.iter().map(|(key, expect, _)| (key, *expect)))
    }

    /// Whether the commit keeps to one scope and writes no record twice. Adapters ask this first.
    pub fn check_form(&self) -> Result<(), Error> {
        let mut scopes = self.expectations().map(|(key, _)| &key.scope);
        if let Some(first) = scopes.next()
            && scopes.any(|scope| scope != first)
        {
            return Err(Error::MixedScopes);
        }
        let mut written = HashSet::with_capacity(self.writes.len());
        match self.writes.iter().find(|(key, _, _)| !written.insert(key)) {
            Some((key, _, _)) => Err(Error::WrittenTwice(key.clone())),
            None => Ok(()),
        }
    }
}

/// News from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// This record was made, changed or removed, here or elsewhere.
    Changed(RecordKey),
    /// The feed broke: from now on changes elsewhere are not heard of.
    Lost,
    /// Anything may have changed: what was cached before must go. The feed is on again, or the adapter saw
    /// that someone else changed something but not what.
    Restored,
    /// The feed is on, and told all that changed before this. Comes every half second from an adapter that other
    /// processes share.
    Heard,
}

/// Why the store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A record was not as the commit expected; nothing was changed.
    #[error("the record {0} was changed by someone else")]
    Conflict(RecordKey),
    /// The store cannot be reached or does not answer.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// A record's MAC does not fit, or it cannot be read: damaged, or written by someone without the key.
    #[error("the record {0} is damaged or was not written by a gate with this store key")]
    Damaged(RecordKey),
    /// The store key given is not the one this store was made with.
    #[error("the store key is not the one this store was made with")]
    WrongKey,
    /// The store's random id is missing or has changed since it was opened (security rule 18).
    #[error("the store is not the one that was opened: its id has changed")]
    OtherStore,
    /// A commit named records of more than one scope.
    #[error("a commit may only touch records of one account")]
    MixedScopes,
    /// A commit named a record twice among its writes.
    #[error("a commit may write the record {0} only once")]
    WrittenTwice(RecordKey),
    /// A value has no JSON form.
    #[error("the record {0} cannot be written as JSON")]
    Unwritable(RecordKey),
}

/// The port. Adapters promise: a commit is atomic and durable when it returns; `load` after it sees it;
/// `list` is in byte order of names, and a page shows one moment; every change by anyone is followed by a
/// [`Notice::Changed`], or by [`Notice::Restored`], with [`Notice::Lost`] before it while changes go unheard;
/// [`Notice::Heard`] comes while they are heard, and never between those two.
/// While the feed is lost, what is loaded is still what the store holds, or an error.
#[async_trait]
pub trait Store: Send + Sync {
    /// The record under `key`.
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, Error>;

    /// Up to `limit` records of a kind and scope, by name, with names greater than `after`.
    async fn list(
        &self,
        kind: Kind,
        scope: &Scope,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, Record)>, Error>;

    /// Does all of `commit` or, with an error, nothing.
    async fn commit(&self, commit: Commit) -> Result<(), Error>;

    /// Whether there is no record of any kind in any scope.
    async fn is_empty(&self) -> Result<bool, Error>;

    /// A new subscription to the change feed. A receiver that lags must treat it as `Restored`.
    fn subscribe(&self) -> broadcast::Receiver<Notice>;
}
