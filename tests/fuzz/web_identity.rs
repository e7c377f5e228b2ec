//! Web identity tokens, the claims behind a signature, and sets of keys.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm as Scheme, EncodingKey};
use rolegate::token::jwt::{
    Algorithm, Error, ErrorKind, KeyHint, KeySet, MAX_TOKEN_LENGTH, Rules, WebClaims, WebToken,
};
use rolegate::types::Timestamp;
use serde_json::{Value, json};
use std::sync::OnceLock;

const NOW: i64 = 1_780_000_000;
const ISSUER: &str = "https://idp.example";
const RULES: Rules<'static> =
    Rules { issuer: ISSUER, client_ids: &["sts", "other"], require_client_ids: true, accept_access_tokens: false };
const LENIENT: Rules<'static> =
    Rules { client_ids: &[], require_client_ids: false, accept_access_tokens: true, ..RULES };

struct Pair {
    private: EncodingKey,
    public: KeySet,
}

fn pair() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let keys: Value = serde_json::from_str(include_str!("../corpus/web-tokens/keys.json")).expect("keys");
        let key = &keys["ed25519"];
        let der = STANDARD.decode(key["private"].as_str().expect("a private key")).expect("base64");
        let public = json!({ "keys": [key["jwk"]] }).to_string();
        Pair { private: EncodingKey::from_ed_der(&der), public: KeySet::parse(public.as_bytes()).expect("a key set") }
    })
}

fn sign(claims: &[u8]) -> String {
    let header = r#"{"alg":"EdDSA","kid":"ed25519"}"#;
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &pair().private, Scheme::EdDSA).expect("a signature");
    format!("{message}.{signature}")
}

fn told(error: &Error) {
    assert!(!error.to_string().is_empty() && error.to_string().len() < 512, "{error}");
}

/// Tokens: none that the key did not sign verifies, and one that it did, with any byte changed, does not.
pub fn web_token(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        match WebToken::parse(text) {
            Ok(token) => {
                assert!((4..=MAX_TOKEN_LENGTH).contains(&text.len()) && text.is_ascii());
                assert!(Algorithm::ALL.contains(&token.hint().algorithm));
                let error = token
                    .verify(&pair().public, &LENIENT, Timestamp::from_seconds(NOW))
                    .expect_err("a token nobody signed");
                assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
                told(&error);
            }
            Err(error) => told(&error),
        }
    }
    let claims = json!({ "iss": ISSUER, "aud": "sts", "sub": "alice", "exp": NOW + 60 }).to_string();
    let good = sign(claims.as_bytes());
    assert!(verified(&good, &RULES).is_ok());
    let mut bent = good.clone().into_bytes();
    for pair in data.chunks_exact(2) {
        let at = (usize::from(pair[0]) * 7) % bent.len();
        bent[at] ^= pair[1];
    }
    if bent != good.as_bytes()
        && let Ok(bent) = std::str::from_utf8(&bent)
    {
        assert!(verified(bent, &RULES).is_err(), "a changed token");
    }
}

fn verified(text: &str, rules: &Rules<'_>) -> Result<WebClaims, Error> {
    WebToken::parse(text)?.verify(&pair().public, rules, Timestamp::from_seconds(NOW))
}

/// Claims of any kind that the provider signed: what is taken keeps the promises that `sts` relies on.
pub fn web_claims(data: &[u8]) {
    let text = sign(data);
    for rules in [RULES, LENIENT] {
        let claims = match verified(&text, &rules) {
            Ok(claims) => claims,
            Err(error) => {
                told(&error);
                continue;
            }
        };
        // A number that no f64 holds is JSON all the same.
        let Ok(read) = serde_json::from_slice::<Value>(data) else { continue };
        assert_eq!((read["iss"].as_str(), read["sub"].as_str()), (Some(ISSUER), Some(claims.subject())));
        assert!(read["exp"].as_f64().expect("a number") > 1_780_000_000.0);
        assert!(!claims.subject().is_empty() && !claims.audience().is_empty());
        assert_eq!(claims.client().is_some(), !rules.client_ids.is_empty());
        assert!(claims.client().is_none_or(|client| rules.client_ids.contains(&client)));
        let conditions = claims.conditions();
        assert!(conditions.iter().all(|(_, values)| !values.is_empty()));
        let mut names: Vec<String> = conditions.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|one, other| one < other), "a key twice");
        if let Ok(tags) = claims.tags() {
            assert!(tags.principal.iter().all(|(_, values)| !values.is_empty()));
        }
        let _ = claims.source_identity();
    }
}

/// Key sets: whatever they hold, a signature that nobody made verifies with none of them.
pub fn key_set(data: &[u8]) {
    let keys = match KeySet::parse(data) {
        Ok(keys) => keys,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Keys);
            return told(&error);
        }
    };
    for algorithm in Algorithm::ALL {
        let hint = KeyHint { kid: None, algorithm };
        assert!(!keys.serves(&hint) || !keys.is_empty());
        let header = json!({ "alg": algorithm.name() }).to_string();
        let claims = json!({ "iss": ISSUER, "aud": "sts", "sub": "alice", "exp": NOW + 60 }).to_string();
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        let length = if algorithm == Algorithm::Es384 { 96 } else { 64 };
        let text = format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(vec![1; length]));
        let token = WebToken::parse(&text).expect("the form of a token");
        assert!(token.verify(&keys, &RULES, Timestamp::from_seconds(NOW)).is_err(), "a token nobody signed");
    }
}
