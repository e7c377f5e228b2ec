//! Decimal numbers of any length, compared exactly: `1.10` equals `1.1`, and no value is rounded.

use std::cmp::Ordering;

/// A decimal number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) struct Decimal {
    negative: bool,
    /// Digits before the point, without leading zeros.
    whole: Box<str>,
    /// Digits after the point, without trailing zeros.
    fraction: Box<str>,
}

impl Decimal {
    /// Parses digits with an optional minus sign and an optional fraction. No exponent, no plus sign.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        if !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole: whole.into(), fraction: fraction.into() })
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        let by_length = self.whole.len().cmp(&other.whole.len());
        by_length.then_with(|| self.whole.cmp(&other.whole)).then_with(|| self.fraction.cmp(&other.fraction))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value_and_exactly() {
        for (left, right, wanted) in [
            ("1", "1.0", Ordering::Equal),
            ("007", "7", Ordering::Equal),
            ("-0", "0.00", Ordering::Equal),
            ("1.10", "1.1", Ordering::Equal),
            ("9", "10", Ordering::Less),
            ("0.9", "0.10", Ordering::Greater),
            ("-2", "-1", Ordering::Less),
            ("-1", "1", Ordering::Less),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("0.1", "0.10000000000000000001", Ordering::Less),
        ] {
            let (l, r) = (Decimal::parse(left).unwrap(), Decimal::parse(right).unwrap());
            assert_eq!(l.cmp(&r), wanted, "{left} to {right}");
            assert_eq!(r.cmp(&l), wanted.reverse(), "{right} to {left}");
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for bad in ["", "-", ".", "1.", ".5", "+1", "1e3", "0x10", " 1", "1,5", "--1", "1.2.3", "NaN", "\u{0661}"] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
    }
}
