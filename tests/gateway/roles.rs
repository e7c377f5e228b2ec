//! IAM and STS through the gate (security rules 12 to 18).

use crate::support::{Credentials, Req, World, policy, trust};
use rolegate::entity::{Owner, Tag, User, UserKind};
use rolegate::store::RecordKey;
use rolegate::types::AccountId;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const TESTER1: &str = "arn:aws:iam:::user/TESTER1";

fn create<'a>(name: &'a str, document: &'a str) -> [(&'a str, &'a str); 4] {
    [("Action", "CreateRole"), ("Version", "2010-05-08"), ("RoleName", name), ("AssumeRolePolicyDocument", document)]
}

fn put<'a>(role: &'a str, name: &'a str, document: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("Action", "PutRolePolicy"),
        ("Version", "2010-05-08"),
        ("RoleName", role),
        ("PolicyName", name),
        ("PolicyDocument", document),
    ]
}

fn about<'a>(action: &'a str, role: &'a str) -> [(&'a str, &'a str); 3] {
    [("Action", action), ("Version", "2010-05-08"), ("RoleName", role)]
}

#[tokio::test]
async fn the_whole_way_from_caps_to_an_object() {
    let world = World::new().await;
    let admin = world.administrator("TESTER").await;
    let (one, two) = (world.standalone("TESTER1").await, world.standalone("TESTER2").await);
    let made = world.iam(&admin, &create("S3Access", &trust(TESTER1))).await;
    assert_eq!(made.status(), 200, "{}", made.text());
    let read = policy("Allow", "s3:*", "arn:aws:s3:::*");
    assert_eq!(world.iam(&admin, &put("S3Access", "P", &read)).await.status(), 200);
    let session = world.assume(&one, "S3Access").await;
    assert!(session.key.starts_with("ASIA"));
    assert_eq!(world.try_assume(&two, "S3Access", &[]).await.said(), (403, "AccessDenied".into()));
    // The bucket that a session makes is the role owner's.
    assert_eq!(world.send(Req::put("/from-session").sign(&world, &session)).await.status(), 200);
    assert_eq!(world.bucket_record("from-session").await.unwrap().owner, world.owner("TESTER").await);
    let reply = world.send(Req::get("/from-session/k").sign(&world, &session)).await;
    assert!(reply.is_forward());
    assert_eq!(reply.trace.principal.as_deref(), Some("arn:aws:sts:::assumed-role/S3Access/session"));
    assert!(world.send(Req::get("/from-session/k").presign(&world, &session)).await.is_forward());
    // Permissions are looked up live.
    world.change_role("S3Access", |role| role.policies.clear()).await;
    assert_eq!(
        world.send(Req::get("/from-session/k").sign(&world, &session)).await.said(),
        (403, "AccessDenied".into())
    );
}

#[tokio::test]
async fn rule_12_caps_and_ownership_are_cut_by_an_explicit_deny() {
    let world = World::new().await;
    let empty = AccountId::empty();
    let no_roles = policy("Deny", "iam:CreateRole", "*");
    let cut = world.user(&empty, "cut", UserKind::Standalone, "roles=*", &[("d", &no_roles)]).await;
    let denied = world.iam(&cut, &create("R", &trust(TESTER1))).await;
    assert_eq!(denied.said(), (403, "AccessDenied".into()));
    assert!(denied.text().contains("with an explicit deny in an identity-based policy"), "{}", denied.text());
    assert_eq!(world.iam(&cut, &[("Action", "ListRoles"), ("Version", "2010-05-08")]).await.status(), 200);
    let none = world.standalone("none").await;
    assert_eq!(world.iam(&none, &create("R", &trust(TESTER1))).await.said(), (403, "AccessDenied".into()));
    let no_reads = policy("Deny", "s3:GetObject", "*");
    let owner = world.user(&empty, "owner", UserKind::Standalone, "", &[("d", &no_reads)]).await;
    world.bucket("b-own", world.owner("owner").await, None).await;
    assert!(world.send(Req::put("/b-own/k").body(b"x").sign(&world, &owner)).await.is_forward());
    let refused = world.send(Req::get("/b-own/k").sign(&world, &owner)).await;
    assert!(refused.text().contains("with an explicit deny in an identity-based policy"), "{}", refused.text());
    let locked = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b-two/*"}]}"#;
    world.bucket("b-two", world.owner("owner").await, Some(locked)).await;
    let refused = world.send(Req::put("/b-two/k").body(b"x").sign(&world, &owner)).await;
    assert!(refused.text().contains("with an explicit deny in a resource-based policy"), "{}", refused.text());
}

#[tokio::test]
async fn rule_13_a_session_of_a_standalone_users_role_has_no_iam() {
    let world = World::new().await;
    let one = world.administrator("TESTER1").await;
    let all = policy("Allow", "*", "*");
    world.role("mine", world.owner("TESTER1").await, &trust(TESTER1), &[("p", &all)]).await;
    world.role("accounts", Owner::Account, &trust(TESTER1), &[("p", &all)]).await;
    let (mine, accounts) = (world.assume(&one, "mine").await, world.assume(&one, "accounts").await);
    let list = [("Action", "ListRoles"), ("Version", "2010-05-08")];
    let denied = world.iam(&mine, &list).await;
    assert_eq!(denied.said(), (403, "AccessDenied".into()));
    assert!(denied.text().contains("because no permissions boundary allows"), "{}", denied.text());
    for call in
        [create("R", &trust(TESTER1)).to_vec(), put("mine", "q", &all).to_vec(), about("DeleteRole", "mine").to_vec()]
    {
        assert_eq!(world.iam(&mine, &call).await.said(), (403, "AccessDenied".into()));
    }
    assert_eq!(world.iam(&accounts, &list).await.status(), 200);
    // Caps reach only what standalone users own.
    assert_eq!(world.iam(&one, &put("accounts", "q", &all)).await.said(), (403, "AccessDenied".into()));
    assert_eq!(world.iam(&one, &put("mine", "q", &all)).await.status(), 200);
}

#[tokio::test]
async fn rule_16_a_session_has_no_user_name_and_reaches_its_own_account_alone() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    let by_name = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringLike":{"aws:username":"*"}}},
        {"Effect":"Allow","Action":"s3:PutObject","Resource":"*","Condition":{"Null":{"aws:username":"true"}}}]}"#;
    world.role("R", Owner::Account, &trust(TESTER1), &[("p", by_name)]).await;
    world.bucket("b-one", Owner::Account, None).await;
    let session = world.assume(&one, "R").await;
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &session)).await.code(), "AccessDenied");
    assert!(world.send(Req::put("/b-one/k").body(b"x").sign(&world, &session)).await.is_forward());
    let user = world.iam_user("named", &[("p", by_name)]).await;
    assert!(world.send(Req::get("/b-one/k").sign(&world, &user)).await.is_forward());

    let other = AccountId::parse("other").unwrap();
    let all = policy("Allow", "*", "*");
    let outsider = world.user(&other, "outsider", UserKind::Iam, "", &[("p", &all)]).await;
    assert_eq!(world.iam(&outsider, &about("GetRole", "R")).await.said(), (404, "NoSuchEntity".into()));
    assert_eq!(world.iam(&outsider, &create("R", &trust("arn:aws:iam::other:user/outsider"))).await.status(), 200);
    let key = RecordKey::role(&other, "R");
    assert!(world.records.get::<rolegate::entity::Role>(&key).await.unwrap().is_some());
    assert_eq!(world.role_record("R").await.value.policies.len(), 1);
    // Across accounts both sides must allow.
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &outsider)).await.code(), "AccessDenied");
    assert_eq!(world.try_assume(&outsider, "R", &[]).await.said(), (403, "AccessDenied".into()));
    world.role("open", Owner::Account, &trust("arn:aws:iam::other:user/outsider"), &[]).await;
    world.assume(&outsider, "arn:aws:iam:::role/open").await;
    world.change_user_in(&other, "outsider", |user| user.policies.clear()).await;
    assert_eq!(world.try_assume(&outsider, "arn:aws:iam:::role/open", &[]).await.said(), (403, "AccessDenied".into()));
}

#[tokio::test]
async fn rule_17_a_commit_fails_if_what_its_decision_read_has_changed() {
    let world = World::new().await;
    let all = policy("Allow", "iam:*", "*");
    let user = world.iam_user("changed", &[("p", &all)]).await;
    world.role("R", Owner::Account, &trust(TESTER1), &[]).await;
    assert_eq!(world.iam(&user, &put("R", "a", &all)).await.status(), 200);
    // The user loses its rights, and the news has not come: the cached decision says yes, the commit says no.
    let key = RecordKey::user(&AccountId::empty(), "changed");
    world.change(&key, |user: &mut User| user.policies.clear()).await;
    assert_eq!(world.iam(&user, &put("R", "b", &all)).await.said(), (403, "AccessDenied".into()));
    assert_eq!(world.store.refused(), 1);
    assert_eq!(world.role_record("R").await.value.policies.len(), 1);
    // And the same of a new record, for a user who is gone.
    let user = world.iam_user("gone", &[("p", &all)]).await;
    assert_eq!(world.iam(&user, &put("R", "a", &all)).await.status(), 200);
    let found = world.user_record("gone").await;
    world.records.commit(rolegate::store::Changes::new().delete(&found)).await.unwrap();
    assert_eq!(world.iam(&user, &create("new", &trust(TESTER1))).await.said(), (403, "InvalidClientTokenId".into()));
    assert_eq!(world.store.refused(), 2);
}

#[tokio::test]
async fn rule_17_evidence_of_every_kind_of_caller_is_of_one_scope() {
    // A commit that named two scopes would be a store fault: none of these is.
    let world = World::new().await;
    let all = policy("Allow", "*", "*");
    for account in ["", "other", "RGW12345678901234567"] {
        let account = AccountId::parse(account).unwrap();
        let user = world.user(&account, "admin", UserKind::Iam, "", &[("p", &all)]).await;
        let arn = format!("arn:aws:iam::{account}:user/admin");
        world.role_in(&account, "R", Owner::Account, &trust(&arn), &[("p", &all)]).await;
        let session = world.assume(&user, &format!("arn:aws:iam::{account}:role/R")).await;
        for (caller, name) in [(&user, "by-user"), (&session, "by-session")] {
            let document = trust(&arn);
            assert_eq!(world.iam(caller, &create(name, &document)).await.status(), 200, "{account} {name}");
            assert_eq!(world.iam(caller, &put(name, "p", &all)).await.status(), 200, "{account} {name}");
        }
        // A session that changes its own role: the evidence is the record that is written.
        assert_eq!(world.iam(&session, &put("R", "q", &all)).await.status(), 200, "{account}");
        rename_key(&world, &account).await;
    }
}

/// Frees the key id for the next account's user of that name.
async fn rename_key(world: &World, _account: &AccountId) {
    let key = world.key_record("KEYOF_admin").await;
    world.records.commit(rolegate::store::Changes::new().delete(&key)).await.unwrap();
    world.epochs.forget_all();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rule_17_of_twenty_writers_at_once_none_is_lost() {
    let world = Arc::new(World::new().await);
    let admin = world.administrator("TESTER").await;
    world.role("R", world.owner("TESTER").await, &trust(TESTER1), &[]).await;
    world.store.yielding.store(true, Ordering::SeqCst);
    let document = policy("Allow", "s3:GetObject", "*");
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let request = Req::form("iam", &put("R", &format!("p{number}"), &document)).sign(&world, &admin);
            let world = Arc::clone(&world);
            tokio::spawn(async move { (number, world.send(request).await.said()) })
        })
        .collect();
    let mut written = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            (number, (200, _)) => written.push(format!("p{number}")),
            (_, other) => assert_eq!(other, (409, "ConcurrentModification".into())),
        }
    }
    // Five tries each: each of those of one that is refused was overtaken by another's that succeeded.
    assert!(written.len() >= 5, "{} of 20", written.len());
    let stored = world.role_record("R").await.value.policies;
    written.sort();
    assert_eq!(stored.keys().cloned().collect::<Vec<_>>(), written, "what succeeded is there, and nothing else");
}

#[tokio::test]
async fn resource_tags_of_roles_are_read_and_absent_ones_are_absent() {
    let world = World::new().await;
    let by_tag = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iam:GetRole","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}},
        {"Effect":"Allow","Action":"iam:GetRole","Resource":"arn:aws:iam:::role/plain"}]}"#;
    let user = world.iam_user("tagged", &[("p", by_tag)]).await;
    for name in ["red", "plain", "other"] {
        world.role(name, Owner::Account, &trust(TESTER1), &[]).await;
    }
    world.change_role("red", |role| role.tags.push(Tag { key: "Team".into(), value: "red".into() })).await;
    assert_eq!(world.iam(&user, &about("GetRole", "red")).await.status(), 200);
    assert_eq!(world.iam(&user, &about("GetRole", "plain")).await.status(), 200, "another statement allows it");
    let denied = world.iam(&user, &about("GetRole", "other")).await;
    assert_eq!(denied.said(), (403, "AccessDenied".into()));
    assert!(!denied.text().contains("cannot be known"), "{}", denied.text());
    // In trust policies too.
    let one = world.standalone("TESTER1").await;
    let by_tag = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::user/TESTER1"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:ResourceTag/open":"yes"}}},
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::user/TESTER1"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"abc"}}}]}"#;
    world.role("trusting", Owner::Account, by_tag, &[]).await;
    assert_eq!(world.try_assume(&one, "trusting", &[]).await.status(), 403);
    assert_eq!(world.try_assume(&one, "trusting", &[("ExternalId", "abc")]).await.status(), 200);
    world.change_role("trusting", |role| role.tags.push(Tag { key: "open".into(), value: "yes".into() })).await;
    world.assume(&one, "trusting").await;
}

#[tokio::test]
async fn an_unknown_role_and_an_untrusted_caller_look_the_same() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    let denying =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    world.role("there", Owner::Account, &trust("arn:aws:iam:::user/somebody"), &[]).await;
    world.role("gone1", Owner::Account, denying, &[]).await;
    let texts: Vec<String> = {
        let mut texts = Vec::new();
        for name in ["there", "gone1", "gone2"] {
            let reply = world.try_assume(&one, name, &[]).await;
            assert_eq!(reply.said(), (403, "AccessDenied".into()));
            texts.push(reply.text().replace(name, "NAME"));
        }
        texts
    };
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "{texts:?}");
    // Under another path or case it is another role.
    world.role("pathless", Owner::Account, &trust(TESTER1), &[]).await;
    for arn in ["arn:aws:iam:::role/a/pathless", "arn:aws:iam:::role/Pathless", "arn:aws:iam::other:role/pathless"] {
        assert_eq!(world.try_assume(&one, arn, &[]).await.status(), 403, "{arn}");
    }
}

async fn allowed(world: &World, caller: &Credentials) -> bool {
    world.send(Req::get("/b-one/k").sign(world, caller)).await.is_forward()
}

#[tokio::test]
async fn session_policies_cut_but_never_add() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    world.bucket("b-one", Owner::Account, None).await;
    let read = policy("Allow", "s3:GetObject", "*");
    world.role("R", Owner::Account, &trust(TESTER1), &[("p", &read)]).await;
    for (document, get) in
        [(&read, true), (&policy("Allow", "s3:PutObject", "*"), false), (&policy("Deny", "s3:GetObject", "*"), false)]
    {
        let session = world.try_assume(&one, "R", &[("Policy", document)]).await.credentials();
        assert_eq!(allowed(&world, &session).await, get, "{document}");
        assert!(!world.send(Req::put("/b-one/k").body(b"x").sign(&world, &session)).await.is_forward());
    }
}
