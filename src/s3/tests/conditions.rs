//! What conditions see of a request.

use super::*;
use crate::types::{Context, ContextValues, Timestamp};

fn context_of(request: &S3Request, action: &str, body: Option<&Body>) -> Context {
    let mut context = Context::new();
    let now = Timestamp::parse_iso8601("2026-01-01T00:00:01Z").unwrap();
    condition_context(
        request,
        action,
        ContextFacts { body, entry: None, now, object_tags: None, bucket_tags: None },
        &mut context,
    );
    context
}

fn value(context: &Context, key: &str) -> Option<String> {
    context.get(key).and_then(ContextValues::single).map(|value| String::from_utf8_lossy(value).into_owned())
}

#[test]
fn conditions_of_listings() {
    let request = routed(Method::Get, "/bkt?list-type=2&prefix=&delimiter=%2F", &[]);
    let context = context_of(&request, "s3:ListBucket", None);
    assert_eq!(value(&context, "s3:prefix").as_deref(), Some(""));
    assert_eq!(value(&context, "s3:delimiter").as_deref(), Some("/"));
    assert_eq!(value(&context, "s3:max-keys").as_deref(), Some("1000"));
    let request = routed(Method::Get, "/bkt?max-keys=7", &[]);
    let context = context_of(&request, "s3:ListBucket", None);
    assert_eq!((value(&context, "s3:prefix"), value(&context, "s3:max-keys").as_deref()), (None, Some("7")));
    let head = routed(Method::Head, "/bkt", &[]);
    assert_eq!(context_of(&head, "s3:ListBucket", None), Context::new());
}

#[test]
fn conditions_of_writes_belong_to_the_action_that_has_them() {
    let headers = [
        ("x-amz-acl", "public-read"),
        ("x-amz-tagging", "team=red&x=1"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-object-lock-mode", "GOVERNANCE"),
        ("x-amz-object-lock-retain-until-date", "2026-01-11T00:00:00Z"),
        ("if-none-match", "*"),
    ];
    let request = routed(Method::Put, "/bkt/k", &headers);
    let context = context_of(&request, "s3:PutObject", None);
    for (key, wanted) in [
        ("s3:x-amz-acl", "public-read"),
        ("s3:RequestObjectTag/team", "red"),
        ("s3:x-amz-server-side-encryption", "AES256"),
        ("s3:object-lock-mode", "GOVERNANCE"),
        ("s3:object-lock-retain-until-date", "2026-01-11T00:00:00Z"),
        ("s3:object-lock-remaining-retention-days", "10"),
        ("s3:if-none-match", "*"),
        ("s3:ObjectCreationOperation", "true"),
    ] {
        assert_eq!(value(&context, key).as_deref(), Some(wanted), "{key}");
    }
    assert_eq!(context.get("s3:RequestObjectTagKeys").unwrap().iter().collect::<Vec<_>>(), [&b"team"[..], b"x"]);
    let tagging = context_of(&request, "s3:PutObjectTagging", None);
    assert_eq!(value(&tagging, "s3:RequestObjectTag/x").as_deref(), Some("1"));
    assert!(tagging.get("s3:x-amz-acl").is_none());
    let part = routed(Method::Put, "/bkt/k?partNumber=1&uploadId=u", &[]);
    let context = context_of(&part, "s3:PutObject", None);
    assert_eq!(value(&context, "s3:ObjectCreationOperation").as_deref(), Some("false"));
    assert_eq!(context_of(&part, "s3:NoSuchAction", None), Context::new());
}

#[test]
fn a_batch_delete_says_in_each_entry_what_it_must_match() {
    let request = routed(Method::Post, "/bkt?delete", &[]);
    let document = b"<Delete><Object><Key>a</Key><ETag>\"1\"</ETag></Object><Object><Key>b</Key></Object></Delete>";
    let Some(Body::Delete(delete)) = request.parse_body(document, &exact()).unwrap() else { panic!() };
    let seen = |entry: &DeleteEntry| {
        let now = Timestamp::parse_iso8601("2026-01-01T00:00:01Z").unwrap();
        let facts = ContextFacts { body: None, entry: Some(entry), now, object_tags: None, bucket_tags: None };
        let mut context = Context::new();
        condition_context(&request, "s3:DeleteObject", facts, &mut context);
        value(&context, "s3:if-match")
    };
    assert_eq!(delete.entries.iter().map(seen).collect::<Vec<_>>(), [Some("\"1\"".to_owned()), None]);
    let single = routed(Method::Delete, "/bkt/k", &[("if-match", "*")]);
    assert_eq!(value(&context_of(&single, "s3:DeleteObject", None), "s3:if-match").as_deref(), Some("*"));
}

#[test]
fn conditions_of_copies_versions_and_bodies() {
    let request = routed(Method::Put, "/bkt/k", &[("x-amz-copy-source", "/src/%61?versionId=v")]);
    let source = context_of(&request, "s3:GetObjectVersion", None);
    assert_eq!(value(&source, "s3:VersionId").as_deref(), Some("v"));
    let destination = context_of(&request, "s3:PutObject", None);
    assert_eq!(value(&destination, "s3:x-amz-copy-source").as_deref(), Some("src/a?versionId=v"));
    assert!(destination.get("s3:VersionId").is_none());
    let request = routed(Method::Get, "/bkt/k?versionId=null", &[]);
    let context = context_of(&request, "s3:GetObjectVersion", None);
    assert_eq!(value(&context, "s3:VersionId").as_deref(), Some("null"));
    let request = routed(Method::Put, "/bkt/k?tagging", &[]);
    let document = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let body = request.parse_body(document, &exact()).unwrap();
    let context = context_of(&request, "s3:PutObjectTagging", body.as_ref());
    assert_eq!(value(&context, "s3:RequestObjectTag/a").as_deref(), Some("b"));
    let request = routed(Method::Put, "/bkt", &[]);
    let document =
        b"<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint></CreateBucketConfiguration>";
    let body = request.parse_body(document, &exact()).unwrap();
    let context = context_of(&request, "s3:CreateBucket", body.as_ref());
    assert_eq!(value(&context, "s3:LocationConstraint").as_deref(), Some("eu"));
    assert!(reads_existing_tags("s3:GetObject") && !reads_existing_tags("s3:PutObject"));
}
