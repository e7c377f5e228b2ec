//! What the caller says about its signature: parsed, unverified.
//!
//! A request without anything that looks like authentication has no claim. Everything that does look like it
//! and is not exactly one well-formed claim is an error (security rule 5): any Authorization header, a security
//! token alone, any of the signature's query keys in any case, those of Signature Version 2 too.

use super::error::{Error, Place};
use super::headers::ClaimHeaders;
use super::payload::PayloadKind;
use super::scope::{CredentialScope, ScopeFault};
use super::{authorization, presigned};
use crate::types::{AccessKeyId, Timestamp};
use crate::wire::{QueryString, RequestHead, is_token_byte};
use std::fmt;
use std::sync::Arc;

/// The one algorithm.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What an algorithm of SigV4a begins with.
pub(super) const ALGORITHM_4A: &str = "AWS4-ECDSA";

/// How the claim came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimKind {
    /// An Authorization header.
    Header,
    /// A presigned query.
    Query {
        /// Seconds the request is valid after its signing time, 1 to 604800.
        expires_seconds: u32,
    },
    /// The fields of a POST form.
    Form,
}

/// What the caller says about its signature. Nothing of it is proven. `Debug` shows neither signature nor token:
/// a presigned request's are live credentials.
#[derive(Clone)]
pub struct SignatureClaim {
    pub(super) access_key: AccessKeyId,
    pub(super) scope: CredentialScope,
    /// Names with `;` between; empty for a form. INVARIANT: lower case, sorted, none twice.
    pub(super) signed_headers: Box<str>,
    pub(super) signature: Box<str>,
    pub(super) signing_time: Timestamp,
    /// The signing time in the basic form, as it stands in the string to sign.
    pub(super) time_text: Arc<str>,
    /// Whether the signing time came from the plain `Date` header.
    pub(super) dated_by_date: bool,
    pub(super) kind: ClaimKind,
    pub(super) session_token: Option<Arc<str>>,
    pub(super) payload: Option<PayloadKind>,
}

impl SignatureClaim {
    /// The access key id that the caller says it used.
    pub fn access_key(&self) -> &AccessKeyId {
        &self.access_key
    }

    /// The credential scope.
    pub fn scope(&self) -> &CredentialScope {
        &self.scope
    }

    /// The names of the signed headers, sorted.
    pub fn signed_headers(&self) -> impl Iterator<Item = &str> {
        pieces(&self.signed_headers, b';')
    }

    /// Whether the claim covers a header (lower-case name).
    pub fn signs(&self, name: &str) -> bool {
        self.signed_headers.as_bytes().split(|byte| *byte == b';').any(|signed| signed == name.as_bytes())
    }

    /// The signature as sent.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// When the caller says it signed.
    pub fn signing_time(&self) -> Timestamp {
        self.signing_time
    }

    /// Header, presigned query or form.
    pub fn kind(&self) -> ClaimKind {
        self.kind
    }

    /// The session token, if one is given. A temporary id without one, or one beside a long-term id, is for the
    /// caller to refuse.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// What `x-amz-content-sha256` says; none where it is absent.
    pub fn payload(&self) -> Option<PayloadKind> {
        self.payload
    }

    /// Where the claim stands.
    pub fn place(&self) -> Place {
        match self.kind {
            ClaimKind::Header => Place::Header,
            ClaimKind::Query { .. } => Place::Query,
            ClaimKind::Form => Place::Form,
        }
    }
}

impl fmt::Debug for SignatureClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureClaim")
            .field("access_key", &self.access_key)
            .field("scope", &self.scope)
            .field("signed_headers", &self.signed_headers)
            .field("signing_time", &self.signing_time)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Reads the claim of a request; none only where nothing looks like authentication.
pub fn claim(head: &RequestHead, query: &QueryString) -> Result<Option<SignatureClaim>, Error> {
    let headers = ClaimHeaders::of(head);
    let authorization = headers.authorization.value("authorization")?;
    let marks = presigned::marks(query)?;
    if headers.express_token.is_there() || marks.express {
        return Err(Error::ExpressSession);
    }
    match (authorization, marks.version_4, marks.version_2) {
        (Some(value), false, false) => authorization::parse(value, &headers).map(Some),
        (None, true, false) => presigned::parse(&headers, query).map(Some),
        (None, false, true) => Err(Error::SignatureVersion2(Place::Query)),
        (None, false, false) if headers.security_token.is_there() => Err(Error::TokenWithoutSignature),
        (None, false, false) => Ok(None),
        _ => Err(Error::TwoClaims),
    }
}

/// A value as printable ASCII text without outer blanks.
pub(super) fn printable(mut value: &[u8]) -> Option<&str> {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    // Without a branch for each byte: a session token is long.
    let fits = value.iter().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
    if fits { std::str::from_utf8(value).ok() } else { None }
}

/// The texts before and after the first of an ASCII character, as `str::split_once`.
pub(super) fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let (before, rest) = text.split_at_checked(text.bytes().position(|byte| byte == at)?)?;
    Some((before, rest.get(1..)?))
}

/// The texts between an ASCII character, as `str::split`.
pub(super) fn pieces(text: &str, at: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (piece, after) = cut(text, at).map_or((text, None), |(piece, after)| (piece, Some(after)));
        rest = after;
        Some(piece)
    })
}

/// The token of a header or query parameter.
pub(super) fn token(value: Option<&[u8]>, place: Place) -> Result<Option<Arc<str>>, Error> {
    match value.map(printable) {
        None => Ok(None),
        Some(Some(text)) if !text.is_empty() => Ok(Some(text.into())),
        Some(_) => Err(Error::MalformedToken(place)),
    }
}

/// Splits `KEY/DATE/REGION/SERVICE/aws4_request`.
pub(super) fn credential(text: &str, place: Place) -> Result<(AccessKeyId, CredentialScope), Error> {
    let (key, scope) = cut(text, b'/').ok_or(Error::MalformedCredential(place))?;
    let scope = CredentialScope::parse(scope).map_err(|fault| match fault {
        ScopeFault::Parts => Error::MalformedCredential(place),
        ScopeFault::Terminator => Error::ScopeTerminator(place),
    })?;
    let key = AccessKeyId::parse(key).map_err(|_| Error::MalformedAccessKeyId)?;
    Ok((key, scope))
}

/// Checks the list of signed headers.
pub(super) fn signed_headers(text: &str, place: Place) -> Result<Box<str>, Error> {
    let mut previous = "";
    for name in pieces(text, b';') {
        if name.is_empty() || !name.bytes().fold(true, |all, byte| all & is_lower_token(byte)) {
            return Err(Error::MalformedSignedHeaders(place));
        }
        // By hand, as the difference is near: calling the comparison costs more than all the rest here.
        if name.bytes().le(previous.bytes()) {
            return Err(Error::UnsortedSignedHeaders);
        }
        previous = name;
    }
    Ok(text.into())
}

/// RFC 9110's token characters without the upper-case letters.
pub(super) fn is_lower_token(byte: u8) -> bool {
    is_token_byte(byte) && !byte.is_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_split_as_the_standard_library_does(text in "[a;é=]{0,8}") {
            prop_assert_eq!(pieces(&text, b';').collect::<Vec<_>>(), text.split(';').collect::<Vec<_>>());
            prop_assert_eq!(cut(&text, b'='), text.split_once('='));
        }

        #[test]
        fn lists_of_signed_headers_are_sorted_without_repetitions(text in "[a-c;-]{0,10}|[aA; -]{0,4}") {
            let names: Vec<_> = text.split(';').collect();
            let sorted = names.is_sorted_by(|one, other| one < other);
            let tokens = !names.contains(&"") && !text.contains(['A', ' ']);
            prop_assert_eq!(signed_headers(&text, Place::Header).is_ok(), sorted && tokens);
        }
    }

    #[test]
    fn values_are_printable_ascii_within_blanks() {
        assert_eq!(printable(b"\t a \t b\t "), None);
        assert_eq!(printable(b"\t a  b~\t "), Some("a  b~"));
        assert_eq!((printable(b""), printable(b" \t ")), (Some(""), Some("")));
        for byte in 0..=u8::MAX {
            assert_eq!(printable(&[b'a', byte, b'b']).is_some(), (b' '..=b'~').contains(&byte), "{byte}");
        }
        assert_eq!(printable("\u{a0}a\u{a0}".as_bytes()), None);
    }
}
