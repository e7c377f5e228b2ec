//! Which plane answers, and what a call to it must look like (security rules 5, 6, 7).

use crate::support::{Req, World};
use rolegate::gateway::Plane;
use rolegate::wire::Method;

const LIST: [(&str, &str); 2] = [("Action", "ListRoles"), ("Version", "2010-05-08")];

#[tokio::test]
async fn rule_05_calls_are_forms_or_queries_to_the_root() {
    let world = World::new().await;
    let admin = world.administrator("TESTER").await;
    let form = world.iam(&admin, &LIST).await;
    assert_eq!((form.status(), form.trace.plane), (200, Plane::Iam), "{}", form.text());
    let get = Req::get("/?Action=ListRoles&Version=2010-05-08").service("iam");
    assert_eq!(world.send(get.clone().sign(&world, &admin)).await.status(), 200);
    assert_eq!(world.send(get.presign(&world, &admin)).await.status(), 200);
    let post = Req::new(Method::Post, "/?Action=ListRoles&Version=2010-05-08").service("iam");
    assert_eq!(world.send(post.sign(&world, &admin)).await.status(), 200);
    let sts = Req::get("/?Action=GetCallerIdentity&Version=2011-06-15").service("sts").presign(&world, &admin);
    assert!(world.send(sts).await.text().contains("arn:aws:iam:::user/TESTER"));
}

#[tokio::test]
async fn rule_05_everything_else_is_refused_on_its_plane() {
    let world = World::new().await;
    let admin = world.administrator("TESTER").await;
    let body = b"Action=ListRoles&Version=2010-05-08";
    let form = "application/x-www-form-urlencoded";
    let iam = |target: &str| Req::get(target).service("iam");
    let post = |target: &str| Req::new(Method::Post, target).service("iam");
    let call = "/?Action=ListRoles&Version=2010-05-08";
    for (what, request) in [
        ("presigned with a body", iam(call).presign(&world, &admin).body(body)),
        ("presigned POST", post(call).presign(&world, &admin)),
        ("parameters in both places", post(call).with("content-type", form).body(body).sign(&world, &admin)),
        ("a repeated one", iam(&format!("{call}&Action=ListRoles")).sign(&world, &admin)),
        ("a repeated one, written otherwise", iam(&format!("{call}&A%63tion=CreateRole")).sign(&world, &admin)),
        ("scope s3 with an action", Req::get(call).sign(&world, &admin)),
        ("scope s3 with an action, presigned", Req::get(call).presign(&world, &admin)),
        ("scope sts with IAM's action", Req::form("sts", &LIST).sign(&world, &admin)),
        ("scope of another service", Req::form("ec2", &LIST).sign(&world, &admin)),
        ("UNSIGNED-PAYLOAD", Req::form("iam", &LIST).payload("UNSIGNED-PAYLOAD").sign(&world, &admin)),
        ("STREAMING", Req::form("iam", &LIST).payload("STREAMING-AWS4-HMAC-SHA256-PAYLOAD").sign(&world, &admin)),
        ("a body that is not a form", post("/").with("content-type", "text/xml").body(body).sign(&world, &admin)),
        ("no action", post("/").with("content-type", form).body(b"x=y").sign(&world, &admin)),
        ("unsigned", Req::form("iam", &LIST).unsigned()),
        ("unsigned query", iam(call).unsigned()),
        ("another path", Req::form("iam", &LIST).sign(&world, &admin).at("//")),
        ("another method", Req::new(Method::Put, call).service("iam").sign(&world, &admin)),
        ("lower-case action", iam("/?action=ListRoles").sign(&world, &admin)),
        ("encoded root", iam("/%2F?Action=ListRoles").sign(&world, &admin)),
    ] {
        let reply = world.send(request).await;
        assert!((400..500).contains(&reply.status()), "{what}: {}", reply.text());
        assert!(!reply.text().contains("Response xmlns") || reply.text().contains("ErrorResponse"), "{what}");
    }
    let mut tampered = Req::form("iam", &LIST).sign(&world, &admin);
    tampered.body = b"Action=ListRoles&Version=2010-05-09".to_vec();
    assert_eq!(world.send(tampered).await.status(), 403);
    assert!(world.backend.seen().is_empty());
}

#[tokio::test]
async fn rule_05_a_presigned_call_cannot_be_changed_under_its_signature() {
    let world = World::new().await;
    let admin = world.administrator("TESTER").await;
    let presigned =
        Req::get("/?Action=GetRole&RoleName=a%2Bb&Version=2010-05-08").service("iam").presign(&world, &admin);
    let asked = world.send(presigned.clone()).await;
    let changed = world.send(Req { target: presigned.target.replace("a%2Bb", "a+b"), ..presigned.clone() }).await;
    assert_eq!((asked.status(), asked.text()), (404, changed.text()), "the name is a+b in both");
    let other = world.send(Req { target: presigned.target.replace("a%2Bb", "a%20b"), ..presigned }).await;
    assert_eq!(other.status(), 403);
}

#[tokio::test]
async fn rule_05_a_buckets_host_is_never_iams() {
    let world = World::new().await;
    let admin = world.administrator("TESTER").await;
    for service in ["iam", "s3"] {
        let call = Req::form(service, &LIST).host("my-bucket.s3.gate.test").sign(&world, &admin);
        let reply = world.send(call).await;
        assert_eq!(reply.trace.plane, Plane::S3);
        assert!(reply.status() >= 400, "{}", reply.text());
        assert!(!reply.text().contains("ListRolesResponse"));
    }
    // Rule 6: the labels iam, sts and s3 below a domain are no buckets.
    for host in ["iam.s3.gate.test", "sts.s3.gate.test", "s3.gate.test", "anything.test"] {
        let reply = world.send(Req::form("iam", &LIST).host(host).sign(&world, &admin)).await;
        assert_eq!(reply.status(), 200, "{host}: {}", reply.text());
    }
}

#[tokio::test]
async fn rule_05_what_looks_like_authentication_is_never_anonymous() {
    let world = World::new().await;
    let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::open/*"}]}"#;
    world.bucket("open", rolegate::entity::Owner::Account, Some(open)).await;
    assert!(world.send(Req::get("/open/k").unsigned()).await.is_forward());
    for request in [
        Req::get("/open/k").with("authorization", ""),
        Req::get("/open/k").with("authorization", "Basic YTpi"),
        Req::get("/open/k").with("authorization", "AWS KEY:sig"),
        Req::get("/open/k").with("x-amz-security-token", "abc"),
        Req::get("/open/k?X-Amz-Signature=00"),
        Req::get("/open/k?x-amz-credential=x"),
        Req::get("/open/k?AWSAccessKeyId=x&Signature=y&Expires=1"),
        Req::get("/open/k?X-Amz-Security-Token=abc"),
    ] {
        let target = request.target.clone();
        assert!(world.send(request.unsigned()).await.status() >= 400, "{target}");
    }
}

#[tokio::test]
async fn rule_07_every_amz_header_is_signed() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    let put = || Req::put("/b-one/k").body(b"x");
    assert!(world.send(put().with("x-amz-meta-a", "1").sign(&world, &one)).await.is_forward());
    for (name, value) in [("x-amz-meta-a", "1"), ("x-amz-acl", "public-read"), ("X-Amz-Tagging", "a=b")] {
        assert_eq!(world.send(put().sign(&world, &one).with(name, value)).await.said(), (403, "AccessDenied".into()));
        let presigned = put().presign(&world, &one).with(name, value);
        assert_eq!(world.send(presigned).await.said(), (403, "AccessDenied".into()));
    }
    // A changed signed header, method, path or query.
    let mut changed = put().with("x-amz-meta-a", "1").sign(&world, &one);
    changed.headers.iter_mut().filter(|(name, _)| name == "x-amz-meta-a").for_each(|(_, value)| *value = b"2".to_vec());
    assert_eq!(world.send(changed).await.code(), "SignatureDoesNotMatch");
    let signed = Req::get("/b-one/k").sign(&world, &one);
    for target in ["/b-one/K", "/b-one/k?versionId=1", "/b-one//k", "/b-one/k%00"] {
        assert_eq!(world.send(Req { target: target.into(), ..signed.clone() }).await.code(), "SignatureDoesNotMatch");
    }
    assert_eq!(world.send(Req { method: Method::Delete, ..signed }).await.code(), "SignatureDoesNotMatch");
}
