//! The raw query string as ordered pairs, duplicates kept, raw and decoded side by side.
//!
//! S3's rule: `&` separates, the first `=` divides, `%XX` decodes, `+` is a plus (clients send it where
//! they mean it; SigV4 signs it as `%2B`). Empty pieces between `&` are dropped, as S3 drops them.

use super::percent;

/// A pair of the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryPair {
    /// The key's bytes as sent.
    pub raw_key: Vec<u8>,
    /// The value's bytes as sent; none where there was no `=`.
    pub raw_value: Option<Vec<u8>>,
    /// The key, percent-decoded.
    pub key: Vec<u8>,
    /// The value, percent-decoded; empty where there was no `=`.
    pub value: Vec<u8>,
}

/// A parsed query string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryString {
    pairs: Vec<QueryPair>,
}

/// The query could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuery {
    /// A `%` without two hex digits.
    #[error("the query string has a `%` that is not followed by two hexadecimal digits")]
    Escape,
    /// More pairs than a request may have.
    #[error("the query string has more than {0} parameters")]
    TooMany(usize),
}

/// More parameters than any S3, IAM or STS call needs in a query.
const MAX_PAIRS: usize = 1024;

impl QueryString {
    /// Parses what stands after the `?`.
    pub fn parse(raw: &[u8]) -> Result<Self, InvalidQuery> {
        let mut pairs = Vec::new();
        for piece in raw.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
            if pairs.len() == MAX_PAIRS {
                return Err(InvalidQuery::TooMany(MAX_PAIRS));
            }
            let mut halves = piece.splitn(2, |byte| *byte == b'=');
            let raw_key = halves.next().unwrap_or_default();
            let raw_value = halves.next();
            pairs.push(QueryPair {
                key: percent::decode(raw_key).map_err(|_| InvalidQuery::Escape)?,
                value: percent::decode(raw_value.unwrap_or_default()).map_err(|_| InvalidQuery::Escape)?,
                raw_key: raw_key.to_vec(),
                raw_value: raw_value.map(<[u8]>::to_vec),
            });
        }
        Ok(Self { pairs })
    }

    /// The pairs in order.
    pub fn pairs(&self) -> &[QueryPair] {
        &self.pairs
    }

    /// The decoded value of the first pair whose decoded key is `key` (with case).
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.pairs.iter().find(|pair| pair.key == key.as_bytes()).map(|pair| pair.value.as_slice())
    }

    /// The decoded value as text; none if absent or not UTF-8.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Whether a pair has this decoded key.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// How often a decoded key occurs.
    pub fn count(&self, key: &str) -> usize {
        self.pairs.iter().filter(|pair| pair.key == key.as_bytes()).count()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_keep_order_duplicates_and_raw_bytes() {
        let query = QueryString::parse(b"b=1&a&a=&x%2Dy=%2F+&&b=2").unwrap();
        let shown: Vec<_> = query.pairs().iter().map(|p| (p.key.clone(), p.value.clone())).collect();
        assert_eq!(
            shown,
            [
                (b"b".to_vec(), b"1".to_vec()),
                (b"a".to_vec(), vec![]),
                (b"a".to_vec(), vec![]),
                (b"x-y".to_vec(), b"/+".to_vec()),
                (b"b".to_vec(), b"2".to_vec()),
            ]
        );
        assert_eq!(query.pairs()[1].raw_value, None);
        assert_eq!(query.pairs()[2].raw_value, Some(vec![]));
        assert_eq!(query.count("b"), 2);
        assert!(!query.has("B"));
    }

    #[test]
    fn bad_escapes_and_floods_are_refused() {
        assert_eq!(QueryString::parse(b"a=%g1"), Err(InvalidQuery::Escape));
        assert_eq!(QueryString::parse("a&".repeat(1025).as_bytes()), Err(InvalidQuery::TooMany(1024)));
    }
}
