//! The routing table: for each operation its markers, the names it admits and the actions it needs.
//!
//! Closed data: what has no row is refused. A test compares the table with `s3-operations.json` in both
//! directions (markers, required and optional names, actions, resources, conditions).

mod bucket_read;
mod bucket_write;
mod groups;
mod object_read;
mod object_write;

use super::operation::Operation;
use crate::wire::Method;

/// What an action is asked on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum On {
    /// No single resource: `arn:aws:s3:::*`.
    Nothing,
    /// The bucket.
    Bucket,
    /// The object.
    Object,
    /// The object named by `x-amz-copy-source`.
    Source,
    /// Each key named in the body.
    EachEntry,
}

/// When an action is needed. The forms of `whenForms` in `s3-operations.json`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// For every such request.
    Always,
    /// The query key is there.
    Query(&'static str),
    /// The query key is not there.
    QueryAbsent(&'static str),
    /// The header is there.
    Header(&'static str),
    /// The header has this value.
    HeaderIs(&'static str, &'static str),
    /// The header is there and has another value.
    HeaderIsNot(&'static str, &'static str),
    /// The header is not there or has another value.
    HeaderIsNotOrAbsent(&'static str, &'static str),
    /// One of the headers is there.
    AnyHeader(&'static [&'static str]),
    /// The copy source names (or does not name) a version.
    CopySourceVersion(bool),
    /// The body's entry names (or does not name) a version.
    BodyEntryVersion(bool),
    /// The body has `CreateBucketConfiguration/Tags`.
    BucketTagsInBody,
    /// The copied object has tags, which only the backend knows.
    SourceHasTags,
    /// The form field is there.
    FormField(&'static str),
    /// One of the form fields is there.
    AnyFormField(&'static [&'static str]),
    /// One of the conditions holds.
    Any(&'static [When]),
    /// All conditions hold.
    All(&'static [When]),
}

/// One action that an operation may need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Need {
    /// IAM action.
    pub(crate) action: &'static str,
    /// What it is asked on.
    pub(crate) on: On,
    /// When it is asked.
    pub(crate) when: When,
}

/// How a row is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reach {
    /// By its markers.
    Routed,
    /// Has the wire form of another row, which stands for both: an older name, or a call that is told apart
    /// only by an endpoint of AWS.
    Twin,
    /// Recognised so that it is refused: directory buckets, Object Lambda (rule 8).
    Never,
}

/// What the table says about an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) operation: Operation,
    pub(crate) marker: Option<&'static str>,
    /// A query key with the one value it must have.
    pub(crate) fixed: Option<(&'static str, &'static str)>,
    pub(crate) required_query: &'static [&'static str],
    /// Names in lower case.
    pub(crate) required_headers: &'static [&'static str],
    pub(crate) query: &'static [&'static [&'static str]],
    /// Names in lower case; `x-amz-meta-*` stands for all of its prefix.
    pub(crate) headers: &'static [&'static [&'static str]],
    pub(crate) needs: &'static [Need],
    pub(crate) reach: Reach,
}

impl Row {
    const fn marker(mut self, marker: &'static str) -> Self {
        self.marker = Some(marker);
        self
    }

    const fn fixed(mut self, key: &'static str, value: &'static str) -> Self {
        self.fixed = Some((key, value));
        self
    }

    const fn required_query(mut self, keys: &'static [&'static str]) -> Self {
        self.required_query = keys;
        self
    }

    const fn required_headers(mut self, names: &'static [&'static str]) -> Self {
        self.required_headers = names;
        self
    }

    const fn query(mut self, keys: &'static [&'static [&'static str]]) -> Self {
        self.query = keys;
        self
    }

    const fn headers(mut self, names: &'static [&'static [&'static str]]) -> Self {
        self.headers = names;
        self
    }

    const fn needs(mut self, needs: &'static [Need]) -> Self {
        self.needs = needs;
        self
    }

    const fn twin(mut self) -> Self {
        self.reach = Reach::Twin;
        self
    }

    const fn never(mut self) -> Self {
        self.reach = Reach::Never;
        self
    }

    /// The table's own copy of a query key, if the operation admits it.
    pub(crate) fn query_key(&self, key: &[u8]) -> Option<&'static str> {
        let fixed = self.fixed.iter().map(|(name, _)| name);
        let optional = self.query.iter().flat_map(|group| group.iter());
        self.marker
            .iter()
            .chain(fixed)
            .chain(self.required_query)
            .chain(optional)
            .find(|name| name.as_bytes() == key)
            .copied()
    }

    /// The table's own copy of a header name (lower case), if the operation's list has it.
    pub(crate) fn header_name(&self, name: &str) -> Option<&'static str> {
        let optional = self.headers.iter().flat_map(|group| group.iter());
        self.required_headers.iter().chain(optional).find(|known| **known == name).copied()
    }
}

const fn row(operation: Operation) -> Row {
    Row {
        operation,
        marker: None,
        fixed: None,
        required_query: &[],
        required_headers: &[],
        query: &[],
        headers: &[],
        needs: &[],
        reach: Reach::Routed,
    }
}

const fn need(action: &'static str, on: On, when: When) -> Need {
    Need { action, on, when }
}

const fn always(action: &'static str, on: On) -> Need {
    need(action, on, When::Always)
}

/// Needed on the object where the query names no version.
const fn plain(action: &'static str) -> Need {
    need(action, On::Object, When::QueryAbsent("versionId"))
}

/// Needed on the object where the query names a version.
const fn versioned(action: &'static str) -> Need {
    need(action, On::Object, When::Query("versionId"))
}

/// What the path names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// `/`
    Service,
    /// `/BUCKET`
    Bucket,
    /// `/BUCKET/KEY`
    Object,
}

/// The rows of a method on a kind of target.
pub(crate) fn rows(method: Method, shape: Shape) -> &'static [Row] {
    match (shape, method) {
        (Shape::Object, Method::Get) => object_read::GET_OBJECT,
        (Shape::Object, Method::Head) => object_read::HEAD_OBJECT,
        (Shape::Object, Method::Options) | (Shape::Bucket, Method::Options) => object_read::OPTIONS_OBJECT,
        (Shape::Object, Method::Put) => object_write::PUT_OBJECT,
        (Shape::Object, Method::Post) => object_write::POST_OBJECT,
        (Shape::Object, Method::Delete) => object_write::DELETE_OBJECT,
        (Shape::Bucket, Method::Get) => bucket_read::GET_BUCKET,
        (Shape::Bucket, Method::Head) => bucket_read::HEAD_BUCKET,
        (Shape::Bucket, Method::Put) => bucket_write::PUT_BUCKET,
        (Shape::Bucket, Method::Post) => bucket_write::POST_BUCKET,
        (Shape::Bucket, Method::Delete) => bucket_write::DELETE_BUCKET,
        (Shape::Service, Method::Get) => bucket_read::GET_SERVICE,
        (Shape::Service, Method::Post) => bucket_write::POST_SERVICE,
        (Shape::Service, _) => &[],
    }
}

const GROUPS: [(Method, Shape); 13] = [
    (Method::Get, Shape::Service),
    (Method::Post, Shape::Service),
    (Method::Get, Shape::Bucket),
    (Method::Head, Shape::Bucket),
    (Method::Put, Shape::Bucket),
    (Method::Post, Shape::Bucket),
    (Method::Delete, Shape::Bucket),
    (Method::Get, Shape::Object),
    (Method::Head, Shape::Object),
    (Method::Put, Shape::Object),
    (Method::Post, Shape::Object),
    (Method::Delete, Shape::Object),
    (Method::Options, Shape::Object),
];

/// Every row with its method and kind of target.
pub(crate) fn all() -> impl Iterator<Item = (Method, Shape, &'static Row)> {
    GROUPS.iter().flat_map(|(method, shape)| rows(*method, *shape).iter().map(|row| (*method, *shape, row)))
}

/// Every sub-resource of the table, so that the common request need not search all rows.
pub(crate) const MARKERS: &[&str] = &[
    "abac",
    "accelerate",
    "acl",
    "analytics",
    "annotation",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "list-type",
    "location",
    "logging",
    "metadataAnnotationTable",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "uploads",
    "versioning",
    "versions",
    "website",
];

/// Whether a decoded query key marks a sub-resource anywhere in the table.
pub(crate) fn is_marker(key: &[u8]) -> bool {
    MARKERS.iter().any(|marker| marker.as_bytes() == key)
}

/// Whether any operation knows the decoded query key.
pub(crate) fn is_known_key(key: &[u8]) -> bool {
    all().any(|(_, _, row)| row.query_key(key).is_some())
}

/// Whether any operation's list has the header (lower case).
pub(crate) fn is_known_header(name: &str) -> bool {
    all().any(|(_, _, row)| row.header_name(name).is_some())
}
