//! Secrets in an exported file: encrypted with a passphrase (security rule 27).
//!
//! Argon2id (RFC 9106) makes a key of the passphrase and a random salt; each secret is sealed with
//! XChaCha20-Poly1305 under a random nonce, with account, user id and key id as associated data, so that none can be
//! moved to another key. A sealed word of its own tells a wrong passphrase from a secret that was altered.

use crate::types::{AccessKeyId, AccountId, Entropy, Secret, UniqueId};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const SALT_BYTES: usize = 16;
/// RFC 9106, section 4: the second recommended choice, for where 2 GiB are too much.
const COST: Cost = Cost { memory_kib: 65_536, passes: 3, lanes: 4 };
/// What a file may ask of the one who reads it.
const MOST: Cost = Cost { memory_kib: 1 << 20, passes: 16, lanes: 16 };
const CHECK: &[u8] = b"rolegate export v1: passphrase";
/// Bytes that a passphrase must have.
pub(super) const SHORTEST: usize = 12;

/// The passphrase does not open the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// Too short.
    #[error("a passphrase must have at least {SHORTEST} bytes")]
    Short,
    /// A cost that nobody wrote.
    #[error("secrets: the cost of the key, or the salt, is not one that `rolegate export` writes")]
    Cost,
    /// Another passphrase.
    #[error("secrets: the passphrase is not the one with which the file was written")]
    Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// How the secrets of a file are locked. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    argon2id: Cost,
    salt: String,
    check: Locked,
}

/// A secret under the lock: base64url of nonce and ciphertext.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Locked(String);

/// Opens and seals the secrets of one file.
pub(super) struct Locksmith {
    cipher: XChaCha20Poly1305,
}

impl Lock {
    /// A new lock for this passphrase.
    pub(super) fn new(passphrase: &Secret, entropy: &dyn Entropy) -> Result<(Self, Locksmith), PassphraseError> {
        Self::with_cost(passphrase, entropy, COST)
    }

    fn with_cost(passphrase: &Secret, entropy: &dyn Entropy, cost: Cost) -> Result<(Self, Locksmith), PassphraseError> {
        if passphrase.len() < SHORTEST {
            return Err(PassphraseError::Short);
        }
        let mut salt = [0u8; SALT_BYTES];
        entropy.fill(&mut salt);
        let smith = Locksmith::new(passphrase, &salt, cost)?;
        let check = smith.seal_bytes(CHECK, CHECK, entropy);
        Ok((Self { argon2id: cost, salt: URL_SAFE_NO_PAD.encode(salt), check }, smith))
    }

    /// What opens this lock, if the passphrase is the right one.
    pub(super) fn open(&self, passphrase: &Secret) -> Result<Locksmith, PassphraseError> {
        let salt = URL_SAFE_NO_PAD.decode(&self.salt).map_err(|_| PassphraseError::Cost)?;
        let (cost, most) = (self.argon2id, MOST);
        let within = cost.memory_kib <= most.memory_kib && cost.passes <= most.passes && cost.lanes <= most.lanes;
        if salt.len() != SALT_BYTES || !within {
            return Err(PassphraseError::Cost);
        }
        let smith = Locksmith::new(passphrase, &salt, cost)?;
        smith.open_bytes(&self.check, CHECK).map(|_| smith).ok_or(PassphraseError::Wrong)
    }
}

impl Locksmith {
    fn new(passphrase: &Secret, salt: &[u8], cost: Cost) -> Result<Self, PassphraseError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES));
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|_| PassphraseError::Cost)?);
        let mut key = Zeroizing::new([0u8; KEY_BYTES]);
        argon.hash_password_into(passphrase.expose(), salt, key.as_mut_slice()).map_err(|_| PassphraseError::Cost)?;
        Ok(Self { cipher: XChaCha20Poly1305::new(&Key::from(*key)) })
    }

    /// Seals the secret of a key of the user with this id.
    pub(super) fn seal(
        &self,
        of: (&AccountId, &UniqueId, &AccessKeyId),
        secret: &Secret,
        entropy: &dyn Entropy,
    ) -> Locked {
        self.seal_bytes(secret.expose(), &context(of), entropy)
    }

    /// The secret, if it was sealed for this key.
    pub(super) fn open(&self, of: (&AccountId, &UniqueId, &AccessKeyId), locked: &Locked) -> Option<Secret> {
        self.open_bytes(locked, &context(of))
    }

    fn seal_bytes(&self, message: &[u8], context: &[u8], entropy: &dyn Entropy) -> Locked {
        let mut nonce = [0u8; NONCE_BYTES];
        entropy.fill(&mut nonce);
        // INVARIANT: encryption fails only beyond 256 GiB; were it to fail, the empty text opens as nothing.
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), Payload { msg: message, aad: context });
        Locked(sealed.map(|bytes| URL_SAFE_NO_PAD.encode([nonce.as_slice(), &bytes].concat())).unwrap_or_default())
    }

    fn open_bytes(&self, locked: &Locked, context: &[u8]) -> Option<Secret> {
        let bytes = URL_SAFE_NO_PAD.decode(&locked.0).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        self.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: context }).ok().map(Secret::new)
    }
}

/// None of the three holds a line break, so no two triples have one text.
fn context((account, user, key): (&AccountId, &UniqueId, &AccessKeyId)) -> Vec<u8> {
    format!("rolegate export v1\n{account}\n{user}\n{key}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::testing::Counter;

    #[test]
    fn rule_27_exported_secrets_open_with_their_passphrase_for_their_key_only() {
        let entropy = Counter::default();
        let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        let passphrase = Secret::new("correct horse battery");
        let (lock, smith) = Lock::with_cost(&passphrase, &entropy, cost).unwrap();
        let account = AccountId::empty();
        let user = UniqueId::parse("AIDAJQABLZS4A3QDU576Q").unwrap();
        let key = |text: &str| AccessKeyId::parse(text).unwrap();
        let (one, two) = (key("KEY1"), key("KEY2"));
        let locked = smith.seal((&account, &user, &one), &Secret::new("secret"), &entropy);
        let text = serde_json::to_string(&(&lock, &locked)).unwrap();
        assert!(!text.contains("secret") && !text.contains("horse"), "{text}");
        let (lock, locked): (Lock, Locked) = serde_json::from_str(&text).unwrap();
        let smith = lock.open(&passphrase).unwrap();
        assert!(smith.open((&account, &user, &one), &locked).unwrap().same_as(b"secret"));
        assert!(smith.open((&account, &user, &two), &locked).is_none(), "moved to another key");
        let other = AccountId::parse("tenant").unwrap();
        assert!(smith.open((&other, &user, &one), &locked).is_none());
        assert!(smith.open((&account, &user, &one), &Locked("AAAA".into())).is_none());
        assert_eq!(lock.open(&Secret::new("correct horse batterz")).err(), Some(PassphraseError::Wrong));
        let dear = Lock { argon2id: Cost { memory_kib: u32::MAX, ..cost }, ..lock };
        assert_eq!(dear.open(&passphrase).err(), Some(PassphraseError::Cost), "a file must not take all memory");
        assert_eq!(Lock::new(&Secret::new("short"), &entropy).err(), Some(PassphraseError::Short));
    }
}
