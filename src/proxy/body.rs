//! Moving a request body: checked on the way, its end held back until all of it is verified (DESIGN section 8).
//!
//! INVARIANT: the bytes that complete the body for the backend (the last byte under Content-Length, the last
//! content byte and all after it in aws-chunked framing) are handed out only after the digest, the chunk and
//! trailer signatures, the checksum and the length were found right. Until then any fault leaves the backend
//! with an incomplete body, so no object is made or changed.
//!
//! Free of pingora: pieces in, bytes out. An empty result means "nothing yet".

use super::fault::ForwardFault;
use super::framing::is_signed;
use super::settings::AwsChunked;
use crate::gateway::BodyPlan;
use crate::sigv4::{ChunkDecoder, ChunkEvent, ChunkSigner, PayloadHasher};
use bytes::{Bytes, BytesMut};

/// One body on its way. Used for one attempt only.
pub(super) struct Transfer {
    state: State,
    complete: bool,
    taken: u64,
    given: u64,
}

enum State {
    Counted { left: u64, hasher: Option<PayloadHasher> },
    Framed(Box<Framed>),
}

struct Framed {
    /// None once it has finished.
    decoder: Option<Box<ChunkDecoder>>,
    output: Output,
    content_left: u64,
    held: BytesMut,
    events: Vec<ChunkEvent>,
}

/// What is made of the framing.
enum Output {
    /// The client's bytes, as they came.
    Raw,
    /// The same chunks, signed by [`Transfer::sign_chunks`]; none until then.
    Signed(Option<Box<ChunkSigner>>),
    /// The content alone.
    Content,
}

impl Transfer {
    /// The transfer for a plan. A body without bytes is verified here: its head alone completes it.
    pub(super) fn new(plan: BodyPlan, mode: AwsChunked) -> Result<Self, ForwardFault> {
        let (state, complete) = match plan {
            BodyPlan::Empty => (State::Counted { left: 0, hasher: None }, true),
            BodyPlan::Plain { length } => (State::Counted { left: length, hasher: None }, length == 0),
            BodyPlan::Hashed { length: 0, sha256 } => {
                PayloadHasher::new(sha256).finish()?;
                (State::Counted { left: 0, hasher: None }, true)
            }
            BodyPlan::Hashed { length, sha256 } => {
                (State::Counted { left: length, hasher: Some(PayloadHasher::new(sha256)) }, false)
            }
            BodyPlan::Chunked { decoder, sentinel, decoded_length, .. } => {
                let output = match mode {
                    AwsChunked::Decode => Output::Content,
                    AwsChunked::Pass | AwsChunked::Announce if is_signed(sentinel) => Output::Signed(None),
                    AwsChunked::Pass | AwsChunked::Announce => Output::Raw,
                };
                let framed = Framed {
                    decoder: Some(decoder),
                    output,
                    content_left: decoded_length,
                    held: BytesMut::new(),
                    events: Vec::new(),
                };
                (State::Framed(Box::new(framed)), false)
            }
        };
        Ok(Self { state, complete, taken: 0, given: 0 })
    }

    /// Whether bytes have been taken: another attempt would need them again.
    pub(super) fn has_started(&self) -> bool {
        self.taken > 0
    }

    /// Bytes held back, about: what was taken and not given.
    pub(super) fn held(&self) -> usize {
        usize::try_from(self.taken.saturating_sub(self.given)).unwrap_or(usize::MAX)
    }

    /// Whether all of the body was there and verified.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Gives the signer of this attempt.
    pub(super) fn sign_chunks(&mut self, signer: ChunkSigner) {
        if let State::Framed(framed) = &mut self.state
            && let Output::Signed(slot) = &mut framed.output
        {
            *slot = Some(Box::new(signer));
        }
    }

    /// Takes the next piece; `end` says that the client's body ends with it. Gives what may go on now.
    pub(super) fn push(&mut self, piece: Bytes, end: bool) -> Result<Bytes, ForwardFault> {
        self.taken = self.taken.saturating_add(length_of(&piece));
        let out = self.advance(piece, end)?;
        self.given = self.given.saturating_add(length_of(&out));
        Ok(out)
    }

    fn advance(&mut self, piece: Bytes, end: bool) -> Result<Bytes, ForwardFault> {
        match &mut self.state {
            State::Counted { left, hasher } => {
                *left = left.checked_sub(length_of(&piece)).ok_or(ForwardFault::UnexpectedBody)?;
                if let Some(hasher) = hasher {
                    hasher.update(&piece);
                }
                if *left == 0 {
                    hasher.take().map_or(Ok(()), PayloadHasher::finish)?;
                    self.complete = true;
                } else if end {
                    return Err(ForwardFault::Incomplete);
                }
                Ok(piece)
            }
            State::Framed(framed) => {
                let out = framed.push(piece)?;
                if !end || self.complete {
                    return Ok(out);
                }
                let tail = framed.finish()?;
                self.complete = true;
                Ok(join(out, tail))
            }
        }
    }
}

impl Framed {
    fn push(&mut self, piece: Bytes) -> Result<Bytes, ForwardFault> {
        let decoder = self.decoder.as_mut().ok_or(ForwardFault::UnexpectedBody)?;
        let mut events = std::mem::take(&mut self.events);
        decoder.push(piece.clone(), &mut events)?;
        let out = match &self.output {
            Output::Raw => self.pass_raw(piece, &events),
            Output::Signed(_) => self.sign(&events)?,
            Output::Content => self.content(&events),
        };
        events.clear();
        self.events = events;
        Ok(out)
    }

    /// The end of the client's body: gives what was held back, if the decoder agrees.
    fn finish(&mut self) -> Result<Bytes, ForwardFault> {
        self.decoder.take().ok_or(ForwardFault::Internal)?.finish()?;
        Ok(std::mem::take(&mut self.held).freeze())
    }

    /// From the piece on that has the last byte of the content, all is held.
    fn pass_raw(&mut self, piece: Bytes, events: &[ChunkEvent]) -> Bytes {
        for event in events {
            self.count(event);
        }
        if self.content_left > 0 {
            return piece;
        }
        self.held.extend_from_slice(&piece);
        Bytes::new()
    }

    fn sign(&mut self, events: &[ChunkEvent]) -> Result<Bytes, ForwardFault> {
        let mut out = Vec::new();
        for event in events {
            self.count(event);
            let Output::Signed(Some(signer)) = &mut self.output else { return Err(ForwardFault::Internal) };
            let mut written = if self.content_left == 0 { Vec::new() } else { std::mem::take(&mut out) };
            match event {
                ChunkEvent::Chunk(chunk) => signer.chunk(chunk, &mut written),
                ChunkEvent::Trailers(trailers) => signer.trailers(trailers, &mut written),
                // INVARIANT: a signed stream has no unverified pieces.
                ChunkEvent::Piece(_) => return Err(ForwardFault::Internal),
            }
            if self.content_left == 0 {
                self.held.extend_from_slice(&written);
            } else {
                out = written;
            }
        }
        Ok(out.into())
    }

    fn content(&mut self, events: &[ChunkEvent]) -> Bytes {
        let mut out = Bytes::new();
        for event in events {
            self.count(event);
            let Some(data) = content_of(event) else { continue };
            if self.content_left == 0 {
                self.held.extend_from_slice(data);
            } else {
                out = join(out, data.clone());
            }
        }
        out
    }

    fn count(&mut self, event: &ChunkEvent) {
        let length = content_of(event).map_or(0, length_of);
        self.content_left = self.content_left.saturating_sub(length);
    }
}

fn content_of(event: &ChunkEvent) -> Option<&Bytes> {
    match event {
        ChunkEvent::Chunk(chunk) => Some(chunk.data()),
        ChunkEvent::Piece(piece) => Some(piece),
        ChunkEvent::Trailers(_) => None,
    }
}

fn length_of(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Both, one after the other; copies only where both have bytes.
fn join(first: Bytes, second: Bytes) -> Bytes {
    if first.is_empty() {
        return second;
    }
    if second.is_empty() {
        return first;
    }
    let mut both = BytesMut::with_capacity(first.len() + second.len());
    both.extend_from_slice(&first);
    both.extend_from_slice(&second);
    both.freeze()
}
