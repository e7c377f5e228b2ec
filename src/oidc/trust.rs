//! Which certificates are trusted for a provider (security rule 24).
//!
//! First the anchors of the configuration: the system's, or those of a CA file. Where that fails, the provider's
//! thumbprints. Paths are built and verified by webpki alone; here it is only chosen with which anchor.

use super::Error;
use crate::types::Clock;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha1::{Digest, Sha1};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};

/// The SHA-1 of a certificate in DER.
pub(super) type Thumbprint = [u8; 20];

/// TLS as it is spoken with one provider. Made anew for each fetch: no session is resumed, every certificate is seen.
pub(super) fn client_config(
    anchors: Arc<RootCertStore>,
    thumbprints: Vec<Thumbprint>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = Trust { primary: verifier(anchors, &provider), thumbprints, provider: Arc::clone(&provider) };
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(GateTime(clock)))
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trust))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// None where there are no anchors: then nothing leads to them.
fn verifier(anchors: Arc<RootCertStore>, provider: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    WebPkiServerVerifier::builder_with_provider(anchors, Arc::clone(provider)).build().ok()
}

/// What of a failed handshake is told in the log.
pub(super) fn handshake_error(error: &std::io::Error) -> Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(error)) => match error {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Error::NotValidNow,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Error::WrongName,
            _ => Error::Untrusted,
        },
        Some(_) => Error::Tls,
        None => Error::NotConnected,
    }
}

/// The gate's clock, for rustls.
struct GateTime(Arc<dyn Clock>);

impl TimeProvider for GateTime {
    fn current_time(&self) -> Option<UnixTime> {
        u64::try_from(self.0.now().millis())
            .ok()
            .map(|millis| UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}

impl fmt::Debug for GateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GateTime")
    }
}

#[derive(Debug)]
struct Trust {
    primary: Option<Arc<WebPkiServerVerifier>>,
    thumbprints: Vec<Thumbprint>,
    provider: Arc<CryptoProvider>,
}

/// A server's certificates and what they must be good for.
#[derive(Clone, Copy)]
struct Presented<'a> {
    leaf: &'a CertificateDer<'a>,
    others: &'a [CertificateDer<'a>],
    name: &'a ServerName<'a>,
    now: UnixTime,
}

impl Trust {
    fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.provider.signature_verification_algorithms
    }

    /// The certificate with one of the thumbprints as the only anchor; none if no certificate has one.
    fn pinned(&self, presented: Presented<'_>) -> Option<Result<(), rustls::Error>> {
        let mut found = None;
        for thumbprint in &self.thumbprints {
            let has_it =
                |certificate: &CertificateDer<'_>| Sha1::digest(certificate).as_slice() == thumbprint.as_slice();
            let verified = if has_it(presented.leaf) {
                is_good_leaf(presented)
            } else if let Some(anchor) = presented.others.iter().find(|certificate| has_it(certificate)) {
                self.leads_to(anchor, presented)
            } else {
                continue;
            };
            if verified.is_ok() {
                return Some(verified);
            }
            found = Some(verified);
        }
        found
    }

    /// Path, validity and name, with `anchor` alone. Unlike an anchor that the configuration names, this one came from
    /// the server: it must be an authority and valid itself.
    fn leads_to(&self, anchor: &CertificateDer<'_>, presented: Presented<'_>) -> Result<(), rustls::Error> {
        let parsed = parse(anchor)?;
        is_valid_at(&parsed, presented.now)?;
        let is_authority = matches!(parsed.basic_constraints(), Ok(Some(found)) if found.value.ca);
        let may_sign = match parsed.key_usage() {
            Ok(usage) => usage.is_none_or(|usage| usage.value.key_cert_sign()),
            Err(_) => false,
        };
        if !is_authority || !may_sign {
            return Err(CertificateError::UnknownIssuer.into());
        }
        let mut anchors = RootCertStore::empty();
        anchors.add(anchor.clone().into_owned())?;
        let verifier = verifier(Arc::new(anchors), &self.provider).ok_or(CertificateError::UnknownIssuer)?;
        let Presented { leaf, others, name, now } = presented;
        verifier.verify_server_cert(leaf, others, name, &[], now).map(drop)
    }
}

/// Exactly the server's certificate is trusted: nobody's signature on it counts, its validity, purpose and name do.
fn is_good_leaf(presented: Presented<'_>) -> Result<(), rustls::Error> {
    let parsed = parse(presented.leaf)?;
    is_valid_at(&parsed, presented.now)?;
    let for_servers = match parsed.extended_key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.server_auth || usage.value.any),
        Err(_) => false,
    };
    if !for_servers {
        return Err(CertificateError::InvalidPurpose.into());
    }
    verify_server_name(&ParsedCertificate::try_from(presented.leaf)?, presented.name)
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, rustls::Error> {
    match X509Certificate::from_der(certificate) {
        Ok(([], parsed)) => Ok(parsed),
        _ => Err(CertificateError::BadEncoding.into()),
    }
}

fn is_valid_at(certificate: &X509Certificate<'_>, now: UnixTime) -> Result<(), rustls::Error> {
    let now = i64::try_from(now.as_secs()).ok().and_then(|seconds| ASN1Time::from_timestamp(seconds).ok());
    if now.is_some_and(|now| certificate.validity().is_valid_at(now)) {
        Ok(())
    } else {
        Err(CertificateError::Expired.into())
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let first = match &self.primary {
            Some(primary) => {
                primary.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).map(drop)
            }
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        let presented = Presented { leaf: end_entity, others: intermediates, name: server_name, now };
        let verified = match first {
            Ok(()) => Ok(()),
            Err(error) => self.pinned(presented).unwrap_or(Err(error)),
        };
        verified.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, self.algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, self.algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms().supported_schemes()
    }
}
