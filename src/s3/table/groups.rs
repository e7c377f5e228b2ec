//! Names that many operations share: headers, query keys, and the needs of what stores an object.

use super::{Need, On, When, always, need};

/// Encryption with a key of the client.
pub(super) const SSE_C: &[&str] = &[
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-server-side-encryption-customer-key-md5",
];
/// The client's key of a copy's source.
pub(super) const SSE_C_SOURCE: &[&str] = &[
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key-md5",
];
/// Encryption by the server.
pub(super) const SSE: &[&str] = &[
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
];
/// Permissions given with an object.
pub(super) const OBJECT_ACL: &[&str] =
    &["x-amz-acl", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write-acp"];
/// Object lock.
pub(super) const LOCK: &[&str] = &[
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-event-hold",
    "x-amz-object-lock-event-hold-duration-days",
    "x-amz-object-lock-event-hold-duration-years",
];
/// What is stored beside the bytes.
pub(super) const STORED: &[&str] = &[
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-meta-*",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
];
/// Conditions on a copy's source.
pub(super) const COPY_IF: &[&str] = &[
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-unmodified-since",
];
/// Checksums of the body.
pub(super) const CHECKSUMS: &[&str] = &[
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-md5",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-checksum-sha512",
    "x-amz-checksum-xxhash128",
    "x-amz-checksum-xxhash3",
    "x-amz-checksum-xxhash64",
];
/// Conditions of reads.
pub(super) const IF_TIMES: &[&str] = &["if-match", "if-modified-since", "if-none-match", "if-unmodified-since"];
/// Conditions of writes.
pub(super) const IF: &[&str] = &["if-match", "if-none-match"];
/// Integrity of a small body.
pub(super) const BODY: &[&str] = &["content-md5", "x-amz-sdk-checksum-algorithm"];
/// The owner that the caller expects.
pub(super) const OWNER: &[&str] = &["x-amz-expected-bucket-owner"];
/// Who pays.
pub(super) const PAYER: &[&str] = &["x-amz-request-payer"];
/// The headers whose presence asks for `s3:PutObjectRetention`.
pub(super) const LOCK_DATES: &[&str] = &["x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"];
/// The version of an object.
pub(super) const VERSION: &[&str] = &["versionId"];
/// Overrides of the answer's headers.
pub(super) const OVERRIDES: &[&str] = &[
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
];
/// What storing an object asks for.
pub(super) const STORE: &[Need] = &[
    always("s3:PutObject", On::Object),
    need("s3:PutObjectAcl", On::Object, When::AnyHeader(OBJECT_ACL)),
    need("s3:PutObjectTagging", On::Object, When::Header("x-amz-tagging")),
    need("s3:PutObjectRetention", On::Object, When::AnyHeader(LOCK_DATES)),
    need("s3:PutObjectLegalHold", On::Object, When::Header("x-amz-object-lock-legal-hold")),
];
/// What lifting governance retention asks for.
pub(super) const BYPASS: Need =
    need("s3:BypassGovernanceRetention", On::Object, When::HeaderIs("x-amz-bypass-governance-retention", "true"));
