//! What the gateway asks of the shell: the client's body, and calls to the backend of its own.

use crate::entity::OidcProvider;
use crate::token::jwt::{KeyHint, KeySet};
use crate::wire::Method;
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;

/// Why a body could not be read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More bytes than the limit.
    #[error("the request body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The client went away, or sent fewer bytes than it declared.
    #[error("the request body ended early")]
    Incomplete,
    /// The client sent too slowly.
    #[error("the request body did not arrive in time")]
    TimedOut,
    /// The gate's budget for buffered bytes is spent.
    #[error("too many request bodies are being held at once")]
    Busy,
}

/// The body of the request at hand. Reading answers `Expect: 100-continue` first.
#[async_trait]
pub trait RequestBody: Send {
    /// The whole body as on the wire (chunk framing included), up to `limit` bytes.
    async fn read_all(&mut self, limit: usize) -> Result<Bytes, BodyError>;
}

/// A request of the gate's own to the backend. The client adds host and length and signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendRequest {
    /// Method.
    pub method: Method,
    /// Encoded path and query, as they go on the wire.
    pub target: String,
    /// Header fields besides those of framing and signature; lower-case names.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body, sent with its SHA-256.
    pub body: Bytes,
}

/// The backend's answer, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendAnswer {
    /// HTTP status.
    pub status: u16,
    /// Header fields; lower-case names.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body.
    pub body: Bytes,
}

impl BackendAnswer {
    /// The first value of a header that is text.
    pub fn header(&self, lower_name: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == lower_name).and_then(|(_, value)| std::str::from_utf8(value).ok())
    }
}

/// The codes by which a backend refuses the credentials, the region or the clock of whoever signed: the gate's own.
const REFUSALS: [&str; 10] = [
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthorizationHeaderMalformed",
    "RequestTimeTooSkewed",
    "InvalidToken",
    "ExpiredToken",
    "TokenRefreshRequired",
    "InvalidSecurity",
    "NotSignedUp",
    "AccountProblem",
];

/// The code, if an answer of the backend refuses the gate's own credentials. Such an answer is never the client's:
/// it names the gate's key id at the backend, and says of the client's signature what is not so.
///
/// `body` is the error document, or as much of its beginning as holds its code.
pub fn refusal_of_the_gate(status: u16, body: &[u8]) -> Option<&'static str> {
    const OPEN: &[u8] = b"<Code>";
    if !(400..500).contains(&status) {
        return None;
    }
    let at = body.windows(OPEN.len()).position(|window| window == OPEN)?;
    let code = body.get(at + OPEN.len()..)?.split(|byte| *byte == b'<').next()?.trim_ascii();
    REFUSALS.into_iter().find(|refusal| refusal.as_bytes() == code)
}

/// Why there is no whole answer. Only [`BackendError::Unreachable`] says that nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// No connection was made: the backend saw nothing.
    #[error("the backend cannot be reached")]
    Unreachable,
    /// The request was sent, or may have been, and no whole answer came.
    #[error("the backend gave no whole answer")]
    Ambiguous,
    /// The answer is larger than the gate reads.
    #[error("the backend's answer is larger than the gate reads")]
    TooLarge,
}

/// A small client for the calls that the gate makes itself: bucket claims, batch deletes, listings.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Signs and sends `request` once (never twice) and reads the answer up to `limit` bytes.
    async fn call(&self, request: BackendRequest, limit: usize) -> Result<BackendAnswer, BackendError>;
}

/// Why there are no keys to verify a token with. The texts are AWS's, and say nothing of what the provider answered
/// (security rule 26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebKeysError {
    /// No answer came, or not the document: `IDPCommunicationError`.
    #[error(
        "The request could not be fulfilled because the identity provider (IDP) that was asked to verify the incoming identity token could not be reached"
    )]
    Unreachable,
    /// The provider's certificate is not one that is trusted for it: `InvalidIdentityToken`.
    #[error("OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint")]
    Untrusted,
    /// The provider's documents are not those of the registered provider: `InvalidIdentityToken`.
    #[error(
        "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"
    )]
    Unusable,
    /// The provider has no key that could have signed the token: `InvalidIdentityToken`.
    #[error(
        "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"
    )]
    UnknownKey,
}

/// The keys of identity providers.
#[async_trait]
pub trait WebKeys: Send + Sync {
    /// The keys of a registered provider, some of which can serve `hint`: those that are held, or fetched. Where no key
    /// that is held serves it they are fetched again, within the provider's budget (security rule 26).
    async fn keys(&self, provider: &OidcProvider, hint: &KeyHint<'_>) -> Result<Arc<KeySet>, WebKeysError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_gate_is_told_from_one_of_the_request() {
        let said = |status, code: &str| {
            let body = format!("<?xml version=\"1.0\"?><Error>\n<Code> {code} </Code><Message>m</Message></Error>");
            refusal_of_the_gate(status, body.as_bytes())
        };
        for code in REFUSALS {
            assert_eq!(said(403, code), Some(code));
            assert_eq!(said(400, code), Some(code));
            assert_eq!(said(200, code), None);
            assert_eq!(said(503, code), None);
        }
        for code in ["AccessDenied", "NoSuchKey", "InvalidObjectState", "SignatureDoesNotMatchAtAll", ""] {
            assert_eq!(said(403, code), None, "{code}");
        }
        for body in ["", "<Code>", "<Code", "SignatureDoesNotMatch", "<Message>&lt;Code&gt;SignatureDoesNotMatch"] {
            assert_eq!(refusal_of_the_gate(403, body.as_bytes()), None, "{body}");
        }
    }
}
