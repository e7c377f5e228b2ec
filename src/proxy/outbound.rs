//! The head that goes to the backend: made from the [`Forward`] alone, and signed.
//!
//! INVARIANT: nothing of the client's head is read here. Target and headers are those that were evaluated;
//! the gate adds host, framing and signature (security rules 3 and 4). Follows AWS's "Signature Version 4 for
//! the S3 REST API"; framing per RFC 9112 section 6.

use super::framing::{Framing, Length};
use crate::backend::BackendSigner;
use crate::gateway::Forward;
use crate::sigv4::{ChunkSigner, OutboundRequest};
use crate::types::Timestamp;
use pingora::http::RequestHeader;

/// A head ready to go.
pub(super) struct OutboundHead {
    pub(super) header: RequestHeader,
    /// The signer of the body, where its chunks are signed.
    pub(super) chunks: Option<ChunkSigner>,
}

/// Why no head could be made. The gate's own fault: the gateway builds what is encoded here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum OutboundError {
    #[error("the forwarded target or a header cannot be written")]
    Unwritable,
    #[error("the request cannot be signed")]
    Unsigned,
}

/// Builds and signs the head.
pub(super) fn build(
    forward: &Forward,
    framing: &Framing,
    authority: &str,
    signer: &BackendSigner,
    now: Timestamp,
) -> Result<OutboundHead, OutboundError> {
    let date = now.basic();
    let encoding = content_encoding(&forward.headers, framing.announced);

    let mut headers: Vec<(&str, &[u8])> = Vec::with_capacity(forward.headers.len() + 8);
    headers.push(("host", authority.as_bytes()));
    headers.extend(forward.headers.iter().filter(|(name, _)| !is_ours(name)).map(|(name, value)| (&**name, &**value)));
    headers.push(("x-amz-date", date.as_bytes()));
    headers.push(("x-amz-content-sha256", framing.payload.as_bytes()));
    if let Some(encoding) = &encoding {
        headers.push(("content-encoding", encoding));
    }
    if let Some(length) = &framing.decoded_length {
        headers.push(("x-amz-decoded-content-length", length.as_bytes()));
    }
    if let Some(trailer) = &framing.trailer {
        headers.push(("x-amz-trailer", trailer.as_bytes()));
    }

    let signed: Vec<(&str, &[u8])> = headers.iter().copied().filter(|(name, _)| is_signed(name)).collect();
    let query: Vec<(&str, &str)> = forward.query.iter().map(|(key, value)| (&**key, &**value)).collect();
    let request = OutboundRequest {
        method: forward.method,
        path: &forward.path,
        query: &query,
        headers: &signed,
        payload: &framing.payload,
    };
    let (authorization, chunks) =
        signer.sign_with_chunks(&request, framing.signed_chunks(), now).map_err(|_| OutboundError::Unsigned)?;

    let target = target(&forward.path, &forward.query);
    let mut header = RequestHeader::build(forward.method.as_str(), target.as_bytes(), Some(headers.len() + 2))
        .map_err(|_| OutboundError::Unwritable)?;
    let mut append = |name: &str, value: &[u8]| {
        let name = http::HeaderName::from_bytes(name.as_bytes()).map_err(|_| OutboundError::Unwritable)?;
        let value = http::HeaderValue::from_bytes(value).map_err(|_| OutboundError::Unwritable)?;
        header.append_header(name, value).map_err(|_| OutboundError::Unwritable)
    };
    for (name, value) in &headers {
        append(name, value)?;
    }
    match framing.length {
        Some(Length::Known(length)) => append("content-length", length.to_string().as_bytes())?,
        Some(Length::Chunked) => append("transfer-encoding", b"chunked")?,
        None => true,
    };
    append("authorization", authorization.as_bytes())?;
    Ok(OutboundHead { header, chunks })
}

/// Path and query as they go on the wire. A key without a value keeps its `=`: both forms mean the same.
pub(super) fn target(path: &str, query: &[(String, String)]) -> String {
    let mut out = String::with_capacity(path.len() + query.iter().map(|(k, v)| k.len() + v.len() + 2).sum::<usize>());
    out.push_str(path);
    for (index, (key, value)) in query.iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        out.push_str(key);
        out.push('=');
        out.push_str(value);
    }
    out
}

/// Headers that only the gate writes, and those that must never pass: a [`Forward`] should have none of them.
fn is_ours(name: &str) -> bool {
    matches!(
        name,
        "host"
            | "authorization"
            | "connection"
            | "content-encoding"
            | "content-length"
            | "expect"
            | "forwarded"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "via"
            | "x-amz-content-sha256"
            | "x-amz-date"
            | "x-amz-decoded-content-length"
            | "x-amz-security-token"
            | "x-amz-trailer"
            | "x-real-ip"
    ) || name.starts_with("x-forwarded-")
}

/// What no hop may alter: signed. Content-Length is not, as AWS's own signers leave it out.
fn is_signed(name: &str) -> bool {
    name.starts_with("x-amz-") || matches!(name, "host" | "content-type" | "content-md5" | "content-encoding" | "range")
}

/// The client's encodings without its own `aws-chunked`, and ours before them where the framing is announced.
fn content_encoding(headers: &[(String, Vec<u8>)], aws_chunked: bool) -> Option<Vec<u8>> {
    let given = headers.iter().filter(|(name, _)| name == "content-encoding");
    let tokens = given.flat_map(|(_, value)| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let kept = tokens.filter(|token| !token.is_empty() && !token.eq_ignore_ascii_case(b"aws-chunked"));
    let all: Vec<&[u8]> = aws_chunked.then_some(&b"aws-chunked"[..]).into_iter().chain(kept).collect();
    (!all.is_empty()).then(|| all.join(&b","[..]))
}
