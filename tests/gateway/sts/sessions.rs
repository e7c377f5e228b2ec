//! Sessions of users, and what ends sessions (security rules 16, 19, 20, 21).

use super::*;

#[tokio::test]
async fn rule_16_sessions_of_a_user_have_its_rights_less_iam() {
    let world = World::new().await;
    let all = policy("Allow", "*", "*");
    let user = world.iam_user("one", &[("p", &all)]).await;
    world.bucket("b-one", Owner::Account, None).await;
    world.role("R", Owner::Account, &trust(ONE), &[("p", &all)]).await;
    world.change_role("R", |role| role.max_session_duration = 7200).await;
    let session = world.minted(&user, "GetSessionToken", &[]).await;
    assert!(world.reads(&session, "/b-one/k").await);
    let identity = world.sts(&session, "GetCallerIdentity", &[]).await;
    assert_eq!(identity.element("Arn").as_deref(), Some(ONE));
    let list = [("Action", "ListRoles"), ("Version", "2010-05-08")];
    assert_eq!(world.iam(&user, &list).await.status(), 200);
    assert_eq!(said(&world.iam(&session, &list).await), DENIED);
    // AssumeRole is not chaining here: only sessions of roles chain.
    let role = world.assumed(&session, "R", &[("DurationSeconds", "7200")]).await;
    assert!(world.reads(&role, "/b-one/k").await);
    let message = [("EncodedMessage", "x")];
    assert_eq!(said(&world.sts(&session, "DecodeAuthorizationMessage", &message).await), DENIED);
    let key = [("AccessKeyId", "KEYOF_somebody_else")];
    assert_eq!(said(&world.sts(&session, "GetAccessKeyInfo", &key).await), DENIED);
    for by in [&session, &role] {
        for (action, more) in [("GetSessionToken", &[][..]), ("GetFederationToken", &[("Name", "app")])] {
            let reply = world.sts(by, action, more).await;
            assert_eq!(said(&reply), DENIED, "{action}");
            assert!(reply.text().contains("with session credentials"), "{}", reply.text());
        }
    }
    // It ends with its key.
    let record = world.key_record(&key_of("one")).await;
    world.records.commit(Changes::new().delete(&record)).await.unwrap();
    world.epochs.forget_all();
    for by in [&session, &role] {
        assert_eq!(world.send(Req::get("/b-one/k").sign(&world, by)).await.code(), "InvalidToken");
    }
}

#[tokio::test]
async fn rule_16_federated_users_have_what_both_policies_allow_and_no_more() {
    let world = World::new().await;
    let all = policy("Allow", "*", "*");
    let user = world.iam_user("one", &[("p", &all)]).await;
    world.bucket("b-one", Owner::Account, None).await;
    world.role("R", Owner::Account, &trust("*"), &[("p", &all)]).await;
    let read = policy("Allow", "s3:GetObject", "arn:aws:s3:::b-one/${aws:PrincipalTag/team}/*");
    let name = ("Name", "app");
    let bare = world.minted(&user, "GetFederationToken", &[name]).await;
    assert!(!world.reads(&bare, "/b-one/red/k").await, "nothing without a session policy");
    let more = [&[name, ("Policy", read.as_str())][..], &tags("red")].concat();
    let app = world.minted(&user, "GetFederationToken", &more).await;
    assert!(world.reads(&app, "/b-one/red/k").await && !world.reads(&app, "/b-one/blue/k").await);
    assert!(!world.send(Req::put("/b-one/red/k").body(b"x").sign(&world, &app)).await.is_forward());
    let identity = world.sts(&app, "GetCallerIdentity", &[]).await;
    assert_eq!(identity.element("Arn").as_deref(), Some("arn:aws:sts:::federated-user/app"));
    assert_eq!(identity.element("UserId").as_deref(), Some(":app"));

    let everything = world.minted(&user, "GetFederationToken", &[name, ("Policy", &all)]).await;
    assert!(world.reads(&everything, "/b-one/red/k").await);
    assert_eq!(said(&world.iam(&everything, &[("Action", "ListRoles"), ("Version", "2010-05-08")]).await), DENIED);
    assert_eq!(said(&world.try_assume(&everything, "R", &[]).await), DENIED);
    for action in ["GetSessionToken", "GetFederationToken", "DecodeAuthorizationMessage", "GetAccessKeyInfo"] {
        let more = [name, ("EncodedMessage", "x"), ("AccessKeyId", "KEYOF_somebody_else")];
        assert_eq!(said(&world.sts(&everything, action, &more).await), DENIED, "{action}");
    }
    // Who asks must be allowed to, with tags to tag.
    let may = policy("Allow", "sts:GetFederationToken", "arn:aws:sts:::federated-user/app");
    let narrow = world.iam_user("narrow", &[("p", &may)]).await;
    assert_eq!(world.sts(&narrow, "GetFederationToken", &[name]).await.status(), 200);
    assert_eq!(said(&world.sts(&narrow, "GetFederationToken", &[("Name", "app2")]).await), DENIED);
    let tagged = world.sts(&narrow, "GetFederationToken", &[&[name][..], &tags("red")].concat()).await;
    assert!(tagged.text().contains("sts:TagSession"), "{}", tagged.text());
    let standalone = world.standalone("own").await;
    assert_eq!(said(&world.sts(&standalone, "GetFederationToken", &[name]).await), DENIED);
    let missing = [name, ("PolicyArns.member.1.arn", "arn:aws:iam:::policy/none")];
    assert_eq!(said(&world.sts(&user, "GetFederationToken", &missing).await), (400, "InvalidParameterValue"));
}

#[tokio::test]
async fn rule_19_20_a_ring_that_is_replaced_ends_cached_sessions_of_keys_that_are_gone() {
    let world = World::new().await;
    let one = world.standalone("one").await;
    world.bucket("b-one", Owner::Account, None).await;
    world.role("R", Owner::Account, &trust(ONE), &[("p", &policy("Allow", "s3:*", "*"))]).await;
    let old = world.assume(&one, "R").await;
    assert!(world.reads(&old, "/b-one/k").await);
    let key = |id: &str, state: &str, byte: &str| format!("{id}:{state}:{}\n", byte.repeat(32));
    let ring = &world.gateway.ring;
    ring.replace(&(key("k1", "opening", "01") + &key("k2", "minting", "02"))).unwrap();
    let new = world.assume(&one, "R").await;
    assert!(world.reads(&old, "/b-one/k").await && world.reads(&new, "/b-one/k").await);
    assert!(ring.replace("nonsense").is_err());
    assert!(world.reads(&old, "/b-one/k").await, "a refused ring changes nothing");
    ring.replace(&(key("k1", "retired", "01") + &key("k2", "minting", "02"))).unwrap();
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &old)).await.said(), (400, "InvalidToken".into()));
    assert!(world.reads(&new, "/b-one/k").await);
}

#[tokio::test]
async fn rule_21_revoking_ends_what_came_of_a_session_too() {
    let world = World::new().await;
    let user = world.iam_user("one", &[("p", &policy("Allow", "*", "*"))]).await;
    world.bucket("b-one", Owner::Account, None).await;
    let all = policy("Allow", "*", "*");
    world.role("R", Owner::Account, &trust("*"), &[("p", &all)]).await;
    let (first, second) =
        (world.minted(&user, "GetSessionToken", &[]).await, world.minted(&user, "GetSessionToken", &[]).await);
    let (of_first, of_second) = (world.assume(&first, "R").await, world.assume(&second, "R").await);
    let chained = world.assume(&of_first, "R").await;
    world
        .change_user("one", |user| {
            user.revoked.keys.insert(first.key.clone(), i64::MAX);
        })
        .await;
    for (by, lives) in [(&first, false), (&of_first, false), (&chained, false), (&second, true), (&of_second, true)] {
        assert_eq!(world.reads(by, "/b-one/k").await, lives, "{}", by.key);
    }
    world.change_user("one", |user| user.epoch += 1).await;
    assert!(!world.reads(&second, "/b-one/k").await && !world.reads(&of_second, "/b-one/k").await);
    assert!(world.reads(&user, "/b-one/k").await, "the long-term key goes on");
    assert!(world.reads(&world.minted(&user, "GetSessionToken", &[]).await, "/b-one/k").await);
}
