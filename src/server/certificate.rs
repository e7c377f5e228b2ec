//! The certificate that the listener shows, from the files of `listen.tls_cert` and `listen.tls_key`.
//!
//! Read at the start, and again when the files change: connections that are open keep what they began with, new ones
//! see the new certificate. A pair that does not belong together, as files have while they are being renewed, never
//! takes the place of one that does.

use super::parts;
use super::reload::Kept;
use crate::conf::TlsFiles;
use crate::types::Secret;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// What handshakes take the certificate from.
#[derive(Debug)]
struct Shown(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// The files, and what they said last.
pub(super) struct Certificate {
    files: TlsFiles,
    known: (Vec<u8>, Secret),
    shown: Arc<Shown>,
}

impl Certificate {
    /// Reads certificate and key, which must belong together.
    pub(super) fn open(files: TlsFiles) -> Result<Self, String> {
        let known = texts(&files)?;
        let pair = pair(&files, &known)?;
        Ok(Self { files, known, shown: Arc::new(Shown(ArcSwap::from_pointee(pair))) })
    }

    /// What does the handshakes: TLS 1.2 and 1.3, HTTP/1.1 only.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, String> {
        let shown: Arc<Shown> = Arc::clone(&self.shown);
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(shown);
        // Who asks for another protocol under this certificate is told so, and not answered in HTTP.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl Kept for Certificate {
    fn what(&self) -> &'static str {
        "the listener's certificate and key"
    }

    fn look(&mut self) -> Result<Option<String>, String> {
        let texts = texts(&self.files)?;
        if texts.0 == self.known.0 && texts.1.same_as(self.known.1.expose()) {
            return Ok(None);
        }
        self.shown.0.store(Arc::new(pair(&self.files, &texts)?));
        self.known = texts;
        Ok(Some(self.files.certificate.display().to_string()))
    }
}

/// The texts of the certificate's and the key's file.
fn texts(files: &TlsFiles) -> Result<(Vec<u8>, Secret), String> {
    Ok((read(&files.certificate)?, Secret::new(read(&files.key)?)))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn pair(files: &TlsFiles, (certificate, key): &(Vec<u8>, Secret)) -> Result<CertifiedKey, String> {
    let chain = parts::certificates(&files.certificate, certificate)?.into_iter().map(CertificateDer::from).collect();
    let key = PrivateKeyDer::from_pem_slice(key.expose())
        .map_err(|error| format!("{} holds no private key in PEM form: {error}", files.key.display()))?;
    CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| {
        let (certificate, key) = (files.certificate.display(), files.key.display());
        format!("the key in {key} cannot serve the certificate in {certificate}: {error}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{CertifiedKey as Made, generate_simple_self_signed};
    use std::fs;

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    }

    /// Files with a certificate for this name.
    fn issue(files: &TlsFiles, name: &str) -> Vec<u8> {
        let Made { cert, key_pair } = generate_simple_self_signed([name.to_owned()]).unwrap();
        fs::write(&files.certificate, pem("CERTIFICATE", cert.der())).unwrap();
        fs::write(&files.key, pem("PRIVATE KEY", &key_pair.serialize_der())).unwrap();
        cert.der().to_vec()
    }

    fn folder() -> (tempfile::TempDir, TlsFiles) {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificate: folder.path().join("chain.pem"), key: folder.path().join("key.pem") };
        (folder, files)
    }

    fn leaf(shown: &Shown) -> Vec<u8> {
        shown.0.load().cert[0].to_vec()
    }

    #[test]
    fn what_changed_is_shown() {
        let (_folder, files) = folder();
        let first = issue(&files, "first.example");
        let mut kept = Certificate::open(files.clone()).unwrap();
        let shown = Arc::clone(&kept.shown);
        assert_eq!((kept.look(), leaf(&shown)), (Ok(None), first));
        let second = issue(&files, "second.example");
        assert!(kept.look().unwrap().is_some_and(|now| now.ends_with("chain.pem")));
        assert_eq!(leaf(&shown), second);
        assert_eq!((kept.look(), leaf(&shown)), (Ok(None), second));
    }

    #[test]
    fn a_pair_that_does_not_belong_together_is_never_shown() {
        let (_folder, files) = folder();
        let first = issue(&files, "first.example");
        let mut kept = Certificate::open(files.clone()).unwrap();
        let shown = Arc::clone(&kept.shown);
        let (other_folder, others) = folder();
        let second = issue(&others, "second.example");
        // As a renewal writes one file after the other.
        fs::copy(&others.certificate, &files.certificate).unwrap();
        let error = kept.look().unwrap_err();
        assert!(error.contains("key.pem") && error.contains("chain.pem"), "{error}");
        assert_eq!(leaf(&shown), first);
        assert!(Certificate::open(files.clone()).is_err());
        fs::copy(&others.key, &files.key).unwrap();
        assert!(kept.look().unwrap().is_some());
        assert_eq!(leaf(&shown), second);
        drop(other_folder);
    }

    #[test]
    fn what_is_missing_or_nonsense_changes_nothing() {
        let (_folder, files) = folder();
        let first = issue(&files, "first.example");
        let mut kept = Certificate::open(files.clone()).unwrap();
        let shown = Arc::clone(&kept.shown);
        let key = fs::read(&files.key).unwrap();
        for (path, text) in [(&files.certificate, &b""[..]), (&files.certificate, &key), (&files.key, b"-----BEGIN")] {
            let whole = fs::read(path).unwrap();
            fs::write(path, text).unwrap();
            let error = kept.look().unwrap_err();
            assert!(error.contains(&path.display().to_string()), "{error}");
            assert!(!error.contains("BEGIN"), "{error}");
            fs::remove_file(path).unwrap();
            assert!(kept.look().unwrap_err().contains("cannot be read"));
            assert_eq!(leaf(&shown), first);
            fs::write(path, whole).unwrap();
        }
        assert_eq!(kept.look(), Ok(None));
    }
}
