//! What the caches were asked for last, where a hit costs neither a lock nor an allocation.
//!
//! A front only remembers: whoever asks it judges by himself whether what it remembers still holds. Two names that meet
//! in one place push each other out, which costs a lookup in the cache behind and nothing else.

use arc_swap::ArcSwapOption;
use foldhash::fast::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Places of a front, at most.
const PLACES: u64 = 4096;

/// Places that are looked at each time something is remembered, so that nothing stays for ever.
const SWEPT: usize = 4;

/// Entries of type `E`, by a hash of their names.
pub(super) struct Front<E> {
    places: Box<[ArcSwapOption<E>]>,
    /// Seeded at random: nobody outside can choose names that meet.
    hasher: RandomState,
    /// Where the next look for what may be let go begins.
    hand: AtomicUsize,
}

impl<E> Front<E> {
    /// An empty front for a cache of so many entries.
    pub(super) fn new(max_entries: u64) -> Self {
        let places = max_entries.clamp(2, PLACES).next_power_of_two();
        Self {
            places: (0..places).map(|_| ArcSwapOption::empty()).collect(),
            hasher: RandomState::default(),
            hand: AtomicUsize::new(0),
        }
    }

    /// What `pick` makes of an entry at one of the two places of `name`: the first that is not None.
    pub(super) fn find<R>(&self, name: impl Hash, pick: impl Fn(&E) -> Option<R>) -> Option<R> {
        let [one, other] = self.places_of(name);
        let look = |place: Option<&ArcSwapOption<E>>| place?.load().as_deref().and_then(&pick);
        look(one).or_else(|| look(other))
    }

    /// Remembers an entry under `name`. It takes the place of one that `is_worse` (of the same name, or one that does
    /// not hold any more), or an empty place, or else any. Some others that are `is_worse` are let go, a few each time.
    pub(super) fn remember(&self, name: impl Hash, entry: E, is_worse: impl Fn(&E) -> bool) {
        let places = self.places_of(name);
        let find = |wanted: &dyn Fn(Option<&E>) -> bool| {
            places.into_iter().flatten().find(|place| wanted(place.load().as_deref()))
        };
        let place = find(&|entry| entry.is_some_and(&is_worse)).or_else(|| find(&|entry| entry.is_none()));
        if let Some(place) = place.or(places[0]) {
            place.store(Some(Arc::new(entry)));
        }
        let from = self.hand.fetch_add(SWEPT, Ordering::Relaxed);
        for at in from..from.saturating_add(SWEPT) {
            let swept = self.places.get(at & self.mask());
            let gone = |place: &&ArcSwapOption<E>| {
                let there = place.load();
                let is_new = places.into_iter().flatten().any(|own| std::ptr::eq(own, *place));
                !is_new && there.as_deref().is_some_and(&is_worse)
            };
            if let Some(place) = swept.filter(gone) {
                // Whatever came there in between is loaded again, and no more.
                place.store(None);
            }
        }
    }

    /// INVARIANT: the number of places is a power of two.
    fn mask(&self) -> usize {
        self.places.len().saturating_sub(1)
    }

    fn places_of(&self, name: impl Hash) -> [Option<&ArcSwapOption<E>>; 2] {
        let hash = self.hasher.hash_one(name);
        let mask = self.mask();
        let place = |hash: u64| usize::try_from(hash & 0xffff_ffff).ok().and_then(|at| self.places.get(at & mask));
        [place(hash), place(hash >> 32)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_found_until_others_take_its_places() {
        let front = Front::new(4);
        let is = |wanted: u32| move |entry: &u32| (*entry == wanted).then_some(wanted);
        assert_eq!(front.find(7, is(7)), None);
        front.remember(7, 7, |_| false);
        assert_eq!(front.find(7, is(7)), Some(7));
        for number in 8..200 {
            front.remember(number, number, |_| false);
            assert_eq!(front.find(number, is(number)), Some(number));
        }
        assert_eq!(front.find(7, is(7)), None);
    }

    #[test]
    fn what_does_not_hold_any_more_is_let_go() {
        let front = Front::new(64);
        let entries: Vec<Arc<u32>> = (0..16).map(Arc::new).collect();
        entries.iter().for_each(|entry| front.remember(**entry, Arc::clone(entry), |_| false));
        for number in 100..132u32 {
            front.remember(number, Arc::new(number), |entry| **entry < 100);
        }
        assert!(entries.iter().all(|entry| Arc::strong_count(entry) == 1));
    }
}
