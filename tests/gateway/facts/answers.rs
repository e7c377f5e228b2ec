//! What the backend's answers decide.

use super::*;

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
