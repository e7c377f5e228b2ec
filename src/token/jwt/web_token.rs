//! A token as it was presented: its form (RFC 7515 section 7.1), and the order of its verification.

use super::{Algorithm, Error, KeyHint, KeySet, WebClaims};
use crate::types::Timestamp;

/// AWS's limit of `WebIdentityToken`, in characters.
pub const MAX_TOKEN_LENGTH: usize = 20_000;

/// What a token of a provider must fit.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The provider's URL with its scheme; `iss` is byte-equal to it.
    pub issuer: &'a str,
    /// The provider's client ids.
    pub client_ids: &'a [&'a str],
    /// Whether an empty list of client ids refuses every token.
    pub require_client_ids: bool,
    /// Whether `typ: at+jwt`, and a match by `azp` or `client_id` alone, are taken.
    pub accept_access_tokens: bool,
}

/// A token in its form, not verified.
#[derive(Clone, Debug)]
pub struct WebToken<'a> {
    text: &'a str,
}

impl<'a> WebToken<'a> {
    /// Reads the form of a token.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let _ = Self { text };
        Err(Error::Length)
    }

    /// `iss`, the one claim that is readable before verification.
    pub fn issuer(&self) -> &str {
        self.text
    }

    /// The key that verifies this token.
    pub fn hint(&self) -> KeyHint<'_> {
        KeyHint { kid: None, algorithm: Algorithm::Rs256 }
    }

    /// Verifies signature, issuer, audience and times.
    pub fn verify(&self, _keys: &KeySet, _rules: &Rules<'_>, _now: Timestamp) -> Result<WebClaims, Error> {
        Err(Error::Length)
    }
}
