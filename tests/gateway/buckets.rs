//! Buckets are claimed, not taken (security rule 1).

use crate::support::{Outcome, Req, World, policy};
use rolegate::entity::{BucketState, Owner};
use rolegate::gateway::{Settings, UnrecordedOwner};
use rolegate::types::AccountId;
use rolegate::wire::Method;
use std::sync::Arc;

async fn state(world: &World, name: &str) -> Option<BucketState> {
    world.bucket_record(name).await.map(|record| record.state)
}

#[tokio::test]
async fn rule_01_a_bucket_is_claimed_asked_for_made_and_owned() {
    let world = World::new().await;
    let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
    let made = world.send(Req::put("/my-bucket").sign(&world, &one)).await;
    assert_eq!(made.status(), 200, "{}", made.text());
    assert_eq!(world.backend.seen(), ["HEAD /my-bucket", "PUT /my-bucket"]);
    let record = world.bucket_record("my-bucket").await.unwrap();
    assert_eq!((record.state, record.owner), (BucketState::Active, world.owner("TESTER1").await));
    // The owner again: as in us-east-1. Others: taken. Neither reaches the backend.
    assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &one)).await.status(), 200);
    assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &two)).await.said(), (409, "BucketAlreadyExists".into()));
    assert!(world.backend.seen().is_empty());
    assert!(world.send(Req::put("/my-bucket/k").body(b"x").sign(&world, &one)).await.is_forward());
    assert_eq!(world.send(Req::get("/my-bucket/k").sign(&world, &two)).await.said(), (403, "AccessDenied".into()));
}

#[tokio::test]
async fn rule_01_nobody_without_rights_claims_a_name() {
    let world = World::new().await;
    let poor = world.iam_user("poor", &[]).await;
    let denied = policy("Deny", "s3:CreateBucket", "*");
    let cut =
        world.user(&AccountId::empty(), "cut", rolegate::entity::UserKind::Standalone, "", &[("d", &denied)]).await;
    for request in [Req::put("/my-bucket").sign(&world, &poor), Req::put("/my-bucket").sign(&world, &cut)] {
        assert_eq!(world.send(request).await.said(), (403, "AccessDenied".into()));
    }
    let stranger = world.send(Req::put("/my-bucket").body(b"<CreateBucketConfiguration/>").unsigned()).await;
    assert_eq!((stranger.said(), stranger.reads), ((403, "AccessDenied".into()), 0));
    assert_eq!(state(&world, "my-bucket").await, None);
    assert!(world.backend.seen().is_empty());
}

#[tokio::test]
async fn rule_01_a_head_without_a_clear_answer_stops_before_the_put() {
    for outcome in [Outcome::Vanished, Outcome::Unreachable, Outcome::Answer(500, ""), Outcome::Answer(400, "")] {
        let world = World::new().await;
        let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
        world.backend.plan(Method::Head, [outcome.clone()]);
        let reply = world.send(Req::put("/my-bucket").sign(&world, &one)).await;
        assert!(matches!(reply.status(), 502 | 503), "{outcome:?}");
        assert_eq!(world.backend.seen(), ["HEAD /my-bucket"]);
        assert_eq!(state(&world, "my-bucket").await, Some(BucketState::Claimed));
        assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &two)).await.status(), 409);
        assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &one)).await.status(), 200, "the owner's retry");
        assert_eq!(state(&world, "my-bucket").await, Some(BucketState::Active));
    }
}

#[tokio::test]
async fn rule_01_an_open_put_leaves_the_name_to_the_owners_retry() {
    for (outcome, done) in [
        (Outcome::Lost, true),
        (Outcome::Vanished, false),
        (Outcome::Unreachable, false),
        (Outcome::Answer(500, ""), false),
        (Outcome::Answer(302, ""), false),
    ] {
        let world = World::new().await;
        let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
        world.backend.plan(Method::Put, [outcome.clone()]);
        let reply = world.send(Req::put("/my-bucket").sign(&world, &one)).await;
        assert!(matches!(reply.status(), 502 | 503), "{outcome:?}");
        assert_eq!(state(&world, "my-bucket").await, Some(BucketState::Creating));
        // Not in use yet, for nobody; and nobody else gets it.
        world.backend.seen();
        assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &two)).await.code(), "BucketAlreadyExists");
        for user in [&one, &two] {
            assert!(!world.send(Req::get("/my-bucket/k").sign(&world, user)).await.is_forward());
            assert!(!world.send(Req::delete("/my-bucket").sign(&world, user)).await.is_forward());
        }
        assert!(world.backend.seen().is_empty());
        assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &one)).await.status(), 200);
        let expected: &[&str] = if done { &["HEAD /my-bucket"] } else { &["HEAD /my-bucket", "PUT /my-bucket"] };
        assert_eq!(world.backend.seen(), expected);
        assert_eq!(state(&world, "my-bucket").await, Some(BucketState::Active));
    }
}

#[tokio::test]
async fn rule_01_a_put_that_arrives_late_is_still_the_owners() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    // The first PUT gets lost on the way and arrives between the retry's HEAD and PUT.
    world.backend.plan(Method::Put, [Outcome::Vanished, Outcome::Overtaken]);
    assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &one)).await.status(), 502);
    assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &one)).await.status(), 200);
    assert_eq!(state(&world, "my-bucket").await, Some(BucketState::Active));
    // A retry that the backend refuses for another reason leaves the name to the owner as well.
    world
        .backend
        .plan(Method::Put, [Outcome::Vanished, Outcome::Answer(400, "<Error><Code>TooManyBuckets</Code></Error>")]);
    assert_eq!(world.send(Req::put("/another").sign(&world, &one)).await.status(), 502);
    assert_eq!(world.send(Req::put("/another").sign(&world, &one)).await.said(), (400, "TooManyBuckets".into()));
    assert_eq!(state(&world, "another").await, Some(BucketState::Creating));
}

#[tokio::test]
async fn rule_01_a_refused_put_frees_the_name() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.backend.plan(Method::Put, [Outcome::Answer(400, "<Error><Code>InvalidLocationConstraint</Code></Error>")]);
    let reply = world.send(Req::put("/my-bucket").sign(&world, &one)).await;
    assert_eq!(reply.said(), (400, "InvalidLocationConstraint".into()));
    assert_eq!(state(&world, "my-bucket").await, None);
    // Made by somebody else between the question and the request: never the caller's.
    world.backend.plan(Method::Put, [Outcome::Overtaken]);
    assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &one)).await.code(), "BucketAlreadyExists");
    assert_eq!(state(&world, "my-bucket").await, None);
    assert!(!world.send(Req::get("/my-bucket/k").sign(&world, &one)).await.is_forward());
}

#[tokio::test]
async fn rule_01_a_conflicting_commit_is_busy_and_not_somebody_elses_bucket() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.store.conflicts.store(3, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &one)).await.said(), (409, "OperationAborted".into()));
    assert!(world.backend.seen().is_empty());
    assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &one)).await.status(), 200);
    world.store.conflicts.store(1, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(world.send(Req::delete("/my-bucket").sign(&world, &one)).await.said(), (409, "OperationAborted".into()));
    assert!(world.backend.has("my-bucket"));
}

#[tokio::test]
async fn rule_01_a_bucket_found_without_a_record_is_nobodys_or_the_configured_owners() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.backend.add_bucket("old");
    assert_eq!(world.send(Req::put("/old").sign(&world, &one)).await.code(), "BucketAlreadyExists");
    assert_eq!(state(&world, "old").await, None);
    for request in [Req::get("/old/k"), Req::get("/old"), Req::put("/old/k").body(b"x"), Req::delete("/old")] {
        assert!(matches!(world.send(request.sign(&world, &one)).await.status(), 403 | 404));
    }
    assert_eq!(world.backend.seen(), ["HEAD /old"]);

    let world = World::with_unrecorded("TESTER1").await;
    let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
    world.backend.add_bucket("old");
    assert!(world.send(Req::get("/old/k").sign(&world, &one)).await.is_forward());
    assert!(!world.send(Req::get("/old/k").sign(&world, &two)).await.is_forward());
    assert_eq!(world.send(Req::put("/old").sign(&world, &one)).await.status(), 200);
    assert_eq!(world.send(Req::put("/old").sign(&world, &two)).await.code(), "BucketAlreadyExists");
    assert_eq!(state(&world, "old").await, None);
    assert!(!world.backend.seen().contains(&"PUT /old".to_owned()));
}

/// minio-py, minio-js and restic ask whether a bucket is there before they make it, and take 403 for the end.
#[tokio::test]
async fn whoever_may_make_a_bucket_hears_that_it_is_not_there_and_nobody_else() {
    let world = World::new().await;
    let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
    let poor = world.iam_user("poor", &[]).await;
    let standalone = rolegate::entity::UserKind::Standalone;
    let no_making = policy("Deny", "s3:CreateBucket", "*");
    let cut = world.user(&AccountId::empty(), "cut", standalone, "", &[("d", &no_making)]).await;
    let no_asking = policy("Deny", "s3:ListBucket", "arn:aws:s3:::none");
    let barred = world.user(&AccountId::empty(), "barred", standalone, "", &[("d", &no_asking)]).await;
    let asked = || {
        [Req::new(Method::Head, "/none"), Req::get("/none"), Req::get("/none?location"), Req::delete("/none")]
            .into_iter()
            .chain([Req::get("/none/k"), Req::put("/none/k").body(b"x"), Req::get("/none?policy")])
    };
    for request in asked() {
        let reply = world.send(request.sign(&world, &one)).await;
        assert_eq!((reply.status(), reply.trace.decision), (404, "implicit_deny"), "{}", reply.text());
    }
    for denied in [&poor, &cut] {
        for request in asked() {
            assert_eq!(world.send(request.sign(&world, denied)).await.status(), 403);
        }
    }
    for request in asked() {
        assert_eq!(world.send(request.unsigned()).await.status(), 403);
    }
    let reply = world.send(Req::get("/none").sign(&world, &barred)).await;
    assert_eq!((reply.said(), reply.trace.decision), ((403, "AccessDenied".into()), "explicit_deny"));
    assert!(world.backend.seen().is_empty());
    // What is there stays hidden, and so does whose it is.
    assert_eq!(world.send(Req::put("/none").sign(&world, &two)).await.status(), 200);
    for request in asked() {
        assert_eq!(world.send(request.sign(&world, &one)).await.status(), 403);
    }
}

#[tokio::test]
async fn rule_01_a_claim_left_open_takes_nothing_from_the_owner_of_unrecorded_buckets() {
    let world = World::with_unrecorded("TESTER1").await;
    let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
    world.backend.add_bucket("old");
    world.backend.plan(Method::Head, [Outcome::Vanished]);
    assert_eq!(world.send(Req::put("/old").sign(&world, &two)).await.status(), 502);
    assert_eq!(state(&world, "old").await, Some(BucketState::Claimed));
    assert!(world.send(Req::get("/old/k").sign(&world, &one)).await.is_forward());
    assert!(!world.send(Req::get("/old/k").sign(&world, &two)).await.is_forward());
    let listed = world.send(Req::get("/").sign(&world, &one)).await;
    assert!(listed.text().contains("<Name>old</Name>"), "{}", listed.text());
    assert!(!world.send(Req::get("/").sign(&world, &two)).await.text().contains("old"));
    // A refused deletion must not make the claim an active record.
    world.backend.plan(Method::Delete, [Outcome::Answer(409, "<Error><Code>BucketNotEmpty</Code></Error>")]);
    assert_eq!(world.send(Req::delete("/old").sign(&world, &one)).await.code(), "BucketNotEmpty");
    assert_eq!(state(&world, "old").await, Some(BucketState::Claimed));
    assert!(!world.send(Req::get("/old/k").sign(&world, &two)).await.is_forward());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rule_01_of_many_creators_exactly_one_wins() {
    for round in 0..8 {
        let world = Arc::new(World::new().await);
        world.store.yielding.store(true, std::sync::atomic::Ordering::SeqCst);
        let mut creators = Vec::new();
        for number in 0..12 {
            creators.push(world.standalone(&format!("user{number}")).await);
        }
        let tasks: Vec<_> = creators
            .iter()
            .map(|creator| {
                let request = Req::put("/contested").sign(&world, creator);
                let world = Arc::clone(&world);
                tokio::spawn(async move { world.send(request).await.status() })
            })
            .collect();
        let mut winners = Vec::new();
        for (number, task) in tasks.into_iter().enumerate() {
            match task.await.unwrap() {
                200 => winners.push(number),
                status => assert_eq!(status, 409),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        let record = world.bucket_record("contested").await.unwrap();
        assert_eq!(record.state, BucketState::Active);
        assert_eq!(record.owner, world.owner(&format!("user{}", winners[0])).await);
        assert_eq!(world.backend.seen().iter().filter(|call| call.starts_with("PUT")).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rule_01_one_creator_many_times_never_loses_the_record() {
    for _ in 0..20 {
        let world = Arc::new(World::new().await);
        world.store.yielding.store(true, std::sync::atomic::Ordering::SeqCst);
        let one = world.standalone("TESTER1").await;
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let request = Req::put("/my-bucket").sign(&world, &one);
                let world = Arc::clone(&world);
                tokio::spawn(async move { world.send(request).await.status() })
            })
            .collect();
        for task in tasks {
            assert!(matches!(task.await.unwrap(), 200 | 409));
        }
        // Whatever they heard: what is at the backend has its record, and a retry is a success.
        assert!(!world.backend.has("my-bucket") || state(&world, "my-bucket").await.is_some());
        assert_eq!(world.send(Req::put("/my-bucket").sign(&world, &one)).await.status(), 200);
        assert_eq!(state(&world, "my-bucket").await, Some(BucketState::Active));
    }
}

#[tokio::test]
async fn rule_01_deletion_frees_the_name_only_when_the_backend_has_done_it() {
    let world = World::new().await;
    let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    assert_eq!(world.send(Req::delete("/b-one").sign(&world, &two)).await.said(), (403, "AccessDenied".into()));
    world.backend.plan(Method::Delete, [Outcome::Answer(409, "<Error><Code>BucketNotEmpty</Code></Error>")]);
    assert_eq!(world.send(Req::delete("/b-one").sign(&world, &one)).await.said(), (409, "BucketNotEmpty".into()));
    assert_eq!(state(&world, "b-one").await, Some(BucketState::Active));
    world.backend.plan(Method::Delete, [Outcome::Unreachable]);
    assert_eq!(world.send(Req::delete("/b-one").sign(&world, &one)).await.status(), 503);
    assert_eq!(state(&world, "b-one").await, Some(BucketState::Active), "nothing was sent");
    for outcome in [Outcome::Vanished, Outcome::Answer(500, ""), Outcome::Lost] {
        world.backend.plan(Method::Delete, [outcome]);
        assert_eq!(world.send(Req::delete("/b-one").sign(&world, &one)).await.status(), 502);
        assert_eq!(state(&world, "b-one").await, Some(BucketState::Deleting));
        assert!(!world.send(Req::put("/b-one/k").body(b"x").sign(&world, &one)).await.is_forward());
        assert_eq!(world.send(Req::put("/b-one").sign(&world, &two)).await.code(), "BucketAlreadyExists");
        assert_eq!(world.send(Req::put("/b-one").sign(&world, &one)).await.code(), "OperationAborted");
        assert_eq!(world.send(Req::delete("/b-one").sign(&world, &two)).await.said(), (403, "AccessDenied".into()));
    }
    // The last one was done: the retry finds 404 and ends it.
    assert_eq!(world.send(Req::delete("/b-one").sign(&world, &one)).await.status(), 204);
    assert_eq!(state(&world, "b-one").await, None);
    assert_eq!(world.send(Req::put("/b-one").sign(&world, &two)).await.status(), 200);
}

#[tokio::test]
async fn rule_01_the_retry_of_a_deletion_is_the_owners_alone() {
    let world = World::new().await;
    let other = AccountId::parse("other").unwrap();
    let all = policy("Allow", "s3:*", "*");
    let outsider = world.user(&other, "outsider", rolegate::entity::UserKind::Iam, "", &[("p", &all)]).await;
    let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b-one"}]}"#;
    // An account owns it, and the policy lets all the world delete it: not the retry.
    world.bucket_in(&AccountId::empty(), "b-one", Owner::Account, Some(open), BucketState::Deleting).await;
    world.backend.add_bucket("b-one");
    for request in [Req::delete("/b-one").sign(&world, &outsider), Req::delete("/b-one").unsigned()] {
        assert_eq!(world.send(request).await.said(), (409, "OperationAborted".into()));
    }
    assert!(world.backend.seen().is_empty());
    let insider = world.iam_user("insider", &[("p", &all)]).await;
    assert_eq!(world.send(Req::delete("/b-one").sign(&world, &insider)).await.status(), 204);
}

#[tokio::test]
async fn rule_01_deletion_is_decided_by_the_record_it_changes() {
    // The gate has cached that there is no record, so that the bucket is the configured owner's; meanwhile it
    // has become another's, and the news has not come yet.
    let world = World::with_unrecorded("TESTER1").await;
    let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
    assert!(world.send(Req::get("/b-two/k").sign(&world, &one)).await.is_forward());
    let record = rolegate::entity::BucketRecord {
        name: "b-two".into(),
        state: BucketState::Active,
        account: AccountId::empty(),
        owner: world.owner("TESTER2").await,
        policy: None,
        created: 0,
    };
    world.records.commit(rolegate::store::Changes::new().create(&record)).await.unwrap();
    world.backend.add_bucket("b-two");
    assert_eq!(world.send(Req::delete("/b-two").sign(&world, &one)).await.said(), (403, "AccessDenied".into()));
    assert!(world.backend.has("b-two"));
    world.epochs.forget_all();
    assert_eq!(world.send(Req::delete("/b-two").sign(&world, &two)).await.status(), 204);
}

#[tokio::test]
async fn rule_01_listing_shows_what_is_the_callers() {
    let account = UnrecordedOwner::Account(AccountId::empty());
    let world = World::with(Settings { unrecorded_owner: Some(account), ..crate::support::settings() }).await;
    let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
    let all = policy("Allow", "s3:*", "*");
    let insider = world.iam_user("insider", &[("p", &all)]).await;
    let other = AccountId::parse("other").unwrap();
    let outsider = world.user(&other, "outsider", rolegate::entity::UserKind::Iam, "", &[("p", &all)]).await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    world.bucket("b-two", world.owner("TESTER2").await, None).await;
    world.backend.add_bucket("old");
    let mut seen = Vec::new();
    for caller in [&one, &two, &insider, &outsider] {
        let reply = world.send(Req::get("/").sign(&world, caller)).await;
        let names = ["b-one", "b-two", "old"].into_iter().filter(|name| reply.text().contains(name));
        seen.push(names.collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec!["b-one"], vec!["b-two"], vec!["b-one", "b-two", "old"], vec![]]);
    assert_eq!(world.send(Req::get("/").unsigned()).await.said(), (403, "AccessDenied".into()));
}
