//! The memory adapter, for tests and throw-away runs. Nothing outlives the process.

use super::{Change, Commit, Error, Expect, Kind, Notice, Record, RecordKey, Scope, Store};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// Notices kept for a receiver that is slow; one that falls behind further lags.
const FEED_LENGTH: usize = 1024;

type Place = (Kind, Scope);

/// A store in memory.
pub struct MemoryStore {
    records: Mutex<BTreeMap<Place, BTreeMap<String, Record>>>,
    feed: broadcast::Sender<Notice>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self { records: Mutex::default(), feed: broadcast::Sender::new(FEED_LENGTH) }
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<Place, BTreeMap<String, Record>>> {
        // A commit cannot panic between its first and its last change, so what a poisoned lock holds is whole.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(key: &RecordKey) -> Place {
    (key.kind, key.scope.clone())
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, Error> {
        Ok(self.records().get(&place(key)).and_then(|names| names.get(&key.name)).cloned())
    }

    async fn list(
        &self,
        kind: Kind,
        scope: &Scope,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, Record)>, Error> {
        let records = self.records();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let names = records.get(&(kind, scope.clone()));
        let found = names.into_iter().flat_map(|names| names.range::<str, _>((from, Bound::Unbounded))).take(limit);
        Ok(found
            .map(|(name, record)| (RecordKey { kind, scope: scope.clone(), name: name.clone() }, record.clone()))
            .collect())
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        commit.check_form()?;
        let mut records = self.records();
        for (key, expect) in commit.expectations() {
            let found = records.get(&place(key)).and_then(|names| names.get(&key.name));
            let fits = match expect {
                Expect::Absent => found.is_none(),
                Expect::Revision(revision) => found.is_some_and(|record| record.revision == revision),
            };
            if !fits {
                return Err(Error::Conflict(key.clone()));
            }
        }
        for (key, _, change) in &commit.writes {
            let names = records.entry(place(key)).or_default();
            match change {
                Change::Put(record) => names.insert(key.name.clone(), record.clone()),
                Change::Delete => names.remove(&key.name),
            };
        }
        for (key, _, _) in commit.writes {
            // Without a receiver nobody waits for the news.
            let _ = self.feed.send(Notice::Changed(key));
        }
        Ok(())
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.records().values().all(BTreeMap::is_empty))
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.feed.subscribe()
    }
}
