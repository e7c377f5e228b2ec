//! What is remembered of one provider: its keys, its last failure, and what strangers may still cost it.

use super::Error;
use crate::gateway::WebKeysError;
use crate::token::jwt::KeySet;
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Nanoseconds of a second.
pub(super) const SECOND: u64 = 1_000_000_000;
/// After a failure a provider is left alone for so long.
const PAUSE: u64 = 10 * SECOND;
/// Fetches because of unknown keys: so many in quick sequence,
const BUDGET: u64 = 10;
/// and another one whenever this has passed,
const REFILL: u64 = 60 * SECOND;
/// but never one sooner than this after the one before.
const DISTANCE: u64 = 10 * SECOND;
/// The same failure of the same provider is logged once in this time.
const LOG_DISTANCE: u64 = 60 * SECOND;

/// Keys and when they were fetched.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) keys: Arc<KeySet>,
    /// On the clock of ticks, before the fetch began.
    pub(super) fetched: u64,
}

/// One account's provider with one list of thumbprints.
#[derive(Default)]
pub(super) struct Entry {
    /// Read without a lock.
    pub(super) held: ArcSwapOption<Held>,
    /// Held by the one fetch that goes on.
    pub(super) flight: Arc<Mutex<Tally>>,
}

/// What decides whether a fetch may be.
#[derive(Debug, Default)]
pub(super) struct Tally {
    failure: Option<(u64, WebKeysError)>,
    budget: Budget,
    logged: Option<(u64, Error)>,
}

impl Tally {
    /// The failure because of which the provider is left alone now.
    pub(super) fn paused(&self, now: u64) -> Option<WebKeysError> {
        self.failure.filter(|(at, _)| now.saturating_sub(*at) < PAUSE).map(|(_, error)| error)
    }

    /// Whether there may be a fetch because of an unknown key; if so it is counted.
    pub(super) fn may_look_again(&mut self, now: u64) -> bool {
        self.budget.take(now)
    }

    pub(super) fn succeeded(&mut self) {
        self.failure = None;
        self.logged = None;
    }

    /// Notes a failure; says whether it is to be logged.
    pub(super) fn failed(&mut self, now: u64, error: &Error) -> bool {
        self.failure = Some((now, error.answer()));
        let logged = self.logged.as_ref();
        let news = logged.is_none_or(|(at, known)| known != error || now.saturating_sub(*at) >= LOG_DISTANCE);
        if news {
            self.logged = Some((now, error.clone()));
        }
        news
    }
}

/// A bucket that fills again.
#[derive(Debug)]
struct Budget {
    left: u64,
    filled: u64,
    last: Option<u64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: BUDGET, filled: 0, last: None }
    }
}

impl Budget {
    fn take(&mut self, now: u64) -> bool {
        let more = now.saturating_sub(self.filled) / REFILL;
        // What has passed of the next refill is kept, unless the bucket is full.
        self.left = self.left.saturating_add(more).min(BUDGET);
        self.filled = if self.left == BUDGET { now } else { self.filled.saturating_add(more.saturating_mul(REFILL)) };
        let rested = self.last.is_none_or(|last| now.saturating_sub(last) >= DISTANCE);
        if !rested || self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.last = Some(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_26_strangers_have_a_budget() {
        let mut budget = Budget::default();
        let start = 5_000 * SECOND;
        let taken = |budget: &mut Budget, from: u64, to: u64| {
            (from..to).filter(|second| budget.take(start + second * SECOND)).collect::<Vec<_>>()
        };
        // Ten at once, ten seconds apart; then those of the refill.
        let first = taken(&mut budget, 0, 100);
        assert_eq!(first, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
        assert_eq!(taken(&mut budget, 100, 400), [100, 120, 180, 240, 300, 360]);
        assert_eq!(taken(&mut budget, 400, 4000).len(), 60, "one a minute");
        // A day of rest fills it, no more than to the brim.
        assert_eq!(taken(&mut budget, 90_000, 90_100).len(), 10);
        assert!(!budget.take(0), "a clock that went back gives nothing");
    }

    #[test]
    fn a_failure_is_logged_once_a_minute_and_when_it_is_another() {
        let mut tally = Tally::default();
        assert!(tally.failed(0, &Error::NotConnected) && !tally.failed(59 * SECOND, &Error::NotConnected));
        assert!(tally.failed(59 * SECOND, &Error::NotHttp) && !tally.failed(60 * SECOND, &Error::NotHttp));
        assert!(tally.failed(119 * SECOND, &Error::NotHttp));
        assert_eq!(tally.paused(128 * SECOND), Some(WebKeysError::Unreachable));
        assert_eq!(tally.paused(129 * SECOND), None);
        tally.succeeded();
        assert_eq!(tally.paused(120 * SECOND), None);
        assert!(tally.failed(120 * SECOND, &Error::NotHttp));
    }
}
