//! Connections to the backend that wait for their next request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Unused connections, the last used at the end. Each is kept for a time and closed then.
#[derive(Debug)]
pub(super) struct Pool<T> {
    parked: Mutex<Parked<T>>,
    lifetime: Duration,
    most: usize,
}

#[derive(Debug)]
struct Parked<T> {
    list: VecDeque<(Instant, T)>,
    /// Whether somebody looks after those that get too old.
    swept: bool,
}

impl<T: Send + 'static> Pool<T> {
    /// A pool of at most so many, each for at most so long.
    pub(super) fn new(most: usize, lifetime: Duration) -> Arc<Self> {
        Arc::new(Self { parked: Mutex::new(Parked { list: VecDeque::new(), swept: false }), lifetime, most })
    }

    fn parked(&self) -> MutexGuard<'_, Parked<T>> {
        // Nothing is done under the lock that could leave it half done.
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that was used last, if it is young enough.
    pub(super) fn take(&self, now: Instant) -> Option<T> {
        let (since, connection) = self.parked().list.pop_back()?;
        (now.saturating_duration_since(since) < self.lifetime).then_some(connection)
    }

    /// Keeps one. True: somebody must begin to sweep.
    fn park(&self, now: Instant, connection: T) -> bool {
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
    pub(super) fn put(self: &Arc<Self>, now: Instant, connection: T) {
        if self.park(now, connection) {
            let pool = Arc::clone(self);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(pool.lifetime).await;
                    if pool.sweep(Instant::now()) {
                        return;
                    }
                }
            });
        }
    }

    /// Closes those that are too old. True: none is left.
    fn sweep(&self, now: Instant) -> bool {
        let mut old = Vec::new();
        let mut parked = self.parked();
        while let Some((since, _)) = parked.list.front()
            && now.saturating_duration_since(*since) >= self.lifetime
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

    const LIFETIME: Duration = Duration::from_secs(10);

    #[test]
    fn the_last_used_comes_first_and_old_ones_never() {
        let pool = Pool::new(2, LIFETIME);
        let now = Instant::now();
        for (second, number) in [(0, 1), (1, 2), (2, 3)] {
            pool.park(now + Duration::from_secs(second), number);
        }
        assert_eq!(pool.take(now + Duration::from_secs(3)), Some(3));
        assert_eq!(pool.take(now + Duration::from_secs(11)), None, "2 is 10 seconds old, and 1 was one too many");
        assert_eq!(pool.take(now), None);
    }

    #[test]
    fn sweeping_closes_the_old_and_ends_with_the_last() {
        let pool = Pool::new(9, LIFETIME);
        let now = Instant::now();
        assert!(pool.park(now, 1) && !pool.park(now + LIFETIME / 2, 2));
        assert!(!pool.sweep(now + LIFETIME));
        assert_eq!(pool.parked().list.len(), 1);
        assert!(pool.sweep(now + LIFETIME * 2));
        assert!(pool.park(now, 3), "the next one needs a sweeper again");
    }
}
