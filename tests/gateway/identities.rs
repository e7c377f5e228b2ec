//! Credentials: what kills them, and what is never accepted (security rules 14, 18, 19, 21).

use crate::support::{Credentials, Reply, Req, World, policy, trust};
use rolegate::entity::{KeyStatus, Owner, StoredPolicy};
use rolegate::store::{Changes, RecordKey};
use rolegate::types::{AccessKeyId, AccountId, IdKind, UniqueId};

const TESTER1: &str = "arn:aws:iam:::user/TESTER1";

struct Scene {
    world: World,
    one: Credentials,
    session: Credentials,
    chained: Credentials,
}

/// TESTER1, a session of `first` and, through it, one of `second`; both may read.
async fn scene() -> Scene {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", Owner::Account, None).await;
    let all = policy("Allow", "*", "*");
    world.role("first", Owner::Account, &trust(TESTER1), &[("p", &all)]).await;
    world.role("second", Owner::Account, &trust("arn:aws:iam:::role/first"), &[("p", &all)]).await;
    let session = world.assume(&one, "first").await;
    let chained = world.assume(&session, "second").await;
    let scene = Scene { world, one, session, chained };
    assert!(scene.get(&scene.session).await.is_forward() && scene.get(&scene.chained).await.is_forward());
    scene
}

impl Scene {
    async fn get(&self, by: &Credentials) -> Reply {
        self.world.send(Req::get("/b-one/k").sign(&self.world, by)).await
    }

    /// Both sessions are dead, on both planes, with the same answer.
    async fn both_dead(&self, why: &str) {
        for by in [&self.session, &self.chained] {
            assert_eq!(self.get(by).await.said(), (400, "InvalidToken".into()), "{why}");
            let identity = Req::form("sts", &[("Action", "GetCallerIdentity")]).sign(&self.world, by);
            assert_eq!(self.world.send(identity).await.said(), (403, "InvalidClientTokenId".into()), "{why}");
        }
    }
}

#[tokio::test]
async fn rule_14_a_role_made_again_is_another_principal() {
    let scene = scene().await;
    let old = scene.world.role_record("first").await;
    scene.world.records.commit(Changes::new().delete(&old)).await.unwrap();
    scene.world.epochs.forget_all();
    scene.both_dead("the role is gone").await;
    let all = policy("Allow", "*", "*");
    scene.world.role("first", Owner::Account, &trust(TESTER1), &[("p", &all)]).await;
    scene.both_dead("another role of the name").await;
    assert!(scene.get(&scene.world.assume(&scene.one, "first").await).await.is_forward());
}

#[tokio::test]
async fn rule_14_a_user_made_again_inherits_neither_key_nor_sessions() {
    let scene = scene().await;
    scene.world.change_user("TESTER1", |user| user.id = UniqueId::generate(IdKind::User, &*scene.world.entropy)).await;
    assert_eq!(scene.get(&scene.one).await.said(), (403, "InvalidAccessKeyId".into()));
    scene.both_dead("the user is another").await;
}

#[tokio::test]
async fn rule_14_a_key_that_is_inactive_or_not_listed_is_unknown() {
    let scene = scene().await;
    let old = scene.world.key_record("KEYOF_TESTER1").await;
    let mut new = old.value.clone();
    new.status = KeyStatus::Inactive;
    scene.world.records.commit(Changes::new().update(&old, &new)).await.unwrap();
    scene.world.epochs.forget_all();
    assert_eq!(scene.get(&scene.one).await.said(), (403, "InvalidAccessKeyId".into()));
    scene.both_dead("the parent key is inactive").await;

    let scene = self::scene().await;
    scene.world.change_user("TESTER1", |user| user.access_keys.clear()).await;
    assert_eq!(scene.get(&scene.one).await.said(), (403, "InvalidAccessKeyId".into()));
    scene.both_dead("the key is not the user's").await;
}

#[tokio::test]
async fn rule_14_a_parent_key_that_moved_to_another_user_ends_the_sessions() {
    let scene = scene().await;
    let old = scene.world.key_record("KEYOF_TESTER1").await;
    scene.world.records.commit(Changes::new().delete(&old)).await.unwrap();
    scene.world.standalone("TESTER2").await;
    scene.world.change_user("TESTER2", |user| user.access_keys.push("KEYOF_TESTER1".into())).await;
    let two = scene.world.user_record("TESTER2").await.value;
    let moved = scene.world.key(&two, "KEYOF_TESTER1").await;
    let identity = Req::form("sts", &[("Action", "GetCallerIdentity")]).sign(&scene.world, &moved);
    assert!(scene.world.send(identity).await.text().contains("user/TESTER2"));
    scene.both_dead("the key is TESTER2's now").await;
}

#[tokio::test]
async fn rule_21_raising_an_epoch_ends_the_sessions_of_every_link() {
    for epoch_of in ["first", "TESTER1"] {
        let scene = scene().await;
        match epoch_of {
            "first" => scene.world.change_role("first", |role| role.epoch += 1).await,
            _ => scene.world.change_user("TESTER1", |user| user.epoch += 1).await,
        }
        scene.both_dead(epoch_of).await;
        // New ones begin at the new epoch. The key itself is untouched.
        assert!(scene.get(&scene.world.assume(&scene.one, "first").await).await.is_forward());
        // Compared for equality: going back revives the old, so epochs only ever rise.
    }
    let scene = scene().await;
    scene.world.change_role("second", |role| role.epoch += 1).await;
    assert!(scene.get(&scene.session).await.is_forward(), "a link before is not touched");
    assert_eq!(scene.get(&scene.chained).await.said(), (400, "InvalidToken".into()));
}

#[tokio::test]
async fn rule_19_tokens_and_keys_belong_together() {
    let scene = scene().await;
    let token = scene.session.token.clone();
    let with = |key: &Credentials, token: Option<String>| Credentials { token, ..key.clone() };
    for (what, by, code) in [
        ("a token beside a long-term key", with(&scene.one, token.clone()), "InvalidToken"),
        ("ASIA without a token", with(&scene.session, None), "InvalidAccessKeyId"),
        ("another session's token", with(&scene.chained, token.clone()), "InvalidToken"),
        ("a cut token", with(&scene.session, token.clone().map(|t| t[..t.len() - 4].to_owned())), "InvalidToken"),
        ("a token with padding", with(&scene.session, token.clone().map(|t| t + "=")), "InvalidToken"),
        ("a long token", with(&scene.session, Some("A".repeat(9000))), "InvalidToken"),
        ("a wrong secret", Credentials { secret: "wrong".into(), ..scene.session.clone() }, "SignatureDoesNotMatch"),
    ] {
        // Warm and cold: the cache of opened tokens must not change the answer.
        for _ in 0..2 {
            assert_eq!(scene.get(&by).await.code(), code, "{what}");
        }
    }
    assert!(scene.get(&scene.session).await.is_forward());
    scene.world.clock.turn(3600);
    for by in [&scene.session, &scene.chained] {
        assert_eq!(scene.get(by).await.said(), (400, "ExpiredToken".into()), "no skew, cached or not");
    }
}

#[tokio::test]
async fn rule_18_what_no_longer_parses_is_503_and_never_skipped() {
    let bad = || StoredPolicy {
        document: r#"{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}"#.into(),
        bindings: Default::default(),
    };
    // A policy of the role, one of its trust, one of a user in the chain, one of the bucket.
    let scene = scene().await;
    scene.world.change_role("first", |role| drop(role.policies.insert("q".into(), bad()))).await;
    for by in [&scene.session, &scene.chained] {
        assert_eq!(scene.get(by).await.said(), (503, "ServiceUnavailable".into()));
    }
    scene.world.change_role("first", |role| drop(role.policies.remove("q"))).await;
    assert!(scene.get(&scene.session).await.is_forward());
    scene.world.change_role("first", |role| role.trust = bad()).await;
    let reply = scene.world.try_assume(&scene.one, "first", &[]).await;
    assert_eq!(reply.said(), (503, "ServiceUnavailable".into()));
    assert!(!reply.text().contains("Maybe") && !reply.text().contains("role/"), "{}", reply.text());

    let scene = self::scene().await;
    scene.world.change_user("TESTER1", |user| drop(user.policies.insert("q".into(), bad()))).await;
    for by in [&scene.one, &scene.session, &scene.chained] {
        assert_eq!(scene.get(by).await.said(), (503, "ServiceUnavailable".into()));
    }
    let scene = self::scene().await;
    scene.world.bucket("b-bad", scene.world.owner("TESTER1").await, Some("{}")).await;
    for request in [Req::get("/b-bad/k"), Req::put("/b-bad/k").body(b"x"), Req::delete("/b-bad"), Req::get("/b-bad")] {
        let reply = scene.world.send(request.sign(&scene.world, &scene.one)).await;
        assert_eq!(reply.said(), (503, "ServiceUnavailable".into()));
    }
}

#[tokio::test]
async fn rule_18_a_damaged_record_is_503() {
    let key = |id: &str| RecordKey::access_key(&AccessKeyId::parse(id).unwrap());
    let empty = AccountId::empty();
    for record in [
        key("KEYOF_TESTER1"),
        RecordKey::user(&empty, "TESTER1"),
        RecordKey::role(&empty, "first"),
        RecordKey::bucket("b-one"),
    ] {
        let scene = scene().await;
        scene.world.store.damage(&record).await;
        scene.world.epochs.forget_all();
        let reply = scene.get(&scene.session).await;
        assert_eq!(reply.said(), (503, "ServiceUnavailable".into()), "{record}");
        assert!(!reply.text().contains("damaged"));
    }
}

#[tokio::test]
async fn rule_18_a_store_that_is_gone_is_503_on_both_planes_and_tells_nothing() {
    let scene = scene().await;
    scene.world.epochs.forget_all();
    scene.world.store.set_broken(true);
    let list = [("Action", "ListRoles"), ("Version", "2010-05-08")];
    for reply in [
        scene.get(&scene.one).await,
        scene.get(&scene.session).await,
        scene.world.iam(&scene.one, &list).await,
        scene.world.try_assume(&scene.one, "first", &[]).await,
        scene.world.send(Req::get("/b-one/k").unsigned()).await,
    ] {
        assert_eq!(reply.said(), (503, "ServiceUnavailable".into()), "{}", reply.text());
        assert!(!reply.text().contains("redis") && !reply.text().contains("10.9.8.7"));
    }
    scene.world.store.set_broken(false);
    assert!(scene.get(&scene.session).await.is_forward(), "a failure is not remembered");
}
