//! SHA-256 digests and signatures as text: 64 digits of lower-case hex.

use subtle::ConstantTimeEq;

/// 32 bytes in lower-case hex.
#[derive(Clone, Copy)]
pub(super) struct HexDigest([u8; 64]);

impl HexDigest {
    pub(super) fn of(bytes: &[u8; 32]) -> Self {
        let mut digits = [0; 64];
        for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(bytes) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        Self(digits)
    }

    pub(super) fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    pub(super) fn as_str(&self) -> &str {
        // INVARIANT: ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether a text is this one, digit for digit. How long that takes says nothing but whether the lengths differ.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Ok(text) = <&[u8; 64]>::try_from(text.as_bytes()) else { return false };
        // Four wide comparisons instead of 64: each is behind a barrier that the optimiser does not cross.
        let words = |text: &[u8; 64]| -> [u128; 4] {
            let mut words = [0; 4];
            for (word, bytes) in words.iter_mut().zip(text.as_chunks().0) {
                *word = u128::from_ne_bytes(*bytes);
            }
            words
        };
        words(&self.0).ct_eq(&words(text)).into()
    }
}

/// The digit of a number below 16. Without table or branch, as it writes signatures.
fn digit(nibble: u8) -> u8 {
    const TO_LETTERS: u8 = b'a' - b'0' - 10;
    nibble + b'0' + TO_LETTERS * u8::from(nibble > 9)
}

/// Reads 64 digits of lower-case hex.
pub(super) fn parse(text: &str) -> Option<[u8; 32]> {
    let text = <&[u8; 64]>::try_from(text.as_bytes()).ok()?;
    let (mut digest, mut all) = ([0; 32], 0);
    for (byte, [high, low]) in digest.iter_mut().zip(text.as_chunks().0) {
        let (high, low) = (value(*high), value(*low));
        // Without a branch for each digit: what is none shows in the upper half.
        all |= high | low;
        *byte = high << 4 | low & 15;
    }
    (all < 16).then_some(digest)
}

/// The number of a digit; 16 or more for what is none.
fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => u8::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_lower_case_digits_are_read() {
        for byte in 0..=u8::MAX {
            for at in [0, 1, 62, 63] {
                let mut text = [b'0'; 64];
                text[at] = byte;
                let Ok(text) = std::str::from_utf8(&text) else { continue };
                assert_eq!(parse(text).is_some(), matches!(byte, b'0'..=b'9' | b'a'..=b'f'), "{text}");
            }
        }
        assert!(parse(&"0".repeat(63)).is_none() && parse(&"0".repeat(65)).is_none() && parse("").is_none());
    }

    #[test]
    fn a_text_that_differs_anywhere_does_not_match() {
        let digest = HexDigest::of(&[0xa5; 32]);
        assert!(digest.matches(&"a5".repeat(32)));
        assert!(!digest.matches(&"A5".repeat(32)) && !digest.matches("") && !digest.matches(&"a5".repeat(33)));
        for (at, bit) in (0..64).flat_map(|at| (0..7).map(move |bit| (at, bit))) {
            let mut text = *digest.as_bytes();
            text[at] ^= 1 << bit;
            assert!(!digest.matches(std::str::from_utf8(&text).unwrap()), "{at} {bit}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_hex_and_is_read_back(bytes: [u8; 32]) {
            let digest = HexDigest::of(&bytes);
            prop_assert_eq!(digest.as_str(), hex::encode(bytes));
            prop_assert_eq!(digest.as_bytes(), digest.as_str().as_bytes());
            prop_assert!(digest.matches(&hex::encode(bytes)));
            prop_assert_eq!(parse(digest.as_str()), Some(bytes));
        }
    }
}
