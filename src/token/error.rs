//! What can be wrong with a token, and with the text of a key ring.

use super::KeyState;
use crate::types::Timestamp;

/// A token was refused, or could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`super::MAX_TOKEN_LENGTH`]; refused before decoding.
    #[error("the session token is longer than {0} characters")]
    TooLong(usize),
    /// Not base64url without padding.
    #[error("the session token is not base64url text: it was altered, or is of another service")]
    NotBase64Url,
    /// Ends before its fixed parts are complete.
    #[error("the session token is cut off")]
    Truncated,
    /// Of a version this gate does not know.
    #[error("the session token has the unknown version {0}")]
    UnknownVersion(u8),
    /// Sealed with a key that is not in the ring, or is retired there.
    #[error("the session token was sealed with a key that this gate does not have or has retired")]
    UnknownKeyId,
    /// The authentication tag does not fit: altered, or sealed with other keys or for another store.
    #[error("the session token was altered or was not made by this gate")]
    Forged,
    /// Authentic, but the claims are not in the form or the bounds of this version.
    #[error("the session token's content is not in the form of its version")]
    MalformedClaims,
    /// Authentic, but of another access key id.
    #[error("the session token belongs to another access key id")]
    OtherAccessKey,
    /// No longer valid.
    #[error("the session token expired at {expired_at}")]
    Expired {
        /// Since when.
        expired_at: Timestamp,
    },
    /// An authorization message that this gate did not seal for this account and store.
    #[error("the authorization message was altered, or is not of this account")]
    ForgedMessage,
    /// Key derivation failed. Does not happen with the fixed lengths here; no key of zeros may result from it.
    #[error("a key could not be derived")]
    Derivation,
}

/// The text of a key ring was refused. Lines count from 1; key material is never repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// A line that is not `ID:STATE:HEX`.
    #[error("line {line} of the token keys is not ID:STATE:HEX or ID:STATE:HEX:SINCE")]
    Form {
        /// The line.
        line: usize,
    },
    /// A key id outside `[A-Za-z0-9]{1,16}`.
    #[error("line {line} of the token keys: the id must be 1 to 16 letters and digits")]
    Id {
        /// The line.
        line: usize,
    },
    /// An unknown state.
    #[error("line {line} of the token keys: the state must be opening, minting or retired")]
    State {
        /// The line.
        line: usize,
    },
    /// A key that is not 64 hexadecimal digits.
    #[error("line {line} of the token keys: the key must be 64 hexadecimal digits")]
    Key {
        /// The line.
        line: usize,
    },
    /// A time that is not a number of seconds since 1970.
    #[error("line {line} of the token keys: the time at the end must be whole seconds since 1970")]
    Since {
        /// The line.
        line: usize,
    },
    /// An id that occurs twice.
    #[error("line {line} of the token keys: the id is used more than once")]
    RepeatedId {
        /// The line.
        line: usize,
    },
    /// The same key under two ids.
    #[error("line {line} of the token keys: the key is the same as an earlier one")]
    RepeatedKey {
        /// The line.
        line: usize,
    },
    /// None, or more than one, minting key.
    #[error("the token keys must have exactly one key in the state minting, but have {0}")]
    Minting(usize),
    /// As [`Error::Derivation`].
    #[error("a key could not be derived")]
    Derivation,
}

/// A step of a rotation was refused (security rule 20).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// The ring itself is not one.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// No key of that id.
    #[error("there is no token key {0}")]
    NoSuchKey(String),
    /// Only a key that opens can come to mint.
    #[error("the token key {id} is {state}; only one that is opening can come to mint", state = .state.as_str())]
    NotOpening {
        /// The key.
        id: String,
        /// Its state.
        state: KeyState,
    },
    /// Not every gate can know the key yet.
    #[error("the token key {id} may mint from {from} on, when every gate knows it")]
    TooFresh {
        /// The key.
        id: String,
        /// From when on.
        from: Timestamp,
    },
    /// There must always be one key that mints.
    #[error("the token key {0} is the one that mints; let another mint first")]
    Mints(String),
    /// Tokens of the key may still be in use.
    #[error(
        "tokens of the key {id} are in use until {until}; a key that others know is retired at once with --compromised"
    )]
    InUse {
        /// The key.
        id: String,
        /// Until when.
        until: Timestamp,
    },
    /// Only a retired key leaves the ring.
    #[error("the token key {0} is not retired; retire it first")]
    NotRetired(String),
}
