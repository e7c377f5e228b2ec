//! Sets of ASCII bytes, told by one look into a table that is made when it is compiled.

/// The letters, the digits and some other bytes.
pub(super) struct ByteSet([bool; 256]);

impl ByteSet {
    /// The letters, the digits and `others`.
    pub(super) const fn alphanumeric_and(mut others: &[u8]) -> Self {
        let mut table = [false; 256];
        let mut byte = 0u8;
        while byte < 128 {
            #[allow(clippy::indexing_slicing, reason = "a byte is within 256; checked when it is compiled")]
            {
                table[byte as usize] = byte.is_ascii_alphanumeric();
            }
            byte += 1;
        }
        while let Some((byte, rest)) = others.split_first() {
            #[allow(clippy::indexing_slicing, reason = "a byte is within 256; checked when it is compiled")]
            {
                table[*byte as usize] = true;
            }
            others = rest;
        }
        Self(table)
    }

    /// Whether a byte is one of them.
    pub(super) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_the_digits_and_the_others_are_all() {
        let set = ByteSet::alphanumeric_and(b"-~");
        for byte in 0..=u8::MAX {
            assert_eq!(set.has(byte), byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'~', "{byte}");
        }
    }
}
