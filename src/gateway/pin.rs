//! Holding a request to the object that was judged (security rule 11).
//!
//! An object is looked at, its tags are asked for, the request goes: meanwhile another can have taken its place. In a
//! bucket with versions the request goes to the version that was seen. Without, what reads content goes with `If-Match`
//! and the ETag that was seen; what was not there must not be there. A backend that finds another object answers 412,
//! which the client hears as `SlowDown`, so that it tries again.
//!
//! What remains: tags that change while the object stays; operations on unversioned objects that know no `If-Match`
//! (tags, attributes); and objects that are overwritten, which a condition on their tags cannot protect with AWS either.

use super::data_plane::Call;
use super::facts::{ObjectAt, Seen};
use super::{Dialect, Fault, Gateway, Scene};
use crate::s3::{CopySource, Operation, S3Request};
use crate::types::Timestamp;
use crate::wire::Response;

/// An ETag that no object has.
const NO_OBJECT: &[u8] = b"\"00000000000000000000000000000000\"";

/// How a request can be held to the object that it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// It reads the content: by version, else by `If-Match`.
    Content,
    /// It copies the content: the same in the headers of the copy source.
    Source,
    /// It is about what belongs to a version: by version alone.
    Version,
    /// It puts another in its place, or is not about the object that is there.
    Unpinned,
}

impl Manner {
    /// That of an operation for the object in its path.
    pub(super) fn of(operation: Operation) -> Self {
        match operation {
            Operation::GetObject | Operation::HeadObject => Self::Content,
            Operation::GetObjectAttributes
            | Operation::GetObjectTagging
            | Operation::PutObjectTagging
            | Operation::DeleteObjectTagging => Self::Version,
            _ => Self::Unpinned,
        }
    }

    /// Whether what is stored itself comes to be read.
    pub(super) fn reads_content(self) -> bool {
        matches!(self, Self::Content | Self::Source)
    }

    /// The headers of the client's own encryption key, without which its object cannot be looked at.
    pub(super) fn customer_key(self, request: &S3Request) -> Vec<(String, Vec<u8>)> {
        let headers = request.headers().iter();
        let own = headers.filter_map(|(name, value)| {
            let name = if self == Self::Source { name.strip_prefix("x-amz-copy-source-")? } else { name };
            let name = name.strip_prefix("x-amz-").unwrap_or(name);
            name.starts_with("server-side-encryption-customer-").then(|| (format!("x-amz-{name}"), value.clone()))
        });
        own.collect()
    }
}

/// Which object was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pin {
    /// This version, which stays what it is.
    Version(Vec<u8>),
    /// One without version.
    Etag {
        /// As the backend writes it.
        etag: Vec<u8>,
        /// When it was stored, if the backend told.
        modified: Option<Timestamp>,
    },
    /// None.
    Absent,
}

/// What of a forwarded request is not the client's.
#[derive(Debug, Default)]
pub(super) struct Pinned {
    /// The version to name in the query.
    pub(super) version: Option<Vec<u8>>,
    /// Headers in place of the client's.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    /// The answer in place of a 412.
    pub(super) changed: Option<Response>,
}

impl Gateway {
    /// Holds the request to the object as it was seen; to nothing where its tags were not asked for.
    pub(super) fn pin(
        &self,
        scene: &Scene<'_>,
        call: &Call<'_>,
        seen: &Seen<'_>,
        object: Option<ObjectAt<'_>>,
    ) -> Pinned {
        let mut pinned = Pinned::default();
        let Some(object) = object else { return pinned };
        let Some(pin) = seen.object(object).and_then(|seen| seen.pin.as_ref()) else { return pinned };
        let conditions = match (object.manner, pin) {
            (Manner::Unpinned, _) => return pinned,
            (Manner::Source, Pin::Version(version)) => {
                let (bucket, key) = (object.bucket.clone(), object.key.clone());
                let source = CopySource { bucket, key, version: Some(version.as_slice().into()) };
                let value = source.header_value(object.bucket).into_bytes();
                pinned.headers.push(("x-amz-copy-source".to_owned(), value));
                return pinned;
            }
            (_, Pin::Version(version)) => {
                pinned.version = Some(version.clone());
                return pinned;
            }
            (Manner::Version, _) => return pinned,
            (Manner::Content, _) => Conditions::new(call.request, ""),
            (Manner::Source, _) => Conditions::new(call.request, "x-amz-copy-source-"),
        };
        let etag = conditions.etag(pin).to_vec();
        pinned.headers.push((format!("{}if-match", conditions.prefix), etag));
        // A client that makes conditions of its own must be able to hear that they do not hold.
        if !conditions.may_fail() {
            let answer = super::rescue::answer(&Fault::FactChanged, Dialect::S3, scene.head, scene.request_id);
            pinned.changed = Some(answer.response);
        }
        pinned
    }
}

/// The client's own conditions on what it reads.
struct Conditions<'a> {
    request: &'a S3Request,
    prefix: &'static str,
}

impl<'a> Conditions<'a> {
    fn new(request: &'a S3Request, prefix: &'static str) -> Self {
        Self { request, prefix }
    }

    fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.request.header(&format!("{}{name}", self.prefix))
    }

    /// The ETag to ask for: that of the object as it was seen, if the client would have it, else one that none has,
    /// so that the backend answers as the client's own condition would have made it.
    fn etag<'p>(&self, pin: &'p Pin) -> &'p [u8] {
        let Pin::Etag { etag, modified } = pin else { return NO_OBJECT };
        let wanted = match (self.value("if-match"), self.value("if-unmodified-since")) {
            (Some(list), _) => names(list, etag),
            // With `If-Match` a backend passes this over (RFC 9110 section 13.2.2).
            (None, Some(date)) => {
                let date = std::str::from_utf8(date).ok().and_then(|date| Timestamp::parse_http(date).ok());
                date.zip(*modified).is_none_or(|(date, modified)| modified.seconds() <= date.seconds())
            }
            (None, None) => true,
        };
        if wanted { etag } else { NO_OBJECT }
    }

    /// Whether the backend's 412 can come of a condition of the client's.
    fn may_fail(&self) -> bool {
        let copies = self.request.copy_source().is_some();
        self.request.headers().iter().any(|(name, _)| {
            matches!(name.as_ref(), "if-match" | "if-unmodified-since")
                || (copies && (name.starts_with("if-") || name.starts_with("x-amz-copy-source-if-")))
        })
    }
}

/// Whether a list of ETags, with or without quotes, or `*`, names this one.
fn names(list: &[u8], etag: &[u8]) -> bool {
    fn bare(etag: &[u8]) -> &[u8] {
        let etag = etag.trim_ascii();
        etag.strip_prefix(b"\"").and_then(|etag| etag.strip_suffix(b"\"")).unwrap_or(etag)
    }
    list.split(|byte| *byte == b',').any(|one| one.trim_ascii() == b"*" || bare(one) == bare(etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_11_the_clients_own_list_of_etags_is_read() {
        for list in ["\"a\"", "a", "*", "\"b\", \"a\"", "b,a"] {
            assert!(names(list.as_bytes(), b"\"a\""), "{list}");
        }
        for list in ["", "\"b\"", "W/\"a\"", "\"a", "aa"] {
            assert!(!names(list.as_bytes(), b"\"a\""), "{list}");
        }
    }

    #[test]
    fn rule_11_only_what_is_about_the_stored_object_is_held_to_it() {
        let pinned = Operation::ALL.iter().filter(|operation| Manner::of(**operation) != Manner::Unpinned);
        assert_eq!(
            pinned.map(|operation| operation.name()).collect::<Vec<_>>(),
            [
                "DeleteObjectTagging",
                "GetObject",
                "GetObjectAttributes",
                "GetObjectTagging",
                "HeadObject",
                "PutObjectTagging"
            ]
        );
    }
}
