//! Routing: which operation a request is, by method, kind of target, sub-resource, query keys and headers.
//!
//! Nothing is guessed: an unknown query key, two sub-resources, a repeated key or a method without a row is
//! refused by name, never taken for the plain operation (rule 3). Query keys are compared decoded and with
//! case. A preflight carries the query of the request it asks about; nothing of it counts or is forwarded.

use super::address::{AddressingRules, Target, address};
use super::copy_source::CopySource;
use super::error::{Error, Shown};
use super::headers::admit;
use super::names::{check_id, check_listing_name, check_token};
use super::operation::Operation;
use super::request::S3Request;
use super::table::{Reach, Row, is_known_key, is_marker, rows};
use crate::wire::{Method, QueryPair, QueryString, RequestHead};

/// Query keys of a presigned request that belong to its signature.
const SIGNATURE_KEYS: [&str; 8] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
];

/// Routes a request. `presigned` says that the signature is in the query: then its keys are left out and
/// other `x-amz-*` keys are lifted into headers.
pub fn route(
    head: &RequestHead,
    query: &QueryString,
    presigned: bool,
    rules: &AddressingRules,
) -> Result<S3Request, Error> {
    let target = address(head, rules)?;
    let (pairs, hoisted) = sort_query(head.method(), query, presigned);
    let marker = find_marker(&pairs)?;
    let row = choose(head, &hoisted, &target, marker, &pairs).map_err(|other| unknown_key(&pairs).unwrap_or(other))?;
    if row.reach == Reach::Never {
        return Err(Error::NeverForwarded(row.operation));
    }
    let query = admit_query(row, &pairs, rules)?;
    let admitted = admit(head, &hoisted, row)?;
    let copy_source = admitted.copy_source.map(|value| CopySource::parse(&value, rules)).transpose()?;
    Ok(S3Request {
        row,
        method: head.method(),
        target,
        query,
        headers: admitted.forward,
        copy_source,
        tags: admitted.tags,
        expected_bucket_owner: admitted.expected_bucket_owner,
        expected_source_owner: admitted.expected_source_owner,
    })
}

type Hoisted = Vec<(String, Vec<u8>)>;

/// The operation's own pairs, and the headers hoisted into a presigned query.
fn sort_query(method: Method, query: &QueryString, presigned: bool) -> (Vec<&QueryPair>, Hoisted) {
    let mut hoisted = Vec::new();
    let mut pairs = Vec::new();
    for pair in query.pairs() {
        let is_amz = pair.key.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"x-amz-"));
        if pair.key == b"x-id" || method == Method::Options {
            continue;
        } else if presigned && is_amz {
            if !SIGNATURE_KEYS.iter().any(|key| key.as_bytes() == pair.key) {
                let name = String::from_utf8_lossy(&pair.key).to_ascii_lowercase();
                hoisted.push((name, pair.value.clone()));
            }
        } else {
            pairs.push(pair);
        }
    }
    (pairs, hoisted)
}

/// The one sub-resource asked for; on the way, repeated keys are refused.
fn find_marker<'a>(pairs: &[&'a QueryPair]) -> Result<Option<&'a [u8]>, Error> {
    let mut marker: Option<&[u8]> = None;
    for (at, pair) in pairs.iter().enumerate() {
        let shown = || Shown::new(&pair.key);
        if pairs.iter().take(at).any(|earlier| earlier.key == pair.key) {
            return Err(Error::RepeatedQueryKey(shown()));
        }
        if is_marker(&pair.key) {
            if let Some(earlier) = marker {
                return Err(Error::SeveralSubresources(Shown::new(earlier), shown()));
            }
            marker = Some(&pair.key);
        }
    }
    Ok(marker)
}

/// The refusal of the first query key that no operation has.
fn unknown_key(pairs: &[&QueryPair]) -> Option<Error> {
    let unknown = pairs.iter().find(|pair| !is_known_key(&pair.key));
    unknown.map(|pair| Error::UnknownQueryKey(Shown::new(&pair.key)))
}

/// The row with this sub-resource whose required names are there; the one that requires most stands.
fn choose(
    head: &RequestHead,
    hoisted: &Hoisted,
    target: &Target,
    marker: Option<&[u8]>,
    pairs: &[&QueryPair],
) -> Result<&'static Row, Error> {
    let candidates = || {
        let routed = rows(head.method(), target.shape()).iter().filter(|row| row.reach != Reach::Twin);
        routed.filter(|row| row.marker.map(str::as_bytes) == marker)
    };
    let has_key = |key: &&str| pairs.iter().any(|pair| pair.key == key.as_bytes());
    let has_header = |name: &&str| head.header(name).is_some() || hoisted.iter().any(|(known, _)| known == name);
    let fitting = candidates()
        .filter(|row| row.required_query.iter().all(&has_key))
        .filter(|row| row.required_headers.iter().all(&has_header));
    // `max_by_key` keeps the last of equals; among rows that fit, none requires as much as another.
    let row = fitting.max_by_key(|row| row.required_query.len() + row.required_headers.len());
    match (row, candidates().next()) {
        (Some(row), _) if row.operation == Operation::PostObject && !is_form(head) => Err(Error::NotAForm),
        (Some(row), _) => Ok(row),
        (None, Some(row)) if row.operation == Operation::PostObject => Err(Error::NotAForm),
        (None, Some(row)) => Err(missing(row, has_key)),
        (None, None) => Err(Error::MethodNotAllowed {
            method: head.method(),
            target: target.kind(),
            subresource: marker.map(Shown::new),
        }),
    }
}

fn missing(row: &Row, has_key: impl Fn(&&str) -> bool) -> Error {
    let key = row.required_query.iter().find(|key| !has_key(key)).map(|key| Error::MissingQueryKey(key));
    let header = || row.required_headers.first().map(|name| Error::MissingHeader(name));
    key.or_else(header).unwrap_or(Error::NeverForwarded(row.operation))
}

fn is_form(head: &RequestHead) -> bool {
    let content_type = head.header("content-type").unwrap_or_default().trim_ascii();
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    media_type.eq_ignore_ascii_case(b"multipart/form-data")
}

fn admit_query(
    row: &'static Row,
    pairs: &[&QueryPair],
    rules: &AddressingRules,
) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    if let Some((key, wanted)) = row.fixed
        && !pairs.iter().any(|pair| pair.key == key.as_bytes() && pair.value == wanted.as_bytes())
    {
        return Err(Error::FixedQueryValue { key, wanted });
    }
    let mut query = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let key = row.query_key(&pair.key).ok_or_else(|| {
            let unexpected = Error::UnexpectedQueryKey { key: Shown::new(&pair.key), operation: row.operation };
            unknown_key(pairs).unwrap_or(unexpected)
        })?;
        check_value(row, key, &pair.value, rules)?;
        query.push((key, pair.value.clone()));
    }
    Ok(query)
}

fn check_value(row: &Row, key: &'static str, value: &[u8], rules: &AddressingRules) -> Result<(), Error> {
    let is_fixed = row.fixed.is_some_and(|(fixed, _)| fixed == key);
    if row.marker == Some(key) && !is_fixed {
        return if value.is_empty() { Ok(()) } else { Err(Error::SubresourceValue(key)) };
    }
    // An empty version or upload id may be a backend's "none", which asks for another action.
    if value.is_empty() && (key == "versionId" || row.required_query.contains(&key)) {
        return Err(Error::EmptyQueryValue(key));
    }
    match key {
        // `s3:max-keys` must read as the number that the backend reads.
        "max-keys" if !is_number(value) => Err(Error::NotANumber(key)),
        // A backend may take a part with a number that is none for a whole object.
        "partNumber" if !is_part_number(value) => Err(Error::PartNumber),
        "prefix" | "marker" | "key-marker" | "start-after" if row.operation != Operation::ListBuckets => {
            check_listing_name(value, rules.keys)
        }
        "uploadId" | "versionId" | "upload-id-marker" | "version-id-marker" if !value.is_empty() => {
            check_id(value, rules.keys)
        }
        "continuation-token" if row.operation != Operation::ListBuckets => check_token(value, rules.keys),
        _ => Ok(()),
    }
}

fn is_part_number(value: &[u8]) -> bool {
    is_number(value)
        && std::str::from_utf8(value).is_ok_and(|text| text.parse().is_ok_and(|n| (1..=10_000).contains(&n)))
}

fn is_number(value: &[u8]) -> bool {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    digits && std::str::from_utf8(value).is_ok_and(|text| text.parse::<i32>().is_ok())
}
