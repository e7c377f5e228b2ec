//! The directory's caches (security rule 22).

use crate::support::{CACHE, RING, Req, World, key_of, policy, stored, trust};
use rolegate::authn::{Directory, LookupError};
use rolegate::directory::{CachedDirectory, Epochs, Settings, follow};
use rolegate::entity::Owner;
use rolegate::store::{Kind, RecordKey};
use rolegate::token::{self, KeyRing};
use rolegate::types::{AccessKeyId, AccountId, Clock};
use std::sync::Arc;

fn directory(world: &World, epochs: &Arc<Epochs>, settings: &Settings) -> Arc<CachedDirectory> {
    Arc::new(CachedDirectory::new(
        world.records.clone(),
        Arc::new(KeyRing::parse(RING).unwrap()),
        AccountId::empty(),
        world.clock.clone(),
        Arc::clone(epochs),
        settings,
    ))
}

async fn kind_of(directory: &CachedDirectory, name: &str) -> Result<Option<usize>, LookupError> {
    let found = directory.user(&AccountId::empty(), name).await?;
    Ok(found.map(|entry| entry.policies.len()))
}

#[tokio::test]
async fn rule_22_a_hundred_lookups_at_once_are_one_load() {
    let world = World::new().await;
    world.standalone("TESTER1").await;
    let directory = directory(&world, &world.epochs, &CACHE);
    world.store.hold(Some(Kind::User));
    let before = world.store.calls();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let directory = Arc::clone(&directory);
            tokio::spawn(async move { kind_of(&directory, "tester1").await })
        })
        .collect();
    world.store.waiting.acquire().await.unwrap().forget();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    world.store.gate.add_permits(1);
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(Some(0)));
    }
    assert_eq!(world.store.calls() - before, 1);
}

#[tokio::test]
async fn rule_22_those_who_wait_for_a_load_that_a_change_overtook_get_the_new_state() {
    let world = World::new().await;
    world.standalone("TESTER1").await;
    let directory = directory(&world, &world.epochs, &CACHE);
    world.store.hold(Some(Kind::User));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let directory = Arc::clone(&directory);
            tokio::spawn(async move { kind_of(&directory, "TESTER1").await })
        })
        .collect();
    world.store.waiting.acquire().await.unwrap().forget();
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    world.store.hold(None);
    world
        .change_user("TESTER1", |user| drop(user.policies.insert("p".into(), stored(&policy("Deny", "*", "*")))))
        .await;
    world.store.gate.add_permits(1);
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(Some(1)));
    }
    assert_eq!(kind_of(&directory, "TESTER1").await, Ok(Some(1)));
}

#[tokio::test]
async fn rule_22_an_absence_that_a_creation_overtook_is_not_remembered() {
    let world = World::new().await;
    let directory = directory(&world, &world.epochs, &CACHE);
    world.store.hold(Some(Kind::User));
    let early = tokio::spawn({
        let directory = Arc::clone(&directory);
        async move { kind_of(&directory, "TESTER1").await }
    });
    world.store.waiting.acquire().await.unwrap().forget();
    world.store.hold(None);
    world.standalone("TESTER1").await;
    world.store.gate.add_permits(1);
    assert_eq!(early.await.unwrap(), Ok(Some(0)));
}

#[tokio::test]
async fn rule_22_without_the_feed_entries_serve_for_the_grace_and_then_nothing_does() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    let get = || Req::get("/b-one/k").sign(&world, &one);
    assert!(world.send(get()).await.is_forward());
    world.epochs.lost(world.clock.ticks());
    world.clock.turn(59);
    world.store.set_broken(true);
    assert!(world.send(get()).await.is_forward(), "what is known serves");
    // A second break does not lengthen the grace.
    world.epochs.lost(world.clock.ticks());
    world.clock.turn(1);
    for _ in 0..2 {
        assert_eq!(world.send(get()).await.said(), (503, "ServiceUnavailable".into()));
    }
    world.store.set_broken(false);
    assert_eq!(world.send(get()).await.said(), (503, "ServiceUnavailable".into()), "also for what could be loaded");
    let lookup = world.gateway.directory.user(&AccountId::empty(), "TESTER1").await;
    assert_eq!(lookup.err(), Some(LookupError::Stale));
    let before = world.store.calls();
    world.epochs.restored();
    assert!(world.send(get()).await.is_forward());
    assert_eq!(world.store.calls() - before, 3, "key, user and bucket are loaded anew");
}

#[tokio::test]
async fn rule_22_a_feed_that_falls_silent_is_as_good_as_broken() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    let get = || Req::get("/b-one/k").sign(&world, &one);
    world.epochs.heard(world.clock.ticks());
    assert!(world.send(get()).await.is_forward());
    // The machine slept, or the feed's task is stuck: nothing says that it broke.
    world.clock.turn(59);
    assert!(world.send(get()).await.is_forward());
    world.clock.turn(1);
    assert_eq!(world.send(get()).await.said(), (503, "ServiceUnavailable".into()));
    // That it broke is noticed now, and was then.
    world.epochs.lost(world.clock.ticks());
    assert_eq!(world.send(get()).await.said(), (503, "ServiceUnavailable".into()));
    let before = world.store.calls();
    world.epochs.heard(world.clock.ticks());
    assert!(world.send(get()).await.is_forward());
    assert_eq!(world.store.calls() - before, 3, "key, user and bucket are loaded anew");
}

#[tokio::test]
async fn rule_22_entries_have_a_hard_life_and_absences_a_short_one() {
    let world = World::new().await;
    world.standalone("TESTER1").await;
    let directory = directory(&world, &world.epochs, &Settings { lifetime_seconds: 100_000, ..CACHE });
    let loads = async |name: &str| {
        let before = world.store.calls();
        kind_of(&directory, name).await.unwrap();
        world.store.calls() - before
    };
    assert_eq!((loads("TESTER1").await, loads("nobody").await), (1, 1));
    assert_eq!((loads("TESTER1").await, loads("nobody").await), (0, 0));
    world.clock.turn(5);
    assert_eq!((loads("TESTER1").await, loads("nobody").await), (0, 1));
    world.clock.turn(294);
    assert_eq!(loads("TESTER1").await, 0);
    world.clock.turn(1);
    assert_eq!(loads("TESTER1").await, 1, "five minutes at most, whatever was configured");
}

#[tokio::test]
async fn rule_19_opened_tokens_serve_their_own_key_for_a_hard_life_and_one_ring() {
    let world = World::new().await;
    let one = world.standalone("one").await;
    world.role("R", Owner::Account, &trust("arn:aws:iam:::user/one"), &[]).await;
    let (session, other) = (world.assume(&one, "R").await, world.assume(&one, "R").await);
    let [key, other] = [&session.key, &other.key].map(|id| AccessKeyId::parse(id).unwrap());
    let text = session.token.as_deref().unwrap();
    let ring = Arc::new(KeyRing::parse(RING).unwrap());
    let records = world.records.clone();
    let directory = CachedDirectory::new(
        records,
        Arc::clone(&ring),
        AccountId::empty(),
        world.clock.clone(),
        Arc::clone(&world.epochs),
        &CACHE,
    );
    // How often the token was opened; each look finds the same session.
    let opened = |looks: usize| {
        let misses = || directory.counters().iter().find(|(name, _)| *name == "sessions").unwrap().1.1;
        let before = misses();
        for _ in 0..looks {
            let found = directory.session(text, &key, world.clock.now()).unwrap();
            assert_eq!(found.opened.claims.access_key, key);
        }
        misses() - before
    };
    assert_eq!((opened(1), opened(3)), (1, 0));
    // Where it is remembered, too, it is another key's token.
    for _ in 0..3 {
        let mixed = directory.session(text, &other, world.clock.now());
        assert_eq!(mixed.unwrap_err(), token::Error::OtherAccessKey);
    }
    world.clock.turn(299);
    assert_eq!(opened(2), 0);
    world.clock.turn(1);
    assert_eq!((opened(1), opened(3)), (1, 0), "five minutes at most");
    ring.replace(RING).unwrap();
    assert_eq!((opened(1), opened(3)), (1, 0), "what an earlier ring opened counts no more");
}

#[tokio::test]
async fn rule_22_caches_are_bounded_and_absences_crowd_nothing_out() {
    let world = World::new().await;
    world.standalone("TESTER1").await;
    let directory = directory(&world, &world.epochs, &Settings { max_entries: 10, ..CACHE });
    kind_of(&directory, "TESTER1").await.unwrap();
    for number in 0..500 {
        kind_of(&directory, &format!("nobody{number}")).await.unwrap();
    }
    let before = world.store.calls();
    kind_of(&directory, "TESTER1").await.unwrap();
    assert_eq!(world.store.calls(), before, "still cached");
    for number in 0..500 {
        kind_of(&directory, &format!("nobody{number}")).await.unwrap();
    }
    assert!(world.store.calls() - before > 400, "only a few are remembered");
}

#[tokio::test]
async fn rule_22_a_change_elsewhere_is_heard_of_through_the_feed() {
    let world = World::new().await;
    world.standalone("TESTER1").await;
    let epochs = Arc::new(Epochs::default());
    let directory = directory(&world, &epochs, &CACHE);
    let follower = tokio::spawn(follow(world.records.clone(), Arc::clone(&epochs), world.clock.clone()));
    tokio::task::yield_now().await;
    assert_eq!(kind_of(&directory, "TESTER1").await, Ok(Some(0)));
    world
        .change_user("TESTER1", |user| drop(user.policies.insert("p".into(), stored(&policy("Deny", "*", "*")))))
        .await;
    // Only the follower's epochs count here; it runs as soon as this task lets it.
    let mut seen = Ok(None);
    for _ in 0..1000 {
        seen = kind_of(&directory, "TESTER1").await;
        if seen == Ok(Some(1)) {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(seen, Ok(Some(1)));
    follower.abort();
}

#[tokio::test]
async fn rule_22_what_was_asked_for_again_and_again_changes_no_later_than_the_rest() {
    let world = World::new().await;
    world.standalone("TESTER1").await;
    let epochs = Arc::new(Epochs::default());
    let directory = directory(&world, &epochs, &CACHE);
    let other = AccountId::parse("123456789012").unwrap();
    // Every spelling is remembered by itself, and so is the absence in another account.
    let all = async || {
        let mut seen = Vec::new();
        for name in ["TESTER1", "tester1", "Tester1"] {
            for _ in 0..4 {
                seen.push(kind_of(&directory, name).await.unwrap());
                assert!(directory.user(&other, name).await.unwrap().is_none());
            }
        }
        seen.dedup();
        assert_eq!(seen.len(), 1);
        seen[0]
    };
    let key = RecordKey::user(&AccountId::empty(), "TESTER1");
    for round in 0..4 {
        assert_eq!(all().await, Some(round));
        let calls = world.store.calls();
        assert_eq!(all().await, Some(round));
        assert_eq!(world.store.calls(), calls, "warm");
        let name = format!("p{round}");
        world.change_user("TESTER1", |user| drop(user.policies.insert(name, stored(&policy("Deny", "*", "*"))))).await;
        assert_eq!(all().await, Some(round), "these epochs have not moved yet");
        if round % 2 == 0 { epochs.forget(&key) } else { epochs.forget_all() }
    }
    assert_eq!(all().await, Some(4));
    epochs.lost(world.clock.ticks());
    world.clock.turn(60);
    assert_eq!(kind_of(&directory, "TESTER1").await, Err(LookupError::Stale));
}

#[tokio::test]
async fn a_commit_of_this_gate_counts_at_once() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    let put = || Req::put("/b-new/k").body(b"x").sign(&world, &one);
    assert_eq!(world.send(put()).await.status(), 404, "and the absence is cached now");
    assert_eq!(world.send(Req::put("/b-new").sign(&world, &one)).await.status(), 200);
    assert!(world.send(put()).await.is_forward());
    assert_eq!(world.send(Req::delete("/b-new").sign(&world, &one)).await.status(), 204);
    assert_eq!(world.send(put()).await.status(), 404);
    world.bucket("b-acc", Owner::Account, None).await;
}

#[tokio::test]
async fn rule_28_lookups_for_tokens_are_not_a_strangers() {
    let world = World::new().await;
    world.standalone("TESTER1").await;
    let directory = directory(&world, &world.epochs, &CACHE);
    let address = Some("192.0.2.1".parse().unwrap());
    let id = |name: &str| AccessKeyId::parse(name).unwrap();
    for number in 0..20 {
        assert!(directory.key(&id(&format!("NONE{number}")), address).await.unwrap().is_none());
    }
    assert_eq!(directory.key(&id("NONE"), address).await.err(), Some(LookupError::TooManyUnknown));
    assert!(directory.key(&id("NONE5"), address).await.unwrap().is_none(), "an absence that is cached is told");
    assert!(directory.key(&id(&key_of("TESTER1")), None).await.unwrap().is_some());
    assert!(directory.key(&id(&key_of("TESTER1")), address).await.unwrap().is_some(), "in use now");
}
