//! Claims, their checks, and signing anew.

use super::message::{Message, PEER, all_rules};
use super::request::outbound;
use rolegate::s3::route;
use rolegate::sigv4::{
    self, ClaimKind, CredentialScope, MAX_SKEW_SECONDS, OutboundRequest, OutboundSigner, Place, Rules, Service,
    SigningKey, UNSIGNED_PAYLOAD, hoisted_headers, verify,
};
use rolegate::types::{Secret, Timestamp};
use rolegate::wire::{Method, QueryString, RequestHead};

/// A secret that signed no seed.
const SECRET: &str = "fuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzz";

const AUTHENTICATION_KEYS: [&str; 12] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "x-amz-s3session-token",
    "awsaccesskeyid",
    "signature",
    "expires",
];

/// Claims in any head: what looks like authentication is never anonymous, what passes the checks is signed as
/// rule 7 asks, and nothing is proven with a key that signed nothing.
pub fn claim(data: &[u8]) {
    let Some(message) = Message::read(data) else { return };
    let Ok(query) = message.head.parse_query() else { return };
    check(&message.head, &query);
}

/// The same for a query: the input is what stands after the `?`.
pub fn presigned(data: &[u8]) {
    let target = [b"/bkt/key?", data].concat();
    let headers = [("host", "s3.example.test"), ("x-amz-meta-a", "b")];
    let Some(head) = RequestHead::new(Method::Get, &target, headers, PEER, None) else { return };
    let Ok(query) = head.parse_query() else { return };
    if let Ok(lifted) = hoisted_headers(&head, &query) {
        for (at, (name, value)) in lifted.iter().enumerate() {
            assert!(name.starts_with("x-amz-") && head.header(name).is_none());
            assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
            assert!(lifted.iter().skip(at + 1).all(|(other, _)| other != name));
        }
    }
    check(&head, &query);
}

fn check(head: &RequestHead, query: &QueryString) {
    let claim = match sigv4::claim(head, query) {
        Ok(Some(claim)) => claim,
        Ok(None) => return is_anonymous(head, query),
        Err(error) => {
            assert!(error.s3_code().1 >= 400 && error.iam_code().1 >= 400 && !error.to_string().is_empty());
            return;
        }
    };
    let names: Vec<&str> = claim.signed_headers().collect();
    assert!(names.is_sorted_by(|one, other| one < other));
    match claim.kind() {
        ClaimKind::Header => assert!(head.header("authorization").is_some()),
        ClaimKind::Query { expires_seconds } => assert!((1..=604_800).contains(&expires_seconds)),
        ClaimKind::Form => panic!("a request's claim is not a form's"),
    }
    for service in [Service::S3, Service::Iam, Service::Sts] {
        let rules = Rules { service, region: None, now: claim.signing_time(), max_skew_seconds: MAX_SKEW_SECONDS };
        let Ok(checked) = claim.check(head, query, &rules) else { continue };
        assert_eq!(claim.scope().service(), service.as_str());
        assert!(claim.signs("host") && names.iter().all(|name| head.header(name).is_some()));
        if claim.place() == Place::Header {
            let amz = head.headers().filter(|header| header.name.starts_with("x-amz-"));
            assert!(amz.into_iter().all(|header| claim.signs(header.name)), "rule 7");
        }
        let late = Rules { now: claim.signing_time().plus_seconds(700_000), ..rules };
        assert!(claim.check(head, query, &late).is_err(), "no claim lives eight days");
        let Ok(key) = SigningKey::derive(&Secret::new(SECRET), claim.scope()) else { continue };
        assert!(verify(&checked, &key, Some(&[0; 32])).is_err(), "nothing was signed with this key");
    }
}

fn is_anonymous(head: &RequestHead, query: &QueryString) {
    assert!(head.header("authorization").is_none() && head.header("x-amz-security-token").is_none());
    for pair in query.pairs() {
        let key = String::from_utf8_lossy(&pair.key).to_ascii_lowercase();
        assert!(!AUTHENTICATION_KEYS.contains(&key.as_str()), "{key}");
    }
}

/// What goes out signed is what a verifier of ours accepts, whatever the client's target and headers were.
pub fn signed_anew(data: &[u8]) {
    let Some(message) = Message::read(data) else { return };
    let Ok(query) = message.head.parse_query() else { return };
    for rules in all_rules() {
        let Ok(request) = route(&message.head, &query, false, &rules) else { continue };
        let sent = outbound(&request, "", &rules.buckets).expect("a target");
        let target = request.outbound_target("", &rules.buckets).expect("a target");
        let pairs: Vec<(&str, &str)> =
            target.query.iter().map(|(key, value)| (key.as_str(), value.as_deref().unwrap_or_default())).collect();
        let signed = sign(&sent, &target.path, &pairs, UNSIGNED_PAYLOAD);
        let authorization = signed.header_str("authorization").expect("a signature");
        // Names of headers may be longer together than a verifier reads.
        if authorization.len() <= MAX_AUTHORIZATION_BYTES {
            accept(&signed, UNSIGNED_PAYLOAD);
        }
    }
}

/// As much of an Authorization header as we read.
const MAX_AUTHORIZATION_BYTES: usize = 8192;

fn now() -> Timestamp {
    Timestamp::from_seconds(1_780_000_000)
}

/// The key that signs, for its scope.
pub fn signing_key() -> (SigningKey, CredentialScope) {
    let scope = CredentialScope::new(&now().basic_date(), "us-east-1", "s3").expect("a scope");
    (SigningKey::derive(&Secret::new(SECRET), &scope).expect("a key"), scope)
}

/// Runs `work` with the signer that makes [`signing_key`]'s signatures.
pub fn with_signer<T>(work: impl FnOnce(&OutboundSigner<'_>) -> T) -> T {
    let (key, scope) = signing_key();
    work(&OutboundSigner { access_key: "AKIAFUZZ", key: &key, scope: &scope, time: now() })
}

/// The head with date, hash and signature.
pub fn sign(head: &RequestHead, path: &str, query: &[(&str, &str)], payload: &str) -> RequestHead {
    let mut headers: Vec<(String, Vec<u8>)> =
        head.headers().map(|header| (header.name.to_string(), header.value.to_vec())).collect();
    headers.push(("x-amz-date".to_owned(), now().basic().into_bytes()));
    headers.push(("x-amz-content-sha256".to_owned(), payload.as_bytes().to_vec()));
    let fields: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let request = OutboundRequest { method: head.method(), path, query, headers: &fields, payload };
    let signature = with_signer(|signer| signer.sign(&request));
    headers.push(("authorization".to_owned(), signature.authorization.into_bytes()));
    let target = match head.raw_query() {
        Some(query) => [head.raw_path(), b"?", query].concat(),
        None => head.raw_path().to_vec(),
    };
    RequestHead::new(head.method(), &target, headers, PEER, None).expect("a target")
}

/// Verifies what [`sign`] made.
pub fn accept(head: &RequestHead, payload: &str) -> sigv4::VerifiedSignature {
    let query = head.parse_query().expect("a query");
    let claim = sigv4::claim(head, &query).expect("a good claim").expect("a claim");
    let rules = Rules { service: Service::S3, region: None, now: now(), max_skew_seconds: MAX_SKEW_SECONDS };
    let checked = claim.check(head, &query, &rules).unwrap_or_else(|error| panic!("refused unseen: {error}: {head:?}"));
    let (key, _) = signing_key();
    let verified = verify(&checked, &key, None).unwrap_or_else(|error| panic!("not our signature: {error}: {head:?}"));
    assert_eq!(verified.payload().text(), payload);
    verified
}
