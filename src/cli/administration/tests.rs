//! Administration on a store in memory.

use super::*;
use crate::cli::{ImportError, import_once};
use crate::conf::{Config, Environment};
use crate::entity::{AccessKey, BucketRecord, BucketState, Caps, KeyStatus, Owner, User, UserKind};
use crate::iam::access_key::ClaimError;
use crate::store::testing::Refusing;
use crate::store::{self, Changes, MemoryStore, RecordKey, Store, StoreKey};
use crate::types::testing::Counter;
use crate::types::{AccessKeyId, Secret, UniqueId};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

struct Scene {
    records: Records,
    account: AccountId,
    entropy: Counter,
}

impl Scene {
    async fn new() -> Self {
        Self::over(Arc::new(MemoryStore::new())).await
    }

    async fn over(store: Arc<dyn Store>) -> Self {
        let entropy = Arc::new(Counter::default());
        let key = StoreKey::generate(entropy.as_ref());
        let records = Records::open(store, key, entropy, Timestamp::from_seconds(0), false).await.unwrap();
        Self { records, account: AccountId::empty(), entropy: Counter::default() }
    }

    fn at(&self, seconds: i64) -> Administration<'_> {
        Administration {
            records: &self.records,
            account: &self.account,
            default_account: &self.account,
            entropy: &self.entropy,
            now: Timestamp::from_seconds(seconds),
        }
    }
}

fn new(name: &str) -> NewUser {
    NewUser {
        name: name.to_owned(),
        display_name: name.to_owned(),
        caps: Caps::default(),
        kind: UserKind::Standalone,
        account_root: false,
    }
}

fn id(text: &str) -> AccessKeyId {
    AccessKeyId::parse(text).unwrap()
}

#[tokio::test]
async fn rule_01_a_key_id_is_claimed_once_for_all_users() {
    let scene = Scene::new().await;
    let admin = scene.at(1000);
    let (user, issued) = admin.create_user(new("A"), Some(id("KEY1")), None).await.unwrap();
    assert_eq!((user.access_keys.as_slice(), issued.secret.len()), (["KEY1".to_owned()].as_slice(), 40));
    let record: AccessKey = scene.records.get(&RecordKey::access_key(&id("KEY1"))).await.unwrap().unwrap().value;
    assert_eq!(record.user_id, user.id);
    assert!(scene.records.open_secret(&record).unwrap().same_as(issued.secret.expose()));
    let late = scene.at(1_000_000);
    assert!(matches!(
        late.create_user(new("B"), Some(id("KEY1")), None).await,
        Err(Error::Claim(ClaimError::Taken(_)))
    ));
    assert!(matches!(late.user_info("B").await, Err(Error::NoSuchUser(_))));
    // A user that exists takes no claim with it.
    assert!(matches!(late.create_user(new("a"), Some(id("KEY2")), None).await, Err(Error::UserExists(_))));
    assert!(scene.records.get::<AccessKey>(&RecordKey::access_key(&id("KEY2"))).await.unwrap().is_none());
}

#[tokio::test]
async fn a_claim_left_by_a_broken_off_command_is_taken_over_after_a_while() {
    let scene = Scene::new().await;
    let orphan = AccessKey {
        id: id("KEY1"),
        account: AccountId::empty(),
        user_name: "gone".to_owned(),
        next_user_name: None,
        user_id: UniqueId::parse("AIDAAAAAAAAAAAAAAAAAA").unwrap(),
        status: KeyStatus::Active,
        sealed_secret: String::new(),
        created: 1_000_000,
    };
    scene.records.commit(Changes::new().create(&orphan)).await.unwrap();
    let soon = scene.at(1000).create_user(new("A"), Some(id("KEY1")), None).await;
    assert!(matches!(soon, Err(Error::Claim(ClaimError::Taken(_)))));
    let (user, _) = scene.at(1061).create_user(new("A"), Some(id("KEY1")), None).await.unwrap();
    let record: AccessKey = scene.records.get(&RecordKey::access_key(&id("KEY1"))).await.unwrap().unwrap().value;
    assert_eq!(record.user_id, user.id);
}

#[tokio::test]
async fn a_user_who_owns_something_stays_and_one_who_does_not_goes_with_the_keys() {
    let scene = Scene::new().await;
    let admin = scene.at(1000);
    let (user, _) = admin.create_user(new("A"), Some(id("KEY1")), None).await.unwrap();
    let bucket = BucketRecord {
        name: "b".to_owned(),
        state: BucketState::Active,
        account: AccountId::empty(),
        owner: Owner::User { id: user.id.clone(), name: user.name.clone() },
        policy: None,
        created: 0,
    };
    scene.records.commit(Changes::new().create(&bucket)).await.unwrap();
    let refused = admin.remove_user("A").await.unwrap_err();
    assert_eq!((refused.exit_status(), refused.to_string().contains("the bucket b")), (39, true), "{refused}");
    let found = scene.records.get::<BucketRecord>(&RecordKey::bucket("b")).await.unwrap().unwrap();
    scene.records.commit(Changes::new().delete(&found)).await.unwrap();
    admin.remove_user("A").await.unwrap();
    assert!(scene.records.get::<AccessKey>(&RecordKey::access_key(&id("KEY1"))).await.unwrap().is_none());
    assert!(scene.records.get::<User>(&RecordKey::user(&scene.account, "A")).await.unwrap().is_none());
}

#[tokio::test]
async fn rule_32_weak_secrets_are_found() {
    let scene = Scene::new().await;
    let admin = scene.at(1000);
    admin.create_user(new("A"), None, None).await.unwrap();
    assert!(!admin.has_weak_secret(16).await.unwrap());
    admin.create_user(new("B"), None, Some(Secret::new("test123"))).await.unwrap();
    assert!(admin.has_weak_secret(16).await.unwrap());
}

#[tokio::test]
async fn roles_by_command_belong_to_the_account_and_all_are_listed() {
    let scene = Scene::new().await;
    let admin = scene.at(1000);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
    for number in 0..3 {
        let role = admin.create_role(&format!("R{number}"), "/a/", trust, None, None).await.unwrap();
        assert_eq!(role.owner, Owner::Account);
    }
    let names: Vec<String> = admin.list_roles("/a/").await.unwrap().into_iter().map(|role| role.name).collect();
    assert_eq!(names, ["R0", "R1", "R2"]);
    assert!(matches!(admin.list_roles("a").await, Err(Error::Role(_))));
}

struct Files(BTreeMap<&'static str, &'static str>);
impl Environment for Files {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| (*value).to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = path.to_str().and_then(|path| self.0.get(path));
        found.map(|text| text.as_bytes().to_vec()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

#[tokio::test]
async fn an_import_is_applied_once_to_an_empty_store() {
    let scene = Scene::new().await;
    let admin = scene.at(1000);
    let file = "
        [[user]]
        name = 'TESTER1'
        caps = 'roles=*'
        [[user.key]]
        access_key = 'TESTER1'
        secret = 'env:SECRET1'
        [[role]]
        name = 'S3Access'
        max_session_duration = 7200
        trust = '''{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam:::user/TESTER1\"},\"Action\":\"sts:AssumeRole\"}]}'''
        [role.policies.Policy1]
        Version = '2012-10-17'
        Statement = [{ Effect = 'Allow', Action = 's3:*', Resource = 'arn:aws:s3:::*' }]
    ";
    let mut config = Config::default();
    assert!(!import_once(&config, &Files(BTreeMap::new()), &admin).await.unwrap());
    config.bootstrap.import = Some("/import.toml".into());
    let without = import_once(&config, &Files(BTreeMap::from([("/import.toml", file)])), &admin).await;
    assert!(matches!(without, Err(ImportError::Secret { .. })), "{without:?}");
    assert!(admin.list_users().await.unwrap().is_empty());
    let environment = Files(BTreeMap::from([("/import.toml", file), ("SECRET1", "test123")]));
    assert!(import_once(&config, &environment, &admin).await.unwrap());
    let user = admin.user_info("TESTER1").await.unwrap();
    assert_eq!((user.access_keys, user.caps), (vec!["TESTER1".to_owned()], Caps::parse("roles=*").unwrap()));
    let role = admin.get_role("S3Access").await.unwrap();
    assert_eq!(role.max_session_duration, 7200);
    assert!(role.policies.contains_key("Policy1"));
    assert!(!import_once(&config, &environment, &admin).await.unwrap());
    // What was removed since does not come back, not even when nobody is left.
    admin.delete_role_policy("S3Access", "Policy1").await.unwrap();
    admin.delete_role("S3Access").await.unwrap();
    admin.remove_user("TESTER1").await.unwrap();
    assert!(!import_once(&config, &environment, &admin).await.unwrap());
}

#[tokio::test]
async fn an_import_that_was_broken_off_goes_on_where_it_ended() {
    let trust =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    let file = format!(
        "
        [[user]]
        name = 'one'
        [[user.key]]
        access_key = 'KEY1'
        secret = 'env:SECRET1'
        [[user.key]]
        access_key = 'KEY2'
        secret = 'env:SECRET1'
        [[user]]
        name = 'two'
        [[role]]
        name = 'R'
        trust = '{trust}'
        [role.policies.allow]
        Version = '2012-10-17'
        Statement = [{{ Effect = 'Allow', Action = 's3:*', Resource = '*' }}]
        [role.policies.deny]
        Version = '2012-10-17'
        Statement = [{{ Effect = 'Deny', Action = 's3:*', Resource = 'arn:aws:s3:::secret*' }}]
    "
    );
    let mut config = Config::default();
    config.bootstrap.import = Some("/import.toml".into());
    let file: &'static str = Box::leak(file.into_boxed_str());
    let environment = Files(BTreeMap::from([("/import.toml", file), ("SECRET1", "test123")]));
    let mut finished = None;
    for commits in 0.. {
        // So many commits are taken, and then none.
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let counted = Arc::clone(&left);
        let store = Refusing::new(move |_| {
            let taken = counted.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            taken.is_err().then(|| store::Error::Unavailable("broken off".to_owned()))
        });
        let scene = Scene::over(Arc::new(store)).await;
        let admin = scene.at(1000);
        left.store(commits, Ordering::SeqCst);
        let first = import_once(&config, &environment, &admin).await;
        left.store(u64::MAX, Ordering::SeqCst);
        if first.is_ok() {
            finished = Some(commits);
            break;
        }
        assert!(import_once(&config, &environment, &admin).await.unwrap(), "after {commits} commits");
        let mut keys = admin.user_info("one").await.unwrap().access_keys;
        keys.sort();
        assert_eq!(keys, ["KEY1", "KEY2"], "after {commits} commits");
        assert!(admin.user_info("two").await.is_ok());
        let policies: Vec<String> = admin.get_role("R").await.unwrap().policies.into_keys().collect();
        assert_eq!(policies, ["allow", "deny"], "after {commits} commits");
        assert!(!import_once(&config, &environment, &admin).await.unwrap());
    }
    assert!(finished > Some(8), "{finished:?}");
}

#[tokio::test]
async fn a_store_whose_people_are_in_another_account_is_in_use() {
    let scene = Scene::new().await;
    let admin = scene.at(1000);
    let other = AccountId::parse("123456789012").unwrap();
    admin.create_account(None, Some(other.clone())).await.unwrap();
    let there = Administration { account: &other, ..admin };
    there.create_user_without_key(new("someone")).await.unwrap();
    let mut config = Config::default();
    config.bootstrap.import = Some("/import.toml".into());
    let environment = Files(BTreeMap::from([("/import.toml", "[[user]]\nname = 'one'\n")]));
    assert!(!import_once(&config, &environment, &admin).await.unwrap());
    assert!(admin.list_users().await.unwrap().is_empty());
}
