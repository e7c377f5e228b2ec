//! When the backend is asked for tags, and how often.

use super::*;

#[tokio::test]
async fn rule_11_tags_are_fetched_only_where_a_statement_that_can_match_reads_them() {
    let world = world().await;
    let object = r#"{"StringEquals":{"s3:ExistingObjectTag/a":"x"}}"#;
    let bucket = r#"{"StringEquals":{"aws:ResourceTag/a":"x"}}"#;
    let plain = policy("Allow", "s3:*", "*");
    let of = |resource: &str| {
        let more = statement("Allow", "\"s3:GetObject\"", object);
        document(&[&more.replace("\"*\"", &format!("\"arn:aws:s3:::{resource}\""))])
    };
    let elsewhere = statement("Deny", "\"s3:DeleteBucket\"", bucket);
    let decided =
        statement("Allow", "\"s3:*\"", &format!(r#"{{"Bool":{{"aws:SecureTransport":"true"}},{}"#, &bucket[1..]));
    let (both, none): (&[&str], &[&str]) = (&[BUCKET, HEAD, TAGS], &[]);
    for (name, document, seen) in [
        ("plain", plain.clone(), none),
        ("object", only_if(object), &[HEAD, TAGS]),
        ("bucket", only_if(bucket), &[BUCKET]),
        ("ceph", only_if(&bucket.replace("aws:", "s3:")), &[BUCKET]),
        ("case", only_if(&bucket.replace("aws:ResourceTag/a", "AWS:resourcetag/A")), &[BUCKET]),
        ("both", only_if(&format!("{},{}", &object[..object.len() - 2], r#""aws:ResourceTag/a":"x"}}"#)), both),
        ("operand", only_if(r#"{"StringEquals":{"aws:username":"${s3:ExistingObjectTag/owner}"}}"#), &[HEAD, TAGS]),
        ("default", only_if(r#"{"StringEquals":{"aws:username":"${aws:ResourceTag/owner, 'x'}"}}"#), &[BUCKET]),
        ("variable", of("b-one/${s3:ExistingObjectTag/a}"), &[HEAD, TAGS]),
        // Statements that cannot match: another resource, another action, a condition that fails anyhow.
        ("resource", of("b-two/*"), none),
        ("action", document(&[&elsewhere]), none),
        ("decided", document(&[&decided]), none),
        ("nothing", all_but(object).replace("Allow", "Deny"), none),
    ] {
        let user = world.iam_user(name, &[("p", &document)]).await;
        world.backend.seen();
        world.send(get().sign(&world, &user)).await;
        assert_eq!(world.backend.seen(), seen, "{name}: {document}");
    }
    // The key is none of the other actions: absent, without asking.
    let user = world.iam_user("others", &[("p", &all_but(object))]).await;
    for request in [Req::put("/b-one/k").body(b"x"), Req::delete("/b-one/k"), Req::get("/b-one/k?uploadId=u")] {
        assert_ne!(world.send(request.sign(&world, &user)).await.status(), 403);
    }
    assert!(!world.backend.seen().iter().any(|call| call.contains("tagging") || call.starts_with("HEAD")));
    let negated = all_but(&object.replace("StringEquals", "StringNotEquals"));
    let user = world.iam_user("negated", &[("p", &negated)]).await;
    let reply = world.send(Req::put("/b-one/k").body(b"x").sign(&world, &user)).await;
    assert!(reply.text().contains("explicit deny"), "{}", reply.text());
}

#[tokio::test]
async fn rule_28_who_is_denied_with_any_tags_makes_the_gate_ask_for_none() {
    let world = World::new().await;
    let deny = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b-one/*","Condition":{"StringNotEquals":{"aws:ResourceTag/open":"yes"}}},
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::user/friend"},"Action":"s3:*","Resource":"arn:aws:s3:::b-one/*"}]}"#;
    world.iam_user("friend", &[]).await;
    world.bucket("b-one", Owner::Account, Some(deny)).await;
    let poor = world.iam_user("poor", &[]).await;
    let barred = world.iam_user("barred", &[("p", &all_but(r#"{"StringEquals":{"aws:username":"barred"}}"#))]).await;
    for request in [get().unsigned(), get().sign(&world, &poor), get().sign(&world, &barred)] {
        assert_eq!(world.send(request).await.said(), (403, "AccessDenied".into()));
    }
    // A bucket out of reach is never asked for.
    let rich = world
        .iam_user(
            "rich",
            &[("p", &all_but(r#"{"StringEquals":{"aws:ResourceTag/a":"b","s3:ExistingObjectTag/a":"b"}}"#))],
        )
        .await;
    assert_eq!(world.send(Req::get("/b-none/k").sign(&world, &rich)).await.code(), "NoSuchBucket");
    assert!(world.backend.seen().is_empty());
    world.backend.tell(BUCKET, 200, &[], &tags(&[("open", "yes")]));
    let friend = Credentials { key: "KEYOF_friend".into(), secret: "secret of KEYOF_friend".into(), token: None };
    assert!(world.send(get().sign(&world, &friend)).await.is_forward());
    assert_eq!(world.backend.seen(), [BUCKET]);
}

#[tokio::test]
async fn rule_11_each_fact_is_fetched_once_at_most() {
    let world = world().await;
    // The second key is read only once the first is there.
    let nested = only_if(r#"{"StringEquals":{"s3:ExistingObjectTag/t":"${aws:ResourceTag/t}"}}"#);
    let user = world.iam_user("u", &[("p", &nested)]).await;
    world.backend.tell(TAGS, 200, &[], &tags(&[("t", "x")]));
    world.backend.tell(BUCKET, 200, &[], &tags(&[("t", "x")]));
    world.backend.seen();
    assert!(world.send(get().sign(&world, &user)).await.is_forward());
    assert_eq!(world.backend.seen(), [HEAD, TAGS, BUCKET], "s3:ListBucket, for what a 404 says, has them already");
    world.backend.tell(BUCKET, 200, &[], &tags(&[]));
    assert_eq!(world.send(get().sign(&world, &user)).await.status(), 403);
    assert_eq!(world.backend.seen(), [HEAD, TAGS, BUCKET]);
}

#[tokio::test]
async fn rule_11_a_batch_asks_once_for_the_buckets_tags() {
    let world = world().await;
    let user = world.iam_user("u", &[("p", &only_if(r#"{"StringEquals":{"s3:ResourceTag/t":"x"}}"#))]).await;
    let batch = || {
        let keys = (0..20).map(|n| format!("<Object><Key>k{n}</Key></Object>")).collect::<String>();
        let body = format!("<Delete>{keys}</Delete>");
        let md5 = rolegate::s3::content_md5(body.as_bytes());
        Req::new(Method::Post, "/b-one?delete").with("content-md5", md5).body(body.as_bytes())
    };
    world.backend.seen();
    let reply = world.send(batch().sign(&world, &user)).await;
    assert_eq!(reply.text().matches("AccessDenied").count(), 20);
    assert_eq!(world.backend.seen(), [BUCKET]);
    world.backend.tell(BUCKET, 200, &[], &tags(&[("t", "x")]));
    assert_eq!(world.send(batch().sign(&world, &user)).await.status(), 200);
    assert_eq!(world.backend.seen(), [BUCKET, "POST /b-one?delete"]);
    world.backend.tell(BUCKET, 500, &[], "");
    assert_eq!(world.send(batch().sign(&world, &user)).await.status(), 503);
    assert_eq!(world.backend.seen(), [BUCKET], "nothing is deleted");
}

#[tokio::test]
async fn rule_11_operations_that_the_gate_answers_go_by_the_buckets_tags_too() {
    let world = world().await;
    let user = world.iam_user("u", &[("p", &only_if(r#"{"StringEquals":{"aws:ResourceTag/t":"x"}}"#))]).await;
    let requests = || {
        let versioning = Req::put("/b-one?versioning").body(b"<VersioningConfiguration/>");
        let complete = Req::new(Method::Post, "/b-one/k?uploadId=u").body(b"<CompleteMultipartUpload/>");
        let lists = ["/b-one", "/b-one?list-type=2", "/b-one?versions", "/b-one?uploads", "/b-one/k?uploadId=u"];
        lists.into_iter().map(Req::get).chain([versioning, complete, Req::delete("/b-one")])
    };
    for request in requests() {
        let reply = world.send(request.clone().sign(&world, &user)).await;
        assert_eq!(reply.said(), (403, "AccessDenied".into()), "{request:?}");
        assert_eq!(world.backend.seen(), [BUCKET], "{request:?}");
    }
    world.backend.tell(BUCKET, 200, &[], &tags(&[("t", "x")]));
    for request in requests() {
        let reply = world.send(request.clone().sign(&world, &user)).await;
        assert_ne!(reply.status(), 403, "{request:?}: {}", reply.text());
        assert!(world.backend.seen().len() > 1, "{request:?}: goes on to the backend");
    }
    // Where there is no bucket yet there are no tags, and nobody is asked.
    world.backend.seen();
    assert_eq!(world.send(Req::put("/b-new").sign(&world, &user)).await.status(), 403);
    assert_eq!(world.send(Req::get("/").sign(&world, &user)).await.status(), 403);
    assert!(world.backend.seen().is_empty());
}
