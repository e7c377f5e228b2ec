//! Tokens for tests, here and wherever else web identity is tested: signed with the keys of `tests/corpus/web-tokens`.

use super::{Algorithm, KeySet};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use serde_json::{Value, json};

const KEYS: &str = include_str!("../../../tests/corpus/web-tokens/keys.json");

fn entry(key: &str) -> Value {
    let keys: Value = serde_json::from_str(KEYS).unwrap();
    assert!(keys[key].is_object(), "no key {key}");
    keys[key].clone()
}

/// The public half of a key (`rsa`, `rsa-other`, `rsa-3072`, `rsa-weak`, `p256`, `p256-other`, `p384`, `ed25519`,
/// `ed25519-other`), its `kid` being its name.
pub(crate) fn jwk(key: &str) -> Value {
    entry(key)["jwk"].clone()
}

/// The keys of those names.
pub(crate) fn key_set(keys: &[&str]) -> KeySet {
    let keys: Vec<Value> = keys.iter().map(|key| jwk(key)).collect();
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

/// A text in base64url without padding.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of any header and claims, signed with the key of that name, whatever the header says of it.
pub(crate) fn signed(key: &str, algorithm: Algorithm, header: &str, claims: &str) -> String {
    let der = STANDARD.decode(entry(key)["private"].as_str().unwrap()).unwrap();
    let message = format!("{}.{}", encode(header), encode(claims));
    let key = match algorithm {
        Algorithm::Es256 | Algorithm::Es384 => EncodingKey::from_ec_der(&der),
        Algorithm::EdDsa => EncodingKey::from_ed_der(&der),
        _ => EncodingKey::from_rsa_der(&der),
    };
    let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm.scheme(), &key).unwrap();
    format!("{message}.{}", encode(signer.sign(message.as_bytes())))
}

/// A token of these claims as the providers make them, with the key `rsa`.
pub(crate) fn token(claims: &Value) -> String {
    signed("rsa", Algorithm::Rs256, r#"{"alg":"RS256","typ":"JWT","kid":"rsa"}"#, &claims.to_string())
}
