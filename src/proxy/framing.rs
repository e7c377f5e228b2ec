//! How a body is framed for the backend, and what its `x-amz-content-sha256` says (RFC 9112 section 6; AWS's
//! pages on chunked uploads).

use super::settings::AwsChunked;
use crate::gateway::BodyPlan;
use crate::sigv4::UNSIGNED_PAYLOAD;
use crate::wire::Method;

/// SHA-256 of nothing.
pub(super) const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// How the length of the body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// By Content-Length.
    Known(u64),
    /// By the chunked transfer coding.
    Chunked,
}

/// What the head says of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Framing {
    /// The length; none where the method needs no word about it.
    pub(super) length: Option<Length>,
    /// `x-amz-content-sha256`.
    pub(super) payload: String,
    /// Whether the body is in aws-chunked framing.
    pub(super) aws_chunked: bool,
    /// Whether Content-Encoding tells of that framing.
    pub(super) announced: bool,
    /// `x-amz-decoded-content-length`.
    pub(super) decoded_length: Option<String>,
    /// `x-amz-trailer`.
    pub(super) trailer: Option<String>,
}

impl Framing {
    /// The framing of a body plan.
    pub(super) fn of(body: &BodyPlan, method: Method, mode: AwsChunked) -> Self {
        match body {
            BodyPlan::Empty => {
                // RFC 9110 section 8.6: a method that anticipates a body says that there is none.
                let length = matches!(method, Method::Put | Method::Post).then_some(Length::Known(0));
                Self::plain(length, EMPTY_SHA256.to_owned())
            }
            BodyPlan::Plain { length } => Self::plain(Some(Length::Known(*length)), UNSIGNED_PAYLOAD.to_owned()),
            BodyPlan::Hashed { length, sha256 } => Self::plain(Some(Length::Known(*length)), hex::encode(sha256)),
            BodyPlan::Chunked { decoded_length, .. } if mode == AwsChunked::Decode => {
                Self::plain(Some(Length::Known(*decoded_length)), UNSIGNED_PAYLOAD.to_owned())
            }
            BodyPlan::Chunked { sentinel, decoded_length, wire_length, trailer, .. } => Self {
                length: Some(wire_length.map_or(Length::Chunked, Length::Known)),
                payload: (*sentinel).to_owned(),
                aws_chunked: true,
                announced: mode == AwsChunked::Announce,
                decoded_length: Some(decoded_length.to_string()),
                trailer: trailer.clone(),
            },
        }
    }

    fn plain(length: Option<Length>, payload: String) -> Self {
        Self { length, payload, aws_chunked: false, announced: false, decoded_length: None, trailer: None }
    }

    /// Whether the chunks are signed, and a trailer follows them.
    pub(super) fn signed_chunks(&self) -> Option<bool> {
        (self.aws_chunked && is_signed(&self.payload)).then(|| self.payload.ends_with("-TRAILER"))
    }
}

/// Whether the chunks of a streaming payload are signed.
pub(super) fn is_signed(sentinel: &str) -> bool {
    sentinel.starts_with("STREAMING-AWS4-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_without_framing_say_their_length_and_hash() {
        let of = |body: &BodyPlan, method| Framing::of(body, method, AwsChunked::Pass);
        let empty = of(&BodyPlan::Empty, Method::Get);
        assert_eq!((empty.length, empty.payload.as_str()), (None, EMPTY_SHA256));
        assert_eq!(of(&BodyPlan::Empty, Method::Put).length, Some(Length::Known(0)));
        let plain = of(&BodyPlan::Plain { length: 7 }, Method::Put);
        assert_eq!((plain.length, plain.payload.as_str()), (Some(Length::Known(7)), UNSIGNED_PAYLOAD));
        let hashed = of(&BodyPlan::Hashed { length: 7, sha256: [0xab; 32] }, Method::Put);
        assert_eq!(hashed.payload, "ab".repeat(32));
        assert_eq!(hashed.signed_chunks(), None);
    }
}
