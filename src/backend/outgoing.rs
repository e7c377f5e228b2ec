//! From a [`BackendRequest`] to what hyper sends: host, date, payload hash, signature, length.

use super::manner::Manner;
use super::signer::BackendSigner;
use crate::gateway::BackendRequest;
use crate::sigv4::{ChunkSigner, OutboundRequest, hex_sha256};
use crate::types::Timestamp;
use crate::wire::{Method, QueryString};
use bytes::Bytes;
use http_body_util::Full;

/// Where requests go, and who signs them when.
pub(super) struct Outgoing<'a> {
    pub(super) scheme: &'static str,
    pub(super) authority: &'a str,
    pub(super) signer: &'a BackendSigner,
    pub(super) now: Timestamp,
}

impl Outgoing<'_> {
    /// The request as it goes out; none if it cannot be written.
    pub(super) fn request(&self, call: &BackendRequest, manner: &Manner) -> Option<http::Request<Full<Bytes>>> {
        let date = self.now.basic();
        let hash = manner.declared().map_or_else(|| hex_sha256(&call.body), str::to_owned);
        let length = call.body.len().to_string();
        let mut headers: Vec<(&str, &[u8])> = vec![("host", self.authority.as_bytes())];
        headers.extend(call.headers.iter().map(|(name, value)| (&**name, &**value)));
        if *manner != Manner::Anonymous {
            headers.push(("x-amz-date", date.as_bytes()));
            headers.push(("x-amz-content-sha256", hash.as_bytes()));
        }
        if let Manner::Chunked { announced, trailer } = manner {
            if *announced {
                headers.push(("content-encoding", b"aws-chunked"));
            }
            headers.push(("x-amz-decoded-content-length", length.as_bytes()));
            headers.extend(trailer.iter().map(|(name, _)| ("x-amz-trailer", name.as_bytes())));
        }
        let (authorization, body) = self.sign(call, &headers, &hash, manner)?;

        let uri = format!("{}://{}{}", self.scheme, self.authority, call.target);
        let mut builder = http::Request::builder().method(call.method.as_str()).uri(uri);
        for (name, value) in &headers {
            builder = builder.header(*name, *value);
        }
        if let Some(authorization) = authorization {
            builder = builder.header("authorization", authorization);
        }
        // hyper says nothing of the length of an empty body, and S3 servers answer 411 to a PUT without one.
        if matches!(call.method, Method::Put | Method::Post) {
            builder = builder.header("content-length", body.len());
        }
        builder.body(Full::new(body)).ok()
    }

    /// The Authorization header, if there is to be one, and the body as it goes on the wire.
    fn sign(
        &self,
        call: &BackendRequest,
        headers: &[(&str, &[u8])],
        hash: &str,
        manner: &Manner,
    ) -> Option<(Option<String>, Bytes)> {
        if *manner == Manner::Anonymous {
            return Some((None, call.body.clone()));
        }
        let (path, raw_query) = call.target.split_once('?').unwrap_or((&call.target, ""));
        let parsed = QueryString::parse(raw_query.as_bytes()).ok()?;
        let texts = parsed.pairs().iter().map(|pair| {
            let value = pair.raw_value.as_deref().unwrap_or_default();
            Some((std::str::from_utf8(&pair.raw_key).ok()?, std::str::from_utf8(value).ok()?))
        });
        let query: Vec<(&str, &str)> = texts.collect::<Option<_>>()?;
        let request = OutboundRequest { method: call.method, path, query: &query, headers, payload: hash };
        let trailer = match manner {
            Manner::Chunked { trailer, .. } => Some(trailer.as_ref()),
            _ => None,
        };
        let signed = self.signer.sign_with_chunks(&request, trailer.map(|trailer| trailer.is_some()), self.now);
        let (mut authorization, chunks) = signed.ok()?;
        if *manner == Manner::Forged {
            let last = authorization.pop();
            authorization.push(if last == Some('0') { '1' } else { '0' });
        }
        let body = match (chunks, trailer) {
            (Some(signer), Some(trailer)) => chunked(signer, &call.body, trailer),
            _ => call.body.clone(),
        };
        Some((Some(authorization), body))
    }
}

/// One chunk with all of `content`, the empty one, the trailer.
fn chunked(mut signer: ChunkSigner, content: &Bytes, trailer: Option<&(&'static str, String)>) -> Bytes {
    let mut out = Vec::with_capacity(content.len() + 512);
    signer.own_chunk(content.clone(), &mut out);
    signer.own_chunk(Bytes::new(), &mut out);
    if let Some((name, value)) = trailer {
        signer.own_trailer(name, value, &mut out);
    }
    out.into()
}
