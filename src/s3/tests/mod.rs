//! Routing, admission, requirements, conditions and the encoder together.

mod conditions;

use super::*;
use crate::wire::{Method, RequestHead};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

fn exact() -> AddressingRules {
    AddressingRules { keys: KeyRules::Exact, ..AddressingRules::default() }
}

fn try_route(method: Method, target: &str, headers: &[(&str, &str)], presigned: bool) -> Result<S3Request, Error> {
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let head = RequestHead::new(method, target.as_bytes(), headers.iter().copied(), peer, None).unwrap();
    route(&head, &head.parse_query()?, presigned, &exact())
}

fn routed(method: Method, target: &str, headers: &[(&str, &str)]) -> S3Request {
    try_route(method, target, headers, false).unwrap()
}

fn actions(list: &[crate::types::Requirement]) -> Vec<String> {
    list.iter().map(|need| format!("{} {}", need.action, need.resource)).collect()
}

fn header_names(request: &S3Request) -> Vec<String> {
    request.headers().iter().map(|(name, _)| name.to_string()).collect()
}

const SIGNATURE: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Expires=60\
                         &X-Amz-SignedHeaders=host&X-Amz-Signature=s&X-Amz-Security-Token=t\
                         &X-Amz-Content-Sha256=UNSIGNED-PAYLOAD";

#[test]
fn rule_03_private_headers_are_dropped_and_framing_is_not_forwarded() {
    let request = routed(
        Method::Put,
        "/bkt/k?x-id=PutObject",
        &[
            ("Host", "h"),
            ("Authorization", "a"),
            ("X-Amz-Date", "d"),
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-security-token", "t"),
            ("x-amz-decoded-content-length", "5"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
            ("Content-Length", "5"),
            ("Expect", "100-continue"),
            ("Content-Encoding", "aws-chunked, gzip"),
            ("User-Agent", "boto3"),
            ("amz-sdk-invocation-id", "1"),
            ("amz-sdk-request", "attempt=1"),
            ("x-amz-user-agent", "aws-sdk-js"),
            ("x-amz-api-version", "2006-03-01"),
            ("x-amzn-trace-id", "1"),
            ("x-minio-source-etag", "e"),
            ("rgwx-zone", "z"),
            ("x-seaweedfs-ttl", "1d"),
            ("x-forwarded-for", "1.2.3.4"),
            ("Range", "bytes=0-1"),
            ("x-amz-meta-A", " v "),
            ("x-amz-sdk-checksum-algorithm", "CRC32"),
            ("Content-Type", "text/plain"),
            ("x-amz-storage-class", "STANDARD"),
        ],
    );
    let forwarded =
        ["content-encoding", "x-amz-meta-a", "x-amz-sdk-checksum-algorithm", "content-type", "x-amz-storage-class"];
    assert_eq!(header_names(&request), forwarded);
    assert_eq!(request.header("content-encoding"), Some(&b"gzip"[..]));
    assert_eq!(request.header("x-amz-meta-a"), Some(&b"v"[..]));
    assert!(request.query().is_empty());
    let form = [("content-type", "multipart/form-data; boundary=x")];
    for (method, target) in
        [(Method::Post, "/bkt/k?uploadId=u"), (Method::Post, "/bkt?delete"), (Method::Get, "/bkt/k")]
    {
        assert_eq!(header_names(&routed(method, target, &form)), Vec::<String>::new(), "{target}");
    }
    let chunked = routed(Method::Put, "/bkt/k", &[("content-encoding", "aws-chunked")]);
    assert_eq!(header_names(&chunked), Vec::<String>::new());
}

#[test]
fn rule_03_the_api_version_of_the_sdk_for_cpp_is_the_only_one() {
    for other in ["2006-03-02", "2006-03-01,2030-01-01", ""] {
        let refused = try_route(Method::Get, "/bkt/k", &[("x-amz-api-version", other)], false);
        assert!(matches!(refused, Err(Error::HeaderValue(_))), "{other}");
    }
    let twice = [("x-amz-api-version", "2006-03-01"), ("x-amz-api-version", "2030-01-01")];
    assert!(matches!(try_route(Method::Get, "/bkt/k", &twice, false), Err(Error::HeaderValue(_))));
    let hoisted = |version| format!("/bkt/k?{SIGNATURE}&x-amz-api-version={version}");
    assert!(header_names(&try_route(Method::Get, &hoisted("2006-03-01"), &[], true).unwrap()).is_empty());
    let other = try_route(Method::Get, &hoisted("2030-01-01"), &[], true);
    assert!(matches!(other, Err(Error::HeaderValue(_))));
}

#[test]
fn rule_03_lists_are_joined_and_deciding_headers_are_not() {
    let attributes = [("x-amz-object-attributes", "ETag"), ("x-amz-object-attributes", "ObjectSize")];
    let request = routed(Method::Get, "/bkt/k?attributes", &attributes);
    assert_eq!(request.header("x-amz-object-attributes"), Some(&b"ETag,ObjectSize"[..]));
    let twice = try_route(Method::Put, "/bkt/k", &[("x-amz-acl", "private"), ("x-amz-acl", "private")], false);
    assert!(matches!(twice, Err(Error::RepeatedHeader(_))));
}

#[test]
fn rule_03_deciding_values_are_forwarded_in_one_spelling() {
    let bypass = [("x-amz-bypass-governance-retention", "True")];
    let request = routed(Method::Delete, "/bkt/k", &bypass);
    assert_eq!(request.header("x-amz-bypass-governance-retention"), Some(&b"true"[..]));
    let needs = requirements(&request, Facts::default());
    assert!(actions(&needs.always).contains(&"s3:BypassGovernanceRetention arn:aws:s3:::bkt/k".to_owned()));
    let request = routed(Method::Put, "/bkt", &[("x-amz-acl", "Private")]);
    assert_eq!(actions(&requirements(&request, Facts::default()).always), ["s3:CreateBucket arn:aws:s3:::bkt"]);
    assert_eq!(request.header("x-amz-acl"), Some(&b"private"[..]));
}

#[test]
fn rule_03_hoisted_headers_count_as_headers() {
    let target = format!(
        "/bkt/k?{SIGNATURE}&x-amz-acl=public-read&X-Amz-Tagging=a%3D1&x-amz-meta-x=y&x-amz-user-agent=js&x-id=PutObject"
    );
    let request = try_route(Method::Put, &target, &[("host", "h")], true).unwrap();
    assert_eq!(header_names(&request), ["x-amz-acl", "x-amz-tagging", "x-amz-meta-x"]);
    assert!(request.query().is_empty());
    let needs = requirements(&request, Facts::default());
    let object = "arn:aws:s3:::bkt/k";
    let wanted = ["s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"].map(|a| format!("{a} {object}"));
    assert_eq!(actions(&needs.always), wanted);
    let copy = format!("/bkt/k?{SIGNATURE}&x-amz-copy-source=src%2Fa%252Fb");
    let request = try_route(Method::Put, &copy, &[], true).unwrap();
    assert_eq!(request.operation(), Operation::CopyObject);
    assert_eq!(request.copy_source().unwrap().key.as_bytes(), b"a/b");
    assert!(matches!(try_route(Method::Get, &target, &[], false), Err(Error::UnknownQueryKey(_))));
}

#[test]
fn rule_03_a_preflight_forwards_nothing_of_its_query() {
    let headers = [("origin", "https://x"), ("access-control-request-method", "PUT")];
    for target in ["/bkt/k?partNumber=1&uploadId=u&what", "/bkt?list-type=2", "/bkt/k?X-Amz-Signature=s"] {
        let request = routed(Method::Options, target, &headers);
        assert_eq!(request.operation(), Operation::OptionsObject);
        assert!(request.query().is_empty() && requirements(&request, Facts::default()).always.is_empty());
    }
    assert!(matches!(try_route(Method::Options, "/bkt/k", &[], false), Err(Error::MissingHeader(_))));
}

#[test]
fn rule_08_expected_owners_are_kept_apart() {
    let owners = [
        ("x-amz-copy-source", "src/k"),
        ("x-amz-expected-bucket-owner", "1"),
        ("x-amz-source-expected-bucket-owner", "2"),
    ];
    let request = routed(Method::Put, "/bkt/k", &owners);
    assert_eq!(request.expected_bucket_owner(), Some(&b"1"[..]));
    assert_eq!(request.expected_source_owner(), Some(&b"2"[..]));
    let outbound = request.outbound_headers("", &BucketRules::default()).unwrap();
    assert_eq!(outbound.iter().map(|(name, _)| name.as_ref()).collect::<Vec<_>>(), ["x-amz-copy-source"]);
}

#[test]
fn a_copy_needs_its_source_and_asks_about_tags() {
    let request =
        routed(Method::Put, "/bkt/k", &[("x-amz-copy-source", "/src/a%20b?versionId=v"), ("x-amz-tagging", "a=1")]);
    let needs = requirements(&request, Facts::default());
    let must = ["s3:GetObjectVersion arn:aws:s3:::src/a b", "s3:PutObject arn:aws:s3:::bkt/k"];
    let tagged = ["s3:GetObjectVersionTagging arn:aws:s3:::src/a b", "s3:PutObjectTagging arn:aws:s3:::bkt/k"];
    assert_eq!(actions(&needs.always), must);
    assert_eq!(actions(&needs.if_source_has_tags), tagged);
    let known = |source_has_tags| requirements(&request, Facts { source_has_tags, ..Facts::default() });
    assert_eq!(actions(&known(Some(false)).always), must);
    assert_eq!(known(Some(true)).always.len(), 4);
    assert!(known(Some(true)).if_source_has_tags.is_empty() && known(Some(false)).if_source_has_tags.is_empty());
    // Not judged, hence not forwarded.
    assert!(request.header("x-amz-tagging").is_none() && request.tags().is_none());
    let replace = [("x-amz-copy-source", "src/k"), ("x-amz-tagging", "a=1"), ("x-amz-tagging-directive", "replace")];
    let request = routed(Method::Put, "/bkt/k", &replace);
    assert_eq!(request.header("x-amz-tagging"), Some(&b"a=1"[..]));
    let needs = requirements(&request, Facts::default());
    assert!(actions(&needs.always).contains(&tagged[1].to_owned()) && needs.if_source_has_tags.is_empty());
}

#[test]
fn a_batch_delete_without_its_body_needs_nothing_which_is_a_deny() {
    let request = routed(Method::Post, "/bkt?delete", &[("x-amz-bypass-governance-retention", "true")]);
    assert!(requirements(&request, Facts::default()).always.is_empty());
    let document =
        b"<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>";
    let body = request.parse_body(document, &exact()).unwrap();
    let needs = requirements(&request, Facts { body: body.as_ref(), ..Facts::default() });
    assert_eq!(
        actions(&needs.always),
        [
            "s3:DeleteObject arn:aws:s3:::bkt/a",
            "s3:BypassGovernanceRetention arn:aws:s3:::bkt/a",
            "s3:DeleteObjectVersion arn:aws:s3:::bkt/b",
            "s3:BypassGovernanceRetention arn:aws:s3:::bkt/b",
        ]
    );
}

#[test]
fn digests_of_a_body_that_decides_are_verified_and_dropped() {
    let body = b"<Delete/>";
    let md5 = content_md5(body);
    let headers = [("content-md5", md5.as_str()), ("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-mfa", "m")];
    let request = routed(Method::Post, "/bkt?delete", &headers);
    assert!(
        matches!(request.verify_digests(body), Err(Error::DigestMismatch(name)) if name.as_str() == "x-amz-checksum-crc32")
    );
    let outbound = request.outbound_headers("", &BucketRules::default()).unwrap();
    assert_eq!(outbound.iter().map(|(name, _)| name.as_ref()).collect::<Vec<_>>(), ["x-amz-mfa"]);
    for (name, good) in [
        ("x-amz-checksum-crc32", "y/Q5Jg=="),
        ("x-amz-checksum-crc32c", "4waSgw=="),
        ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
        ("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
        ("x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
    ] {
        // Check values of the published catalogues, over "123456789".
        let verify =
            |value: &str, body: &[u8]| routed(Method::Post, "/bkt?delete", &[(name, value)]).verify_digests(body);
        assert_eq!(verify(good, b"123456789"), Ok(()), "{name}");
        assert!(matches!(verify(good, b"12345678"), Err(Error::DigestMismatch(_))), "{name}");
        assert!(matches!(verify("xx", b"123456789"), Err(Error::DigestForm(_))), "{name}");
    }
    let unknown = routed(Method::Post, "/bkt?delete", &[("x-amz-checksum-xxhash64", "AAAAAAAAAAA=")]);
    assert!(matches!(unknown.verify_digests(body), Err(Error::DigestUnsupported(_))));
}

/// Keys made of what has been used to tell two readers of a path apart.
fn awkward_key() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "/",
            "//",
            "..",
            ".",
            "%2F",
            "%",
            "+",
            " ",
            "?",
            "#",
            "&",
            "=",
            "\\",
            "\0",
            "acl",
            "uploads",
            "a",
            "~",
            ";",
            "\u{e9}",
            "\r\n",
            "?versionId=x",
            "%00",
            ":",
            "@",
            "*",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 1..3),
    ];
    prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

/// The target read again as a backend reads it.
fn read_again(request: &S3Request, prefix: &str) -> S3Request {
    let rules = BucketRules::default();
    let target = request.outbound_target(prefix, &rules).unwrap().to_origin_form();
    assert!(target.is_ascii() && !target.bytes().any(|byte| byte <= b' '), "{target}");
    let headers: Vec<(String, Vec<u8>)> = request
        .outbound_headers(prefix, &rules)
        .unwrap()
        .into_iter()
        .map(|(name, value)| (name.into_owned(), value))
        .collect();
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let head = RequestHead::new(request.method(), target.as_bytes(), headers, peer, None).unwrap();
    route(&head, &head.parse_query().unwrap(), false, &exact()).unwrap()
}

proptest! {
    #[test]
    fn rule_04_what_was_authorized_is_what_is_forwarded(key in awkward_key(), source in awkward_key(), version in awkward_key()) {
        let encode = crate::wire::percent::encode;
        let target = format!("/bkt/{}", encode(&key));
        let copy = format!("src/{}?versionId={}", encode(&source), encode(&version));
        let versioned = format!("{target}?versionId={}", encode(&version));
        let list = format!("/bkt?list-type=2&prefix={}", encode(&key));
        for (method, target, headers) in [
            (Method::Get, versioned.as_str(), vec![]),
            (Method::Put, target.as_str(), vec![]),
            (Method::Put, target.as_str(), vec![("x-amz-copy-source", copy.as_str())]),
            (Method::Delete, target.as_str(), vec![]),
            (Method::Get, list.as_str(), vec![]),
        ] {
            let request = routed(method, target, &headers);
            let again = read_again(&request, "");
            prop_assert_eq!(again.operation(), request.operation());
            prop_assert_eq!(again.target(), request.target());
            prop_assert_eq!(again.query(), request.query());
            prop_assert_eq!(again.copy_source(), request.copy_source());
            prop_assert_eq!(requirements(&again, Facts::default()), requirements(&request, Facts::default()));
            let prefixed = read_again(&request, "acct-");
            prop_assert_eq!(prefixed.bucket().unwrap().as_str(), "acct-bkt");
            prop_assert_eq!(prefixed.key(), request.key());
            prop_assert_eq!(prefixed.copy_source().map(|s| s.bucket.to_string()), request.copy_source().map(|_| "acct-src".to_owned()));
        }
    }

    #[test]
    fn rule_03_nothing_a_stranger_sends_panics_or_is_forwarded_raw(
        target in "/[ -~]{0,40}",
        name in "(x-amz-)?[a-z-]{1,20}",
        value in "[ -~]{0,20}",
        presigned in any::<bool>(),
    ) {
        for method in [Method::Get, Method::Head, Method::Put, Method::Post, Method::Delete, Method::Options] {
            if let Ok(request) = try_route(method, &target, &[(name.as_str(), value.as_str())], presigned) {
                let again = read_again(&request, "");
                prop_assert_eq!(again.operation(), request.operation());
                prop_assert_eq!(again.target(), request.target());
            }
        }
    }
}
