//! What can be wrong in a configuration file.

use std::fmt;
use std::path::PathBuf;

/// One mistake, with the path of the key it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// The file cannot be read.
    #[error("the file cannot be read: {reason}")]
    Unreadable {
        /// The system's reason.
        reason: String,
    },
    /// The text is not TOML.
    #[error("the file is not valid TOML: {reason}")]
    Syntax {
        /// The parser's reason, with line and column.
        reason: String,
    },
    /// A key that does not exist.
    #[error("{key}: there is no such key; known here: {known}")]
    UnknownKey {
        /// Path of the key.
        key: String,
        /// The keys that exist there.
        known: String,
    },
    /// A value of the wrong type.
    #[error("{key}: must be {wanted}, but is {found}")]
    Type {
        /// Path of the key.
        key: String,
        /// The wanted type.
        wanted: &'static str,
        /// The type found.
        found: &'static str,
    },
    /// A number out of its bounds.
    #[error("{key}: must be between {min} and {max}, but is {found}")]
    Range {
        /// Path of the key.
        key: String,
        /// Least value.
        min: u64,
        /// Greatest value.
        max: u64,
        /// The value.
        found: i64,
    },
    /// A word out of a closed list was expected.
    #[error("{key}: must be one of {known}, but is `{found}`")]
    Choice {
        /// Path of the key.
        key: String,
        /// The words that exist.
        known: String,
        /// The word found.
        found: String,
    },
    /// A text that does not have the form it must have.
    #[error("{key}: {reason}")]
    Form {
        /// Path of the key.
        key: String,
        /// What is wrong and what to write.
        reason: String,
    },
    /// A key without which nothing works.
    #[error("{key}: is missing; {why}")]
    Missing {
        /// Path of the key.
        key: String,
        /// What it is for and what to write.
        why: &'static str,
    },
    /// A secret stands in the file itself.
    #[error(
        "{key}: a secret does not belong in this file; write `env:NAME` to read it from an environment variable or `file:PATH` to read it from a file"
    )]
    LiteralSecret {
        /// Path of the key. The value is not repeated.
        key: String,
    },
    /// A reference that leads nowhere.
    #[error("{key}: {reason}")]
    Unresolved {
        /// Path of the key.
        key: String,
        /// Why, without the secret.
        reason: super::ReferenceError,
    },
    /// Settings that do not go together, or that this version does not have.
    #[error("{key}: {reason}")]
    Conflict {
        /// Path of the key.
        key: String,
        /// Why, and what to do.
        reason: &'static str,
    },
}

/// Every mistake of one configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file.
    pub file: PathBuf,
    /// At least one mistake, in the order in which they were found.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.mistakes.len();
        write!(f, "{}: {count} mistake{}", self.file.display(), if count == 1 { "" } else { "s" })?;
        self.mistakes.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for ConfigErrors {}
