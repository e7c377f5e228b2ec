//! Invalidation epochs: which cached entries are from before a change.

use crate::store::RecordKey;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

/// Shards of the epoch table. A change puts out of date its own key and those that share its shard.
const SHARDS: usize = 1024;

/// The feed is on.
const ON: u64 = u64::MAX;

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
    lost_at: AtomicU64,
}

impl Default for Epochs {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| AtomicU64::new(0)).collect(),
            global: AtomicU64::new(0),
            lost_at: AtomicU64::new(ON),
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

    /// The feed broke at `ticks`; an earlier break stands.
    pub fn lost(&self, ticks: u64) {
        let _ = self.lost_at.compare_exchange(ON, ticks.min(ON - 1), Ordering::SeqCst, Ordering::SeqCst);
    }

    /// The feed is on again: everything from before is dropped.
    pub fn restored(&self) {
        self.forget_all();
        self.lost_at.store(ON, Ordering::SeqCst);
    }

    /// When the feed broke, if it is off.
    pub fn lost_at(&self) -> Option<u64> {
        Some(self.lost_at.load(Ordering::SeqCst)).filter(|ticks| *ticks != ON)
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
}
