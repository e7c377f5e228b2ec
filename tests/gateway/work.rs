//! How much work a request makes, and in which order (security rules 22, 28).

use crate::support::{Credentials, Req, World, policy, trust};
use rolegate::entity::Owner;
use rolegate::store::Kind;
use rolegate::types::Clock;
use rolegate::wire::Method;
use std::sync::Arc;

const DELETE: &str = "<Delete><Object><Key>a</Key></Object></Delete>";

#[tokio::test]
async fn warm_requests_ask_neither_store_nor_backend() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    world
        .role("R", Owner::Account, &trust("arn:aws:iam:::user/TESTER1"), &[("p", &policy("Allow", "s3:*", "*"))])
        .await;
    let session = world.assume(&one, "R").await;
    for by in [&one, &session] {
        assert!(world.send(Req::get("/b-one/k").sign(&world, by)).await.is_forward());
    }
    let before = world.store.calls();
    for number in 0..100 {
        for by in [&one, &session] {
            assert!(world.send(Req::get(&format!("/b-one/k{number}")).sign(&world, by)).await.is_forward());
        }
    }
    assert_eq!((world.store.calls(), world.backend.seen().len()), (before, 0));
}

#[tokio::test]
async fn rule_28_strangers_make_little_work() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    let (unknown, wrong) = (Credentials::stranger("NOBODY"), Credentials { secret: "wrong".into(), ..one.clone() });
    let form = [("Action", "ListRoles")];
    let put_tags = || Req::put("/b-one/k?tagging").body(b"<Tagging><TagSet/></Tagging>");
    let batch = || Req::new(Method::Post, "/b-one?delete").body(DELETE.as_bytes());
    // No body is read for an unknown key, a bad signature of S3, or Anonymous, but for a form that may be the one call
    // that needs no signature.
    for request in [
        Req::form("iam", &form).sign(&world, &unknown),
        batch().sign(&world, &unknown),
        batch().sign(&world, &wrong),
        put_tags().sign(&world, &wrong),
        batch().unsigned(),
        put_tags().unsigned(),
        Req::get("/?Action=ListRoles").unsigned(),
        Req::new(Method::Post, "/?Action=ListRoles").unsigned(),
        Req::new(Method::Post, "/").with("content-type", "text/xml").body(b"x=y").unsigned(),
    ] {
        let reply = world.send(request).await;
        assert_eq!((reply.status(), reply.reads), (403, 0), "{}", reply.text());
        assert_eq!(reply.trace.principal, None);
    }
    let reply = world.send(Req::form("iam", &form).unsigned()).await;
    assert_eq!((reply.code().as_str(), reply.reads), ("MissingAuthenticationToken", 1));
    // Skew and scope come before the lookup.
    let calls = world.store.calls();
    let late = world.clock.now().plus_seconds(-901);
    for (request, code) in [
        (Req::get("/b-one/k").sign_at(late, &Credentials::stranger("SOMEBODY")), "RequestTimeTooSkewed"),
        (
            Req::get("/b-one/k").region("mars").sign(&world, &Credentials::stranger("SOMEBODY")),
            "AuthorizationHeaderMalformed",
        ),
        (Req::get("/b-one/k").sign(&world, &Credentials::stranger("x")), "InvalidAccessKeyId"),
    ] {
        assert_eq!(world.send(request).await.code(), code);
    }
    assert_eq!(world.store.calls(), calls);
    // A verified caller's body is read once; the claimed key is noted all the same.
    let reply = world.send(batch().sign(&world, &one)).await;
    assert_eq!((reply.status(), reply.reads), (200, 1));
    let reply = world.send(Req::get("/b-one/k").sign(&world, &unknown)).await;
    assert_eq!(reply.trace.claimed_key.as_deref(), Some("NOBODY"));
}

#[tokio::test]
async fn rule_28_a_body_larger_than_its_limit_is_refused() {
    let world = World::new().await;
    let admin = world.administrator("TESTER").await;
    let long = "x".repeat(70 * 1024);
    let reply = world.iam(&admin, &[("Action", "ListRoles"), ("PathPrefix", &long)]).await;
    assert_eq!(reply.said(), (413, "RequestEntityTooLarge".into()));
}

#[tokio::test]
async fn rule_28_lookups_of_unknown_keys_are_limited_by_source() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.standalone("TESTER2").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    let ask =
        |key: String, peer: &'static str| Req::get("/b-one/k").from(peer).sign(&world, &Credentials::stranger(&key));
    assert!(world.send(Req::get("/b-one/k").from("192.0.2.66").sign(&world, &one)).await.is_forward());
    let calls = world.store.calls();
    let mut codes = Vec::new();
    for number in 0..200 {
        codes.push(world.send(ask(format!("UNKNOWN{number}"), "192.0.2.66")).await.said());
    }
    assert_eq!(world.store.calls() - calls, 20, "the store is not asked again");
    assert!(codes[..20].iter().all(|said| *said == (403, "InvalidAccessKeyId".into())));
    assert!(codes[20..].iter().all(|said| *said == (503, "SlowDown".into())));
    let form =
        Req::form("iam", &[("Action", "ListRoles")]).from("192.0.2.66").sign(&world, &Credentials::stranger("OTHER"));
    assert_eq!(world.send(form).await.said(), (400, "Throttling".into()));
    // A key in use goes on, also after some change has put the caches out of date; other sources are not touched.
    for _ in 0..2 {
        assert!(world.send(Req::get("/b-one/k").from("192.0.2.66").sign(&world, &one)).await.is_forward());
        world.epochs.forget_all();
    }
    assert_eq!(world.send(ask("UNKNOWN".into(), "192.0.2.67")).await.said(), (403, "InvalidAccessKeyId".into()));
    // A known key that was not in use is told to try again, and may after ten seconds.
    let two = Credentials { key: "KEYOF_TESTER2".into(), secret: "secret of KEYOF_TESTER2".into(), token: None };
    assert_eq!(world.send(Req::get("/b-one/k").from("192.0.2.66").sign(&world, &two)).await.code(), "SlowDown");
    world.clock.turn(10);
    assert_eq!(world.send(Req::get("/b-one/k").from("192.0.2.66").sign(&world, &two)).await.code(), "AccessDenied");
}

#[tokio::test]
async fn rule_22_a_change_during_a_load_is_not_served_afterwards() {
    let world = Arc::new(World::new().await);
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", world.owner("TESTER1").await, None).await;
    world.store.hold(Some(Kind::User));
    let early = tokio::spawn({
        let (world, request) = (Arc::clone(&world), Req::get("/b-one/k").sign(&world, &one));
        async move { world.send(request).await.status() }
    });
    // The load has read the record and hangs; now the user is denied everything.
    world.store.waiting.acquire().await.unwrap().forget();
    world.store.hold(None);
    let deny = policy("Deny", "*", "*");
    world.change_user("TESTER1", |user| drop(user.policies.insert("d".into(), crate::support::stored(&deny)))).await;
    world.store.gate.add_permits(1);
    assert_eq!(early.await.unwrap(), 403, "the one who waited");
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &one)).await.status(), 403);
}
