//! Export and import over the memory store.

mod kept;
mod refused;
mod transfer;

use super::*;
use crate::entity::{
    AccessKey, Account, BucketRecord, BucketState, Caps, Group, KeyStatus, ManagedPolicy, Named, OidcProvider, Owner,
    PolicyUse, PolicyVersion, Revocations, Role, StoredPolicy, Tag, UseKind, User, UserKind,
};
use crate::policy::Bindings;
use crate::store::testing::Refusing;
use crate::store::{Change, Changes, Commit, RecordKey, Scope, StoreKey, Stored};
use crate::types::testing::Counter;
use crate::types::{AccessKeyId, UniqueId};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

struct World {
    records: Records,
    /// How many more commits the store takes.
    commits: Arc<AtomicI64>,
    entropy: Counter,
    account: AccountId,
    now: AtomicI64,
}

const PASSPHRASE: &str = "correct horse battery";
const TRUST: &str = "{\"Version\":\"2012-10-17\",\n \"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam:::user/alice\"},\"Action\":\"sts:AssumeRole\"}]}";
const READ: &str =
    r#" {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
const BUCKET: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::user/alice"},"Action":"s3:*","Resource":"arn:aws:s3:::data/*"}]}"#;

fn unique(text: &str) -> UniqueId {
    UniqueId::parse(&format!("{text:A<21}")).unwrap()
}

fn policy(document: &str) -> StoredPolicy {
    StoredPolicy { document: document.into(), bindings: Bindings::new() }
}

fn alice() -> StoredPolicy {
    let mut bindings = Bindings::new();
    bindings.bind("arn:aws:iam:::user/alice", unique("AIDAALICE"));
    StoredPolicy { document: TRUST.into(), bindings }
}

/// Refuses every commit but the first so many, and takes no empty record.
fn refusal(commits: Arc<AtomicI64>) -> impl Fn(&Commit) -> Option<store::Error> {
    move |commit| {
        let empty = |change: &Change| matches!(change, Change::Put(record) if record.value.is_empty());
        assert!(commit.writes.iter().all(|(_, _, change)| !empty(change)));
        let taken = commits.fetch_sub(1, Ordering::Relaxed) > 0;
        (!taken).then(|| store::Error::Unavailable("broken off".into()))
    }
}

impl World {
    async fn empty() -> Self {
        let entropy = Arc::new(Counter::default());
        let key = StoreKey::generate(entropy.as_ref());
        let commits = Arc::new(AtomicI64::new(i64::MAX));
        let store = Arc::new(Refusing::new(refusal(Arc::clone(&commits))));
        let records = Records::open(store, key, entropy, Timestamp::from_seconds(0), false).await.unwrap();
        let (account, now) = (AccountId::empty(), AtomicI64::new(1_000_500));
        Self { records, commits, entropy: Counter::default(), account, now }
    }

    /// Two accounts with one of everything.
    async fn full() -> Self {
        let world = Self::empty().await;
        let (home, tenant) = (AccountId::empty(), AccountId::parse("tenant").unwrap());
        let arn = "arn:aws:iam:::policy/p/Managed".to_owned();
        let uses = |kind, name: &str, id: UniqueId| PolicyUse { kind, name: name.into(), id };
        let mut alice_user = User::new(home.clone(), "alice", unique("AIDAALICE"), UserKind::Standalone, 1);
        alice_user.caps = Caps::parse("roles=*;users=read").unwrap();
        alice_user.access_keys = vec!["KEYALICE".into()];
        alice_user.epoch = 3;
        let mut bob = User::new(home.clone(), "Bob", unique("AIDABOB"), UserKind::Iam, 2);
        bob.tags = vec![Tag { key: "team".into(), value: "x".into() }];
        bob.groups = vec![Named { name: "Staff".into(), id: unique("AGPASTAFF") }];
        bob.boundary = Some(arn.clone());
        bob.policies.insert("Own".into(), policy(READ));
        let group = Group {
            account: home.clone(),
            name: "Staff".into(),
            path: "/".into(),
            id: unique("AGPASTAFF"),
            policies: Default::default(),
            attached: vec![arn.clone(), "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess".into()],
            members: vec![Named { name: "Bob".into(), id: unique("AIDABOB") }],
            created: 3,
        };
        let mut role = Role::new(home.clone(), "Reader", unique("AROAREADER"), alice(), 4);
        role.owner = Owner::User { id: unique("AIDAALICE"), name: "alice".into() };
        role.policies.insert("Read".into(), policy(READ));
        role.revoked = Revocations { before: Some(77), ..Default::default() };
        let managed = ManagedPolicy {
            account: home.clone(),
            name: "Managed".into(),
            path: "/p/".into(),
            id: unique("ANPAMANAGED"),
            description: "a text".into(),
            tags: Vec::new(),
            versions: vec![PolicyVersion { number: 2, policy: policy(READ), created: 5 }],
            default_version: 2,
            next_version: 3,
            created: 5,
            updated: 6,
            attachments: [uses(UseKind::Group, "Staff", unique("AGPASTAFF"))].into(),
            boundary_of: [uses(UseKind::User, "Bob", unique("AIDABOB"))].into(),
        };
        let owner = Owner::User { id: unique("AIDAALICE"), name: "alice".into() };
        let mut provider = OidcProvider::new(home.clone(), "http://IdP:8080/realm", unique("AOIPIDP"), owner, 6);
        for client in ["app", "gone", "web"] {
            provider.add_client_id(client);
        }
        provider.client_ids.remove(1);
        provider.thumbprints = vec!["ab".repeat(20)];
        provider.tags = vec![Tag { key: "stage".into(), value: "demo".into() }];
        provider.epoch = 5;
        let key = AccessKeyId::parse("KEYALICE").unwrap();
        let key = AccessKey {
            next_user_name: None,
            sealed_secret: world.records.seal_secret(&unique("AIDAALICE"), &key, &Secret::new("s3cr3t-of-alice")),
            id: key,
            account: home.clone(),
            user_name: "alice".into(),
            user_id: unique("AIDAALICE"),
            status: KeyStatus::Active,
            created: 7,
        };
        let mut bucket_policy = policy(BUCKET);
        bucket_policy.bindings = alice().bindings;
        let bucket = BucketRecord {
            name: "data".into(),
            state: BucketState::Active,
            account: home.clone(),
            owner: Owner::User { id: unique("AIDAALICE"), name: "alice".into() },
            policy: Some(bucket_policy),
            created: 8,
        };
        let root =
            User { account_root: true, ..User::new(tenant.clone(), "root", unique("AIDAROOT"), UserKind::Iam, 9) };
        let account = Account { id: tenant, name: "Tenant One".into(), created: 10 };
        let global = Changes::new().create(&key).create(&bucket).create(&account);
        let inside = Changes::new().create(&alice_user).create(&bob).create(&group).create(&role).create(&managed);
        let inside = inside.create(&provider);
        for changes in [global, inside, Changes::new().create(&root)] {
            world.records.commit(changes).await.unwrap();
        }
        world
    }

    fn scene(&self) -> Scene<'_> {
        let now = Timestamp::from_millis(self.now.load(Ordering::Relaxed));
        let bucket_name = &|name: &str| if name.len() < 3 { Err("too short".to_owned()) } else { Ok(()) };
        Scene { records: &self.records, default_account: &self.account, bucket_name, entropy: &self.entropy, now }
    }

    async fn export(&self) -> String {
        export(&self.scene(), None).await.unwrap()
    }

    async fn locked(&self) -> String {
        export(&self.scene(), Some(&Secret::new(PASSPHRASE))).await.unwrap()
    }

    async fn import(&self, text: &str, how: &str) -> Result<String, StateError> {
        let passphrase = Secret::new(PASSPHRASE);
        let passphrase = text.contains("argon2id").then_some(&passphrase);
        let options = ImportOptions { apply: how.contains("apply"), prune: how.contains("prune"), passphrase };
        import(&self.scene(), text.as_bytes(), options).await
    }

    async fn get<T: Stored>(&self, key: RecordKey) -> T {
        self.records.get(&key).await.unwrap().unwrap().value
    }

    async fn alice(&self) -> User {
        self.get(RecordKey::user(&self.account, "alice")).await
    }
}

fn last(report: &str) -> &str {
    report.lines().last().unwrap()
}
