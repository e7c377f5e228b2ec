//! Checksum headers over bodies that the gate reads and writes anew (security rule 8): verified here, computed
//! anew for the backend.

use super::Fault;
use crate::sigv4::ChecksumAlgorithm;
use crate::wire::RequestHead;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

/// Compares Content-MD5 and every `x-amz-checksum-*` header with the body. A checksum of an algorithm that is
/// not known cannot be verified and is refused.
pub(super) fn verify(head: &RequestHead, content: &[u8]) -> Result<(), Fault> {
    for header in head.headers() {
        let name: &str = &header.name;
        let computed = if name == "content-md5" {
            content_md5(content)
        } else if matches!(name, "x-amz-checksum-type" | "x-amz-checksum-algorithm" | "x-amz-checksum-mode") {
            continue;
        } else if name.starts_with("x-amz-checksum-") {
            let algorithm =
                ChecksumAlgorithm::of_field(name).ok_or_else(|| Fault::InvalidDigest(name.to_owned()))?;
            algorithm.of(content)
        } else {
            continue;
        };
        let sent = header.value.trim_ascii();
        let width = |text: &[u8]| STANDARD.decode(text).map(|bytes| bytes.len()).ok();
        if width(sent) != width(computed.as_bytes()) {
            return Err(Fault::InvalidDigest(shown(name)));
        }
        if sent != computed.as_bytes() {
            return Err(Fault::BadDigest(shown(name)));
        }
    }
    Ok(())
}

fn shown(name: &str) -> String {
    if name == "content-md5" { "Content-MD5".to_owned() } else { name.to_owned() }
}

/// The value of Content-MD5 for a body.
pub(super) fn content_md5(content: &[u8]) -> String {
    STANDARD.encode(Md5::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;
    use std::net::{IpAddr, Ipv4Addr};

    fn check(name: &str, value: &str) -> Result<(), Fault> {
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let head = RequestHead::new(Method::Post, b"/b?delete", [(name, value)], peer, None).unwrap();
        verify(&head, b"123456789")
    }

    #[test]
    fn rule_08_checksums_of_rebuilt_bodies_are_verified() {
        assert!(check("content-md5", "JfnnlDI7RTiF9RgfG2JNCw==").is_ok());
        assert!(check("x-amz-checksum-crc32", "y/Q5Jg==").is_ok());
        assert!(check("x-amz-checksum-algorithm", "CRC32").is_ok());
        assert!(matches!(check("content-md5", "JfnnlDI7RTiF9RgfG2JNCg=="), Err(Fault::BadDigest(_))));
        assert!(matches!(check("x-amz-checksum-crc32", "y/Q5Jw=="), Err(Fault::BadDigest(_))));
        for (name, value) in [("content-md5", "x"), ("x-amz-checksum-crc32", ""), ("x-amz-checksum-md6", "y/Q5Jg==")] {
            assert!(matches!(check(name, value), Err(Fault::InvalidDigest(_))), "{name}");
        }
    }
}
