//! The only percent coder: RFC 3986's unreserved set, upper-case hex, as SigV4 asks.

use super::byte_set::ByteSet;

/// Percent-decoding met a `%` without two hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a `%` is not followed by two hexadecimal digits")]
pub struct InvalidEscape;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Which bytes are never encoded (RFC 3986 section 2.3).
static UNRESERVED: ByteSet = ByteSet::alphanumeric_and(b"-_.~");
/// Those, and what parts a path.
static PATH: ByteSet = ByteSet::alphanumeric_and(b"-_.~/");

fn push_encoded(byte: u8, out: &mut String) {
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.push(char::from(HEX.get(usize::from(digit)).copied().unwrap_or(b'0')));
    }
}

/// Appends the bytes of a table as they are, in runs, and the others encoded.
fn encode_but(plain: &ByteSet, bytes: &[u8], out: &mut String) {
    for run in bytes.chunk_by(|one, other| plain.has(*one) && plain.has(*other)) {
        match run {
            [byte] if !plain.has(*byte) => push_encoded(*byte, out),
            // INVARIANT: ASCII.
            _ => out.push_str(std::str::from_utf8(run).unwrap_or_default()),
        }
    }
}

/// Appends `bytes` with every byte but the unreserved ones encoded; `/` too.
pub fn encode_into(bytes: &[u8], out: &mut String) {
    encode_but(&UNRESERVED, bytes, out);
}

/// As [`encode_into`], but `/` stays.
pub fn encode_path_into(bytes: &[u8], out: &mut String) {
    encode_but(&PATH, bytes, out);
}

/// Encodes a query component.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    encode_into(bytes, &mut out);
    out
}

/// Encodes a path, keeping `/`.
pub fn encode_path(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    encode_path_into(bytes, &mut out);
    out
}

/// A path as text, if encoding what it decodes to would change nothing: it has only what stays as it is.
pub fn plain_path(path: &[u8]) -> Option<&str> {
    // Without a branch for each byte.
    let plain = path.iter().fold(true, |all, byte| all & PATH.has(*byte));
    if plain { std::str::from_utf8(path).ok() } else { None }
}

/// Decodes `%XX`; a `+` is a plus. Refuses a `%` without two hex digits.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, InvalidEscape> {
    decode_with(text, false)
}

/// Decodes a form component (`application/x-www-form-urlencoded`): as [`decode`], and `+` is a space.
pub fn decode_form(text: &[u8]) -> Result<Vec<u8>, InvalidEscape> {
    decode_with(text, true)
}

fn decode_with(text: &[u8], plus_is_space: bool) -> Result<Vec<u8>, InvalidEscape> {
    let is_mark = |byte: &u8| *byte == b'%' || (plus_is_space && *byte == b'+');
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, marked)) = rest.iter().position(is_mark).and_then(|at| rest.split_at_checked(at)) {
        out.extend_from_slice(plain);
        rest = match marked {
            [b'%', high, low, tail @ ..] => {
                out.push(hex_digit(*high)? << 4 | hex_digit(*low)?);
                tail
            }
            [b'+', tail @ ..] => {
                out.push(b' ');
                tail
            }
            _ => return Err(InvalidEscape),
        };
    }
    out.extend_from_slice(rest);
    Ok(out)
}

fn hex_digit(byte: u8) -> Result<u8, InvalidEscape> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(InvalidEscape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_the_unreserved_and_encodes_the_rest() {
        assert_eq!(encode(b"aZ09-_.~ /+%\xff"), "aZ09-_.~%20%2F%2B%25%FF");
        assert_eq!(encode_path("/a b/é".as_bytes()), "/a%20b/%C3%A9");
    }

    #[test]
    fn decoding_is_strict_and_plus_depends_on_the_form() {
        assert_eq!(decode(b"a+b%2fC"), Ok(b"a+b/C".to_vec()));
        assert_eq!(decode_form(b"a+b"), Ok(b"a b".to_vec()));
        for bad in [&b"%"[..], b"%4", b"%zz", b"a%g0"] {
            assert_eq!(decode(bad), Err(InvalidEscape));
        }
    }

    proptest! {
        #[test]
        fn encode_then_decode_is_the_identity(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(decode(encode(&bytes).as_bytes()).unwrap(), bytes.clone());
            prop_assert_eq!(decode(encode_path(&bytes).as_bytes()).unwrap(), bytes);
        }

        #[test]
        fn a_plain_path_is_one_that_decoding_and_encoding_leave(path in "[a-c/%2F+~ é-]{0,6}") {
            let path = path.as_bytes();
            let again = decode(path).map(|decoded| encode_path(&decoded));
            match plain_path(path) {
                Some(plain) => prop_assert_eq!(again, Ok(plain.to_owned())),
                None => prop_assert!(path.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"-_.~/".contains(byte))),
            }
        }
    }
}
