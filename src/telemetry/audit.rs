//! The audit log: one JSON line a decision, numbered and hash-chained (security rule 29).

use super::audit_file::{AuditFile, Chain};
use super::line::Line;
use super::record::RequestRecord;
use super::writer::Log;
use crate::conf::{LogFormat, Sink};
use crate::types::Timestamp;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// So many denials without any claim of identity are written out in a second; further ones are counted.
const ANONYMOUS_LINES_A_SECOND: u64 = 10;

/// So much is held before it is written, even while more is waiting.
const BATCH_BYTES: usize = 1 << 20;

/// What a command did to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRecord {
    /// When.
    pub time: Timestamp,
    /// The uid of the OS user who ran it, where the system shows it.
    pub uid: Option<u32>,
    /// The command's words, such as `role create`.
    pub command: &'static str,
    /// What it was about: a user's or role's name, a key id. Never a secret.
    pub target: String,
    /// `done`, or the error it ended with.
    pub outcome: String,
}

/// Appends a command's line to the audit log at `path`, on the spot.
pub fn append_command(path: &Path, record: &CommandRecord) -> io::Result<()> {
    let mut line = Line::new(LogFormat::Json)
        .text("log", "audit")
        .text("time", &record.time.iso8601_millis())
        .text("event", "command");
    if let Some(uid) = record.uid {
        line = line.number("uid", u64::from(uid));
    }
    let line =
        line.text("command", record.command).text("target", &record.target).text("outcome", &record.outcome).finish();
    AuditFile::open(path)?.append(&[line])
}

/// Whether a command could append to the audit log at `path`.
pub fn check_audit(path: &Path) -> io::Result<()> {
    AuditFile::open(path).map(|_| ())
}

enum Out {
    Stdout(Chain),
    File(AuditFile),
}

/// The audit log as its one writer sees it.
pub(super) struct AuditLog {
    out: Out,
    pending: Vec<String>,
    pending_bytes: usize,
    anonymous: AnonymousDenials,
}

impl AuditLog {
    /// Opens the log; none if it is off.
    pub(super) fn open(sink: &Sink) -> io::Result<Option<Self>> {
        let out = match sink {
            Sink::Off => return Ok(None),
            Sink::Stdout => Out::Stdout(Chain::start()),
            Sink::File(path) => Out::File(AuditFile::open(path)?),
        };
        Ok(Some(Self { out, pending: Vec::new(), pending_bytes: 0, anonymous: AnonymousDenials::default() }))
    }

    fn push(&mut self, line: String) -> io::Result<()> {
        self.pending_bytes = self.pending_bytes.saturating_add(line.len());
        self.pending.push(line);
        if self.pending_bytes >= BATCH_BYTES { self.write_pending() } else { Ok(()) }
    }

    fn write_pending(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        // What cannot be written is lost, and said to be: it must not grow without bound.
        let lines = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        match &mut self.out {
            Out::File(file) => file.append(&lines),
            Out::Stdout(chain) => {
                let text: String = lines.iter().map(|line| chain.link(line)).collect();
                let mut stdout = io::stdout().lock();
                stdout.write_all(text.as_bytes())?;
                stdout.flush()
            }
        }
    }
}

impl Log<Arc<RequestRecord>> for AuditLog {
    fn write(&mut self, record: Arc<RequestRecord>) -> io::Result<()> {
        let (summary, shown) = self.anonymous.admit(&record);
        if let Some(summary) = summary {
            self.push(summary)?;
        }
        if shown { self.push(request_line(&record)) } else { Ok(()) }
    }

    fn settle(&mut self) -> io::Result<()> {
        self.write_pending()
    }

    fn sum_up(&mut self) -> io::Result<()> {
        self.pending.extend(self.anonymous.summary());
        self.write_pending()
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        if let Err(error) = self.sum_up() {
            tracing::error!(%error, "the last audit lines cannot be written");
        }
    }
}

/// Counts denials of requests that claim no identity, so that strangers cannot fill the log.
#[derive(Default)]
struct AnonymousDenials {
    second: i64,
    seen: u64,
    hidden: u64,
}

impl AnonymousDenials {
    /// The summary of an earlier second, if one is due, and whether this record gets a line of its own.
    fn admit(&mut self, record: &RequestRecord) -> (Option<String>, bool) {
        let second = record.time.seconds();
        let summary = if second == self.second { None } else { self.summary() };
        if second != self.second {
            (self.second, self.seen) = (second, 0);
        }
        let anonymous = record.principal.is_none() && record.claimed_key.is_none() && record.decision != "allow";
        if !anonymous {
            return (summary, true);
        }
        self.seen = self.seen.saturating_add(1);
        let shown = self.seen <= ANONYMOUS_LINES_A_SECOND;
        if !shown {
            self.hidden = self.hidden.saturating_add(1);
        }
        (summary, shown)
    }

    fn summary(&mut self) -> Option<String> {
        let hidden = std::mem::take(&mut self.hidden);
        (hidden > 0).then(|| {
            Line::new(LogFormat::Json)
                .text("log", "audit")
                .text("time", &Timestamp::from_seconds(self.second).iso8601_millis())
                .text("event", "anonymous-denials")
                .number("count", hidden)
                .finish()
        })
    }
}

/// The fields of one request's line, as a JSON object.
fn request_line(record: &RequestRecord) -> String {
    // Verified or claimed, never both: a claim says nothing about who called.
    let claimed = if record.principal.is_none() { record.claimed_key.as_deref() } else { None };
    let pair = |(action, resource): &(String, String)| format!("{action} {resource}");
    let decided: Vec<String> = record.decided.iter().map(pair).collect();
    let denied: Vec<String> = record.denied.iter().map(pair).collect();
    let mut line = Line::new(LogFormat::Json)
        .text("log", "audit")
        .text("time", &record.time.iso8601_millis())
        .text("event", "request")
        .text("request_id", &record.request_id)
        .text("source", &record.source.to_string())
        .optional("principal", record.principal.as_deref())
        .optional("claimed_key", claimed)
        .optional("session_name", record.session_name.as_deref())
        .optional("source_identity", record.source_identity.as_deref())
        .text("plane", record.plane)
        .optional("operation", Some(record.operation))
        .list("decided", decided.iter().map(String::as_str))
        .list("denied", denied.iter().map(String::as_str))
        .text("decision", if record.decision.is_empty() { "none" } else { record.decision })
        .list("statements", record.statements.iter().map(String::as_str))
        .number("status", u64::from(record.status))
        .optional("error", record.error_code);
    if let Some(status) = record.backend_status {
        line = line.number("backend_status", u64::from(status));
    }
    line.optional("backend_request_id", record.backend_request_id.as_deref()).finish()
}
