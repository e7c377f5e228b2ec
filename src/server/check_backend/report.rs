//! What a check found, as a line for the reader.

use std::fmt;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The backend keeps to what the gate relies on.
    Ok,
    /// Worth knowing; the gate is safe all the same.
    Note,
    /// The gate must not be run before this backend.
    Fail,
}

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) mark: Mark,
    seen: String,
    advice: &'static str,
}

impl Finding {
    pub(super) fn ok(check: &'static str, seen: impl Into<String>) -> Self {
        Self { check, mark: Mark::Ok, seen: seen.into(), advice: "" }
    }

    pub(super) fn note(check: &'static str, seen: impl Into<String>, advice: &'static str) -> Self {
        Self { check, mark: Mark::Note, seen: seen.into(), advice }
    }

    pub(super) fn fail(check: &'static str, seen: impl Into<String>, advice: &'static str) -> Self {
        Self { check, mark: Mark::Fail, seen: seen.into(), advice }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.mark {
            Mark::Ok => "ok",
            Mark::Note => "note",
            Mark::Fail => "FAIL",
        };
        write!(f, "{mark:<4}  {:<19} {}", self.check, self.seen)?;
        if !self.advice.is_empty() {
            write!(f, ". {}", self.advice)?;
        }
        Ok(())
    }
}

/// Some checks failed; the report says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the gate must not be run before this backend: {0} of the checks above failed")]
pub(super) struct Failed(pub(super) usize);
