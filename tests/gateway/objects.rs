//! Requests on objects: names, headers, bodies that decide, facts of the backend, denials
//! (security rules 2, 3, 4, 8, 11, 30).

use crate::support::{Outcome, Req, World, policy, trust};
use rolegate::entity::{Owner, UserKind};
use rolegate::gateway::ResponsePlan;
use rolegate::types::AccountId;
use rolegate::wire::Method;

const DELETE: &str =
    "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object><Object><Key>c</Key></Object></Delete>";

fn delete_many(body: &str) -> Req {
    let md5 = rolegate::s3::content_md5(body.as_bytes());
    Req::new(Method::Post, "/b-one?delete").with("content-md5", md5).body(body.as_bytes())
}

#[tokio::test]
async fn rule_02_names_of_the_backends_own_paths_are_never_forwarded() {
    let world = World::new().await;
    let all = policy("Allow", "*", "*");
    let admin = world.iam_user("admin", &[("p", &all)]).await;
    world.bucket("b-one", Owner::Account, None).await;
    for name in ["minio", "RustFS", "admin", "%6dinio", "a:b", "a%2Fb", "..", "a%00b", "ab", "Upper"] {
        for method in [Method::Get, Method::Put, Method::Delete, Method::Head] {
            for target in [format!("/{name}"), format!("/{name}/v3/info")] {
                let reply = world.send(Req::new(method, &target).sign(&world, &admin)).await;
                assert!((400..500).contains(&reply.status()), "{target}: {}", reply.text());
            }
        }
        let copy = Req::put("/b-one/k").with("x-amz-copy-source", format!("/{name}/k")).sign(&world, &admin);
        assert!((400..500).contains(&world.send(copy).await.status()), "{name}");
    }
    assert!(world.backend.seen().is_empty());
}

#[tokio::test]
async fn rule_03_unknown_amz_headers_and_query_keys_are_refused_and_others_dropped() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    for request in [
        Req::get("/b-one/k").with("x-amz-unheard-of", "1"),
        Req::get("/b-one/k?unheard-of"),
        Req::get("/b-one/k?versionId=1&versionId=2"),
        Req::get("/b-one/k?VersionId=1"),
        Req::put("/b-one/k").with("x-amz-meta-minio-snowball-extract", "true").body(b"x"),
    ] {
        let shown = format!("{request:?}");
        let reply = world.send(request.sign(&world, &one)).await;
        assert!((400..500).contains(&reply.status()), "{shown}");
    }
    let request = Req::get("/b-one/k?x-id=GetObject")
        .with("x-minio-extract", "true")
        .with("rgwx-stat", "1")
        .with("x-seaweedfs-x", "1")
        .with("x-forwarded-for", "1.2.3.4")
        .with("cookie", "a")
        .with("range", "bytes=0-1")
        .sign(&world, &one);
    let forward = world.send(request).await.forward();
    let names: Vec<&str> = forward.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names, forward.query.len()), (vec!["range"], 0));
}

#[tokio::test]
async fn rule_04_policies_see_the_bytes_of_the_key() {
    let world = World::new().await;
    let home = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b-one/home/*"},
        {"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b-one/home/secret*"}]}"#;
    let user = world.iam_user("home", &[("p", home)]).await;
    world.bucket("b-one", Owner::Account, None).await;
    for (target, allowed) in [
        ("/b-one/home/a", true),
        ("/b-one/home%2Fa", true),
        ("/b-one/home/../x", true),
        ("/b-one/%68ome/%ff", true),
        ("/b-one//home/a", false),
        ("/b-one/HOME/a", false),
        ("/b-one/hom%65/secret", false),
        ("/b-one/home%2fsecret/x", false),
        ("/b-one/home/%73ecret", false),
        ("/b-one/x/../home/a", false),
    ] {
        let reply = world.send(Req::get(target).sign(&world, &user)).await;
        assert_eq!(reply.is_forward(), allowed, "{target}: {}", reply.text());
    }
}

#[tokio::test]
async fn rule_08_bodies_that_decide_are_checked_judged_and_written_anew() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    let tags = "<Tagging><!-- note --><TagSet><Tag><Key>a</Key><Value>&#98;</Value></Tag></TagSet></Tagging>";
    let put = || Req::put("/b-one/k?tagging").with("content-md5", rolegate::s3::content_md5(tags.as_bytes()));
    let reply = world.send(put().body(tags.as_bytes()).sign(&world, &one)).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let call = world.backend.calls().pop().unwrap();
    let sent = String::from_utf8(call.body.to_vec()).unwrap();
    assert!(sent.contains("<Key>a</Key><Value>b</Value>") && !sent.contains("note"), "{sent}");
    let md5s: Vec<_> = call.headers.iter().filter(|(name, _)| name == "content-md5").collect();
    assert_eq!(md5s.len(), 1);
    assert_eq!(md5s[0].1, rolegate::s3::content_md5(&call.body).into_bytes());
    world.backend.seen();
    let mut tampered = put().body(tags.as_bytes()).sign(&world, &one);
    tampered.body = tags.replace("98", "99").into_bytes();
    assert_eq!(world.send(tampered).await.code(), "XAmzContentSHA256Mismatch");
    let wrong_md5 = Req::put("/b-one/k?tagging").with("content-md5", rolegate::s3::content_md5(b"other"));
    assert_eq!(world.send(wrong_md5.body(tags.as_bytes()).sign(&world, &one)).await.code(), "BadDigest");
    for bad in [
        "<!DOCTYPE a><Tagging><TagSet/></Tagging>",
        "<Tagging><TagSet/><TagSet/></Tagging>",
        "<Tagging><TagSet><Tag><Key>a</Key><Key>b</Key><Value/></Tag></TagSet></Tagging>",
        "<Tagging>",
        "",
    ] {
        let reply = world.send(Req::put("/b-one/k?tagging").body(bad.as_bytes()).sign(&world, &one)).await;
        assert!((400..500).contains(&reply.status()), "{bad}: {}", reply.text());
    }
    let long = format!("<Tagging>{}</Tagging>", " ".repeat(3 << 20));
    let reply = world.send(Req::put("/b-one/k?tagging").body(long.as_bytes()).sign(&world, &one)).await;
    assert_eq!(reply.code(), "MaxMessageLengthExceeded");
    assert!(world.backend.seen().is_empty());
    // A body that passes as it came keeps its one digest.
    let complete =
        "<CompleteMultipartUpload><Part><ETag>e</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>";
    world.backend.plan(Method::Post, [Outcome::Answer(200, "<CompleteMultipartUploadResult><Location>http://backend/b-one/k</Location></CompleteMultipartUploadResult>")]);
    let request = Req::new(Method::Post, "/b-one/k?uploadId=u")
        .with("content-md5", rolegate::s3::content_md5(complete.as_bytes()))
        .body(complete.as_bytes())
        .sign(&world, &one);
    let reply = world.send(request).await;
    assert_eq!(reply.element("Location").as_deref(), Some("http://gate.test/b-one/k"), "{}", reply.text());
    let call = world.backend.calls().pop().unwrap();
    assert_eq!(call.headers.iter().filter(|(name, _)| name == "content-md5").count(), 1);
    assert_eq!(call.body, complete);
}

#[tokio::test]
async fn rule_08_expected_owners_are_judged_and_dropped() {
    let world = World::new().await;
    let other = AccountId::parse("other").unwrap();
    let all = policy("Allow", "*", "*");
    let user = world.user(&other, "insider", UserKind::Iam, "", &[("p", &all)]).await;
    let poor = world.iam_user("poor", &[]).await;
    world.bucket_in(&other, "b-one", Owner::Account, None, rolegate::entity::BucketState::Active).await;
    let get = |owner: &str| Req::get("/b-one/k").with("x-amz-expected-bucket-owner", owner);
    let forward = world.send(get("other").sign(&world, &user)).await.forward();
    assert!(forward.headers.iter().all(|(name, _)| !name.contains("expected")));
    assert_eq!(world.send(get("else").sign(&world, &user)).await.said(), (403, "AccessDenied".into()));
    let source = |name: &str| {
        Req::put("/b-one/k").with("x-amz-copy-source", "/b-one/s").with("x-amz-source-expected-bucket-owner", name)
    };
    assert!(world.send(source("other").sign(&world, &user)).await.is_forward());
    assert_eq!(world.send(source("else").sign(&world, &user)).await.said(), (403, "AccessDenied".into()));
    for request in [Req::delete("/b-one"), Req::get("/b-one"), Req::get("/b-one?versioning"), delete_many(DELETE)] {
        let request = request.with("x-amz-expected-bucket-owner", "else");
        assert_eq!(world.send(request.sign(&world, &user)).await.said(), (403, "AccessDenied".into()));
    }
    // Who may not do it anyway does not learn which account it is.
    let mut texts = Vec::new();
    for owner in ["other", "else"] {
        texts.push(world.send(get(owner).sign(&world, &poor)).await.text());
    }
    assert_eq!(texts[0], texts[1]);
    assert!(world.backend.seen().is_empty());
}

#[tokio::test]
async fn rule_11_copies_carry_tags_only_where_that_is_allowed() {
    let world = World::new().await;
    world.bucket("b-src", Owner::Account, None).await;
    world.bucket("b-dst", Owner::Account, None).await;
    let plain = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}]}"#;
    let poor = world.iam_user("poor", &[("p", plain)]).await;
    let rich = world.iam_user("rich", &[("p", &policy("Allow", "s3:*", "*"))]).await;
    let copy = || Req::put("/b-dst/k").with("x-amz-copy-source", "/b-src/s%20a?versionId=v1");
    let directive = |forward: &rolegate::gateway::Forward| {
        let found = forward.headers.iter().find(|(name, _)| name == "x-amz-tagging-directive");
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    let forward = world.send(copy().sign(&world, &rich)).await.forward();
    assert_eq!(directive(&forward), None);
    assert!(world.backend.seen().is_empty());
    let read_versions = plain.replace("s3:PutObject\"", "s3:PutObject\",\"s3:GetObjectVersion\"");
    let poor_versions = world.iam_user("poor2", &[("p", &read_versions)]).await;
    let forward = world.send(copy().sign(&world, &poor_versions)).await.forward();
    assert_eq!(directive(&forward).as_deref(), Some("REPLACE"), "tags set meanwhile are not carried either");
    assert_eq!(world.backend.seen(), ["GET /b-src/s%20a?tagging&versionId=v1"]);
    let explicit = copy().with("x-amz-tagging-directive", "COPY").sign(&world, &poor_versions);
    assert_eq!(directive(&world.send(explicit).await.forward()).as_deref(), Some("REPLACE"));
    let tagged = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    for (status, body, wanted) in [
        (200, tagged, (403, "AccessDenied")),
        (200, "<html/>", (503, "ServiceUnavailable")),
        (200, "", (503, "ServiceUnavailable")),
        (403, "", (503, "ServiceUnavailable")),
        (500, "", (503, "ServiceUnavailable")),
        (501, "", (503, "ServiceUnavailable")),
        (404, "", (503, "ServiceUnavailable")),
        (404, "<Error><Code>NoSuchThing</Code></Error>", (503, "ServiceUnavailable")),
    ] {
        *world.backend.tagging.lock().unwrap() = Some((status, body));
        let reply = world.send(copy().sign(&world, &poor_versions)).await;
        assert_eq!(reply.said(), (wanted.0, wanted.1.into()), "{status} {body}");
    }
    // Without the right to read, the backend is not even asked.
    world.backend.seen();
    assert_eq!(world.send(copy().sign(&world, &poor)).await.said(), (403, "AccessDenied".into()));
    assert!(world.backend.seen().is_empty());
}

#[tokio::test]
async fn each_bucket_of_a_copy_is_judged_by_its_own_owner_and_policy() {
    let world = World::new().await;
    let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    world.bucket("b-one1", world.owner("TESTER2").await, None).await;
    let copy = |from: &str, to: &str| Req::put(to).with("x-amz-copy-source", from);
    for (from, to, by, allowed) in [
        ("/b-one/k", "/b-one/l", &one, true),
        ("/b-one1/k", "/b-one/l", &one, false),
        ("/b-one/k", "/b-one1/l", &one, false),
        ("/b-one1/k", "/b-one1/l", &one, false),
        ("/b-one1/k", "/b-one1/l", &two, true),
        ("/b-gone/k", "/b-one/l", &one, false),
    ] {
        let reply = world.send(copy(from, to).sign(&world, by)).await;
        assert_eq!(reply.is_forward(), allowed, "{from} {to}: {}", reply.text());
    }
    assert!(world.backend.seen().is_empty());
}

#[tokio::test]
async fn what_a_caller_may_not_list_it_may_not_know_to_be_missing() {
    let world = World::new().await;
    world.bucket("b-one", Owner::Account, None).await;
    let reader = world.iam_user("reader", &[("p", &policy("Allow", "s3:*Object*", "arn:aws:s3:::*/*"))]).await;
    let lister = world.iam_user("lister", &[("p", &policy("Allow", "s3:*", "*"))]).await;
    let copy = Req::put("/b-one/k").with("x-amz-copy-source", "/b-one/s");
    for request in [Req::get("/b-one/k"), Req::new(Method::Head, "/b-one/k"), Req::get("/b-one/k?tagging"), copy] {
        let hidden = world.send(request.clone().sign(&world, &reader)).await.forward().response;
        let ResponsePlan::HideMissing(answer) = hidden else { panic!("passes: {request:?}") };
        assert_eq!(answer.status, 403);
        assert!(String::from_utf8_lossy(&answer.body).contains("s3:ListBucket"));
        assert_eq!(world.send(request.sign(&world, &lister)).await.forward().response, ResponsePlan::Pass);
    }
    assert_eq!(
        world.send(Req::put("/b-one/k").body(b"x").sign(&world, &reader)).await.forward().response,
        ResponsePlan::Pass
    );
}

#[tokio::test]
async fn each_key_of_a_batch_is_judged_by_itself() {
    let world = World::new().await;
    world.bucket("b-one", Owner::Account, None).await;
    let some = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"*"},
        {"Sid":"NotB","Effect":"Deny","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::b-one/b"}]}"#;
    let user = world.iam_user("some", &[("p", some)]).await;
    world.backend.plan(
        Method::Post,
        [Outcome::Answer(
            200,
            "<DeleteResult><Deleted><Key>a</Key></Deleted><Deleted><Key>c</Key></Deleted></DeleteResult>",
        )],
    );
    let reply = world.send(delete_many(DELETE).sign(&world, &user)).await;
    assert_eq!(reply.status(), 200);
    assert!(reply.text().contains("<Error><Key>b</Key><Code>AccessDenied</Code>"), "{}", reply.text());
    let sent = String::from_utf8(world.backend.calls().pop().unwrap().body.to_vec()).unwrap();
    assert!(sent.contains("<Key>a</Key>") && sent.contains("<Key>c</Key>") && !sent.contains("<Key>b</Key>"), "{sent}");
    // The audit can tell one from the other.
    let pair = |key: &str| ("s3:DeleteObject".into(), format!("arn:aws:s3:::b-one/{key}"));
    assert_eq!(reply.trace.decision, "partial");
    assert_eq!(reply.trace.decided, [pair("a"), pair("b"), pair("c")]);
    assert_eq!(reply.trace.denied, [pair("b")]);
    assert!(reply.trace.statements.contains(&"p#NotB".to_owned()));
    // Nothing allowed: the backend hears nothing, and the record says denied.
    world.backend.seen();
    let none = world.iam_user("none", &[]).await;
    let reply = world.send(delete_many(DELETE).sign(&world, &none)).await;
    assert_eq!((reply.status(), reply.trace.decision), (200, "implicit_deny"));
    assert_eq!(reply.trace.denied.len(), 3);
    assert!(world.backend.seen().is_empty());
    let only_b = DELETE.replace("<Object><Key>a</Key></Object>", "").replace("<Object><Key>c</Key></Object>", "");
    assert_eq!(world.send(delete_many(&only_b).sign(&world, &user)).await.trace.decision, "explicit_deny");
    // A version needs another right.
    let versions = "<Delete><Object><Key>a</Key><VersionId>v</VersionId></Object></Delete>";
    let reply = world.send(delete_many(versions).sign(&world, &user)).await;
    assert!(reply.text().contains("AccessDenied"), "{}", reply.text());
    assert!(world.backend.seen().is_empty());
    assert_eq!(world.send(delete_many("<Delete></Delete>").sign(&world, &user)).await.code(), "MalformedXML");
}

#[tokio::test]
async fn rule_30_the_kind_of_policy_is_told_inside_one_account_only() {
    let world = World::new().await;
    let other = AccountId::parse("other").unwrap();
    let outsider = world.user(&other, "outsider", UserKind::Iam, "", &[("p", &policy("Allow", "s3:*", "*"))]).await;
    let insider = world.iam_user("insider", &[]).await;
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b-one/*"}]}"#;
    world.bucket("b-one", Owner::Account, Some(deny)).await;
    let inside = world.send(Req::get("/b-one/k").sign(&world, &insider)).await.text();
    assert!(inside.contains("with an explicit deny in a resource-based policy"), "{inside}");
    let outside = world.send(Req::get("/b-one/k").sign(&world, &outsider)).await.text();
    assert!(outside.contains("is not authorized to perform") && !outside.contains("policy"), "{outside}");
    let nobody = world.send(Req::get("/b-one/k").unsigned()).await;
    assert!(nobody.text().contains("<Message>Access Denied</Message>"), "{}", nobody.text());
    // A session of a role of the account is inside.
    world.role("R", Owner::Account, &trust("arn:aws:iam:::user/insider"), &[]).await;
    let session = world.assume(&insider, "R").await;
    let inside = world.send(Req::put("/b-one/k").body(b"x").sign(&world, &session)).await.text();
    assert!(inside.contains("because no identity-based policy allows the s3:PutObject action"), "{inside}");
}
