//! That the request meets the object whose tags were judged.

use super::*;

#[tokio::test]
async fn rule_11_the_request_meets_the_object_that_was_judged() {
    let world = world().await;
    let user =
        world.iam_user("u", &[("p", &all_but(r#"{"StringEquals":{"s3:ExistingObjectTag/secret":"yes"}}"#))]).await;
    let send = async |request: Req| world.send(request.sign(&world, &user)).await.forward();
    // Without versions: by ETag; a change is SlowDown, and not the client's 412.
    for method in [Method::Get, Method::Head] {
        let forward = send(Req::new(method, "/b-one/k")).await;
        assert_eq!(header(&forward, "if-match").as_deref(), Some("\"e1\""));
        let changed = forward.changed.unwrap();
        assert_eq!(changed.status, 503);
        assert!(String::from_utf8_lossy(&changed.body).contains("<Code>SlowDown</Code>"));
    }
    // With versions: by version.
    world.backend.tell(HEAD, 200, &[("etag", "\"e1\""), ("x-amz-version-id", "v 7")], "");
    world.backend.tell("GET /b-one/k?tagging&versionId=v%207", 200, &[], &tags(&[]));
    let forward = send(get()).await;
    assert_eq!((header(&forward, "if-match"), forward.changed), (None, None));
    assert_eq!(forward.query, [("versionId".to_owned(), "v%207".to_owned())]);
    world.backend.tell("GET /b-one/k?tagging&versionId=v%207", 200, &[], &tags(&[("secret", "yes")]));
    assert_eq!(world.send(get().sign(&world, &user)).await.status(), 403);
    // A version that the client names stays what it is; `null` can be overwritten.
    world.backend.tell("GET /b-one/k?tagging&versionId=v1", 200, &[], &tags(&[]));
    world.backend.seen();
    let forward = send(Req::get("/b-one/k?versionId=v1")).await;
    assert_eq!((forward.query.len(), header(&forward, "if-match")), (1, None));
    assert_eq!(world.backend.seen(), ["GET /b-one/k?tagging&versionId=v1"]);
    world.backend.tell("HEAD /b-one/k?versionId=null", 200, &[("etag", "\"e2\""), ("x-amz-version-id", "null")], "");
    world.backend.tell("GET /b-one/k?tagging&versionId=null", 200, &[], &tags(&[]));
    let forward = send(Req::get("/b-one/k?versionId=null")).await;
    assert_eq!((forward.query.len(), header(&forward, "if-match").as_deref()), (1, Some("\"e2\"")));
    // Neither: it could be any object.
    for headers in [&[][..], &[("etag", "W/\"e1\"")], &[("x-amz-version-id", "null")]] {
        world.backend.tell(HEAD, 200, headers, "");
        assert_eq!(world.send(get().sign(&world, &user)).await.said(), (503, "ServiceUnavailable".into()));
    }
}

#[tokio::test]
async fn rule_11_the_clients_own_conditions_stay_what_they_say() {
    let world = world().await;
    let user =
        world.iam_user("u", &[("p", &all_but(r#"{"StringEquals":{"s3:ExistingObjectTag/secret":"yes"}}"#))]).await;
    for (name, value, sent) in [
        ("if-match", "\"e1\"", "\"e1\""),
        ("if-match", "\"e0\", e1", "\"e1\""),
        ("if-match", "*", "\"e1\""),
        ("if-match", "\"e0\"", NO_OBJECT),
        ("if-unmodified-since", "Wed, 01 Jan 2020 00:00:00 GMT", "\"e1\""),
        ("if-unmodified-since", "Tue, 31 Dec 2019 23:59:59 GMT", NO_OBJECT),
    ] {
        let forward = world.send(get().with(name, value).sign(&world, &user)).await.forward();
        assert_eq!(header(&forward, "if-match").as_deref(), Some(sent), "{name}: {value}");
        assert_eq!(forward.changed, None, "the client hears its 412");
    }
    for name in ["if-none-match", "if-modified-since"] {
        let forward = world.send(get().with(name, "x").sign(&world, &user)).await.forward();
        assert_eq!(
            (header(&forward, "if-match").as_deref(), header(&forward, name).as_deref()),
            (Some("\"e1\""), Some("x"))
        );
        assert!(forward.changed.is_some());
    }
    // A key of the client's own goes along with the question, or there is no answer to it.
    let key = |name: &str| format!("x-amz-server-side-encryption-customer-{name}");
    let request = get().with(&key("algorithm"), "AES256").with(&key("key"), "a2V5").with(&key("key-md5"), "bWQ1");
    world.backend.seen();
    assert!(world.send(request.sign(&world, &user)).await.is_forward());
    let headers = &world.backend.calls()[0].headers;
    assert_eq!(headers.len(), 3, "{headers:?}");
    assert!(world.backend.calls()[1].headers.is_empty());
}

#[tokio::test]
async fn rule_11_what_is_not_there_has_no_tags_and_must_not_be_there() {
    let world = world().await;
    let unless_secret = all_but(r#"{"StringEquals":{"s3:ExistingObjectTag/secret":"yes"}}"#);
    let lister = world.iam_user("lister", &[("p", &unless_secret)]).await;
    let reader = world.iam_user("reader", &[("p", &unless_secret.replacen("s3:*", "s3:Get*", 1))]).await;
    let shared =
        world.iam_user("shared", &[("p", &only_if(r#"{"StringEquals":{"s3:ExistingObjectTag/open":"yes"}}"#))]).await;
    let there = world.send(get().sign(&world, &shared)).await;
    world.backend.tell(HEAD, 404, &[], "");
    let gone = world.send(get().sign(&world, &shared)).await;
    assert_eq!((there.said(), there.text()), (gone.said(), gone.text()), "a denial does not tell whether it is there");
    let forward = world.send(get().sign(&world, &lister)).await.forward();
    assert_eq!(header(&forward, "if-match").as_deref(), Some(NO_OBJECT), "else one that came meanwhile would be read");
    assert_eq!(forward.response, ResponsePlan::Pass);
    let forward = world.send(get().sign(&world, &reader)).await.forward();
    assert!(matches!(forward.response, ResponsePlan::HideMissing(_)));
    world.backend.tell(HEAD, 405, &[("x-amz-delete-marker", "true")], "");
    assert!(world.send(get().sign(&world, &lister)).await.is_forward());
    // Gone between the two questions.
    world.backend.tell(HEAD, 200, ETAG, "");
    world.backend.tell(TAGS, 404, &[], &error("NoSuchKey"));
    let forward = world.send(get().sign(&world, &lister)).await.forward();
    assert_eq!(header(&forward, "if-match").as_deref(), Some(NO_OBJECT));
}

#[tokio::test]
async fn rule_11_tagging_goes_to_the_version_that_was_judged() {
    let world = world().await;
    let user =
        world.iam_user("u", &[("p", &all_but(r#"{"StringEquals":{"s3:ExistingObjectTag/locked":"yes"}}"#))]).await;
    let version = &[("x-amz-version-id", "v3")];
    world.backend.tell(TAGS, 200, version, &tags(&[]));
    let put = || Req::put("/b-one/k?tagging").body(tags(&[("locked", "yes")]).as_bytes());
    world.backend.seen();
    assert_eq!(world.send(put().sign(&world, &user)).await.status(), 200);
    assert_eq!(world.backend.seen(), [TAGS, "PUT /b-one/k?tagging&versionId=v3"]);
    let forward = world.send(Req::delete("/b-one/k?tagging").sign(&world, &user)).await.forward();
    assert!(forward.query.contains(&("versionId".to_owned(), "v3".to_owned())), "{:?}", forward.query);
    world.backend.tell(TAGS, 200, version, &tags(&[("locked", "yes")]));
    for request in [put(), Req::delete("/b-one/k?tagging"), Req::get("/b-one/k?tagging")] {
        assert_eq!(world.send(request.sign(&world, &user)).await.said(), (403, "AccessDenied".into()));
    }
    // Put in its place is another object: nothing is pinned.
    world.backend.tell(TAGS, 200, version, &tags(&[]));
    let tagged = Req::put("/b-one/k").with("x-amz-tagging", "a=b").body(b"x");
    let forward = world.send(tagged.sign(&world, &user)).await.forward();
    assert!(forward.query.is_empty() && header(&forward, "if-match").is_none());
}

#[tokio::test]
async fn rule_11_a_copys_source_and_destination_are_judged_by_their_own_tags() {
    let world = world().await;
    world.bucket("b-two", Owner::Account, None).await;
    let same = r#"{"StringNotEquals":{"aws:ResourceTag/Department":"${aws:PrincipalTag/Department}"}}"#;
    let secret = r#"{"StringEquals":{"s3:ExistingObjectTag/secret":"yes"}}"#;
    let marked = r#"{"Null":{"s3:RequestObjectTag/mark":"true"}}"#;
    let user = world
        .iam_user(
            "u",
            &[
                ("a", &all_but(same)),
                ("b", &all_but(secret)),
                ("c", &document(&[&statement("Deny", "\"s3:PutObject\"", marked)])),
            ],
        )
        .await;
    world
        .change_user("u", |user| user.tags = vec![Tag { key: "Department".into(), value: "Engineering".into() }])
        .await;
    let engineering = tags(&[("Department", "Engineering")]);
    let two = "GET /b-two?tagging";
    let copy = || {
        let copy = Req::put("/b-two/l").with("x-amz-copy-source", "/b-one/k");
        copy.with("x-amz-tagging-directive", "REPLACE").with("x-amz-tagging", "mark=1")
    };
    let target = "GET /b-two/l?tagging";
    world.backend.tell(target, 404, &[], &error("NoSuchKey"));
    for (source, destination, allowed) in [
        (&engineering, &engineering, true),
        (&tags(&[("Department", "Sales")]), &engineering, false),
        (&engineering, &tags(&[("Department", "Sales")]), false),
        (&engineering, &tags(&[]), false),
    ] {
        world.backend.tell(BUCKET, 200, &[], source);
        world.backend.tell(two, 200, &[], destination);
        let reply = world.send(copy().sign(&world, &user)).await;
        assert_eq!(reply.is_forward(), allowed, "{source} {destination}: {}", reply.text());
    }
    world.backend.tell(two, 200, &[], &engineering);
    world.backend.seen();
    let forward = world.send(copy().sign(&world, &user)).await.forward();
    assert_eq!(header(&forward, "x-amz-copy-source-if-match").as_deref(), Some("\"e1\""));
    assert!(forward.changed.is_some());
    assert_eq!(world.backend.seen(), [BUCKET, HEAD, TAGS, two, target]);
    let plain = Req::put("/b-two/l").with("x-amz-copy-source", "/b-one/k");
    assert_eq!(world.send(plain.sign(&world, &user)).await.status(), 403, "without the tag that is asked for");
    // By version where there is one.
    world.backend.tell(HEAD, 200, &[("x-amz-version-id", "v9")], "");
    world.backend.tell("GET /b-one/k?tagging&versionId=v9", 200, &[], &tags(&[]));
    let forward = world.send(copy().sign(&world, &user)).await.forward();
    assert_eq!(header(&forward, "x-amz-copy-source").as_deref(), Some("b-one/k?versionId=v9"));
    assert!(forward.query.is_empty());
    let part = Req::put("/b-two/l?partNumber=1&uploadId=u").with("x-amz-copy-source", "/b-one/k");
    let parts = world.iam_user("parts", &[("b", &all_but(secret))]).await;
    let forward = world.send(part.sign(&world, &parts)).await.forward();
    assert_eq!(header(&forward, "x-amz-copy-source").as_deref(), Some("b-one/k?versionId=v9"));
    // The client's own conditions on the source.
    world.backend.tell(HEAD, 200, ETAG, "");
    for (value, sent) in [("\"e1\"", "\"e1\""), ("\"e0\"", NO_OBJECT)] {
        let request = copy().with("x-amz-copy-source-if-match", value);
        let forward = world.send(request.sign(&world, &user)).await.forward();
        assert_eq!(header(&forward, "x-amz-copy-source-if-match").as_deref(), Some(sent));
        assert_eq!(forward.changed, None);
    }
    world.backend.tell(TAGS, 200, &[], &tags(&[("secret", "yes")]));
    assert_eq!(world.send(copy().sign(&world, &user)).await.said(), (403, "AccessDenied".into()));
    world.backend.tell(HEAD, 404, &[], "");
    let forward = world.send(copy().sign(&world, &user)).await.forward();
    assert_eq!(header(&forward, "x-amz-copy-source-if-match").as_deref(), Some(NO_OBJECT));
    world.backend.tell(HEAD, 500, &[], "");
    assert_eq!(world.send(copy().sign(&world, &user)).await.status(), 503);
}
