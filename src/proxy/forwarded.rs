//! The backend's answer on its way to the client: what its head says, which of its headers pass, how its body ends.
//!
//! An allow-list: what names the backend, its software or its hops stays behind (DESIGN section 7). Hop-by-hop
//! and trailer fields (RFC 9110 sections 7.6.1 and 6.6.2) are not on it, nor are those of framing, which is ours.
//! Framing is read strictly (RFC 9112 section 6): two lengths, or a length and a coding, make no answer. Free of
//! sockets.

use super::coding::{self, BrokenCoding, ChunkedDecoder, Decoded};
use super::outbound::write_number;
use super::respond::{self, Stamp};
use bytes::{Buf, BytesMut};
use std::mem::MaybeUninit;

/// The largest head of an answer.
pub(super) const HEAD_BYTES: usize = 64 * 1024;
/// The most fields that an answer may have.
const HEAD_FIELDS: usize = 128;
/// Request ids that backends give, in the order in which they are looked for.
const REQUEST_IDS: [&str; 2] = ["x-amz-request-id", "x-amz-id-2"];

/// The answer is not HTTP/1, or could be read in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be understood")]
pub struct Malformed;

/// How the body of an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerBody {
    /// There is none.
    None,
    /// After so many bytes more.
    Length(u64),
    /// As its coding says.
    Chunked(ChunkedDecoder),
    /// With the connection.
    UntilClose,
}

/// The head of an answer, read.
#[derive(Debug)]
pub struct AnswerHead<'b> {
    /// Status, from 100 to 599.
    pub status: u16,
    /// How long the head is, its empty line included.
    pub bytes: usize,
    /// How the body ends.
    pub body: AnswerBody,
    /// Whether the connection may be used again after it.
    pub reusable: bool,
    fields: Vec<(&'b str, &'b [u8])>,
}

impl<'b> AnswerHead<'b> {
    /// Reads a head, in answer to HEAD or to something else; none if it is not all there yet.
    pub fn read(input: &'b [u8], to_head: bool) -> Result<Option<Self>, Malformed> {
        let mut fields = [const { MaybeUninit::uninit() }; HEAD_FIELDS];
        let mut parsed = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        let outcome = parser.parse_response_with_uninit_headers(&mut parsed, input, &mut fields);
        let bytes = match outcome.map_err(|_| Malformed)? {
            httparse::Status::Complete(bytes) if bytes <= HEAD_BYTES => bytes,
            httparse::Status::Partial if input.len() < HEAD_BYTES => return Ok(None),
            _ => return Err(Malformed),
        };
        let status = parsed.code.filter(|status| (100..600).contains(status)).ok_or(Malformed)?;
        let fields: Vec<_> = parsed.headers.iter().map(|field| (field.name, field.value)).collect();
        let framing = framing(&fields)?;
        // HTTP/1.0 has no coding: such framing is faulty (RFC 9112 section 6.1).
        if parsed.version != Some(1) && matches!(framing, Some(AnswerBody::Chunked(_))) {
            return Err(Malformed);
        }
        let body = match framing {
            _ if to_head || status < 200 || matches!(status, 204 | 304) => AnswerBody::None,
            Some(body) => body,
            None => AnswerBody::UntilClose,
        };
        let closes = values(&fields, "connection").any(|value| {
            value.split(|byte| *byte == b',').any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
        });
        let reusable = parsed.version == Some(1) && !closes && body != AnswerBody::UntilClose;
        Ok(Some(Self { status, bytes, body, reusable, fields }))
    }

    /// The backend's own id of the request, for the log.
    pub(super) fn request_id(&self) -> Option<String> {
        let mut found = REQUEST_IDS.iter().filter_map(|name| values(&self.fields, name).next());
        found.next().and_then(|value| std::str::from_utf8(value).ok()).map(|text| text.chars().take(128).collect())
    }

    /// What the body is, if the head says it.
    pub(super) fn content_type(&self) -> Option<&'b [u8]> {
        values(&self.fields, "content-type").next()
    }

    /// Writes the head for the client: what may pass, our own framing and stamp.
    pub(super) fn write(&self, out: &mut Vec<u8>, withheld: &[&str], stamp: Stamp<'_>) {
        self.write_fields(out, withheld);
        self.write_framing(out);
        stamp.write(out);
        out.extend_from_slice(b"\r\n");
    }

    /// Writes the status and what may pass, less what this client may not see. `Location` is made relative, since it
    /// would name the backend's host.
    pub(super) fn write_fields(&self, out: &mut Vec<u8>, withheld: &[&str]) {
        respond::write_status(out, self.status);
        let seen = |name: &str| !withheld.iter().any(|hidden| name.eq_ignore_ascii_case(hidden));
        for (name, value) in self.fields.iter().filter(|(name, _)| passes(name) && seen(name)) {
            let value = if name.eq_ignore_ascii_case("location") { relative(value) } else { value };
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Writes how the body ends, if it passes as it is.
    pub(super) fn write_framing(&self, out: &mut Vec<u8>) {
        match &self.body {
            AnswerBody::Length(length) => write_length(out, *length),
            AnswerBody::Chunked(_) | AnswerBody::UntilClose => {
                out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
            }
            // To HEAD, and with 304, the length is that of the answer to GET (RFC 9110 section 8.6).
            AnswerBody::None => {
                if let Ok(Some(AnswerBody::Length(length))) = framing(&self.fields)
                    && self.status != 204
                {
                    write_length(out, length);
                }
            }
        }
    }
}

pub(super) fn write_length(out: &mut Vec<u8>, length: u64) {
    out.extend_from_slice(b"Content-Length: ");
    write_number(out, length);
    out.extend_from_slice(b"\r\n");
}

type Field<'b> = (&'b str, &'b [u8]);

fn values<'a, 'b>(fields: &'a [Field<'b>], name: &'a str) -> impl Iterator<Item = &'b [u8]> + 'a {
    fields.iter().filter(move |(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

/// What the head says of the body, if it says anything. The same length twice is one.
fn framing(fields: &[Field<'_>]) -> Result<Option<AnswerBody>, Malformed> {
    let mut lengths = values(fields, "content-length");
    let mut codings = values(fields, "transfer-encoding");
    match (lengths.next(), codings.next()) {
        (None, None) => Ok(None),
        (Some(length), None) => {
            let digits = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
            if !digits || lengths.any(|other| other != length) {
                return Err(Malformed);
            }
            let length = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok());
            length.map(|length| Some(AnswerBody::Length(length))).ok_or(Malformed)
        }
        (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") && codings.next().is_none() => {
            Ok(Some(AnswerBody::Chunked(ChunkedDecoder::new())))
        }
        _ => Err(Malformed),
    }
}

impl AnswerBody {
    /// Whether all of it has been taken.
    pub fn is_done(&self) -> bool {
        match self {
            Self::None | Self::Length(0) => true,
            Self::Chunked(decoder) => decoder.is_done(),
            Self::Length(_) | Self::UntilClose => false,
        }
    }

    /// Whether more than so many bytes are still to come, as far as is known.
    pub(super) fn has_more_than(&self, bytes: usize) -> bool {
        matches!(self, Self::Length(left) if usize::try_from(*left).map_or(true, |left| left > bytes))
    }

    /// Takes so many bytes as they are, or as many of them as are left; none where the client's framing is another.
    pub(super) fn take_plain(&mut self, there: usize) -> Option<usize> {
        let Self::Length(left) = self else { return None };
        let count = usize::try_from(*left).unwrap_or(usize::MAX).min(there);
        *left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        Some(count)
    }

    /// Moves what is there of the body from `input` to `out`, framed for the client. Gives how many bytes of content
    /// that is.
    pub fn take(&mut self, input: &mut BytesMut, out: &mut Vec<u8>) -> Result<u64, BrokenCoding> {
        let mut count = 0usize;
        match self {
            Self::None => {}
            Self::Length(left) => {
                count = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                out.extend_from_slice(input.get(..count).unwrap_or_default());
                input.advance(count);
                *left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
            }
            Self::Chunked(decoder) => loop {
                match decoder.decode(input)? {
                    Decoded::Data(data) => {
                        count = count.saturating_add(data.len());
                        write_chunk(out, &data);
                    }
                    Decoded::More => break,
                    Decoded::End => {
                        out.extend_from_slice(coding::LAST_CHUNK);
                        break;
                    }
                }
            },
            Self::UntilClose => {
                count = input.len();
                if count > 0 {
                    write_chunk(out, input);
                }
                input.clear();
            }
        }
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Moves what is there of the body from `input` to `content`, out of its coding.
    pub(super) fn take_content(&mut self, input: &mut BytesMut, content: &mut Vec<u8>) -> Result<(), BrokenCoding> {
        match self {
            Self::None => {}
            Self::Length(_) => {
                let count = self.take_plain(input.len()).unwrap_or(0);
                content.extend_from_slice(&input.split_to(count));
            }
            Self::Chunked(decoder) => {
                while let Decoded::Data(data) = decoder.decode(input)? {
                    content.extend_from_slice(&data);
                }
            }
            Self::UntilClose => {
                content.extend_from_slice(input);
                input.clear();
            }
        }
        Ok(())
    }

    /// Writes content that was taken, framed for the client.
    pub(super) fn write(&self, content: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::None | Self::Length(_) => out.extend_from_slice(content),
            Self::Chunked(_) | Self::UntilClose => {
                if !content.is_empty() {
                    write_chunk(out, content);
                }
                if self.is_done() {
                    out.extend_from_slice(coding::LAST_CHUNK);
                }
            }
        }
    }
}

fn write_chunk(out: &mut Vec<u8>, data: &[u8]) {
    coding::write_size(out, data.len());
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Whether a field passes; names come in any case. The fields of framing do not: they are written anew.
fn passes(name: &str) -> bool {
    let has_prefix = |prefix: &str| name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    if has_prefix("x-amz-") {
        return !has_prefix("x-amz-cf-") && !REQUEST_IDS.iter().any(|id| name.eq_ignore_ascii_case(id));
    }
    const PASSING: [&str; 15] = [
        "etag",
        "content-type",
        "last-modified",
        "accept-ranges",
        "content-range",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-md5",
        "expires",
        "vary",
        "age",
        "location",
        "retry-after",
    ];
    has_prefix("access-control-") || PASSING.iter().any(|passing| name.eq_ignore_ascii_case(passing))
}

/// The part of a URL after its authority; what is none stays.
fn relative(location: &[u8]) -> &[u8] {
    let Ok(text) = std::str::from_utf8(location) else { return b"/" };
    let after_scheme = text.split_once("://").map(|(_, rest)| rest).or_else(|| text.strip_prefix("//"));
    let path = match after_scheme {
        Some(rest) => rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/"),
        None => text,
    };
    path.as_bytes()
}

#[cfg(test)]
mod tests;
