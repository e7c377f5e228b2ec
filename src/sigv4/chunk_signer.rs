//! Signs verified chunks anew for the backend: same chunks, same framing, same lengths, other signatures.

use super::chunk_event::{Chunk, LineEnd, Trailers};
use super::chunk_framing::{CHUNK_SIGNATURE, TRAILER_SIGNATURE};
use super::chunk_signature::ChunkChain;
use super::sign::{OutboundSignature, OutboundSigner};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::io::Write;

/// Writes the body of a signed stream with the backend's signatures. Each byte written is for the wire, in order;
/// what the last chunk and the trailer add is held back until the decoder's `finish` agreed.
pub struct ChunkSigner {
    chain: ChunkChain,
    has_trailer: bool,
}

impl ChunkSigner {
    /// A signer for the body of a request just signed. `has_trailer` as the payload kind that was signed:
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER` or without the ending.
    pub fn new(signer: &OutboundSigner<'_>, request: &OutboundSignature, has_trailer: bool) -> Self {
        let chain = ChunkChain::new(signer.key, &request.time_text, signer.scope.as_str(), &request.signature);
        Self { chain, has_trailer }
    }

    /// Appends a chunk. The empty one ends the body, or its content where a trailer follows.
    pub fn chunk(&mut self, chunk: &Chunk, out: &mut Vec<u8>) {
        let signature = self.chain.next_chunk(&chunk.sha256);
        let (size, digits) = (chunk.data.len(), chunk.digits);
        out.reserve(size + digits + signature.len() + 32);
        // INVARIANT: writing to a Vec cannot fail.
        let _ = write!(out, "{size:0digits$x};{CHUNK_SIGNATURE}{signature}\r\n");
        out.extend_from_slice(&chunk.data);
        if !chunk.data.is_empty() || !self.has_trailer {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Appends a chunk of the gate's own bytes, which no client has signed. The empty one ends the body.
    pub fn own_chunk(&mut self, data: Bytes, out: &mut Vec<u8>) {
        let sha256 = Sha256::digest(&data).into();
        self.chunk(&Chunk { data, sha256, digits: 1 }, out);
    }

    /// Appends a trailer of the gate's own and the end of the body.
    pub fn own_trailer(&mut self, name: &str, value: &str, out: &mut Vec<u8>) {
        self.trailers(&Trailers { fields: vec![(name.into(), value.into())], line_end: LineEnd::CrLf }, out);
    }

    /// Appends the trailer and the end of the body.
    pub fn trailers(&mut self, trailers: &Trailers, out: &mut Vec<u8>) {
        let (line_end, after): (&[u8], &[u8]) = match trailers.line_end {
            LineEnd::CrLf => (b"\r\n", b""),
            LineEnd::LineFeed => (b"\n", b"\r\n"),
        };
        for (name, value) in trailers.fields() {
            for part in [name.as_bytes(), b":", value.as_bytes(), line_end] {
                out.extend_from_slice(part);
            }
        }
        let signature = self.chain.trailer(&trailers.fields);
        for part in [after, TRAILER_SIGNATURE.as_bytes(), b":", signature.as_bytes(), b"\r\n\r\n"] {
            out.extend_from_slice(part);
        }
    }
}
