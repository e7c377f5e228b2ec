//! A store for tests of those who use one.

use super::{Commit, Error, Kind, MemoryStore, Notice, Record, RecordKey, Scope, Store};
use async_trait::async_trait;
use tokio::sync::broadcast;

/// A store in memory that refuses the commits that the test wants refused.
pub(crate) struct Refusing<F> {
    inner: MemoryStore,
    refusal: F,
}

impl<F: Fn(&Commit) -> Option<Error>> Refusing<F> {
    /// An empty one; `refusal` tells why a commit is refused, if it is.
    pub(crate) fn new(refusal: F) -> Self {
        Self { inner: MemoryStore::new(), refusal }
    }
}

#[async_trait]
impl<F: Fn(&Commit) -> Option<Error> + Send + Sync> Store for Refusing<F> {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, Error> {
        self.inner.load(key).await
    }

    async fn list(
        &self,
        kind: Kind,
        scope: &Scope,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, Record)>, Error> {
        self.inner.list(kind, scope, after, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        match (self.refusal)(&commit) {
            Some(error) => Err(error),
            None => self.inner.commit(commit).await,
        }
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        self.inner.is_empty().await
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.inner.subscribe()
    }
}
