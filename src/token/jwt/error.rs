//! What can be wrong with a web identity token, and with a provider's keys.

use crate::types::Timestamp;

/// A token, or a set of keys, was refused. No message repeats what the token holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Shorter than 4 or longer than [`super::MAX_TOKEN_LENGTH`] characters.
    #[error("the web identity token must have 4 to {max} characters", max = super::MAX_TOKEN_LENGTH)]
    Length,
    /// No longer valid.
    #[error("the web identity token expired at {at}; get a new one from the identity provider")]
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// A key set that is not one.
    #[error("the identity provider's key set is not a JSON Web Key Set")]
    KeySet,
}

/// What STS answers to an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// `InvalidIdentityToken`: malformed, forged, or not for us.
    Invalid,
    /// `ExpiredTokenException`.
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// `IDPRejectedClaim`: a verified token with a claim that cannot be taken.
    RejectedClaim,
    /// `IDPCommunicationError`: the provider's keys are not in the form of keys.
    Keys,
}

impl Error {
    /// What STS answers.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Length => ErrorKind::Invalid,
            Self::Expired { at } => ErrorKind::Expired { at: *at },
            Self::KeySet => ErrorKind::Keys,
        }
    }
}
