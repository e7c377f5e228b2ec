//! What the decoder of aws-chunked bodies gives out: verified chunks, pieces, trailers; and its limits.

use bytes::Bytes;

/// Limits of a body in aws-chunked framing.
#[derive(Clone, Copy, Debug)]
pub struct ChunkLimits {
    /// The largest signed chunk, in bytes: what is held in memory.
    pub max_chunk: u64,
    /// The longest line of the framing, in bytes.
    pub max_line: usize,
    /// The largest content, in bytes.
    pub max_content: u64,
}

impl Default for ChunkLimits {
    /// 8 MiB a chunk, 1 KiB a line, 5 GiB (S3's largest single upload) of content.
    fn default() -> Self {
        Self { max_chunk: 8 << 20, max_line: 1024, max_content: 5 << 30 }
    }
}

/// A verified signed chunk. The last one is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub(super) data: Bytes,
    pub(super) sha256: [u8; 32],
    /// How many digits its size was written with: a signer keeps them, so that lengths stay.
    pub(super) digits: usize,
}

impl Chunk {
    /// The chunk's bytes.
    pub fn data(&self) -> &Bytes {
        &self.data
    }
}

/// How the lines of a trailer end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LineEnd {
    /// Each in CRLF.
    CrLf,
    /// Each in a line feed, a CRLF after the last.
    LineFeed,
}

/// A verified trailer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailers {
    pub(super) fields: Vec<(Box<str>, Box<str>)>,
    pub(super) line_end: LineEnd,
}

impl Trailers {
    /// The fields (lower-case name, value) in order; their checksums are those of the content.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// What the decoder found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkEvent {
    /// Signed kinds: a whole chunk, verified.
    Chunk(Chunk),
    /// Unsigned kind: some bytes of the content.
    Piece(Bytes),
    /// Kinds with a trailer: the trailer, verified.
    Trailers(Trailers),
}

impl ChunkEvent {
    /// The bytes of the content that the event carries; none for a trailer.
    pub fn data(&self) -> Option<&Bytes> {
        match self {
            Self::Chunk(chunk) => Some(chunk.data()),
            Self::Piece(bytes) => Some(bytes),
            Self::Trailers(_) => None,
        }
    }
}
