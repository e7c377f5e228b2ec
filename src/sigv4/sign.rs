//! Signing for the backend: our own canonical request, `aws-sigv4`'s key derivation, the cached key's HMAC.

use super::canonical;
use super::claim::ALGORITHM;
use super::key::SigningKey;
use super::scope::CredentialScope;
use crate::types::Timestamp;
use crate::wire::Method;
use std::sync::Arc;

/// A request to sign, already in the form in which it goes out.
#[derive(Clone, Copy, Debug)]
pub struct OutboundRequest<'a> {
    /// The method.
    pub method: Method,
    /// The path as the one encoder wrote it: unreserved bytes and `/` as they are, all others `%XX`.
    pub path: &'a str,
    /// The query's pairs as the one encoder wrote them, in the order of the wire; an absent value is empty.
    pub query: &'a [(&'a str, &'a str)],
    /// The headers to sign, lower-case names: `host`, all `x-amz-*` (with `x-amz-date`, and
    /// `x-amz-content-sha256` equal to `payload`), content headers. Values of one name stand in wire order.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The value of `x-amz-content-sha256`.
    pub payload: &'a str,
}

/// The backend's credentials for one scope, and the time of signing.
#[derive(Clone, Copy, Debug)]
pub struct OutboundSigner<'a> {
    /// The access key id.
    /// Other servers' ids have other alphabets than ours: any text without blanks, `/` and `,`.
    pub access_key: &'a str,
    /// The key derived for `scope`.
    pub key: &'a SigningKey,
    /// The scope: its date is that of `time`.
    pub scope: &'a CredentialScope,
    /// The time of signing, as the header `x-amz-date` says it.
    pub time: Timestamp,
}

/// A signature made for the backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundSignature {
    /// The value of the Authorization header.
    pub authorization: String,
    /// The signature alone: the seed for [`super::ChunkSigner`].
    pub signature: String,
    pub(super) time_text: Arc<str>,
}

impl OutboundSigner<'_> {
    /// Signs a request.
    pub fn sign(&self, request: &OutboundRequest<'_>) -> OutboundSignature {
        let mut query = request.query.to_vec();
        query.sort_unstable();
        let mut headers = request.headers.to_vec();
        // Stable: the values of a repeated header stay in wire order.
        headers.sort_by_key(|(name, _)| *name);

        let mut text = canonical::begin(request.method.as_str());
        text.push_str(request.path);
        text.push('\n');
        canonical::push_sorted(query.into_iter(), &mut text);
        let mut canonical_request = text.into_bytes();
        let mut names = String::with_capacity(128);
        for group in headers.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((name, _)) = group.first() else { continue };
            canonical::push_header(name, group.iter().map(|(_, value)| *value), &mut canonical_request);
            if !names.is_empty() {
                names.push(';');
            }
            names.push_str(name);
        }
        canonical_request.push(b'\n');
        canonical_request.extend_from_slice(names.as_bytes());
        canonical_request.push(b'\n');
        canonical_request.extend_from_slice(request.payload.as_bytes());

        let time_text: Arc<str> = self.time.basic().into();
        let string_to_sign = canonical::string_to_sign(&time_text, self.scope.as_str(), &canonical_request);
        let signature = self.key.signature(string_to_sign.as_bytes());
        let signature = signature.as_str().to_owned();
        OutboundSignature { authorization: self.authorization(&names, &signature), signature, time_text }
    }

    fn authorization(&self, names: &str, signature: &str) -> String {
        let mut out = String::with_capacity(256 + names.len());
        let (key, scope) = (self.access_key, self.scope.as_str());
        for part in [ALGORITHM, " Credential=", key, "/", scope, ", SignedHeaders=", names, ", Signature=", signature] {
            out.push_str(part);
        }
        out
    }
}
