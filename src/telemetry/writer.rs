//! One thread that owns one log, fed by a bounded channel.

use prometheus::IntCounter;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long the thread lets records gather after it has written some. Without it every request would wake the thread
/// and cost a write of its own; a sender need not wake a thread that sleeps.
const GATHER: Duration = Duration::from_millis(1);

/// A log as its thread sees it.
pub(super) trait Log<T>: Send + 'static {
    /// Writes one record; it may stay in a buffer until [`Log::settle`].
    fn write(&mut self, record: T) -> io::Result<()>;

    /// Brings all buffered lines out. Called whenever nothing more waits.
    fn settle(&mut self) -> io::Result<()>;

    /// Brings out what is still being counted. Called when somebody waits for the log, as at the end of the process.
    fn sum_up(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Message<T> {
    Record(T),
    Flush(SyncSender<()>),
}

/// The sending end.
pub(super) struct Writer<T: Send + 'static> {
    sender: Option<SyncSender<Message<T>>>,
    state: Arc<State>,
    capacity: usize,
    thread: Option<JoinHandle<()>>,
}

struct State {
    waiting: AtomicUsize,
    failed: AtomicBool,
    dropped: IntCounter,
}

impl<T: Send + 'static> Writer<T> {
    /// Starts the thread. At most `capacity` records wait; those beyond are counted in `dropped`.
    pub(super) fn start(name: &str, capacity: usize, dropped: IntCounter, log: impl Log<T>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(capacity);
        let state = Arc::new(State { waiting: AtomicUsize::new(0), failed: AtomicBool::new(false), dropped });
        let theirs = Arc::clone(&state);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || run(&receiver, log, &theirs))?;
        Ok(Self { sender: Some(sender), state, capacity, thread: Some(thread) })
    }

    /// Hands over a record, or drops and counts it. Never blocks.
    pub(super) fn send(&self, record: T) {
        let Some(sender) = &self.sender else { return };
        self.state.waiting.fetch_add(1, Ordering::Relaxed);
        match sender.try_send(Message::Record(record)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.state.waiting.fetch_sub(1, Ordering::Relaxed);
                self.state.dropped.inc();
            }
        }
    }

    /// Whether the last write went well and the queue has room (a quarter of it).
    pub(super) fn is_keeping_up(&self) -> bool {
        let limit = self.capacity.saturating_sub(self.capacity / 4);
        !self.state.failed.load(Ordering::Relaxed) && self.state.waiting.load(Ordering::Relaxed) <= limit
    }

    /// Waits until all that was sent before is written.
    pub(super) fn flush(&self) {
        let (done, wait) = sync_channel(1);
        let sent = self.sender.as_ref().is_some_and(|sender| sender.send(Message::Flush(done)).is_ok());
        if sent {
            // An error means that the thread is gone, and with it all that could be waited for.
            let _ = wait.recv();
        }
    }
}

impl<T: Send + 'static> Drop for Writer<T> {
    fn drop(&mut self) {
        // Without a sender the thread writes what waits, and ends.
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run<T>(receiver: &Receiver<Message<T>>, mut log: impl Log<T>, state: &State) {
    let mut ended = false;
    while !ended {
        let mut flushed = Vec::new();
        let mut batch: u64 = 0;
        let mut result = Ok(());
        let mut next = receiver.recv().map_err(|_| TryRecvError::Disconnected);
        loop {
            match next {
                Ok(Message::Record(record)) => {
                    state.waiting.fetch_sub(1, Ordering::Relaxed);
                    batch = batch.saturating_add(1);
                    // Evaluated whatever came before: the lines after a bad one are written if they can be.
                    let written = log.write(record);
                    result = result.and(written);
                }
                Ok(Message::Flush(done)) => flushed.push(done),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    ended = true;
                    break;
                }
            }
            next = receiver.try_recv();
        }
        // Without a record there was nothing to write, so nothing is learnt about the log.
        if batch > 0 {
            let settled = log.settle();
            note(result.and(settled), batch, state);
        }
        if !flushed.is_empty()
            && let Err(error) = log.sum_up()
        {
            tracing::error!(%error, "the sums at the end of a log cannot be written");
        }
        for done in flushed {
            // Whoever waited may have gone.
            let _ = done.send(());
        }
        if batch > 0 && !ended {
            std::thread::sleep(GATHER);
        }
    }
}

/// Counts a batch that could not be written (all of it, though some lines may have come out), and says once when a
/// log cannot be written, and once when it can again.
fn note(result: io::Result<()>, batch: u64, state: &State) {
    let failed = result.is_err();
    if failed {
        state.dropped.inc_by(batch);
    }
    if state.failed.swap(failed, Ordering::Relaxed) == failed {
        return;
    }
    match result {
        Err(error) => tracing::error!(%error, "a log cannot be written; its lines are lost"),
        Ok(()) => tracing::info!("the log can be written again"),
    }
}
