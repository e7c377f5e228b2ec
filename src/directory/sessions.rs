//! The cache of opened session tokens.
//!
//! Security rule 19: keyed by SHA-256 of the whole token, and nothing that was opened with an earlier ring is found.

use super::front::Front;
use super::{CacheCounters, Settings};
use crate::authn::SessionEntry;
use crate::types::Clock;
use foldhash::fast::RandomState;
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// SHA-256 of a whole token.
pub(super) type TokenHash = [u8; 32];

/// An opened token.
#[derive(Clone)]
struct Opened {
    hash: TokenHash,
    /// The ring's when it was opened.
    generation: u64,
    /// When it was opened, by the gate's clock.
    ticks: u64,
    entry: Arc<SessionEntry>,
}

/// Opened tokens. Those used last are found without a lock.
pub(super) struct Sessions {
    front: Front<Opened>,
    all: Cache<TokenHash, Opened, RandomState>,
    life_nanos: u64,
    pub(super) counters: CacheCounters,
}

impl Sessions {
    pub(super) fn new(settings: &Settings) -> Self {
        let life = Duration::from_secs(settings.lifetime_seconds.min(300));
        let all = Cache::builder().max_capacity(settings.max_entries).time_to_live(life);
        Self {
            front: Front::new(settings.max_entries),
            all: all.build_with_hasher(RandomState::default()),
            life_nanos: super::shelf::nanos(life),
            counters: CacheCounters::default(),
        }
    }

    /// What the cache knows a token by.
    pub(super) fn hash(token: &str) -> TokenHash {
        Sha256::digest(token.as_bytes()).into()
    }

    /// The token of this hash, opened with the ring of this generation.
    pub(super) fn find(&self, hash: &TokenHash, generation: u64, clock: &dyn Clock) -> Option<Arc<SessionEntry>> {
        let now = clock.ticks();
        let holds = |opened: &Opened| self.holds(opened, generation, now);
        let is_it = |opened: &Opened| opened.hash == *hash && holds(opened);
        let found = self.front.find(hash, |opened| is_it(opened).then(|| Arc::clone(&opened.entry))).or_else(|| {
            let opened = self.all.get(hash).filter(holds)?;
            let entry = Arc::clone(&opened.entry);
            self.front.remember(hash, opened, |known| known.hash == *hash || !holds(known));
            Some(entry)
        });
        if found.is_some() {
            self.counters.hit()
        } else {
            self.counters.miss()
        }
        found
    }

    /// Keeps a token that was opened with the ring of this generation, or an earlier one.
    pub(super) fn keep(&self, hash: TokenHash, generation: u64, entry: &Arc<SessionEntry>, clock: &dyn Clock) {
        self.all.insert(hash, Opened { hash, generation, ticks: clock.ticks(), entry: Arc::clone(entry) });
    }

    fn holds(&self, opened: &Opened, generation: u64, now: u64) -> bool {
        opened.generation == generation && now.saturating_sub(opened.ticks) < self.life_nanos
    }
}
