//! A store in memory, in which the tests of each noun make calls as root of the empty account.

use super::{Answer, Caller, Error, NAMESPACE, Request, Scene, execute, parse};
use crate::authz::Permit;
use crate::entity::{Owner, User, UserKind};
use crate::store::{
    self, Commit, Kind, MemoryStore, Notice, Record, RecordKey, Records, Scope, Store, StoreKey, Stored,
};
use crate::types::{AccountId, Context, Entropy, Principal, Requirement, Timestamp, UniqueId};
use crate::wire::aws_query::Parameters;
use crate::wire::xml::{self, Element, XmlLimits};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::broadcast;

pub(super) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/TESTER1"]},"Action":["sts:AssumeRole"]}]}"#;
pub(super) const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*"}}"#;

pub(super) struct Counter(pub(super) AtomicU64);

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(4) {
            let next = self.0.fetch_add(0x9E37_79B9, Ordering::Relaxed).to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

pub(super) struct World {
    pub(super) records: Records,
    pub(super) entropy: Counter,
    pub(super) default_account: AccountId,
}

pub(super) fn user(name: &str, kind: UserKind) -> User {
    let id = UniqueId::parse(&format!("AIDAAAAAAAAAAAAA{:0>5}", name.len())).unwrap();
    User::new(AccountId::empty(), name, id, kind, 0)
}

pub(super) fn principal(user: &User) -> Principal {
    Principal::User {
        account: user.account.clone(),
        path: user.path.as_str().into(),
        name: user.name.as_str().into(),
        id: user.id.clone(),
    }
}

pub(super) fn code(result: Result<Answer, Error>) -> &'static str {
    result.unwrap_err().code()
}

impl World {
    pub(super) async fn new() -> Self {
        Self::over(Arc::new(MemoryStore::new())).await
    }

    pub(super) async fn over(store: Arc<dyn Store>) -> Self {
        let key = StoreKey::parse(&"a".repeat(64)).unwrap();
        let entropy = Arc::new(Counter(AtomicU64::new(1)));
        let records = Records::open(store, key, entropy, Timestamp::from_seconds(0), false).await.unwrap();
        Self { records, entropy: Counter(AtomicU64::new(7)), default_account: AccountId::empty() }
    }

    pub(super) fn scene(&self) -> Scene<'_> {
        Scene {
            records: &self.records,
            now: Timestamp::from_millis(1_795_301_624_491),
            entropy: &self.entropy,
            default_account: &self.default_account,
            committed: &|_| {},
        }
    }

    /// The request that a user without a name of its own makes.
    pub(super) fn parse(&self, action: &str, pairs: &[(&str, &str)]) -> Result<Request, Error> {
        let caller = Caller { account: &self.default_account, user: None, default_account: &self.default_account };
        parse(action, &Parameters::from_pairs(pairs.iter().copied()), &caller)
    }

    pub(super) async fn requirements(&self, request: &Request) -> Vec<Requirement> {
        let account = &self.default_account;
        request.ask(account, &self.records, &mut Context::new()).await.unwrap().requirements
    }

    /// A permit for just this request.
    pub(super) async fn permit(&self, request: &Request, owner: Owner) -> Permit {
        let principal = Principal::Root { account: self.default_account.clone() };
        Permit::for_tests(principal, owner).covering(self.requirements(request).await, Vec::new())
    }

    pub(super) async fn call(&self, action: &str, pairs: &[(&str, &str)]) -> Result<Answer, Error> {
        self.call_as(Owner::Account, action, pairs).await
    }

    pub(super) async fn call_as(&self, owner: Owner, action: &str, pairs: &[(&str, &str)]) -> Result<Answer, Error> {
        let request = self.parse(action, pairs)?;
        let permit = self.permit(&request, owner).await;
        execute(&request, &permit, &self.scene()).await
    }

    pub(super) async fn record<E: Stored>(&self, key: &RecordKey) -> Option<E> {
        self.records.get::<E>(key).await.unwrap().map(|found| found.value)
    }

    /// Makes the calls of a file of `tests/corpus/ceph-wire` and holds the answers to what it says.
    pub(super) async fn replay(&self, corpus: &str) {
        let limits = XmlLimits { bytes: 1 << 16, depth: 16, elements: 1000 };
        for line in corpus.lines().filter(|line| !line.starts_with('#')) {
            let [name, wanted, elements, body] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let parameters = Parameters::parse_form(body.as_bytes()).unwrap();
            let action = parameters.get("Action").unwrap();
            let pairs: Vec<(&str, &str)> = parameters.iter().collect();
            match self.call(action, &pairs).await {
                Err(error) => assert_eq!(error.code(), wanted, "{name}: {error}"),
                Ok(answer) => {
                    assert_eq!(wanted, "ok", "{name}");
                    let document = xml::parse(answer.to_xml("r").as_bytes(), limits).unwrap();
                    assert_eq!(document.name, format!("{action}Response"), "{name}");
                    assert_eq!(document.namespace.as_deref(), Some(NAMESPACE), "{name}");
                    assert!(has(&document, "ResponseMetadata/RequestId"), "{name}");
                    let result = document.child(&format!("{action}Result"));
                    for path in elements.split(' ').filter(|path| *path != "-") {
                        assert!(has(result.unwrap(), path), "{name}: {path}");
                    }
                }
            }
        }
    }
}

/// Whether an element with that path (`A/B`) is in `root`.
fn has(root: &Element, path: &str) -> bool {
    match path.split_once('/') {
        Some((first, rest)) => root.children.iter().any(|child| child.name == first && has(child, rest)),
        None => root.child(path).is_some(),
    }
}

/// Loses a number of races on a record: the commit is refused as if someone else had been faster.
pub(super) struct Racing {
    inner: MemoryStore,
    pub(super) losses: AtomicU64,
    on: RecordKey,
}

impl Racing {
    /// One that loses none yet.
    pub(super) fn new(on: RecordKey) -> Arc<Self> {
        Arc::new(Self { inner: MemoryStore::new(), losses: AtomicU64::new(0), on })
    }
}

#[async_trait]
impl Store for Racing {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, store::Error> {
        self.inner.load(key).await
    }

    async fn list(
        &self,
        kind: Kind,
        scope: &Scope,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, Record)>, store::Error> {
        self.inner.list(kind, scope, after, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), store::Error> {
        let lost = self.losses.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if lost { Err(store::Error::Conflict(self.on.clone())) } else { self.inner.commit(commit).await }
    }

    async fn is_empty(&self) -> Result<bool, store::Error> {
        self.inner.is_empty().await
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.inner.subscribe()
    }
}
