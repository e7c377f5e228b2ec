//! The routed request: what it is and what of it may be forwarded. Only [`route`](super::route) makes one.

use super::address::Target;
use super::copy_source::CopySource;
use super::headers::HeaderName;
use super::names::{BucketName, ObjectKey};
use super::operation::Operation;
use super::table::Row;
use super::tags::Tags;
use crate::wire::Method;

/// An S3 request whose every query key and header is admitted by the routing table.
#[derive(Clone, Debug)]
pub struct S3Request {
    pub(super) row: &'static Row,
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) query: Vec<(&'static str, Vec<u8>)>,
    pub(super) headers: Vec<(HeaderName, Vec<u8>)>,
    pub(super) copy_source: Option<CopySource>,
    pub(super) tags: Option<Tags>,
    pub(super) expected_bucket_owner: Option<Vec<u8>>,
    pub(super) expected_source_owner: Option<Vec<u8>>,
}

impl S3Request {
    /// The operation.
    pub fn operation(&self) -> Operation {
        self.row.operation
    }

    /// The method, which is forwarded as it came.
    pub fn method(&self) -> Method {
        self.method
    }

    /// What the request is about.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The bucket, if one is named.
    pub fn bucket(&self) -> Option<&BucketName> {
        self.target.bucket()
    }

    /// The key, if one is named.
    pub fn key(&self) -> Option<&ObjectKey> {
        self.target.key()
    }

    /// The admitted query keys with their decoded values, in the client's order. Markers have empty values.
    pub fn query(&self) -> &[(&'static str, Vec<u8>)] {
        &self.query
    }

    /// The decoded value of a query key.
    pub fn query_value(&self, key: &str) -> Option<&[u8]> {
        self.query.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_slice())
    }

    /// The admitted headers: lower-case names, signing and framing headers left out, those of a presigned
    /// query lifted in. The copy source and the expected owners are kept apart.
    pub fn headers(&self) -> &[(HeaderName, Vec<u8>)] {
        &self.headers
    }

    /// The value of an admitted header, by its lower-case name.
    pub fn header(&self, lower_name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| known == lower_name).map(|(_, value)| value.as_slice())
    }

    /// The source of a copy.
    pub fn copy_source(&self) -> Option<&CopySource> {
        self.copy_source.as_ref()
    }

    /// The tags of `x-amz-tagging`, where the operation applies them.
    pub fn tags(&self) -> Option<&Tags> {
        self.tags.as_ref()
    }

    /// `x-amz-expected-bucket-owner`: judged against the bucket record, never forwarded (rule 8).
    pub fn expected_bucket_owner(&self) -> Option<&[u8]> {
        self.expected_bucket_owner.as_deref()
    }

    /// `x-amz-source-expected-bucket-owner`: the same for the source of a copy.
    pub fn expected_source_owner(&self) -> Option<&[u8]> {
        self.expected_source_owner.as_deref()
    }
}
