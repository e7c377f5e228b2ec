//! References to secrets. A configuration file never holds a secret: it says where one is.

use crate::types::Secret;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What the configuration reads of its surroundings. The process's own in the shell, a table in tests.
pub trait Environment {
    /// The environment variable `name`.
    fn variable(&self, name: &str) -> Option<String>;

    /// The bytes of the file at `path`.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// The environment variables and files of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}

/// Where a secret is: `env:NAME` or `file:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// An environment variable.
    Variable(String),
    /// A file; one line break at its end does not count.
    File(PathBuf),
}

/// Why a reference gives no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The variable is not set, or is not text.
    #[error("the environment variable {0} is not set")]
    NoVariable(String),
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {reason}", path = .0.display(), reason = .1)]
    Unreadable(PathBuf, io::ErrorKind),
    /// Nothing there.
    #[error("{0} is empty")]
    Empty(Reference),
    /// Not text where text is needed.
    #[error("{0} is not UTF-8 text")]
    NotText(Reference),
}

impl Reference {
    /// Parses `env:NAME` or `file:PATH`; a relative path is taken from `folder`. Anything else is none.
    pub fn parse(text: &str, folder: &Path) -> Option<Self> {
        match text.split_once(':') {
            Some(("env", name)) if is_variable_name(name) => Some(Self::Variable(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Some(Self::File(folder.join(path))),
            _ => None,
        }
    }

    /// Fetches the secret.
    pub fn resolve(&self, environment: &dyn Environment) -> Result<Secret, ReferenceError> {
        let mut bytes = match self {
            Self::Variable(name) => {
                environment.variable(name).ok_or_else(|| ReferenceError::NoVariable(name.clone()))?.into_bytes()
            }
            Self::File(path) => {
                environment.read(path).map_err(|error| ReferenceError::Unreadable(path.clone(), error.kind()))?
            }
        };
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.is_empty() { Err(ReferenceError::Empty(self.clone())) } else { Ok(Secret::new(bytes)) }
    }

    /// Fetches the secret as text.
    pub fn resolve_text(&self, environment: &dyn Environment) -> Result<String, ReferenceError> {
        let secret = self.resolve(environment)?;
        secret.expose_str().map(str::to_owned).ok_or_else(|| ReferenceError::NotText(self.clone()))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
