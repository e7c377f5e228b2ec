//! Sealing and opening.

use super::key_ring::Label;
use super::{Error, KeyRing, SessionClaims};
use crate::types::{AccessKeyId, Entropy, Secret, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// Most characters of a token, compared before decoding (security rule 19).
pub const MAX_TOKEN_LENGTH: usize = 8192;

pub(super) const VERSION: u8 = 1;
pub(super) const NONCE_LENGTH: usize = 24;
const TAG_LENGTH: usize = 16;

/// What a token proved.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// Its claims.
    pub claims: SessionClaims,
    /// The secret with which its requests are signed.
    pub secret: Secret,
}

/// Bytes of a sealed token before base64url: the measure of PackedPolicySize.
pub fn sealed_length(token: &str) -> usize {
    token.len() * 3 / 4
}

impl KeyRing {
    /// Seals `claims` with the minting key for the store of that id. Returns the token and the temporary secret.
    pub fn seal(
        &self,
        claims: &SessionClaims,
        store_id: &str,
        entropy: &dyn Entropy,
    ) -> Result<(String, Secret), Error> {
        let keys = self.keys();
        let key = keys.minting();
        let mut nonce = [0u8; NONCE_LENGTH];
        entropy.fill(&mut nonce);
        let plain = claims.encode()?;
        let associated = associated_data(VERSION, key.id().as_bytes(), Label::Token, store_id);
        let cipher = XChaCha20Poly1305::new_from_slice(key.token_key().expose()).map_err(|_| Error::Derivation)?;
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: &associated })
            .map_err(|_| Error::TooLong(MAX_TOKEN_LENGTH))?;

        let token = join(key.id(), &nonce, &sealed)?;
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(Error::TooLong(MAX_TOKEN_LENGTH));
        }
        Ok((token, key.temporary_secret(&claims.access_key)?))
    }

    /// Opens a token that came beside the access key id `presented`. There is no clock skew: at its expiry
    /// second a token is over (security rule 20).
    pub fn open(
        &self,
        token: &str,
        store_id: &str,
        presented: &AccessKeyId,
        now: Timestamp,
    ) -> Result<OpenedSession, Error> {
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(Error::TooLong(MAX_TOKEN_LENGTH));
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::NotBase64Url)?;
        let parts = Parts::split(&bytes)?;
        let keys = self.keys();
        let key = keys.opening(parts.key_id).ok_or(Error::UnknownKeyId)?;
        let associated = associated_data(VERSION, parts.key_id, Label::Token, store_id);
        let cipher = XChaCha20Poly1305::new_from_slice(key.token_key().expose()).map_err(|_| Error::Derivation)?;
        let plain = cipher
            .decrypt(&XNonce::from(*parts.nonce), Payload { msg: parts.sealed, aad: &associated })
            .map_err(|_| Error::Forged)?;
        let claims = SessionClaims::decode(&plain)?;
        if claims.access_key != *presented {
            return Err(Error::OtherAccessKey);
        }
        if now >= claims.expires {
            return Err(Error::Expired { expired_at: claims.expires });
        }
        let secret = key.temporary_secret(&claims.access_key)?;
        Ok(OpenedSession { claims, secret })
    }
}

/// Version, key id, nonce and what was sealed, as text.
pub(super) fn join(key_id: &str, nonce: &[u8], sealed: &[u8]) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(2 + key_id.len() + nonce.len() + sealed.len());
    bytes.push(VERSION);
    // INVARIANT: ids of ring keys have at most 16 characters, so the length fits a byte.
    bytes.push(u8::try_from(key_id.len()).map_err(|_| Error::Derivation)?);
    bytes.extend_from_slice(key_id.as_bytes());
    bytes.extend_from_slice(nonce);
    bytes.extend_from_slice(sealed);
    Ok(URL_SAFE_NO_PAD.encode(&bytes))
}

/// The fixed parts of what was sealed, not yet proven.
pub(super) struct Parts<'a> {
    pub(super) key_id: &'a [u8],
    pub(super) nonce: &'a [u8; NONCE_LENGTH],
    pub(super) sealed: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(super) fn split(bytes: &'a [u8]) -> Result<Self, Error> {
        let (&version, rest) = bytes.split_first().ok_or(Error::Truncated)?;
        if version != VERSION {
            return Err(Error::UnknownVersion(version));
        }
        let (&length, rest) = rest.split_first().ok_or(Error::Truncated)?;
        let (key_id, rest) = rest.split_at_checked(usize::from(length)).ok_or(Error::Truncated)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or(Error::Truncated)?;
        if sealed.len() < TAG_LENGTH { Err(Error::Truncated) } else { Ok(Self { key_id, nonce, sealed }) }
    }
}

/// Version, key id, label and store id, each under its length, so that no two lists have the same bytes.
pub(super) fn associated_data(version: u8, key_id: &[u8], label: Label, store_id: &str) -> Vec<u8> {
    let mut out = vec![version];
    for part in [key_id, label.as_str().as_bytes(), store_id.as_bytes()] {
        push_part(&mut out, part);
    }
    out
}

pub(super) fn push_part(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u64).to_be_bytes());
    out.extend_from_slice(part);
}

#[cfg(test)]
mod tests;
