//! The one place that reads the system's clocks and its generator of randomness.

use crate::types::{Clock, Entropy, Timestamp};
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::cell::RefCell;
use zeroize::Zeroize;

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

/// Bytes that a thread draws at a time.
const DRAWN: usize = 1024;

/// The system's generator, drawn from by the block: for the ids of requests, which are not secret. Each byte is given
/// once, and erased then. Keys and tokens are made from [`SystemEntropy`].
#[derive(Debug, Clone, Copy, Default)]
pub struct DrawnEntropy;

/// What a thread has drawn and not yet given.
struct Drawn {
    bytes: [u8; DRAWN],
    left: usize,
}

thread_local! {
    static DRAWN_BYTES: RefCell<Drawn> = const { RefCell::new(Drawn { bytes: [0; DRAWN], left: 0 }) };
}

impl Entropy for DrawnEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if buffer.len() > DRAWN {
            return SystemEntropy.fill(buffer);
        }
        DRAWN_BYTES.with_borrow_mut(|drawn| {
            if drawn.left < buffer.len() {
                SystemEntropy.fill(&mut drawn.bytes);
                drawn.left = DRAWN;
            }
            let start = drawn.left.saturating_sub(buffer.len());
            // INVARIANT: there is that much, by what was just drawn.
            if let Some(given) = drawn.bytes.get_mut(start..drawn.left) {
                buffer.copy_from_slice(given);
                given.zeroize();
            }
            drawn.left = start;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_byte_that_was_drawn_is_given_twice() {
        let draw = |length: usize| {
            let mut bytes = vec![0; length];
            DrawnEntropy.fill(&mut bytes);
            bytes
        };
        let lengths = [8, 16, 8, 100, 1000, 1024, 8, 4096, 24];
        let seen: BTreeSet<Vec<u8>> = (0..20).flat_map(|_| lengths.map(draw)).collect();
        assert_eq!(seen.len(), 20 * lengths.len());
        assert!(seen.iter().all(|bytes| bytes.iter().any(|byte| *byte != 0)));
        assert!(draw(0).is_empty());
    }
}
