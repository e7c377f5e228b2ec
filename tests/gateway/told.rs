//! What of the backend's answers a caller hears: headers that only some may see, error documents, overrides.

use crate::support::{Outcome, Req, World, policy};
use rolegate::entity::Owner;
use rolegate::wire::Method;

const COUNT: &str = "x-amz-tagging-count";
const MODE: &str = "x-amz-object-lock-mode";
const UNTIL: &str = "x-amz-object-lock-retain-until-date";
const HOLD: &str = "x-amz-object-lock-legal-hold";

fn statements(actions: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#)
}

#[tokio::test]
async fn tags_retention_and_holds_are_told_to_those_who_may_ask_for_them() {
    let world = World::new().await;
    world.bucket("b-one", Owner::Account, None).await;
    let all = &[COUNT, MODE, UNTIL, HOLD][..];
    let cases: [(&str, &str, &str, &[&str]); 6] = [
        ("reader", r#"["s3:GetObject","s3:GetObjectVersion"]"#, "", all),
        ("tags", r#"["s3:GetObject","s3:GetObjectTagging"]"#, "", &[MODE, UNTIL, HOLD]),
        ("tags-of-none", r#"["s3:GetObjectVersion","s3:GetObjectTagging"]"#, "?versionId=v", all),
        ("version", r#"["s3:GetObjectVersion","s3:GetObjectVersionTagging"]"#, "?versionId=v", &[MODE, UNTIL, HOLD]),
        ("lock", r#"["s3:GetObject","s3:GetObjectRetention","s3:GetObjectLegalHold"]"#, "", &[COUNT]),
        ("everything", r#"["s3:*"]"#, "", &[]),
    ];
    for (name, actions, query, withheld) in cases {
        let user = world.iam_user(name, &[("p", &statements(actions))]).await;
        for method in [Method::Get, Method::Head] {
            let request = Req::new(method, &format!("/b-one/k{query}")).sign(&world, &user);
            assert_eq!(world.send(request).await.forward().withheld, withheld, "{name}");
        }
    }
    let user = world.iam_user("writer", &[("p", &statements(r#"["s3:PutObject"]"#))]).await;
    let put = Req::put("/b-one/k").body(b"x").sign(&world, &user);
    assert!(world.send(put).await.forward().withheld.is_empty());
}

#[tokio::test]
async fn what_depends_on_tags_that_nobody_asked_for_is_withheld() {
    let world = World::new().await;
    world.bucket("b-one", Owner::Account, None).await;
    let by_tag = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},
        {"Effect":"Allow","Action":"s3:GetObjectTagging","Resource":"*",
         "Condition":{"StringEquals":{"s3:ExistingObjectTag/open":"yes"}}},
        {"Effect":"Allow","Action":["s3:GetObjectRetention","s3:GetObjectLegalHold"],"Resource":"*"}]}"#;
    let user = world.iam_user("by-tag", &[("p", by_tag)]).await;
    let forward = world.send(Req::get("/b-one/k").sign(&world, &user)).await.forward();
    assert_eq!(forward.withheld, [COUNT]);
    assert!(world.backend.seen().is_empty());
}

#[tokio::test]
async fn only_signed_requests_override_headers_of_the_answer() {
    let world = World::new().await;
    let public = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",
        "Resource":"arn:aws:s3:::b-one/*"}]}"#;
    world.bucket("b-one", Owner::Account, Some(public)).await;
    let user = world.iam_user("user", &[("p", &policy("Allow", "s3:GetObject", "*"))]).await;
    for name in
        ["content-type", "content-disposition", "cache-control", "content-language", "content-encoding", "expires"]
    {
        let target = format!("/b-one/k?response-{name}=x");
        for method in [Method::Get, Method::Head] {
            let reply = world.send(Req::new(method, &target).unsigned()).await;
            assert_eq!(reply.said(), (400, "InvalidRequest".to_owned()), "{target}");
            // Whether it is there, or may be read, makes no difference.
            let other = target.replace("b-one", "b-none");
            assert_eq!(world.send(Req::new(method, &other).unsigned()).await.status(), 400);
            for signed in
                [Req::new(method, &target).sign(&world, &user), Req::new(method, &target).presign(&world, &user)]
            {
                let query = world.send(signed).await.forward().query;
                assert_eq!(query, [(format!("response-{name}"), "x".to_owned())]);
            }
        }
    }
    assert!(world.send(Req::get("/b-one/k").unsigned()).await.is_forward());
}

#[tokio::test]
async fn error_documents_that_the_gate_reads_whole_are_written_anew() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    let document = "<Error><Code>NoSuchTagSet</Code><Message>m</Message><BucketName>b-one</BucketName>\
                    <RequestId>backend-7</RequestId><HostId>node-3</HostId><Endpoint>10.0.0.5</Endpoint></Error>";
    for (method, target, body) in [
        (Method::Get, "/b-one?list-type=2", ""),
        (Method::Get, "/b-one?uploads", ""),
        (Method::Put, "/b-one?tagging", "<Tagging><TagSet/></Tagging>"),
    ] {
        world.backend.plan(method, [Outcome::Answer(404, document)]);
        let reply = world.send(Req::new(method, target).body(body.as_bytes()).sign(&world, &one)).await;
        assert_eq!(reply.said(), (404, "NoSuchTagSet".to_owned()), "{target}");
        let text = reply.text();
        assert!(text.contains("<RequestId>REQ1</RequestId><HostId>REQ1</HostId>"), "{text}");
        assert!(text.contains("<BucketName>b-one</BucketName>") && !text.contains("10.0.0.5"), "{text}");
    }
}

#[tokio::test]
async fn a_completed_upload_is_where_the_client_asked_for_it() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    let done =
        "<CompleteMultipartUploadResult><Location>http://10.0.0.5/b-one/k</Location></CompleteMultipartUploadResult>";
    let failed = "<Error><Code>InternalError</Code><RequestId>backend-7</RequestId></Error>";
    let path = Req::new(Method::Post, "/b-one/a%20b?uploadId=u");
    let host = Req::new(Method::Post, "/a%20b?uploadId=u").host("b-one.s3.gate.test");
    for (request, location) in
        [(path.clone(), "http://gate.test/b-one/a%20b"), (host, "http://b-one.s3.gate.test/a%20b")]
    {
        world.backend.plan(Method::Post, [Outcome::Answer(200, done)]);
        let reply = world.send(request.body(b"<C/>").sign(&world, &one)).await;
        assert_eq!(reply.element("Location").as_deref(), Some(location), "{}", reply.text());
    }
    world.backend.plan(Method::Post, [Outcome::Answer(200, failed)]);
    let reply = world.send(path.body(b"<C/>").sign(&world, &one)).await;
    assert_eq!((reply.status(), reply.element("RequestId").as_deref()), (200, Some("REQ1")), "{}", reply.text());
}
