//! What a request with an aws-chunked body announces about it in its headers.

use super::BodyError;
use super::checksum::ChecksumAlgorithm;
use crate::wire::RequestHead;

/// The content's length by `x-amz-decoded-content-length`, in bytes.
pub(super) fn decoded_length(head: &RequestHead, limit: u64) -> Result<u64, BodyError> {
    let mut values = head.header_values("x-amz-decoded-content-length");
    let value = values.next().ok_or(BodyError::MissingDecodedLength)?;
    let text = std::str::from_utf8(value).unwrap_or_default().trim_matches([' ', '\t']);
    if values.next().is_some() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BodyError::InvalidDecodedLength);
    }
    let announced = text.parse().map_err(|_| BodyError::InvalidDecodedLength)?;
    if announced > limit { Err(BodyError::TooLarge { announced, limit }) } else { Ok(announced) }
}

/// The checksums that `x-amz-trailer` names, in one field or several.
pub(super) fn announced_trailers(head: &RequestHead) -> Result<Vec<ChecksumAlgorithm>, BodyError> {
    let mut announced = Vec::new();
    for value in head.header_values("x-amz-trailer") {
        for name in String::from_utf8_lossy(value).split(',') {
            let name = name.trim_matches([' ', '\t']).to_ascii_lowercase();
            match ChecksumAlgorithm::of_field(&name) {
                Some(algorithm) if !announced.contains(&algorithm) => announced.push(algorithm),
                _ => return Err(BodyError::UnsupportedTrailer(name.chars().take(128).collect())),
            }
        }
    }
    Ok(announced)
}
