//! The aws-chunked decoder: bytes in, verified events out, whatever the split of the input.
//!
//! Signed kinds: a chunk's bytes come out as one event, after its signature was verified; at most one chunk is
//! held. Unsigned kind: pieces come out as they arrive. The content's length, the trailer's fields, signature
//! and checksums are verified on the way. Nothing is well until [`ChunkDecoder::finish`] agrees: whoever
//! forwards keeps the last bytes back until then (with a content of length 0, the head).
//!
//! Trailer lines end in CRLF, or in the form of AWS's example and of some clients: each in a bare line feed, and
//! one CRLF after all of them. In the unsigned kind those clients may send one more CRLF at the very end.

use super::BodyError;
use super::checksum::{Checksum, ChecksumAlgorithm};
use super::chunk_announced::{announced_trailers, decoded_length};
use super::chunk_event::{Chunk, ChunkEvent, ChunkLimits, LineEnd, Trailers};
use super::chunk_framing::{ChunkHead, TRAILER_SIGNATURE, chunk_head, trailer_field};
use super::chunk_signature::ChunkChain;
use super::key::SigningKey;
use super::payload::PayloadKind;
use super::verify::VerifiedSignature;
use crate::wire::RequestHead;
use bytes::{Buf, Bytes};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

enum State {
    ChunkHead,
    Data {
        head: ChunkHead,
        left: u64,
    },
    DataEnd,
    Trailer,
    /// The empty line that ends the body.
    LastLine,
    /// The body is complete; an empty line may still come.
    SpareLine,
    Complete,
}

/// Decodes and verifies one body.
pub struct ChunkDecoder {
    state: State,
    failed: Option<BodyError>,
    chain: Option<ChunkChain>,
    has_trailer: bool,
    limits: ChunkLimits,
    announced: u64,
    received: u64,
    checksums: Vec<Checksum>,
    line: Vec<u8>,
    chunk: Vec<u8>,
    hasher: Sha256,
    trailers: Trailers,
    blank_seen: bool,
}

/// Shows nothing of the body or of the signatures.
impl fmt::Debug for ChunkDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkDecoder")
            .field("announced", &self.announced)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

impl ChunkDecoder {
    /// The decoder for a verified request; none if its payload is not streaming. Reads
    /// `x-amz-decoded-content-length` and `x-amz-trailer`, which the verified signature covers.
    pub fn for_request(
        head: &RequestHead,
        signature: &VerifiedSignature,
        key: &SigningKey,
        limits: ChunkLimits,
    ) -> Result<Option<Self>, BodyError> {
        let kind = signature.payload();
        if !kind.is_streaming() {
            return Ok(None);
        }
        let announced = decoded_length(head, limits.max_content)?;
        let trailers = announced_trailers(head)?;
        let scope = signature.scope().as_str();
        let chain = || ChunkChain::new(key, signature.time_text(), scope, signature.seed_signature());
        match kind {
            PayloadKind::StreamingSigned if !trailers.is_empty() => Err(BodyError::UnexpectedTrailer),
            PayloadKind::StreamingSigned => Ok(Some(Self::new(Some(chain()), None, announced, limits))),
            PayloadKind::StreamingSignedTrailer => {
                Ok(Some(Self::new(Some(chain()), Some(trailers), announced, limits)))
            }
            _ => Ok(Some(Self::new(None, Some(trailers), announced, limits))),
        }
    }

    pub(super) fn new(
        chain: Option<ChunkChain>,
        trailers: Option<Vec<ChecksumAlgorithm>>,
        announced: u64,
        limits: ChunkLimits,
    ) -> Self {
        Self {
            state: State::ChunkHead,
            failed: None,
            chain,
            has_trailer: trailers.is_some(),
            limits,
            announced,
            received: 0,
            checksums: trailers.unwrap_or_default().into_iter().map(Checksum::new).collect(),
            line: Vec::new(),
            chunk: Vec::new(),
            hasher: Sha256::new(),
            trailers: Trailers { fields: Vec::new(), line_end: LineEnd::CrLf },
            blank_seen: false,
        }
    }

    /// The length of the content, as announced, in bytes.
    pub fn content_length(&self) -> u64 {
        self.announced
    }

    /// Takes the next bytes of the body and appends what they complete. After an error every further call
    /// returns it again; events appended before it were verified.
    pub fn push(&mut self, mut input: Bytes, events: &mut Vec<ChunkEvent>) -> Result<(), BodyError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        while !input.is_empty() {
            if let Err(error) = self.step(&mut input, events) {
                self.failed = Some(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }

    /// At the body's end: whether all of it was there and verified. Gives the content's length in bytes.
    pub fn finish(self) -> Result<u64, BodyError> {
        match (self.failed, self.state) {
            (Some(error), _) => Err(error),
            (None, State::Complete) => Ok(self.received),
            // A spare line that was begun must be whole.
            (None, State::SpareLine) if self.line.is_empty() => Ok(self.received),
            (None, _) => Err(BodyError::Incomplete),
        }
    }

    fn step(&mut self, input: &mut Bytes, events: &mut Vec<ChunkEvent>) -> Result<(), BodyError> {
        match self.state {
            State::Data { .. } => self.on_data(input, events),
            State::Complete => Err(BodyError::BytesAfterEnd),
            _ => match self.take_line(input)? {
                Some(line) => self.on_line(&line, events),
                None => Ok(()),
            },
        }
    }

    fn on_line(&mut self, line: &[u8], events: &mut Vec<ChunkEvent>) -> Result<(), BodyError> {
        match self.state {
            State::ChunkHead => self.on_chunk_head(line, events),
            State::Trailer => self.on_trailer_line(line, events),
            State::SpareLine if line == b"\r" => self.go(State::Complete),
            State::SpareLine => Err(BodyError::BytesAfterEnd),
            State::LastLine if line == b"\r" => self.go(State::Complete),
            State::DataEnd if line == b"\r" => self.go(State::ChunkHead),
            _ => Err(BodyError::MalformedChunk),
        }
    }

    fn go(&mut self, state: State) -> Result<(), BodyError> {
        self.state = state;
        Ok(())
    }

    /// The next line without its line feed, once it is complete.
    fn take_line(&mut self, input: &mut Bytes) -> Result<Option<Vec<u8>>, BodyError> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let piece = input.split_to(end.unwrap_or(input.len()));
        if self.line.len() + piece.len() > self.limits.max_line {
            return Err(BodyError::LineTooLong(self.limits.max_line));
        }
        self.line.extend_from_slice(&piece);
        if end.is_none() {
            return Ok(None);
        }
        input.advance(1);
        Ok(Some(std::mem::take(&mut self.line)))
    }

    fn on_chunk_head(&mut self, line: &[u8], events: &mut Vec<ChunkEvent>) -> Result<(), BodyError> {
        let head = chunk_head(line, self.chain.is_some())?;
        if self.chain.is_some() && head.size > self.limits.max_chunk {
            return Err(BodyError::ChunkTooLarge { size: head.size, limit: self.limits.max_chunk });
        }
        // A signed chunk is judged by its signature first: its bytes are bounded anyway.
        if self.chain.is_none() && head.size > self.announced - self.received {
            return Err(self.length_mismatch());
        }
        if head.size > 0 {
            let left = head.size;
            return self.go(State::Data { head, left });
        }
        if let Some(chunk) = self.verified_chunk(&head, Bytes::new())? {
            events.push(ChunkEvent::Chunk(chunk));
        }
        if self.received != self.announced {
            return Err(self.length_mismatch());
        }
        self.go(if self.has_trailer { State::Trailer } else { State::LastLine })
    }

    fn on_data(&mut self, input: &mut Bytes, events: &mut Vec<ChunkEvent>) -> Result<(), BodyError> {
        let State::Data { head, left } = &mut self.state else { return Ok(()) };
        let available = u64::try_from(input.len()).unwrap_or(u64::MAX).min(*left);
        let piece = input.split_to(usize::try_from(available).unwrap_or(input.len()));
        *left -= available;
        let complete =
            (*left == 0).then(|| std::mem::replace(head, ChunkHead { size: 0, digits: 0, signature: vec![] }));
        self.checksums.iter_mut().for_each(|checksum| checksum.update(&piece));
        if self.chain.is_none() {
            self.received += available;
            events.push(ChunkEvent::Piece(piece));
            return if complete.is_some() { self.go(State::DataEnd) } else { Ok(()) };
        }
        self.hasher.update(&piece);
        let Some(head) = complete else {
            self.chunk.extend_from_slice(&piece);
            return Ok(());
        };
        let data = if self.chunk.is_empty() {
            piece
        } else {
            self.chunk.extend_from_slice(&piece);
            Bytes::from(std::mem::take(&mut self.chunk))
        };
        if let Some(chunk) = self.verified_chunk(&head, data)? {
            if head.size > self.announced - self.received {
                return Err(self.length_mismatch());
            }
            self.received += head.size;
            events.push(ChunkEvent::Chunk(chunk));
        }
        self.go(State::DataEnd)
    }

    /// Verifies a signed chunk; none in the unsigned kind.
    fn verified_chunk(&mut self, head: &ChunkHead, data: Bytes) -> Result<Option<Chunk>, BodyError> {
        let Some(chain) = &mut self.chain else { return Ok(None) };
        let sha256: [u8; 32] = self.hasher.finalize_reset().into();
        if bool::from(chain.next_chunk(&sha256).as_bytes().ct_eq(&head.signature)) {
            Ok(Some(Chunk { data, sha256, digits: head.digits }))
        } else {
            Err(BodyError::ChunkSignature)
        }
    }

    fn on_trailer_line(&mut self, line: &[u8], events: &mut Vec<ChunkEvent>) -> Result<(), BodyError> {
        let (text, line_end) = match line.strip_suffix(b"\r") {
            Some(text) => (text, LineEnd::CrLf),
            None => (line, LineEnd::LineFeed),
        };
        let by_line_feed = self.trailers.line_end == LineEnd::LineFeed;
        if text.is_empty() {
            return match (line_end, self.chain.is_some()) {
                (LineEnd::CrLf, false) => self.complete_trailer(events),
                (LineEnd::CrLf, true) if by_line_feed && !self.blank_seen => {
                    self.blank_seen = true;
                    Ok(())
                }
                _ => Err(BodyError::MalformedTrailer),
            };
        }
        let (name, value) = trailer_field(text)?;
        if self.chain.is_some() && &*name == TRAILER_SIGNATURE {
            if line_end != LineEnd::CrLf || by_line_feed != self.blank_seen {
                return Err(BodyError::MalformedTrailer);
            }
            return self.on_trailer_signature(&value, events);
        }
        let first = self.trailers.fields.is_empty();
        if self.blank_seen || (!first && line_end != self.trailers.line_end) {
            return Err(BodyError::MalformedTrailer);
        }
        if self.trailers.fields.len() > ChecksumAlgorithm::ALL.len() {
            return Err(BodyError::MalformedTrailer);
        }
        self.trailers.line_end = line_end;
        self.trailers.fields.push((name, value));
        Ok(())
    }

    fn on_trailer_signature(&mut self, signature: &str, events: &mut Vec<ChunkEvent>) -> Result<(), BodyError> {
        let Some(chain) = &mut self.chain else { return Err(BodyError::MalformedTrailer) };
        let expected = chain.trailer(&self.trailers.fields);
        if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
            return Err(BodyError::TrailerSignature);
        }
        self.complete_trailer(events)
    }

    /// The fields are exactly those announced and their checksums are the content's.
    fn complete_trailer(&mut self, events: &mut Vec<ChunkEvent>) -> Result<(), BodyError> {
        if self.trailers.fields.len() != self.checksums.len() {
            return Err(BodyError::MalformedTrailer);
        }
        for checksum in &self.checksums {
            let name = checksum.algorithm.field_name();
            let field = self.trailers.fields.iter().find(|(field, _)| &**field == name);
            let (_, value) = field.ok_or(BodyError::MalformedTrailer)?;
            if **value != *checksum.value() {
                return Err(BodyError::BadDigest(checksum.algorithm));
            }
        }
        let fields = std::mem::take(&mut self.trailers.fields);
        let line_end = self.trailers.line_end;
        events.push(ChunkEvent::Trailers(Trailers { fields, line_end }));
        self.go(match (self.chain.is_some(), line_end) {
            (true, _) => State::LastLine,
            (false, LineEnd::CrLf) => State::Complete,
            (false, LineEnd::LineFeed) => State::SpareLine,
        })
    }

    fn length_mismatch(&self) -> BodyError {
        BodyError::LengthMismatch { announced: self.announced }
    }
}
