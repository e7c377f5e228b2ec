//! One thread that owns one log, fed with finished lines through a bounded buffer.
//!
//! A sender appends its line under a lock that is held for that copy alone, and wakes the thread only where it has
//! gone to sleep for want of lines. While lines keep coming, the thread takes them all every [`GATHER`]; every
//! [`ROUNDS_UNSYNCED`] rounds, and as soon as none came in a round, it makes them lasting.

use prometheus::IntCounter;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long the thread lets lines gather after it has written some.
const GATHER: Duration = Duration::from_millis(10);

/// So many rounds of writing may pass before what was written is made lasting: a tenth of a second.
const ROUNDS_UNSYNCED: u32 = 10;

/// Bytes that may wait for a log, however few lines they are.
const WAITING_BYTES: usize = 32 << 20;

/// A buffer that has grown beyond this is given back.
const KEPT_BYTES: usize = 4 << 20;

/// A log as its thread sees it.
pub(super) trait Log: Send + 'static {
    /// Brings lines out.
    fn write(&mut self, lines: &Lines) -> io::Result<()>;

    /// Makes what was written lasting, where the log promises that.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whole lines, each with its line break.
#[derive(Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Lines {
    /// All lines as one text.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The lines one by one, with their line breaks.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.bytes.get(start..*end))
    }

    /// Appends a line that ends with its line break.
    pub(super) fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn has_room(&self, capacity: usize, more: usize) -> bool {
        self.len() < capacity && (self.bytes.is_empty() || self.bytes.len().saturating_add(more) <= WAITING_BYTES)
    }

    /// Less than a quarter of the room is left.
    fn is_nearly_full(&self, capacity: usize) -> bool {
        self.len() > capacity.saturating_sub(capacity / 4) || self.bytes.len() > WAITING_BYTES - WAITING_BYTES / 4
    }

    fn clear(&mut self) {
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        self.ends.clear();
    }
}

/// The sending end.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    capacity: usize,
    queue: Mutex<Queue>,
    /// The thread waits here for lines, or for its next round.
    work: Condvar,
    /// Those who flush wait here.
    done: Condvar,
    failed: AtomicBool,
    nearly_full: AtomicBool,
    dropped: IntCounter,
}

#[derive(Default)]
struct Queue {
    lines: Lines,
    /// The thread waits for its first line, and is to be woken.
    asleep: bool,
    ended: bool,
    /// How many flushes were asked for, and how many of them are done.
    flushes: u64,
    flushed: u64,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Starts the thread. At most `capacity` lines wait; those beyond are counted in `dropped`.
    pub(super) fn start(name: &str, capacity: usize, dropped: IntCounter, log: impl Log) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            capacity,
            queue: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
            failed: AtomicBool::new(false),
            nearly_full: AtomicBool::new(false),
            dropped,
        });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || run(&theirs, log))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Hands over a line (with its line break), or drops and counts it; says which. Waits for no log.
    pub(super) fn send(&self, line: &[u8]) -> bool {
        let mut queue = self.shared.queue();
        if !queue.lines.has_room(self.shared.capacity, line.len()) {
            drop(queue);
            self.shared.dropped.inc();
            return false;
        }
        queue.lines.push(line);
        if queue.lines.is_nearly_full(self.shared.capacity) {
            self.shared.nearly_full.store(true, Ordering::Relaxed);
        }
        let asleep = std::mem::take(&mut queue.asleep);
        drop(queue);
        if asleep {
            self.shared.work.notify_one();
        }
        true
    }

    /// Whether the last write went well and there is room for more lines (a quarter of the whole).
    pub(super) fn is_keeping_up(&self) -> bool {
        !self.shared.failed.load(Ordering::Relaxed) && !self.shared.nearly_full.load(Ordering::Relaxed)
    }

    /// Waits until all that was sent before is written and lasting.
    pub(super) fn flush(&self) {
        let mut queue = self.shared.queue();
        queue.flushes += 1;
        let mine = queue.flushes;
        self.shared.work.notify_one();
        while queue.flushed < mine {
            // A thread that is gone has taken with it all that could be waited for.
            if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return;
            }
            queue = self.shared.done.wait_timeout(queue, GATHER).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread writes what waits, and ends.
        self.shared.queue().ended = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, mut log: impl Log) {
    let mut lines = Lines::default();
    // Rounds since the first line that is written and not yet lasting.
    let mut unsynced: Option<u32> = None;
    loop {
        let mut queue = shared.queue();
        while unsynced.is_none() && queue.lines.len() == 0 && !queue.ended && queue.flushes == queue.flushed {
            queue.asleep = true;
            queue = shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.asleep = false;
        std::mem::swap(&mut lines, &mut queue.lines);
        let (ended, flushes, flushed) = (queue.ended, queue.flushes, queue.flushed);
        shared.nearly_full.store(false, Ordering::Relaxed);
        drop(queue);

        let count = lines.len();
        let now = ended || flushes != flushed;
        let mut result = Ok(());
        if count > 0 {
            result = log.write(&lines);
            lines.clear();
            unsynced = Some(unsynced.map_or(1, |rounds| rounds.saturating_add(1)));
        }
        // After a failure each round is made lasting, so that a write alone does not count as recovery.
        let failed = shared.failed.load(Ordering::Relaxed) || result.is_err();
        let mut synced = false;
        if unsynced.is_some_and(|rounds| now || failed || count == 0 || rounds >= ROUNDS_UNSYNCED) {
            result = result.and(log.sync());
            unsynced = None;
            synced = true;
        }
        // Where nothing was done, nothing is learnt about the log.
        if count > 0 || synced {
            note(result, count as u64, shared);
        }
        let mut queue = shared.queue();
        if queue.flushed != flushes {
            queue.flushed = flushes;
            shared.done.notify_all();
        }
        if ended {
            return;
        }
        if count > 0 && !queue.ended && queue.flushes == flushes {
            drop(shared.work.wait_timeout(queue, GATHER));
        }
    }
}

/// Counts lines that could not be written (the whole round, though some may have come out), and says once when a log
/// cannot be written, and once when it can again.
fn note(result: io::Result<()>, lines: u64, shared: &Shared) {
    let failed = result.is_err();
    if failed {
        shared.dropped.inc_by(lines);
    }
    if shared.failed.swap(failed, Ordering::Relaxed) == failed {
        return;
    }
    match result {
        Err(error) => tracing::error!(%error, "a log cannot be written; its lines are lost"),
        Ok(()) => tracing::info!("the log can be written again"),
    }
}
