//! The request head as received: raw target bytes, ordered headers, peer, TLS or not.
//!
//! What a signature is verified over. Header values are bytes with outer blanks trimmed by the server
//! or not; [`RequestHead`] changes nothing but the case of names.

use super::byte_set::ByteSet;
use super::{InvalidQuery, QueryString};
use std::fmt;
use std::net::IpAddr;

/// An HTTP method the gate knows. All others are refused before a head is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// PUT
    Put,
    /// POST
    Post,
    /// DELETE
    Delete,
    /// OPTIONS
    Options,
}

impl Method {
    /// Parses the method as sent; lower-case methods are not methods (RFC 9110 section 9.1).
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "GET" => Some(Self::Get),
            "HEAD" => Some(Self::Head),
            "PUT" => Some(Self::Put),
            "POST" => Some(Self::Post),
            "DELETE" => Some(Self::Delete),
            "OPTIONS" => Some(Self::Options),
            _ => None,
        }
    }

    /// The method as sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

/// The TLS version of the client's connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2
    V1_2,
    /// TLS 1.3
    V1_3,
}

/// One header field. `Debug` shows no credentials.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Name in lower case.
    pub name: &'a str,
    /// Value bytes as received.
    pub value: &'a [u8],
}

/// Headers whose values are live credentials.
const CREDENTIALS: [&str; 5] =
    ["authorization", "cookie", "proxy-authorization", "x-amz-s3session-token", "x-amz-security-token"];

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if CREDENTIALS.contains(&self.name) {
            return write!(f, "{}: (hidden)", self.name);
        }
        write!(f, "{}: {:?}", self.name, String::from_utf8_lossy(self.value))
    }
}

/// A request head. Read-only once made. `Debug` shows neither credentials nor the query, which may hold some
/// (security rule 29).
#[derive(Clone)]
pub struct RequestHead {
    method: Method,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    fields: Vec<Field>,
    /// The fields' names, one behind the other, in lower case.
    names: String,
    /// Their values, likewise.
    values: Vec<u8>,
    peer: IpAddr,
    tls: Option<TlsVersion>,
}

/// Where a field's name and value end; they begin where those of the field before end.
#[derive(Clone, Copy)]
struct Field {
    name_end: usize,
    value_end: usize,
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("path", &String::from_utf8_lossy(&self.path))
            .field("headers", &self.headers().collect::<Vec<_>>())
            .field("peer", &self.peer)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl RequestHead {
    /// Makes a head from a raw target in origin form (`/path?query`) and headers in wire order.
    /// None if the target does not begin with `/`.
    pub fn new(
        method: Method,
        target: &[u8],
        headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
        peer: IpAddr,
        tls: Option<TlsVersion>,
    ) -> Option<Self> {
        if target.first() != Some(&b'/') {
            return None;
        }
        let mut halves = target.splitn(2, |byte| *byte == b'?');
        let path = halves.next().unwrap_or_default().to_vec();
        let query = halves.next().map(<[u8]>::to_vec);
        // Most heads fit, so that a field costs no allocation.
        let (mut fields, mut names, mut values) =
            (Vec::with_capacity(16), String::with_capacity(256), Vec::with_capacity(1536));
        for (name, value) in headers {
            let start = names.len();
            names.push_str(name.as_ref());
            if let Some(name) = names.get_mut(start..) {
                name.make_ascii_lowercase();
            }
            values.extend_from_slice(value.as_ref());
            fields.push(Field { name_end: names.len(), value_end: values.len() });
        }
        Some(Self { method, path, query, fields, names, values, peer, tls })
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The raw path, percent-encoded as sent, beginning with `/`.
    pub fn raw_path(&self) -> &[u8] {
        &self.path
    }

    /// The raw query; none where the target had no `?`.
    pub fn raw_query(&self) -> Option<&[u8]> {
        self.query.as_deref()
    }

    /// The query, parsed anew at each call: callers keep the result.
    pub fn parse_query(&self) -> Result<QueryString, InvalidQuery> {
        QueryString::parse(self.query.as_deref().unwrap_or_default())
    }

    /// The header fields in wire order.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = Header<'_>> {
        let mut start = Field { name_end: 0, value_end: 0 };
        self.fields.iter().map(move |end| {
            let start = std::mem::replace(&mut start, *end);
            // INVARIANT: the ends are those of pieces that were pushed whole, so both ranges are there.
            Header {
                name: self.names.get(start.name_end..end.name_end).unwrap_or_default(),
                value: self.values.get(start.value_end..end.value_end).unwrap_or_default(),
            }
        })
    }

    /// The first value of a header, by its lower-case name.
    pub fn header(&self, lower_name: &str) -> Option<&[u8]> {
        self.headers().find(|header| header.name == lower_name).map(|header| header.value)
    }

    /// The first value as text with outer blanks trimmed; none if absent or not UTF-8.
    pub fn header_str(&self, lower_name: &str) -> Option<&str> {
        self.header(lower_name).and_then(|value| std::str::from_utf8(value).ok()).map(str::trim)
    }

    /// All values of a header in wire order.
    pub fn header_values<'a>(&'a self, lower_name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers().filter(move |header| header.name == lower_name).map(|header| header.value)
    }

    /// The Host header, as sent.
    pub fn host(&self) -> Option<&str> {
        self.header_str("host")
    }

    /// The client's address: the socket's, or what a trusted proxy said.
    pub fn peer(&self) -> IpAddr {
        self.peer
    }

    /// The TLS version of the client's connection, if it used TLS.
    pub fn tls(&self) -> Option<TlsVersion> {
        self.tls
    }
}

/// Which bytes may stand in a token (RFC 9110 section 5.6.2).
static TOKEN: ByteSet = ByteSet::alphanumeric_and(b"!#$%&'*+-.^_`|~");

/// Whether a byte may stand in a token (RFC 9110 section 5.6.2).
pub fn is_token_byte(byte: u8) -> bool {
    TOKEN.has(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn target_is_split_at_the_first_question_mark_and_kept_raw() {
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let head =
            RequestHead::new(Method::Get, b"/a%2F//b?x=?&y", [("HoSt", "h"), ("X-A", " v ")], peer, None).unwrap();
        assert_eq!(head.raw_path(), b"/a%2F//b");
        assert_eq!(head.raw_query(), Some(&b"x=?&y"[..]));
        assert_eq!(head.header("x-a"), Some(&b" v "[..]));
        assert_eq!(head.host(), Some("h"));
        assert!(RequestHead::new(Method::Get, b"a/b", Vec::<(&str, &str)>::new(), peer, None).is_none());
    }

    #[test]
    fn rule_29_debug_shows_no_credentials() {
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let headers =
            [("Authorization", "SECRET"), ("X-Amz-Security-Token", "SECRET"), ("Cookie", "SECRET"), ("a", "b")];
        let head = RequestHead::new(Method::Get, b"/k?X-Amz-Signature=SECRET", headers, peer, None).unwrap();
        let shown = format!("{head:?} {:?}", head.headers().collect::<Vec<_>>());
        assert!(!shown.contains("SECRET"), "{shown}");
        assert!(shown.contains("authorization: (hidden)") && shown.contains("a: \"b\"") && shown.contains("/k"));
    }

    #[test]
    fn unknown_and_lower_case_methods_are_not_methods() {
        for bad in ["get", "PATCH", "TRACE", "CONNECT", ""] {
            assert_eq!(Method::parse(bad), None);
        }
    }
}
