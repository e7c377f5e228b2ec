//! Notices what other processes do to the file.

use super::files::FileId;
use super::{Inner, Notice};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

/// Within this time another process's change is noticed; DESIGN section 4 promises 100 ms.
const PERIOD: Duration = Duration::from_millis(25);
/// So many looks, and the feed says that it is on: every half second.
const LOOKS: u32 = 20;

/// The watching thread. It has ended, and its hold on the connections with it, when this is dropped: SQLite takes
/// `-wal` and `-shm` away with the last connection, and whoever opens the file next must not meet that.
pub(super) struct Watch {
    /// Never sent on: the thread ends when it is gone.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start(inner: Arc<Inner>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        // Read before the first caller can load anything, so that no later change is missed.
        let mut seen = look(&inner);
        let mut looks = 0_u32;
        let thread = thread::Builder::new().name("store-watch".to_owned()).spawn(move || {
            while matches!(stopped.recv_timeout(PERIOD), Err(RecvTimeoutError::Timeout)) {
                let found = look(&inner);
                looks = (looks + 1) % LOOKS;
                let on = (found.is_some() && looks == 0).then_some(Notice::Heard);
                for notice in news(seen, found).into_iter().chain(on) {
                    // Without a receiver nobody waits for the news.
                    let _ = inner.feed.send(notice);
                }
                seen = found;
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // An error is a panic of the thread, which has said so itself.
            let _ = thread.join();
        }
    }
}

/// The file's data version as the writing connection sees it, which its own commits do not change; `None` if
/// the file is not the one that was opened, or cannot be read.
fn look(inner: &Inner) -> Option<i64> {
    if FileId::of(&inner.path) != Some(inner.file) {
        return None;
    }
    let writer = inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
    writer.pragma_query_value(None, "data_version", |row| row.get(0)).ok()
}

fn news(seen: Option<i64>, found: Option<i64>) -> Option<Notice> {
    match (seen, found) {
        (Some(_), None) => Some(Notice::Lost),
        (None, Some(_)) => Some(Notice::Restored),
        (Some(before), Some(now)) if before != now => Some(Notice::Restored),
        (Some(_), Some(_)) | (None, None) => None,
    }
}
