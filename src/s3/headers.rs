//! Which headers of a request count, and which are forwarded (rule 3).
//!
//! An `x-amz-*` header that the operation does not admit is refused by name; any other header that it does
//! not admit is dropped, since backends read private ones (`x-minio-*`, `rgwx-*`, `x-seaweedfs-*`). A
//! header that decides is refused when repeated; a header that is a list by its own definition is joined.

use super::error::{Error, Shown};
use super::table::{Row, is_known_header};
use super::tags::Tags;
use crate::types::Timestamp;
use crate::wire::{RequestHead, is_token_byte};
use std::borrow::Cow;

/// Headers that belong to the signature or to the framing. They are read by those who own these and never
/// forwarded as the client sent them.
const FRAMING: [&str; 15] = [
    "host",
    "authorization",
    "date",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "content-length",
    "transfer-encoding",
    "connection",
    "expect",
    "te",
    "trailer",
    "upgrade",
];

/// Admitted with every operation, besides `x-amz-checksum-*` and `x-amz-meta-*`. `Content-Type` is not among them: where
/// nothing is stored it means nothing to S3, but there are backends that take a POST with a form's for a form upload.
const ALWAYS: [&str; 5] = [
    "content-md5",
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "x-amz-sdk-checksum-algorithm",
];

/// Sent by SDKs in browsers and load balancers; they decide nothing.
const IGNORED: [&str; 1] = ["x-amz-user-agent"];

/// The API that a request is written in; the SDK for C++ sends it with each. S3 has this one: the same header with any
/// other value would ask for something that nobody judged.
const API_VERSION: (&str, &[u8]) = ("x-amz-api-version", b"2006-03-01");

/// Lists by their own definition: several fields mean one list. None of them decides.
const LISTS: [&str; 6] = [
    "cache-control",
    "content-encoding",
    "content-language",
    "access-control-request-headers",
    "x-amz-object-attributes",
    "x-amz-optional-object-attributes",
];

const CANNED_ACLS: [&str; 8] = [
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "log-delivery-write",
];

const ENCRYPTIONS: [&str; 5] = ["AES256", "aws:kms", "aws:kms:dsse", "aws:fsx", "aws:backup"];

const META: &str = "x-amz-meta-";

/// How names begin that backends keep for themselves, and that S3 sets itself.
const PRIVATE: [&str; 8] =
    ["x-minio-", "x-rustfs-", "x-seaweedfs-", "seaweed-", "x-rgw-", "rgwx-", "x-amz-replication-", "x-amz-restore"];

/// A header's name; borrowed where the routing table has it.
pub type HeaderName = Cow<'static, str>;

/// The headers of one request, sorted out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// What may be forwarded: lower-case names, values without outer blanks.
    pub(crate) forward: Vec<(HeaderName, Vec<u8>)>,
    /// `x-amz-copy-source` as sent.
    pub(crate) copy_source: Option<Vec<u8>>,
    /// `x-amz-expected-bucket-owner`.
    pub(crate) expected_bucket_owner: Option<Vec<u8>>,
    /// `x-amz-source-expected-bucket-owner`.
    pub(crate) expected_source_owner: Option<Vec<u8>>,
    /// The tags of `x-amz-tagging`.
    pub(crate) tags: Option<Tags>,
}

enum Admission {
    Forward(HeaderName),
    Framing,
    Drop,
}

fn admission(name: &str, value: &[u8], row: &Row) -> Result<Admission, Error> {
    if FRAMING.contains(&name) {
        return Ok(Admission::Framing);
    }
    let known = row.header_name(name).or_else(|| ALWAYS.iter().find(|always| **always == name).copied());
    if let Some(known) = known {
        return Ok(Admission::Forward(Cow::Borrowed(known)));
    }
    if !name.starts_with("x-amz-") || IGNORED.contains(&name) {
        return Ok(Admission::Drop);
    }
    if name == API_VERSION.0 {
        let known = trimmed(value) == API_VERSION.1;
        return if known { Ok(Admission::Drop) } else { Err(Error::HeaderValue(Shown::new(name.as_bytes()))) };
    }
    let is_metadata = name.starts_with(META) && !means_more(name);
    if is_metadata || name.starts_with("x-amz-checksum-") {
        return Ok(Admission::Forward(Cow::Owned(name.to_owned())));
    }
    let name_shown = Shown::new(name.as_bytes());
    if is_known_header(name) {
        Err(Error::UnexpectedHeader { name: name_shown, operation: row.operation })
    } else {
        Err(Error::UnknownHeader(name_shown))
    }
}

/// Whether a key of metadata means more than metadata to some backend. Snowball keys make MinIO and RustFS unpack the
/// body into other objects than the one that was judged. RustFS kept metadata under the key without its prefix, beside
/// what it knows of the object itself: `x-amz-meta-x-amz-tagging` set tags, `x-amz-meta-x-rustfs-…` its own state.
fn means_more(name: &str) -> bool {
    let mut key = name;
    while let Some(rest) = key.strip_prefix(META) {
        key = rest;
    }
    key.contains("snowball")
        || PRIVATE.iter().any(|start| key.starts_with(start))
        || (key.starts_with("x-amz-") && is_known_header(key))
}

/// Sorts out the headers of `head` and those lifted from a presigned query (names in lower case).
pub(crate) fn admit(head: &RequestHead, hoisted: &[(String, Vec<u8>)], row: &Row) -> Result<Admitted, Error> {
    let mut admitted = Admitted::default();
    for (at, header) in head.headers().enumerate() {
        let admission = admission(header.name, header.value, row)?;
        if matches!(admission, Admission::Drop) {
            continue;
        }
        let repeated = head.headers().take(at).any(|earlier| earlier.name == header.name);
        if repeated && !is_list(header.name) {
            return Err(Error::RepeatedHeader(Shown::new(header.name.as_bytes())));
        }
        if let Admission::Forward(name) = admission {
            admitted.add(name, trimmed(header.value))?;
        }
    }
    for (at, (name, value)) in hoisted.iter().enumerate() {
        let shown = || Shown::new(name.as_bytes());
        if !is_token(name) {
            return Err(Error::UnknownQueryKey(shown()));
        }
        if hoisted.iter().take(at).any(|(earlier, _)| earlier == name) {
            return Err(Error::RepeatedQueryKey(shown()));
        }
        if head.header(name).is_some() {
            return Err(Error::HoistedAndSent(shown()));
        }
        match admission(name, value, row)? {
            Admission::Forward(name) => admitted.add(name, trimmed(value))?,
            Admission::Framing => return Err(Error::UnknownQueryKey(shown())),
            Admission::Drop => {}
        }
    }
    // A copy takes its own tags only where it replaces the source's; elsewhere the header would ask for
    // something that nobody judged.
    if admitted.copy_source.is_some() && admitted.value("x-amz-tagging-directive") != Some(b"REPLACE") {
        admitted.forward.retain(|(name, _)| name != "x-amz-tagging");
        admitted.tags = None;
    }
    Ok(admitted)
}

/// A header name by RFC 9110 section 5.6.2. Names on the wire are; a query key could smuggle a line end.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_token_byte)
}

fn is_list(name: &str) -> bool {
    LISTS.contains(&name) || name.starts_with(META)
}

fn trimmed(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

impl Admitted {
    fn value(&self, name: &str) -> Option<&[u8]> {
        self.forward.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    fn add(&mut self, name: HeaderName, value: &[u8]) -> Result<(), Error> {
        if value.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
            return Err(Error::HeaderValue(Shown::new(name.as_bytes())));
        }
        match name.as_ref() {
            "x-amz-copy-source" => self.copy_source = Some(value.to_vec()),
            "x-amz-expected-bucket-owner" => self.expected_bucket_owner = Some(value.to_vec()),
            "x-amz-source-expected-bucket-owner" => self.expected_source_owner = Some(value.to_vec()),
            "x-amz-tagging" => {
                let tags = Tags::from_header(value)?;
                self.forward.push((name, tags.to_header().into_bytes()));
                self.tags = Some(tags);
            }
            "content-encoding" => {
                let kept = without_aws_chunked(value);
                if !kept.is_empty() {
                    self.push(name, kept);
                }
            }
            _ => {
                let value = closed_value(&name, value)?;
                self.push(name, value);
            }
        }
        Ok(())
    }

    fn push(&mut self, name: HeaderName, value: Vec<u8>) {
        // Only lists come here twice.
        match self.forward.iter_mut().find(|(known, _)| *known == name) {
            Some((_, joined)) => {
                joined.push(b',');
                joined.extend_from_slice(&value);
            }
            None => self.forward.push((name, value)),
        }
    }
}

/// The content codings but `aws-chunked`, which is framing.
fn without_aws_chunked(value: &[u8]) -> Vec<u8> {
    let tokens = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let kept: Vec<&[u8]> =
        tokens.filter(|token| !token.is_empty() && !token.eq_ignore_ascii_case(b"aws-chunked")).collect();
    kept.join(&b","[..])
}

/// Values that decide, what is needed or as condition keys, come from closed sets and are forwarded in one spelling:
/// else a value that we take for "no" could be a backend's "yes", and a Deny for a mode or a date pass over what the
/// backend understands all the same.
fn closed_value(name: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
    let lower = || value.to_ascii_lowercase();
    let one_of = |values: &[&str]| Some(value.to_vec()).filter(|value| values.iter().any(|v| v.as_bytes() == value));
    let closed: Option<Vec<u8>> = match name {
        "x-amz-bypass-governance-retention" | "x-amz-bucket-object-lock-enabled" => {
            Some(lower()).filter(|value| matches!(value.as_slice(), b"true" | b"false"))
        }
        "x-amz-tagging-directive" | "x-amz-metadata-directive" => {
            Some(value.to_ascii_uppercase()).filter(|value| matches!(value.as_slice(), b"COPY" | b"REPLACE"))
        }
        "x-amz-acl" => Some(lower()).filter(|value| CANNED_ACLS.iter().any(|acl| acl.as_bytes() == value)),
        // Conditions compare these with case; MinIO reads them without, and reads dates that we could not.
        "x-amz-object-lock-mode" => one_of(&["GOVERNANCE", "COMPLIANCE"]),
        "x-amz-object-lock-legal-hold" => one_of(&["ON", "OFF"]),
        "x-amz-server-side-encryption" => one_of(&ENCRYPTIONS),
        "x-amz-object-ownership" => one_of(&["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]),
        "x-amz-bucket-namespace" => one_of(&["account-regional", "global"]),
        "x-amz-object-lock-retain-until-date" => date(value),
        _ => Some(value.to_vec()),
    };
    closed.ok_or_else(|| Error::HeaderValue(Shown::new(name.as_bytes())))
}

/// A date in ISO 8601 in the form in which SDKs send it, with milliseconds only where there are some.
fn date(value: &[u8]) -> Option<Vec<u8>> {
    let time = std::str::from_utf8(value).ok().and_then(|text| Timestamp::parse_iso8601(text).ok())?;
    let text = if time.millis().rem_euclid(1000) == 0 { time.iso8601() } else { time.iso8601_millis() };
    Some(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_03_values_that_decide_are_forwarded_in_one_spelling_or_refused() {
        for (name, value, wanted) in [
            ("x-amz-object-lock-mode", "compliance", None),
            ("x-amz-object-lock-mode", "COMPLIANCE", Some("COMPLIANCE")),
            ("x-amz-object-lock-mode", "GOVERNANCE", Some("GOVERNANCE")),
            ("x-amz-object-lock-mode", "COMPLIANCE,GOVERNANCE", None),
            ("x-amz-object-lock-mode", "", None),
            ("x-amz-object-lock-legal-hold", "on", None),
            ("x-amz-object-lock-legal-hold", "OFF", Some("OFF")),
            ("x-amz-object-lock-legal-hold", "true", None),
            ("x-amz-object-lock-retain-until-date", "2027-01-02T00:00:00Z", Some("2027-01-02T00:00:00Z")),
            ("x-amz-object-lock-retain-until-date", "2027-01-02T02:00:00.5+02:00", Some("2027-01-02T00:00:00.500Z")),
            ("x-amz-object-lock-retain-until-date", "2027-01-02", Some("2027-01-02T00:00:00Z")),
            // Go's parser, and so a backend's, takes a comma before the fraction.
            ("x-amz-object-lock-retain-until-date", "2027-01-02T00:00:00,5Z", None),
            ("x-amz-object-lock-retain-until-date", "Sat, 02 Jan 2027 00:00:00 GMT", None),
            ("x-amz-object-lock-retain-until-date", "20270102T000000Z", None),
            ("x-amz-object-lock-retain-until-date", "1798848000", None),
            ("x-amz-server-side-encryption", "AWS:KMS", None),
            ("x-amz-server-side-encryption", "aws:kms", Some("aws:kms")),
            ("x-amz-server-side-encryption", "AES256", Some("AES256")),
            ("x-amz-server-side-encryption", "other", None),
            ("x-amz-storage-class", "Standard", Some("Standard")),
        ] {
            let closed = closed_value(name, value.as_bytes()).ok();
            assert_eq!(closed.as_deref(), wanted.map(str::as_bytes), "{name}: {value}");
        }
    }
}
