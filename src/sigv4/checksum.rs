//! The checksums a trailer may carry, computed while the content passes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt;

/// The algorithms S3 knows for trailers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChecksumAlgorithm {
    /// CRC-32 (ISO-HDLC).
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl ChecksumAlgorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The name of its header or trailer field.
    pub fn field_name(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The algorithm of a field, by its lower-case name.
    pub fn of_field(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.field_name() == name)
    }
}

impl fmt::Display for ChecksumAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field_name())
    }
}

/// A checksum in the making.
pub(super) struct Checksum {
    pub(super) algorithm: ChecksumAlgorithm,
    state: State,
}

enum State {
    /// The digest's width is that of its algorithm.
    Crc32(crc_fast::Digest),
    Crc64(crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    pub(super) fn new(algorithm: ChecksumAlgorithm) -> Self {
        let state = match algorithm {
            ChecksumAlgorithm::Crc32 => State::Crc32(crc_fast::Digest::new(CrcAlgorithm::Crc32IsoHdlc)),
            ChecksumAlgorithm::Crc32c => State::Crc32(crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi)),
            ChecksumAlgorithm::Crc64Nvme => State::Crc64(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme)),
            ChecksumAlgorithm::Sha1 => State::Sha1(Sha1::new()),
            ChecksumAlgorithm::Sha256 => State::Sha256(Sha256::new()),
        };
        Self { algorithm, state }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc32(digest) | State::Crc64(digest) => digest.update(bytes),
            State::Sha1(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
        }
    }

    /// The value as the trailer writes it: big-endian, base64.
    pub(super) fn value(&self) -> String {
        match &self.state {
            // INVARIANT: the upper half is zero.
            State::Crc32(digest) => {
                let [_, _, _, _, a, b, c, d] = digest.finalize().to_be_bytes();
                STANDARD.encode([a, b, c, d])
            }
            State::Crc64(digest) => STANDARD.encode(digest.finalize().to_be_bytes()),
            State::Sha1(digest) => STANDARD.encode(digest.clone().finalize()),
            State::Sha256(digest) => STANDARD.encode(digest.clone().finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_of_the_algorithms() {
        // The catalogue's check values over "123456789".
        for (algorithm, expected) in [
            (ChecksumAlgorithm::Crc32, "cbf43926"),
            (ChecksumAlgorithm::Crc32c, "e3069283"),
            (ChecksumAlgorithm::Crc64Nvme, "ae8b14860a799888"),
            (ChecksumAlgorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (ChecksumAlgorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ] {
            let mut checksum = Checksum::new(algorithm);
            checksum.update(b"1234");
            checksum.update(b"56789");
            assert_eq!(checksum.value(), STANDARD.encode(hex::decode(expected).unwrap()), "{algorithm}");
            assert_eq!(ChecksumAlgorithm::of_field(algorithm.field_name()), Some(algorithm));
        }
    }

    #[test]
    fn other_fields_are_no_checksums() {
        for name in ["", "x-amz-checksum-md5", "X-Amz-Checksum-Crc32", "x-amz-checksum-type", "etag"] {
            assert_eq!(ChecksumAlgorithm::of_field(name), None, "{name}");
        }
    }
}
