//! Readiness: whether this gate should be sent requests.

use crate::directory::CachedDirectory;
use crate::store::{Error, Records};
use std::sync::atomic::{AtomicBool, Ordering};

/// Flips once, when the server begins to stop.
pub(super) struct Readiness {
    records: Records,
    stopping: AtomicBool,
}

/// Why the gate is not ready.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotReady {
    #[error("the gate is stopping")]
    Stopping,
    #[error("the store has not been heard of for longer than the grace")]
    Stale,
    #[error(transparent)]
    Store(#[from] Error),
}

impl Readiness {
    pub(super) fn new(records: Records) -> Self {
        Self { records, stopping: AtomicBool::new(false) }
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Ready: not stopping, the directory trusted, and the store still the one that was opened (rule 18).
    pub(super) async fn check(&self, directory: &CachedDirectory) -> Result<(), NotReady> {
        if self.is_stopping() {
            return Err(NotReady::Stopping);
        }
        if !directory.is_trusted() {
            return Err(NotReady::Stale);
        }
        Ok(self.records.verify_identity().await?)
    }
}
