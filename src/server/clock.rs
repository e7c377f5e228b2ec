//! The one place that reads the system's clocks and its generator of randomness.

use crate::types::{Clock, Entropy, Timestamp};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The system's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = clock_gettime(ClockId::Realtime);
        Timestamp::from_millis(now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000))
    }

    /// The boot-time clock: it goes on while the machine sleeps, so that a grace does not outlast a nap
    /// (security rule 22).
    fn ticks(&self) -> u64 {
        let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::Boottime);
        let nanos = tv_sec.saturating_mul(1_000_000_000).saturating_add(tv_nsec);
        u64::try_from(nanos).unwrap_or(0)
    }
}

/// The system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // There is no safe way on without randomness: keys and nonces would be known.
        if getrandom::fill(buffer).is_err() {
            std::process::abort();
        }
    }
}
