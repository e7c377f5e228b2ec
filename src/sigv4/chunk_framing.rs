//! The lines of aws-chunked framing: chunk heads and trailer fields, parsed strictly.

use super::BodyError;

/// The chunk extension that carries a signature.
pub(super) const CHUNK_SIGNATURE: &str = "chunk-signature=";
/// The last field of a signed trailer.
pub(super) const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// More hexadecimal digits do not fit a `u64`.
const MAX_DIGITS: usize = 16;

/// A parsed chunk head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ChunkHead {
    /// Bytes of data that follow.
    pub(super) size: u64,
    /// How many digits the size was written with.
    pub(super) digits: usize,
    /// The signature as sent; empty in the unsigned framing.
    pub(super) signature: Vec<u8>,
}

/// Parses a chunk head, its line feed already cut off.
pub(super) fn chunk_head(line: &[u8], signed: bool) -> Result<ChunkHead, BodyError> {
    let text = line.strip_suffix(b"\r").and_then(|line| std::str::from_utf8(line).ok());
    let text = text.ok_or(BodyError::MalformedChunk)?;
    let (size, extension) = match text.split_once(';') {
        Some((size, extension)) => (size, Some(extension)),
        None => (text, None),
    };
    let signature = match (signed, extension.map(|extension| extension.strip_prefix(CHUNK_SIGNATURE))) {
        (true, Some(Some(signature))) => signature.as_bytes().to_vec(),
        (false, None) => Vec::new(),
        _ => return Err(BodyError::MalformedChunk),
    };
    let digits = size.len();
    if !(1..=MAX_DIGITS).contains(&digits) || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(BodyError::MalformedChunk);
    }
    let size = u64::from_str_radix(size, 16).map_err(|_| BodyError::MalformedChunk)?;
    Ok(ChunkHead { size, digits, signature })
}

/// Parses a trailer field without its line end: `name:value`, the name in lower case, no blanks around.
pub(super) fn trailer_field(text: &[u8]) -> Result<(Box<str>, Box<str>), BodyError> {
    let text = std::str::from_utf8(text).map_err(|_| BodyError::MalformedTrailer)?;
    let (name, value) = text.split_once(':').ok_or(BodyError::MalformedTrailer)?;
    let name_fits = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let value_fits = value.bytes().all(|byte| byte.is_ascii_graphic());
    if name.is_empty() || value.is_empty() || !name_fits || !value_fits {
        return Err(BodyError::MalformedTrailer);
    }
    Ok((name.into(), value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_heads_are_strict() {
        let head = chunk_head(b"00a0;chunk-signature=ab\r", true).unwrap();
        assert_eq!(head, ChunkHead { size: 160, digits: 4, signature: b"ab".to_vec() });
        assert_eq!(chunk_head(b"A0\r", false).unwrap().size, 160);
        for (bad, signed) in [
            (&b"a0"[..], false),
            (b"\r", false),
            (b"+1\r", false),
            (b" 1\r", false),
            (b"1 \r", false),
            (b"0x1\r", false),
            (b"g\r", false),
            (b"1;\r", false),
            (b"1;chunk-signature=a\r", false),
            (b"1\r", true),
            (b"1;x=y\r", true),
            (b"00000000000000001\r", false),
            (b"\xff\r", false),
        ] {
            assert_eq!(chunk_head(bad, signed), Err(BodyError::MalformedChunk), "{bad:?}");
        }
    }

    #[test]
    fn trailer_fields_are_strict() {
        assert_eq!(trailer_field(b"x-a:b=").unwrap(), ("x-a".into(), "b=".into()));
        for bad in [&b""[..], b"x", b":b", b"x:", b"X:b", b"x: b", b"x :b", b"x:b ", b"x:b\rc", b"x:\xff"] {
            assert_eq!(trailer_field(bad), Err(BodyError::MalformedTrailer), "{bad:?}");
        }
    }
}
