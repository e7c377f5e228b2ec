//! The signing key of one secret, date, region and service, and the signatures made with it.
//!
//! The derivation is `aws-sigv4`'s public function. A key is worth caching: deriving it costs four HMACs. Callers cache
//! it only after a verified signature (security rule 28).

use super::hex_digest::HexDigest;
use super::scope::CredentialScope;
use crate::types::{Secret, Timestamp};
use aws_sigv4::sign::v4::generate_signing_key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use std::time::{Duration, SystemTime};

/// A derived signing key; erased from memory when dropped (the feature `zeroize` of `hmac` and `sha2`).
///
/// Kept as HMAC that has taken in the key: every signature would begin by doing so, which costs two of its blocks.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

/// No key can be derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no signing key can be derived: the secret is not text or the scope's date is not a day of the calendar")]
pub struct UnusableSecret;

impl SigningKey {
    /// Derives the key for a scope.
    pub fn derive(secret: &Secret, scope: &CredentialScope) -> Result<Self, UnusableSecret> {
        let text = secret.expose_str().ok_or(UnusableSecret)?;
        let noon = Timestamp::parse_basic(&format!("{}T120000Z", scope.date())).map_err(|_| UnusableSecret)?;
        let key = generate_signing_key(text, system_time(noon)?, scope.region(), scope.service());
        Self::of(key.as_ref())
    }

    fn of(key: &[u8]) -> Result<Self, UnusableSecret> {
        Hmac::new_from_slice(key).map(Self).map_err(|_| UnusableSecret)
    }

    /// The signature of a string to sign.
    pub(super) fn signature(&self, string_to_sign: &[u8]) -> HexDigest {
        let mac = self.0.clone().chain_update(string_to_sign);
        HexDigest::of(&mac.finalize().into_bytes().into())
    }
}

fn system_time(time: Timestamp) -> Result<SystemTime, UnusableSecret> {
    let distance = Duration::from_secs(time.seconds().unsigned_abs());
    let moved = if time.seconds() < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    moved.ok_or(UnusableSecret)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sigv4::sign::v4::calculate_signature;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn signatures_are_hmac(key: [u8; 32], text in proptest::collection::vec(any::<u8>(), 0..1024)) {
            let signature = SigningKey::of(&key).unwrap().signature(&text);
            prop_assert_eq!(signature.as_str(), calculate_signature(key, &text));
        }
    }

    #[test]
    fn a_key_is_erased_when_it_is_dropped() {
        // HMAC is two of these and a buffer. It does not say so itself, but the features erase all three.
        fn is_erased<T: zeroize::ZeroizeOnDrop>() {}
        is_erased::<sha2::block_api::Sha256VarCore>();
    }

    #[test]
    fn the_derivation_is_that_of_the_specification() {
        // AWS, "Examples of how to derive a signing key for Signature Version 4".
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let scope = CredentialScope::new("20120215", "us-east-1", "iam").unwrap();
        let derived = hex::decode("f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d").unwrap();
        let key = SigningKey::derive(&secret, &scope).unwrap();
        assert_eq!(key.signature(b"x").as_str(), calculate_signature(derived, b"x"));
        assert_eq!(format!("{key:?}"), "SigningKey(…)");
    }

    #[test]
    fn days_that_do_not_exist_have_no_key() {
        let scope = CredentialScope::new("20260231", "r", "s3").unwrap();
        assert!(SigningKey::derive(&Secret::new("x"), &scope).is_err());
        let scope = CredentialScope::new("00010101", "r", "s3").unwrap();
        assert!(SigningKey::derive(&Secret::new(vec![0xff]), &scope).is_err());
        let _ = SigningKey::derive(&Secret::new("x"), &scope);
    }
}
