//! A store in memory, in which the tests of each noun make calls as root of the empty account.

use super::{Answer, Caller, Error, NAMESPACE, Request, Scene, execute, parse};
use crate::authz::Permit;
use crate::entity::{Owner, User, UserKind};
use crate::store::testing::Refusing;
use crate::store::{self, Commit, MemoryStore, RecordKey, Records, Store, StoreKey, Stored};
use crate::types::testing::Counter;
use crate::types::{AccountId, Context, Principal, Requirement, Timestamp, UniqueId};
use crate::wire::aws_query::Parameters;
use crate::wire::testing::captured;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/TESTER1"]},"Action":["sts:AssumeRole"]}]}"#;
pub(super) const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*"}}"#;

pub(super) struct World {
    pub(super) records: Records,
    pub(super) entropy: Counter,
    pub(super) default_account: AccountId,
}

/// A user of the empty account, whose id has its name.
pub(super) fn user(name: &str, kind: UserKind) -> User {
    let id = UniqueId::parse(&format!("AIDA{:A<17}", name.to_ascii_uppercase())).unwrap();
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
        let entropy = Arc::new(Counter::starting_at(1));
        let records = Records::open(store, key, entropy, Timestamp::from_seconds(0), false).await.unwrap();
        Self { records, entropy: Counter::starting_at(1 << 32), default_account: AccountId::empty() }
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
    pub(super) async fn replay(&self, corpus: &'static str) {
        for captured in captured(corpus) {
            let pairs: Vec<(&str, &str)> = captured.parameters.iter().collect();
            let outcome = self.call(captured.action(), &pairs).await;
            captured.hold(outcome.map(|answer| answer.to_xml("r")).map_err(|error| error.code()), NAMESPACE);
        }
    }
}

/// A store that loses a number of races on a record: the commit is refused as if someone else had been faster.
pub(super) struct Racing {
    pub(super) store: Arc<dyn Store>,
    pub(super) losses: Arc<AtomicU64>,
}

impl Racing {
    /// One that loses none yet.
    pub(super) fn new(on: RecordKey) -> Self {
        let losses = Arc::new(AtomicU64::new(0));
        let left = Arc::clone(&losses);
        let refusal = move |_: &Commit| {
            let lost = left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
            lost.then(|| store::Error::Conflict(on.clone()))
        };
        Self { store: Arc::new(Refusing::new(refusal)), losses }
    }
}
