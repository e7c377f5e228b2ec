//! How fast a client must send its body.

use std::time::Duration;

/// Time that may be spent on waiting for a sender: a grace at first, less with every wait, more with every byte, never
/// more than the grace. Only waiting counts: a body that is held up on its way to the backend is not its sender's
/// fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pace {
    rate: u64,
    grace: Duration,
    credit: Duration,
}

impl Pace {
    /// `rate` bytes a second; 0 asks for nothing but that no single wait is longer than the grace.
    pub(super) fn new(rate: u64, grace: Duration) -> Self {
        Self { rate, grace, credit: grace }
    }

    /// How long the next wait may be.
    pub(super) fn patience(&self) -> Duration {
        self.credit
    }

    /// After so long a wait so many bytes came.
    pub(super) fn came(&mut self, waited: Duration, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let worth = match bytes.saturating_mul(1_000_000).checked_div(self.rate) {
            Some(micros) => Duration::from_micros(micros),
            None => self.grace,
        };
        self.credit = self.credit.saturating_sub(waited).saturating_add(worth).min(self.grace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_trickle_uses_up_its_grace() {
        let mut pace = Pace::new(10, 3 * SECOND);
        assert_eq!(pace.patience(), 3 * SECOND);
        for _ in 0..3 {
            pace.came(SECOND, 1);
        }
        assert_eq!(pace.patience(), SECOND * 3 / 10);
        pace.came(SECOND, 0);
        assert_eq!(pace.patience(), Duration::ZERO);
    }

    #[test]
    fn who_sends_enough_may_pause_for_the_grace_and_saves_nothing_up() {
        let mut pace = Pace::new(10, 3 * SECOND);
        for _ in 0..100 {
            pace.came(SECOND, 10);
            assert_eq!(pace.patience(), 3 * SECOND);
        }
        pace.came(Duration::ZERO, 1 << 30);
        assert_eq!(pace.patience(), 3 * SECOND);
        pace.came(2 * SECOND, 5);
        assert_eq!(pace.patience(), SECOND * 3 / 2);
    }

    #[test]
    fn no_rate_asks_for_nothing() {
        let mut pace = Pace::new(0, SECOND);
        pace.came(9 * SECOND, 1);
        assert_eq!(pace.patience(), SECOND);
    }
}
