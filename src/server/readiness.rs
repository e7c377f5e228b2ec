//! Readiness: whether this gate should be sent requests.

use super::SystemClock;
use crate::directory::CachedDirectory;
use crate::gateway::Trace;
use crate::store::{Error, Records};
use crate::telemetry::{RequestRecord, Telemetry};
use crate::types::Clock;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Flips once, when the server begins to stop.
pub(super) struct Readiness {
    records: Records,
    telemetry: Arc<Telemetry>,
    stopping: AtomicBool,
}

/// Why the gate is not ready.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotReady {
    #[error("the gate is stopping")]
    Stopping,
    #[error("audit lines are required and cannot be written")]
    Audit,
    #[error("the store has not been heard of for longer than the grace")]
    Stale,
    #[error(transparent)]
    Store(#[from] Error),
}

impl Readiness {
    pub(super) fn new(records: Records, telemetry: Arc<Telemetry>) -> Self {
        Self { records, telemetry, stopping: AtomicBool::new(false) }
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Ready: not stopping, audit lines written if they must be, the directory trusted, and the store still the one
    /// that was opened (rule 18).
    pub(super) async fn check(&self, directory: &CachedDirectory) -> Result<(), NotReady> {
        if self.is_stopping() {
            return Err(NotReady::Stopping);
        }
        if !self.telemetry.audit_ready() {
            self.try_the_audit_log();
            return Err(NotReady::Audit);
        }
        if !directory.is_trusted() {
            return Err(NotReady::Stale);
        }
        Ok(self.records.verify_identity().await?)
    }

    /// Only a line that is written shows that lines can be written again, and a gate that is not ready gets no
    /// requests which would leave one.
    fn try_the_audit_log(&self) {
        let trace = Trace { error_code: Some("ServiceUnavailable"), ..Trace::default() };
        self.telemetry.record(&RequestRecord {
            time: SystemClock.now(),
            request_id: "readyz",
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
            method: "",
            path: &[],
            query: &[],
            user_agent: None,
            trace: &trace,
            status: 503,
            backend_status: None,
            backend_request_id: None,
            bytes_in: 0,
            bytes_out: 0,
            total_nanos: 0,
            upstream_nanos: None,
        });
    }
}
