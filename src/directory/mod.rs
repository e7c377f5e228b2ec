//! The directory's caches: compiled entities by name, one flight per miss, bounded, never silently stale.
//!
//! Security rule 22. Every cached entry carries the [`Stamp`] that was current before its load began. A
//! change notice moves the stamp of its key's shard, a broken feed moves all of them, so an entry that was
//! loaded before a change never compares equal after it: also one whose load was under way. Positive
//! entries live five minutes at most; absences are kept apart, and shortly. While the feed is off, entries
//! go on serving for the configured grace, then every lookup answers an error.

mod epochs;
mod follow;
mod strangers;

pub use epochs::{Epochs, Stamp};
pub use follow::follow;

use crate::authn::{
    BucketEntry, Directory, GroupEntry, KeyEntry, LookupError, PolicyEntry, RoleEntry, SessionEntry, UserEntry,
};
use crate::authz::user_entry;
use crate::store::{RecordKey, Records, Stored, Versioned};
use crate::token::{self, KeyRing};
use crate::types::{AccessKeyId, AccountId, Clock, Timestamp};
use async_trait::async_trait;
use moka::future::Cache;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use strangers::Strangers;

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

/// What was current, and when, before a load began.
#[derive(Clone, Copy, Debug)]
struct Birth {
    stamp: Stamp,
    ticks: u64,
}

/// A present entity.
struct Present<T> {
    value: Arc<T>,
    birth: Birth,
}

impl<T> Clone for Present<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), birth: self.birth }
    }
}

/// Why a load put nothing into the cache of present entities.
#[derive(Debug)]
enum Miss {
    Absent(Birth),
    Failed(LookupError),
}

/// What the caches know of a key.
enum Cached<T> {
    /// The entity, or that there is none.
    Fresh(Option<Arc<T>>),
    /// It was there, but may have changed since.
    Outdated,
    /// Nothing.
    Unknown,
}

/// The caches of one kind of entity. Lives are measured on the gate's own clock, which goes on while the machine
/// sleeps; the caches' own clock only frees memory.
struct Shelf<T> {
    present: Cache<RecordKey, Present<T>>,
    absent: Cache<RecordKey, Birth>,
    life_nanos: u64,
    absence_nanos: u64,
    counters: CacheCounters,
}

/// What a shelf works with.
#[derive(Clone, Copy)]
struct Source<'a> {
    epochs: &'a Epochs,
    clock: &'a dyn Clock,
    records: &'a Records,
}

impl Source<'_> {
    fn birth(&self, key: &RecordKey) -> Birth {
        Birth { stamp: self.epochs.stamp(key), ticks: self.clock.ticks() }
    }
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
            life_nanos: nanos(life),
            absence_nanos: nanos(absence),
            counters: CacheCounters::default(),
        }
    }

    async fn cached(&self, key: &RecordKey, source: Source<'_>) -> Cached<T> {
        let now = source.birth(key);
        let holds = |birth: Birth, life: u64| birth.stamp == now.stamp && now.ticks.saturating_sub(birth.ticks) < life;
        if let Some(found) = self.present.get(key).await {
            return if holds(found.birth, self.life_nanos) {
                Cached::Fresh(Some(found.value))
            } else {
                Cached::Outdated
            };
        }
        match self.absent.get(key).await {
            Some(birth) if holds(birth, self.absence_nanos) => Cached::Fresh(None),
            _ => Cached::Unknown,
        }
    }

    async fn get<S: Stored>(
        &self,
        key: RecordKey,
        source: Source<'_>,
        compile: impl Fn(Versioned<S>) -> Result<T, LookupError> + Send + Sync,
    ) -> Result<Option<Arc<T>>, LookupError> {
        for _ in 0..MAX_RELOADS {
            match self.cached(&key, source).await {
                Cached::Fresh(found) => {
                    self.counters.hit();
                    return Ok(found);
                }
                Cached::Outdated => self.present.invalidate(&key).await,
                Cached::Unknown => {}
            }
            self.counters.miss();
            let loaded = self
                .present
                .try_get_with(key.clone(), async {
                    let birth = source.birth(&key);
                    match source.records.get::<S>(&key).await {
                        Ok(Some(stored)) => {
                            compile(stored).map(|value| Present { value: Arc::new(value), birth }).map_err(Miss::Failed)
                        }
                        Ok(None) => Err(Miss::Absent(birth)),
                        Err(error) => Err(Miss::Failed(error.into())),
                    }
                })
                .await;
            // What changed during its load is loaded again, by those who waited for it too.
            match loaded {
                Ok(present) if present.birth.stamp == source.epochs.stamp(&key) => return Ok(Some(present.value)),
                Ok(_) => {}
                Err(miss) => match &*miss {
                    Miss::Absent(birth) => {
                        self.absent.insert(key.clone(), *birth).await;
                        if birth.stamp == source.epochs.stamp(&key) {
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

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The caching directory.
pub struct CachedDirectory {
    records: Records,
    ring: Arc<KeyRing>,
    default_account: AccountId,
    clock: Arc<dyn Clock>,
    epochs: Arc<Epochs>,
    grace_nanos: u64,
    strangers: Strangers,
    keys: Shelf<KeyEntry>,
    users: Shelf<UserEntry>,
    roles: Shelf<RoleEntry>,
    buckets: Shelf<BucketEntry>,
    policies: Shelf<PolicyEntry>,
    groups: Shelf<GroupEntry>,
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
            strangers: Strangers::default(),
            keys: Shelf::new(settings),
            users: Shelf::new(settings),
            roles: Shelf::new(settings),
            buckets: Shelf::new(settings),
            policies: Shelf::new(settings),
            groups: Shelf::new(settings),
            sessions: moka::sync::Cache::builder()
                .max_capacity(settings.max_entries)
                .time_to_live(Duration::from_secs(settings.lifetime_seconds.min(300)))
                .build(),
            session_counters: CacheCounters::default(),
        }
    }

    /// Hits and misses by cache, for the metrics.
    pub fn counters(&self) -> [(&'static str, (u64, u64)); 7] {
        [
            ("keys", self.keys.counters.read()),
            ("users", self.users.counters.read()),
            ("roles", self.roles.counters.read()),
            ("buckets", self.buckets.counters.read()),
            ("policies", self.policies.counters.read()),
            ("groups", self.groups.counters.read()),
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

    fn source(&self) -> Source<'_> {
        Source { epochs: &self.epochs, clock: &*self.clock, records: &self.records }
    }

    fn trusted(&self) -> Result<(), LookupError> {
        if self.is_trusted() { Ok(()) } else { Err(LookupError::Stale) }
    }
}

#[async_trait]
impl Directory for CachedDirectory {
    async fn key(&self, id: &AccessKeyId, stranger: Option<IpAddr>) -> Result<Option<Arc<KeyEntry>>, LookupError> {
        self.trusted()?;
        let key = RecordKey::access_key(id);
        // Only a lookup that must ask the store for a key nobody used lately is a stranger's.
        let stranger = match (stranger, self.keys.cached(&key, self.source()).await) {
            (_, Cached::Fresh(found)) => {
                self.keys.counters.hit();
                return Ok(found);
            }
            (Some(address), Cached::Unknown) => Some(address),
            _ => None,
        };
        if stranger.is_some_and(|address| !self.strangers.may_ask(address, self.clock.ticks())) {
            return Err(LookupError::TooManyUnknown);
        }
        let compile = |stored: Versioned<crate::entity::AccessKey>| {
            let secret = self.records.open_secret(&stored.value)?;
            Ok(KeyEntry { record: stored.value, secret, signing: Default::default(), used: Default::default() })
        };
        let found = self.keys.get(key, self.source(), compile).await?;
        if let (Some(address), None) = (stranger, &found) {
            self.strangers.asked_in_vain(address, self.clock.ticks());
        }
        Ok(found)
    }

    async fn user(&self, account: &AccountId, name: &str) -> Result<Option<Arc<UserEntry>>, LookupError> {
        self.trusted()?;
        let compile = |stored: Versioned<crate::entity::User>| user_entry(stored, &self.default_account);
        self.users.get(RecordKey::user(account, name), self.source(), compile).await
    }

    async fn role(&self, account: &AccountId, name: &str) -> Result<Option<Arc<RoleEntry>>, LookupError> {
        self.trusted()?;
        let compile = |stored| RoleEntry::new(stored, &self.default_account);
        self.roles.get(RecordKey::role(account, name), self.source(), compile).await
    }

    async fn policy(&self, account: &AccountId, name: &str) -> Result<Option<Arc<PolicyEntry>>, LookupError> {
        self.trusted()?;
        let compile = |stored| PolicyEntry::new(&stored, &self.default_account);
        self.policies.get(RecordKey::policy(account, name), self.source(), compile).await
    }

    async fn group(&self, account: &AccountId, name: &str) -> Result<Option<Arc<GroupEntry>>, LookupError> {
        self.trusted()?;
        let compile = |stored| GroupEntry::new(stored, &self.default_account);
        self.groups.get(RecordKey::group(account, name), self.source(), compile).await
    }

    async fn bucket(&self, name: &str) -> Result<Option<Arc<BucketEntry>>, LookupError> {
        self.trusted()?;
        let compile = |stored| BucketEntry::new(stored, &self.default_account);
        self.buckets.get(RecordKey::bucket(name), self.source(), compile).await
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
