//! May this gate listen where it is told to (security rule 32)?

use super::Config;

/// Secrets shorter than this are weak.
pub const WEAK_SECRET_BYTES: usize = 16;

/// Why the gate does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// A demo store off loopback.
    #[error(
        "the store is marked `demo`: its users have well-known secrets, so the gate listens on loopback only; use another store, or start with --allow-weak"
    )]
    Demo,
    /// Short secrets off loopback.
    #[error(
        "a user's secret has fewer than 16 characters, so the gate listens on loopback only; make new keys with `rolegate key create`, or start with --allow-weak"
    )]
    WeakSecrets,
}

/// What is said at start and does not stop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListenWarning {
    /// Plain HTTP off loopback.
    #[error(
        "listen.address is not a loopback address and there is no TLS: what clients store and read passes in the clear; set listen.tls_cert and listen.tls_key, or put a TLS proxy in front and name it in listen.trusted_proxies"
    )]
    NoTls,
    /// Plain HTTP to a backend elsewhere.
    #[error("backend.endpoint is plain HTTP to another host: what is stored and read passes in the clear")]
    BackendNoTls,
    /// `--allow-weak` was needed.
    #[error("started with --allow-weak: anyone who reaches this address may know the secrets of its users")]
    WeakAllowed,
}

/// Decides whether the gate may listen on `listen.address`.
///
/// `demo`: the store is marked so. `weak_secrets`: a user of the store has a secret under
/// [`WEAK_SECRET_BYTES`] characters. `allow_weak`: the operator said `--allow-weak`.
pub fn may_listen(config: &Config, demo: bool, weak_secrets: bool, allow_weak: bool) -> Result<(), ListenError> {
    if config.listen.address.ip().to_canonical().is_loopback() || allow_weak {
        return Ok(());
    }
    match (demo, weak_secrets) {
        (true, _) => Err(ListenError::Demo),
        (false, true) => Err(ListenError::WeakSecrets),
        (false, false) => Ok(()),
    }
}

/// What the operator should hear at start; `weak` says that there is a demo store or a weak secret.
pub fn listen_warnings(config: &Config, weak: bool) -> Vec<ListenWarning> {
    let outside = !config.listen.address.ip().to_canonical().is_loopback();
    let backend = &config.backend.endpoint;
    let near = backend.host == "localhost" || backend.host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    let mut warnings = Vec::new();
    if outside && config.listen.tls.is_none() {
        warnings.push(ListenWarning::NoTls);
    }
    if outside && weak {
        warnings.push(ListenWarning::WeakAllowed);
    }
    if !backend.tls && !near {
        warnings.push(ListenWarning::BackendNoTls);
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_32_demo_stores_and_weak_secrets_stay_on_loopback() {
        let at = |address: &str| {
            let mut config = Config::default();
            config.listen.address = address.parse().unwrap();
            config
        };
        for near in ["127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(may_listen(&at(near), true, true, false), Ok(()), "{near}");
        }
        for far in ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "192.0.2.1:9080"] {
            assert_eq!(may_listen(&at(far), true, false, false), Err(ListenError::Demo), "{far}");
            assert_eq!(may_listen(&at(far), false, true, false), Err(ListenError::WeakSecrets), "{far}");
            assert_eq!(may_listen(&at(far), true, true, true), Ok(()), "{far}");
            assert_eq!(may_listen(&at(far), false, false, false), Ok(()), "{far}");
            assert_eq!(listen_warnings(&at(far), true), [ListenWarning::NoTls, ListenWarning::WeakAllowed], "{far}");
        }
        assert!(listen_warnings(&at("127.0.0.1:1"), true).is_empty());
    }
}
