//! Noting when keys and roles are used, after verification only (security rule 29).

use crate::entity::LastUsed;
use crate::types::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};

/// Keeps what it is told until it is written down. Called on the way of requests: it must not wait.
pub trait LastUsedRecorder: Send + Sync {
    /// A verified request used this.
    fn used(&self, used: LastUsed);
}

/// Forgets what it is told.
impl LastUsedRecorder for () {
    fn used(&self, _used: LastUsed) {}
}

/// The minute in which a credential was last noted, so that a busy one is noted once a minute.
#[derive(Debug)]
pub struct UseMark(AtomicI64);

impl Default for UseMark {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl UseMark {
    /// Whether this is the first use in its minute.
    pub fn is_news(&self, now: Timestamp) -> bool {
        let minute = now.seconds().div_euclid(60);
        self.0.load(Ordering::Relaxed) != minute && self.0.swap(minute, Ordering::Relaxed) != minute
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_news_once_a_minute() {
        let mark = UseMark::default();
        let at = |seconds| mark.is_news(Timestamp::from_seconds(seconds));
        assert!(at(0) && !at(0) && !at(59) && at(60) && !at(119) && at(-1));
    }
}
