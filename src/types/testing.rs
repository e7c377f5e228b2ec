//! Randomness for tests, here and wherever else something is made with it.

use super::Entropy;
use std::sync::atomic::{AtomicU64, Ordering};

/// Never the same twice, the same in every run, and no secret.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// One that begins elsewhere than another, so that the two make different things.
    pub(crate) fn starting_at(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}
