//! Stopping: readiness first, then the listener closes and requests in flight go on for the grace.

use super::Readiness;
use super::gate::InFlight;
use crate::telemetry::Telemetry;
use async_trait::async_trait;
use pingora::server::{ListenFds, ShutdownSignal, ShutdownSignalWatch, ShutdownWatch};
use pingora::services::Service;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How often the drain looks whether anything is left.
const LOOK: Duration = Duration::from_millis(50);

/// Waits for SIGTERM (drain) or SIGINT (stop now).
pub(super) struct StopSignals {
    pub(super) readiness: Arc<Readiness>,
    pub(super) in_flight: Arc<InFlight>,
    pub(super) telemetry: Arc<Telemetry>,
    /// How long the listener stays open after SIGTERM.
    pub(super) delay: Duration,
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
            _ = terminate.recv() => {}
            _ = interrupt.recv() => return self.now(),
        }
        self.readiness.stop();
        let seconds = self.delay.as_secs();
        tracing::info!(seconds, "stopping: not ready any more; requests are accepted for the delay");
        tokio::select! {
            () = tokio::time::sleep(self.delay) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => return self.now(),
        }
        tracing::info!("stopping: the listener closes, requests in flight may end");
        self.exit_when_drained();
        self.exit_when_interrupted(interrupt);
        ShutdownSignal::GracefulTerminate
    }
}

impl StopSignals {
    fn now(&self) -> ShutdownSignal {
        self.readiness.stop();
        ShutdownSignal::FastShutdown
    }

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

    /// pingora hears no more signals in its grace.
    fn exit_when_interrupted(&self, mut interrupt: Signal) {
        let telemetry = Arc::clone(&self.telemetry);
        tokio::spawn(async move {
            interrupt.recv().await;
            tracing::info!("stopping at once");
            telemetry.flush();
            std::process::exit(0);
        });
    }
}

/// A service that does not hear of the stop and serves until the process ends: pingora would close its listener
/// with all the others, and nobody could be told that the gate is not ready.
pub(super) struct UntilTheEnd<S> {
    service: S,
    running: watch::Sender<bool>,
}

impl<S> UntilTheEnd<S> {
    pub(super) fn new(service: S) -> Self {
        Self { service, running: watch::Sender::new(false) }
    }
}

#[async_trait]
impl<S: Service + Send + Sync> Service for UntilTheEnd<S> {
    async fn start_service(&mut self, fds: Option<ListenFds>, _stop: ShutdownWatch, listeners_per_fd: usize) {
        let never = self.running.subscribe();
        self.service.start_service(fds, never, listeners_per_fd).await;
    }

    fn name(&self) -> &str {
        self.service.name()
    }

    fn threads(&self) -> Option<usize> {
        Some(1)
    }
}
