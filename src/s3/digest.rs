//! Digests of bodies that are read whole: the client's are verified here, dropped, and the forwarded body
//! gets a Content-MD5 of its own (DESIGN section 8).

use super::error::{Error, Shown};
use super::request::S3Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// The value of `Content-MD5` for a body.
pub fn content_md5(body: &[u8]) -> String {
    STANDARD.encode(Md5::digest(body))
}

impl S3Request {
    /// Verifies `Content-MD5` and every `x-amz-checksum-*` of the head against the whole body.
    pub fn verify_digests(&self, body: &[u8]) -> Result<(), Error> {
        for (name, value) in self.headers() {
            let computed = match name.as_ref() {
                "content-md5" | "x-amz-checksum-md5" => Md5::digest(body).to_vec(),
                "x-amz-checksum-crc32" => crc32(CrcAlgorithm::Crc32IsoHdlc, body),
                "x-amz-checksum-crc32c" => crc32(CrcAlgorithm::Crc32Iscsi, body),
                "x-amz-checksum-crc64nvme" => crc_fast::checksum(CrcAlgorithm::Crc64Nvme, body).to_be_bytes().to_vec(),
                "x-amz-checksum-sha1" => Sha1::digest(body).to_vec(),
                "x-amz-checksum-sha256" => Sha256::digest(body).to_vec(),
                "x-amz-checksum-sha512" => Sha512::digest(body).to_vec(),
                "x-amz-checksum-mode" | "x-amz-checksum-type" | "x-amz-checksum-algorithm" => continue,
                other if other.starts_with("x-amz-checksum-") => {
                    return Err(Error::DigestUnsupported(Shown::new(other.as_bytes())));
                }
                _ => continue,
            };
            let shown = || Shown::new(name.as_bytes());
            match STANDARD.decode(value) {
                Ok(sent) if sent == computed => {}
                Ok(sent) if sent.len() == computed.len() => return Err(Error::DigestMismatch(shown())),
                _ => return Err(Error::DigestForm(shown())),
            }
        }
        Ok(())
    }
}

fn crc32(algorithm: CrcAlgorithm, body: &[u8]) -> Vec<u8> {
    let sum = crc_fast::checksum(algorithm, body).to_be_bytes();
    sum.last_chunk::<4>().map(|low| low.to_vec()).unwrap_or_default()
}
