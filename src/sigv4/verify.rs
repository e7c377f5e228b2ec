//! The proof: the signature a key makes over the request is the one that was claimed.

use super::canonical;
use super::check::{CheckedClaim, Service};
use super::claim::{ClaimKind, SignatureClaim};
use super::error::{Error, Mismatch, Place};
use super::form::CheckedForm;
use super::hex_digest::HexDigest;
use super::key::SigningKey;
use super::payload::PayloadKind;
use super::scope::CredentialScope;
use crate::types::{AccessKeyId, Timestamp};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A signature that was verified with the key it names. Made in this file alone, by [`verify`] and [`verify_form`]. `Debug` shows neither
/// signature nor token.
#[derive(Clone)]
pub struct VerifiedSignature {
    access_key: AccessKeyId,
    scope: CredentialScope,
    signature: HexDigest,
    signing_time: Timestamp,
    time_text: Arc<str>,
    kind: ClaimKind,
    payload: PayloadKind,
    session_token: Option<Arc<str>>,
    service: Service,
}

impl VerifiedSignature {
    /// The access key id.
    pub fn access_key(&self) -> &AccessKeyId {
        &self.access_key
    }

    /// The credential scope.
    pub fn scope(&self) -> &CredentialScope {
        &self.scope
    }

    /// The signature, which is the seed of the first chunk's.
    pub fn seed_signature(&self) -> &str {
        self.signature.as_str()
    }

    /// When the request was signed.
    pub fn signing_time(&self) -> Timestamp {
        self.signing_time
    }

    /// Header, presigned query or form.
    pub fn kind(&self) -> ClaimKind {
        self.kind
    }

    /// How the body is covered. A digest is still to be compared with the body on the S3 plane
    /// ([`super::PayloadHasher`]); on the others it is that of the body received.
    pub fn payload(&self) -> PayloadKind {
        self.payload
    }

    /// The session token: signed, not yet opened.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// The service that the signature is for.
    pub fn service(&self) -> Service {
        self.service
    }

    pub(super) fn time_text(&self) -> &Arc<str> {
        &self.time_text
    }
}

impl fmt::Debug for VerifiedSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedSignature")
            .field("access_key", &self.access_key)
            .field("scope", &self.scope)
            .field("signing_time", &self.signing_time)
            .field("kind", &self.kind)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}

/// Verifies a checked claim with the key of the credential it names.
///
/// For IAM and STS `received_body_sha256` is needed: what is verified there is the body received. On the S3
/// plane it may be given where the body is at hand, and is then compared as well.
pub fn verify(
    checked: &CheckedClaim<'_>,
    key: &SigningKey,
    received_body_sha256: Option<&[u8; 32]>,
) -> Result<VerifiedSignature, Error> {
    let claim = checked.claim;
    let payload = payload(checked, received_body_sha256)?;
    let canonical_request = canonical_request(checked, payload)?;
    let string_to_sign = canonical::string_to_sign(&claim.time_text, claim.scope.as_str(), &canonical_request);
    let expected = key.signature(string_to_sign.as_bytes());
    if !expected.matches(&claim.signature) {
        return Err(mismatch(claim, canonical_request, string_to_sign));
    }
    if let (Some(received), PayloadKind::Digest(claimed)) = (received_body_sha256, payload) {
        compare(&claimed, received)?;
    }
    Ok(verified(claim, expected, payload, checked.service))
}

/// Verifies a checked form with the key of the credential it names: its signature is over the policy document
/// and nothing else.
pub fn verify_form(checked: &CheckedForm<'_>, key: &SigningKey) -> Result<VerifiedSignature, Error> {
    let CheckedForm(form) = checked;
    let expected = key.signature(form.policy().as_bytes());
    if !expected.matches(&form.claim().signature) {
        return Err(mismatch(form.claim(), Vec::new(), form.policy().to_owned()));
    }
    Ok(verified(form.claim(), expected, PayloadKind::Unsigned, Service::S3))
}

fn verified(claim: &SignatureClaim, signature: HexDigest, payload: PayloadKind, service: Service) -> VerifiedSignature {
    VerifiedSignature {
        access_key: claim.access_key.clone(),
        scope: claim.scope.clone(),
        signature,
        signing_time: claim.signing_time,
        time_text: Arc::clone(&claim.time_text),
        kind: claim.kind,
        payload,
        session_token: claim.session_token.clone(),
        service,
    }
}

fn payload(checked: &CheckedClaim<'_>, received: Option<&[u8; 32]>) -> Result<PayloadKind, Error> {
    let claim = checked.claim;
    if checked.service == Service::S3 {
        // INVARIANT: absent only in presigned requests; the check saw to it.
        return Ok(claim.payload.unwrap_or(PayloadKind::Unsigned));
    }
    let received = received.ok_or(Error::BodyHashUnknown)?;
    if let Some(PayloadKind::Digest(claimed)) = claim.payload {
        compare(&claimed, received)?;
    }
    let empty: [u8; 32] = Sha256::digest([]).into();
    if claim.place() == Place::Query && *received != empty {
        return Err(Error::PresignedControlCall);
    }
    Ok(PayloadKind::Digest(*received))
}

fn compare(claimed: &[u8; 32], received: &[u8; 32]) -> Result<(), Error> {
    if claimed.ct_eq(received).into() {
        Ok(())
    } else {
        Err(Error::ContentSha256Mismatch { claimed: *claimed, received: *received })
    }
}

fn canonical_request(checked: &CheckedClaim<'_>, payload: PayloadKind) -> Result<Vec<u8>, Error> {
    let (claim, head) = (checked.claim, checked.head);
    let mut text = canonical::begin(head.method().as_str());
    canonical::push_path(head.raw_path(), &mut text)?;
    canonical::push_query(checked.query, &mut text);
    let mut out = text.into_bytes();
    checked.signed.push(head, &mut out);
    out.push(b'\n');
    out.extend_from_slice(claim.signed_headers.as_bytes());
    out.push(b'\n');
    payload.push_text(&mut out);
    Ok(out)
}

fn mismatch(claim: &SignatureClaim, canonical_request: Vec<u8>, string_to_sign: String) -> Error {
    Error::SignatureDoesNotMatch(Box::new(Mismatch {
        canonical_request,
        string_to_sign,
        signature_provided: claim.signature.clone(),
        access_key: claim.access_key.clone(),
    }))
}
