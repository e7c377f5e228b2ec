//! The chain of chunk signatures: each is over the one before, the first over the request's.

use super::canonical::push_header;
use super::hex_digest::HexDigest;
use super::key::SigningKey;
use sha2::{Digest, Sha256};

const CHUNK: &str = "AWS4-HMAC-SHA256-PAYLOAD";
const TRAILER: &str = "AWS4-HMAC-SHA256-TRAILER";
/// SHA-256 of nothing: the place of headers, which chunks do not have.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Makes the signatures of a body's chunks in order.
pub(super) struct ChunkChain {
    key: SigningKey,
    /// The signing time and the scope, each with a line end.
    context: String,
    previous: String,
    /// Kept between chunks for its room.
    string_to_sign: Vec<u8>,
}

impl ChunkChain {
    pub(super) fn new(key: &SigningKey, time: &str, scope: &str, seed_signature: &str) -> Self {
        Self {
            key: key.clone(),
            context: format!("{time}\n{scope}\n"),
            previous: seed_signature.to_owned(),
            string_to_sign: Vec::with_capacity(320),
        }
    }

    /// The signature of the next chunk, by the SHA-256 of its data.
    pub(super) fn next_chunk(&mut self, sha256: &[u8; 32]) -> &str {
        self.begin(CHUNK);
        self.string_to_sign.extend_from_slice(EMPTY_SHA256.as_bytes());
        self.string_to_sign.push(b'\n');
        self.end(sha256)
    }

    /// The signature of the trailer: over each field as `name:value` and a line feed.
    pub(super) fn trailer(&mut self, fields: &[(Box<str>, Box<str>)]) -> &str {
        let mut canonical = Vec::with_capacity(128);
        for (name, value) in fields {
            push_header(name, std::iter::once(value.as_bytes()), &mut canonical);
        }
        let sha256 = Sha256::digest(&canonical).into();
        self.begin(TRAILER);
        self.end(&sha256)
    }

    fn begin(&mut self, algorithm: &str) {
        self.string_to_sign.clear();
        for part in [algorithm, "\n", &self.context, &self.previous, "\n"] {
            self.string_to_sign.extend_from_slice(part.as_bytes());
        }
    }

    fn end(&mut self, sha256: &[u8; 32]) -> &str {
        self.string_to_sign.extend_from_slice(HexDigest::of(sha256).as_bytes());
        self.previous.clear();
        self.previous.push_str(self.key.signature(&self.string_to_sign).as_str());
        &self.previous
    }
}
