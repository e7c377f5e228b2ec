//! A provider's public keys: a JSON Web Key Set (RFC 7517 section 5, RFC 7518 section 6, RFC 8037 section 2).

use super::algorithm::Family;
use super::json::{Json, JsonFault, Object};
use super::{Algorithm, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;

/// Bytes of a key set: as many as a fetch may bring (security rule 26).
pub const MAX_KEY_SET_BYTES: usize = 64 * 1024;

const MAX_KEYS: usize = 128;

/// Keys that are tried where several have the token's `kid`: each costs a verification.
const MAX_TRIED: usize = 4;

const MIN_RSA_BITS: usize = 2048;
const MAX_RSA_BITS: usize = 4096;

/// Which key a token asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHint<'a> {
    /// The header's `kid`.
    pub kid: Option<&'a str>,
    /// The header's `alg`.
    pub algorithm: Algorithm,
}

/// Why a text is no key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetFault {
    /// Longer than [`MAX_KEY_SET_BYTES`].
    #[error("longer than {MAX_KEY_SET_BYTES} bytes")]
    Length,
    /// Not the JSON it must be.
    #[error("{0}")]
    Json(JsonFault),
    /// No list `keys`, or not of objects.
    #[error("JSON without a list `keys` of objects")]
    Keys,
    /// More keys than 128.
    #[error("of more than {MAX_KEYS} keys")]
    TooMany,
}

/// Why a key of a set verifies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Another `kty`, `crv`, `alg`, `use` or `key_ops` than a verifying key of an algorithm that is served has.
    #[error("is of a kind or for a purpose that does not verify tokens")]
    Purpose,
    /// A member that is missing or not of its form.
    #[error("is malformed")]
    Form,
    /// An RSA modulus out of bounds.
    #[error("is an RSA key of {bits} bits, and {MIN_RSA_BITS} to {MAX_RSA_BITS} are served")]
    Modulus {
        /// Its bits.
        bits: usize,
    },
    /// An RSA exponent, or modulus, that no sound key has.
    #[error("is an RSA key with an even modulus or an exponent that is even, below 3 or above 2^33")]
    Exponent,
    /// Not a point of its curve.
    #[error("is not a point of its curve")]
    Point,
    /// A key whose private half everybody can read signs for everybody.
    #[error("is published with its private half, so that anybody can sign with it")]
    Private,
}

#[derive(Clone, Debug)]
struct Key {
    kid: Option<String>,
    family: Family,
    /// The one algorithm that the key is for, where it says so.
    algorithm: Option<Algorithm>,
    public: DecodingKey,
}

impl Key {
    fn serves(&self, hint: &KeyHint<'_>) -> bool {
        self.family == hint.algorithm.family()
            && self.algorithm.is_none_or(|algorithm| algorithm == hint.algorithm)
            && (hint.kid.is_none() || self.kid.as_deref() == hint.kid)
    }
}

/// The keys of a provider that can verify tokens.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<Key>,
    /// Keys that verify nothing, for the message to whoever comes with a token of theirs.
    unusable: Vec<(Option<String>, KeyFault)>,
}

impl KeySet {
    /// Reads a JSON Web Key Set. A key that cannot verify tokens, for whatever reason, is left out, and so is `x5c`:
    /// the connection the set came by is what it is trusted for.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MAX_KEY_SET_BYTES {
            return Err(KeySetFault::Length.into());
        }
        let set = Object::parse(json).map_err(KeySetFault::Json)?;
        let Some(Json::List(list)) = set.get("keys") else { return Err(KeySetFault::Keys.into()) };
        if list.len() > MAX_KEYS {
            return Err(KeySetFault::TooMany.into());
        }
        let mut read = Self { keys: Vec::new(), unusable: Vec::new() };
        for member in list {
            let Json::Object(jwk) = member else { return Err(KeySetFault::Keys.into()) };
            match key(jwk) {
                Ok(key) => read.keys.push(key),
                Err(fault) => {
                    read.unusable.push((jwk.get("kid").and_then(Json::as_text).map(ToOwned::to_owned), fault));
                }
            }
        }
        Ok(read)
    }

    /// Whether a token with this hint can be verified with these keys.
    pub fn serves(&self, hint: &KeyHint<'_>) -> bool {
        self.candidates(hint).is_ok()
    }

    /// How many keys there are that can verify tokens.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can verify any token.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a key that the hint means signed the message.
    pub(super) fn verify(&self, hint: &KeyHint<'_>, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        let candidates = self.candidates(hint)?;
        let signed = candidates.iter().any(|key| hint.algorithm.verifies(&key.public, message, signature));
        if signed { Ok(()) } else { Err(Error::Signature) }
    }

    /// The keys that the hint may mean: at least one, and without `kid` exactly one.
    fn candidates(&self, hint: &KeyHint<'_>) -> Result<Vec<&Key>, Error> {
        let most = if hint.kid.is_some() { MAX_TRIED } else { 1 };
        let found: Vec<&Key> = self.keys.iter().filter(|key| key.serves(hint)).take(most.saturating_add(1)).collect();
        if found.len() > most {
            return Err(Error::AmbiguousKey);
        }
        if found.is_empty() {
            let named = self.unusable.iter().find(|(kid, _)| kid.is_some() && kid.as_deref() == hint.kid);
            return Err(named.map_or(Error::NoKey, |(_, fault)| Error::UnusableKey { fault: *fault }));
        }
        Ok(found)
    }
}

fn key(jwk: &Object) -> Result<Key, KeyFault> {
    let kid = optional_text(jwk, "kid")?.map(ToOwned::to_owned);
    let kind = optional_text(jwk, "kty")?.ok_or(KeyFault::Form)?;
    let family = match (kind, optional_text(jwk, "crv")?) {
        ("RSA", _) => Family::Rsa,
        ("EC", Some("P-256")) => Family::P256,
        ("EC", Some("P-384")) => Family::P384,
        ("OKP", Some("Ed25519")) => Family::Ed25519,
        _ => return Err(KeyFault::Purpose),
    };
    let algorithm =
        optional_text(jwk, "alg")?.map(|name| Algorithm::parse(name).ok_or(KeyFault::Purpose)).transpose()?;
    if algorithm.is_some_and(|algorithm| algorithm.family() != family) || !is_for_verifying(jwk)? {
        return Err(KeyFault::Purpose);
    }
    if jwk.get("d").is_some() {
        return Err(KeyFault::Private);
    }
    let public = match family {
        Family::Rsa => rsa(jwk)?,
        Family::P256 => elliptic(jwk, 32, Algorithm::Es256)?,
        Family::P384 => elliptic(jwk, 48, Algorithm::Es384)?,
        Family::Ed25519 => {
            let key = DecodingKey::from_ed_der(&coordinate(jwk, "x", 32)?);
            if Algorithm::EdDsa.takes(&key) { key } else { return Err(KeyFault::Point) }
        }
    };
    Ok(Key { kid, family, algorithm, public })
}

fn optional_text<'a>(jwk: &'a Object, name: &str) -> Result<Option<&'a str>, KeyFault> {
    jwk.get(name).map(|value| value.as_text().ok_or(KeyFault::Form)).transpose()
}

/// `use` and `key_ops`, where they are given, say so.
fn is_for_verifying(jwk: &Object) -> Result<bool, KeyFault> {
    let used = optional_text(jwk, "use")?.is_none_or(|name| name == "sig");
    let operations = jwk.get("key_ops").map(|value| value.as_texts().ok_or(KeyFault::Form)).transpose()?;
    Ok(used && operations.is_none_or(|names| names.contains(&"verify")))
}

fn bytes(jwk: &Object, name: &str) -> Result<Vec<u8>, KeyFault> {
    let text = optional_text(jwk, name)?.ok_or(KeyFault::Form)?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyFault::Form)
}

/// A number without the zeros before it, which some providers write though RFC 7518 section 2 does not.
fn number(jwk: &Object, name: &str) -> Result<Vec<u8>, KeyFault> {
    Ok(bytes(jwk, name)?.into_iter().skip_while(|byte| *byte == 0).collect())
}

/// A coordinate, in all of its bytes (RFC 7518 section 6.2.1.2).
fn coordinate(jwk: &Object, name: &str, length: usize) -> Result<Vec<u8>, KeyFault> {
    let bytes = bytes(jwk, name)?;
    if bytes.len() == length { Ok(bytes) } else { Err(KeyFault::Form) }
}

fn rsa(jwk: &Object) -> Result<DecodingKey, KeyFault> {
    let (modulus, exponent) = (number(jwk, "n")?, number(jwk, "e")?);
    let zeros = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = modulus.len().saturating_mul(8).saturating_sub(usize::try_from(zeros).unwrap_or(0));
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err(KeyFault::Modulus { bits });
    }
    let value = exponent.iter().fold(0_u64, |value, byte| value.saturating_mul(256).saturating_add((*byte).into()));
    let odd = |bytes: &[u8]| bytes.last().is_some_and(|byte| byte % 2 == 1);
    if exponent.len() > 5 || !(3..1 << 33).contains(&value) || !odd(&exponent) || !odd(&modulus) {
        return Err(KeyFault::Exponent);
    }
    Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

fn elliptic(jwk: &Object, length: usize, algorithm: Algorithm) -> Result<DecodingKey, KeyFault> {
    // SEC 1 section 2.3.3: an uncompressed point.
    let point = [vec![4], coordinate(jwk, "x", length)?, coordinate(jwk, "y", length)?].concat();
    let key = DecodingKey::from_ec_der(&point);
    if algorithm.takes(&key) { Ok(key) } else { Err(KeyFault::Point) }
}
