//! Tags of stored objects and buckets as facts: when the backend is asked, what its answers decide, and that the request
//! meets the object that was judged (security rule 11).

use crate::support::{Credentials, Outcome, Req, World, policy};
use rolegate::entity::{Owner, Tag};
use rolegate::gateway::{Forward, ResponsePlan};
use rolegate::wire::Method;

const HEAD: &str = "HEAD /b-one/k";
const TAGS: &str = "GET /b-one/k?tagging";
const BUCKET: &str = "GET /b-one?tagging";
const ETAG: &[(&str, &str)] = &[("etag", "\"e1\""), ("last-modified", "Wed, 01 Jan 2020 00:00:00 GMT")];
const NO_OBJECT: &str = "\"00000000000000000000000000000000\"";

fn tags(pairs: &[(&str, &str)]) -> String {
    let each = pairs.iter().map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"));
    format!("<Tagging><TagSet>{}</TagSet></Tagging>", each.collect::<String>())
}

fn error(code: &str) -> String {
    format!("<Error><Code>{code}</Code></Error>")
}

fn statement(effect: &str, actions: &str, condition: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":{actions},"Resource":"*","Condition":{condition}}}"#)
}

fn document(statements: &[&str]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// All of S3, but for what the condition denies.
fn all_but(condition: &str) -> String {
    let all = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    document(&[all, &statement("Deny", "\"s3:*\"", condition)])
}

fn only_if(condition: &str) -> String {
    document(&[&statement("Allow", "\"s3:*\"", condition)])
}

/// A bucket `b-one` without tags, with an unversioned object `k` without tags.
async fn world() -> World {
    let world = World::new().await;
    world.bucket("b-one", Owner::Account, None).await;
    world.backend.tell(HEAD, 200, ETAG, "");
    world.backend.tell(TAGS, 200, &[], &tags(&[]));
    world.backend.tell(BUCKET, 404, &[], &error("NoSuchTagSet"));
    world
}

fn get() -> Req {
    Req::get("/b-one/k")
}

fn header(forward: &Forward, name: &str) -> Option<String> {
    let found = forward.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

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
async fn rule_11_what_the_backend_tells_decides() {
    let world = world().await;
    let equals = |key: &str| only_if(&format!(r#"{{"StringEquals":{{"{key}":"yes"}}}}"#));
    let denies = |key: &str| all_but(&format!(r#"{{"StringEquals":{{"{key}":"yes"}}}}"#));
    let unless = |key: &str| all_but(&format!(r#"{{"StringNotEquals":{{"{key}":"yes"}}}}"#));
    let null = |key: &str| only_if(&format!(r#"{{"Null":{{"{key}":"true"}}}}"#));
    let if_exists = |key: &str| only_if(&format!(r#"{{"StringEqualsIfExists":{{"{key}":"yes"}}}}"#));
    type Make<'a> = &'a dyn Fn(&str) -> String;
    // Allowed where the tag is `yes`, is `no`, is absent.
    let table: [(&str, Make<'_>, [bool; 3]); 5] = [
        ("equals", &equals, [true, false, false]),
        ("denies", &denies, [false, true, true]),
        ("unless", &unless, [true, false, false]),
        ("null", &null, [false, false, true]),
        ("exists", &if_exists, [true, false, true]),
    ];
    for (kind, key, call) in [("o", "s3:ExistingObjectTag/t", TAGS), ("b", "aws:ResourceTag/t", BUCKET)] {
        for (name, make, wanted) in &table {
            let user = world.iam_user(&format!("{name}{kind}"), &[("p", &make(key))]).await;
            for (answer, wanted) in [tags(&[("t", "yes")]), tags(&[("t", "no")]), tags(&[])].iter().zip(wanted) {
                world.backend.tell(call, 200, &[], answer);
                let reply = world.send(get().sign(&world, &user)).await;
                assert_eq!(reply.is_forward(), *wanted, "{name} {key} {answer}: {}", reply.text());
            }
            world.backend.tell(call, 200, &[], &tags(&[]));
        }
    }
    // What the request brings along never stands for what is stored.
    let user = world.iam_user("sly", &[("p", &equals("s3:ExistingObjectTag/t"))]).await;
    let sly = Req::put("/b-one/k?tagging").body(tags(&[("t", "yes")]).as_bytes());
    assert_eq!(world.send(sly.sign(&world, &user)).await.status(), 403);
}

#[tokio::test]
async fn rule_11_a_fact_that_cannot_be_had_is_503_whatever_the_statement_says() {
    let world = world().await;
    let tables = [("s3:ExistingObjectTag/t", &[HEAD, TAGS][..]), ("s3:ResourceTag/t", &[BUCKET][..])];
    for (number, (key, calls)) in tables.iter().enumerate() {
        let conditions = [
            only_if(&format!(r#"{{"StringEquals":{{"{key}":"x"}}}}"#)),
            only_if(&format!(r#"{{"StringNotEquals":{{"{key}":"x"}}}}"#)),
            only_if(&format!(r#"{{"StringEqualsIfExists":{{"{key}":"x"}}}}"#)),
            only_if(&format!(r#"{{"Null":{{"{key}":"true"}}}}"#)),
            all_but(&format!(r#"{{"StringEquals":{{"{key}":"x"}}}}"#)),
        ];
        for (at, document) in conditions.iter().enumerate() {
            let user = world.iam_user(&format!("u{number}{at}"), &[("p", document)]).await;
            let said = async |told: &str| {
                let reply = world.send(get().sign(&world, &user)).await;
                assert_eq!(reply.said(), (503, "ServiceUnavailable".into()), "{document} {told}");
            };
            for outcome in [Outcome::Vanished, Outcome::Unreachable] {
                let world = self::world().await;
                let user = world.iam_user("u", &[("p", document)]).await;
                world.backend.forget();
                world.backend.plan(if calls.len() > 1 { Method::Head } else { Method::Get }, [outcome]);
                let reply = world.send(get().sign(&world, &user)).await;
                assert_eq!(reply.said(), (503, "ServiceUnavailable".into()), "{document}");
            }
            for call in *calls {
                for (status, body) in [
                    (500, error("InternalError")),
                    (503, error("SlowDown")),
                    (403, error("AccessDenied")),
                    (403, error("SignatureDoesNotMatch")),
                    (400, error("InvalidRequest")),
                    (405, error("MethodNotAllowed")),
                    (501, String::new()),
                    (501, error("Other")),
                    (404, String::new()),
                    (404, error("Other")),
                    (200, "<html/>".to_owned()),
                    (200, String::new()),
                    (204, String::new()),
                ] {
                    // A HEAD has no body to tell by: its 404 is clear, and pinned as such.
                    if *call == HEAD && status == 404 {
                        continue;
                    }
                    world.backend.tell(call, status, &[], &body);
                    said(&format!("{call} {status} {body}")).await;
                }
                match *call {
                    HEAD => world.backend.tell(HEAD, 200, ETAG, ""),
                    TAGS => world.backend.tell(TAGS, 200, &[], &tags(&[])),
                    _ => world.backend.tell(BUCKET, 404, &[], &error("NoSuchTagSet")),
                }
            }
        }
    }
}

#[tokio::test]
async fn rule_11_plain_words_of_the_backend_mean_no_tags() {
    let world = world().await;
    let null = |key: &str| only_if(&format!(r#"{{"Null":{{"{key}":"true"}}}}"#));
    let objects = world.iam_user("objects", &[("p", &null("s3:ExistingObjectTag/t"))]).await;
    let buckets = world.iam_user("buckets", &[("p", &null("s3:ResourceTag/t"))]).await;
    for (user, call, gone) in
        [(&objects, TAGS, &["NoSuchKey", "NoSuchVersion", "NoSuchBucket"][..]), (&buckets, BUCKET, &["NoSuchBucket"])]
    {
        for code in ["NoSuchTagSet", "NoSuchTagSetError"].iter().chain(gone) {
            world.backend.tell(call, 404, &[], &error(code));
            assert!(world.send(get().sign(&world, user)).await.is_forward(), "{call} {code}");
        }
        world.backend.tell(call, 501, &[], &error("NotImplemented"));
        assert!(world.send(get().sign(&world, user)).await.is_forward(), "{call}");
    }
    world.backend.tell(BUCKET, 404, &[], &error("NoSuchKey"));
    assert_eq!(world.send(get().sign(&world, &buckets)).await.status(), 503);
}

#[tokio::test]
async fn rule_11_tags_that_differ_by_case_alone_deny() {
    let world = world().await;
    let user = world.iam_user("u", &[("p", &only_if(r#"{"StringEquals":{"s3:ExistingObjectTag/Team":"a"}}"#))]).await;
    let null = world.iam_user("n", &[("p", &only_if(r#"{"Null":{"s3:ExistingObjectTag/other":"true"}}"#))]).await;
    for pairs in [[("Team", "a"), ("team", "b")], [("team", "b"), ("TEAM", "a")]] {
        world.backend.tell(TAGS, 200, &[], &tags(&pairs));
        for user in [&user, &null] {
            let reply = world.send(get().sign(&world, user)).await;
            assert_eq!(reply.said(), (403, "AccessDenied".into()));
            assert!(reply.text().contains("differ by case alone"), "{}", reply.text());
        }
    }
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
async fn rule_11_what_a_404_says_goes_by_the_buckets_tags_too() {
    let world = world().await;
    let read = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
    let list = statement("Allow", "\"s3:ListBucket\"", r#"{"StringEquals":{"s3:ResourceTag/open":"yes"}}"#);
    let user = world.iam_user("u", &[("p", &document(&[read, &list]))]).await;
    let response = async || world.send(get().sign(&world, &user)).await.forward().response;
    assert!(matches!(response().await, ResponsePlan::HideMissing(_)));
    world.backend.tell(BUCKET, 200, &[], &tags(&[("open", "yes")]));
    assert_eq!(response().await, ResponsePlan::Pass);
    // Unknown is no, but no reason to refuse what may be read.
    world.backend.tell(BUCKET, 500, &[], "");
    assert!(matches!(response().await, ResponsePlan::HideMissing(_)));
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
    }
    world.backend.tell(BUCKET, 200, &[], &tags(&[("t", "x")]));
    for request in requests() {
        let reply = world.send(request.clone().sign(&world, &user)).await;
        assert_ne!(reply.status(), 403, "{request:?}: {}", reply.text());
    }
    // Where there is no bucket yet there are no tags, and nobody is asked.
    world.backend.seen();
    assert_eq!(world.send(Req::put("/b-new").sign(&world, &user)).await.status(), 403);
    assert_eq!(world.send(Req::get("/").sign(&world, &user)).await.status(), 403);
    assert!(world.backend.seen().is_empty());
}
