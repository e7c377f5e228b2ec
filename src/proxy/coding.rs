//! The chunked transfer coding (RFC 9112 section 7.1), read strictly and written.
//!
//! Free of sockets: bytes in a buffer go in, pieces of the content come out. Lines end with CR LF and nothing else;
//! the line of a size and the trailer section are bounded; chunk extensions and trailer fields must be well-formed
//! and are dropped. What could be read in two ways is refused.

use super::head;
use bytes::{Buf, Bytes, BytesMut};

/// The longest line that tells a chunk's size, extensions and line end included.
const SIZE_LINE_BYTES: usize = 256;
/// The largest trailer section.
const TRAILER_BYTES: usize = 8 * 1024;

/// The coding is broken: a size that is none, a line that does not end as it must, something too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chunked transfer coding is broken")]
pub struct BrokenCoding;

/// What the decoder found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// Content, never empty.
    Data(Bytes),
    /// More bytes are needed.
    More,
    /// The end of the body, its trailer section included.
    End,
}

/// Takes one body out of its coding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkedDecoder {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Data { left: u64 },
    DataEnd,
    Trailers { left: usize },
    End,
}

impl Default for ChunkedDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkedDecoder {
    /// A decoder at the start of a body.
    pub fn new() -> Self {
        Self { state: State::Size }
    }

    /// Whether the body has ended.
    pub fn is_done(&self) -> bool {
        self.state == State::End
    }

    /// Takes from the front of `input` what makes the next step. Bytes after the end stay where they are.
    pub fn decode(&mut self, input: &mut BytesMut) -> Result<Decoded, BrokenCoding> {
        loop {
            match &mut self.state {
                State::Size => {
                    let Some(line) = line(input, SIZE_LINE_BYTES)? else { return Ok(Decoded::More) };
                    let left = size(&line)?;
                    self.state = if left == 0 { State::Trailers { left: TRAILER_BYTES } } else { State::Data { left } };
                }
                State::Data { left } => {
                    if input.is_empty() {
                        return Ok(Decoded::More);
                    }
                    let take = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                    *left = left.saturating_sub(u64::try_from(take).unwrap_or(u64::MAX));
                    if *left == 0 {
                        self.state = State::DataEnd;
                    }
                    return Ok(Decoded::Data(input.split_to(take).freeze()));
                }
                State::DataEnd => {
                    match (input.first(), input.get(1)) {
                        (Some(b'\r'), Some(b'\n')) => input.advance(2),
                        (None, _) | (Some(b'\r'), None) => return Ok(Decoded::More),
                        _ => return Err(BrokenCoding),
                    }
                    self.state = State::Size;
                }
                State::Trailers { left } => {
                    let Some(line) = line(input, *left)? else { return Ok(Decoded::More) };
                    if line.is_empty() {
                        self.state = State::End;
                    } else {
                        head::field(&line).map_err(|_| BrokenCoding)?;
                        *left = left.saturating_sub(line.len() + 2);
                    }
                }
                State::End => return Ok(Decoded::End),
            }
        }
    }
}

/// The next line without its CR LF; none if its end is not there yet.
fn line(input: &mut BytesMut, limit: usize) -> Result<Option<BytesMut>, BrokenCoding> {
    let searched = input.get(..limit).unwrap_or(input);
    let Some(end) = memchr::memchr(b'\n', searched) else {
        return if input.len() >= limit { Err(BrokenCoding) } else { Ok(None) };
    };
    let mut line = input.split_to(end + 1);
    line.truncate(end);
    match line.split_last() {
        Some((b'\r', rest)) if !rest.contains(&b'\r') => line.truncate(end - 1),
        _ => return Err(BrokenCoding),
    }
    Ok(Some(line))
}

/// The size in a line; an extension after it may be anything printable.
fn size(line: &[u8]) -> Result<u64, BrokenCoding> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, extension) = line.split_at_checked(digits).ok_or(BrokenCoding)?;
    let printable = extension.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    let known = extension.is_empty() || extension.trim_ascii_start().first() == Some(&b';');
    if digits.is_empty() || digits.len() > 15 || !printable || !known {
        return Err(BrokenCoding);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| BrokenCoding)?;
    u64::from_str_radix(digits, 16).map_err(|_| BrokenCoding)
}

/// What ends a body.
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Writes the line before a chunk of so many bytes, which is not 0. After the chunk comes CR LF.
pub(super) fn write_size(out: &mut Vec<u8>, length: usize) {
    use std::io::Write as _;
    // Writing to a vector cannot fail.
    let _ = write!(out, "{length:x}\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Decodes pieces as they come; gives the content and what is left after the end.
    fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, Vec<u8>, bool), BrokenCoding> {
        let (mut decoder, mut input, mut content) = (ChunkedDecoder::new(), BytesMut::new(), Vec::new());
        for piece in pieces {
            input.extend_from_slice(piece);
            while let Decoded::Data(data) = decoder.decode(&mut input)? {
                assert!(!data.is_empty());
                content.extend_from_slice(&data);
            }
        }
        Ok((content, input.to_vec(), decoder.is_done()))
    }

    #[test]
    fn chunks_extensions_and_trailers_are_read_and_what_follows_stays() {
        let raw = b"3\r\nabc\r\nA;x=\"y\" ;z\r\n0123456789\r\n00\r\nx-a: 1\r\nb:\r\n\r\nGET /";
        assert_eq!(decode(&[raw]), Ok((b"abc0123456789".to_vec(), b"GET /".to_vec(), true)));
        let bytes: Vec<&[u8]> = raw.chunks(1).collect();
        assert_eq!(decode(&bytes), Ok((b"abc0123456789".to_vec(), b"GET /".to_vec(), true)));
        assert_eq!(decode(&[b"0\r\n"]), Ok((vec![], vec![], false)));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for raw in [
            "zz\r\n",
            "\r\n",
            " 3\r\nabc\r\n",
            "-1\r\n",
            "+3\r\nabc",
            "0x3\r\nabc",
            "3\nabc\n",
            "3\r\nabcd",
            "3\r\nabc\n",
            "3\r\nabc\r\r\n",
            "3 4\r\n",
            "3,4\r\n",
            "3;\u{1}\r\n",
            "3;\r;\r\n",
            "1000000000000000\r\n",
            "ffffffffffffffff\r\n",
            "0\r\nno colon\r\n\r\n",
            "0\r\na b: 1\r\n\r\n",
            "0\r\n\n",
            "0\r\n folded\r\n\r\n",
        ] {
            assert_eq!(decode(&[raw.as_bytes()]), Err(BrokenCoding), "{raw:?}");
        }
    }

    #[test]
    fn lines_and_trailers_are_bounded() {
        let long = |count: usize| format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(count));
        assert!(decode(&[long(SIZE_LINE_BYTES - 4).as_bytes()]).is_ok_and(|(_, _, done)| done));
        assert_eq!(decode(&[long(SIZE_LINE_BYTES - 3).as_bytes()]), Err(BrokenCoding));
        assert_eq!(decode(&[&[b'1'; SIZE_LINE_BYTES]]), Err(BrokenCoding));
        let trailers = format!("0\r\n{}", format!("a: {}\r\n", "x".repeat(1019)).repeat(9));
        assert_eq!(decode(&[trailers.as_bytes()]), Err(BrokenCoding));
    }

    proptest! {
        #[test]
        fn every_split_gives_the_same(raw in "[0-3a;\r\nx: ]{0,40}", at in 0usize..40) {
            let raw = raw.as_bytes();
            let (one, two) = raw.split_at(at.min(raw.len()));
            prop_assert_eq!(decode(&[raw]), decode(&[one, two]));
        }

        #[test]
        fn what_is_written_is_read(chunks in proptest::collection::vec("[a-z]{1,40}", 0..5)) {
            let mut raw = Vec::new();
            for chunk in &chunks {
                write_size(&mut raw, chunk.len());
                raw.extend_from_slice(chunk.as_bytes());
                raw.extend_from_slice(b"\r\n");
            }
            raw.extend_from_slice(LAST_CHUNK);
            prop_assert_eq!(decode(&[&raw]), Ok((chunks.concat().into_bytes(), vec![], true)));
        }
    }
}
