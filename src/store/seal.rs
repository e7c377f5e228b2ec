//! The store key and what is made with it: record MACs and encrypted secrets (security rule 27).
//!
//! The store key is an HKDF-SHA256 root (RFC 5869); each use has a subkey with a label of its own. Records
//! are authenticated with HMAC-SHA256 over an injective encoding of store id, key, revision and data, so
//! that a record cannot be moved to another key, store or revision. Secrets are sealed with
//! XChaCha20-Poly1305 under store id, user id and key id as associated data.

use super::{RecordKey, Scope};
use crate::types::{AccessKeyId, Entropy, Secret, UniqueId};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const SEALED_VERSION: u8 = 1;
/// A record is `HEAD`, its MAC, `MIDDLE`, its data as JSON, `TAIL`: one JSON object of fixed layout.
const HEAD: &[u8] = br#"{"v":1,"mac":""#;
const MIDDLE: &[u8] = br#"","data":"#;
const TAIL: &[u8] = b"}";
/// 32 bytes as unpadded base64url.
const MAC_CHARS: usize = 43;

/// The store key: 32 bytes from a file or the environment, never in the store itself.
#[derive(Clone, Debug)]
pub struct StoreKey(Secret);

/// The text is not a store key. The text is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a store key must be 64 hexadecimal digits (32 random bytes), as `openssl rand -hex 32` makes them")]
pub struct InvalidStoreKey;

impl StoreKey {
    /// Parses 64 hexadecimal digits; white space around them is ignored, as a file ends with a new line.
    pub fn parse(text: &str) -> Result<Self, InvalidStoreKey> {
        let mut bytes = Zeroizing::new([0u8; KEY_BYTES]);
        hex::decode_to_slice(text.trim_ascii(), bytes.as_mut_slice()).map_err(|_| InvalidStoreKey)?;
        Ok(Self(Secret::new(bytes.as_slice())))
    }

    /// Makes a new key, for a store that is made at first start.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0u8; KEY_BYTES]);
        entropy.fill(bytes.as_mut_slice());
        Self(Secret::new(bytes.as_slice()))
    }

    /// The key as [`StoreKey::parse`] reads it, for writing it to its file.
    pub fn to_hex(&self) -> Secret {
        Secret::new(hex::encode(self.0.expose()))
    }

    fn subkey(&self, label: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut out = Zeroizing::new([0u8; KEY_BYTES]);
        let root = Hkdf::<Sha256>::new(None, self.0.expose());
        // INVARIANT: expanding fails only beyond 255 blocks; this is one.
        let done = root.expand(label, out.as_mut_slice());
        debug_assert!(done.is_ok(), "32 bytes are within HKDF's bound");
        out
    }
}

/// The subkeys of a store key, bound to one store id.
pub(super) struct Sealer {
    mac: Zeroizing<[u8; KEY_BYTES]>,
    secret: Zeroizing<[u8; KEY_BYTES]>,
    check: Zeroizing<[u8; KEY_BYTES]>,
}

impl Sealer {
    pub(super) fn new(key: &StoreKey) -> Self {
        Self {
            mac: key.subkey(b"rolegate store record mac v1"),
            secret: key.subkey(b"rolegate store secret v1"),
            check: key.subkey(b"rolegate store key check v1"),
        }
    }

    /// A value that tells, beside a damaged store record, a wrong store key from damage.
    pub(super) fn key_check(&self, store_id: &str) -> String {
        URL_SAFE_NO_PAD.encode(mac_of(&self.check, &[store_id.as_bytes()]))
    }

    /// A record's bytes: its data under a MAC.
    pub(super) fn seal_record(&self, store_id: &str, key: &RecordKey, revision: u64, data: &[u8]) -> Vec<u8> {
        let mac = URL_SAFE_NO_PAD.encode(mac_of(&self.mac, &mac_input(store_id, key, &revision.to_be_bytes(), data)));
        [HEAD, mac.as_bytes(), MIDDLE, data, TAIL].concat()
    }

    /// The data of a record, if its MAC fits.
    pub(super) fn open_record<'a>(
        &self,
        store_id: &str,
        key: &RecordKey,
        revision: u64,
        bytes: &'a [u8],
    ) -> Option<&'a [u8]> {
        let (mac, data) = split(bytes)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let revision = revision.to_be_bytes();
        let computed = feed(&self.mac, &mac_input(store_id, key, &revision, data))?;
        computed.verify_slice(&mac).ok().map(|()| data)
    }

    /// Encrypts an access key's secret: base64url of version, nonce and ciphertext.
    pub(super) fn seal(
        &self,
        store_id: &str,
        user_id: &UniqueId,
        key_id: &AccessKeyId,
        secret: &Secret,
        entropy: &dyn Entropy,
    ) -> String {
        let mut nonce = [0u8; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let aad = secret_context(store_id, user_id, key_id);
        let cipher = XChaCha20Poly1305::new(&Key::from(*self.secret));
        // INVARIANT: encryption fails only beyond 256 GiB; were it to fail, the empty text opens as nothing.
        cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: secret.expose(), aad: &aad })
            .map(|ciphertext| URL_SAFE_NO_PAD.encode([&[SEALED_VERSION], nonce.as_slice(), &ciphertext].concat()))
            .unwrap_or_default()
    }

    /// The secret, if `sealed` was made for these ids with this key.
    pub(super) fn open(
        &self,
        store_id: &str,
        user_id: &UniqueId,
        key_id: &AccessKeyId,
        sealed: &str,
    ) -> Option<Secret> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>()?;
        if *version != SEALED_VERSION {
            return None;
        }
        let aad = secret_context(store_id, user_id, key_id);
        let cipher = XChaCha20Poly1305::new(&Key::from(*self.secret));
        cipher.decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: &aad }).ok().map(Secret::new)
    }
}

/// A record's MAC text and data, whatever they are worth.
pub(super) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mac, rest) = bytes.strip_prefix(HEAD)?.split_at_checked(MAC_CHARS)?;
    Some((mac, rest.strip_prefix(MIDDLE)?.strip_suffix(TAIL)?))
}

fn mac_input<'a>(store_id: &'a str, key: &'a RecordKey, revision: &'a [u8], data: &'a [u8]) -> [&'a [u8]; 7] {
    let (scope, account) = match &key.scope {
        Scope::Global => ("global", ""),
        Scope::Account(account) => ("account", account.as_str()),
    };
    [
        store_id.as_bytes(),
        key.kind.as_str().as_bytes(),
        scope.as_bytes(),
        account.as_bytes(),
        key.name.as_bytes(),
        revision,
        data,
    ]
}

fn secret_context(store_id: &str, user_id: &UniqueId, key_id: &AccessKeyId) -> Vec<u8> {
    let mut out = Vec::new();
    for part in [store_id, user_id.as_str(), key_id.as_str()] {
        out.extend_from_slice(&length(part.as_bytes()));
        out.extend_from_slice(part.as_bytes());
    }
    out
}

/// Parts are preceded by their lengths: no two lists of parts give the same input.
fn feed(key: &[u8; KEY_BYTES], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    // INVARIANT: HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(&length(part));
        mac.update(part);
    }
    Some(mac)
}

fn mac_of(key: &[u8; KEY_BYTES], parts: &[&[u8]]) -> Vec<u8> {
    feed(key, parts).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

fn length(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::AccountId;

    fn key(digit: &str) -> StoreKey {
        StoreKey::parse(&digit.repeat(64)).unwrap()
    }

    struct Zero;
    impl Entropy for Zero {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    #[test]
    fn store_keys_are_64_hexadecimal_digits() {
        assert!(StoreKey::parse(&format!(" {}\n", "aF".repeat(32))).is_ok());
        for bad in [String::new(), "a".repeat(63), "a".repeat(65), "g".repeat(64), "aa ".repeat(32)] {
            assert_eq!(StoreKey::parse(&bad).err(), Some(InvalidStoreKey), "{bad}");
        }
        assert_eq!(format!("{:?}", key("a")), "StoreKey(Secret(…))");
        let made = StoreKey::generate(&Zero);
        assert!(StoreKey::parse(made.to_hex().expose_str().unwrap()).unwrap().0.same_as(&[0; 32]));
    }

    #[test]
    fn rule_27_a_record_is_bound_to_store_key_place_and_revision() {
        let sealer = Sealer::new(&key("1"));
        let account = AccountId::parse("123456789012").unwrap();
        let place = RecordKey::user(&account, "a");
        let bytes = sealer.seal_record("store", &place, 7, b"{}");
        assert_eq!(sealer.open_record("store", &place, 7, &bytes), Some(&b"{}"[..]));
        assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());

        assert_eq!(sealer.open_record("other", &place, 7, &bytes), None);
        assert_eq!(sealer.open_record("store", &place, 8, &bytes), None);
        for other in [
            RecordKey::user(&AccountId::empty(), "a"),
            RecordKey::user(&account, "b"),
            RecordKey::role(&account, "a"),
            RecordKey { scope: Scope::Global, ..place.clone() },
        ] {
            assert_eq!(sealer.open_record("store", &other, 7, &bytes), None, "{other}");
        }
        assert_eq!(Sealer::new(&key("2")).open_record("store", &place, 7, &bytes), None);
        for at in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[at] ^= 1;
            assert_eq!(sealer.open_record("store", &place, 7, &bent), None, "byte {at}");
            assert_eq!(sealer.open_record("store", &place, 7, &bytes[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn rule_27_the_global_scope_is_not_the_empty_account() {
        let sealer = Sealer::new(&key("1"));
        let empty = RecordKey::user(&AccountId::empty(), "a");
        let global = RecordKey { scope: Scope::Global, ..empty.clone() };
        assert_eq!(sealer.open_record("s", &global, 1, &sealer.seal_record("s", &empty, 1, b"{}")), None);
    }

    #[test]
    fn rule_27_a_secret_opens_only_for_its_store_user_and_key() {
        let sealer = Sealer::new(&key("1"));
        let user = UniqueId::parse("AIDAABCDEFGHIJKLMNOPQ").unwrap();
        let id = AccessKeyId::parse("TESTER1").unwrap();
        let sealed = sealer.seal("store", &user, &id, &Secret::new("test123"), &Zero);
        assert!(!sealed.contains("test123"));
        assert!(sealer.open("store", &user, &id, &sealed).unwrap().same_as(b"test123"));

        let other = UniqueId::parse("AIDAABCDEFGHIJKLMNOPR").unwrap();
        assert!(sealer.open("store", &other, &id, &sealed).is_none());
        assert!(sealer.open("store", &user, &AccessKeyId::parse("TESTER2").unwrap(), &sealed).is_none());
        assert!(sealer.open("other", &user, &id, &sealed).is_none());
        assert!(Sealer::new(&key("2")).open("store", &user, &id, &sealed).is_none());
        for bad in ["", "AA", "!", sealed.trim_end_matches(char::is_alphanumeric), sealed.get(2..).unwrap()] {
            assert!(sealer.open("store", &user, &id, bad).is_none(), "{bad}");
        }
    }
}
