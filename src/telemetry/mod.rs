//! What is seen from outside: the gate's own log, the access log, the audit log, metrics.
//!
//! The request path shows one [`RequestRecord`] and goes on: its lines are made on the spot, in room that each thread
//! keeps, and handed to one thread a log through bounded buffers; what does not fit is dropped and counted. Principals
//! appear only after verification (security rule 29), and never in metrics (rule 32).

mod access_log;
mod audit;
mod audit_file;
mod line;
mod log_file;
mod logging;
mod metric_handles;
mod metrics;
mod record;
mod redact;
mod room;
mod writer;

pub use audit::{CommandRecord, append_command, check_audit};
pub use logging::{LoggingError, init_logging};
pub use metrics::Metrics;
pub use record::RequestRecord;
pub use redact::logged_query;

use crate::conf::{LogFormat, Logs, Sink};
use access_log::AccessLog;
use audit::{Audit, AuditLog};
use room::Room;
use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use writer::Writer;

/// Lines waiting for each writer.
const QUEUE: usize = 8192;

thread_local! {
    /// Where a thread makes its lines.
    static ROOM: RefCell<Room> = const { RefCell::new(Room::new()) };
}

/// The logs and metrics of one gate.
pub struct Telemetry {
    access: Option<Writer>,
    format: LogFormat,
    audit: Option<Audit>,
    audit_required: bool,
    metrics: Arc<Metrics>,
}

/// A log cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the {log} log {path} cannot be opened: {source}", path = .path.display())]
pub struct OpenError {
    /// `access` or `audit`.
    pub log: &'static str,
    /// The file.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

impl Telemetry {
    /// Opens the logs and starts their writers. `audit_required`: see [`Telemetry::audit_ready`].
    pub fn start(logs: &Logs, audit_required: bool, metrics: Arc<Metrics>) -> Result<Self, OpenError> {
        let access = AccessLog::open(&logs.access).map_err(open_error("access", &logs.access))?;
        let audit = AuditLog::open(&logs.audit).map_err(open_error("audit", &logs.audit))?;
        let start_error = |log, sink| open_error(log, sink);
        let access = access
            .map(|log| Writer::start("access-log", QUEUE, metrics.dropped("access"), log))
            .transpose()
            .map_err(start_error("access", &logs.access))?;
        let audit = audit
            .map(|log| Writer::start("audit-log", QUEUE, metrics.dropped("audit"), log))
            .transpose()
            .map_err(start_error("audit", &logs.audit))?
            .map(Audit::new);
        Ok(Self { access, format: logs.format, audit, audit_required, metrics })
    }

    /// Takes note of one request, whatever its end. Waits for no log.
    pub fn record(&self, record: &RequestRecord<'_>) {
        self.metrics.observe(record);
        ROOM.with_borrow_mut(|room| {
            room.set_time(record.time);
            let Room { line, time, .. } = room;
            if let Some(writer) = &self.access {
                line.clear();
                access_log::push_line(record, time, self.format, line);
                writer.send(line);
            }
            if let Some(audit) = &self.audit {
                audit.record(record, time, line);
            }
            room.shrink();
        });
    }

    /// Whether requests may be taken: false if audit lines are required and cannot be written (the last write
    /// failed, or the queue is nearly full). Then the gate answers 503 (security rule 29).
    pub fn audit_ready(&self) -> bool {
        !self.audit_required || self.audit.as_ref().is_some_and(|audit| audit.writer().is_keeping_up())
    }

    /// The metrics.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Waits until all that was recorded before is written and lasting; for the end of the process.
    pub fn flush(&self) {
        if let Some(audit) = &self.audit {
            audit.sum_up();
        }
        for writer in [self.access.as_ref(), self.audit.as_ref().map(Audit::writer)].into_iter().flatten() {
            writer.flush();
        }
    }
}

fn open_error(log: &'static str, sink: &Sink) -> impl FnOnce(io::Error) -> OpenError {
    let path = match sink {
        Sink::File(path) => path.clone(),
        Sink::Stdout | Sink::Off => PathBuf::from("(standard output)"),
    };
    move |source| OpenError { log, path, source }
}

#[cfg(test)]
mod tests;
