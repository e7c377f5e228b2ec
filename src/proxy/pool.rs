//! Connections to the backend that wait for their next request.

use crate::types::Clock;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Unused connections, the last used at the end. Each is kept for a time and closed then.
pub(super) struct Pool<T> {
    parked: Mutex<Parked<T>>,
    clock: Arc<dyn Clock>,
    lifetime: Duration,
    most: usize,
}

struct Parked<T> {
    /// Each with the ticks since when it is here.
    list: VecDeque<(u64, T)>,
    /// Whether somebody looks after those that get too old.
    swept: bool,
}

impl<T: Send + 'static> Pool<T> {
    /// A pool of at most so many, each for at most so long.
    pub(super) fn new(most: usize, lifetime: Duration, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { parked: Mutex::new(Parked { list: VecDeque::new(), swept: false }), clock, lifetime, most })
    }

    fn is_old(&self, since: u64, now: u64) -> bool {
        Duration::from_nanos(now.saturating_sub(since)) >= self.lifetime
    }

    fn parked(&self) -> MutexGuard<'_, Parked<T>> {
        // Nothing is done under the lock that could leave it half done.
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that was used last, if it is young enough.
    pub(super) fn take(&self) -> Option<T> {
        let (since, connection) = self.parked().list.pop_back()?;
        (!self.is_old(since, self.clock.ticks())).then_some(connection)
    }

    /// Keeps one. True: somebody must begin to sweep.
    fn park(&self, connection: T) -> bool {
        let now = self.clock.ticks();
        let mut parked = self.parked();
        parked.list.push_back((now, connection));
        let surplus = if parked.list.len() > self.most { parked.list.pop_front() } else { None };
        let begin = !std::mem::replace(&mut parked.swept, true);
        drop(parked);
        // Closed outside the lock.
        drop(surplus);
        begin
    }

    /// Keeps one, on the runtime that reads from it.
    pub(super) fn put(self: &Arc<Self>, connection: T) {
        if self.park(connection) {
            let pool = Arc::clone(self);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(pool.lifetime).await;
                    if pool.sweep() {
                        return;
                    }
                }
            });
        }
    }

    /// Closes those that are too old. True: none is left.
    fn sweep(&self) -> bool {
        let now = self.clock.ticks();
        let mut old = Vec::new();
        let mut parked = self.parked();
        while let Some((since, _)) = parked.list.front()
            && self.is_old(*since, now)
        {
            old.extend(parked.list.pop_front());
        }
        parked.swept = !parked.list.is_empty();
        let done = !parked.swept;
        drop(parked);
        drop(old);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Timestamp;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A clock in seconds.
    #[derive(Default)]
    struct Seconds(AtomicU64);

    impl Clock for Seconds {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(0)
        }

        fn ticks(&self) -> u64 {
            self.0.load(Ordering::Relaxed) * 1_000_000_000
        }
    }

    fn pool(most: usize) -> (Arc<Pool<u8>>, Arc<Seconds>) {
        let clock = Arc::new(Seconds::default());
        (Pool::new(most, Duration::from_secs(10), Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    #[test]
    fn the_last_used_comes_first_and_old_ones_never() {
        let (pool, clock) = pool(2);
        for (second, number) in [(0, 1), (1, 2), (2, 3)] {
            clock.0.store(second, Ordering::Relaxed);
            pool.park(number);
        }
        assert_eq!(pool.take(), Some(3));
        clock.0.store(11, Ordering::Relaxed);
        assert_eq!(pool.take(), None, "2 is 10 seconds old, and 1 was one too many");
        assert_eq!(pool.take(), None);
    }

    #[test]
    fn sweeping_closes_the_old_and_ends_with_the_last() {
        let (pool, clock) = pool(9);
        assert!(pool.park(1));
        clock.0.store(5, Ordering::Relaxed);
        assert!(!pool.park(2));
        clock.0.store(10, Ordering::Relaxed);
        assert!(!pool.sweep());
        assert_eq!(pool.parked().list.len(), 1);
        clock.0.store(15, Ordering::Relaxed);
        assert!(pool.sweep());
        assert!(pool.park(3), "the next one needs a sweeper again");
    }
}
