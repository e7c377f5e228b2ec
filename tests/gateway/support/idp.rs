//! Identity providers that exist as keys alone, and the tokens that they sign.

use super::World;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, EncodingKey};
use rolegate::entity::{ClientId, OidcProvider, Owner};
use rolegate::gateway::{WebKeys, WebKeysError};
use rolegate::store::{Changes, RecordKey, Versioned};
use rolegate::token::jwt::{KeyHint, KeySet};
use rolegate::types::{AccountId, IdKind, UniqueId};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const KEYS: &str = include_str!("../../corpus/web-tokens/keys.json");

fn key(name: &str) -> Value {
    serde_json::from_str::<Value>(KEYS).unwrap()[name].clone()
}

/// With what a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// RSA, a key of every provider here.
    Rsa,
    /// ECDSA, another one.
    Ec,
    /// A key of nobody, under the id of the one before.
    Strange,
    /// HMAC with the RSA key's modulus as its secret.
    PublicAsSecret,
    /// Nothing.
    Nothing,
}

impl Signer {
    fn header(self) -> Value {
        match self {
            Self::Rsa => json!({"alg": "RS256", "kid": "rsa", "typ": "JWT"}),
            Self::Ec | Self::Strange => json!({"alg": "ES256", "kid": "p256", "typ": "JWT"}),
            Self::PublicAsSecret => json!({"alg": "HS256", "kid": "rsa", "typ": "JWT"}),
            Self::Nothing => json!({"alg": "none", "typ": "JWT"}),
        }
    }

    fn sign(self, message: &[u8]) -> String {
        let private = |name| STANDARD.decode(key(name)["private"].as_str().unwrap()).unwrap();
        let (key, algorithm) = match self {
            Self::Rsa => (EncodingKey::from_rsa_der(&private("rsa")), Algorithm::RS256),
            Self::Ec => (EncodingKey::from_ec_der(&private("p256")), Algorithm::ES256),
            Self::Strange => (EncodingKey::from_ec_der(&private("p256-other")), Algorithm::ES256),
            Self::PublicAsSecret => {
                let modulus = URL_SAFE_NO_PAD.decode(key("rsa")["jwk"]["n"].as_str().unwrap()).unwrap();
                (EncodingKey::from_secret(&modulus), Algorithm::HS256)
            }
            Self::Nothing => return String::new(),
        };
        let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm, &key).unwrap();
        URL_SAFE_NO_PAD.encode(signer.sign(message))
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
#[derive(Default)]
pub(crate) struct FakeKeys {
    /// URLs of the providers that were asked, in order.
    pub(crate) asked: Mutex<Vec<String>>,
    /// What is answered instead.
    pub(crate) fault: Mutex<Option<WebKeysError>>,
}

#[async_trait]
impl WebKeys for FakeKeys {
    async fn keys(&self, provider: &OidcProvider, _: &KeyHint<'_>) -> Result<Arc<KeySet>, WebKeysError> {
        self.asked.lock().unwrap().push(provider.url.clone());
        if let Some(fault) = *self.fault.lock().unwrap() {
            return Err(fault);
        }
        let set = json!({"keys": [key("rsa")["jwk"], key("p256")["jwk"]]});
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
        self.change(&RecordKey::oidc_provider(&AccountId::empty(), name), change).await;
        self.epochs.forget_all();
    }
}
