//! The key ring: several root keys, one of which mints (security rules 19 and 20).
//!
//! A root key is only ever an HKDF-SHA256 root; each purpose has its own label and so its own key. The
//! text form, kept in a file of mode 0600 or given to all gates, is one key a line:
//!
//! ```text
//! # made at first start
//! ID:STATE:HEX[:SINCE]   ID 1 to 16 letters and digits, STATE opening | minting | retired, HEX 64 digits, SINCE when
//!                        it came to that state, in seconds since 1970
//! ```
//!
//! The ring of a running gate can be replaced; its generation tells what was opened with an earlier one.

use super::ring_text::parse_lines;
use super::{Error, RingError};
use crate::types::{AccessKeyId, Entropy, Secret};
use base64::Engine as _;
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
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
    /// The state as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Minting => "minting",
            Self::Retired => "retired",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
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
    /// Seals authorization messages.
    Message,
}

impl Label {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Secret => "secret",
            Self::Message => "message",
        }
    }
}

/// One key that may open, as its purposes see it; the root itself is not kept.
#[derive(Clone)]
pub(super) struct RingKey {
    id: String,
    token: Secret,
    secret: Secret,
    message: Secret,
}

impl RingKey {
    fn derive(id: &str, root: &Secret) -> Result<Self, Error> {
        let purpose = |label: Label| expand(&Hkdf::new(None, root.expose()), label.as_str().as_bytes());
        Ok(Self {
            id: id.to_owned(),
            token: purpose(Label::Token)?,
            secret: purpose(Label::Secret)?,
            message: purpose(Label::Message)?,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The 32-byte key of the AEAD for tokens.
    pub(super) fn token_key(&self) -> &Secret {
        &self.token
    }

    /// The 32-byte key of the AEAD for authorization messages.
    pub(super) fn message_key(&self) -> &Secret {
        &self.message
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

/// A key that is in no ring yet.
pub(super) struct NewKey {
    pub(super) id: String,
    /// 64 hexadecimal digits.
    pub(super) root: Zeroizing<String>,
}

impl NewKey {
    pub(super) fn make(entropy: &dyn Entropy) -> Self {
        let mut root = Zeroizing::new([0u8; 32]);
        entropy.fill(root.as_mut_slice());
        let mut id = [0u8; 4];
        entropy.fill(&mut id);
        Self { id: format!("k{}", hex::encode(id)), root: Zeroizing::new(hex::encode(root.as_slice())) }
    }
}

/// The keys at one time.
#[derive(Clone)]
pub(super) struct Keys {
    minting: RingKey,
    opening: Vec<RingKey>,
}

impl Keys {
    fn parse(text: &str) -> Result<Self, RingError> {
        let (mut minting, mut opening) = (Vec::new(), Vec::new());
        for line in parse_lines(text)? {
            let derive = || RingKey::derive(&line.id, &line.root).map_err(|_| RingError::Derivation);
            match line.state {
                KeyState::Minting => minting.push(derive()?),
                KeyState::Opening => opening.push(derive()?),
                KeyState::Retired => {}
            }
        }
        let count = minting.len();
        match (minting.pop(), minting.is_empty()) {
            (Some(minting), true) => Ok(Self { minting, opening }),
            _ => Err(RingError::Minting(count)),
        }
    }

    pub(super) fn minting(&self) -> &RingKey {
        &self.minting
    }

    /// The key of that id, unless it is retired.
    pub(super) fn opening(&self, id: &[u8]) -> Option<&RingKey> {
        std::iter::once(&self.minting).chain(&self.opening).find(|key| key.id.as_bytes() == id)
    }
}

/// The keys of a gate, replaced as a whole. `Debug` shows ids only.
pub struct KeyRing {
    keys: RwLock<Arc<Keys>>,
    generation: AtomicU64,
}

impl KeyRing {
    /// Parses the text form. All gates of a store must have the same text, or texts that follow each other
    /// in a rotation.
    pub fn parse(text: &str) -> Result<Self, RingError> {
        Ok(Self { keys: RwLock::new(Arc::new(Keys::parse(text)?)), generation: AtomicU64::new(0) })
    }

    /// Puts the ring of another text in place of this one. A text that is refused changes nothing.
    pub fn replace(&self, text: &str) -> Result<(), RingError> {
        let keys = Arc::new(Keys::parse(text)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        // INVARIANT: after the keys, so that whoever reads the new number opens with the new keys.
        self.generation.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// A number that changes with the ring. What was opened at an earlier one counts no more (security rule 19);
    /// it is to be read before opening.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// The text of a new ring with one minting key, for the first start.
    pub fn generate(entropy: &dyn Entropy) -> Secret {
        let key = NewKey::make(entropy);
        Secret::new(format!("{}:minting:{}\n", key.id, key.root.as_str()))
    }

    pub(super) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys();
        let opening: Vec<&str> = keys.opening.iter().map(RingKey::id).collect();
        f.debug_struct("KeyRing").field("minting", &keys.minting.id).field("opening", &opening).finish()
    }
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
        let keys = ring.keys();
        assert_eq!(keys.minting().id(), "now");
        assert!(keys.opening(b"next").is_some() && keys.opening(b"now").is_some());
        assert!(keys.opening(b"old").is_none() && keys.opening(b"").is_none());
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
            (line("b", "opening", 2).trim().to_owned() + ":x", RingError::Since { line: 2 }),
            (line("b", "opening", 2).trim().to_owned() + ":1:2", RingError::Form { line: 2 }),
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
        let keys = ring.keys();
        let key = keys.minting();
        let one = key.temporary_secret(&AccessKeyId::parse("ASIAONE").unwrap()).unwrap();
        let two = key.temporary_secret(&AccessKeyId::parse("ASIATWO").unwrap()).unwrap();
        assert_eq!(one.len(), 40);
        assert!(one.expose().iter().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(b)));
        assert!(!one.same_as(two.expose()));
        assert!(!key.token.same_as(key.secret.expose()));
        assert!(!key.message.same_as(key.secret.expose()) && !key.message.same_as(key.token.expose()));
        assert!(!key.token.same_as(&[1; 32]) && !key.secret.same_as(&[1; 32]));
        let other = KeyRing::parse(&line("a", "minting", 2)).unwrap();
        let elsewhere = other.keys().minting().temporary_secret(&AccessKeyId::parse("ASIAONE").unwrap()).unwrap();
        assert!(!one.same_as(elsewhere.expose()));
    }

    #[test]
    fn rule_20_a_ring_is_replaced_as_a_whole_or_not_at_all() {
        let ring = KeyRing::parse(&line("a", "minting", 1)).unwrap();
        let before = ring.generation();
        assert_eq!(ring.replace("a:minting:x"), Err(RingError::Key { line: 1 }));
        assert_eq!((ring.generation(), ring.keys().minting().id()), (before, "a"));
        ring.replace(&(line("b", "minting", 2) + &line("a", "opening", 1))).unwrap();
        assert_ne!(ring.generation(), before);
        assert_eq!(ring.keys().minting().id(), "b");
        assert!(ring.keys().opening(b"a").is_some());
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
        assert_eq!(ring.keys().minting().id(), "k07070707");
    }
}
