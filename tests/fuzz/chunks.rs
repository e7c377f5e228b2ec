//! Bodies in aws-chunked framing.

use super::message::PEER;
use super::signature::{accept, sign, signing_key, with_signer};
use bytes::Bytes;
use rolegate::sigv4::{
    BodyError, ChecksumAlgorithm, ChunkDecoder, ChunkEvent, ChunkLimits, ChunkSigner, OutboundRequest,
};
use rolegate::wire::{Method, RequestHead};

const SIGNED: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const SIGNED_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const KINDS: [&str; 3] = [UNSIGNED_TRAILER, SIGNED, SIGNED_TRAILER];
/// Small, so that small inputs reach them.
const LIMITS: ChunkLimits = ChunkLimits { max_chunk: 64, max_line: 160, max_content: 4096 };

struct Upload {
    kind: &'static str,
    algorithm: ChecksumAlgorithm,
    length: usize,
}

impl Upload {
    /// From a byte of the input.
    fn choose(byte: u8, length: usize) -> Self {
        let all = ChecksumAlgorithm::ALL;
        let (kind, algorithm) = (usize::from(byte) % KINDS.len(), usize::from(byte) / KINDS.len() % all.len());
        Self { kind: KINDS[kind], algorithm: all[algorithm], length }
    }

    fn head(&self) -> RequestHead {
        let mut headers = vec![("host", "h".to_owned()), ("x-amz-decoded-content-length", self.length.to_string())];
        if self.kind != SIGNED {
            headers.push(("x-amz-trailer", self.algorithm.field_name().to_owned()));
        }
        RequestHead::new(Method::Put, b"/bkt/key", headers, PEER, None).expect("a target")
    }

    fn decoder(&self, limits: ChunkLimits) -> ChunkDecoder {
        let head = sign(&self.head(), "/bkt/key", &[], self.kind);
        let verified = accept(&head, self.kind);
        let (key, _) = signing_key();
        let decoder = ChunkDecoder::for_request(&head, &verified, &key, limits).expect("a good announcement");
        decoder.expect("the payload is streaming")
    }

    /// The body as a client would frame it, in chunks of `size` bytes.
    fn framed(&self, content: &[u8], size: usize) -> Vec<u8> {
        let chunks = content.chunks(size.max(1));
        let checksum = self.algorithm.of(content);
        let mut out = Vec::new();
        if self.kind == UNSIGNED_TRAILER {
            for chunk in chunks {
                out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                out.extend_from_slice(chunk);
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(format!("0\r\n{}:{checksum}\r\n\r\n", self.algorithm.field_name()).as_bytes());
            return out;
        }
        let head = sign(&self.head(), "/bkt/key", &[], self.kind);
        let fields: Vec<(&str, &[u8])> = head.headers().map(|field| (field.name, field.value)).collect();
        let fields: Vec<(&str, &[u8])> = fields.into_iter().filter(|(name, _)| *name != "authorization").collect();
        let request =
            OutboundRequest { method: Method::Put, path: "/bkt/key", query: &[], headers: &fields, payload: self.kind };
        with_signer(|signer| {
            let signature = signer.sign(&request);
            let mut chain = ChunkSigner::new(signer, &signature, self.kind == SIGNED_TRAILER);
            for chunk in chunks {
                chain.own_chunk(Bytes::copy_from_slice(chunk), &mut out);
            }
            chain.own_chunk(Bytes::new(), &mut out);
            if self.kind == SIGNED_TRAILER {
                chain.own_trailer(self.algorithm.field_name(), &checksum, &mut out);
            }
        });
        out
    }
}

/// Pushes `body` in pieces of the given sizes in turn; gives the content and whether it is whole and verified.
fn decode(mut decoder: ChunkDecoder, body: &[u8], sizes: &[usize]) -> Result<Vec<u8>, BodyError> {
    let (mut rest, mut events) = (body, Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).clamp(1, rest.len()));
        rest = after;
        if let Err(error) = decoder.push(Bytes::copy_from_slice(piece), &mut events) {
            assert_eq!(decoder.push(Bytes::from_static(b"x"), &mut events), Err(error.clone()), "an error stays");
            assert!(error.s3_code().1 >= 400);
            return Err(error);
        }
    }
    let length = decoder.finish()?;
    let content: Vec<u8> = events.iter().filter_map(ChunkEvent::data).flat_map(|data| data.iter().copied()).collect();
    assert_eq!(length, content.len() as u64);
    Ok(content)
}

/// The decoder on any bytes: kind, a size to cut at, the announced length, then the body. The same comes out,
/// or the same error, however the body is cut.
pub fn chunks(data: &[u8]) {
    let [kind, cut, length, body @ ..] = data else { return };
    let upload = Upload::choose(*kind, usize::from(*length));
    let whole = decode(upload.decoder(LIMITS), body, &[body.len().max(1)]);
    let bytewise = decode(upload.decoder(LIMITS), body, &[1]);
    let pieces = decode(upload.decoder(LIMITS), body, &[usize::from(*cut) + 1, 3, 1, 17]);
    assert_eq!(whole, bytewise, "in one and byte by byte");
    assert_eq!(whole, pieces, "in one and in pieces");
    if let Ok(content) = whole {
        assert_eq!(content.len(), upload.length);
        assert!(content.len() <= body.len());
    }
}

/// A well-framed body: kind, chunk size, cut, where to change a byte, how, then the content. Whole it is accepted;
/// changed or cut short it is refused, or it is the same content.
pub fn chunks_framed(data: &[u8]) {
    let [kind, size, cut, at, change, content @ ..] = data else { return };
    let content = content.get(..2048).unwrap_or(content);
    let upload = Upload::choose(*kind, content.len());
    let mut body = upload.framed(content, usize::from(*size) + content.len() / 8);
    let limits = ChunkLimits::default();
    let sizes = [usize::from(*cut) + 1, 1, 64];
    assert_eq!(decode(upload.decoder(limits), &body, &sizes).as_deref(), Ok(content));

    let at = (usize::from(*at) * body.len() / 256).min(body.len() - 1);
    let short = decode(upload.decoder(limits), &body[..at], &sizes);
    assert!(short.is_err(), "cut at {at}");
    if *change != 0 {
        body[at] ^= change;
        if let Ok(decoded) = decode(upload.decoder(limits), &body, &sizes) {
            assert_eq!(decoded, content, "changed at {at}");
        }
    }
}
