//! The `s3:` condition keys whose values come from the request itself.
//!
//! Which keys an action has is `actionConditionKeys` of `s3-operations.json`, which a test compares with the
//! table here. The tags of stored objects and buckets are facts that only the backend knows: they are set from
//! what was fetched. Those of the bucket are there for every action on it and in it, as AWS's and Ceph's pages have
//! it, whatever that table says. The keys of the signature and the connection (`s3:authType`, `s3:signatureAge`, …)
//! are set by others; access points and access grants do not exist here, so their keys are always absent.

use super::body::Body;
use super::delete::DeleteEntry;
use super::operation::Operation;
use super::request::S3Request;
use super::tags::{StoredTags, Tags};
use crate::types::{Context, Timestamp};

const GRANTS: &[&str] = &[
    "s3:x-amz-acl",
    "s3:x-amz-grant-full-control",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-write-acp",
];
const ENCRYPTION: &[&str] = &[
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm",
];
const REQUEST_TAGS: &[&str] = &["s3:RequestObjectTag/<key>", "s3:RequestObjectTagKeys"];
const STORED: &[&str] = &[
    "s3:x-amz-copy-source",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-storage-class",
    "s3:x-amz-website-redirect-location",
];
const LOCK: &[&str] = &[
    "s3:object-lock-event-hold",
    "s3:object-lock-event-hold-duration-days",
    "s3:object-lock-mode",
    "s3:object-lock-remaining-retention-days",
    "s3:object-lock-retain-until-date",
];
const LISTING: &[&str] = &["s3:delimiter", "s3:max-keys", "s3:prefix"];
const BUCKET_TAGS: &[&str] = &["aws:RequestTag/${TagKey}", "aws:TagKeys"];
const EXISTING_TAGS: &[&str] = &["s3:ExistingObjectTag/<key>"];
const VERSION: &[&str] = &["s3:versionid"];
/// The tags of the bucket, by AWS's name and by Ceph's.
const OF_BUCKET: [&str; 2] = ["aws:ResourceTag/", "s3:ResourceTag/"];

/// The keys of each action that has some.
static ACTION_KEYS: &[(&str, &[&[&str]])] = &[
    ("s3:BypassGovernanceRetention", &[GRANTS, ENCRYPTION, REQUEST_TAGS, STORED]),
    (
        "s3:CreateBucket",
        &[GRANTS, BUCKET_TAGS, &["s3:locationconstraint", "s3:x-amz-bucket-namespace", "s3:x-amz-object-ownership"]],
    ),
    ("s3:DeleteObject", &[&["s3:if-match"]]),
    ("s3:DeleteObjectAnnotation", &[EXISTING_TAGS, &["s3:x-amz-object-if-match"]]),
    ("s3:DeleteObjectTagging", &[EXISTING_TAGS]),
    ("s3:DeleteObjectVersion", &[VERSION]),
    ("s3:DeleteObjectVersionAnnotation", &[EXISTING_TAGS, VERSION, &["s3:x-amz-object-if-match"]]),
    ("s3:DeleteObjectVersionTagging", &[EXISTING_TAGS, VERSION]),
    ("s3:GetObject", &[EXISTING_TAGS]),
    ("s3:GetObjectAcl", &[EXISTING_TAGS]),
    ("s3:GetObjectAnnotation", &[EXISTING_TAGS]),
    ("s3:GetObjectAttributes", &[EXISTING_TAGS]),
    ("s3:GetObjectTagging", &[EXISTING_TAGS]),
    ("s3:GetObjectVersion", &[EXISTING_TAGS, VERSION]),
    ("s3:GetObjectVersionAcl", &[EXISTING_TAGS, VERSION]),
    ("s3:GetObjectVersionAnnotation", &[EXISTING_TAGS, VERSION]),
    ("s3:GetObjectVersionAttributes", &[EXISTING_TAGS, VERSION]),
    ("s3:GetObjectVersionTagging", &[EXISTING_TAGS, VERSION]),
    ("s3:GetObjectVersionTorrent", &[VERSION]),
    ("s3:ListBucket", &[LISTING]),
    ("s3:ListBucketMultipartUploads", &[&["aws:ResourceTag/${TagKey}"]]),
    ("s3:ListBucketVersions", &[LISTING]),
    ("s3:ListObjectAnnotations", &[EXISTING_TAGS, &["s3:annotation-prefix", "s3:max-annotation-results"]]),
    (
        "s3:ListObjectVersionAnnotations",
        &[EXISTING_TAGS, VERSION, &["s3:annotation-prefix", "s3:max-annotation-results"]],
    ),
    ("s3:PutBucketAcl", &[GRANTS]),
    ("s3:PutInventoryConfiguration", &[&["s3:InventoryAccessibleOptionalFields"]]),
    (
        "s3:PutObject",
        &[
            GRANTS,
            ENCRYPTION,
            REQUEST_TAGS,
            STORED,
            LOCK,
            &[
                "s3:ObjectCreationOperation",
                "s3:if-match",
                "s3:if-none-match",
                "s3:object-lock-legal-hold",
                "s3:x-amz-object-annotation-directive",
            ],
        ],
    ),
    ("s3:PutObjectAcl", &[GRANTS, EXISTING_TAGS, &["s3:x-amz-storage-class"]]),
    ("s3:PutObjectAnnotation", &[EXISTING_TAGS, &["s3:x-amz-object-if-match"]]),
    ("s3:PutObjectLegalHold", &[&["s3:object-lock-legal-hold"]]),
    ("s3:PutObjectRetention", &[LOCK]),
    ("s3:PutObjectTagging", &[REQUEST_TAGS, EXISTING_TAGS]),
    ("s3:PutObjectVersionAcl", &[GRANTS, EXISTING_TAGS, VERSION, &["s3:x-amz-storage-class"]]),
    ("s3:PutObjectVersionAnnotation", &[EXISTING_TAGS, VERSION, &["s3:x-amz-object-if-match"]]),
    ("s3:PutObjectVersionTagging", &[REQUEST_TAGS, EXISTING_TAGS, VERSION]),
    ("s3:PutReplicationConfiguration", &[&["s3:isReplicationPauseRequest"]]),
    ("s3:TagResource", &[BUCKET_TAGS]),
    (
        "s3:UpdateObjectEncryption",
        &[EXISTING_TAGS, &["s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"]],
    ),
];

/// What the values of a request's condition keys are read from.
#[derive(Clone, Copy, Debug)]
pub struct ContextFacts<'a> {
    /// The parsed body of an operation whose body decides.
    pub body: Option<&'a Body>,
    /// The entry of a batch delete that is being judged.
    pub entry: Option<&'a DeleteEntry>,
    /// The present time, for `s3:object-lock-remaining-retention-days`.
    pub now: Timestamp,
    /// The tags of the stored object, once they are known.
    pub object_tags: Option<&'a StoredTags>,
    /// The tags of the bucket, once they are known.
    pub bucket_tags: Option<&'a StoredTags>,
}

/// AWS lists 1000 keys where the request does not say how many.
const DEFAULT_MAX_KEYS: &str = "1000";

/// Sets the `s3:` keys that `action` has and this request gives a value.
pub fn condition_context(request: &S3Request, action: &str, facts: ContextFacts<'_>, context: &mut Context) {
    for key in keys(action) {
        set(key, request, action, facts, context);
    }
    let tags = facts.bucket_tags.map(StoredTags::pairs).unwrap_or_default();
    for prefix in OF_BUCKET {
        set_tags(prefix, tags, context);
    }
}

/// Whether `s3:ExistingObjectTag/…` is a key of the action, so that the tags of the stored object must be asked for
/// when a statement reads it. For all other actions it is absent, as with AWS.
pub fn reads_existing_tags(action: &str) -> bool {
    keys(action).any(|key| key == "s3:ExistingObjectTag/<key>")
}

/// Every action with its keys, for the test that compares them with the published ones.
#[cfg(test)]
pub(super) fn action_keys() -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str>)> {
    ACTION_KEYS.iter().map(|(action, groups)| (*action, groups.iter().flat_map(|group| group.iter().copied())))
}

fn keys(action: &str) -> impl Iterator<Item = &'static str> {
    let groups: &[&[&str]] = ACTION_KEYS.iter().find(|(known, _)| *known == action).map_or(&[], |(_, groups)| groups);
    groups.iter().flat_map(|group| group.iter().copied())
}

fn set(key: &'static str, request: &S3Request, action: &str, facts: ContextFacts<'_>, context: &mut Context) {
    let mut put = |value: Option<&[u8]>| {
        if let Some(value) = value {
            context.set(key, value);
        }
    };
    match key {
        "s3:x-amz-copy-source" => put(request.copy_source().map(|source| source.context_value()).as_deref()),
        // A batch delete says it in the entry ("How to perform conditional deletes").
        "s3:if-match" if facts.entry.is_some() => {
            put(facts.entry.and_then(|entry| entry.etag.as_deref()).map(str::as_bytes));
        }
        "s3:if-match" | "s3:if-none-match" => put(request.header(key.trim_start_matches("s3:"))),
        "s3:prefix" | "s3:delimiter" if request.operation().lists_objects() => {
            put(request.query_value(key.trim_start_matches("s3:")));
        }
        "s3:max-keys" if request.operation().lists_objects() => {
            // A list without the key is a list of 1000: a policy that bounds the number must see that.
            put(Some(request.query_value("max-keys").unwrap_or(DEFAULT_MAX_KEYS.as_bytes())));
        }
        "s3:annotation-prefix" | "s3:max-annotation-results" => {
            put(request.query_value(key.trim_start_matches("s3:")));
        }
        "s3:versionid" => put(version(request, action, facts)),
        "s3:ExistingObjectTag/<key>" => {
            let tags = facts.object_tags.map(StoredTags::pairs).unwrap_or_default();
            set_tags("s3:ExistingObjectTag/", tags, context);
        }
        "s3:RequestObjectTag/<key>" => set_tags("s3:RequestObjectTag/", pairs(object_tags(request, facts)), context),
        "s3:RequestObjectTagKeys" => set_tag_keys("s3:RequestObjectTagKeys", object_tags(request, facts), context),
        "aws:RequestTag/${TagKey}" => set_tags("aws:RequestTag/", pairs(bucket_tags(facts)), context),
        "aws:TagKeys" => set_tag_keys("aws:TagKeys", bucket_tags(facts), context),
        "s3:locationconstraint" => {
            if let Some(Body::CreateBucket(body)) = facts.body {
                put(body.location.as_deref().map(str::as_bytes));
            }
        }
        "s3:ObjectCreationOperation" => put(Some(if creates_object(request.operation()) { b"true" } else { b"false" })),
        "s3:object-lock-remaining-retention-days" => put(remaining_days(request, facts.now).as_deref()),
        _ => {
            if let Some(name) = key.strip_prefix("s3:object-lock-") {
                put(request.header(&format!("x-amz-object-lock-{name}")));
            } else if let Some(name) = key.strip_prefix("s3:").filter(|name| name.starts_with("x-amz-")) {
                put(request.header(name));
            }
        }
    }
}

/// The source's version for a decision on a copy's source, else the entry's or the query's.
fn version<'a>(request: &'a S3Request, action: &str, facts: ContextFacts<'a>) -> Option<&'a [u8]> {
    if let Some(entry) = facts.entry {
        return entry.version_id.as_deref().map(str::as_bytes);
    }
    match request.copy_source() {
        Some(source) if action.starts_with("s3:GetObject") => source.version.as_deref(),
        _ => request.query_value("versionId"),
    }
}

fn object_tags<'a>(request: &'a S3Request, facts: ContextFacts<'a>) -> Option<&'a Tags> {
    match (request.operation(), facts.body) {
        (Operation::PutObjectTagging, Some(Body::Tagging(tags))) => Some(tags),
        _ => request.tags(),
    }
}

fn bucket_tags(facts: ContextFacts<'_>) -> Option<&Tags> {
    match facts.body {
        Some(Body::CreateBucket(body)) => body.tags.as_ref(),
        _ => None,
    }
}

fn pairs(tags: Option<&Tags>) -> &[(String, String)] {
    tags.map(Tags::pairs).unwrap_or_default()
}

fn set_tags(prefix: &'static str, tags: &[(String, String)], context: &mut Context) {
    for (key, value) in tags {
        context.set(format!("{prefix}{key}"), value.as_str());
    }
}

fn set_tag_keys(name: &'static str, tags: Option<&Tags>, context: &mut Context) {
    context.set_many(name, pairs(tags).iter().map(|(key, _)| key.clone().into_bytes()).collect());
}

/// Whether the call makes a new object, as against a part of an upload.
fn creates_object(operation: Operation) -> bool {
    use Operation::{CompleteMultipartUpload, CopyObject, PostObject, PutObject};
    matches!(operation, PutObject | CopyObject | CompleteMultipartUpload | PostObject)
}

/// Days from now to the date, a day begun counting whole, so that a request for ten days asks for ten.
fn remaining_days(request: &S3Request, now: Timestamp) -> Option<Vec<u8>> {
    let date = request.header("x-amz-object-lock-retain-until-date")?;
    let until = Timestamp::parse_iso8601(std::str::from_utf8(date).ok()?).ok()?;
    let seconds = until.seconds().saturating_sub(now.seconds());
    let days = seconds.div_euclid(86_400) + i64::from(seconds.rem_euclid(86_400) > 0);
    Some(days.to_string().into_bytes())
}
