//! The S3 plane's facts: what a request is, what it needs and what of it may be forwarded.
//!
//! Pure. The routing table is closed (rule 3): an unknown sub-resource, method, query key or deciding
//! header is refused, never taken for the plain operation. Follows `s3-operations.json`, S3's API reference
//! and the security rules 2, 3, 4, 6 and 8. Choices made where those are silent:
//!
//! * `x-id` is dropped; a preflight's query is neither judged nor forwarded.
//! * A sub-resource takes no value (`?acl=x` is refused), `versionId` and `uploadId` may not be empty.
//! * Header values that decide come from closed sets and are forwarded in one spelling.
//! * `x-amz-tagging` on a copy counts, and is forwarded, only with `x-amz-tagging-directive: REPLACE`.
//! * `s3:x-amz-copy-source` is `BUCKET/KEY[?versionId=V]`, decoded and without a leading slash.
//! * `s3:max-keys` of a listing without the parameter is 1000, which is what is listed.
//! * Under `filesystem` rules keys that end in `/` are refused: see [`KeyRules`].

mod address;
mod body;
mod buckets;
mod codes;
mod conditions;
mod copy_source;
mod delete;
mod digest;
mod error;
mod headers;
mod names;
mod operation;
mod outbound;
mod policy_actions;
mod request;
mod requirements;
mod route;
mod schema;
mod table;
mod tags;

pub use address::{AddressingRules, Target, address, is_bucket_host};
pub use body::{Body, BodyRule, CreateBucketBody, MAX_POLICY_BYTES, VersioningBody};
pub use buckets::{BucketQuery, ListedBucket, parse_bucket_list};
pub use codes::{ErrorCode, error_document};
pub use conditions::{ContextFacts, condition_context, reads_existing_tags};
pub use copy_source::CopySource;
pub use delete::{DeleteBody, DeleteEntry, DeleteOutcome, merge_delete_result, parse_delete_result};
pub use digest::content_md5;
pub use error::{CopySourceFault, Error, Folding, Shown};
pub use headers::HeaderName;
pub use names::{BucketName, BucketRules, KeyRules, MAX_KEY_BYTES, ObjectKey, RESERVED_BUCKETS};
pub use operation::Operation;
pub use outbound::OutboundTarget;
pub use policy_actions::{ActionTarget, policy_actions};
pub use request::S3Request;
pub use requirements::{Facts, Requirements, entry_requirements, requirements};
pub use route::route;
pub(crate) use schema::NAMESPACE;
pub use tags::{MAX_BUCKET_TAGS, MAX_OBJECT_TAGS, StoredTags, Tags};

#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
