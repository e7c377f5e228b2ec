//! TLS for tests: a throw-away CA's certificate, and certificate and key of `backend.test` and `localhost`.

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::sync::Arc;

pub(crate) const CA: &[u8] = include_bytes!("../tls/ca.der");
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("../tls/server.der");
const KEY: &[u8] = include_bytes!("../tls/server.key.der");

/// A server with that certificate.
pub(crate) fn server_config() -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let key = PrivateKeyDer::try_from(KEY.to_vec()).unwrap();
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![CERTIFICATE.into()], key).unwrap())
}

/// A client that trusts that CA.
pub(crate) fn client_config() -> Arc<ClientConfig> {
    let mut anchors = RootCertStore::empty();
    anchors.add(CertificateDer::from(CA)).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(anchors).with_no_client_auth())
}
