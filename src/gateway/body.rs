//! Which body plan a forwarded request has, and bodies that the gate reads whole (DESIGN section 8).

use super::buckets::Place;
use super::data_plane::Call;
use super::{BodyPlan, Fault, Gateway, Scene, Settings};
use crate::s3::{Body, BodyRule};
use crate::sigv4::{ChunkDecoder, PayloadKind};
use crate::wire::RequestHead;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Room for chunk heads, signatures and trailers around a body that is read whole.
const FRAMING_BYTES: usize = 64 * 1024;

/// The SHA-256 of no bytes.
const NOTHING: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The plan for the request's body, from the verified payload kind and the framing headers.
pub(super) fn plan(head: &RequestHead, call: &Call<'_>, settings: &Settings) -> Result<BodyPlan, Fault> {
    let length = content_length(head)?;
    let chunked_coding = head.header("transfer-encoding").is_some();
    let signature = call.caller.signature_and_key();
    let payload = signature.map_or(PayloadKind::Unsigned, |(signature, _)| signature.payload());
    if call.request.body_rule() != BodyRule::Stream {
        let has_body = chunked_coding || length.is_some_and(|length| length > 0) || payload.is_streaming();
        let empty = match payload {
            PayloadKind::Digest(digest) => digest == NOTHING,
            _ => true,
        };
        return match (has_body, empty) {
            (true, _) => Err(Fault::UnexpectedBody(call.request.operation())),
            (false, false) => Err(Fault::ContentSha256),
            (false, true) => Ok(BodyPlan::Empty),
        };
    }
    // Framing that no claim speaks of would be stored as if it were the object.
    if signature.is_none() && head.header("x-amz-content-sha256").is_some_and(|value| value.starts_with(b"STREAMING-"))
    {
        return Err(Fault::StreamingUnsigned);
    }
    match (payload, signature) {
        (PayloadKind::Unsigned, _) => Ok(BodyPlan::Plain { length: length.ok_or(Fault::MissingLength)? }),
        (PayloadKind::Digest(sha256), _) => {
            Ok(BodyPlan::Hashed { length: length.ok_or(Fault::MissingLength)?, sha256 })
        }
        (streaming, Some((signature, key))) => {
            let decoder = ChunkDecoder::for_request(head, signature, key, settings.chunks)?;
            let decoder = Box::new(decoder.ok_or(Fault::MissingLength)?);
            if length.is_none() && !chunked_coding {
                return Err(Fault::MissingLength);
            }
            Ok(BodyPlan::Chunked {
                decoded_length: decoder.content_length(),
                decoder,
                sentinel: sentinel(streaming),
                wire_length: length,
                trailer: trailer(head),
            })
        }
        (_, None) => Err(Fault::MissingLength),
    }
}

/// The names of the trailer, of however many header fields.
fn trailer(head: &RequestHead) -> Option<String> {
    let names: Vec<_> = head.header_values("x-amz-trailer").map(String::from_utf8_lossy).collect();
    (!names.is_empty()).then(|| names.join(","))
}

fn sentinel(kind: PayloadKind) -> &'static str {
    match kind {
        PayloadKind::StreamingSigned => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        PayloadKind::StreamingSignedTrailer => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        PayloadKind::StreamingUnsignedTrailer | PayloadKind::Unsigned | PayloadKind::Digest(_) => {
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        }
    }
}

fn content_length(head: &RequestHead) -> Result<Option<u64>, Fault> {
    match head.header("content-length") {
        None => Ok(None),
        Some(value) => {
            let text = std::str::from_utf8(value).map_err(|_| Fault::BadLength)?.trim();
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| digits).map(Some).ok_or(Fault::BadLength)
        }
    }
}

impl Gateway {
    /// Reads a body whole, decodes its framing and verifies its hash.
    pub(super) async fn read_body(&self, scene: &mut Scene<'_>, call: &Call<'_>, limit: usize) -> Result<Bytes, Fault> {
        let wire = match scene.body.read_all(limit.saturating_add(FRAMING_BYTES)).await {
            Err(super::BodyError::TooLarge { .. }) => return Err(super::BodyError::TooLarge { limit }.into()),
            read => read?,
        };
        let content = match call.caller.signature_and_key() {
            None => wire,
            Some((signature, key)) => match signature.payload() {
                PayloadKind::Unsigned => wire,
                PayloadKind::Digest(digest) => {
                    let computed: [u8; 32] = Sha256::digest(&wire).into();
                    if !bool::from(computed.ct_eq(&digest)) {
                        return Err(Fault::ContentSha256);
                    }
                    wire
                }
                _ => {
                    let decoder = ChunkDecoder::for_request(scene.head, signature, key, self.settings.chunks)?;
                    decode(decoder.ok_or(Fault::MissingLength)?, wire)?
                }
            },
        };
        if content.len() > limit {
            return Err(super::BodyError::TooLarge { limit }.into());
        }
        Ok(content)
    }

    /// Reads and parses the body of an operation whose body decides.
    pub(super) async fn read_deciding_body(
        &self,
        scene: &mut Scene<'_>,
        call: &Call<'_>,
        place: &Place,
    ) -> Result<Option<Body>, Fault> {
        let BodyRule::Decides { limit } = call.request.body_rule() else { return Ok(None) };
        // Only a bucket policy can allow Anonymous anything: without one, nothing is read (security rule 28).
        if call.caller.signature().is_none() && place.entry().is_none_or(|bucket| bucket.policy.is_none()) {
            return Err(Fault::NothingRequired);
        }
        let limit = limit.min(self.settings.delete_body_bytes);
        let content = self.read_body(scene, call, limit).await?;
        call.request.verify_digests(&content)?;
        Ok(call.request.parse_body(&content, &self.settings.addressing)?)
    }
}

fn decode(mut decoder: ChunkDecoder, wire: Bytes) -> Result<Bytes, Fault> {
    let mut events = Vec::new();
    decoder.push(wire, &mut events)?;
    decoder.finish()?;
    let mut content = Vec::new();
    for event in &events {
        if let Some(data) = event.data() {
            content.extend_from_slice(data);
        }
    }
    Ok(content.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_that() {
        assert_eq!(Sha256::digest(b"").as_slice(), NOTHING);
    }
}
