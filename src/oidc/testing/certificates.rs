//! Certificates good and bad.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::CertificateDer;
use sha1::{Digest, Sha1};

/// A certificate and who can issue with it.
pub(in crate::oidc) struct Made {
    pub(in crate::oidc) certificate: Certificate,
    pub(in crate::oidc) key: KeyPair,
}

/// What a certificate is to be.
pub(in crate::oidc) struct Wish<'a> {
    pub(in crate::oidc) name: &'a str,
    pub(in crate::oidc) authority: bool,
    /// Whether it is for the name as a server's.
    pub(in crate::oidc) server: bool,
    /// Years in which it is valid.
    pub(in crate::oidc) years: (i32, i32),
}

impl<'a> Wish<'a> {
    pub(in crate::oidc) fn server(name: &'a str) -> Self {
        Self { name, authority: false, server: true, years: (2020, 2040) }
    }

    pub(in crate::oidc) fn authority(name: &'a str) -> Self {
        Self { name, authority: true, server: false, years: (2020, 2040) }
    }

    /// As `openssl req -x509` makes a server's: an authority too.
    pub(in crate::oidc) fn both(name: &'a str) -> Self {
        Self { name, authority: true, server: true, years: (2020, 2040) }
    }

    pub(in crate::oidc) fn years(mut self, from: i32, to: i32) -> Self {
        self.years = (from, to);
        self
    }
}

impl Made {
    pub(in crate::oidc) fn new(wish: &Wish<'_>, issuer: Option<&Self>) -> Self {
        let names = if wish.server { vec![wish.name.to_owned()] } else { Vec::new() };
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, wish.name);
        params.is_ca = if wish.authority { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
        params.not_before = date_time_ymd(wish.years.0, 1, 1);
        params.not_after = date_time_ymd(wish.years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = match issuer {
            None => params.self_signed(&key),
            Some(issuer) => params.signed_by(&key, &issuer.certificate, &issuer.key),
        };
        Self { certificate: certificate.unwrap(), key }
    }

    pub(in crate::oidc) fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    pub(in crate::oidc) fn thumbprint(&self) -> String {
        hex::encode(Sha1::digest(self.certificate.der()))
    }

    pub(in crate::oidc) fn pem(&self) -> String {
        let body = STANDARD.encode(self.certificate.der());
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    }
}
