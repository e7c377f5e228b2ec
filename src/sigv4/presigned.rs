//! The claim of a presigned request, in its query; and the headers that presigning clients put there.
//!
//! The payload of a presigned request is `UNSIGNED-PAYLOAD`, unless `X-Amz-Content-Sha256` in the query or a
//! (signed) header of that name gives the body's hash, as some SDKs hoist it. The session token is a query
//! parameter and nothing else.

use super::claim::{self, ALGORITHM, ALGORITHM_4A, ClaimKind, SignatureClaim};
use super::error::{Error, Place};
use super::headers::ClaimHeaders;
use super::payload::PayloadKind;
use crate::types::Timestamp;
use crate::wire::{QueryPair, QueryString, RequestHead};

/// The signature itself: the one key that the signature does not cover.
pub(super) const SIGNATURE: &str = "X-Amz-Signature";
const SECURITY_TOKEN: &str = "X-Amz-Security-Token";
const CONTENT_SHA256: &str = "X-Amz-Content-Sha256";
const MAX_EXPIRES: u32 = 604_800;

/// Whose key it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Version4,
    Version2,
    Express,
}

/// Every query key that looks like authentication.
const KEYS: [(&str, Owner); 12] = [
    ("X-Amz-Algorithm", Owner::Version4),
    ("X-Amz-Credential", Owner::Version4),
    ("X-Amz-Date", Owner::Version4),
    ("X-Amz-Expires", Owner::Version4),
    ("X-Amz-SignedHeaders", Owner::Version4),
    (SIGNATURE, Owner::Version4),
    (SECURITY_TOKEN, Owner::Version4),
    (CONTENT_SHA256, Owner::Version4),
    ("X-Amz-S3session-Token", Owner::Express),
    ("AWSAccessKeyId", Owner::Version2),
    ("Signature", Owner::Version2),
    ("Expires", Owner::Version2),
];

/// Which kinds of query authentication a query shows traces of.
#[derive(Default)]
pub(super) struct Marks {
    pub(super) version_4: bool,
    pub(super) version_2: bool,
    pub(super) express: bool,
}

/// Looks for keys of authentication in any case; refuses repeated ones and those written in another case.
/// A token in lower case beside keys of version 2 is what that version sends with temporary credentials.
pub(super) fn marks(query: &QueryString) -> Result<Marks, Error> {
    let mut found = Marks::default();
    let mut seen = 0_u16;
    let mut wrong_case = None;
    for pair in query.pairs() {
        let Some((index, (name, owner))) = own_key(&pair.key) else { continue };
        if seen & (1 << index) != 0 {
            return Err(Error::RepeatedQueryKey(name.into()));
        }
        seen |= 1 << index;
        match owner {
            Owner::Version4 if pair.key != name.as_bytes() => wrong_case = wrong_case.or(Some(name)),
            Owner::Version4 => found.version_4 = true,
            Owner::Version2 => found.version_2 = true,
            Owner::Express => found.express = true,
        }
    }
    match wrong_case {
        Some(SECURITY_TOKEN) if found.version_2 && !found.version_4 => Ok(found),
        Some(name) => Err(Error::QueryKeyCase(name)),
        None => Ok(found),
    }
}

fn own_key(key: &[u8]) -> Option<(usize, (&'static str, Owner))> {
    KEYS.into_iter().enumerate().find(|(_, (name, _))| name.as_bytes().eq_ignore_ascii_case(key))
}

/// Parses the claim out of a query that [`marks`] found to be of version 4.
pub(super) fn parse(headers: &ClaimHeaders<'_>, query: &QueryString) -> Result<SignatureClaim, Error> {
    match field(query, "X-Amz-Algorithm")? {
        ALGORITHM => {}
        other if other.starts_with(ALGORITHM_4A) => return Err(Error::SignatureVersion4a(Place::Query)),
        _ => return Err(Error::UnsupportedAlgorithm(Place::Query)),
    }
    let (access_key, scope) = claim::credential(field(query, "X-Amz-Credential")?, Place::Query)?;
    let time_text = field(query, "X-Amz-Date")?;
    let signing_time = Timestamp::parse_basic(time_text).map_err(|_| Error::MalformedDate(Place::Query))?;
    let expires_seconds = expires(field(query, "X-Amz-Expires")?)?;
    let signed_headers = claim::signed_headers(field(query, "X-Amz-SignedHeaders")?, Place::Query)?;
    let signature = field(query, SIGNATURE)?;
    if headers.security_token.is_there() {
        return Err(Error::TokenOutsideQuery);
    }
    Ok(SignatureClaim {
        access_key,
        scope,
        signed_headers,
        signature: signature.into(),
        signing_time,
        time_text: time_text.into(),
        dated_by_date: false,
        kind: ClaimKind::Query { expires_seconds },
        session_token: claim::token(query.get(SECURITY_TOKEN), Place::Query)?,
        payload: payload(headers, query)?,
    })
}

fn field<'a>(query: &'a QueryString, name: &'static str) -> Result<&'a str, Error> {
    let value = query.get(name).ok_or(Error::MissingField { place: Place::Query, name })?;
    let text = claim::printable(value).ok_or(Error::FieldNotText { place: Place::Query, name })?;
    // A blank that `printable` trims would be signed but not parsed.
    if text.len() != value.len() {
        return Err(Error::FieldNotText { place: Place::Query, name });
    }
    if text.is_empty() { Err(Error::MissingField { place: Place::Query, name }) } else { Ok(text) }
}

fn expires(text: &str) -> Result<u32, Error> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(seconds) if digits && (1..=MAX_EXPIRES).contains(&seconds) => Ok(seconds),
        _ => Err(Error::MalformedExpires),
    }
}

fn payload(headers: &ClaimHeaders<'_>, query: &QueryString) -> Result<Option<PayloadKind>, Error> {
    let in_header = headers.content_sha256.value("x-amz-content-sha256")?;
    let value = match (in_header, query.get(CONTENT_SHA256)) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(Error::PayloadTwice),
        (Some(value), None) | (None, Some(value)) => value,
    };
    Ok(Some(PayloadKind::parse(claim::printable(value).unwrap_or_default())?))
}

/// The `x-amz-*` keys of a query that are neither the signature's own nor parameters of an S3 operation
/// (of which none begins so): headers that a presigning client hoisted, with lower-case names and decoded
/// values, in order. Routing lifts those of a presigned request into the headers (security rule 3).
/// Refused: a name that is a header of the request too, one that occurs twice, and what no header could carry
/// (a line end, say, which would make two headers of one).
pub fn hoisted_headers(head: &RequestHead, query: &QueryString) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut lifted: Vec<(String, Vec<u8>)> = Vec::new();
    for pair in query.pairs().iter().filter(|pair| is_hoisted(pair)) {
        let name = String::from_utf8_lossy(&pair.key).to_ascii_lowercase();
        if !name.bytes().all(claim::is_lower_token) || !pair.value.iter().all(|byte| is_field_byte(*byte)) {
            return Err(Error::HoistedNotHeader(name.into()));
        }
        if head.header(&name).is_some() {
            return Err(Error::HoistedTwice(name.into()));
        }
        if lifted.iter().any(|(other, _)| *other == name) {
            return Err(Error::RepeatedQueryKey(name.into()));
        }
        lifted.push((name, pair.value.clone()));
    }
    Ok(lifted)
}

/// What a header value may hold (RFC 9110 section 5.5).
fn is_field_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

fn is_hoisted(pair: &QueryPair) -> bool {
    let prefix = pair.key.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"x-amz-"));
    prefix && own_key(&pair.key).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks_of(query: &str) -> Result<(bool, bool), Error> {
        marks(&QueryString::parse(query.as_bytes()).unwrap()).map(|found| (found.version_4, found.version_2))
    }

    #[test]
    fn the_token_of_version_2_is_not_taken_for_a_misspelt_one() {
        let version_2 = "AWSAccessKeyId=A&Signature=s&Expires=1&x-amz-security-token=t";
        assert_eq!(marks_of(version_2), Ok((false, true)));
        assert_eq!(marks_of("x-amz-security-token=t"), Err(Error::QueryKeyCase(SECURITY_TOKEN)));
        let both = format!("{version_2}&X-Amz-Date=d");
        assert_eq!(marks_of(&both), Err(Error::QueryKeyCase(SECURITY_TOKEN)));
        assert_eq!(marks_of("AWSAccessKeyId=A&x-amz-date=d"), Err(Error::QueryKeyCase("X-Amz-Date")));
    }
}
