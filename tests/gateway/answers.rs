//! Every fault has an answer in every dialect, and none of 5xx tells of the inside (security rules 18, 30).

use crate::support::{Credentials, Req, World, policy};
use rolegate::entity::Owner;
use rolegate::gateway::{BodyError, BodyPlan, Fault, Plane, WebKeysError, fault_response};
use rolegate::store::{self, RecordKey};
use rolegate::types::{AccessKeyId, Timestamp};
use rolegate::wire::InvalidQuery;
use rolegate::wire::aws_query::QueryError;
use rolegate::{authn, gateway, iam, s3, sigv4, sts, token};

const INSIDE: &str = "redis at 10.9.8.7";

/// A fault with its status and code on the S3 plane and on the control plane.
type Answered = (Fault, (u16, &'static str), (u16, &'static str));

fn faults() -> Vec<Answered> {
    let key = || RecordKey::bucket(INSIDE);
    let id = || AccessKeyId::parse("AKIAEXAMPLE").unwrap();
    let stored = |error| Fault::Store(error);
    let unavailable = (503, "ServiceUnavailable");
    let internal = (500, "InternalFailure");
    vec![
        (Fault::signature(sigv4::Error::MissingHost), (400, "InvalidRequest"), (400, "IncompleteSignature")),
        (Fault::signature(sigv4::Error::BodyHashUnknown), (500, "InternalError"), internal),
        (Fault::Authn(authn::Error::UnknownKey(id())), (403, "InvalidAccessKeyId"), (403, "InvalidClientTokenId")),
        (Fault::Authn(authn::Error::Token(token::Error::Forged)), (400, "InvalidToken"), (403, "InvalidClientTokenId")),
        (
            Fault::Authn(authn::Error::Token(token::Error::Expired { expired_at: Timestamp::from_seconds(0) })),
            (400, "ExpiredToken"),
            (403, "ExpiredToken"),
        ),
        (Fault::Authn(authn::Error::TokenWithLongTermKey), (400, "InvalidToken"), (403, "InvalidClientTokenId")),
        (Fault::Authn(authn::Error::TokenMissing(id())), (403, "InvalidAccessKeyId"), (403, "InvalidClientTokenId")),
        (Fault::Authn(authn::Error::SessionRevoked), (400, "InvalidToken"), (403, "InvalidClientTokenId")),
        (Fault::Authn(authn::Error::UnusableSecret), unavailable, unavailable),
        (Fault::Authn(authn::LookupError::Stale.into()), unavailable, unavailable),
        (Fault::Authn(authn::LookupError::TooManyUnknown.into()), (503, "SlowDown"), (400, "Throttling")),
        (Fault::Query(InvalidQuery::Escape), (400, "InvalidURI"), (404, "MalformedQueryString")),
        (Fault::Parameters(QueryError::Encoding), (400, "InvalidRequest"), (400, "ValidationError")),
        (Fault::NotAForm, (400, "InvalidRequest"), (400, "ValidationError")),
        (Fault::ParametersTwice, (400, "InvalidRequest"), (400, "InvalidParameterCombination")),
        (Fault::MissingAction, (400, "InvalidRequest"), (400, "MissingAction")),
        (Fault::Unsigned, (403, "AccessDenied"), (403, "MissingAuthenticationToken")),
        (Fault::ForeignScope("ec2".into()), (400, "InvalidRequest"), (403, "SignatureDoesNotMatch")),
        (
            Fault::Iam(iam::Error::DeleteConflict(iam::Remains::InlinePolicies)),
            (500, "InternalError"),
            (409, "DeleteConflict"),
        ),
        (Fault::Iam(iam::Error::Store(store::Error::Unavailable(INSIDE.into()))), (500, "InternalError"), unavailable),
        (Fault::Sts(sts::Error::DurationExceedsRole), (500, "InternalError"), (400, "ValidationError")),
        (Fault::Sts(sts::Error::Token(token::Error::Derivation)), (500, "InternalError"), internal),
        (Fault::TooManyRefused, (500, "InternalError"), (400, "Throttling")),
        (Fault::WebKeys(WebKeysError::Unreachable), (500, "InternalError"), (400, "IDPCommunicationError")),
        (Fault::WebKeys(WebKeysError::Unusable), (500, "InternalError"), (400, "InvalidIdentityToken")),
        (Fault::NothingRequired, (403, "AccessDenied"), (403, "AccessDenied")),
        (Fault::S3(s3::Error::PathEscape), (400, "InvalidURI"), internal),
        (Fault::S3(s3::Error::BackendAnswer), (500, "InternalError"), internal),
        (Fault::NotImplemented(s3::Operation::PutBucketAcl), (501, "NotImplemented"), internal),
        (Fault::NoSuchBucket { bucket: "b-one".into() }, (404, "NoSuchBucket"), internal),
        (Fault::BucketTaken, (409, "BucketAlreadyExists"), internal),
        (Fault::BucketBusy, (409, "OperationAborted"), internal),
        (Fault::OtherOwner("x-amz-expected-bucket-owner"), (403, "AccessDenied"), (403, "AccessDenied")),
        (Fault::MissingLength, (411, "MissingContentLength"), internal),
        (Fault::BadLength, (400, "InvalidArgument"), (400, "ValidationError")),
        (Fault::UnexpectedBody(s3::Operation::GetObject), (400, "InvalidRequest"), internal),
        (Fault::StreamingUnsigned, (400, "InvalidRequest"), internal),
        (Fault::ContentSha256, (400, "XAmzContentSHA256Mismatch"), internal),
        (Fault::Chunks(sigv4::BodyError::ChunkSignature), (403, "SignatureDoesNotMatch"), internal),
        (
            Fault::Body(BodyError::TooLarge { limit: 5 }),
            (400, "MaxMessageLengthExceeded"),
            (413, "RequestEntityTooLarge"),
        ),
        (Fault::Body(BodyError::Incomplete), (400, "IncompleteBody"), (400, "RequestExpired")),
        (Fault::Body(BodyError::TimedOut), (400, "RequestTimeout"), (400, "RequestExpired")),
        (Fault::Body(BodyError::Busy), (503, "SlowDown"), (400, "Throttling")),
        (Fault::Backend(gateway::BackendError::Unreachable), unavailable, unavailable),
        (Fault::Backend(gateway::BackendError::Ambiguous), (502, "InternalError"), unavailable),
        (Fault::Backend(gateway::BackendError::TooLarge), (502, "InternalError"), unavailable),
        (Fault::BackendAnswer, (502, "InternalError"), unavailable),
        (Fault::FactUnknown(gateway::FactFault::Status(500)), unavailable, unavailable),
        (Fault::FactChanged, (503, "SlowDown"), internal),
        (stored(store::Error::Conflict(key())), unavailable, unavailable),
        (stored(store::Error::Unavailable(INSIDE.into())), unavailable, unavailable),
        (stored(store::Error::Damaged(key())), unavailable, unavailable),
        (stored(store::Error::WrongKey), unavailable, unavailable),
        (stored(store::Error::OtherStore), unavailable, unavailable),
        (stored(store::Error::MixedScopes), unavailable, unavailable),
        (stored(store::Error::WrittenTwice(key())), unavailable, unavailable),
        (stored(store::Error::Unwritable(key())), unavailable, unavailable),
        (Fault::Lookup(authn::LookupError::BadPolicy(key())), unavailable, unavailable),
        (Fault::Lookup(authn::LookupError::Store(store::Error::WrongKey)), unavailable, unavailable),
        (Fault::Lookup(authn::LookupError::Stale), unavailable, unavailable),
        (Fault::Lookup(authn::LookupError::TooManyUnknown), (503, "SlowDown"), (400, "Throttling")),
    ]
}

#[test]
fn every_fault_has_an_answer_in_every_dialect() {
    let head = Req::get("/b-one/a%20b").unsigned().head();
    for (fault, s3, control) in faults() {
        for (plane, (status, code)) in
            [(Plane::S3, s3), (Plane::None, s3), (Plane::Iam, control), (Plane::Sts, control)]
        {
            let answer = fault_response(&fault, plane, &head, "REQ1");
            let body = String::from_utf8(answer.body.to_vec()).unwrap();
            assert_eq!(answer.status, status, "{fault:?} on {plane:?}");
            assert!(body.contains(&format!("<Code>{code}</Code>")), "{fault:?} on {plane:?}: {body}");
            assert!(body.contains("REQ1"), "{body}");
            assert!(answer.headers.contains(&("cache-control", "no-store".into())));
            let message = body.split("<Message>").nth(1).unwrap_or_default();
            assert!(!message.starts_with('<'), "{fault:?} has no message");
            if status >= 500 && status != 501 {
                for inner in [INSIDE, "redis", "record", "token", "damaged", "hash"] {
                    assert!(!message.contains(inner), "{fault:?} on {plane:?}: {message}");
                }
            }
            let root = if matches!(plane, Plane::S3 | Plane::None) { "<Error>" } else { "<ErrorResponse xmlns=" };
            assert!(body.contains(root), "{body}");
        }
    }
}

#[tokio::test]
async fn rule_30_a_mismatch_shows_only_what_the_client_sent() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    let wrong = Credentials { secret: "wrong".into(), ..one };
    let reply = world.send(Req::get("/b-one/k").sign(&world, &wrong)).await;
    assert_eq!(reply.said(), (403, "SignatureDoesNotMatch".into()));
    for name in ["StringToSign", "CanonicalRequest", "SignatureProvided", "AWSAccessKeyId"] {
        assert!(reply.element(name).is_some(), "{name}");
    }
    assert!(!reply.text().contains("secret of"));
    // The signature that would have been right is nowhere.
    let good = Req::get("/b-one/k").sign(&world, &Credentials { secret: "secret of KEYOF_TESTER1".into(), ..wrong });
    let authorization = good.headers.iter().find(|(name, _)| name == "authorization").unwrap();
    let text = String::from_utf8(authorization.1.clone()).unwrap();
    let signature = text.rsplit('=').next().unwrap();
    assert!(!reply.text().contains(signature));
}

#[tokio::test]
async fn bodies_go_out_under_the_plan_that_was_signed() {
    let world = World::new().await;
    let user = world.iam_user("user", &[("p", &policy("Allow", "s3:*", "*"))]).await;
    let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b-one/*"}]}"#;
    world.bucket("b-one", Owner::Account, Some(open)).await;
    let put = || Req::put("/b-one/k").body(b"hello");
    let plan = |reply: crate::support::Reply| reply.forward().body;
    assert!(matches!(plan(world.send(put().sign(&world, &user)).await), BodyPlan::Hashed { length: 5, .. }));
    let unsigned = put().payload("UNSIGNED-PAYLOAD").sign(&world, &user);
    assert!(matches!(plan(world.send(unsigned).await), BodyPlan::Plain { length: 5 }));
    assert!(matches!(plan(world.send(put().presign(&world, &user)).await), BodyPlan::Plain { length: 5 }));
    assert!(matches!(plan(world.send(put().unsigned()).await), BodyPlan::Plain { length: 5 }));
    let streaming = put()
        .payload("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        .with("x-amz-decoded-content-length", "5")
        .with("x-amz-trailer", "x-amz-checksum-crc32")
        .sign(&world, &user);
    assert!(matches!(
        plan(world.send(streaming).await),
        BodyPlan::Chunked { decoded_length: 5, wire_length: Some(5), .. }
    ));
    assert!(matches!(plan(world.send(Req::get("/b-one/k").sign(&world, &user)).await), BodyPlan::Empty));
    // Framing without a claim would be stored as if it were the object.
    for sentinel in ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"] {
        let reply = world.send(put().with("x-amz-content-sha256", sentinel).unsigned()).await;
        assert_eq!(reply.status(), 400, "{}", reply.text());
    }
    for (request, status) in [
        (Req::put("/b-one/k").sign(&world, &user), 411),
        (Req::get("/b-one/k").body(b"x").sign(&world, &user), 400),
        (Req::delete("/b-one").body(b"x").sign(&world, &user), 400),
        (Req::get("/b-one/k").with("transfer-encoding", "chunked").sign(&world, &user), 400),
        (Req::put("/b-one/k").with("content-length", "+5").sign(&world, &user), 400),
        (Req::get("/b-one/k").payload(&"0".repeat(64)).sign(&world, &user), 400),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(world.send(request).await.status(), status, "{shown}");
    }
    assert!(world.backend.seen().is_empty());
}

#[test]
fn codes_of_the_signatures_faults_are_in_s3s_table() {
    use rolegate::s3::ErrorCode;
    use sigv4::BodyError as B;
    for error in [B::ChunkSignature, B::Sha256Mismatch { claimed: [0; 32], received: [1; 32] }] {
        let (code, status) = error.s3_code();
        assert_eq!(ErrorCode::from_name(code).map(ErrorCode::status), Some(status), "{code}");
    }
    // An unknown name would be written as InternalError.
    let sources = [
        include_str!("../../src/gateway/rescue.rs"),
        include_str!("../../src/server/gate.rs"),
        include_str!("../../src/sigv4/body_error.rs"),
    ];
    let s3_only = |name: &str| {
        let control =
            ["Throttling", "ValidationError", "MissingAction", "InvalidParameterCombination", "RequestExpired"];
        let control_2 = ["InvalidClientTokenId", "MissingAuthenticationToken", "MalformedQueryString"];
        let web = ["IDPCommunicationError", "InvalidIdentityToken"];
        let control_3 = ["RequestEntityTooLarge", "InternalFailure", "ServiceUnavailable"];
        ![&control[..], &control_2, &control_3, &web].iter().any(|list| list.contains(&name))
    };
    let mut seen = 0;
    let pairs = regex::Regex::new(r#"(?:\(\s*\d{3},\s*"([A-Za-z0-9]+)")|(?:\("([A-Za-z0-9]+)", \d{3}\))"#).unwrap();
    for source in sources {
        for found in pairs.captures_iter(source) {
            let name = found.get(1).or(found.get(2)).unwrap().as_str();
            if s3_only(name) {
                seen += 1;
                assert!(ErrorCode::from_name(name).is_some(), "{name}");
            }
        }
    }
    assert!(seen > 30, "the sources were read");
}
