//! A token as it was presented: its form (RFC 7515 section 7.1, RFC 7519 section 7.2), and the order of verification.

use super::json::{Json, Object};
use super::{Algorithm, Error, KeyHint, KeySet, Part, WebClaims, audience, times};
use crate::types::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// AWS's limit of `WebIdentityToken`, in characters.
pub const MAX_TOKEN_LENGTH: usize = 20_000;

const MIN_TOKEN_LENGTH: usize = 4;

/// What a token of a provider must fit.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The provider's URL with its scheme; `iss` is byte-equal to it.
    pub issuer: &'a str,
    /// The provider's client ids.
    pub client_ids: &'a [&'a str],
    /// Whether an empty list of client ids refuses every token.
    pub require_client_ids: bool,
    /// Whether `typ: at+jwt`, and a match by `azp` or `client_id` alone, are taken.
    pub accept_access_tokens: bool,
}

/// A token in its form, not verified: all that it tells is its issuer and which key it asks for.
#[derive(Clone)]
pub struct WebToken<'a> {
    /// `HEADER.CLAIMS`, which was signed.
    message: &'a str,
    signature: Vec<u8>,
    header: Header,
    issuer: String,
    claims: Object,
}

/// What counts of a header. `jku`, `x5u`, `jwk` and `x5c` do not: a token names no key but the provider's.
#[derive(Clone)]
struct Header {
    algorithm: Algorithm,
    kid: Option<String>,
    access_token: bool,
}

/// A token is a live credential: it shows nothing of itself.
impl fmt::Debug for WebToken<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebToken").field("algorithm", &self.header.algorithm).finish_non_exhaustive()
    }
}

impl<'a> WebToken<'a> {
    /// Reads the form of a token: 4 to [`MAX_TOKEN_LENGTH`] characters in three parts of strict base64url, header and
    /// claims JSON objects of bounded depth without a member twice, an algorithm that is served, no `crit`, and `iss` a
    /// string.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        if !(MIN_TOKEN_LENGTH..=MAX_TOKEN_LENGTH).contains(&text.len()) {
            return Err(Error::Length);
        }
        if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
            return Err(Error::Blank);
        }
        let found = text.split('.').take(6).count();
        let parts = text.rsplit_once('.').and_then(|(message, signature)| {
            let (header, claims) = message.split_once('.')?;
            Some((message, header, claims, signature))
        });
        let Some((message, header, claims, signature)) = parts.filter(|_| found == 3) else {
            return Err(Error::Parts { found });
        };
        let header = Header::read(&object(header, Part::Header)?)?;
        let claims = object(claims, Part::Claims)?;
        let signature = decode(signature, Part::Signature)?;
        let issuer = claims.get("iss").and_then(Json::as_text).ok_or(Error::NoIssuer)?.to_owned();
        Ok(Self { message, signature, header, issuer, claims })
    }

    /// `iss`, the one claim that is readable before verification.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key that verifies this token.
    pub fn hint(&self) -> KeyHint<'_> {
        KeyHint { kid: self.header.kid.as_deref(), algorithm: self.header.algorithm }
    }

    /// Verifies, in this order: the type, the signature by a key that the token means, issuer, audience, times, and the
    /// form of the other claims that count. What comes out is signed by the provider, and for us.
    pub fn verify(&self, keys: &KeySet, rules: &Rules<'_>, now: Timestamp) -> Result<WebClaims, Error> {
        if self.header.access_token && !rules.accept_access_tokens {
            return Err(Error::AccessToken);
        }
        keys.verify(&self.hint(), self.message.as_bytes(), &self.signature)?;
        if self.issuer != rules.issuer {
            return Err(Error::Issuer);
        }
        let audience = audience::check(&self.claims, rules)?;
        times::check(&self.claims, now)?;
        WebClaims::read(&self.claims, audience)
    }
}

impl Header {
    fn read(header: &Object) -> Result<Self, Error> {
        let text = |member| match header.get(member) {
            None => Ok(None),
            Some(value) => value.as_text().map(Some).ok_or(Error::Header { member }),
        };
        let name = text("alg")?.ok_or(Error::Header { member: "alg" })?;
        let algorithm = Algorithm::parse(name).ok_or(Error::Algorithm)?;
        if header.get("crit").is_some() {
            return Err(Error::Critical);
        }
        let access_token = match text("typ")? {
            None => false,
            Some(name) if name.eq_ignore_ascii_case("JWT") => false,
            // RFC 9068 section 4.
            Some(name) if ["at+jwt", "application/at+jwt"].iter().any(|known| name.eq_ignore_ascii_case(known)) => true,
            Some(_) => return Err(Error::Type),
        };
        Ok(Self { algorithm, kid: text("kid")?.map(ToOwned::to_owned), access_token })
    }
}

/// Strict: no padding, no blank, no bit left over (RFC 7515 section 2).
fn decode(text: &str, part: Part) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Base64 { part })
}

fn object(text: &str, part: Part) -> Result<Object, Error> {
    Object::parse(&decode(text, part)?).map_err(|fault| Error::Json { part, fault })
}
