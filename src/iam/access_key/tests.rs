//! Calls about access keys against a store in memory.

use super::Answer as Keys;
use super::*;
use crate::authz::Permit;
use crate::entity::{AccessKey, LastUsed, Owner, Used, User};
use crate::iam::testing::{World, code};
use crate::iam::{Answer, Body, Error, execute};
use crate::store::{Changes, RecordKey};
use crate::types::{AccountId, Context, Principal, UniqueId};

impl World {
    /// Makes a key and returns its id and secret.
    async fn new_key(&self, user: &str) -> Result<(String, String), Error> {
        let answer = self.call("CreateAccessKey", &[("UserName", user)]).await?;
        let Body::AccessKey(Keys::Created { issued, .. }) = answer.body else { panic!() };
        Ok((issued.id.to_string(), issued.secret.expose_str().unwrap().to_owned()))
    }

    async fn key(&self, id: &str) -> Option<AccessKey> {
        self.record(&RecordKey::access_key(&AccessKeyId::parse(id).unwrap())).await
    }
}

#[tokio::test]
async fn a_key_is_made_listed_switched_and_removed() {
    let world = World::new().await;
    world.new_user("Alice", &[]).await.unwrap();
    let user = ("UserName", "alice");
    let (id, secret) = world.new_key("alice").await.unwrap();
    assert!(id.starts_with("AKIA") && id.len() == 20 && secret.len() == 40);
    let record = world.key(&id).await.unwrap();
    assert!(world.records.open_secret(&record).unwrap().same_as(secret.as_bytes()));
    let created = world.call("CreateAccessKey", &[user]).await.unwrap().to_xml("r");
    assert!(created.contains("<CreateAccessKeyResult><AccessKey><UserName>Alice</UserName><AccessKeyId>AKIA"));
    assert!(created.contains("</AccessKeyId><Status>Active</Status><SecretAccessKey>"), "{created}");
    assert!(created.contains("</SecretAccessKey><CreateDate>2026-11-21T22:53:44Z</CreateDate></AccessKey>"));
    let error = world.new_key("Alice").await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    );

    let that = ("AccessKeyId", id.as_str());
    for status in ["Inactive", "Inactive", "Active"] {
        let answer = world.call("UpdateAccessKey", &[user, that, ("Status", status)]).await.unwrap();
        assert_eq!(answer.body, Body::Empty);
        let listed = world.call("ListAccessKeys", &[user]).await.unwrap().to_xml("r");
        assert!(listed.contains(&format!(
            "<AccessKeyMetadata><member><UserName>Alice</UserName><AccessKeyId>{id}</AccessKeyId><Status>{status}</Status>"
        )));
        assert!(!listed.contains("Secret") && !listed.contains(&secret));
    }
    let first = world.call("ListAccessKeys", &[user, ("MaxItems", "1")]).await.unwrap();
    let Body::AccessKey(Keys::Page { keys, marker: Some(marker), .. }) = first.body else { panic!() };
    assert_eq!(keys[0].id.as_str(), id);
    let rest = world.call("ListAccessKeys", &[user, ("Marker", &marker)]).await.unwrap();
    assert!(matches!(rest.body, Body::AccessKey(Keys::Page { keys, marker: None, .. }) if keys.len() == 1));

    world.call("DeleteAccessKey", &[user, that]).await.unwrap();
    assert!(world.key(&id).await.is_none());
    assert_eq!(world.user_named("Alice").await.unwrap().access_keys.len(), 1);
    for (action, more) in [("DeleteAccessKey", None), ("UpdateAccessKey", Some(("Status", "Active")))] {
        let pairs: Vec<_> = [user, that].into_iter().chain(more).collect();
        let error = world.call(action, &pairs).await.unwrap_err();
        assert_eq!(error.to_string(), format!("The Access Key with id {id} cannot be found."));
        assert_eq!((error.code(), error.status()), ("NoSuchEntity", 404));
    }
}

#[tokio::test]
async fn a_key_of_another_user_cannot_be_found() {
    let world = World::new().await;
    for name in ["A", "B"] {
        world.new_user(name, &[]).await.unwrap();
    }
    let (id, _) = world.new_key("A").await.unwrap();
    for (action, more) in [("DeleteAccessKey", None), ("UpdateAccessKey", Some(("Status", "Inactive")))] {
        let pairs: Vec<_> = [("UserName", "B"), ("AccessKeyId", &id)].into_iter().chain(more).collect();
        assert_eq!(code(world.call(action, &pairs).await), "NoSuchEntity", "{action}");
    }
    assert_eq!(world.key(&id).await.unwrap().status, KeyStatus::Active);
}

#[tokio::test]
async fn the_last_use_is_asked_for_on_the_keys_user() {
    let world = World::new().await;
    world.new_user("A", &[("Path", "/p/")]).await.unwrap();
    let (id, _) = world.new_key("A").await.unwrap();
    let pairs = [("AccessKeyId", id.as_str())];
    let request = world.parse("GetAccessKeyLastUsed", &pairs).unwrap();
    assert_eq!(world.requirements(&request).await[0].resource.to_string(), "arn:aws:iam:::user/p/A");
    let unused = world.call("GetAccessKeyLastUsed", &pairs).await.unwrap().to_xml("r");
    assert!(
        unused.contains(
            "<GetAccessKeyLastUsedResult><UserName>A</UserName><AccessKeyLastUsed><ServiceName>N/A</ServiceName>\
             <Region>N/A</Region></AccessKeyLastUsed></GetAccessKeyLastUsedResult>"
        ),
        "{unused}"
    );
    let subject = Used::Key(AccessKeyId::parse(&id).unwrap());
    let (region, service) = ("eu-west-1".to_owned(), "s3".to_owned());
    let key = RecordKey::last_used(&AccountId::empty(), &subject);
    let used = LastUsed { account: AccountId::empty(), subject, date: 1_795_301_624_491, region, service };
    world.records.commit(Changes::new().create(&used)).await.unwrap();
    let shown = world.call("GetAccessKeyLastUsed", &pairs).await.unwrap().to_xml("r");
    assert!(shown.contains(
        "<LastUsedDate>2026-11-21T22:53:44Z</LastUsedDate><ServiceName>s3</ServiceName><Region>eu-west-1</Region>"
    ));
    world.call("DeleteAccessKey", &[("UserName", "A"), pairs[0]]).await.unwrap();
    assert!(world.record::<LastUsed>(&key).await.is_none(), "the record goes with the key");

    // Only who may ask about all hears that there is no such key; the same for a key of another account.
    let request = world.parse("GetAccessKeyLastUsed", &pairs).unwrap();
    assert_eq!(world.requirements(&request).await[0].resource.to_string(), "*");
    assert_eq!(code(world.call("GetAccessKeyLastUsed", &pairs).await), "NoSuchEntity");
    let other = AccountId::parse("other").unwrap();
    let foreign = User {
        account: other.clone(),
        access_keys: vec!["FOREIGN1".into()],
        ..crate::iam::testing::user("F", crate::entity::UserKind::Iam)
    };
    let key = AccessKey {
        id: AccessKeyId::parse("FOREIGN1").unwrap(),
        account: other,
        user_name: "F".into(),
        next_user_name: None,
        user_id: foreign.id.clone(),
        status: KeyStatus::Active,
        sealed_secret: String::new(),
        created: 0,
    };
    world.records.commit(Changes::new().create(&foreign)).await.unwrap();
    world.records.commit(Changes::new().create(&key)).await.unwrap();
    let pairs = [("AccessKeyId", "FOREIGN1")];
    let request = world.parse("GetAccessKeyLastUsed", &pairs).unwrap();
    assert_eq!(world.requirements(&request).await[0].resource.to_string(), "*");
    assert_eq!(code(world.call("GetAccessKeyLastUsed", &pairs).await), "NoSuchEntity");
}

#[tokio::test]
async fn bad_parameters_are_refused() {
    let world = World::new().await;
    world.new_user("A", &[]).await.unwrap();
    let user = ("UserName", "A");
    for (action, pairs) in [
        ("UpdateAccessKey", vec![user, ("Status", "Active")]),
        ("UpdateAccessKey", vec![user, ("AccessKeyId", "AKIA1")]),
        ("UpdateAccessKey", vec![user, ("AccessKeyId", "AKIA1"), ("Status", "active")]),
        ("UpdateAccessKey", vec![user, ("AccessKeyId", "a/b"), ("Status", "Active")]),
        ("DeleteAccessKey", vec![user]),
        ("GetAccessKeyLastUsed", vec![]),
        ("CreateAccessKey", vec![]),
        ("ListAccessKeys", vec![user, ("Marker", "!")]),
    ] {
        assert_eq!(code(world.call(action, &pairs).await), "ValidationError", "{action} {pairs:?}");
    }
    for action in ["CreateAccessKey", "ListAccessKeys"] {
        assert_eq!(code(world.call(action, &[("UserName", "Nope")]).await), "NoSuchEntity", "{action}");
    }
}

#[tokio::test]
async fn rule_17_a_decision_that_no_longer_holds_gives_no_key_and_switches_none() {
    let world = World::new().await;
    world.new_user("A", &[]).await.unwrap();
    let (id, _) = world.new_key("A").await.unwrap();
    let off = [("UserName", "A"), ("AccessKeyId", id.as_str()), ("Status", "Inactive")];
    for (action, pairs) in
        [("CreateAccessKey", &off[..1]), ("UpdateAccessKey", &off[..]), ("DeleteAccessKey", &off[..2])]
    {
        let request = world.parse(action, pairs).unwrap();
        let asked = request.ask(&AccountId::empty(), &world.records, &mut Context::new()).await.unwrap();
        let root = Principal::Root { account: AccountId::empty() };
        let permit = Permit::for_tests(root, Owner::Account).covering(asked.requirements, asked.evidence);
        world.call("TagUser", &[off[0], ("Tags.member.1.Key", action), ("Tags.member.1.Value", "v")]).await.unwrap();
        let answer: Result<Answer, Error> = execute(&request, &permit, &world.scene()).await;
        assert_eq!(code(answer), "ConcurrentModification", "{action}");
    }
    assert_eq!(world.key(&id).await.unwrap().status, KeyStatus::Active);
    assert_eq!(world.user_named("A").await.unwrap().access_keys, [id.as_str()]);
    let keys: Vec<crate::store::Versioned<AccessKey>> =
        world.records.list(&crate::store::Scope::Global, None, 10).await.unwrap();
    assert_eq!(keys.len(), 1, "the claim was given back");
}

#[tokio::test]
async fn rule_14_the_key_of_a_user_made_again_is_not_the_new_ones() {
    let world = World::new().await;
    world.new_user("A", &[]).await.unwrap();
    let (id, _) = world.new_key("A").await.unwrap();
    let old = world.records.get::<User>(&RecordKey::user(&AccountId::empty(), "A")).await.unwrap().unwrap();
    let other = UniqueId::parse("AIDAZZZZZZZZZZZZZZZZZ").unwrap();
    world.records.commit(Changes::new().update(&old, &User { id: other, ..old.value.clone() })).await.unwrap();
    let listed = world.call("ListAccessKeys", &[("UserName", "A")]).await.unwrap();
    assert!(matches!(listed.body, Body::AccessKey(Keys::Page { keys, .. }) if keys.is_empty()));
    let switch = [("UserName", "A"), ("AccessKeyId", id.as_str()), ("Status", "Inactive")];
    assert_eq!(code(world.call("UpdateAccessKey", &switch).await), "NoSuchEntity");
    // But it can be taken off the list.
    world.call("DeleteAccessKey", &switch[..2]).await.unwrap();
    assert!(world.user_named("A").await.unwrap().access_keys.is_empty());
}
