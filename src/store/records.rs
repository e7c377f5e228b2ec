//! The typed store: entities in and out, every record under a MAC (security rules 17, 18, 27).

use super::changes::Draft;
use super::seal::{self, Sealer};
use super::{Change, Changes, Commit, Error, Expect, Notice, Record, RecordKey, Scope, Store, StoreKey};
use super::{Stored, Versioned};
use crate::entity::AccessKey;
use crate::types::{AccessKeyId, Entropy, Secret, Timestamp, UniqueId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::broadcast;

/// The store's own record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    /// Random; 32 hexadecimal digits.
    store_id: String,
    /// Made for a demonstration (security rule 32).
    demo: bool,
    /// Milliseconds since 1970.
    made_at: i64,
    /// Tells a wrong store key from a damaged record.
    key_check: String,
}

/// The records of one store. Clones share everything.
#[derive(Clone)]
pub struct Records {
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    sealer: Arc<Sealer>,
    meta: Arc<Meta>,
}

impl Records {
    /// Opens the store: loads its own record, or makes it if the store is empty. Two gates that do so at
    /// once end with the same record. `demo` marks a store that is made here; one that is there keeps its mark.
    pub async fn open(
        store: Arc<dyn Store>,
        key: StoreKey,
        entropy: Arc<dyn Entropy>,
        now: Timestamp,
        demo: bool,
    ) -> Result<Self, Error> {
        let sealer = Sealer::new(&key);
        let meta = match load_meta(store.as_ref(), &sealer).await? {
            Some(meta) => meta,
            None => make_meta(store.as_ref(), &sealer, entropy.as_ref(), now, demo).await?,
        };
        Ok(Self { store, entropy, sealer: Arc::new(sealer), meta: Arc::new(meta) })
    }

    /// The store's random id. Not a secret, but never exported.
    pub fn store_id(&self) -> &str {
        &self.meta.store_id
    }

    /// Whether the store was made for a demonstration.
    pub fn is_demo(&self) -> bool {
        self.meta.demo
    }

    /// When the store was made.
    pub fn made_at(&self) -> Timestamp {
        Timestamp::from_millis(self.meta.made_at)
    }

    /// Asks whether the store is still the one that was opened (security rule 18).
    pub async fn verify_identity(&self) -> Result<(), Error> {
        match load_meta(self.store.as_ref(), &self.sealer).await {
            Ok(Some(meta)) if meta == *self.meta => Ok(()),
            Err(error @ Error::Unavailable(_)) => Err(error),
            Ok(_) | Err(_) => Err(Error::OtherStore),
        }
    }

    /// The value under `key`.
    pub async fn get<T: Stored>(&self, key: &RecordKey) -> Result<Option<Versioned<T>>, Error> {
        self.store.load(key).await?.map(|record| self.read(key, &record)).transpose()
    }

    /// Up to `limit` values of a scope in byte order of their record names, with names greater than `after`.
    pub async fn list<T: Stored>(
        &self,
        scope: &Scope,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Versioned<T>>, Error> {
        let found = self.store.list(T::KIND, scope, after, limit).await?;
        found.iter().map(|(key, record)| self.read(key, record)).collect()
    }

    /// Does all of `changes` or, with an error, nothing.
    pub async fn commit(&self, changes: Changes) -> Result<(), Error> {
        let mut commit = Commit { checks: changes.checks, writes: Vec::with_capacity(changes.writes.len()) };
        for (key, expect, draft) in changes.writes {
            let change = match draft {
                Draft::Delete => Change::Delete,
                Draft::Put(data) => Change::Put(self.write(&key, expect, data)?),
            };
            commit.writes.push((key, expect, change));
        }
        self.store.commit(commit).await
    }

    /// Encrypts a secret for the access key record of `key_id` of the user with `user_id`.
    pub fn seal_secret(&self, user_id: &UniqueId, key_id: &AccessKeyId, secret: &Secret) -> String {
        self.sealer.seal(self.store_id(), user_id, key_id, secret, self.entropy.as_ref())
    }

    /// The secret of an access key.
    pub fn open_secret(&self, record: &AccessKey) -> Result<Secret, Error> {
        self.sealer
            .open(self.store_id(), &record.user_id, &record.id, &record.sealed_secret)
            .ok_or_else(|| Error::Damaged(record.record_key()))
    }

    /// A new subscription to the change feed.
    pub fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.store.subscribe()
    }

    fn read<T: Stored>(&self, key: &RecordKey, record: &Record) -> Result<Versioned<T>, Error> {
        self.sealer
            .open_record(self.store_id(), key, record.revision, &record.value)
            .and_then(|data| serde_json::from_slice::<T>(data).ok())
            .filter(|value| value.record_key() == *key)
            .map(|value| Versioned { value, revision: record.revision })
            .ok_or_else(|| Error::Damaged(key.clone()))
    }

    fn write(&self, key: &RecordKey, expect: Expect, data: Option<Vec<u8>>) -> Result<Record, Error> {
        let data = data.ok_or_else(|| Error::Unwritable(key.clone()))?;
        let revision = match expect {
            Expect::Absent => first_revision(self.entropy.as_ref()),
            Expect::Revision(old) => old.wrapping_add(1),
        };
        Ok(Record { value: self.sealer.seal_record(self.store_id(), key, revision, &data), revision })
    }
}

/// Random, so that a record deleted and made again never has a revision that someone still remembers.
fn first_revision(entropy: &dyn Entropy) -> u64 {
    let mut bytes = [0u8; 8];
    if let Some((_, random)) = bytes.split_first_chunk_mut::<2>() {
        entropy.fill(random);
    }
    u64::from_be_bytes(bytes)
}

async fn load_meta(store: &dyn Store, sealer: &Sealer) -> Result<Option<Meta>, Error> {
    let key = RecordKey::meta();
    match store.load(&key).await? {
        None => Ok(None),
        Some(record) => read_meta(sealer, &key, &record).map(Some),
    }
}

/// The store's id is not known before this record is read, so its MAC is over an empty one.
fn read_meta(sealer: &Sealer, key: &RecordKey, record: &Record) -> Result<Meta, Error> {
    let damaged = || Error::Damaged(key.clone());
    let parse = |data| serde_json::from_slice::<Meta>(data).map_err(|_| damaged());
    match sealer.open_record("", key, record.revision, &record.value) {
        Some(data) => parse(data),
        None => {
            // Only tells which error it is: nothing of what is read here is used.
            let (_, data) = seal::split(&record.value).ok_or_else(damaged)?;
            let meta = parse(data)?;
            Err(if sealer.key_check(&meta.store_id) == meta.key_check { damaged() } else { Error::WrongKey })
        }
    }
}

async fn make_meta(
    store: &dyn Store,
    sealer: &Sealer,
    entropy: &dyn Entropy,
    now: Timestamp,
    demo: bool,
) -> Result<Meta, Error> {
    if !store.is_empty().await? {
        // Someone else may have made the store since the record was looked for.
        return load_meta(store, sealer).await?.ok_or(Error::OtherStore);
    }
    let mut id = [0u8; 16];
    entropy.fill(&mut id);
    let store_id = hex::encode(id);
    let meta = Meta { key_check: sealer.key_check(&store_id), store_id, demo, made_at: now.millis() };
    let key = RecordKey::meta();
    let data = serde_json::to_vec(&meta).map_err(|_| Error::Unwritable(key.clone()))?;
    let revision = first_revision(entropy);
    let record = Record { value: sealer.seal_record("", &key, revision, &data), revision };
    let commit = Commit { checks: Vec::new(), writes: vec![(key, Expect::Absent, Change::Put(record))] };
    match store.commit(commit).await {
        Ok(()) => Ok(meta),
        Err(Error::Conflict(_)) => load_meta(store, sealer).await?.ok_or(Error::OtherStore),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
