//! Account ids.
//!
//! Grammar (security rule 15): empty, 12 digits (AWS), `RGW` and 17 digits (Ceph), or a tenant name
//! `[A-Za-z][A-Za-z0-9_-]{0,62}` other than `aws`, `root` and names beginning `RGW`.

use std::fmt;
use std::sync::Arc;

/// The id of an account. The empty id is a value like any other (Ceph writes `arn:aws:iam:::role/R`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(Arc<str>);

/// The text is not an account id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an account id: it must be empty, 12 digits, `RGW` and 17 digits, or a name of letters, digits, `_` and `-`"
)]
pub struct InvalidAccountId(String);

impl AccountId {
    /// Parses an account id by the grammar of this module.
    pub fn parse(text: &str) -> Result<Self, InvalidAccountId> {
        if is_valid(text) { Ok(Self(text.into())) } else { Err(InvalidAccountId(text.chars().take(128).collect())) }
    }

    /// The empty account id, the default of a gate that follows Ceph's documents.
    pub fn empty() -> Self {
        Self("".into())
    }

    /// The id as written in the fifth field of an ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the empty id.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn is_valid(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes {
        [] => true,
        [first, ..] if first.is_ascii_digit() => bytes.len() == 12 && bytes.iter().all(u8::is_ascii_digit),
        [b'R', b'G', b'W', digits @ ..] => digits.len() == 17 && digits.iter().all(u8::is_ascii_digit),
        [first, rest @ ..] => {
            first.is_ascii_alphabetic()
                && rest.len() <= 62
                && rest.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
                && !matches!(text, "aws" | "root")
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({:?})", &*self.0)
    }
}

impl serde::Serialize for AccountId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for AccountId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_15_account_grammar_takes_the_four_forms_only() {
        for good in ["", "123456789012", "RGW12345678901234567", "tenant", "T-1_x", &"a".repeat(63)] {
            assert!(AccountId::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "12345678901",
            "1234567890123",
            "12345678901a",
            "RGW1",
            "RGWx",
            "RGW123456789012345678",
            "aws",
            "root",
            "-a",
            "_a",
            "a:b",
            "a/b",
            "ä",
            " a",
            &"a".repeat(64),
        ] {
            assert!(AccountId::parse(bad).is_err(), "{bad}");
        }
    }
}
