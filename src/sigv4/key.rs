//! The signing key of one secret, date, region and service, and the signatures made with it.
//!
//! The derivation is `aws-sigv4`'s public function; the signature is HMAC (RFC 2104) over the compression function of
//! `sha2`. A key is worth caching: deriving it costs four HMACs. Callers cache it only after a verified signature
//! (security rule 28).

use super::hex_digest::HexDigest;
use super::scope::CredentialScope;
use crate::types::{Secret, Timestamp};
use aws_sigv4::sign::v4::generate_signing_key;
use sha2::block_api::compress256;
use std::fmt;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// What SHA-256 begins with (FIPS 180-4 section 5.3.3).
const BEGIN: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A derived signing key; erased from memory when dropped.
///
/// Kept as what HMAC's two hashes have come to after the block that is made of the key: every signature would begin by
/// computing both.
#[derive(Clone)]
pub struct SigningKey {
    inner: Zeroizing<[u32; 8]>,
    outer: Zeroizing<[u32; 8]>,
}

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
        let key = <&[u8; 32]>::try_from(key.as_ref()).map_err(|_| UnusableSecret)?;
        Ok(Self::of(key))
    }

    fn of(key: &[u8; 32]) -> Self {
        let after = |pad: u8| {
            let mut block = Zeroizing::new([pad; BLOCK]);
            for (byte, key) in block.iter_mut().zip(key) {
                *byte ^= key;
            }
            let mut state = Zeroizing::new(BEGIN);
            compress256(&mut state, &[*block]);
            state
        };
        Self { inner: after(0x36), outer: after(0x5c) }
    }

    /// The signature of a string to sign.
    pub(super) fn signature(&self, string_to_sign: &[u8]) -> HexDigest {
        let inner = finish(*self.inner, string_to_sign);
        HexDigest::of(&finish(*self.outer, &inner))
    }
}

/// SHA-256 of one block, after which `state` is that of the hash, and a text (FIPS 180-4 sections 5.1.1 and 6.2.2).
fn finish(mut state: [u32; 8], text: &[u8]) -> [u8; 32] {
    let (blocks, rest) = text.as_chunks();
    compress256(&mut state, blocks);
    // The rest, a one bit, zeros, and the length in bits at the end of a block: of the first if there is room.
    let mut last = [[0; BLOCK]; 2];
    for (byte, text) in last.as_flattened_mut().iter_mut().zip(rest.iter().chain(&[0x80])) {
        *byte = *text;
    }
    let one = rest.len() < BLOCK - size_of::<u64>();
    let bits = (BLOCK as u64).saturating_add(text.len() as u64).saturating_mul(8);
    let [first, second] = &mut last;
    if let Some(end) = if one { first } else { second }.last_chunk_mut() {
        *end = bits.to_be_bytes();
    }
    compress256(&mut state, if one { last.split_at(1).0 } else { &last });
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
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

    #[test]
    fn signatures_of_texts_of_every_length_are_hmac() {
        for length in 0..=4 * BLOCK {
            let text: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            let key = [0x5a; 32];
            assert_eq!(SigningKey::of(&key).signature(&text).as_str(), calculate_signature(key, &text), "{length}");
        }
    }

    proptest! {
        #[test]
        fn signatures_are_hmac(key: [u8; 32], text in proptest::collection::vec(any::<u8>(), 0..1024)) {
            let signature = SigningKey::of(&key).signature(&text);
            prop_assert_eq!(signature.as_str(), calculate_signature(key, &text));
        }
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
