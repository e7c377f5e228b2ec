//! Invalidation epochs: which cached entries are from before a change.

use crate::store::RecordKey;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// Shards of the epoch table. A change puts out of date its own key and those that share its shard.
const SHARDS: usize = 1024;

/// Not yet, or not any more: no moment that ticks.
const NEVER: u64 = u64::MAX;

/// The longest that a feed that is on can be silent, whatever the grace: it says itself that it broke before.
const SILENCE_NANOS: u64 = 5_000_000_000;

/// The epochs of a key at one moment. Equal stamps mean that no change of the key was heard of between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    shard: u64,
    global: u64,
}

/// Where the epochs of a key are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(usize);

/// The epoch table, shared by the caches, the feed's follower and the committing side.
#[derive(Debug)]
pub struct Epochs {
    shards: Box<[AtomicU64]>,
    global: AtomicU64,
    /// When the feed was last heard of, if it is one that is.
    heard_at: AtomicU64,
    /// Since when the feed is off.
    lost_at: AtomicU64,
}

impl Default for Epochs {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| AtomicU64::new(0)).collect(),
            global: AtomicU64::new(0),
            heard_at: AtomicU64::new(NEVER),
            lost_at: AtomicU64::new(NEVER),
        }
    }
}

impl Epochs {
    /// The present stamp of a key.
    pub fn stamp(&self, key: &RecordKey) -> Stamp {
        self.stamp_at(Self::place(key))
    }

    /// The present stamp of the keys whose place ([`Epochs::place`]) this is.
    pub(super) fn stamp_at(&self, place: Place) -> Stamp {
        Stamp {
            shard: self.shards.get(place.0).map_or(0, |shard| shard.load(Ordering::SeqCst)),
            global: self.global.load(Ordering::SeqCst),
        }
    }

    /// Where the epochs of a key are.
    pub(super) fn place(key: &RecordKey) -> Place {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        // INVARIANT: below SHARDS, so it fits and there is such a shard.
        Place(usize::try_from(hasher.finish() % SHARDS as u64).unwrap_or(0))
    }

    /// The record changed: what was loaded of it before is out of date.
    pub fn forget(&self, key: &RecordKey) {
        if let Some(shard) = self.shards.get(Self::place(key).0) {
            shard.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Anything may have changed.
    pub fn forget_all(&self) {
        self.global.fetch_add(1, Ordering::SeqCst);
    }

    /// The feed is on at `ticks`, and all that it had told until then was taken. From the first time on, silence is a
    /// break: a process that was stopped, a machine that slept, a feed whose task is stuck say nothing when they break.
    pub fn heard(&self, ticks: u64) {
        if self.lost_at().is_some() {
            // That it is on again went unheard.
            self.restored();
        }
        self.heard_at.store(ticks.min(NEVER - 1), Ordering::SeqCst);
    }

    /// It is known at `ticks` that the feed broke: after it was last heard of. An earlier break stands.
    pub fn lost(&self, ticks: u64) {
        let since = ticks.min(NEVER - 1).min(self.heard_at.load(Ordering::SeqCst));
        let _ = self.lost_at.compare_exchange(NEVER, since, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// The feed is on again: everything from before is dropped.
    pub fn restored(&self) {
        self.forget_all();
        self.lost_at.store(NEVER, Ordering::SeqCst);
    }

    /// The same at a known moment.
    pub fn restored_at(&self, ticks: u64) {
        self.restored();
        if self.heard_at.load(Ordering::SeqCst) != NEVER {
            self.heard(ticks);
        }
    }

    /// When the feed broke, if it is off.
    pub fn lost_at(&self) -> Option<u64> {
        Some(self.lost_at.load(Ordering::SeqCst)).filter(|ticks| *ticks != NEVER)
    }

    /// Whether what was cached may be served at `ticks`: the feed is on, or was for the last time less than the grace
    /// ago (security rule 22).
    pub fn is_trusted(&self, ticks: u64, grace_nanos: u64) -> bool {
        match (self.lost_at(), self.heard_at.load(Ordering::SeqCst)) {
            (Some(since), _) => ticks.saturating_sub(since) < grace_nanos,
            (None, NEVER) => true,
            (None, heard) => ticks.saturating_sub(heard) < grace_nanos.max(SILENCE_NANOS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_22_a_stamp_from_before_a_change_never_compares_equal_after_it() {
        let epochs = Epochs::default();
        let key = RecordKey::bucket("b");
        let before = epochs.stamp(&key);
        assert_eq!(before, epochs.stamp(&key));
        epochs.forget(&key);
        assert_ne!(before, epochs.stamp(&key));
        let before = epochs.stamp(&key);
        epochs.lost(5);
        epochs.lost(9);
        assert_eq!((epochs.lost_at(), epochs.stamp(&key)), (Some(5), before));
        epochs.restored();
        assert_eq!(epochs.lost_at(), None);
        assert_ne!(before, epochs.stamp(&key));
    }

    #[test]
    fn rule_22_the_grace_counts_from_when_the_feed_was_last_heard_of() {
        const SECOND: u64 = 1_000_000_000;
        let epochs = Epochs::default();
        let trusted = |second: u64| epochs.is_trusted(second * SECOND, 60 * SECOND);
        assert!(trusted(1_000_000), "a feed that never says so is on until it is lost");
        epochs.heard(10 * SECOND);
        // The process was stopped, and nobody has noticed yet.
        assert!(trusted(69) && !trusted(70));
        epochs.lost(70 * SECOND);
        assert!(trusted(69) && !trusted(70), "the break is not from when it was noticed");
        epochs.restored_at(80 * SECOND);
        assert!(trusted(139) && !trusted(140));
        // Without any grace, a feed that is on is given its time.
        assert!(epochs.is_trusted(84 * SECOND, 0) && !epochs.is_trusted(85 * SECOND, 0));
        epochs.lost(81 * SECOND);
        assert!(!epochs.is_trusted(81 * SECOND, 0));
    }

    #[test]
    fn rule_22_a_feed_that_is_heard_of_is_on_and_what_is_from_before_is_dropped() {
        let epochs = Epochs::default();
        epochs.lost(5);
        let before = epochs.stamp(&RecordKey::bucket("b"));
        epochs.heard(9);
        assert_eq!(epochs.lost_at(), None);
        let after = epochs.stamp(&RecordKey::bucket("b"));
        assert_ne!(before, after);
        epochs.heard(10);
        assert_eq!(after, epochs.stamp(&RecordKey::bucket("b")), "nothing is dropped while it is on");
    }
}
