//! What the gateway decided.

use crate::authz::Permit;
use crate::sigv4::ChunkDecoder;
use crate::wire::{Method, Response};

/// The end of a decision.
#[derive(Debug)]
pub enum Verdict {
    /// An answer of the gate's own.
    Respond(Response),
    /// The backend answers; bytes are moved by the shell.
    Forward(Box<Forward>),
}

/// A permitted request, ready to be signed and sent. Built only in the gateway, from the permit's target.
#[derive(Debug)]
pub struct Forward {
    /// Proof that it may be sent.
    pub permit: Permit,
    /// Method.
    pub method: Method,
    /// Encoded path, as it goes on the wire and into the signature.
    pub path: String,
    /// Encoded query pairs in wire order.
    pub query: Vec<(String, String)>,
    /// Header fields besides host, framing and signature; lower-case names, the values that were evaluated.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What is sent as body.
    pub body: BodyPlan,
    /// What becomes of the answer.
    pub response: ResponsePlan,
    /// Headers of the answer, in lower case, that this caller may not see.
    pub withheld: Vec<&'static str>,
    /// The answer in place of the backend's 412, where that says that another object has taken the place of the one
    /// that was judged (security rule 11).
    pub changed: Option<Response>,
}

/// How the client's body is checked and forwarded (DESIGN section 8).
#[derive(Debug)]
pub enum BodyPlan {
    /// No body.
    Empty,
    /// `length` bytes as they are, unsigned.
    Plain {
        /// Content-Length.
        length: u64,
    },
    /// `length` bytes whose SHA-256 the client signed: checked on the way, the last bytes held back until
    /// it fits, and sent with the same hash.
    Hashed {
        /// Content-Length.
        length: u64,
        /// The signed digest.
        sha256: [u8; 32],
    },
    /// aws-chunked framing, checked on the way; chunk signatures, if any, are made anew for the backend.
    Chunked {
        /// Decoder and verifier, at the start of the body.
        decoder: Box<ChunkDecoder>,
        /// The client's `x-amz-content-sha256`, such as `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
        sentinel: &'static str,
        /// `x-amz-decoded-content-length`.
        decoded_length: u64,
        /// Content-Length with framing; none where the client used chunked transfer coding.
        wire_length: Option<u64>,
        /// `x-amz-trailer` as sent, if any.
        trailer: Option<String>,
    },
}

/// What becomes of the backend's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponsePlan {
    /// It passes, with the backend's identifying headers replaced.
    Pass,
    /// It passes, but a 404 becomes this answer: the caller may not know that the object is missing. A 404 whose
    /// document is about something else passes (see [`ErrorDocument::hides_object`](super::ErrorDocument)).
    HideMissing(Response),
}
