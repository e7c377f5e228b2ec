//! Identity providers that exist as keys alone, and the tokens that they sign.

use super::World;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rolegate::entity::{ClientId, OidcProvider, Owner};
use rolegate::gateway::{WebKeys, WebKeysError};
use rolegate::store::{Changes, RecordKey, Versioned};
use rolegate::token::jwt::{KeyHint, KeySet};
use rolegate::types::{AccountId, IdKind, UniqueId};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

// Keys of these tests and of nothing else. The first two are in the key set of every provider here.
const RSA: &str = include_str!("rsa.b64");
const RSA_N: &str = "tULN0y2HFaCk-rojck8lABKY937oH4q4ZZYkUE1osHBxexhGB7dgowkMj2F4eSbAHZYgEGc_74gbJV6Fgex9PRDGJ9gFXBpTLQ0GkM1gc8a8EQdtgnVYtKY-olTItYbevlHsBzsUyleLixfVOBN37St191pm-TRDVQ7ajs38R5X7fCOKxq63qGjstiIpwU2nGShJ6e3wc-6SrlKHMTMcMJCO-HHdNegLCpRjjTTSKWy-Niwp6mmgQNU09gLvJkDk7pj3ZgSAFNDhTr94b_GqoXC_pZE3M2H2sfFygkmjH2wYoe9ENRqvIsdUcjDrG-KpnH0sD0MsfLcPmqD3zKItWw";
const EC: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUdyRUF+myDjnfI+e0QVA9atLC9RDrQ3AXSgYE7kTa3OhRANCAAR+8KZffamYaf2ge0d5VAQd8HmnkB3lD+7BlvYTd7BVwaMPkgScYggqPjCYxqaf/cjq5d9qTcUYED2hWVWWoJVP";
const EC_X: &str = "fvCmX32pmGn9oHtHeVQEHfB5p5Ad5Q_uwZb2E3ewVcE";
const EC_Y: &str = "ow-SBJxiCCo-MJjGpp_9yOrl32pNxRgQPaFZVZaglU8";
const STRANGE: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/BpYnPOpNv0G9BCI9CZi6o9vVOt/u6AwOLMew48gPuahRANCAATx+453p+1pbhSqK75s2sSRFgQOC8A4pEvD9xHoyvjNmJic8bRJUyeyHP45Sm31tDSK7gi5dFCfT3wgeYWO/0rs";

/// With what a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The key `k1`.
    Rsa,
    /// The key `k2`.
    Ec,
    /// A key of nobody, on the same curve as `k2`.
    Strange,
    /// HMAC with the modulus of `k1` as its secret.
    PublicAsSecret,
    /// Nothing.
    Nothing,
}

impl Signer {
    fn header(self) -> Value {
        match self {
            Self::Rsa => json!({"alg": "RS256", "kid": "k1", "typ": "JWT"}),
            Self::Ec | Self::Strange => json!({"alg": "ES256", "kid": "k2", "typ": "JWT"}),
            Self::PublicAsSecret => json!({"alg": "HS256", "kid": "k1", "typ": "JWT"}),
            Self::Nothing => json!({"alg": "none", "typ": "JWT"}),
        }
    }

    fn sign(self, message: &[u8]) -> String {
        let der = |text: &str| STANDARD.decode(text.trim()).unwrap();
        let (key, algorithm) = match self {
            Self::Rsa => (EncodingKey::from_rsa_der(&der(RSA)), Algorithm::RS256),
            Self::Ec => (EncodingKey::from_ec_der(&der(EC)), Algorithm::ES256),
            Self::Strange => (EncodingKey::from_ec_der(&der(STRANGE)), Algorithm::ES256),
            Self::PublicAsSecret => {
                (EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(RSA_N).unwrap()), Algorithm::HS256)
            }
            Self::Nothing => return String::new(),
        };
        crypto::sign(message, &key, algorithm).unwrap()
    }

    /// A token with these claims; `more` replaces members of the header.
    pub(crate) fn token(self, more: &Value, claims: &Value) -> String {
        let mut header = self.header();
        for (name, value) in more.as_object().unwrap() {
            header[name] = value.clone();
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = self.sign(message.as_bytes());
        format!("{message}.{signature}")
    }
}

/// Serves the same key set for every provider.
pub(crate) struct FakeKeys {
    /// URLs of the providers that were asked, in order.
    pub(crate) asked: Mutex<Vec<String>>,
    /// What is answered instead.
    pub(crate) fault: Mutex<Option<WebKeysError>>,
}

impl Default for FakeKeys {
    fn default() -> Self {
        Self { asked: Mutex::default(), fault: Mutex::new(None) }
    }
}

#[async_trait]
impl WebKeys for FakeKeys {
    async fn keys(&self, provider: &OidcProvider, _: &KeyHint<'_>) -> Result<Arc<KeySet>, WebKeysError> {
        self.asked.lock().unwrap().push(provider.url.clone());
        if let Some(fault) = *self.fault.lock().unwrap() {
            return Err(fault);
        }
        let set = json!({"keys": [
            {"kty": "RSA", "use": "sig", "kid": "k1", "n": RSA_N, "e": "AQAB"},
            {"kty": "EC", "use": "sig", "kid": "k2", "crv": "P-256", "x": EC_X, "y": EC_Y},
        ]});
        Ok(Arc::new(KeySet::parse(set.to_string().as_bytes()).unwrap()))
    }
}

impl World {
    /// Makes a provider with these client ids.
    pub(crate) async fn provider_in(&self, account: &AccountId, url: &str, client_ids: &[&str]) {
        let id = UniqueId::generate(IdKind::OidcProvider, &*self.entropy);
        let numbered = client_ids.iter().zip(0u64..);
        let provider = OidcProvider {
            client_ids: numbered.map(|(name, serial)| ClientId { name: (*name).to_owned(), serial }).collect(),
            next_serial: client_ids.len() as u64,
            ..OidcProvider::new(account.clone(), url, id, Owner::Account, 0)
        };
        self.records.commit(Changes::new().create(&provider)).await.unwrap();
        self.epochs.forget_all();
    }

    pub(crate) async fn provider_record(&self, name: &str) -> Versioned<OidcProvider> {
        self.records.get(&RecordKey::oidc_provider(&AccountId::empty(), name)).await.unwrap().unwrap()
    }

    pub(crate) async fn change_provider(&self, name: &str, change: impl FnOnce(&mut OidcProvider)) {
        let old = self.provider_record(name).await;
        let mut new = old.value.clone();
        change(&mut new);
        self.records.commit(Changes::new().update(&old, &new)).await.unwrap();
        self.epochs.forget_all();
    }
}
