//! An answer of the gate's own.

use bytes::Bytes;
use std::borrow::Cow;

/// A complete answer: status, headers, body. `Content-Length` is added by the writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header fields in order; names as they go out.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body. For HEAD the writer sends its length only.
    pub body: Bytes,
}

impl Response {
    /// An answer with a body of the given content type.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        // Room for the headers of most answers.
        let mut headers = Vec::with_capacity(4);
        headers.push(("content-type", Cow::Borrowed(content_type)));
        Self { status, headers, body: body.into() }
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
