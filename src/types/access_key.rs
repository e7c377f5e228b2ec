//! Access key ids: `[A-Za-z0-9_]{3,128}`; those beginning `ASIA` are temporary (security rule 19).

use std::fmt;
use std::sync::Arc;

/// An access key id with valid syntax.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessKeyId(Arc<str>);

/// The text is not an access key id. The text itself is not repeated: it may be a misplaced secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an access key id must be 3 to 128 characters out of letters, digits and `_`")]
pub struct InvalidAccessKeyId;

impl AccessKeyId {
    /// Parses an access key id, temporary ones included.
    pub fn parse(text: &str) -> Result<Self, InvalidAccessKeyId> {
        let fits = (3..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if fits { Ok(Self(text.into())) } else { Err(InvalidAccessKeyId) }
    }

    /// Whether the id names a temporary credential, which needs a session token beside it.
    pub fn is_temporary(&self) -> bool {
        self.0.starts_with("ASIA")
    }

    /// The id as clients send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessKeyId({})", &*self.0)
    }
}

impl serde::Serialize for AccessKeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for AccessKeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_19_access_key_ids_keep_to_their_alphabet() {
        for good in ["TESTER1", "AKIAIOSFODNN7EXAMPLE", "a_b", &"x".repeat(128)] {
            assert!(AccessKeyId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "a b", "a/b", "a-b", "ä12", &"x".repeat(129)] {
            assert!(AccessKeyId::parse(bad).is_err(), "{bad}");
        }
        assert!(AccessKeyId::parse("ASIAIOSFODNN7EXAMPLE").unwrap().is_temporary());
        assert!(!AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap().is_temporary());
    }
}
