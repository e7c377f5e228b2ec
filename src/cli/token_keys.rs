//! `token-key …`: rotation of the keys that seal session tokens (security rule 20).
//!
//! Works on the file that the configuration names; running gates look at it every two seconds. The keys themselves are
//! never shown.

use super::open::{OpenError, token_keys};
use super::output;
use crate::conf::{Config, Environment, KeyFileEdit, KeyFileError, Reference};
use crate::token::{KeyInfo, RingError, RingText, RotationError};
use crate::types::{Entropy, Timestamp};
use clap::{Args as ClapArgs, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum TokenKey {
    /// Show the ids and states of the keys
    List,
    /// Add a key that opens tokens and does not mint yet
    Add,
    /// Let a key mint that every gate knows
    Mint(Id),
    /// Retire a key: its tokens are refused. 36 hours after it has minted, none are left
    Retire {
        #[command(flatten)]
        id: Id,
        /// At once: others know the key
        #[arg(long)]
        compromised: bool,
    },
    /// Take a retired key out of the ring
    #[command(alias = "rm")]
    Drop(Id),
    /// With one gate: make a key that mints from now on, and retire those whose tokens have run out
    Rotate {
        /// Retire all other keys at once: all sessions end
        #[arg(long)]
        compromised: bool,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct Id {
    /// The key's id
    #[arg(long)]
    id: String,
}

/// A command on the ring was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The ring cannot be had.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It is not one.
    #[error("token.keys: {0}")]
    Ring(#[from] RingError),
    /// The step is not one that the ring can take now.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// It is not in a file.
    #[error("token.keys: the ring is in an environment variable; only one in a file can be changed by command")]
    NotAFile,
    /// The file cannot be changed.
    #[error("token.keys: {0}")]
    File(#[from] KeyFileError),
    /// Other gates would not know the new key when its first tokens come.
    #[error(
        "with Redis there may be other gates, which must know a key before it mints: use `token-key add`, give all gates the file, then `token-key mint`"
    )]
    OtherGates,
}

impl Error {
    pub(super) fn exit_status(&self) -> u8 {
        match self {
            Self::Rotation(RotationError::NoSuchKey(_)) => 2,
            Self::Rotation(_) | Self::NotAFile | Self::OtherGates => 22,
            Self::Open(_) | Self::Ring(_) | Self::File(_) => 5,
        }
    }
}

impl TokenKey {
    /// The command's words and what it is about, for its audit line; none for one that only reads.
    pub(super) fn change(&self) -> Option<(&'static str, String)> {
        let compromised = |is: bool| if is { " compromised" } else { "" };
        Some(match self {
            Self::List => return None,
            Self::Add => ("token-key add", "ring".to_owned()),
            Self::Mint(id) => ("token-key mint", id.id.clone()),
            Self::Retire { id, compromised: is } => ("token-key retire", format!("{}{}", id.id, compromised(*is))),
            Self::Drop(id) => ("token-key drop", id.id.clone()),
            Self::Rotate { compromised: is } => ("token-key rotate", format!("ring{}", compromised(*is))),
        })
    }
}

/// Runs the command; the answer is the ring as it is then.
pub(super) fn run(
    config: &Config,
    command: TokenKey,
    environment: &dyn Environment,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<String, Error> {
    let read = || -> Result<RingText, Error> {
        let text = token_keys(config, environment, entropy)?;
        Ok(RingText::parse(text.expose_str().unwrap_or_default())?)
    };
    if matches!(command, TokenKey::List) {
        return Ok(shown(&read()?.keys()));
    }
    let Reference::File(path) = &config.token.keys else { return Err(Error::NotAFile) };
    // Makes a file that is missing, as the first start does.
    read()?;
    let edit = KeyFileEdit::begin(path)?;
    let mut ring = read()?;
    match command {
        TokenKey::List => {}
        TokenKey::Add => drop(ring.add(entropy, now)),
        TokenKey::Mint(id) => ring.mint(&id.id, now)?,
        TokenKey::Retire { id, compromised } => ring.retire(&id.id, compromised, now)?,
        TokenKey::Drop(id) => ring.drop_key(&id.id)?,
        TokenKey::Rotate { compromised: false } if !config.store.url.is_embedded() => return Err(Error::OtherGates),
        TokenKey::Rotate { compromised } => drop(ring.rotate(compromised, entropy, now)),
    }
    edit.commit(&ring.to_text())?;
    Ok(shown(&ring.keys()))
}

fn shown(keys: &[KeyInfo]) -> String {
    output::token_keys(keys)
}
