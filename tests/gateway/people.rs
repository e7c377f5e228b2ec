//! Users, keys and groups over the whole gate: what they give, and what ends with them.

use crate::support::{Credentials, Req, World, key_of, policy, trust};
use rolegate::entity::{Group, Owner, User, UserKind};
use rolegate::store::{RecordKey, Versioned};
use rolegate::types::AccountId;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const VERSION: (&str, &str) = ("Version", "2010-05-08");

impl World {
    /// An IAM call that must succeed.
    async fn done(&self, by: &Credentials, action: &str, pairs: &[(&str, &str)]) -> String {
        let pairs: Vec<_> = [("Action", action), VERSION].into_iter().chain(pairs.iter().copied()).collect();
        let reply = self.iam(by, &pairs).await;
        assert_eq!(reply.status(), 200, "{action}: {}", reply.text());
        reply.text()
    }

    async fn said(&self, by: &Credentials, action: &str, pairs: &[(&str, &str)]) -> (u16, String) {
        let pairs: Vec<_> = [("Action", action), VERSION].into_iter().chain(pairs.iter().copied()).collect();
        self.iam(by, &pairs).await.said()
    }

    async fn new_key(&self, by: &Credentials, user: &str) -> Credentials {
        let pairs = [("Action", "CreateAccessKey"), VERSION, ("UserName", user)];
        let reply = self.iam(by, &pairs).await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
        reply.credentials()
    }

    async fn may_read(&self, by: &Credentials) -> bool {
        self.send(Req::get("/b-one/k").sign(self, by)).await.is_forward()
    }
}

/// An administrator of IAM, and the account's bucket `b-one`.
async fn scene() -> (World, Credentials) {
    let world = World::new().await;
    let admin = world.iam_user("admin", &[("p", &policy("Allow", "iam:*", "*"))]).await;
    world.bucket("b-one", Owner::Account, None).await;
    (world, admin)
}

#[tokio::test]
async fn a_user_has_the_rights_of_its_policies_and_groups_as_they_are_now() {
    let (world, admin) = scene().await;
    world.done(&admin, "CreateUser", &[("UserName", "alice")]).await;
    let alice = world.new_key(&admin, "alice").await;
    assert!(!world.may_read(&alice).await, "an IAM user may nothing by itself");
    let read = policy("Allow", "s3:GetObject", "*");
    let user = ("UserName", "alice");
    world.done(&admin, "PutUserPolicy", &[user, ("PolicyName", "P"), ("PolicyDocument", &read)]).await;
    assert!(world.may_read(&alice).await);
    world.done(&admin, "DeleteUserPolicy", &[user, ("PolicyName", "P")]).await;
    assert!(!world.may_read(&alice).await);
    let managed = ("PolicyArn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess");
    world.done(&admin, "AttachUserPolicy", &[user, managed]).await;
    assert!(world.may_read(&alice).await);
    world.done(&admin, "DetachUserPolicy", &[user, managed]).await;

    let group = ("GroupName", "readers");
    world.done(&admin, "CreateGroup", &[group]).await;
    world.done(&admin, "AddUserToGroup", &[group, user]).await;
    assert!(!world.may_read(&alice).await);
    world.done(&admin, "PutGroupPolicy", &[group, ("PolicyName", "P"), ("PolicyDocument", &read)]).await;
    assert!(world.may_read(&alice).await);
    world.done(&admin, "UpdateGroup", &[group, ("NewGroupName", "others")]).await;
    assert!(world.may_read(&alice).await, "a renamed group is the same");
    world.done(&admin, "RemoveUserFromGroup", &[("GroupName", "others"), user]).await;
    assert!(!world.may_read(&alice).await);
    world.done(&admin, "AddUserToGroup", &[("GroupName", "others"), user]).await;
    let fence = ("PermissionsBoundary", "arn:aws:iam::aws:policy/IAMReadOnlyAccess");
    world.done(&admin, "PutUserPermissionsBoundary", &[user, fence]).await;
    assert!(!world.may_read(&alice).await, "a boundary cuts the group's policies too");
    world.done(&admin, "DeleteUserPermissionsBoundary", &[user]).await;
    assert!(world.may_read(&alice).await);
}

#[tokio::test]
async fn rule_14_a_key_that_is_switched_off_or_removed_ends_its_sessions() {
    let (world, admin) = scene().await;
    world.done(&admin, "CreateUser", &[("UserName", "alice")]).await;
    let all = policy("Allow", "*", "*");
    world.role("R", Owner::Account, &trust("arn:aws:iam:::user/alice"), &[("p", &all)]).await;
    let alice = world.new_key(&admin, "alice").await;
    let session = world.assume(&alice, "R").await;
    let that = [("UserName", "alice"), ("AccessKeyId", alice.key.as_str())];
    for (status, lives) in [("Inactive", false), ("Active", true)] {
        world.done(&admin, "UpdateAccessKey", &[that[0], that[1], ("Status", status)]).await;
        assert_eq!(world.may_read(&session).await, lives, "{status}");
        let identity = Req::form("sts", &[("Action", "GetCallerIdentity")]).sign(&world, &alice);
        assert_eq!(world.send(identity).await.status() == 200, lives, "{status}");
    }
    world.done(&admin, "DeleteAccessKey", &that).await;
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &session)).await.said(), (400, "InvalidToken".into()));
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &alice)).await.code(), "InvalidAccessKeyId");
}

#[tokio::test]
async fn rule_14_keys_and_sessions_outlive_a_renaming_and_nobody_takes_the_old_name() {
    let (world, admin) = scene().await;
    world.done(&admin, "CreateUser", &[("UserName", "old")]).await;
    let all = policy("Allow", "*", "*");
    world.role("R", Owner::Account, &trust("arn:aws:iam:::user/old"), &[("p", &all)]).await;
    let key = world.new_key(&admin, "old").await;
    // The role's trust was stored without bindings: as through the API, it is bound to the id.
    let document = trust("arn:aws:iam:::user/old");
    world.done(&admin, "UpdateAssumeRolePolicy", &[("RoleName", "R"), ("PolicyDocument", &document)]).await;
    let session = world.assume(&key, "R").await;
    assert!(world.may_read(&session).await);
    world.done(&admin, "UpdateUser", &[("UserName", "old"), ("NewUserName", "new")]).await;
    assert!(world.may_read(&session).await, "the session is of the same user");
    let identity = Req::form("sts", &[("Action", "GetCallerIdentity")]).sign(&world, &key);
    assert!(world.send(identity).await.text().contains("user/new"));
    assert!(world.may_read(&world.assume(&key, "R").await).await, "the trust names the id");
    world.done(&admin, "CreateUser", &[("UserName", "old")]).await;
    let other = world.new_key(&admin, "old").await;
    assert_eq!(world.try_assume(&other, "R", &[]).await.status(), 403, "another user of the old name");
    assert!(world.may_read(&session).await);
    // What ends sessions ends these too.
    world.change_user("new", |user| user.epoch += 1).await;
    assert!(!world.may_read(&session).await);
}

#[tokio::test]
async fn rule_13_a_user_made_by_caps_is_standalone_and_within_their_reach() {
    let (world, admin) = scene().await;
    let caps = "users=*;user-policy=*";
    let one = world.user(&AccountId::empty(), "TESTER1", UserKind::Standalone, caps, &[]).await;
    world.done(&one, "CreateUser", &[("UserName", "made")]).await;
    let made = world.new_key(&one, "made").await;
    assert_eq!(world.user_record("made").await.value.kind, UserKind::Standalone);
    assert!(world.send(Req::get("/").sign(&world, &made)).await.status() == 200, "it may list its buckets");
    assert_eq!(world.said(&made, "ListUsers", &[]).await, (403, "AccessDenied".into()), "but has no caps");
    for name in ["admin", "boss"] {
        if name == "boss" {
            world.user(&AccountId::empty(), name, UserKind::Standalone, "roles=*", &[]).await;
        }
        for (action, more) in [("CreateAccessKey", vec![]), ("GetUser", vec![]), ("DeleteUser", vec![])] {
            let pairs: Vec<_> = [("UserName", name)].into_iter().chain(more).collect();
            assert_eq!(world.said(&one, action, &pairs).await, (403, "AccessDenied".into()), "{action} {name}");
        }
    }
    let listed = world.done(&one, "ListUsers", &[]).await;
    assert!(listed.contains("made") && !listed.contains("admin") && !listed.contains("boss"), "{listed}");
    let all = world.done(&admin, "ListUsers", &[]).await;
    assert!(all.contains("made") && all.contains("boss"));
}

#[tokio::test]
async fn rule_17_root_is_out_of_reach_of_all_but_itself() {
    let (world, admin) = scene().await;
    let root = world.iam_user("root-user", &[]).await;
    world.change_user("root-user", |user| user.account_root = true).await;
    let user = ("UserName", "root-user");
    let key = ("AccessKeyId", key_of("root-user"));
    for (action, more) in [
        ("CreateAccessKey", vec![]),
        ("UpdateAccessKey", vec![("AccessKeyId", key.1.as_str()), ("Status", "Inactive")]),
        ("DeleteAccessKey", vec![("AccessKeyId", key.1.as_str())]),
        ("UpdateUser", vec![("NewUserName", "mine")]),
        ("GetUser", vec![]),
    ] {
        let pairs: Vec<_> = [user].into_iter().chain(more).collect();
        assert_eq!(world.said(&admin, action, &pairs).await, (403, "AccessDenied".into()), "{action}");
    }
    assert!(world.done(&root, "GetUser", &[]).await.contains("root-user"));
    let second = world.new_key(&root, "root-user").await;
    assert!(world.may_read(&second).await);
}

#[tokio::test]
async fn rule_16_users_of_other_accounts_are_not_there() {
    let (world, admin) = scene().await;
    let other = AccountId::parse("other").unwrap();
    let all = policy("Allow", "*", "*");
    let outsider = world.user(&other, "outsider", UserKind::Iam, "", &[("p", &all)]).await;
    for action in ["GetUser", "CreateAccessKey", "DeleteUser"] {
        assert_eq!(world.said(&outsider, action, &[("UserName", "admin")]).await.0, 404, "{action}");
        assert_eq!(world.said(&admin, action, &[("UserName", "outsider")]).await.0, 404, "{action}");
    }
    let foreign = ("AccessKeyId", "KEYOF_admin");
    assert_eq!(world.said(&outsider, "GetAccessKeyLastUsed", &[foreign]).await, (404, "NoSuchEntity".into()));
    let switch = [("UserName", "outsider"), foreign, ("Status", "Inactive")];
    assert_eq!(world.said(&outsider, "UpdateAccessKey", &switch).await, (404, "NoSuchEntity".into()));
    // The same name in both accounts is two users.
    world.done(&outsider, "CreateUser", &[("UserName", "admin")]).await;
    assert!(world.done(&outsider, "GetUser", &[("UserName", "admin")]).await.contains("iam::other:user/admin"));
    // A bucket of another account needs both sides.
    assert!(!world.may_read(&outsider).await);
    let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::other:user/outsider"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b-two/*"}]}"#;
    world.bucket("b-two", Owner::Account, Some(open)).await;
    let get = async || world.send(Req::get("/b-two/k").sign(&world, &outsider)).await.is_forward();
    assert!(get().await);
    world.change_user_in(&other, "outsider", |user| user.policies.clear()).await;
    assert!(!get().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rule_17_of_twenty_who_join_a_group_at_once_none_is_lost() {
    let (world, admin) = scene().await;
    world.done(&admin, "CreateGroup", &[("GroupName", "G")]).await;
    for number in 0..20 {
        world.done(&admin, "CreateUser", &[("UserName", &format!("u{number}"))]).await;
    }
    let world = Arc::new(world);
    world.store.yielding.store(true, Ordering::SeqCst);
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let user = format!("u{number}");
            let pairs = [("Action", "AddUserToGroup"), VERSION, ("GroupName", "G"), ("UserName", &user)];
            let request = Req::form("iam", &pairs).sign(&world, &admin);
            let world = Arc::clone(&world);
            tokio::spawn(async move { (user, world.send(request).await.said()) })
        })
        .collect();
    let mut joined = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            (user, (200, _)) => joined.push(user),
            (_, other) => assert_eq!(other, (409, "ConcurrentModification".into())),
        }
    }
    joined.sort();
    // Five tries each: each of those of one that is refused was overtaken by another's that succeeded.
    assert!(joined.len() >= 5, "{} of 20", joined.len());
    let key = RecordKey::group(&AccountId::empty(), "G");
    let group: Versioned<Group> = world.records.get(&key).await.unwrap().unwrap();
    let mut members: Vec<String> = group.value.members.iter().map(|one| one.name.clone()).collect();
    members.sort();
    assert_eq!(members, joined, "what succeeded is there, and nothing else");
    for number in 0..20 {
        let user: User = world.user_record(&format!("u{number}")).await.value;
        assert_eq!(!user.groups.is_empty(), joined.contains(&user.name), "{}", user.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rule_17_writers_keys_and_a_renaming_on_one_user_lose_nothing() {
    let (world, admin) = scene().await;
    world.done(&admin, "CreateUser", &[("UserName", "u")]).await;
    let world = Arc::new(world);
    world.store.yielding.store(true, Ordering::SeqCst);
    let user = ("UserName", "u");
    let mut calls: Vec<Vec<(String, String)>> = Vec::new();
    for number in 0..8 {
        calls.push(vec![
            ("Action".into(), "TagUser".into()),
            ("Tags.member.1.Key".into(), format!("k{number}")),
            ("Tags.member.1.Value".into(), "v".into()),
        ]);
    }
    for _ in 0..4 {
        calls.push(vec![("Action".into(), "CreateAccessKey".into())]);
    }
    calls.push(vec![("Action".into(), "UpdateUser".into()), ("NewUserName".into(), "renamed".into())]);
    let tasks: Vec<_> = calls
        .into_iter()
        .map(|pairs| {
            let action = pairs[0].1.clone();
            let pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([user, VERSION]).collect();
            let request = Req::form("iam", &pairs).sign(&world, &admin);
            let world = Arc::clone(&world);
            tokio::spawn(async move { (action, world.send(request).await) })
        })
        .collect();
    let (mut tags, mut keys, mut renamed) = (0, Vec::new(), false);
    for task in tasks {
        let (action, reply) = task.await.unwrap();
        match (action.as_str(), reply.status()) {
            ("TagUser", 200) => tags += 1,
            ("CreateAccessKey", 200) => keys.push(reply.credentials()),
            ("UpdateUser", 200) => renamed = true,
            (_, status) => assert!([404, 409].contains(&status), "{action}: {}", reply.text()),
        }
    }
    let name = if renamed { "renamed" } else { "u" };
    let now = world.user_record(name).await.value;
    assert_eq!((now.tags.len(), now.access_keys.len()), (tags, keys.len()));
    assert!(keys.len() <= 2);
    for key in keys {
        let identity = Req::form("sts", &[("Action", "GetCallerIdentity")]).sign(&world, &key);
        let text = world.send(identity).await.text();
        assert!(text.contains(&format!("user/{name}")), "{text}");
    }
}
