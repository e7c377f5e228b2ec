//! The canonical request and the string to sign: one canonicaliser for verifying and for signing.
//!
//! S3's rules: the path is percent-decoded and encoded once, nothing in it normalised; query keys and values
//! are decoded, encoded and sorted by key, then value; header values are trimmed, runs of blanks folded, those
//! of a repeated header joined by commas in the order of the wire. All on bytes: nothing need be UTF-8.

use super::claim::ALGORITHM;
use super::error::Error;
use super::hex_digest::HexDigest;
use super::presigned::SIGNATURE;
use crate::wire::{QueryString, percent};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Room for a usual canonical request without growing.
const USUAL_LENGTH: usize = 1024;

/// Begins a canonical request: method and path.
pub(super) fn begin(method: &str) -> String {
    let mut out = String::with_capacity(USUAL_LENGTH);
    out.push_str(method);
    out.push('\n');
    out
}

/// Appends the path as S3 canonicalises it, and a line end.
pub(super) fn push_path(raw: &[u8], out: &mut String) -> Result<(), Error> {
    match percent::plain_path(raw) {
        Some(path) => out.push_str(path),
        None => percent::encode_path_into(&percent::decode(raw).map_err(|_| Error::MalformedPath)?, out),
    }
    out.push('\n');
    Ok(())
}

/// Appends the canonical query, without the signature where it stands there, and a line end.
pub(super) fn push_query(query: &QueryString, out: &mut String) {
    // All encoded pairs in one text; the spans are sorted instead of the pairs.
    let mut encoded = String::with_capacity(if query.is_empty() { 0 } else { USUAL_LENGTH });
    let mut spans: Vec<(Range<usize>, Range<usize>)> = Vec::with_capacity(query.pairs().len());
    for pair in query.pairs().iter().filter(|pair| pair.key != SIGNATURE.as_bytes()) {
        let start = encoded.len();
        percent::encode_into(&pair.key, &mut encoded);
        let middle = encoded.len();
        percent::encode_into(&pair.value, &mut encoded);
        spans.push((start..middle, middle..encoded.len()));
    }
    // INVARIANT: the spans are of this text.
    let text = |span: &Range<usize>| encoded.get(span.clone()).unwrap_or_default();
    spans.sort_unstable_by(|(key, value), (other_key, other_value)| {
        text(key).cmp(text(other_key)).then_with(|| text(value).cmp(text(other_value)))
    });
    push_sorted(spans.iter().map(|(key, value)| (text(key), text(value))), out);
}

/// Appends pairs that are encoded and sorted, and a line end.
pub(super) fn push_sorted<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, out: &mut String) {
    for (index, (key, value)) in pairs.enumerate() {
        if index > 0 {
            out.push('&');
        }
        out.push_str(key);
        out.push('=');
        out.push_str(value);
    }
    out.push('\n');
}

/// Appends `name:values`, and a line end.
pub(super) fn push_header<'a>(name: &str, values: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_folded(value, out);
    }
    out.push(b'\n');
}

/// Appends a header value, trimmed, with runs of spaces and tabs as one space.
fn push_folded(value: &[u8], out: &mut Vec<u8>) {
    // Nearly every value has no blank, and a session token is long. In bytes, not truths: so sixteen are done at once.
    let blanks = value.iter().fold(0, |any, byte| any | u8::from(*byte == b' ') | u8::from(*byte == b'\t'));
    if blanks == 0 {
        out.extend_from_slice(value);
        return;
    }
    let words = value.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

/// The string to sign over a canonical request.
pub(super) fn string_to_sign(time: &str, scope: &str, canonical_request: &[u8]) -> String {
    let mut out = String::with_capacity(160 + scope.len());
    let digest = HexDigest::of(&Sha256::digest(canonical_request).into());
    for part in [ALGORITHM, "\n", time, "\n", scope, "\n", digest.as_str()] {
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded_once_and_not_normalised() {
        let canonical = |raw: &[u8]| {
            let mut out = String::new();
            push_path(raw, &mut out).map(|()| out)
        };
        assert_eq!(canonical(b"/a//b/../%7e%2fc+d/(x)").unwrap(), "/a//b/../~/c%2Bd/%28x%29\n");
        assert_eq!(canonical("/\u{e9}".as_bytes()).unwrap(), "/%C3%A9\n");
        assert_eq!(canonical(b"/%ff").unwrap(), "/%FF\n");
        assert_eq!(canonical(b"/%f"), Err(Error::MalformedPath));
    }

    #[test]
    fn queries_are_sorted_by_encoded_key_then_value() {
        let query = QueryString::parse(b"b=2&a-=x&a=%ff&b=1&acl&X-Amz-Signature=s&c=a+b&b=%31").unwrap();
        let mut out = String::new();
        push_query(&query, &mut out);
        assert_eq!(out, "a=%FF&a-=x&acl=&b=1&b=1&b=2&c=a%2Bb\n");
    }

    #[test]
    fn header_values_are_trimmed_folded_and_joined() {
        let mut out = Vec::new();
        push_header("x", [&b"  a \t b"[..], b"", b"\xff c "].into_iter(), &mut out);
        assert_eq!(out, b"x:a b,,\xff c\n");
    }
}
