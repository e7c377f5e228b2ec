//! [`Manner`]: in which ways a request of the gate's own can go out.

/// How a request is signed and its body framed. All but [`Manner::Signed`] are for proving what a backend does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// Signed, with the SHA-256 of the body.
    Signed,
    /// Without any authentication.
    Anonymous,
    /// As [`Manner::Signed`], but the signature is another one.
    Forged,
    /// Signed with this value of `x-amz-content-sha256`, whatever the body is.
    Declared(&'static str),
    /// Signed, the body in aws-chunked framing with signed chunks.
    Chunked {
        /// Whether Content-Encoding tells of the framing.
        announced: bool,
        /// What follows the chunks: a name and its value.
        trailer: Option<(&'static str, String)>,
    },
}

impl Manner {
    /// What `x-amz-content-sha256` says; none: the SHA-256 of the body.
    pub(super) fn declared(&self) -> Option<&'static str> {
        match self {
            Self::Signed | Self::Anonymous | Self::Forged => None,
            Self::Declared(text) => Some(text),
            Self::Chunked { trailer: None, .. } => Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            Self::Chunked { trailer: Some(_), .. } => Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
        }
    }
}
