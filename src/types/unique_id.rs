//! Unique ids of IAM entities: a four-letter prefix and 17 characters of upper case and digits.
//!
//! A role deleted and made again has another unique id, so that old sessions and old policies do
//! not follow the name (security rule 14). Source: "IAM identifiers", unique ID prefixes.

use std::fmt;
use std::sync::Arc;

/// What an id names; decides its prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IdKind {
    /// `AIDA`
    User,
    /// `AROA`
    Role,
    /// `AGPA`
    Group,
    /// `ANPA`
    ManagedPolicy,
    /// `AOIP`: an OpenID Connect provider. AWS shows none; ours tells a provider made again from the one before.
    OidcProvider,
    /// `AKIA`: a long-term access key, which has the same shape with 20 characters.
    LongTermKey,
    /// `ASIA`: a temporary access key, 20 characters.
    TemporaryKey,
}

impl IdKind {
    /// The prefix and the number of random characters after it.
    fn shape(self) -> (&'static str, usize) {
        match self {
            Self::User => ("AIDA", 17),
            Self::Role => ("AROA", 17),
            Self::Group => ("AGPA", 17),
            Self::ManagedPolicy => ("ANPA", 17),
            Self::OidcProvider => ("AOIP", 17),
            Self::LongTermKey => ("AKIA", 16),
            Self::TemporaryKey => ("ASIA", 16),
        }
    }
}

/// Source of randomness. The shell implements it with the system's generator; tests with a counter.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with unpredictable bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// A unique id such as `AROAJQABLZS4A3QDU576Q`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UniqueId(Arc<str>);

/// The text is not a unique id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a unique id: it must be 16 to 128 upper-case letters and digits")]
pub struct InvalidUniqueId(String);

/// 32 characters, so that five bits of randomness choose one without bias.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl UniqueId {
    /// Makes a new id of `kind` from `entropy`.
    pub fn generate(kind: IdKind, entropy: &dyn Entropy) -> Self {
        let (prefix, length) = kind.shape();
        let mut random = vec![0u8; length];
        entropy.fill(&mut random);
        let tail = random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
        let text: String = prefix.chars().chain(tail.map(|byte| char::from(*byte))).collect();
        Self(text.into())
    }

    /// Parses a stored id.
    pub fn parse(text: &str) -> Result<Self, InvalidUniqueId> {
        let fits =
            (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if fits { Ok(Self(text.into())) } else { Err(InvalidUniqueId(text.chars().take(128).collect())) }
    }

    /// The id as shown in answers.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UniqueId({})", &*self.0)
    }
}

impl serde::Serialize for UniqueId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for UniqueId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter;
    impl Entropy for Counter {
        fn fill(&self, buffer: &mut [u8]) {
            for (index, byte) in buffer.iter_mut().enumerate() {
                *byte = index as u8;
            }
        }
    }

    #[test]
    fn generated_ids_have_their_prefix_and_length() {
        assert_eq!(UniqueId::generate(IdKind::Role, &Counter).as_str(), "AROAABCDEFGHIJKLMNOPQ");
        assert_eq!(UniqueId::generate(IdKind::LongTermKey, &Counter).as_str().len(), 20);
        assert!(UniqueId::parse(UniqueId::generate(IdKind::User, &Counter).as_str()).is_ok());
        assert!(UniqueId::parse("aroaabcdefghijklmnopq").is_err());
    }
}
