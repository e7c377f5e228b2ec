//! A gate in memory: records, caches, a backend and a clock that the test turns.

pub(crate) mod backend;
pub(crate) mod idp;
pub(crate) mod records;
pub(crate) mod request;
pub(crate) mod store;

pub(crate) use backend::{FakeBackend, Outcome};
pub(crate) use idp::{FakeKeys, Signer};
pub(crate) use request::{Credentials, Reply, Req};
pub(crate) use store::SpyStore;

use rolegate::authn::{LastUsedRecorder, WebRules};
use rolegate::directory::{CachedDirectory, Epochs, Strangers};
use rolegate::entity::{
    AccessKey, BucketRecord, BucketState, Caps, Group, KeyStatus, LastUsed, ManagedPolicy, Owner, Role, StoredPolicy,
    User, UserKind,
};
use rolegate::gateway::{CommitListener, Gateway, Settings, UnrecordedOwner, WebKeys};
use rolegate::policy::Bindings;
use rolegate::s3::{AddressingRules, BucketRules, KeyRules};
use rolegate::store::{Changes, MemoryStore, RecordKey, Records, Store, StoreKey, Stored, Versioned};
use rolegate::token::{KeyRing, SessionClaims};
use rolegate::types::{AccessKeyId, AccountId, Clock, Entropy, IdKind, Secret, Timestamp, UniqueId};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// 2026-11-21T22:53:44Z
const START: i64 = 1_795_301_624_000;

pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn turn(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }
}

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let next = self.0.fetch_add(1, Ordering::Relaxed);
            *byte = (next.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
        }
    }
}

/// What was told as used.
#[derive(Default)]
pub(crate) struct Uses(pub(crate) Mutex<Vec<LastUsed>>);

impl LastUsedRecorder for Uses {
    fn used(&self, used: LastUsed) {
        self.0.lock().unwrap().push(used);
    }
}

struct Forget(Arc<Epochs>);

impl CommitListener for Forget {
    fn committed(&self, key: &RecordKey) {
        self.0.forget(key);
    }
}

pub(crate) struct World {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) records: Records,
    pub(crate) store: Arc<SpyStore>,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) backend: Arc<FakeBackend>,
    pub(crate) entropy: Arc<Counter>,
    pub(crate) uses: Arc<Uses>,
    pub(crate) keys: Arc<FakeKeys>,
}

pub(crate) const RING: &str = "k1:minting:0101010101010101010101010101010101010101010101010101010101010101";

pub(crate) fn settings() -> Settings {
    Settings {
        addressing: AddressingRules {
            domains: vec!["s3.gate.test".to_owned()],
            keys: KeyRules::Exact,
            buckets: BucketRules::default(),
        },
        default_account: AccountId::empty(),
        region: Some("us-east-1".to_owned()),
        max_skew_seconds: 900,
        unrecorded_owner: None,
        form_body_bytes: 64 * 1024,
        delete_body_bytes: 2 << 20,
        answer_bytes: 1 << 20,
        chunks: Default::default(),
        backend_region: "us-east-1".to_owned(),
        encoded_messages: false,
        web: WebRules::default(),
    }
}

pub(crate) const CACHE: rolegate::directory::Settings = rolegate::directory::Settings {
    max_entries: 1000,
    lifetime_seconds: 300,
    absence_seconds: 5,
    stale_grace_seconds: 60,
};

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(START)));
        let entropy = Arc::new(Counter::new(1));
        let store = Arc::new(SpyStore::new(MemoryStore::new()));
        let key = StoreKey::parse(&"5a".repeat(32)).unwrap();
        let port = Arc::clone(&store) as Arc<dyn Store>;
        let records = Records::open(port, key, entropy.clone(), clock.now(), false).await.unwrap();
        let epochs = Arc::new(Epochs::default());
        let ring = Arc::new(KeyRing::parse(RING).unwrap());
        let directory = Arc::new(CachedDirectory::new(
            records.clone(),
            Arc::clone(&ring),
            settings.default_account.clone(),
            clock.clone(),
            Arc::clone(&epochs),
            &CACHE,
        ));
        let backend = Arc::new(FakeBackend::default());
        let uses = Arc::new(Uses::default());
        let keys = Arc::new(FakeKeys::default());
        let gateway = Arc::new(Gateway {
            directory,
            records: records.clone(),
            listener: Arc::new(Forget(Arc::clone(&epochs))),
            last_used: Arc::clone(&uses) as Arc<dyn LastUsedRecorder>,
            strangers: Arc::new(Strangers::default()),
            web_keys: Arc::clone(&keys) as Arc<dyn WebKeys>,
            backend: backend.clone(),
            ring,
            clock: clock.clone(),
            entropy: entropy.clone(),
            settings,
        });
        Self { gateway, records, store, epochs, clock, backend, entropy, uses, keys }
    }

    /// With the standalone user `name` as the owner of buckets without a record.
    pub(crate) async fn with_unrecorded(name: &str) -> Self {
        let owner = UnrecordedOwner::User(AccountId::empty(), name.to_owned());
        Self::with(Settings { unrecorded_owner: Some(owner), ..settings() }).await
    }

    /// The credentials of these claims.
    pub(crate) fn mint(&self, claims: &SessionClaims) -> Credentials {
        let (token, secret) = self.gateway.ring.seal(claims, self.records.store_id(), &*self.entropy).unwrap();
        let secret = secret.expose_str().unwrap().to_owned();
        Credentials { key: claims.access_key.to_string(), secret, token: Some(token) }
    }

    /// AssumeRole; panics unless it succeeds.
    pub(crate) async fn assume(&self, caller: &Credentials, role: &str) -> Credentials {
        let reply = self.try_assume(caller, role, &[]).await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
        reply.credentials()
    }

    pub(crate) async fn try_assume(&self, caller: &Credentials, role: &str, more: &[(&str, &str)]) -> Reply {
        let arn = if role.contains(':') { role.to_owned() } else { format!("arn:aws:iam:::role/{role}") };
        let mut pairs = vec![
            ("Action", "AssumeRole"),
            ("RoleArn", &*arn),
            ("RoleSessionName", "session"),
            ("Version", "2011-06-15"),
        ];
        pairs.extend_from_slice(more);
        self.send(Req::form("sts", &pairs).sign(self, caller)).await
    }

    /// An IAM call in a form.
    pub(crate) async fn iam(&self, caller: &Credentials, pairs: &[(&str, &str)]) -> Reply {
        self.send(Req::form("iam", pairs).sign(self, caller)).await
    }

    pub(crate) async fn send(&self, request: Req) -> Reply {
        Reply::of(&self.gateway, request).await
    }
}

pub(crate) fn key_of(name: &str) -> String {
    format!("KEYOF_{}", name.replace('-', "_"))
}

pub(crate) fn stored(document: &str) -> StoredPolicy {
    StoredPolicy { document: document.to_owned(), bindings: Bindings::new() }
}

/// A policy with one statement without principal.
pub(crate) fn policy(effect: &str, action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"}}]}}"#
    )
}

/// A trust policy for one ARN.
pub(crate) fn trust(arn: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{arn}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}
