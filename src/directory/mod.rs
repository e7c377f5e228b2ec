//! The directory's caches: compiled entities by name, one flight per miss, bounded, never silently stale.
//!
//! Security rule 22. Every cached entry carries the [`Stamp`] that was current before its load began. A
//! change notice moves the stamp of its key's shard, a broken feed moves all of them, so an entry that was
//! loaded before a change never compares equal after it: also one whose load was under way. Positive
//! entries live five minutes at most; absences are kept apart, and shortly. While the feed is off, entries
//! go on serving for the configured grace, then every lookup answers an error.

mod epochs;
mod follow;

pub use epochs::{Epochs, Stamp};
pub use follow::follow;

use crate::authn::{BucketEntry, CompiledPolicy, Directory, KeyEntry, LookupError, RoleEntry, SessionEntry, UserEntry};
use crate::authz::builtin;
use crate::store::{RecordKey, Records, Stored, Versioned};
use crate::token::{self, KeyRing};
use crate::types::{AccessKeyId, AccountId, Clock, Timestamp};
use async_trait::async_trait;
use moka::future::Cache;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Sizes and lives of the caches.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Entries of each cache.
    pub max_entries: u64,
    /// Seconds an entry may live, 300 at most (security rule 22).
    pub lifetime_seconds: u64,
    /// Seconds an absence is remembered.
    pub absence_seconds: u64,
    /// Seconds entries serve after the change feed has broken.
    pub stale_grace_seconds: u64,
}

/// Hits and misses of one cache.
#[derive(Debug, Default)]
pub struct CacheCounters {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl CacheCounters {
    /// Hits and misses so far.
    pub fn read(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }
}

/// A present entity and the stamp its load began with.
struct Present<T> {
    value: Arc<T>,
    stamp: Stamp,
}

impl<T> Clone for Present<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), stamp: self.stamp }
    }
}

/// Why a load put nothing into the cache of present entities.
#[derive(Debug)]
enum Miss {
    Absent(Stamp),
    Failed(LookupError),
}

/// The caches of one kind of entity.
struct Shelf<T> {
    present: Cache<RecordKey, Present<T>>,
    absent: Cache<RecordKey, Stamp>,
    counters: CacheCounters,
}

/// A load that changes overtake this often in a row gives up.
const MAX_RELOADS: usize = 16;

impl<T: Send + Sync + 'static> Shelf<T> {
    fn new(settings: &Settings) -> Self {
        let life = Duration::from_secs(settings.lifetime_seconds.min(300));
        let absence = Duration::from_secs(settings.absence_seconds);
        Self {
            present: Cache::builder().max_capacity(settings.max_entries).time_to_live(life).build(),
            absent: Cache::builder().max_capacity(settings.max_entries).time_to_live(absence).build(),
            counters: CacheCounters::default(),
        }
    }

    async fn get<S: Stored>(
        &self,
        key: RecordKey,
        epochs: &Epochs,
        records: &Records,
        compile: impl Fn(Versioned<S>) -> Result<T, LookupError> + Send + Sync,
    ) -> Result<Option<Arc<T>>, LookupError> {
        for _ in 0..MAX_RELOADS {
            let current = epochs.stamp(&key);
            if let Some(found) = self.present.get(&key).await {
                if found.stamp == current {
                    self.counters.hit();
                    return Ok(Some(found.value));
                }
                self.present.invalidate(&key).await;
            } else if self.absent.get(&key).await == Some(current) {
                self.counters.hit();
                return Ok(None);
            }
            self.counters.miss();
            let loaded = self
                .present
                .try_get_with(key.clone(), async {
                    let stamp = epochs.stamp(&key);
                    match records.get::<S>(&key).await {
                        Ok(Some(stored)) => {
                            compile(stored).map(|value| Present { value: Arc::new(value), stamp }).map_err(Miss::Failed)
                        }
                        Ok(None) => Err(Miss::Absent(stamp)),
                        Err(error) => Err(Miss::Failed(error.into())),
                    }
                })
                .await;
            match loaded {
                Ok(present) if present.stamp == epochs.stamp(&key) => return Ok(Some(present.value)),
                Ok(_) => {}
                Err(miss) => match &*miss {
                    Miss::Absent(stamp) => {
                        self.absent.insert(key.clone(), *stamp).await;
                        if *stamp == epochs.stamp(&key) {
                            return Ok(None);
                        }
                    }
                    Miss::Failed(error) => return Err(error.clone()),
                },
            }
        }
        Err(LookupError::Store(crate::store::Error::Conflict(key)))
    }
}

/// The caching directory.
pub struct CachedDirectory {
    records: Records,
    ring: Arc<KeyRing>,
    default_account: AccountId,
    clock: Arc<dyn Clock>,
    epochs: Arc<Epochs>,
    grace_nanos: u64,
    keys: Shelf<KeyEntry>,
    users: Shelf<UserEntry>,
    roles: Shelf<RoleEntry>,
    buckets: Shelf<BucketEntry>,
    sessions: moka::sync::Cache<[u8; 32], Arc<SessionEntry>>,
    session_counters: CacheCounters,
}

impl CachedDirectory {
    /// Makes empty caches over `records`. [`follow`] must run for them to hear of changes elsewhere.
    pub fn new(
        records: Records,
        ring: Arc<KeyRing>,
        default_account: AccountId,
        clock: Arc<dyn Clock>,
        epochs: Arc<Epochs>,
        settings: &Settings,
    ) -> Self {
        Self {
            records,
            ring,
            default_account,
            clock,
            epochs,
            grace_nanos: settings.stale_grace_seconds.saturating_mul(1_000_000_000),
            keys: Shelf::new(settings),
            users: Shelf::new(settings),
            roles: Shelf::new(settings),
            buckets: Shelf::new(settings),
            sessions: moka::sync::Cache::builder()
                .max_capacity(settings.max_entries)
                .time_to_live(Duration::from_secs(settings.lifetime_seconds.min(300)))
                .build(),
            session_counters: CacheCounters::default(),
        }
    }

    /// Hits and misses by cache, for the metrics.
    pub fn counters(&self) -> [(&'static str, (u64, u64)); 5] {
        [
            ("keys", self.keys.counters.read()),
            ("users", self.users.counters.read()),
            ("roles", self.roles.counters.read()),
            ("buckets", self.buckets.counters.read()),
            ("sessions", self.session_counters.read()),
        ]
    }

    /// Whether lookups may still be answered: the feed is on, or has been off for less than the grace.
    pub fn is_trusted(&self) -> bool {
        match self.epochs.lost_at() {
            None => true,
            Some(since) => self.clock.ticks().saturating_sub(since) < self.grace_nanos,
        }
    }

    fn trusted(&self) -> Result<(), LookupError> {
        if self.is_trusted() { Ok(()) } else { Err(LookupError::Stale) }
    }
}

#[async_trait]
impl Directory for CachedDirectory {
    async fn key(&self, id: &AccessKeyId) -> Result<Option<Arc<KeyEntry>>, LookupError> {
        self.trusted()?;
        let compile = |stored: Versioned<crate::entity::AccessKey>| {
            let secret = self.records.open_secret(&stored.value)?;
            Ok(KeyEntry { record: stored.value, secret, signing: Default::default() })
        };
        self.keys.get(RecordKey::access_key(id), &self.epochs, &self.records, compile).await
    }

    async fn user(&self, account: &AccountId, name: &str) -> Result<Option<Arc<UserEntry>>, LookupError> {
        self.trusted()?;
        let compile = |stored: Versioned<crate::entity::User>| {
            let caps = builtin::caps_policy(&stored.value.caps)
                .map(|policy| CompiledPolicy { name: "caps".to_owned(), policy });
            UserEntry::new(stored, caps, &self.default_account)
        };
        self.users.get(RecordKey::user(account, name), &self.epochs, &self.records, compile).await
    }

    async fn role(&self, account: &AccountId, name: &str) -> Result<Option<Arc<RoleEntry>>, LookupError> {
        self.trusted()?;
        let compile = |stored| RoleEntry::new(stored, &self.default_account);
        self.roles.get(RecordKey::role(account, name), &self.epochs, &self.records, compile).await
    }

    async fn bucket(&self, name: &str) -> Result<Option<Arc<BucketEntry>>, LookupError> {
        self.trusted()?;
        let compile = |stored| BucketEntry::new(stored, &self.default_account);
        self.buckets.get(RecordKey::bucket(name), &self.epochs, &self.records, compile).await
    }

    fn session(&self, token: &str, key: &AccessKeyId, now: Timestamp) -> Result<Arc<SessionEntry>, token::Error> {
        // Keyed by the hash of the whole token (security rule 19).
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(found) = self.sessions.get(&hash) {
            self.session_counters.hit();
            // INVARIANT: a cached token serves only the key id it was sealed with.
            return if found.opened.claims.access_key == *key { Ok(found) } else { Err(token::Error::OtherAccessKey) };
        }
        self.session_counters.miss();
        let opened = self.ring.open(token, self.records.store_id(), key, now)?;
        let entry = Arc::new(SessionEntry::new(opened, &self.default_account)?);
        self.sessions.insert(hash, Arc::clone(&entry));
        Ok(entry)
    }
}
