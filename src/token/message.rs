//! Encoded authorization messages: what DecodeAuthorizationMessage reads (security rules 19 and 30).
//!
//! Sealed as a token is, under a key and a label of its own, with the account that may read it among the associated
//! data. They do not expire; they can be read until the ring key that sealed them is retired.

use super::key_ring::Label;
use super::session::{NONCE_LENGTH, Parts, VERSION, associated_data, join, push_part};
use super::{Error, KeyRing};
use crate::types::{AccountId, Entropy};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// Most characters of an encoded message, compared before decoding: AWS's limit of EncodedMessage.
pub const MAX_MESSAGE_LENGTH: usize = 10_240;

impl KeyRing {
    /// Seals `message` for readers of `account` at the store of that id.
    pub fn seal_message(
        &self,
        message: &str,
        account: &AccountId,
        store_id: &str,
        entropy: &dyn Entropy,
    ) -> Result<String, Error> {
        let keys = self.keys();
        let key = keys.minting();
        let mut nonce = [0u8; NONCE_LENGTH];
        entropy.fill(&mut nonce);
        let associated = message_data(key.id().as_bytes(), store_id, account);
        let cipher = XChaCha20Poly1305::new_from_slice(key.message_key().expose()).map_err(|_| Error::Derivation)?;
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: message.as_bytes(), aad: &associated })
            .map_err(|_| Error::TooLong(MAX_MESSAGE_LENGTH))?;
        let encoded = join(key.id(), &nonce, &sealed)?;
        if encoded.len() > MAX_MESSAGE_LENGTH { Err(Error::TooLong(MAX_MESSAGE_LENGTH)) } else { Ok(encoded) }
    }

    /// Opens a message for a reader of `account`.
    pub fn open_message(&self, encoded: &str, account: &AccountId, store_id: &str) -> Result<String, Error> {
        if encoded.len() > MAX_MESSAGE_LENGTH {
            return Err(Error::TooLong(MAX_MESSAGE_LENGTH));
        }
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| Error::NotBase64Url)?;
        let parts = Parts::split(&bytes)?;
        let keys = self.keys();
        let key = keys.opening(parts.key_id).ok_or(Error::UnknownKeyId)?;
        let associated = message_data(parts.key_id, store_id, account);
        let cipher = XChaCha20Poly1305::new_from_slice(key.message_key().expose()).map_err(|_| Error::Derivation)?;
        let plain = cipher
            .decrypt(&XNonce::from(*parts.nonce), Payload { msg: parts.sealed, aad: &associated })
            .map_err(|_| Error::ForgedMessage)?;
        String::from_utf8(plain).map_err(|_| Error::ForgedMessage)
    }
}

fn message_data(key_id: &[u8], store_id: &str, account: &AccountId) -> Vec<u8> {
    let mut data = associated_data(VERSION, key_id, Label::Message, store_id);
    push_part(&mut data, account.as_str().as_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(3);
        }
    }

    fn ring(byte: &str) -> KeyRing {
        KeyRing::parse(&format!("a:minting:{}", byte.repeat(32))).unwrap()
    }

    fn account(text: &str) -> AccountId {
        AccountId::parse(text).unwrap()
    }

    #[test]
    fn rule_30_a_message_opens_in_its_own_account_and_nowhere_else() {
        let ring = ring("01");
        let encoded = ring.seal_message("{\"allowed\":false}", &account("one"), "store", &Fixed).unwrap();
        assert!(!encoded.contains("allowed"));
        let open = |encoded: &str, of: &str, store: &str| ring.open_message(encoded, &account(of), store);
        assert_eq!(open(&encoded, "one", "store").unwrap(), "{\"allowed\":false}");
        assert_eq!(open(&encoded, "two", "store"), Err(Error::ForgedMessage));
        assert_eq!(open(&encoded, "", "store"), Err(Error::ForgedMessage));
        assert_eq!(open(&encoded, "one", "other"), Err(Error::ForgedMessage));
        assert_eq!(self::ring("02").open_message(&encoded, &account("one"), "store"), Err(Error::ForgedMessage));
        let mut bytes = URL_SAFE_NO_PAD.decode(&encoded).unwrap();
        for index in 0..bytes.len() {
            bytes[index] ^= 1;
            assert!(open(&URL_SAFE_NO_PAD.encode(&bytes), "one", "store").is_err(), "{index}");
            bytes[index] ^= 1;
        }
        for bad in ["", "x", "a b", &"A".repeat(10_241)] {
            assert!(open(bad, "one", "store").is_err(), "{bad}");
        }
    }

    #[test]
    fn rule_19_a_message_is_no_token_and_too_long_ones_are_not_made() {
        let ring = ring("01");
        let key = crate::types::AccessKeyId::parse("ASIAX").unwrap();
        let encoded = ring.seal_message("{}", &AccountId::empty(), "store", &Fixed).unwrap();
        let opened = ring.open(&encoded, "store", &key, crate::types::Timestamp::from_seconds(1));
        assert_eq!(opened.unwrap_err(), Error::Forged);
        let longest = "x".repeat(7500);
        let sealed = ring.seal_message(&longest, &account(&"a".repeat(63)), "store", &Fixed).unwrap();
        assert!(sealed.len() <= MAX_MESSAGE_LENGTH);
        let longer = ring.seal_message(&"x".repeat(7700), &AccountId::empty(), "store", &Fixed);
        assert_eq!(longer, Err(Error::TooLong(MAX_MESSAGE_LENGTH)));
    }
}
