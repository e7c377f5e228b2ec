//! Signing as a client does, chunks included, and verifying as a backend does.
//!
//! Chunk signatures are made here from the specification, not with the code under test.

use super::{NOW, Seen};
use hmac::{Hmac, KeyInit, Mac};
use rolegate::sigv4::{
    CredentialScope, MAX_SKEW_SECONDS, OutboundRequest, OutboundSigner, Rules, Service, SigningKey, VerifiedSignature,
};
use rolegate::types::{AccessKeyId, Secret, Timestamp};
use rolegate::wire::{Method, RequestHead};
use sha2::{Digest, Sha256};

pub(crate) struct Credentials {
    pub(crate) access_key: &'static str,
    pub(crate) secret: &'static str,
}

pub(crate) const CLIENT: Credentials = Credentials { access_key: "CLIENTKEY", secret: "client-secret" };
pub(crate) const BACKEND: Credentials = Credentials { access_key: "BACKENDKEY", secret: "backend-secret" };

impl Credentials {
    pub(crate) fn scope() -> CredentialScope {
        CredentialScope::new(&NOW[..8], "us-east-1", "s3").unwrap()
    }

    pub(crate) fn key(&self) -> SigningKey {
        SigningKey::derive(&Secret::new(self.secret), &Self::scope()).unwrap()
    }
}

/// A request as a client would send it, signed with [`CLIENT`].
pub(crate) struct ClientRequest {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) payload: String,
}

impl ClientRequest {
    pub(crate) fn new(method: Method, path: &str, payload: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), payload: payload.to_owned() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// The head, and the signature that seeds chunk signatures.
    pub(crate) fn head(&self) -> (String, String) {
        let mut headers = vec![("host", "gate"), ("x-amz-date", NOW), ("x-amz-content-sha256", &*self.payload)];
        let unsigned = |name: &str| matches!(name, "content-length" | "transfer-encoding" | "expect" | "connection");
        let signed = self.headers.iter().filter(|(name, _)| !unsigned(name));
        headers.extend(signed.map(|(name, value)| (&**name, &**value)));
        let bytes: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let access_key = AccessKeyId::parse(CLIENT.access_key).unwrap();
        let (key, scope) = (CLIENT.key(), Credentials::scope());
        let time = Timestamp::parse_basic(NOW).unwrap();
        let signer = OutboundSigner { access_key: access_key.as_str(), key: &key, scope: &scope, time };
        let request = OutboundRequest {
            method: self.method,
            path: &self.path,
            query: &[],
            headers: &bytes,
            payload: &self.payload,
        };
        let signature = signer.sign(&request);
        let mut out = format!("{} {} HTTP/1.1\r\n", self.method.as_str(), self.path);
        for (name, value) in headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        for (name, value) in self.headers.iter().filter(|(name, _)| unsigned(name)) {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str(&format!("authorization: {}\r\n\r\n", signature.authorization));
        (out, signature.signature)
    }
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// A body of signed chunks (AWS, "Signature calculations for the authorization header: transferring a payload in
/// multiple chunks"), with a signed trailer if there is one.
pub(crate) fn stream_body(seed: &str, chunks: &[&[u8]], trailer: Option<(&str, &str)>) -> Vec<u8> {
    let mut key = format!("AWS4{}", CLIENT.secret).into_bytes();
    for part in [&NOW[..8], "us-east-1", "s3", "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    let scope = format!("{}/us-east-1/s3/aws4_request", &NOW[..8]);
    let hash = |data: &[u8]| hex::encode(Sha256::digest(data));
    let mut previous = seed.to_owned();
    let mut body = Vec::new();
    for chunk in chunks.iter().copied().chain([&b""[..]]) {
        let text = format!("AWS4-HMAC-SHA256-PAYLOAD\n{NOW}\n{scope}\n{previous}\n{}\n{}", hash(b""), hash(chunk));
        previous = hex::encode(hmac(&key, text.as_bytes()));
        body.extend_from_slice(format!("{:x};chunk-signature={previous}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(chunk);
        if !chunk.is_empty() || trailer.is_none() {
            body.extend_from_slice(b"\r\n");
        }
    }
    if let Some((name, value)) = trailer {
        let canonical = format!("{name}:{value}\n");
        let text = format!("AWS4-HMAC-SHA256-TRAILER\n{NOW}\n{scope}\n{previous}\n{}", hash(canonical.as_bytes()));
        let signature = hex::encode(hmac(&key, text.as_bytes()));
        body.extend_from_slice(format!("{name}:{value}\r\nx-amz-trailer-signature:{signature}\r\n\r\n").as_bytes());
    }
    body
}

/// Verifies what the backend saw, with the backend's secret, as a strict S3 server does.
pub(crate) fn verify(seen: &Seen) -> (RequestHead, VerifiedSignature) {
    let mut parts = seen.line().split(' ');
    let method = Method::parse(parts.next().unwrap()).unwrap();
    let target = parts.next().unwrap();
    let lines = seen.head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let fields: Vec<(String, Vec<u8>)> =
        lines.map(|(name, value)| (name.to_owned(), value.trim().as_bytes().to_vec())).collect();
    let peer = "127.0.0.1".parse().unwrap();
    let head = RequestHead::new(method, target.as_bytes(), fields, peer, None).unwrap();
    let verified = verify_head(&head, &BACKEND).expect("the backend would refuse the signature");
    (head, verified)
}

/// Verifies a head's signature.
pub(crate) fn verify_head(head: &RequestHead, by: &Credentials) -> Result<VerifiedSignature, rolegate::sigv4::Error> {
    let query = head.parse_query().unwrap();
    let claim = rolegate::sigv4::claim(head, &query)?.expect("no signature");
    assert_eq!(claim.access_key().as_str(), by.access_key);
    let now = Timestamp::parse_basic(NOW).unwrap();
    let rules = Rules { service: Service::S3, region: Some("us-east-1"), now, max_skew_seconds: MAX_SKEW_SECONDS };
    let checked = claim.check(head, &query, &rules)?;
    rolegate::sigv4::verify(&checked, &by.key(), None)
}
