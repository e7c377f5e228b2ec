//! `check-conf`: all that can be known of a configuration without a connection.

use super::state;
use crate::conf::{Config, ConfigErrors, Environment, Import, Mistake, Reference, ReferenceError, listen_warnings};
use crate::store::StoreKey;
use crate::token::KeyRing;
use std::io::ErrorKind;
use std::path::Path;

/// Checks what the configuration points to; the answer is a text with warnings, or every mistake.
pub(super) fn check_conf(path: &Path, config: &Config, environment: &dyn Environment) -> Result<String, ConfigErrors> {
    let mut mistakes = config.serve_secrets(environment).err().unwrap_or_default();
    mistakes.extend(check_key("store.key", &config.store.key, config, environment, |text| {
        StoreKey::parse(text).map(|_| ()).map_err(|error| error.to_string())
    }));
    mistakes.extend(check_key("token.keys", &config.token.keys, config, environment, |text| {
        KeyRing::parse(text).map(|_| ()).map_err(|error| error.to_string())
    }));
    let tls = config.listen.tls.as_ref();
    for (key, file) in [
        ("listen.tls_cert", tls.map(|tls| &tls.certificate)),
        ("listen.tls_key", tls.map(|tls| &tls.key)),
        ("backend.ca_file", config.backend.ca_file.as_ref()),
        ("store.ca_file", config.store.ca_file.as_ref()),
    ] {
        let reference = file.map(|file| Reference::File(file.clone()));
        let unresolved = reference.and_then(|reference| reference.resolve(environment).err());
        mistakes.extend(unresolved.map(|reason| Mistake::Unresolved { key: key.to_owned(), reason }));
    }
    mistakes.extend(config.bootstrap.import.as_ref().and_then(|import| check_import(import, config, environment)));
    if !mistakes.is_empty() {
        return Err(ConfigErrors { file: path.to_owned(), mistakes });
    }
    let warnings = listen_warnings(config, false);
    let warnings: String = warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    Ok(format!("{}: in order\n{warnings}", path.display()))
}

/// The file of an import, as far as it can be judged without the store.
fn check_import(path: &Path, config: &Config, environment: &dyn Environment) -> Option<Mistake> {
    let form = |reason| Some(Mistake::Form { key: "bootstrap.import".to_owned(), reason });
    let Some(bytes) = environment.read(path).ok().filter(|bytes| state::is_state(bytes)) else {
        return Import::load(path, environment).err().and_then(|errors| form(errors.to_string()));
    };
    let passphrase = config.bootstrap.passphrase.as_ref().map(|reference| reference.resolve(environment)).transpose();
    match passphrase {
        Ok(passphrase) => {
            let checked = state::check_file(&bytes, passphrase.as_ref());
            checked.err().and_then(|error| form(error.to_string()))
        }
        Err(reason) => Some(Mistake::Unresolved { key: "bootstrap.passphrase".to_owned(), reason }),
    }
}

/// A key that is missing beside SQLite is made at first start; any other must be there and be one.
fn check_key(
    key: &str,
    reference: &Reference,
    config: &Config,
    environment: &dyn Environment,
    parse: impl Fn(&str) -> Result<(), String>,
) -> Option<Mistake> {
    match reference.resolve_text(environment) {
        Ok(text) => parse(&text).err().map(|reason| Mistake::Form { key: key.to_owned(), reason }),
        Err(ReferenceError::Unreadable(_, ErrorKind::NotFound)) if config.store.url.is_embedded() => None,
        Err(reason) => Some(Mistake::Unresolved { key: key.to_owned(), reason }),
    }
}
