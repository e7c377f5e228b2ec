//! The access log: one line a request.

use super::line::Line;
use super::log_file::LogFile;
use super::record::RequestRecord;
use super::redact::logged_query;
use super::writer::{Lines, Log};
use crate::conf::{LogFormat, Sink};
use std::io::{self, Write};

/// Where the lines go.
pub(super) enum AccessLog {
    Stdout,
    File(LogFile),
}

impl AccessLog {
    /// Opens the log; none if it is off.
    pub(super) fn open(sink: &Sink) -> io::Result<Option<Self>> {
        match sink {
            Sink::Off => Ok(None),
            Sink::Stdout => Ok(Some(Self::Stdout)),
            Sink::File(path) => LogFile::open(path).map(|file| Some(Self::File(file))),
        }
    }
}

impl Log for AccessLog {
    fn write(&mut self, lines: &Lines) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(lines.bytes())?;
                out.flush()
            }
            Self::File(log) => {
                log.follow_move()?;
                log.file.write_all(lines.bytes())
            }
        }
    }
}

/// Appends the line of one request, whose time is written as `time`.
pub(super) fn push_line(record: &RequestRecord<'_>, time: &str, format: LogFormat, out: &mut Vec<u8>) {
    let trace = record.trace;
    let query =
        if record.query.is_empty() { String::new() } else { logged_query(&String::from_utf8_lossy(record.query)) };
    Line::new(format, out)
        .text("log", "access")
        .text("time", time)
        .text("request_id", record.request_id)
        .address("source", record.source)
        .optional("principal", trace.principal.as_deref())
        .optional("claimed_key", record.claimed_key())
        .text("plane", trace.plane.as_str())
        .optional("operation", Some(trace.operation))
        .optional("method", Some(record.method))
        .bytes("path", record.path)
        .optional("query", Some(&query))
        .optional("bucket", trace.bucket.as_deref())
        .number("status", u64::from(record.status))
        .optional("error", trace.error_code)
        .optional("decision", Some(trace.decision))
        .optional_number("backend_status", record.backend_status.map(u64::from))
        .optional("backend_request_id", record.backend_request_id)
        .number("bytes_in", record.bytes_in)
        .number("bytes_out", record.bytes_out)
        .number("total_us", record.total_nanos / 1000)
        .number("verify_us", trace.verify_nanos / 1000)
        .number("decide_us", trace.decide_nanos / 1000)
        .optional_number("upstream_us", record.upstream_nanos.map(|nanos| nanos / 1000))
        .optional("user_agent", record.user_agent)
        .finish();
}
