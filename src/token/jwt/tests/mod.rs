//! A token for each rule, signatures of another implementation, and sets of keys of every kind.

mod claims_of_a_token;
mod form;
mod keys;
mod signature;

use super::testing::{encode, jwk, key_set, signed, token};
use super::*;
use crate::types::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_780_000_000;
const ISSUER: &str = "https://idp.example/realms/demo";
const RULES: Rules<'static> =
    Rules { issuer: ISSUER, client_ids: &["sts", "other"], require_client_ids: true, accept_access_tokens: false };
const ACCESS: Rules<'static> = Rules { accept_access_tokens: true, ..RULES };
const HEADER: &str = r#"{"alg":"RS256","typ":"JWT","kid":"rsa"}"#;

fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": "sts", "sub": "alice", "exp": NOW + 3600, "iat": NOW, "nbf": NOW })
}

/// The claims with these changed, and those that are `null` left out.
fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn verify(text: &str, keys: &KeySet, rules: &Rules<'_>) -> Result<WebClaims, Error> {
    WebToken::parse(text)?.verify(keys, rules, Timestamp::from_seconds(NOW))
}

/// Of a token of these claims, signed well.
fn verified(claims: &Value, rules: &Rules<'_>) -> Result<WebClaims, Error> {
    verify(&token(claims), &key_set(&["rsa"]), rules)
}

/// Of a token of this header, signed well.
fn headed(header: &str, rules: &Rules<'_>) -> Result<WebClaims, Error> {
    let text = signed("rsa", Algorithm::Rs256, header, &claims().to_string());
    verify(&text, &key_set(&["rsa"]), rules)
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn changed(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

const SIGNERS: [(&str, Algorithm); 9] = [
    ("rsa", Algorithm::Rs256),
    ("rsa", Algorithm::Rs384),
    ("rsa", Algorithm::Rs512),
    ("rsa", Algorithm::Ps256),
    ("rsa", Algorithm::Ps384),
    ("rsa", Algorithm::Ps512),
    ("p256", Algorithm::Es256),
    ("p384", Algorithm::Es384),
    ("ed25519", Algorithm::EdDsa),
];
const ALL_KEYS: [&str; 8] = ["rsa", "rsa-other", "rsa-3072", "p256", "p256-other", "p384", "ed25519", "ed25519-other"];

fn header_of(key: &str, algorithm: Algorithm) -> String {
    json!({ "alg": algorithm.name(), "kid": key }).to_string()
}

/// What the answer says of an error tells what to do, and holds nothing of the token.
#[test]
fn errors_show_no_bytes_of_a_token() {
    let marker = "MARKERmarker0123456789";
    let header = |header: Value| signed("rsa", Algorithm::Rs256, &header.to_string(), &claims().to_string());
    for text in [
        header(json!({ "alg": marker })),
        header(json!({ "alg": "RS256", "kid": marker })),
        header(json!({ "alg": "RS256", "typ": marker })),
        token(&with(json!({ "iss": marker }))),
        token(&with(json!({ "aud": marker }))),
        token(&with(json!({ "azp": marker }))),
        token(&with(json!({ "exp": marker }))),
        token(&with(json!({ "sub": format!("{marker}\n") }))),
        token(&with(json!({ marker: 1, "markerMARKER0123456789": 2 }))),
        format!("{marker}.{marker}.{marker}"),
    ] {
        let error = verify(&text, &key_set(&["rsa"]), &RULES).unwrap_err();
        assert!(!format!("{error} {error:?}").to_lowercase().contains("marker"), "{error}");
    }
}
