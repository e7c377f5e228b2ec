//! The only percent coder: RFC 3986's unreserved set, upper-case hex, as SigV4 asks.

/// Percent-decoding met a `%` without two hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a `%` is not followed by two hexadecimal digits")]
pub struct InvalidEscape;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

fn push_encoded(byte: u8, out: &mut String) {
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.push(char::from(HEX.get(usize::from(digit)).copied().unwrap_or(b'0')));
    }
}

/// Appends `bytes` with every byte but the unreserved ones encoded; `/` too.
pub fn encode_into(bytes: &[u8], out: &mut String) {
    for &byte in bytes {
        if is_unreserved(byte) { out.push(char::from(byte)) } else { push_encoded(byte, out) }
    }
}

/// As [`encode_into`], but `/` stays.
pub fn encode_path_into(bytes: &[u8], out: &mut String) {
    for &byte in bytes {
        if is_unreserved(byte) || byte == b'/' { out.push(char::from(byte)) } else { push_encoded(byte, out) }
    }
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

/// Decodes `%XX`; a `+` is a plus. Refuses a `%` without two hex digits.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, InvalidEscape> {
    decode_with(text, false)
}

/// Decodes a form component (`application/x-www-form-urlencoded`): as [`decode`], and `+` is a space.
pub fn decode_form(text: &[u8]) -> Result<Vec<u8>, InvalidEscape> {
    decode_with(text, true)
}

fn decode_with(text: &[u8], plus_is_space: bool) -> Result<Vec<u8>, InvalidEscape> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'%' => match after {
                [high, low, tail @ ..] => {
                    out.push(hex_digit(*high)? << 4 | hex_digit(*low)?);
                    rest = tail;
                }
                _ => return Err(InvalidEscape),
            },
            b'+' if plus_is_space => out.push(b' '),
            other => out.push(other),
        }
    }
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
    }
}
