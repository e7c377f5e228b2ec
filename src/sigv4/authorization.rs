//! The claim of an Authorization header:
//! `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.

use super::claim::{self, ALGORITHM, ALGORITHM_4A, ClaimKind, SignatureClaim};
use super::error::{Error, Place};
use super::headers::ClaimHeaders;
use super::payload::PayloadKind;
use crate::types::Timestamp;
use std::sync::Arc;

/// A valid header has at most 128 characters of key id, the scope, and names of headers of which a request
/// has some dozens.
const MAX_LENGTH: usize = 8 * 1024;

/// The three fields after the algorithm, in any order, blanks around the commas or none.
struct Fields<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

/// Parses the header's value and what belongs to it in other headers.
pub(super) fn parse(value: &[u8], headers: &ClaimHeaders<'_>) -> Result<SignatureClaim, Error> {
    if value.len() > MAX_LENGTH {
        return Err(Error::AuthorizationTooLong(MAX_LENGTH));
    }
    let text = claim::printable(value).ok_or(Error::MalformedAuthorization)?;
    let (scheme, rest) = claim::cut(text, b' ').unwrap_or((text, ""));
    match scheme {
        ALGORITHM => {}
        "AWS" => return Err(Error::SignatureVersion2(Place::Header)),
        other if other.starts_with(ALGORITHM_4A) => return Err(Error::SignatureVersion4a(Place::Header)),
        other if other.starts_with("AWS4-") => return Err(Error::UnsupportedAlgorithm(Place::Header)),
        _ => return Err(Error::UnsupportedAuthorization),
    }
    let fields = fields(rest)?;
    let (access_key, scope) = claim::credential(fields.credential, Place::Header)?;
    let signed_headers = claim::signed_headers(fields.signed_headers, Place::Header)?;
    let (signing_time, time_text, dated_by_date) = signing_time(headers)?;
    let payload = match headers.content_sha256.value("x-amz-content-sha256")? {
        None => None,
        Some(value) => Some(PayloadKind::parse(claim::printable(value).unwrap_or_default())?),
    };
    Ok(SignatureClaim {
        access_key,
        scope,
        signed_headers,
        signature: fields.signature.into(),
        signing_time,
        time_text,
        dated_by_date,
        kind: ClaimKind::Header,
        session_token: claim::token(headers.security_token.value("x-amz-security-token")?, Place::Header)?,
        payload,
    })
}

fn fields(rest: &str) -> Result<Fields<'_>, Error> {
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for piece in claim::pieces(rest, b',') {
        let (name, value) = claim::cut(piece.trim_matches(' '), b'=').ok_or(Error::MalformedAuthorization)?;
        let (slot, name) = match name {
            "Credential" => (&mut credential, "Credential"),
            "SignedHeaders" => (&mut signed_headers, "SignedHeaders"),
            "Signature" => (&mut signature, "Signature"),
            _ => return Err(Error::MalformedAuthorization),
        };
        if slot.replace(value).is_some() {
            return Err(Error::RepeatedField { place: Place::Header, name });
        }
    }
    let missing = |name| Error::MissingField { place: Place::Header, name };
    let signature = signature.ok_or(missing("Signature"))?;
    if signature.is_empty() {
        return Err(missing("Signature"));
    }
    Ok(Fields {
        credential: credential.ok_or(missing("Credential"))?,
        signed_headers: signed_headers.ok_or(missing("SignedHeaders"))?,
        signature,
    })
}

/// The time of signing: `x-amz-date`, or else `Date` in the basic form or HTTP's.
fn signing_time(headers: &ClaimHeaders<'_>) -> Result<(Timestamp, Arc<str>, bool), Error> {
    if let Some(value) = headers.amz_date.value("x-amz-date")? {
        let text = claim::printable(value).unwrap_or_default();
        let time = Timestamp::parse_basic(text).map_err(|_| Error::MalformedDate(Place::Header))?;
        return Ok((time, text.into(), false));
    }
    let text = headers.date.value("date")?.and_then(claim::printable).ok_or(Error::MissingDate)?;
    let time = Timestamp::parse_basic(text).or_else(|_| Timestamp::parse_http(text)).map_err(|_| Error::MissingDate)?;
    Ok((time, time.basic().into(), true))
}
