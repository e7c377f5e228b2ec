//! From the bytes of a request head to a [`RequestHead`], or the fault that refuses it.
//!
//! The only reading of these bytes: what the gateway decides on is made of them, and what goes on is made of that.
//! Whatever two servers could understand differently is refused. Follows RFC 9112 sections 2, 3, 5 and 6, always the
//! strict way; where a head ends is found the lenient way, so that a head with bare LF is refused and not waited for.

use super::fault::HeadFault;
use super::settings::{AddressRange, HeadLimits};
use crate::wire::{Method, RequestHead, TlsVersion, is_token_byte};
use std::net::IpAddr;

/// The connection that a head came by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connection<'a> {
    /// The socket's address.
    pub(super) peer: IpAddr,
    /// TLS version, if the connection is encrypted.
    pub(super) tls: Option<TlsVersion>,
    /// Who may say for whom it speaks.
    pub(super) trusted: &'a [AddressRange],
}

/// How far the search for a head's end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// The head ends before this place.
    Ends(usize),
    /// It goes on; the search is to be resumed from this place.
    Open(usize),
    /// No head begins like this.
    Hopeless,
}

/// Searches `input`, which begins with a head, for its empty line, from `from` on.
pub(super) fn search_end(input: &[u8], from: usize) -> Search {
    if input.first().is_some_and(|byte| !is_token_byte(*byte)) {
        return Search::Hopeless;
    }
    let mut from = from;
    while let Some(found) = input.get(from..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let at = from + found;
        match (input.get(at + 1), input.get(at + 2)) {
            (Some(b'\n'), _) => return Search::Ends(at + 2),
            (Some(b'\r'), Some(b'\n')) => return Search::Ends(at + 3),
            (None, _) | (Some(b'\r'), None) => return Search::Open(at),
            _ => from = at + 1,
        }
    }
    Search::Open(input.len())
}

/// Reads a head that came over a connection without TLS from a peer that is no trusted proxy: the bytes from the
/// request line to the empty line.
pub fn read_head(raw: &[u8], limits: &HeadLimits, peer: IpAddr) -> Result<RequestHead, HeadFault> {
    read(raw, limits, &Connection { peer, tls: None, trusted: &[] })
}

/// Reads a head: the bytes from the request line to the empty line.
pub(super) fn read(raw: &[u8], limits: &HeadLimits, connection: &Connection<'_>) -> Result<RequestHead, HeadFault> {
    if raw.len() > limits.head_bytes {
        return Err(HeadFault::HeadTooLarge { limit: limits.head_bytes });
    }
    let mut lines = Lines(skip_leading_lines(raw));
    let (method, target) = request_line(lines.next_line()?, limits)?;
    let mut fields = Vec::with_capacity(16);
    loop {
        let line = lines.next_line()?;
        if line.is_empty() {
            break;
        }
        if fields.len() == limits.header_fields {
            return Err(HeadFault::TooManyHeaders { limit: limits.header_fields });
        }
        fields.push(field(line)?);
    }
    if !lines.0.is_empty() {
        return Err(HeadFault::Malformed);
    }
    check_host(&fields)?;
    check_connection(&fields)?;
    check_framing(&fields)?;
    check_expectation(&fields)?;
    let (peer, tls) = source(&fields, connection);
    RequestHead::new(method, target, fields, peer, tls).ok_or(HeadFault::TargetForm)
}

type Field<'a> = (&'a str, &'a [u8]);

struct Lines<'a>(&'a [u8]);

impl<'a> Lines<'a> {
    /// The next line without its CR LF. A bare LF, a bare CR and a missing end are faults.
    fn next_line(&mut self) -> Result<&'a [u8], HeadFault> {
        let end = memchr::memchr2(b'\r', b'\n', self.0).ok_or(HeadFault::Malformed)?;
        let (line, rest) = self.0.split_at_checked(end).ok_or(HeadFault::Malformed)?;
        self.0 = rest.strip_prefix(b"\r\n").ok_or(HeadFault::Malformed)?;
        Ok(line)
    }
}

/// Empty lines before the request line are to be ignored (RFC 9112 section 2.2).
pub(super) fn skip_leading_lines(mut raw: &[u8]) -> &[u8] {
    while let Some(rest) = raw.strip_prefix(b"\r\n") {
        raw = rest;
    }
    raw
}

fn request_line<'a>(line: &'a [u8], limits: &HeadLimits) -> Result<(Method, &'a [u8]), HeadFault> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(HeadFault::Malformed);
    };
    if version != b"HTTP/1.1" {
        return Err(HeadFault::Version);
    }
    let method = std::str::from_utf8(method).ok().and_then(Method::parse).ok_or(HeadFault::Method)?;
    check_target(target, limits)?;
    Ok((method, target))
}

fn check_target(target: &[u8], limits: &HeadLimits) -> Result<(), HeadFault> {
    if target.first() != Some(&b'/') {
        return Err(HeadFault::TargetForm);
    }
    if target.contains(&b'#') {
        return Err(HeadFault::Fragment);
    }
    if target.iter().any(u8::is_ascii_control) {
        return Err(HeadFault::ControlByte);
    }
    if target.len() > limits.target_bytes {
        return Err(HeadFault::TargetTooLong { limit: limits.target_bytes });
    }
    let query = target.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
    if query.len() > limits.query_bytes {
        return Err(HeadFault::QueryTooLong { limit: limits.query_bytes });
    }
    Ok(())
}

/// A header field: token, colon, value with the blanks around it left out. Folded lines are refused.
pub(super) fn field(line: &[u8]) -> Result<Field<'_>, HeadFault> {
    let end = line.iter().position(|byte| !is_token_byte(*byte)).ok_or(HeadFault::Malformed)?;
    let (name, rest) = line.split_at_checked(end).ok_or(HeadFault::Malformed)?;
    let value = trim_blanks(rest.strip_prefix(b":").ok_or(HeadFault::Malformed)?);
    if name.is_empty() {
        return Err(HeadFault::Malformed);
    }
    if !is_field_value(value) {
        return Err(HeadFault::ControlByte);
    }
    Ok((std::str::from_utf8(name).map_err(|_| HeadFault::Malformed)?, value))
}

/// Leaves out spaces and tabs on both sides (RFC 9110 section 5.5).
fn trim_blanks(mut value: &[u8]) -> &[u8] {
    while let Some((b' ' | b'\t', rest)) = value.split_first() {
        value = rest;
    }
    while let Some((b' ' | b'\t', rest)) = value.split_last() {
        value = rest;
    }
    value
}

/// Whether no byte could end a line or stand for something else (RFC 9110 section 5.5).
pub(super) fn is_field_value(value: &[u8]) -> bool {
    // Without an early end, so that it is done many bytes at a time.
    !value.iter().fold(false, |found, byte| found | (byte.is_ascii_control() & (*byte != b'\t')))
}

fn values<'a>(fields: &'a [Field<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
    fields.iter().filter(move |(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

fn check_host(fields: &[Field<'_>]) -> Result<(), HeadFault> {
    let mut hosts = values(fields, "host");
    let host = hosts.next().ok_or(HeadFault::Host)?;
    if hosts.next().is_some() {
        return Err(HeadFault::RepeatedHost);
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]~%".contains(byte);
    if host.is_empty() || !host.iter().all(plain) { Err(HeadFault::Host) } else { Ok(()) }
}

/// A field named here would be dropped on the way, after it was evaluated (RFC 9110 section 7.6.1).
fn check_connection(fields: &[Field<'_>]) -> Result<(), HeadFault> {
    let mut tokens = values(fields, "connection").flat_map(|value| value.split(|byte| *byte == b',')).map(trim_blanks);
    let known = |token: &[u8]| {
        token.is_empty() || token.eq_ignore_ascii_case(b"close") || token.eq_ignore_ascii_case(b"keep-alive")
    };
    if tokens.all(known) { Ok(()) } else { Err(HeadFault::Connection) }
}

fn check_framing(fields: &[Field<'_>]) -> Result<(), HeadFault> {
    let mut lengths = values(fields, "content-length");
    let mut codings = values(fields, "transfer-encoding");
    match (lengths.next(), codings.next()) {
        (Some(_), Some(_)) => Err(HeadFault::LengthAndCoding),
        (Some(length), None) => {
            let number = !length.is_empty() && length.len() <= 19 && length.iter().all(u8::is_ascii_digit);
            if number && lengths.next().is_none() { Ok(()) } else { Err(HeadFault::ContentLength) }
        }
        (None, Some(coding)) => {
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            if chunked && codings.next().is_none() { Ok(()) } else { Err(HeadFault::TransferCoding) }
        }
        (None, None) => Ok(()),
    }
}

/// RFC 9110 section 10.1.1; anything else would make clients wait for what never comes.
fn check_expectation(fields: &[Field<'_>]) -> Result<(), HeadFault> {
    let known = |value: &[u8]| value.eq_ignore_ascii_case(b"100-continue");
    if values(fields, "expect").all(known) { Ok(()) } else { Err(HeadFault::Expectation) }
}

/// The source address and whether its way here was encrypted (security rule 31): the socket's, or, where the
/// peer is trusted, the right-most hop that is not. A hop that cannot be read ends the search: nothing left of
/// it can be trusted, and the last trusted peer counts.
fn source(fields: &[Field<'_>], connection: &Connection<'_>) -> (IpAddr, Option<TlsVersion>) {
    let trusted = |address: IpAddr| connection.trusted.iter().any(|range| range.contains(address));
    let mut address = connection.peer.to_canonical();
    if !trusted(address) {
        return (address, connection.tls);
    }
    let hops: Vec<&[u8]> = values(fields, "x-forwarded-for")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(trim_blanks)
        .collect();
    for hop in hops.into_iter().rev() {
        let Some(parsed) = std::str::from_utf8(hop).ok().and_then(parse_hop) else { break };
        address = parsed;
        if !trusted(address) {
            break;
        }
    }
    let mut schemes = values(fields, "x-forwarded-proto");
    let tls = match (schemes.next(), schemes.next()) {
        // The proxy says that it was TLS, not which; the oldest that is served anywhere is assumed.
        (Some(scheme), None) if scheme.eq_ignore_ascii_case(b"https") => connection.tls.or(Some(TlsVersion::V1_2)),
        (None, _) => connection.tls,
        _ => None,
    };
    (address, tls)
}

/// An address, with or without a port and brackets, as proxies write them.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let unbracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let bare = unbracketed.parse::<IpAddr>().ok();
    bare.or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip())).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests;
