//! What `x-amz-content-sha256` says about the body, and the check of a plain body against its signed hash.

use super::BodyError;
use super::hex_digest::{self, HexDigest};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The sentinel of a body that is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

const STREAMING_UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const STREAMING_SIGNED: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const STREAMING_SIGNED_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const STREAMING_ECDSA: &str = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD";

/// How the body is covered by the signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PayloadKind {
    /// By its SHA-256.
    Digest([u8; 32]),
    /// Not at all.
    Unsigned,
    /// aws-chunked without signatures, a checksum in the trailer.
    StreamingUnsignedTrailer,
    /// aws-chunked, each chunk signed.
    StreamingSigned,
    /// aws-chunked, each chunk and the trailer signed.
    StreamingSignedTrailer,
}

/// The value of `x-amz-content-sha256` is none of those allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPayload {
    /// A streaming payload of SigV4a.
    #[error("asymmetric streaming signatures (STREAMING-AWS4-ECDSA-…) are not supported; use AWS4-HMAC-SHA256")]
    Ecdsa,
    /// Anything else.
    #[error(
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
         STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a SHA-256 in lower-case hex"
    )]
    Unknown,
}

impl PayloadKind {
    /// Parses the value of `x-amz-content-sha256`.
    pub fn parse(text: &str) -> Result<Self, InvalidPayload> {
        match text {
            UNSIGNED_PAYLOAD => Ok(Self::Unsigned),
            STREAMING_UNSIGNED_TRAILER => Ok(Self::StreamingUnsignedTrailer),
            STREAMING_SIGNED => Ok(Self::StreamingSigned),
            STREAMING_SIGNED_TRAILER => Ok(Self::StreamingSignedTrailer),
            other if other.starts_with(STREAMING_ECDSA) => Err(InvalidPayload::Ecdsa),
            other => hex_digest::parse(other).map(Self::Digest).ok_or(InvalidPayload::Unknown),
        }
    }

    /// Appends the value as it stands in the header and at the end of the canonical request.
    pub fn push_text(&self, out: &mut Vec<u8>) {
        match self {
            Self::Digest(digest) => out.extend_from_slice(HexDigest::of(digest).as_bytes()),
            Self::Unsigned => out.extend_from_slice(UNSIGNED_PAYLOAD.as_bytes()),
            Self::StreamingUnsignedTrailer => out.extend_from_slice(STREAMING_UNSIGNED_TRAILER.as_bytes()),
            Self::StreamingSigned => out.extend_from_slice(STREAMING_SIGNED.as_bytes()),
            Self::StreamingSignedTrailer => out.extend_from_slice(STREAMING_SIGNED_TRAILER.as_bytes()),
        }
    }

    /// The value as text.
    pub fn text(&self) -> String {
        let mut out = Vec::with_capacity(64);
        self.push_text(&mut out);
        // INVARIANT: the texts are ASCII.
        String::from_utf8(out).unwrap_or_default()
    }

    /// Whether the body is in aws-chunked framing.
    pub fn is_streaming(&self) -> bool {
        !matches!(self, Self::Digest(_) | Self::Unsigned)
    }
}

/// SHA-256 in lower-case hex.
pub fn hex_sha256(bytes: &[u8]) -> String {
    HexDigest::of(&Sha256::digest(bytes).into()).as_str().to_owned()
}

/// Checks a plain body against its signed SHA-256 while it passes. Whoever forwards the body keeps its last
/// bytes back until [`PayloadHasher::finish`] has agreed.
pub struct PayloadHasher {
    expected: [u8; 32],
    hasher: Sha256,
}

impl PayloadHasher {
    /// A check against the signed hash.
    pub fn new(expected: [u8; 32]) -> Self {
        Self { expected, hasher: Sha256::new() }
    }

    /// Takes the next bytes of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// At the body's end: whether it was the signed one.
    pub fn finish(self) -> Result<(), BodyError> {
        let received: [u8; 32] = self.hasher.finalize().into();
        if received.ct_eq(&self.expected).into() {
            Ok(())
        } else {
            Err(BodyError::Sha256Mismatch { claimed: self.expected, received })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_kinds_and_nothing_else() {
        for text in [
            UNSIGNED_PAYLOAD,
            STREAMING_UNSIGNED_TRAILER,
            STREAMING_SIGNED,
            STREAMING_SIGNED_TRAILER,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ] {
            assert_eq!(PayloadKind::parse(text).unwrap().text(), text);
        }
        assert_eq!(PayloadKind::parse("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"), Err(InvalidPayload::Ecdsa));
        for bad in [
            "",
            "unsigned-payload",
            "STREAMING-",
            "STREAMING-AWS4-HMAC-SHA256-EVENTS",
            "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8",
        ] {
            assert_eq!(PayloadKind::parse(bad), Err(InvalidPayload::Unknown), "{bad}");
        }
    }

    #[test]
    fn a_plain_body_is_held_to_its_hash() {
        let expected: [u8; 32] = Sha256::digest(b"abc").into();
        let mut good = PayloadHasher::new(expected);
        good.update(b"a");
        good.update(b"bc");
        assert_eq!(good.finish(), Ok(()));
        let mut bad = PayloadHasher::new(expected);
        bad.update(b"abd");
        assert!(matches!(bad.finish(), Err(BodyError::Sha256Mismatch { .. })));
    }
}
