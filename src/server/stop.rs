//! Stopping: readiness first, then the listener closes and requests in flight go on for the grace.

use super::Readiness;
use super::gate::InFlight;
use crate::telemetry::Telemetry;
use async_trait::async_trait;
use pingora::server::{ShutdownSignal, ShutdownSignalWatch};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How often the drain looks whether anything is left.
const LOOK: Duration = Duration::from_millis(50);

/// Waits for SIGTERM (drain) or SIGINT (stop now).
pub(super) struct StopSignals {
    pub(super) readiness: Arc<Readiness>,
    pub(super) in_flight: Arc<InFlight>,
    pub(super) telemetry: Arc<Telemetry>,
    /// What is still to be done just before the end.
    pub(super) at_end: Arc<dyn Fn() + Send + Sync>,
}

#[async_trait]
impl ShutdownSignalWatch for StopSignals {
    async fn recv(&self) -> ShutdownSignal {
        let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            // Without handlers the default dispositions end the process, which is the safe side.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {
                tracing::info!("stopping: the listener closes, requests in flight may end");
                self.readiness.stop();
                self.exit_when_drained();
                ShutdownSignal::GracefulTerminate
            }
            _ = interrupt.recv() => {
                self.readiness.stop();
                ShutdownSignal::FastShutdown
            }
        }
    }
}

impl StopSignals {
    /// pingora sleeps the whole grace even when nothing is left to wait for. This ends the process as soon as
    /// the last request has its record: two looks in a row, so that one just accepted is not missed.
    fn exit_when_drained(&self) {
        let (in_flight, telemetry) = (Arc::clone(&self.in_flight), Arc::clone(&self.telemetry));
        let at_end = Arc::clone(&self.at_end);
        std::thread::spawn(move || {
            let mut idle = 0;
            while idle < 2 {
                std::thread::sleep(LOOK);
                idle = if in_flight.count() == 0 { idle + 1 } else { 0 };
            }
            at_end();
            telemetry.flush();
            std::process::exit(0);
        });
    }
}
