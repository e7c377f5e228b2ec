//! The caches of one kind of entity.

use super::front::Front;
use super::{Epochs, Settings, Stamp, epochs};
use crate::authn::LookupError;
use crate::store::{RecordKey, Records, Stored, Versioned};
use crate::types::Clock;
use moka::future::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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

    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }
}

/// What was current, and when, before a load began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Birth {
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
pub(super) enum Cached<T> {
    /// The entity, or that there is none.
    Fresh(Option<Arc<T>>, Birth),
    /// It was there, but may have changed since.
    Outdated,
    /// Nothing.
    Unknown,
}

/// The caches of one kind of entity. Lives are measured on the gate's own clock, which goes on while the machine
/// sleeps; the caches' own clock only frees memory.
pub(super) struct Shelf<T> {
    /// What of both was used last, with the same lives.
    front: Front<Remembered<T>>,
    present: Cache<RecordKey, Present<T>>,
    absent: Cache<RecordKey, Birth>,
    life_nanos: u64,
    absence_nanos: u64,
    pub(super) counters: CacheCounters,
}

/// An entity's name as it is asked for: not folded, so several may be of one record.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name<'a> {
    /// The account; empty where the names of the shelf are global. INVARIANT: one or the other in one shelf.
    pub(super) account: &'a str,
    /// The name in there.
    pub(super) name: &'a str,
}

/// An answer of the caches, under the name that was asked.
struct Remembered<T> {
    account: Box<str>,
    name: Box<str>,
    /// Where the epochs of its record are.
    place: epochs::Place,
    /// None: there is no such entity.
    value: Option<Arc<T>>,
    birth: Birth,
}

impl<T> Remembered<T> {
    fn is_of(&self, name: Name<'_>) -> bool {
        // Most have no account. Nothing is not compared with nothing: `memcmp` loads from where an empty text points to,
        // which is no address, and processors take hundreds of cycles to overlook that.
        let same_account =
            self.account.len() == name.account.len() && (name.account.is_empty() || *self.account == *name.account);
        same_account && *self.name == *name.name
    }
}

/// What a shelf works with.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) epochs: &'a Epochs,
    pub(super) clock: &'a dyn Clock,
    pub(super) records: &'a Records,
}

impl Source<'_> {
    fn birth(&self, key: &RecordKey) -> Birth {
        Birth { stamp: self.epochs.stamp(key), ticks: self.clock.ticks() }
    }
}

/// A load that changes overtake this often in a row gives up.
const MAX_RELOADS: usize = 16;

impl<T: Send + Sync + 'static> Shelf<T> {
    pub(super) fn new(settings: &Settings) -> Self {
        let life = Duration::from_secs(settings.lifetime_seconds.min(300));
        let absence = Duration::from_secs(settings.absence_seconds);
        Self {
            front: Front::new(settings.max_entries),
            present: Cache::builder().max_capacity(settings.max_entries).time_to_live(life).build(),
            absent: Cache::builder().max_capacity(settings.max_entries).time_to_live(absence).build(),
            life_nanos: nanos(life),
            absence_nanos: nanos(absence),
            counters: CacheCounters::default(),
        }
    }

    /// The answer given last under this name, while it holds: its record has not changed since, and its life is not
    /// over. No lock, and nothing is made.
    pub(super) fn recall(&self, name: Name<'_>, epochs: &Epochs, now: u64) -> Option<Option<Arc<T>>> {
        let found = self
            .front
            .find(name, |entry| (entry.is_of(name) && self.holds(entry, epochs, now)).then(|| entry.value.clone()));
        if found.is_some() {
            self.counters.hit();
        }
        found
    }

    fn holds(&self, entry: &Remembered<T>, epochs: &Epochs, now: u64) -> bool {
        let life = if entry.value.is_some() { self.life_nanos } else { self.absence_nanos };
        entry.birth.stamp == epochs.stamp_at(entry.place) && now.saturating_sub(entry.birth.ticks) < life
    }

    fn remember(&self, name: Name<'_>, key: &RecordKey, value: Option<&Arc<T>>, birth: Birth, source: Source<'_>) {
        let entry = Remembered {
            account: name.account.into(),
            name: name.name.into(),
            place: Epochs::place(key),
            value: value.cloned(),
            birth,
        };
        let now = source.clock.ticks();
        self.front.remember(name, entry, |known| known.is_of(name) || !self.holds(known, source.epochs, now));
    }

    /// What the caches behind the front know.
    pub(super) async fn cached(&self, key: &RecordKey, source: Source<'_>) -> Cached<T> {
        let now = source.birth(key);
        let holds = |birth: Birth, life: u64| birth.stamp == now.stamp && now.ticks.saturating_sub(birth.ticks) < life;
        if let Some(found) = self.present.get(key).await {
            return if holds(found.birth, self.life_nanos) {
                Cached::Fresh(Some(found.value), found.birth)
            } else {
                Cached::Outdated
            };
        }
        match self.absent.get(key).await {
            Some(birth) if holds(birth, self.absence_nanos) => Cached::Fresh(None, birth),
            _ => Cached::Unknown,
        }
    }

    /// The entity of `name`, whose record is `key`, from the caches or the store.
    pub(super) async fn get<S: Stored>(
        &self,
        name: Name<'_>,
        key: RecordKey,
        source: Source<'_>,
        compile: impl Fn(Versioned<S>) -> Result<T, LookupError> + Send + Sync,
    ) -> Result<Option<Arc<T>>, LookupError> {
        for _ in 0..MAX_RELOADS {
            match self.cached(&key, source).await {
                Cached::Fresh(found, birth) => {
                    self.counters.hit();
                    self.remember(name, &key, found.as_ref(), birth, source);
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

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
