//! A store that counts, and that stops, fails or breaks what it is told to.

use async_trait::async_trait;
use rolegate::store::{Commit, Error, Kind, MemoryStore, Notice, Record, RecordKey, Scope, Store};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{Semaphore, broadcast};

pub(crate) struct SpyStore {
    inner: MemoryStore,
    calls: AtomicU64,
    broken: AtomicBool,
    /// The kind whose loads wait, after they have read, until a permit is given.
    held: Mutex<Option<Kind>>,
    pub(crate) gate: Semaphore,
    pub(crate) waiting: Semaphore,
    /// Commits that are made to conflict.
    pub(crate) conflicts: AtomicU64,
    /// Commits that were refused because a record had changed.
    refused: AtomicU64,
    /// Hands the task over at each load, so that tasks interleave.
    pub(crate) yielding: AtomicBool,
}

impl SpyStore {
    pub(crate) fn new(inner: MemoryStore) -> Self {
        Self {
            inner,
            calls: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            held: Mutex::new(None),
            gate: Semaphore::new(0),
            waiting: Semaphore::new(0),
            conflicts: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            yielding: AtomicBool::new(false),
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }

    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    /// Loads of this kind read, tell `waiting`, and return once `gate` lets them.
    pub(crate) fn hold(&self, kind: Option<Kind>) {
        *self.held.lock().unwrap() = kind;
    }

    /// Replaces a record's bytes by others that no store key has made.
    pub(crate) async fn damage(&self, key: &RecordKey) {
        use rolegate::store::{Change, Expect};
        let old = self.inner.load(key).await.unwrap().unwrap();
        let mut value = old.value.clone();
        let last = value.len() - 3;
        value[last] ^= 1;
        let change = Change::Put(Record { value, revision: old.revision });
        let commit = Commit { checks: vec![], writes: vec![(key.clone(), Expect::Revision(old.revision), change)] };
        self.inner.commit(commit).await.unwrap();
    }

    fn called(&self) -> Result<(), Error> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            Err(Error::Unavailable("redis at 10.9.8.7".to_owned()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Store for SpyStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, Error> {
        self.called()?;
        let found = self.inner.load(key).await;
        if self.yielding.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        let held = *self.held.lock().unwrap();
        if held == Some(key.kind) {
            self.waiting.add_permits(1);
            self.gate.acquire().await.unwrap().forget();
        }
        found
    }

    async fn list(
        &self,
        kind: Kind,
        scope: &Scope,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, Record)>, Error> {
        self.called()?;
        self.inner.list(kind, scope, after, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        self.called()?;
        let spoil = self.conflicts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if let (Ok(_), Some((key, _, _))) = (spoil, commit.writes.first()) {
            return Err(Error::Conflict(key.clone()));
        }
        let done = self.inner.commit(commit).await;
        if matches!(done, Err(Error::Conflict(_))) {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
        done
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        self.inner.is_empty().await
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.inner.subscribe()
    }
}
