//! Why a body is refused, and the S3 code that answers. (IAM and STS bodies are checked with their signature.)

use super::checksum::ChecksumAlgorithm;

/// A body is not what its request promised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The body ended before its framing did.
    #[error("the request body ended before its last chunk was complete")]
    Incomplete,
    /// A chunk's head, or the line end after its data, is wrong.
    #[error(
        "the aws-chunked framing is broken: a chunk is its size in hexadecimal, ;chunk-signature=… where chunks are \
         signed, CRLF, its bytes, CRLF"
    )]
    MalformedChunk,
    /// A line of the framing is longer than the limit.
    #[error("a line of the aws-chunked framing is longer than {0} bytes")]
    LineTooLong(usize),
    /// A signed chunk is larger than what is kept in memory.
    #[error("a chunk has {size} bytes, more than the {limit} allowed; sign smaller chunks")]
    ChunkTooLarge {
        /// The chunk's announced size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The content is shorter or longer than announced.
    #[error("the content has another length than x-amz-decoded-content-length says ({announced} bytes)")]
    LengthMismatch {
        /// What the header says, in bytes.
        announced: u64,
    },
    /// A streaming body without its length.
    #[error("a streaming upload needs the header x-amz-decoded-content-length")]
    MissingDecodedLength,
    /// `x-amz-decoded-content-length` is no number, or there twice.
    #[error("x-amz-decoded-content-length must be one number of bytes")]
    InvalidDecodedLength,
    /// The announced content is larger than an object may be.
    #[error("the content has {announced} bytes, more than the {limit} allowed")]
    TooLarge {
        /// What the header says, in bytes.
        announced: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A chunk's signature is wrong.
    #[error("a chunk's signature does not match its bytes")]
    ChunkSignature,
    /// The trailer's signature is wrong.
    #[error("the trailer's signature does not match the trailer")]
    TrailerSignature,
    /// `x-amz-trailer` names something that is no checksum, or one twice.
    #[error("the trailer {0} is not supported: x-amz-trailer may name each x-amz-checksum-* once")]
    UnsupportedTrailer(Box<str>),
    /// `x-amz-trailer` beside a payload kind that has no trailer.
    #[error("x-amz-trailer is given but the payload kind has no trailer")]
    UnexpectedTrailer,
    /// The trailer's lines are not those that `x-amz-trailer` announced, or not well formed.
    #[error("the trailer must have exactly the fields that x-amz-trailer names, each as name:value")]
    MalformedTrailer,
    /// The content does not have the checksum in the trailer.
    #[error("the {0} you specified did not match the calculated checksum")]
    BadDigest(ChecksumAlgorithm),
    /// Bytes after the end of the framing.
    #[error("there are bytes after the end of the body")]
    BytesAfterEnd,
    /// A plain body does not have the signed hash.
    #[error("the provided x-amz-content-sha256 does not match what was computed")]
    Sha256Mismatch {
        /// The hash that was signed.
        claimed: [u8; 32],
        /// The hash of the body.
        received: [u8; 32],
    },
}

impl BodyError {
    /// S3's error code and HTTP status.
    pub fn s3_code(&self) -> (&'static str, u16) {
        match self {
            Self::Incomplete | Self::MalformedChunk | Self::LineTooLong(_) | Self::LengthMismatch { .. } => {
                ("IncompleteBody", 400)
            }
            Self::BytesAfterEnd => ("IncompleteBody", 400),
            Self::ChunkTooLarge { .. } => ("InvalidChunkSizeError", 403),
            Self::MissingDecodedLength => ("MissingContentLength", 411),
            Self::InvalidDecodedLength => ("InvalidArgument", 400),
            Self::TooLarge { .. } => ("EntityTooLarge", 400),
            Self::ChunkSignature | Self::TrailerSignature => ("SignatureDoesNotMatch", 403),
            Self::UnsupportedTrailer(_) | Self::UnexpectedTrailer => ("InvalidRequest", 400),
            Self::MalformedTrailer => ("MalformedTrailerError", 400),
            Self::BadDigest(_) => ("BadDigest", 400),
            Self::Sha256Mismatch { .. } => ("XAmzContentSHA256Mismatch", 400),
        }
    }
}
