//! Opening the store that the configuration names, and the keys beside it.

use super::Hooks;
use crate::conf::{Config, Environment, KeyFileError, StoreUrl, fetch_or_make};
use crate::store::redis::{self, RedisOptions, RedisStore};
use crate::store::sqlite::{self, SqliteStore};
use crate::store::{self, InvalidStoreKey, Records, Store, StoreKey};
use crate::token::KeyRing;
use crate::types::{Entropy, Secret};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no store key.
    #[error("store.key: {0}")]
    Key(#[source] KeyFileError),
    /// The store key is not one.
    #[error("store.key: {0}")]
    InvalidKey(#[from] InvalidStoreKey),
    /// There is no key ring.
    #[error("token.keys: {0}")]
    Ring(#[source] KeyFileError),
    /// The file is not a store.
    #[error("store.url: {0}")]
    Sqlite(#[from] sqlite::OpenError),
    /// Redis does not answer, or not as it must.
    #[error("store.url: {0}")]
    Redis(#[from] redis::OpenError),
    /// The certificates for Redis cannot be read.
    #[error("store.ca_file: {0}")]
    Certificates(#[source] io::Error),
    /// The store is not this gate's.
    #[error("store.url: {0}")]
    Store(#[from] store::Error),
}

/// Opens the store named by the configuration, making SQLite's file and key at first start. Redis' connections live on
/// the runtime that this is called on.
pub async fn open_store(
    config: &Config,
    environment: &dyn Environment,
    hooks: &Hooks,
) -> Result<(Records, Arc<dyn Store>), OpenError> {
    let key = store_key(config, environment, hooks.entropy.as_ref())?;
    let store: Arc<dyn Store> = match &config.store.url {
        StoreUrl::Sqlite(path) => Arc::new(SqliteStore::open(path)?),
        StoreUrl::Redis(url) => Arc::new(RedisStore::open(&redis_options(config, url, environment)?).await?),
    };
    let (entropy, now) = (Arc::clone(&hooks.entropy), hooks.clock.now());
    let records = Records::open(Arc::clone(&store), key, entropy, now, config.store.demo).await?;
    Ok((records, store))
}

fn redis_options(config: &Config, url: &Secret, environment: &dyn Environment) -> Result<RedisOptions, OpenError> {
    let options = RedisOptions::new(url.expose_str().unwrap_or_default());
    match &config.store.ca_file {
        None => Ok(options),
        Some(path) => Ok(options.ca_pem(environment.read(path).map_err(OpenError::Certificates)?)),
    }
}

/// The text of the key ring of session tokens; with SQLite it is made at first start.
pub fn token_keys(config: &Config, environment: &dyn Environment, entropy: &dyn Entropy) -> Result<Secret, OpenError> {
    let embedded = config.store.url.is_embedded();
    let make = || KeyRing::generate(entropy);
    let make: Option<&dyn Fn() -> Secret> = if embedded { Some(&make) } else { None };
    fetch_or_make(&config.token.keys, environment, embedded, make).map_err(OpenError::Ring)
}

/// The same of a ring that is there; none is made.
pub fn present_token_keys(config: &Config, environment: &dyn Environment) -> Result<Secret, OpenError> {
    fetch_or_make(&config.token.keys, environment, config.store.url.is_embedded(), None).map_err(OpenError::Ring)
}

fn store_key(config: &Config, environment: &dyn Environment, entropy: &dyn Entropy) -> Result<StoreKey, OpenError> {
    let make = || StoreKey::generate(entropy).to_hex();
    let (make, database): (Option<&dyn Fn() -> Secret>, Option<&Path>) = match &config.store.url {
        StoreUrl::Sqlite(path) if path.exists() => (None, Some(path)),
        StoreUrl::Sqlite(path) => (Some(&make), Some(path)),
        StoreUrl::Redis(_) => (None, None),
    };
    let key = match fetch_or_make(&config.store.key, environment, database.is_some(), make) {
        // A key made now would not be the one of the store that is there.
        Err(KeyFileError::Reference(crate::conf::ReferenceError::Unreadable(path, io::ErrorKind::NotFound)))
            if database.is_some() =>
        {
            Err(KeyFileError::Lost(path))
        }
        other => other,
    };
    let key = key.map_err(OpenError::Key)?;
    Ok(StoreKey::parse(key.expose_str().unwrap_or_default())?)
}
