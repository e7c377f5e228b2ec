//! The access log: one line a request.

use super::line::Line;
use super::record::RequestRecord;
use super::redact::logged_query;
use super::writer::Log;
use crate::conf::{LogFormat, Sink};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

/// Where lines go, and how they look.
pub(super) struct AccessLog {
    out: Box<dyn Write + Send>,
    format: LogFormat,
}

impl AccessLog {
    /// Opens the log; none if it is off.
    pub(super) fn open(sink: &Sink, format: LogFormat) -> io::Result<Option<Self>> {
        let out: Box<dyn Write + Send> = match sink {
            Sink::Off => return Ok(None),
            Sink::Stdout => Box::new(BufWriter::new(io::stdout())),
            Sink::File(path) => Box::new(BufWriter::new(append(path)?)),
        };
        Ok(Some(Self { out, format }))
    }
}

/// Opens a log file at its end, readable by its owner only.
pub(super) fn append(path: &std::path::Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)
}

impl Log<Arc<RequestRecord>> for AccessLog {
    fn write(&mut self, record: Arc<RequestRecord>) -> io::Result<()> {
        let mut line = line(&record, self.format);
        line.push('\n');
        self.out.write_all(line.as_bytes())
    }

    fn settle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The line of one request, without a line break.
pub(super) fn line(record: &RequestRecord, format: LogFormat) -> String {
    // A key id that was claimed says nothing about who called: it is shown only while nobody is proven.
    let claimed = if record.principal.is_none() { record.claimed_key.as_deref() } else { None };
    let mut line = Line::new(format)
        .text("log", "access")
        .text("time", &record.time.iso8601_millis())
        .text("request_id", &record.request_id)
        .text("source", &record.source.to_string())
        .optional("principal", record.principal.as_deref())
        .optional("claimed_key", claimed)
        .text("plane", record.plane)
        .optional("operation", Some(record.operation))
        .optional("method", Some(record.method))
        .optional("path", Some(&record.path))
        .optional("query", Some(&logged_query(&record.query)))
        .optional("bucket", record.bucket.as_deref())
        .number("status", u64::from(record.status))
        .optional("error", record.error_code)
        .optional("decision", Some(record.decision));
    if let Some(status) = record.backend_status {
        line = line.number("backend_status", u64::from(status));
    }
    line = line
        .optional("backend_request_id", record.backend_request_id.as_deref())
        .number("bytes_in", record.bytes_in)
        .number("bytes_out", record.bytes_out)
        .number("total_us", record.total_nanos / 1000)
        .number("verify_us", record.verify_nanos / 1000)
        .number("decide_us", record.decide_nanos / 1000);
    if let Some(nanos) = record.upstream_nanos {
        line = line.number("upstream_us", nanos / 1000);
    }
    line.optional("user_agent", record.user_agent.as_deref()).finish()
}
