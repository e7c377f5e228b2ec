//! Limits of waits.
//!
//! What is done at once, as most reads and writes are, sets no timer and reads no clock.

use crate::types::Clock;
use pingora::time::fast_timeout::FastOrTokioTimeout;
use pingora::time::{Timeout, timeout};
use std::future::{Future, Pending, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overdue;

type Timer = Timeout<Pending<()>, FastOrTokioTimeout>;

fn timer(limit: Duration) -> Timer {
    timeout(limit, pending())
}

/// Does the work if it takes no longer than the limit.
pub(super) async fn within<F: Future>(limit: Duration, work: F) -> Result<F::Output, Overdue> {
    let mut work = pin!(work);
    let mut set = None;
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Ok(done)),
        Poll::Pending => Pin::new(set.get_or_insert_with(|| timer(limit))).poll(cx).map(|_| Err(Overdue)),
    })
    .await
}

/// A timer that is kept from one wait to the next: setting one costs more than most waits do otherwise. It may ring
/// too soon for the wait that it rings in, and is set again then.
pub(super) struct Alarm {
    clock: Arc<dyn Clock>,
    /// When it rings, in ticks.
    set: Option<(u64, Timer)>,
}

impl Alarm {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, set: None }
    }

    /// [`within`], with this timer.
    pub(super) async fn within<F: Future>(&mut self, limit: Duration, work: F) -> Result<F::Output, Overdue> {
        let mut work = pin!(work);
        let mut end = None;
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Ok(done)),
            Poll::Pending => {
                let nanos = || u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
                let end = *end.get_or_insert_with(|| self.clock.ticks().saturating_add(nanos()));
                self.poll_until(cx, end).map(|()| Err(Overdue))
            }
        })
        .await
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, end: u64) -> Poll<()> {
        // INVARIANT: it rings at the end or before.
        self.set.take_if(|(rings, _)| *rings > end);
        loop {
            let (_, timer) = match &mut self.set {
                Some(set) => set,
                None => match end.saturating_sub(self.clock.ticks()) {
                    0 => return Poll::Ready(()),
                    left => self.set.insert((end, timer(Duration::from_nanos(left)))),
                },
            };
            // What it times never ends, so this is the end of the time.
            let _ = ready!(Pin::new(timer).poll(cx));
            self.set = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Timestamp;
    use std::future::ready;
    use tokio::time::{Instant, sleep};

    const MOMENT: Duration = Duration::from_millis(40);
    const LONG: Duration = Duration::from_secs(60);
    /// The timers' resolution, downwards.
    const EARLY: Duration = Duration::from_millis(1);

    struct Running(Instant);

    impl Clock for Running {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(0)
        }

        fn ticks(&self) -> u64 {
            self.0.elapsed().as_nanos().try_into().unwrap()
        }
    }

    fn alarm() -> Alarm {
        Alarm::new(Arc::new(Running(Instant::now())))
    }

    #[tokio::test]
    async fn a_wait_ends_with_its_work_or_its_time() {
        assert_eq!(within(Duration::ZERO, ready(7)).await, Ok(7));
        assert_eq!(within(LONG, sleep(MOMENT)).await, Ok(()));
        let begun = Instant::now();
        assert_eq!(within(MOMENT, pending::<()>()).await, Err(Overdue));
        assert!(begun.elapsed() >= MOMENT - EARLY);
    }

    #[tokio::test]
    async fn work_that_is_done_at_once_sets_no_alarm() {
        let mut alarm = alarm();
        assert_eq!(alarm.within(MOMENT, ready(7)).await, Ok(7));
        assert!(alarm.set.is_none());
    }

    #[tokio::test]
    async fn each_wait_has_its_whole_time_whenever_the_alarm_was_set() {
        let mut alarm = alarm();
        // The first alarm rings in the third wait. Far enough from the ends of both for a machine that is busy.
        let limit = 12 * MOMENT;
        for _ in 0..3 {
            assert_eq!(alarm.within(limit, sleep(5 * MOMENT)).await, Ok(()));
        }
        let begun = Instant::now();
        assert_eq!(alarm.within(limit, pending::<()>()).await, Err(Overdue));
        assert!(begun.elapsed() >= limit);
        assert_eq!(alarm.within(LONG, sleep(3 * MOMENT)).await, Ok(()));
    }

    #[tokio::test]
    async fn an_alarm_that_would_ring_too_late_is_set_anew() {
        let mut alarm = alarm();
        assert_eq!(alarm.within(LONG, sleep(MOMENT)).await, Ok(()));
        let begun = Instant::now();
        assert_eq!(alarm.within(MOMENT, pending::<()>()).await, Err(Overdue));
        assert!(begun.elapsed() >= MOMENT && begun.elapsed() < LONG / 2);
    }
}
