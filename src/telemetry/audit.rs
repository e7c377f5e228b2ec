//! The audit log: one JSON line a decision, numbered and hash-chained (security rule 29).

use super::audit_file::{AuditFile, Chain};
use super::line::Line;
use super::record::RequestRecord;
use super::writer::{Lines, Log, Writer};
use crate::conf::{LogFormat, Sink};
use crate::types::Timestamp;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// So many denials without any claim of identity are written out in a second; further ones are counted.
const ANONYMOUS_LINES_A_SECOND: u64 = 10;

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
    let mut line = Vec::new();
    Line::new(LogFormat::Json, &mut line)
        .text("log", "audit")
        .text("time", &record.time.iso8601_millis())
        .text("event", "command")
        .optional_number("uid", record.uid.map(u64::from))
        .text("command", record.command)
        .text("target", &record.target)
        .text("outcome", &record.outcome)
        .finish();
    let mut file = AuditFile::open(path)?;
    file.append(std::iter::once(line.as_slice()))?;
    file.sync()
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
pub(super) struct AuditLog(Out);

impl AuditLog {
    /// Opens the log; none if it is off.
    pub(super) fn open(sink: &Sink) -> io::Result<Option<Self>> {
        Ok(match sink {
            Sink::Off => None,
            Sink::Stdout => Some(Self(Out::Stdout(Chain::start()))),
            Sink::File(path) => Some(Self(Out::File(AuditFile::open(path)?))),
        })
    }
}

impl Log for AuditLog {
    fn write(&mut self, lines: &Lines) -> io::Result<()> {
        match &mut self.0 {
            Out::File(file) => file.append(lines.iter()),
            Out::Stdout(chain) => {
                let mut text = Vec::new();
                for line in lines.iter() {
                    chain.link(line, &mut text);
                }
                let mut stdout = io::stdout().lock();
                stdout.write_all(&text)?;
                stdout.flush()
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Out::File(file) => file.sync(),
            Out::Stdout(_) => Ok(()),
        }
    }
}

/// The audit log as the request path sees it.
pub(super) struct Audit {
    writer: Writer,
    anonymous: Mutex<AnonymousDenials>,
    /// Whether denials were hidden whose count is not written yet.
    hidden: AtomicBool,
}

impl Audit {
    pub(super) fn new(writer: Writer) -> Self {
        Self { writer, anonymous: Mutex::default(), hidden: AtomicBool::new(false) }
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Writes the request's line, unless it is one anonymous denial of too many. `line` is room to write in.
    pub(super) fn record(&self, record: &RequestRecord<'_>, time: &str, line: &mut Vec<u8>) {
        let trace = record.trace;
        let anonymous = trace.principal.is_none() && trace.claimed_key.is_none() && trace.decision != "allow";
        if anonymous || self.hidden.load(Ordering::Relaxed) {
            let mut denials = self.anonymous.lock().unwrap_or_else(PoisonError::into_inner);
            let second = record.time.seconds();
            if second != denials.second {
                self.summarize(&mut denials);
                denials.second = second;
                denials.seen = 0;
            }
            if anonymous {
                denials.seen = denials.seen.saturating_add(1);
                if denials.seen > ANONYMOUS_LINES_A_SECOND {
                    denials.hidden = denials.hidden.saturating_add(1);
                    self.hidden.store(true, Ordering::Relaxed);
                    return;
                }
            }
        }
        line.clear();
        push_line(record, time, line);
        self.writer.send(line);
    }

    /// Writes what is still being counted. Called when somebody waits for the log, as at the end of the process.
    pub(super) fn sum_up(&self) {
        self.summarize(&mut self.anonymous.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Writes how many denials were hidden, if any were. What cannot be handed over stays counted.
    fn summarize(&self, denials: &mut AnonymousDenials) {
        if denials.hidden == 0 {
            return;
        }
        let mut line = Vec::new();
        Line::new(LogFormat::Json, &mut line)
            .text("log", "audit")
            .text("time", &Timestamp::from_seconds(denials.second).iso8601_millis())
            .text("event", "anonymous-denials")
            .number("count", denials.hidden)
            .finish();
        if self.writer.send(&line) {
            denials.hidden = 0;
            self.hidden.store(false, Ordering::Relaxed);
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.sum_up();
    }
}

/// Counts denials of requests that claim no identity, so that strangers cannot fill the log.
#[derive(Default)]
struct AnonymousDenials {
    second: i64,
    seen: u64,
    hidden: u64,
}

/// Appends one request's line, a JSON object, to `out`. `time` is the record's, as text.
fn push_line(record: &RequestRecord<'_>, time: &str, out: &mut Vec<u8>) {
    let trace = record.trace;
    Line::new(LogFormat::Json, out)
        .text("log", "audit")
        .text("time", time)
        .text("event", "request")
        .text("request_id", record.request_id)
        .address("source", record.source)
        .optional("principal", trace.principal.as_deref())
        .optional("claimed_key", record.claimed_key())
        .optional("session_name", trace.session_name.as_deref())
        .optional("source_identity", trace.source_identity.as_deref())
        .optional("provider", trace.provider.as_deref())
        .optional("token_subject", trace.token_subject.as_deref())
        .text("plane", trace.plane.as_str())
        .optional("operation", Some(trace.operation))
        .list("decided", trace.decided.iter().map(|(action, resource)| [action.as_ref(), resource.as_str()]))
        .list("denied", trace.denied.iter().map(|(action, resource)| [action.as_ref(), resource.as_str()]))
        .text("decision", if trace.decision.is_empty() { "none" } else { trace.decision })
        .list("statements", trace.statements.iter().map(|statement| [statement.as_str()]))
        .number("status", u64::from(record.status))
        .optional("error", trace.error_code)
        .optional_number("backend_status", record.backend_status.map(u64::from))
        .optional("backend_request_id", record.backend_request_id)
        .finish();
}
