//! The key ring: several root keys, one of which mints (security rules 19 and 20).
//!
//! A root key is only ever an HKDF-SHA256 root; each purpose has its own label and so its own key. The
//! text form, kept in a file of mode 0600 or given to all gates, is one key a line:
//!
//! ```text
//! # made at first start
//! ID:STATE:HEX       ID 1 to 16 letters and digits, STATE opening | minting | retired, HEX 64 digits
//! ```

use super::{Error, RingError};
use crate::types::{AccessKeyId, Entropy, Secret};
use base64::Engine as _;
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// What a key of the ring may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Opens tokens; not yet, or no longer, minting.
    Opening,
    /// Opens tokens and seals new ones. Exactly one key of a ring.
    Minting,
    /// Does nothing; its tokens are refused. Kept so that its id is not used again.
    Retired,
}

impl KeyState {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "opening" => Some(Self::Opening),
            "minting" => Some(Self::Minting),
            "retired" => Some(Self::Retired),
            _ => None,
        }
    }
}

/// The labels of rule 19 that are in use. They are stored nowhere, but tokens and secrets depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// Seals session tokens.
    Token,
    /// Derives temporary secrets.
    Secret,
}

impl Label {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Secret => "secret",
        }
    }
}

/// One key that may open, as its purposes see it; the root itself is not kept.
#[derive(Clone)]
pub(super) struct RingKey {
    id: String,
    token: Secret,
    secret: Secret,
}

impl RingKey {
    fn derive(id: &str, root: &Secret) -> Result<Self, Error> {
        let purpose = |label: Label| expand(&Hkdf::new(None, root.expose()), label.as_str().as_bytes());
        Ok(Self { id: id.to_owned(), token: purpose(Label::Token)?, secret: purpose(Label::Secret)? })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The 32-byte key of the AEAD.
    pub(super) fn token_key(&self) -> &Secret {
        &self.token
    }

    /// The secret of a temporary access key: 40 characters out of `[A-Za-z0-9+/]`.
    pub(super) fn temporary_secret(&self, access_key: &AccessKeyId) -> Result<Secret, Error> {
        let root = Hkdf::from_prk(self.secret.expose()).map_err(|_| Error::Derivation)?;
        let derived = expand(&root, access_key.as_str().as_bytes())?;
        let bytes = derived.expose().get(..30).ok_or(Error::Derivation)?;
        Ok(Secret::new(base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)))
    }
}

fn expand(root: &Hkdf<Sha256>, info: &[u8]) -> Result<Secret, Error> {
    let mut key = Zeroizing::new([0u8; 32]);
    root.expand(info, key.as_mut_slice()).map_err(|_| Error::Derivation)?;
    Ok(Secret::new(key.as_slice()))
}

/// The keys of a gate. `Debug` shows ids only.
#[derive(Clone)]
pub struct KeyRing {
    minting: RingKey,
    opening: Vec<RingKey>,
}

impl KeyRing {
    /// Parses the text form. All gates of a store must have the same text, or texts that follow each other
    /// in a rotation.
    pub fn parse(text: &str) -> Result<Self, RingError> {
        let mut seen: Vec<(String, Secret)> = Vec::new();
        let mut minting = Vec::new();
        let mut opening = Vec::new();
        for (index, raw) in text.lines().enumerate() {
            let line = index + 1;
            let content = raw.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (id, state, root) = parse_line(content, line)?;
            if seen.iter().any(|(known, _)| *known == id) {
                return Err(RingError::RepeatedId { line });
            }
            if seen.iter().any(|(_, known)| known.same_as(root.expose())) {
                return Err(RingError::RepeatedKey { line });
            }
            let derive = || RingKey::derive(&id, &root).map_err(|_| RingError::Derivation);
            match state {
                KeyState::Minting => minting.push(derive()?),
                KeyState::Opening => opening.push(derive()?),
                KeyState::Retired => {}
            }
            seen.push((id, root));
        }
        let count = minting.len();
        match (minting.pop(), minting.is_empty()) {
            (Some(minting), true) => Ok(Self { minting, opening }),
            _ => Err(RingError::Minting(count)),
        }
    }

    /// The text of a new ring with one minting key, for the first start.
    pub fn generate(entropy: &dyn Entropy) -> Secret {
        let mut root = Zeroizing::new([0u8; 32]);
        entropy.fill(root.as_mut_slice());
        let mut id = [0u8; 4];
        entropy.fill(&mut id);
        let key = Zeroizing::new(hex::encode(root.as_slice()));
        Secret::new(format!("k{}:minting:{}\n", hex::encode(id), key.as_str()))
    }

    pub(super) fn minting(&self) -> &RingKey {
        &self.minting
    }

    /// The key of that id, unless it is retired.
    pub(super) fn opening(&self, id: &[u8]) -> Option<&RingKey> {
        std::iter::once(&self.minting).chain(&self.opening).find(|key| key.id.as_bytes() == id)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opening: Vec<&str> = self.opening.iter().map(RingKey::id).collect();
        f.debug_struct("KeyRing").field("minting", &self.minting.id).field("opening", &opening).finish()
    }
}

fn parse_line(content: &str, line: usize) -> Result<(String, KeyState, Secret), RingError> {
    let mut parts = content.split(':');
    let (Some(id), Some(state), Some(key), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(RingError::Form { line });
    };
    if !(1..=16).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(RingError::Id { line });
    }
    let state = KeyState::parse(state).ok_or(RingError::State { line })?;
    let root = hex::decode(key).map(Secret::new).map_err(|_| RingError::Key { line })?;
    if root.len() == 32 { Ok((id.to_owned(), state, root)) } else { Err(RingError::Key { line }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, state: &str, byte: u8) -> String {
        format!("{id}:{state}:{}\n", hex::encode([byte; 32]))
    }

    #[test]
    fn rule_20_exactly_one_key_mints_and_retired_ones_do_nothing() {
        let text = format!(
            "# ring\n\n{}{}{}",
            line("old", "retired", 1),
            line("now", "minting", 2),
            line("next", "opening", 3)
        );
        let ring = KeyRing::parse(&text).unwrap();
        assert_eq!(ring.minting().id(), "now");
        assert!(ring.opening(b"next").is_some() && ring.opening(b"now").is_some());
        assert!(ring.opening(b"old").is_none() && ring.opening(b"").is_none());
        assert_eq!(format!("{ring:?}"), "KeyRing { minting: \"now\", opening: [\"next\"] }");
        assert_eq!(KeyRing::parse("").unwrap_err(), RingError::Minting(0));
        assert_eq!(KeyRing::parse(&line("a", "opening", 1)).unwrap_err(), RingError::Minting(0));
        let two = line("a", "minting", 1) + &line("b", "minting", 2);
        assert_eq!(KeyRing::parse(&two).unwrap_err(), RingError::Minting(2));
    }

    #[test]
    fn refuses_lines_that_are_not_keys_without_repeating_them() {
        let good = line("a", "minting", 1);
        for (bad, wanted) in [
            ("hello".to_owned(), RingError::Form { line: 2 }),
            (good.trim().to_owned() + ":x", RingError::Form { line: 2 }),
            (line("", "opening", 2), RingError::Id { line: 2 }),
            (line("a-b", "opening", 2), RingError::Id { line: 2 }),
            (line(&"x".repeat(17), "opening", 2), RingError::Id { line: 2 }),
            (line("b", "Minting", 2), RingError::State { line: 2 }),
            ("b:opening:00".to_owned(), RingError::Key { line: 2 }),
            (format!("b:opening:{}", "zz".repeat(32)), RingError::Key { line: 2 }),
            (line("a", "retired", 2), RingError::RepeatedId { line: 2 }),
            (line("b", "opening", 1), RingError::RepeatedKey { line: 2 }),
        ] {
            assert_eq!(KeyRing::parse(&(good.clone() + &bad)).unwrap_err(), wanted, "{bad}");
            assert!(!wanted.to_string().contains("0101") && !wanted.to_string().contains("zz"));
        }
    }

    #[test]
    fn rule_19_each_label_and_each_access_key_has_its_own_secret() {
        let ring = KeyRing::parse(&line("a", "minting", 1)).unwrap();
        let key = ring.minting();
        let one = key.temporary_secret(&AccessKeyId::parse("ASIAONE").unwrap()).unwrap();
        let two = key.temporary_secret(&AccessKeyId::parse("ASIATWO").unwrap()).unwrap();
        assert_eq!(one.len(), 40);
        assert!(one.expose().iter().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(b)));
        assert!(!one.same_as(two.expose()));
        assert!(!key.token.same_as(key.secret.expose()));
        assert!(!key.token.same_as(&[1; 32]) && !key.secret.same_as(&[1; 32]));
        let other = KeyRing::parse(&line("a", "minting", 2)).unwrap();
        let elsewhere = other.minting().temporary_secret(&AccessKeyId::parse("ASIAONE").unwrap()).unwrap();
        assert!(!one.same_as(elsewhere.expose()));
    }

    #[test]
    fn a_generated_ring_parses() {
        struct Fixed;
        impl Entropy for Fixed {
            fn fill(&self, buffer: &mut [u8]) {
                buffer.fill(7);
            }
        }
        let text = KeyRing::generate(&Fixed);
        let ring = KeyRing::parse(text.expose_str().unwrap()).unwrap();
        assert_eq!(ring.minting().id(), "k07070707");
    }
}
