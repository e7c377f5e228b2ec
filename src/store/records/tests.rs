//! Typed records over a store in memory.

use super::*;
use crate::entity::{KeyStatus, Role, User, UserKind};
use crate::store::{Kind, MemoryStore};
use crate::types::AccountId;
use crate::types::testing::Counter;

fn entropy(seed: u64) -> Arc<dyn Entropy> {
    Arc::new(Counter::starting_at(seed))
}

fn store_key(digit: &str) -> StoreKey {
    StoreKey::parse(&digit.repeat(64)).unwrap()
}

async fn open(store: &Arc<MemoryStore>, key: &str, seed: u64) -> Result<Records, Error> {
    let now = Timestamp::from_seconds(1_780_000_000);
    Records::open(Arc::clone(store) as Arc<dyn Store>, store_key(key), entropy(seed), now, false).await
}

async fn fresh() -> (Arc<MemoryStore>, Records) {
    let store = Arc::new(MemoryStore::new());
    let records = open(&store, "a", 1).await.unwrap();
    (store, records)
}

fn user(name: &str) -> User {
    let id = UniqueId::parse("AIDAABCDEFGHIJKLMNOPQ").unwrap();
    User { display_name: name.to_owned(), ..User::new(AccountId::empty(), name, id, UserKind::Iam, 0) }
}

fn scope() -> Scope {
    Scope::Account(AccountId::empty())
}

#[tokio::test]
async fn a_store_is_made_once_and_opened_again() {
    let (store, first) = fresh().await;
    let second = open(&store, "a", 100).await.unwrap();
    assert_eq!(first.store_id(), second.store_id());
    assert_eq!(second.store_id().len(), 32);
    assert_eq!(second.made_at(), Timestamp::from_seconds(1_780_000_000));
    assert!(!second.is_demo());
}

#[tokio::test]
async fn rule_27_another_store_key_is_told_from_damage() {
    let (store, _) = fresh().await;
    assert_eq!(open(&store, "b", 1).await.err(), Some(Error::WrongKey));

    let key = RecordKey::meta();
    let old = store.load(&key).await.unwrap().unwrap();
    let text = String::from_utf8(old.value).unwrap().replace("\"demo\":false", "\"demo\":true ");
    let bent = Record { value: text.into_bytes(), revision: old.revision };
    put_raw(&store, &key, Expect::Revision(old.revision), bent).await;
    assert_eq!(open(&store, "a", 1).await.err(), Some(Error::Damaged(key)));
}

async fn put_raw(store: &MemoryStore, key: &RecordKey, expect: Expect, record: Record) {
    let writes = vec![(key.clone(), expect, Change::Put(record))];
    store.commit(Commit { checks: vec![], writes }).await.unwrap();
}

#[tokio::test]
async fn rule_18_a_store_that_lost_its_id_or_has_another_is_not_the_one_opened() {
    let (store, records) = fresh().await;
    assert_eq!(records.verify_identity().await, Ok(()));
    records.commit(Changes::new().create(&user("a"))).await.unwrap();
    let key = RecordKey::meta();
    let revision = store.load(&key).await.unwrap().unwrap().revision;
    let gone = Commit { checks: vec![], writes: vec![(key, Expect::Revision(revision), Change::Delete)] };
    store.commit(gone).await.unwrap();
    assert_eq!(records.verify_identity().await, Err(Error::OtherStore));
    // With records but no id it is not made anew either.
    assert_eq!(open(&store, "a", 7).await.err(), Some(Error::OtherStore));

    let other = Arc::new(MemoryStore::new());
    open(&other, "a", 50).await.unwrap();
    let theirs = other.load(&RecordKey::meta()).await.unwrap().unwrap();
    put_raw(&store, &RecordKey::meta(), Expect::Absent, theirs).await;
    assert_eq!(records.verify_identity().await, Err(Error::OtherStore));
}

#[tokio::test]
async fn values_come_back_with_their_revision_and_old_ones_lose() {
    let (_, records) = fresh().await;
    records.commit(Changes::new().create(&user("Alice"))).await.unwrap();
    let key = RecordKey::user(&AccountId::empty(), "ALICE");
    let alice: Versioned<User> = records.get(&key).await.unwrap().unwrap();
    assert_eq!(alice.value, user("Alice"));

    let again = records.commit(Changes::new().create(&user("aLICE"))).await;
    assert_eq!(again, Err(Error::Conflict(key.clone())));

    let mut changed = alice.value.clone();
    changed.epoch = 1;
    records.commit(Changes::new().update(&alice, &changed)).await.unwrap();
    let lost = records.commit(Changes::new().update(&alice, &changed)).await;
    assert_eq!(lost, Err(Error::Conflict(key.clone())));
    let newer: Versioned<User> = records.get(&key).await.unwrap().unwrap();
    assert_eq!((newer.value.epoch, newer.revision), (1, alice.revision + 1));

    records.commit(Changes::new().delete(&newer)).await.unwrap();
    assert!(records.get::<User>(&key).await.unwrap().is_none());
    assert_eq!(records.commit(Changes::new().delete(&newer)).await, Err(Error::Conflict(key)));
}

#[tokio::test]
async fn a_record_made_again_has_a_revision_never_seen() {
    let (_, records) = fresh().await;
    let key = RecordKey::user(&AccountId::empty(), "a");
    let mut seen = Vec::new();
    for _ in 0..5 {
        records.commit(Changes::new().create(&user("a"))).await.unwrap();
        let found: Versioned<User> = records.get(&key).await.unwrap().unwrap();
        assert!(!seen.contains(&found.revision) && found.revision < 1 << 48);
        seen.push(found.revision);
        records.commit(Changes::new().delete(&found)).await.unwrap();
    }
}

#[tokio::test]
async fn rule_17_a_commit_fails_if_anything_it_was_decided_upon_has_changed() {
    let (_, records) = fresh().await;
    records.commit(Changes::new().create(&user("caller")).create(&user("boundary"))).await.unwrap();
    let boundary_key = RecordKey::user(&AccountId::empty(), "boundary");
    let boundary: Versioned<User> = records.get(&boundary_key).await.unwrap().unwrap();
    let evidence = [boundary.evidence()];
    let mut changed = boundary.value.clone();
    changed.epoch = 9;
    records.commit(Changes::new().update(&boundary, &changed)).await.unwrap();

    let late = records.commit(Changes::new().check_all(&evidence).create(&user("new"))).await;
    assert_eq!(late, Err(Error::Conflict(boundary_key.clone())));
    assert!(records.get::<User>(&RecordKey::user(&AccountId::empty(), "new")).await.unwrap().is_none());
    let absent = Changes::new().check(boundary_key.clone(), Expect::Absent).create(&user("new"));
    assert_eq!(records.commit(absent).await, Err(Error::Conflict(boundary_key)));
}

#[tokio::test]
async fn a_rename_moves_the_record_and_a_change_of_case_does_not() {
    let (_, records) = fresh().await;
    records.commit(Changes::new().create(&user("old")).create(&user("taken"))).await.unwrap();
    let key = RecordKey::user(&AccountId::empty(), "old");
    let old: Versioned<User> = records.get(&key).await.unwrap().unwrap();
    let to_taken = records.commit(Changes::new().update(&old, &user("Taken"))).await;
    assert_eq!(to_taken, Err(Error::Conflict(RecordKey::user(&AccountId::empty(), "taken"))));
    records.commit(Changes::new().update(&old, &user("OLD"))).await.unwrap();
    let old: Versioned<User> = records.get(&key).await.unwrap().unwrap();
    assert_eq!(old.value.name, "OLD");
    records.commit(Changes::new().update(&old, &user("new"))).await.unwrap();
    assert!(records.get::<User>(&key).await.unwrap().is_none());
    assert!(records.get::<User>(&RecordKey::user(&AccountId::empty(), "new")).await.unwrap().is_some());
}

#[tokio::test]
async fn rule_27_a_damaged_record_is_an_error_in_get_and_in_list() {
    let (store, records) = fresh().await;
    records.commit(Changes::new().create(&user("a")).create(&user("b"))).await.unwrap();
    let key = RecordKey::user(&AccountId::empty(), "b");
    let good = store.load(&key).await.unwrap().unwrap();
    let other = store.load(&RecordKey::user(&AccountId::empty(), "a")).await.unwrap().unwrap();
    for bad in [
        Record { value: b"{}".to_vec(), ..good.clone() },
        Record { value: good.value.clone(), revision: good.revision + 1 },
        other.clone(),
        Record { value: Vec::new(), ..good.clone() },
    ] {
        let now = store.load(&key).await.unwrap().unwrap().revision;
        put_raw(&store, &key, Expect::Revision(now), bad).await;
        assert_eq!(records.get::<User>(&key).await, Err(Error::Damaged(key.clone())));
        assert_eq!(records.list::<User>(&scope(), None, 10).await, Err(Error::Damaged(key.clone())));
    }
    assert_eq!(records.get::<Role>(&key).await.err(), Some(Error::Damaged(key)));
}

#[tokio::test]
async fn lists_are_in_name_order_from_the_marker_on() {
    let (_, records) = fresh().await;
    for name in ["b", "A", "c", "d"] {
        records.commit(Changes::new().create(&user(name))).await.unwrap();
    }
    let names = |page: Vec<Versioned<User>>| page.into_iter().map(|found| found.value.name).collect::<Vec<_>>();
    assert_eq!(names(records.list(&scope(), None, 2).await.unwrap()), ["A", "b"]);
    assert_eq!(names(records.list(&scope(), Some("b"), 2).await.unwrap()), ["c", "d"]);
    assert_eq!(names(records.list(&scope(), Some("d"), 2).await.unwrap()), [""; 0]);
    assert_eq!(names(records.list(&Scope::Global, None, 9).await.unwrap()), [""; 0]);
}

#[tokio::test]
async fn rule_27_secrets_are_sealed_in_the_record() {
    let (store, records) = fresh().await;
    let id = AccessKeyId::parse("TESTER1").unwrap();
    let owner = user("a");
    let key = AccessKey {
        sealed_secret: records.seal_secret(&owner.id, &id, &Secret::new("test123")),
        id: id.clone(),
        account: owner.account.clone(),
        user_name: owner.name.clone(),
        next_user_name: None,
        user_id: owner.id.clone(),
        status: KeyStatus::Active,
        created: 0,
    };
    records.commit(Changes::new().create(&key)).await.unwrap();
    let raw = store.load(&RecordKey::access_key(&id)).await.unwrap().unwrap();
    assert!(!String::from_utf8(raw.value).unwrap().contains("test123"));
    let found: Versioned<AccessKey> = records.get(&RecordKey::access_key(&id)).await.unwrap().unwrap();
    assert!(records.open_secret(&found.value).unwrap().same_as(b"test123"));

    let stolen = AccessKey { user_id: UniqueId::parse("AIDAZZZZZZZZZZZZZZZZZ").unwrap(), ..found.value };
    assert_eq!(records.open_secret(&stolen).err(), Some(Error::Damaged(RecordKey::access_key(&id))));
}

#[tokio::test]
async fn commits_of_two_scopes_or_two_writes_of_one_record_are_refused() {
    let (store, records) = fresh().await;
    let mixed = Changes::new().create(&user("a")).check(RecordKey::bucket("b"), Expect::Absent);
    assert_eq!(records.commit(mixed).await, Err(Error::MixedScopes));
    let twice = Changes::new().create(&user("a")).create(&user("A"));
    assert_eq!(records.commit(twice).await, Err(Error::WrittenTwice(RecordKey::user(&AccountId::empty(), "a"))));
    assert!(store.list(Kind::User, &scope(), None, 10).await.unwrap().is_empty());
    assert_eq!(records.commit(Changes::new()).await, Ok(()));
}
