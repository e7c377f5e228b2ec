//! The head that goes to the backend: made from the [`Forward`] alone, and signed.
//!
//! INVARIANT: nothing of the client's head is read here. Target and headers are those that were evaluated;
//! the gate adds host, framing and signature (security rules 3 and 4). Follows AWS's "Signature Version 4 for
//! the S3 REST API"; framing per RFC 9112 section 6.

use super::framing::{Framing, Length};
use super::head;
use crate::backend::BackendSigner;
use crate::gateway::Forward;
use crate::sigv4::{ChunkSigner, OutboundRequest};
use crate::types::Timestamp;

/// Why no head could be made. The gate's own fault: the gateway builds what is encoded here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum OutboundError {
    #[error("the forwarded target or a header cannot be written")]
    Unwritable,
    #[error("the request cannot be signed")]
    Unsigned,
}

/// Builds and signs the head, and writes it. Gives the signer of the body, where its chunks are signed.
pub(super) fn write(
    out: &mut Vec<u8>,
    forward: &Forward,
    framing: &Framing,
    authority: &str,
    signer: &BackendSigner,
    now: Timestamp,
) -> Result<Option<ChunkSigner>, OutboundError> {
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

    out.extend_from_slice(forward.method.as_str().as_bytes());
    out.push(b' ');
    write_target(out, &forward.path, &forward.query)?;
    out.extend_from_slice(b" HTTP/1.1\r\n");
    for (name, value) in &headers {
        write_field(out, name, value)?;
    }
    match framing.length {
        Some(Length::Known(length)) => {
            out.extend_from_slice(b"content-length: ");
            write_number(out, length);
            out.extend_from_slice(b"\r\n");
        }
        Some(Length::Chunked) => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        None => {}
    }
    write_field(out, "authorization", authorization.as_bytes())?;
    out.extend_from_slice(b"\r\n");
    Ok(chunks)
}

/// INVARIANT: nothing that could end a line or begin another field is ever written.
fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) -> Result<(), OutboundError> {
    if name.is_empty() || !name.bytes().all(crate::wire::is_token_byte) || !head::is_field_value(value) {
        return Err(OutboundError::Unwritable);
    }
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Writes a decimal number.
pub(super) fn write_number(out: &mut Vec<u8>, number: u64) {
    use std::io::Write as _;
    // Writing to a vector cannot fail.
    let _ = write!(out, "{number}");
}

/// Path and query as they go on the wire. A key without a value keeps its `=`: both forms mean the same.
fn write_target(out: &mut Vec<u8>, path: &str, query: &[(String, String)]) -> Result<(), OutboundError> {
    let begin = out.len();
    out.extend_from_slice(path.as_bytes());
    for (index, (key, value)) in query.iter().enumerate() {
        out.push(if index == 0 { b'?' } else { b'&' });
        out.extend_from_slice(key.as_bytes());
        out.push(b'=');
        out.extend_from_slice(value.as_bytes());
    }
    let written = out.get(begin..).unwrap_or_default();
    let plain = written.first() == Some(&b'/') && written.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#');
    if plain { Ok(()) } else { Err(OutboundError::Unwritable) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_ends_a_line_is_written() {
        for (name, value) in
            [("a", &b"x\r\ny: 1"[..]), ("a", b"\n"), ("a\r\nb", b"1"), ("a b", b"1"), ("", b"1"), ("a", b"\0")]
        {
            assert_eq!(write_field(&mut Vec::new(), name, value), Err(OutboundError::Unwritable), "{name:?}");
        }
        let mut out = Vec::new();
        assert_eq!(write_field(&mut out, "a", b"x\ty \xff"), Ok(()));
        assert_eq!(out, b"a: x\ty \xff\r\n");
    }

    #[test]
    fn targets_are_what_was_decided_or_nothing() {
        let write = |path: &str, query: &[(&str, &str)]| {
            let query: Vec<_> = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            let mut out = Vec::new();
            write_target(&mut out, path, &query).map(|()| String::from_utf8(out).unwrap())
        };
        assert_eq!(write("/b/k%20", &[("acl", ""), ("a", "b")]).as_deref(), Ok("/b/k%20?acl=&a=b"));
        for path in ["", "b", "/b c", "/b\r\n", "/b#c", "/\u{e9}", "*"] {
            assert_eq!(write(path, &[]), Err(OutboundError::Unwritable), "{path:?}");
        }
        assert_eq!(write("/b", &[("a b", "")]), Err(OutboundError::Unwritable));
    }
}
