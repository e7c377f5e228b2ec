//! Export and import over the memory store.

use super::*;
use crate::entity::{
    AccessKey, Account, BucketRecord, BucketState, Caps, Group, KeyStatus, ManagedPolicy, Named, OidcProvider, Owner,
    PolicyUse, PolicyVersion, Revocations, Role, StoredPolicy, Tag, UseKind, User, UserKind,
};
use crate::policy::Bindings;
use crate::store::{
    Change, Changes, Commit, Kind, MemoryStore, Notice, Record, RecordKey, Scope, Store, StoreKey, Stored,
};
use crate::types::{AccessKeyId, UniqueId};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tokio::sync::broadcast;

#[derive(Default)]
struct Counter(AtomicU64);
impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

/// A store that refuses every commit but the first so many.
struct Failing {
    store: MemoryStore,
    commits: AtomicI64,
}

#[async_trait]
impl Store for Failing {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, store::Error> {
        self.store.load(key).await
    }

    async fn list(
        &self,
        kind: Kind,
        scope: &Scope,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, Record)>, store::Error> {
        self.store.list(kind, scope, after, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), store::Error> {
        if self.commits.fetch_sub(1, Ordering::Relaxed) <= 0 {
            return Err(store::Error::Unavailable("broken off".into()));
        }
        assert!(
            commit
                .writes
                .iter()
                .all(|(_, _, change)| !matches!(change, Change::Put(record) if record.value.is_empty()))
        );
        self.store.commit(commit).await
    }

    async fn is_empty(&self) -> Result<bool, store::Error> {
        self.store.is_empty().await
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.store.subscribe()
    }
}

struct World {
    records: Records,
    store: Arc<Failing>,
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

impl World {
    async fn empty() -> Self {
        let entropy = Arc::new(Counter::default());
        let key = StoreKey::generate(entropy.as_ref());
        let store = Arc::new(Failing { store: MemoryStore::new(), commits: AtomicI64::new(i64::MAX) });
        let records = Records::open(store.clone(), key, entropy, Timestamp::from_seconds(0), false).await.unwrap();
        let (account, now) = (AccountId::empty(), AtomicI64::new(1_000_500));
        Self { records, store, entropy: Counter::default(), account, now }
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

#[tokio::test]
async fn a_state_is_the_same_in_another_store() {
    let (one, other) = (World::full().await, World::empty().await);
    let file = one.locked().await;
    assert!(!file.contains("s3cr3t") && !file.contains(one.records.store_id()), "{file}");
    let shown = other.import(&file, "").await.unwrap();
    assert_eq!(last(&shown), "To make 9, to change 0, to remove 0. Nothing was changed: --apply does it.");
    assert!(shown.contains("+ user root (AIDAROOTAAAAAAAAAAAAA) of account tenant"), "{shown}");
    assert_eq!(other.export().await, World::empty().await.export().await);
    assert_eq!(last(&other.import(&file, "apply").await.unwrap()), "Made 9, changed 0, removed 0.");
    assert_eq!(other.export().await, one.export().await);
    assert_eq!(
        other.import(&file, "apply,prune").await.unwrap(),
        "The store is as the file has it: nothing to change."
    );
    // Both sides, byte for byte.
    let key: AccessKey = other.get(RecordKey::access_key(&AccessKeyId::parse("KEYALICE").unwrap())).await;
    assert!(other.records.open_secret(&key).unwrap().same_as(b"s3cr3t-of-alice"));
    let group = RecordKey::group(&one.account, "staff");
    assert_eq!(other.get::<Group>(group.clone()).await, one.get::<Group>(group).await);
    let managed = RecordKey::policy(&one.account, "managed");
    assert_eq!(other.get::<ManagedPolicy>(managed.clone()).await, one.get::<ManagedPolicy>(managed).await);
    let bucket = RecordKey::bucket("data");
    assert_eq!(other.get::<BucketRecord>(bucket.clone()).await, one.get::<BucketRecord>(bucket).await);
    let role = RecordKey::role(&one.account, "reader");
    let (was, is): (Role, Role) = (one.get(role.clone()).await, other.get(role).await);
    assert_eq!(Role { revoked: was.revoked.clone(), ..is }, was);
    let provider = RecordKey::oidc_provider(&one.account, "IdP:8080/realm");
    let (was, is): (OidcProvider, OidcProvider) = (one.get(provider.clone()).await, other.get(provider).await);
    let names = |provider: &OidcProvider| provider.client_ids.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!((names(&is), &is.url, &is.thumbprints), (names(&was), &was.url, &was.thumbprints));
    assert_eq!((&is.id, &is.tags, &is.owner, is.created), (&was.id, &was.tags, &was.owner, was.created));
}

#[tokio::test]
async fn rule_21_an_import_brings_no_ended_session_back() {
    let world = World::full().await;
    let file = world.export().await;
    let role = RecordKey::role(&world.account, "Reader");
    // Who is there keeps what ended sessions.
    let changed = file.replace("\"max_session_duration\": 3600", "\"max_session_duration\": 7200");
    world.import(&changed, "apply").await.unwrap();
    let kept: Role = world.get(role.clone()).await;
    assert_eq!((kept.max_session_duration, kept.revoked.before), (7200, Some(77)));
    assert_eq!(world.alice().await.epoch, 3);
    // Who comes back begins anew.
    let found = world.records.get::<Role>(&role).await.unwrap().unwrap();
    world.records.commit(Changes::new().delete(&found)).await.unwrap();
    world.import(&file, "apply").await.unwrap();
    let back: Role = world.get(role).await;
    let issued = |second| back.revoked.ends(&AccessKeyId::parse("ASIAX").unwrap(), Timestamp::from_seconds(second));
    assert!(issued(999) && !issued(1000), "{:?}", back.revoked);
}

#[tokio::test]
async fn rule_21_an_import_keeps_what_counts_a_providers_sessions_and_begins_anew_with_one_that_was_away() {
    let world = World::full().await;
    let file = world.export().await;
    let key = RecordKey::oidc_provider(&world.account, "IdP:8080/realm");
    let serials = |provider: &OidcProvider| {
        provider.client_ids.iter().map(|client| (client.name.clone(), client.serial)).collect::<Vec<_>>()
    };
    let listed = "\"app\",\n            \"web\"";
    assert!(file.contains(listed), "{file}");
    world.import(&file.replace(listed, "\"web\", \"gone\""), "apply").await.unwrap();
    let kept: OidcProvider = world.get(key.clone()).await;
    assert_eq!(serials(&kept), [("web".to_owned(), 2), ("gone".to_owned(), 3)]);
    assert_eq!((kept.epoch, kept.next_serial), (5, 4));
    let shown = world.import(&file, "apply").await.unwrap();
    assert!(shown.starts_with(
        "~ oidc-provider IdP:8080/realm (AOIPIDPAAAAAAAAAAAAAA)\n    ~ client_ids\n        was web, gone\n        now app, web\n"
    ), "{shown}");
    let kept: OidcProvider = world.get(key.clone()).await;
    assert_eq!(serials(&kept), [("app".to_owned(), 4), ("web".to_owned(), 2)]);
    let found = world.records.get::<OidcProvider>(&key).await.unwrap().unwrap();
    world.records.commit(Changes::new().delete(&found)).await.unwrap();
    world.import(&file, "apply").await.unwrap();
    let back: OidcProvider = world.get(key).await;
    assert_eq!((back.epoch, &back.id), (1_000_500, &kept.id));
}

#[tokio::test]
async fn a_difference_shows_the_change_and_nothing_else() {
    let world = World::full().await;
    let file = world.export().await;
    let unchanged = world.import(&file, "").await.unwrap();
    assert_eq!(unchanged, "The store is as the file has it: nothing to change.");
    let edited = file.replace("\"value\": \"x\"", "\"value\": \"y\\u001b[2J\"").replace(
        "\"display_name\": \"\",\n          \"kind\": \"standalone\"",
        "\"display_name\": \"Alice\", \"kind\": \"standalone\"",
    );
    let shown = world.import(&edited.replace("\\u001b[2J", ""), "").await.unwrap();
    let expected = "~ user alice (AIDAALICEAAAAAAAAAAAA)\n    ~ display_name\n        was \n        now Alice\n\
        ~ user Bob (AIDABOBAAAAAAAAAAAAAA)\n    ~ tags.team\n        was x\n        now y\n\
        To make 0, to change 2, to remove 0. Nothing was changed: --apply does it.";
    assert_eq!(shown, expected);
    assert!(world.import(&edited, "").await.unwrap_err().to_string().contains("user Bob: "), "no tag has such a value");
    assert_eq!(world.export().await, file);
    assert_eq!(
        last(&world.import(&edited.replace("\\u001b[2J", ""), "apply").await.unwrap()),
        "Made 0, changed 2, removed 0."
    );
    assert_eq!(world.alice().await.display_name, "Alice");
    assert_eq!(world.alice().await.access_keys, ["KEYALICE"], "a key stays without its secret in the file");
}

#[tokio::test]
async fn rule_27_without_secrets_keys_are_left_out_and_it_is_said() {
    let (one, other) = (World::full().await, World::empty().await);
    let said = other.import(&one.export().await, "apply").await.unwrap();
    assert!(said.contains("! the access key KEYALICE of the user alice is left out: the file has no secret for it"));
    assert!(said.contains("rolegate key create --uid alice"), "{said}");
    assert_eq!(other.alice().await.access_keys, Vec::<String>::new());
    // With them the key comes after all; with another secret it changes.
    other.import(&one.locked().await, "apply").await.unwrap();
    assert_eq!(other.alice().await.access_keys, ["KEYALICE"]);
    let key = RecordKey::access_key(&AccessKeyId::parse("KEYALICE").unwrap());
    let old = one.records.get::<AccessKey>(&key).await.unwrap().unwrap();
    let sealed_secret = one.records.seal_secret(&old.value.user_id, &old.value.id, &Secret::new("another"));
    one.records.commit(Changes::new().update(&old, &AccessKey { sealed_secret, ..old.value.clone() })).await.unwrap();
    let shown = other.import(&one.locked().await, "apply").await.unwrap();
    assert!(
        shown.contains("+ access_keys.KEYALICE.secret: (another secret)") && !shown.contains("another\n"),
        "{shown}"
    );
    assert!(other.records.open_secret(&other.get(key).await).unwrap().same_as(b"another"));
}

#[tokio::test]
async fn what_the_file_does_not_have_goes_with_prune_only() {
    let (one, other) = (World::full().await, World::full().await);
    let file = World::empty().await.export().await;
    let said = one.import(&file, "apply").await.unwrap();
    assert!(said.contains("9 things that the file does not have stay; --prune removes them."), "{said}");
    assert_eq!(last(&said), "The store is as the file has it: nothing to change.");
    let said = one.import(&file, "apply,prune").await.unwrap();
    assert_eq!(last(&said), "Made 0, changed 0, removed 9.");
    assert!(said.contains("- bucket data") && said.contains("- account tenant"), "{said}");
    assert_eq!(one.export().await, file);
    assert!(one.records.list::<AccessKey>(&Scope::Global, None, 9).await.unwrap().is_empty());
    // Part of it: the group goes, and nobody is in it any more.
    let file = other.export().await;
    let (head, rest) = file.split_once("      \"groups\": [\n        {").unwrap();
    let (_, tail) = rest.split_once("\n      ],").unwrap();
    let without = format!("{head}      \"groups\": [\n      ],{tail}");
    let dangling = other.import(&without, "prune").await.unwrap_err().to_string();
    assert_eq!(dangling, "account \"\": user Bob: there is no group Staff");
    let without = without.replace("\"groups\": [\n            \"Staff\"\n          ],", "");
    other.import(&without, "apply,prune").await.unwrap();
    let managed: ManagedPolicy = other.get(RecordKey::policy(&other.account, "Managed")).await;
    assert!(managed.attachments.is_empty() && managed.boundary_of.len() == 1);
    assert!(other.get::<User>(RecordKey::user(&other.account, "Bob")).await.groups.is_empty());
}

#[tokio::test]
async fn a_broken_off_import_is_finished_by_the_next() {
    let full = World::full().await;
    let file = full.locked().await;
    for commits in 0..3 {
        let world = World::empty().await;
        world.store.commits.store(commits, Ordering::Relaxed);
        assert!(matches!(world.import(&file, "apply").await, Err(StateError::Store(_))), "{commits}");
        // Until all is there, the default account is empty: a bootstrap begins again.
        assert!(world.records.list::<User>(&Scope::Account(world.account.clone()), None, 1).await.unwrap().is_empty());
        world.store.commits.store(9, Ordering::Relaxed);
        world.import(&file, "apply").await.unwrap();
        assert_eq!(world.export().await, full.export().await, "{commits}");
    }
}

#[tokio::test]
async fn what_was_altered_is_refused_with_its_place() {
    let world = World::full().await;
    let file = world.export().await;
    for (good, bad, said) in [
        ("rolegate-state", "other", "not a file of `rolegate export`"),
        ("\"version\": 1", "\"version\": 2", "version 2 of the format"),
        ("\"path\": \"/p/\"", "\"path\": \"p\"", "account \"\": policy Managed: The specified value for path"),
        (
            "AROAREADER",
            "AIDAREADER",
            "role Reader: the store has one of this name with another id, AROAREADERAAAAAAAAAAA",
        ),
        ("\"sts:AssumeRole\"", "\"sts:AssumeRole\",\"Resource\":\"*\"", "role Reader: trust: "),
        (
            "\"trust_bindings\": {\n            \"arn:aws:iam:::user/alice\"",
            "\"trust_bindings\": {\n            \"arn:aws:iam:::user/bob\"",
            "role Reader: trust: bindings must be of",
        ),
        ("\"max_session_duration\": 3600", "\"max_session_duration\": 60", "role Reader: 1 validation error"),
        ("policy/p/Managed\",\n", "policy/q/Managed\",\n", "there is no managed policy arn:aws:iam:::policy/q/Managed"),
        ("aws:policy/AmazonS3ReadOnly", "aws:policy/Nonsense", "group Staff: there is no managed policy"),
        ("\"default_version\": 2", "\"default_version\": 1", "policy Managed: versions must be numbered"),
        ("\"kind\": \"standalone\"", "\"kind\": \"iam\"", "only standalone users have caps"),
        ("\"name\": \"Bob\"", "\"name\": \"ALICE\"", "user ALICE: the store has one of this name"),
        ("AIDABOBAAAAAAAAAAAAAA", "AIDAALICEAAAAAAAAAAAA", "the unique id AIDAALICEAAAAAAAAAAAA stands twice"),
        ("\"name\": \"data\"", "\"name\": \"d\"", "bucket d: too short"),
        ("http://IdP:8080/realm", "ftp://IdP", "oidc-provider IdP: Invalid Open ID Connect Provider URL."),
        ("http://IdP:8080/realm", "http://a@b", "Invalid Open ID Connect Provider URL."),
        ("abababab", "ABababab", "must be in lower case"),
        ("abababab", "ababab", "Thumbprint must be exactly 40 characters."),
        ("\"web\"", "\"app\"", "app stands twice"),
        ("\"web\"", "\"\"", "'clientID'"),
        ("AOIPIDP", "AROAIDP", "with another id, AOIPIDPAAAAAAAAAAAAAA"),
        ("\"value\": \"demo\"", "\"value\": \"<\"", "oidc-provider IdP:8080/realm: "),
        ("\"account\": \"\"", "\"account\": \"nobody\"", "bucket data: this account is not there"),
        ("\"created\": \"1970", "\"created\": \"x1970", " at line "),
        ("\"name\": \"Bob\"", "\"name\": \"\\u001b[2J\"", "user \\u{1b}[2J: The specified value for userName"),
        ("\"caps\"", "\"capz\"", "unknown field `capz`"),
        ("s3:GetObject", "s3:Get Object", "account \"\": policy Managed: version v2: "),
    ] {
        assert!(file.contains(good), "{good}: {file}");
        let refused = world.import(&file.replace(good, bad), "apply").await;
        let text = refused.expect_err(bad).to_string();
        assert!(text.contains(said), "{bad}: {text}");
        assert_eq!(world.export().await, file, "{bad}");
    }
    // A sealed secret is one key's alone.
    let (mut locked, other) = (world.locked().await, World::empty().await);
    locked = locked.replace("KEYALICE", "KEYMALLORY");
    let text = other.import(&locked, "apply").await.unwrap_err().to_string();
    assert_eq!(
        text,
        "account \"\": user alice: the secret of the access key KEYMALLORY was altered, or is another key's"
    );
    let scene = other.scene();
    let wrong = Secret::new("another passphrase");
    let options = ImportOptions { passphrase: Some(&wrong), ..Default::default() };
    assert!(matches!(
        import(&scene, locked.as_bytes(), options).await,
        Err(StateError::Passphrase(PassphraseError::Wrong))
    ));
    let none = import(&scene, locked.as_bytes(), ImportOptions::default()).await;
    assert!(matches!(none, Err(StateError::NoPassphrase)));
}

#[tokio::test]
async fn rule_01_a_key_of_another_user_is_not_taken() {
    let (one, other) = (World::full().await, World::empty().await);
    let key = AccessKeyId::parse("KEYALICE").unwrap();
    let eve = AccessKey {
        next_user_name: None,
        sealed_secret: other.records.seal_secret(&unique("AIDAEVE"), &key, &Secret::new("secret-of-eve")),
        id: key.clone(),
        account: AccountId::empty(),
        user_name: "eve".into(),
        user_id: unique("AIDAEVE"),
        status: KeyStatus::Active,
        created: 1,
    };
    other.records.commit(Changes::new().create(&eve)).await.unwrap();
    let refused = other.import(&one.locked().await, "apply").await.unwrap_err().to_string();
    assert!(refused.contains("user alice: the access key KEYALICE belongs to another user"), "{refused}");
    assert_eq!(other.get::<AccessKey>(RecordKey::access_key(&key)).await, eve);
}

#[tokio::test]
async fn rule_14_principals_without_bindings_are_bound_as_if_put_now() {
    let (one, other) = (World::full().await, World::empty().await);
    let file = one.locked().await;
    let bindings =
        "\"trust_bindings\": {\n            \"arn:aws:iam:::user/alice\": \"AIDAALICEAAAAAAAAAAAA\"\n          },";
    assert!(file.contains(bindings), "{file}");
    other.import(&file.replace(bindings, ""), "apply").await.unwrap();
    assert_eq!(other.get::<Role>(RecordKey::role(&other.account, "Reader")).await.trust, alice());
    // Those that are given stay, although nobody has the id any more.
    let gone = file.replace(bindings, &bindings.replace("AIDAALICE", "AIDAGONEX"));
    other.import(&gone, "apply").await.unwrap();
    let role: Role = other.get(RecordKey::role(&other.account, "Reader")).await;
    assert_eq!(role.trust.bindings.get("arn:aws:iam:::user/alice"), Some(&unique("AIDAGONEX")));
}
