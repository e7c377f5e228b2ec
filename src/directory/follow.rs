//! Following the store's change feed.

use super::Epochs;
use crate::store::{Kind, Notice, Records};
use crate::types::Clock;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

/// Moves the epochs as the feed tells; ends when the store is gone. Run it as a task of its own.
pub async fn follow(records: Records, epochs: Arc<Epochs>, clock: Arc<dyn Clock>) {
    let mut feed = records.subscribe();
    // What was loaded before the subscription may have missed a notice.
    epochs.forget_all();
    loop {
        match feed.recv().await {
            // Nothing of a last use is cached, and there are many.
            Ok(Notice::Changed(key)) if key.kind == Kind::LastUsed => {}
            Ok(Notice::Changed(key)) => epochs.forget(&key),
            Ok(Notice::Lost) => {
                tracing::warn!("the store's change feed broke: cached entries are served for the configured grace");
                epochs.lost(clock.ticks());
            }
            Ok(Notice::Restored) => {
                epochs.restored_at(clock.ticks());
                tracing::info!("the store's change feed is on: all cached entries were dropped");
            }
            Ok(Notice::Heard) => epochs.heard(clock.ticks()),
            // Notices were missed: as good as a gap that is over. Was it the feed's end or its return, the next time
            // that it is heard of, or not, tells.
            Err(RecvError::Lagged(_)) => epochs.forget_all(),
            Err(RecvError::Closed) => {
                epochs.lost(clock.ticks());
                return;
            }
        }
    }
}
