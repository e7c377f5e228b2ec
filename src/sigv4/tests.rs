//! Requests: AWS's own examples, properties of signing and verifying, and the security rules of this module.

use super::*;
use crate::types::{AccessKeyId, Secret, Timestamp};
use crate::wire::{Method, QueryString, RequestHead, percent};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

pub(super) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub(super) fn head(method: Method, target: &str, headers: &[(&str, &[u8])]) -> RequestHead {
    let headers = headers.iter().map(|(name, value)| (*name, value.to_vec()));
    RequestHead::new(method, target.as_bytes(), headers, IpAddr::V4(Ipv4Addr::LOCALHOST), None).unwrap()
}

pub(super) fn key(date: &str) -> SigningKey {
    let scope = CredentialScope::new(date, "us-east-1", "s3").unwrap();
    SigningKey::derive(&Secret::new(SECRET), &scope).unwrap()
}

fn rules(now: &str) -> Rules<'static> {
    let now = Timestamp::parse_basic(now).unwrap();
    Rules { service: Service::S3, region: None, now, max_skew_seconds: MAX_SKEW_SECONDS }
}

pub(super) fn accept(head: &RequestHead, key: &SigningKey, rules: &Rules<'_>) -> Result<VerifiedSignature, Error> {
    let query = head.parse_query().unwrap();
    let claim = claim(head, &query)?.expect("a claim");
    let checked = claim.check(head, &query, rules)?;
    verify(&checked, key, None)
}

fn aws_example(method: Method, target: &str, signed: &str, signature: &str, more: &[(&str, &str)]) -> RequestHead {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={signed},\
         Signature={signature}"
    );
    let mut headers: Vec<(&str, &[u8])> = vec![("x-amz-date", b"20130524T000000Z")];
    headers.extend(more.iter().map(|(name, value)| (*name, value.as_bytes())));
    headers.push(("Authorization", authorization.as_bytes()));
    head(method, target, &headers)
}

const EXAMPLE_HOST: (&str, &str) = ("Host", "examplebucket.s3.amazonaws.com");

#[test]
fn the_examples_of_the_s3_documentation_verify() {
    let empty = ("x-amz-content-sha256", EMPTY);
    let base = "host;x-amz-content-sha256;x-amz-date";
    let heads = [
        aws_example(
            Method::Get,
            "/test.txt",
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            &[EXAMPLE_HOST, empty, ("Range", "bytes=0-9")],
        ),
        aws_example(
            Method::Put,
            "/test$file.text",
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            &[
                EXAMPLE_HOST,
                ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
                ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
        ),
        aws_example(
            Method::Get,
            "/?lifecycle",
            base,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            &[EXAMPLE_HOST, empty],
        ),
        aws_example(
            Method::Get,
            "/?max-keys=2&prefix=J",
            base,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            &[EXAMPLE_HOST, empty],
        ),
        head(
            Method::Get,
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1\
             %2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            &[("Host", b"examplebucket.s3.amazonaws.com")],
        ),
    ];
    for head in &heads {
        accept(head, &key("20130524"), &rules("20130524T000100Z")).unwrap();
    }
}

/// A request signed by [`OutboundSigner`], as a client of ours would send it.
fn signed(path: &[u8], query: &[(Vec<u8>, Vec<u8>)], extra: &[(&str, &[u8])], payload: &str) -> RequestHead {
    let path = percent::encode_path(path);
    let query: Vec<_> = query.iter().map(|(key, value)| (percent::encode(key), percent::encode(value))).collect();
    let query: Vec<_> = query.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let mut headers: Vec<(&str, &[u8])> = vec![
        ("host", b"s3.example.test"),
        ("x-amz-date", b"20261121T120000Z"),
        ("x-amz-content-sha256", payload.as_bytes()),
    ];
    headers.extend_from_slice(extra);
    let scope = CredentialScope::new("20261121", "us-east-1", "s3").unwrap();
    let signer = OutboundSigner {
        access_key: "AKIAIOSFODNN7EXAMPLE",
        key: &key("20261121"),
        scope: &scope,
        time: Timestamp::parse_basic("20261121T120000Z").unwrap(),
    };
    let request = OutboundRequest { method: Method::Put, path: &path, query: &query, headers: &headers, payload };
    let authorization = signer.sign(&request).authorization;
    headers.push(("authorization", authorization.as_bytes()));
    let pairs: Vec<_> = query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    head(Method::Put, &format!("{path}?{}", pairs.join("&")), &headers)
}

fn accept_signed(head: &RequestHead) -> Result<VerifiedSignature, Error> {
    accept(head, &key("20261121"), &rules("20261121T120000Z"))
}

fn is_authentication(key: &[u8]) -> bool {
    let query = QueryString::parse(percent::encode(key).as_bytes()).unwrap();
    claim(&head(Method::Get, "/", &[]), &query).is_err()
}

fn bytes(range: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), range)
}

fn pairs() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    proptest::collection::vec((bytes(1..8), bytes(0..8)), 0..5)
        .prop_filter("keys of authentication", |pairs| !pairs.iter().any(|(key, _)| is_authentication(key)))
}

proptest! {
    #[test]
    fn what_is_signed_verifies(rest in bytes(0..24), query in pairs(), value in bytes(0..16)) {
        let path = [&b"/"[..], &rest].concat();
        let extra: [(&str, &[u8]); 2] = [("x-amz-meta-a", &value), ("x-amz-meta-a", b"second")];
        let head = signed(&path, &query, &extra, UNSIGNED_PAYLOAD);
        let verified = accept_signed(&head).unwrap();
        prop_assert_eq!(verified.payload(), PayloadKind::Unsigned);
        prop_assert_eq!(verified.access_key().as_str(), "AKIAIOSFODNN7EXAMPLE");
    }

    #[test]
    fn a_changed_byte_is_refused(rest in bytes(1..16), query in pairs(), part in 0_usize..4, at in any::<prop::sample::Index>()) {
        let path = [&b"/b/"[..], &rest].concat();
        let good = signed(&path, &query, &[("x-amz-meta-a", b"value")], EMPTY);
        let mut target = [good.raw_path(), b"?", good.raw_query().unwrap_or_default()].concat();
        let mut headers: Vec<(String, Vec<u8>)> =
            good.headers().map(|header| (header.name.to_string(), header.value.to_vec())).collect();
        let changed = if part == 0 {
            &mut target
        } else {
            // The date, the hash or the metadata.
            &mut headers[part].1
        };
        let at = 1 + at.index(changed.len() - 1);
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        let Some(bad) = RequestHead::new(Method::Put, &target, headers, good.peer(), None) else { return Ok(()) };
        let Ok(query) = bad.parse_query() else { return Ok(()) };
        let outcome = claim(&bad, &query).and_then(|claim| {
            let claim = claim.expect("the header is there");
            let checked = claim.check(&bad, &query, &rules("20261121T120000Z"))?;
            verify(&checked, &key("20261121"), None)
        });
        prop_assert!(outcome.is_err());
    }

    #[test]
    fn rule_05_nothing_that_is_sent_panics_or_becomes_anonymous(
        authorization in proptest::option::of(bytes(0..80)),
        query in bytes(0..80),
        scheme in prop::sample::select(vec!["", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=a/b,", "AWS a:"]),
    ) {
        let mut headers: Vec<(&str, Vec<u8>)> = vec![("host", b"h".to_vec())];
        if let Some(rest) = &authorization {
            headers.push(("Authorization", [scheme.as_bytes(), rest].concat()));
        }
        let target = [&b"/?"[..], &query].concat();
        let head = RequestHead::new(Method::Get, &target, headers, IpAddr::V4(Ipv4Addr::LOCALHOST), None).unwrap();
        if let Ok(query) = head.parse_query() {
            let outcome = claim(&head, &query);
            if authorization.is_some() {
                prop_assert!(!matches!(outcome, Ok(None)));
            }
        }
    }
}

#[test]
fn rule_05_every_authentication_key_in_any_case_is_noticed() {
    for key in [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
        "X-Amz-Content-Sha256",
        "X-Amz-S3session-Token",
        "AWSAccessKeyId",
        "Signature",
        "Expires",
    ] {
        for form in [key.to_owned(), key.to_lowercase(), key.to_uppercase(), key.replace('S', "%53")] {
            let head = head(Method::Get, &format!("/b?{form}=x"), &[("host", b"h")]);
            assert!(claim(&head, &head.parse_query().unwrap()).is_err(), "{form}");
        }
    }
    let plain = head(Method::Get, "/b?response-expires=x&prefix=Signature", &[("host", b"h"), ("x-amz-date", b"x")]);
    assert!(claim(&plain, &plain.parse_query().unwrap()).unwrap().is_none());
}

#[test]
fn rule_05_control_calls_are_verified_over_the_body_received() {
    let scope = CredentialScope::new("20261121", "", "iam").unwrap();
    let key = SigningKey::derive(&Secret::new(SECRET), &scope).unwrap();
    let time = Timestamp::parse_basic("20261121T120000Z").unwrap();
    let access_key = AccessKeyId::parse("TESTER1").unwrap();
    let signer = OutboundSigner { access_key: access_key.as_str(), key: &key, scope: &scope, time };
    let mut headers: Vec<(&str, &[u8])> = vec![("host", b"h"), ("x-amz-date", b"20261121T120000Z")];
    let payload = hex_sha256(b"Action=ListRoles");
    let request = OutboundRequest { method: Method::Post, path: "/", query: &[], headers: &headers, payload: &payload };
    let authorization = signer.sign(&request).authorization;
    headers.push(("authorization", authorization.as_bytes()));
    let head = head(Method::Post, "/", &headers);
    let query = head.parse_query().unwrap();
    let claim = claim(&head, &query).unwrap().unwrap();
    let rules = Rules { service: Service::Iam, ..rules("20261121T120000Z") };
    let checked = claim.check(&head, &query, &rules).unwrap();
    let hash = |body: &[u8]| -> [u8; 32] { hex::decode(hex_sha256(body)).unwrap().try_into().unwrap() };
    assert!(verify(&checked, &key, Some(&hash(b"Action=ListRoles"))).is_ok());
    let other = verify(&checked, &key, Some(&hash(b"Action=DeleteRole")));
    assert_eq!(other.unwrap_err().iam_code(), ("SignatureDoesNotMatch", 403));
    assert_eq!(verify(&checked, &key, None).unwrap_err(), Error::BodyHashUnknown);
}

#[test]
fn rule_07_every_amz_header_is_signed_in_presigned_requests_too() {
    let target = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F\
        us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let headers: [(&str, &[u8]); 3] =
        [("Host", b"examplebucket.s3.amazonaws.com"), ("X-Amz-Acl", b"private"), ("x-amz-meta-a", b"b")];
    let refused = accept(&head(Method::Get, target, &headers), &key("20130524"), &rules("20130524T000100Z"));
    assert_eq!(refused.unwrap_err(), Error::UnsignedHeaders(vec!["x-amz-acl".into(), "x-amz-meta-a".into()]));
}

#[test]
fn rule_03_hoisted_headers_are_lifted_once_and_never_beside_a_header() {
    let lifted = |target: &str, headers: &[(&str, &[u8])]| {
        let head = head(Method::Put, target, headers);
        hoisted_headers(&head, &head.parse_query().unwrap())
    };
    assert_eq!(
        lifted("/k?X-Amz-Acl=a%20b&x%2Damz-meta-~=&X-Amz-Date=d&uploadId=1&X-Amz-Signature=s", &[]).unwrap(),
        [("x-amz-acl".to_owned(), b"a b".to_vec()), ("x-amz-meta-~".to_owned(), vec![])]
    );
    assert_eq!(lifted("/k?x-amz-acl=a", &[("x-amz-acl", b"a")]), Err(Error::HoistedTwice("x-amz-acl".into())));
    let twice = lifted("/k?x-amz-acl=a&X-Amz-ACL=b", &[]);
    assert_eq!(twice, Err(Error::RepeatedQueryKey("x-amz-acl".into())));
    for split in ["x-amz-acl=a%0D%0AEvil:%20b", "x-amz-acl=%00", "x-amz-a%0Ab=c", "x-amz-a%3Ab=c", "x-amz-%C3%A9=c"] {
        let refused = lifted(&format!("/k?{split}"), &[]);
        assert!(matches!(refused, Err(Error::HoistedNotHeader(_))), "{split}");
    }
}

#[test]
fn rule_28_syntax_before_scope_before_time_before_signed_headers() {
    let outcome = |credential: &str, date: &str, signed: &str| {
        let authorization = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature=0");
        let headers: [(&str, &[u8]); 3] =
            [("host", b"h"), ("x-amz-date", date.as_bytes()), ("authorization", authorization.as_bytes())];
        accept(&head(Method::Get, "/", &headers), &key("20261121"), &rules("20261121T120000Z")).unwrap_err()
    };
    assert_eq!(outcome("A-/20261120/r/x/aws4_request", "20251121T120000Z", "x"), Error::MalformedAccessKeyId);
    assert!(matches!(outcome("AKIA/20251121/r/x/aws4_request", "20251121T120000Z", "x"), Error::ScopeService { .. }));
    let skewed = outcome("AKIA/20251121/r/s3/aws4_request", "20251121T120000Z", "x");
    assert!(matches!(skewed, Error::RequestTimeTooSkewed { max_skew_seconds: 900, .. }));
    let unsigned = outcome("AKIA/20261121/r/s3/aws4_request", "20261121T120000Z", "x-amz-date");
    assert!(matches!(unsigned, Error::UnsignedHeaders(_)));
}

#[test]
fn rule_30_a_mismatch_shows_what_the_client_sent_and_not_the_right_signature() {
    let good = signed(b"/b/k", &[], &[("x-amz-meta-a", b"\xff")], EMPTY);
    let right = accept_signed(&good).unwrap().seed_signature().to_owned();
    let headers = good.headers().map(|header| {
        let value = String::from_utf8_lossy(header.value).replace(&right, &"0".repeat(64));
        let raw = header.value.to_vec();
        (header.name.to_string(), if header.name == "authorization" { value.into_bytes() } else { raw })
    });
    let bad = RequestHead::new(Method::Put, b"/b/k?", headers, good.peer(), None).unwrap();
    let Error::SignatureDoesNotMatch(shown) = accept_signed(&bad).unwrap_err() else { panic!("another error") };
    assert_eq!(&*shown.signature_provided, "0".repeat(64));
    assert!(shown.canonical_request.starts_with(b"PUT\n/b/k\n\nhost:s3.example.test\n"));
    assert!(shown.string_to_sign.ends_with(&hex_sha256(&shown.canonical_request)));
    assert!(!shown.string_to_sign.contains(&right));
    assert!(!String::from_utf8_lossy(&shown.canonical_request).contains(&right));
}

#[test]
fn rule_29_debug_forms_show_no_live_credential() {
    let head = signed(b"/b/k", &[], &[("x-amz-security-token", b"the-token")], EMPTY);
    let query = head.parse_query().unwrap();
    let claim = claim(&head, &query).unwrap().unwrap();
    let checked = claim.check(&head, &query, &rules("20261121T120000Z")).unwrap();
    let verified = verify(&checked, &key("20261121"), None).unwrap();
    let wrong = verify(&checked, &key("20261122"), None).unwrap_err();
    let shown = format!("{claim:?} {checked:?} {verified:?} {wrong:?} {wrong}");
    assert!(shown.contains("AKIAIOSFODNN7EXAMPLE"));
    assert!(!shown.contains("the-token") && !shown.contains(verified.seed_signature()));
    assert_eq!(verified.session_token(), Some("the-token"));
}
