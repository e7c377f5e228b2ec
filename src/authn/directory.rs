//! What authentication and decisions look up: compiled entities by name.
//!
//! The port is implemented by caches in the shell. Promise of every implementation: what it returns was
//! in the store at some time after the last change it could have heard of (DESIGN section 4); when it
//! cannot know that any more it says so, it never guesses.

use super::grants::{GroupEntry, PolicyEntry, PolicyRef, References};
use super::last_used::UseMark;
use crate::entity::{AccessKey, BucketRecord, OidcProvider, Role, StoredPolicy, User};
use crate::policy::{NamedPolicy, Policy, PolicyKind};
use crate::sigv4::SigningKey;
use crate::store::{self, RecordKey, Versioned};
use crate::token::{self, OpenedSession};
use crate::types::{AccessKeyId, AccountId, Principal, Secret, Timestamp, UniqueId};
use std::collections::BTreeMap;
use std::future::{Future, Ready, ready};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

/// A policy with the name under which decisions report it.
#[derive(Debug)]
pub struct CompiledPolicy {
    /// Policy name, as the audit record shows it.
    pub name: String,
    /// The compiled document.
    pub policy: Policy,
}

impl CompiledPolicy {
    /// As decisions take it.
    pub fn named(&self) -> NamedPolicy<'_> {
        NamedPolicy { id: &self.name, policy: &self.policy }
    }
}

/// A user with its policies compiled.
#[derive(Debug)]
pub struct UserEntry {
    /// The record.
    pub user: User,
    /// Its revision, as evidence for commits.
    pub revision: u64,
    /// Inline policies.
    pub policies: Vec<CompiledPolicy>,
    /// What the user's caps stand for.
    pub caps: Option<CompiledPolicy>,
    /// Managed policies, boundary and groups, to be looked up.
    pub references: References,
    principal: Arc<Principal>,
}

/// A role with its policies compiled.
#[derive(Debug)]
pub struct RoleEntry {
    /// The record.
    pub role: Role,
    /// Its revision, as evidence for commits.
    pub revision: u64,
    /// Trust policy.
    pub trust: CompiledPolicy,
    /// Inline policies.
    pub policies: Vec<CompiledPolicy>,
    /// Managed policies and boundary, to be looked up.
    pub references: References,
    path: Arc<str>,
    name: Arc<str>,
}

/// A bucket with its policy compiled.
#[derive(Debug)]
pub struct BucketEntry {
    /// The record.
    pub record: BucketRecord,
    /// Its revision.
    pub revision: u64,
    /// Bucket policy.
    pub policy: Option<CompiledPolicy>,
}

/// An OpenID Connect provider.
#[derive(Debug)]
pub struct ProviderEntry {
    /// The record.
    pub provider: OidcProvider,
    /// Its revision, as evidence for commits.
    pub revision: u64,
}

/// A long-term key with its secret.
#[derive(Debug)]
pub struct KeyEntry {
    /// The record.
    pub record: AccessKey,
    /// The secret.
    pub secret: Secret,
    /// Signing key of the scope used last, kept after a verified signature only (security rule 28).
    pub signing: SigningKeySlot,
    /// When its use was last noted.
    pub used: UseMark,
}

/// An opened session token with its session policies compiled.
#[derive(Debug)]
pub struct SessionEntry {
    /// Claims and secret.
    pub opened: OpenedSession,
    /// Inline session policies.
    pub policies: Vec<CompiledPolicy>,
    /// Managed session policies, to be looked up.
    pub managed: Vec<PolicyRef>,
    /// As in [`KeyEntry`].
    pub signing: SigningKeySlot,
    /// As in [`KeyEntry`].
    pub used: UseMark,
    /// RoleSessionName, or the name of a federated user.
    pub(super) name: Arc<str>,
}

/// One derived signing key, for the credential scope used last. It lives and dies with its credential.
#[derive(Debug, Default)]
pub struct SigningKeySlot(RwLock<Option<(String, Arc<SigningKey>)>>);

impl SigningKeySlot {
    /// The kept key, if it is of this scope (`DATE/REGION/SERVICE/aws4_request`).
    pub fn get(&self, scope: &str) -> Option<Arc<SigningKey>> {
        let slot = self.0.read().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().filter(|(kept, _)| kept == scope).map(|(_, key)| Arc::clone(key))
    }

    /// Keeps a key whose signature was verified.
    pub fn keep(&self, scope: &str, key: Arc<SigningKey>) {
        let mut slot = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *slot = Some((scope.to_owned(), key));
    }
}

/// Why a lookup has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The store said no.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A stored policy does not compile: the record is refused as a whole (security rule 18).
    #[error("the record {0} holds a policy that does not parse")]
    BadPolicy(RecordKey),
    /// Something refers to a managed policy or group that is not there, or to one that became another.
    #[error("{0} is referred to, or refers to something, that is not there")]
    Missing(RecordKey),
    /// A stranger has asked for too many keys that do not exist (security rule 28).
    #[error("too many unknown access key ids were presented from one address")]
    TooManyUnknown,
    /// The change feed has been off for longer than the grace.
    #[error("the store has not been heard of for longer than the configured grace")]
    Stale,
}

/// What a lookup found: nothing is an answer, not an error.
pub type Found<T> = Result<Option<Arc<T>>, LookupError>;

/// The answer to a lookup, to be awaited. What a cache has at hand costs no allocation.
pub enum Answer<'a, T> {
    /// It is there.
    AtHand(Ready<Found<T>>),
    /// It must be fetched.
    OnItsWay(Pin<Box<dyn Future<Output = Found<T>> + Send + 'a>>),
}

impl<'a, T> Answer<'a, T> {
    /// An answer that is there.
    pub fn at_hand(found: Found<T>) -> Self {
        Self::AtHand(ready(found))
    }

    /// An answer that must be fetched.
    pub fn on_its_way(fetch: impl Future<Output = Found<T>> + Send + 'a) -> Self {
        Self::OnItsWay(Box::pin(fetch))
    }
}

impl<T> Future for Answer<'_, T> {
    type Output = Found<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::AtHand(found) => Pin::new(found).poll(context),
            Self::OnItsWay(fetch) => fetch.as_mut().poll(context),
        }
    }
}

/// Lookups by name. Absence is an answer, not an error.
pub trait Directory: Send + Sync {
    /// A long-term key by id. `stranger` is the address from which the id was presented; none where it stands in a
    /// token that was opened. Lookups of unknown ids are limited by it: a key that was known a moment ago is found
    /// all the same (security rule 28).
    fn key<'a>(&'a self, id: &'a AccessKeyId, stranger: Option<IpAddr>) -> Answer<'a, KeyEntry>;

    /// A user by account and name.
    fn user<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, UserEntry>;

    /// A role by account and name.
    fn role<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, RoleEntry>;

    /// A managed policy by account and name.
    fn policy<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, PolicyEntry>;

    /// A group by account and name.
    fn group<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, GroupEntry>;

    /// An OpenID Connect provider by account and URL without scheme.
    fn provider<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, ProviderEntry>;

    /// A bucket by name.
    fn bucket<'a>(&'a self, name: &'a str) -> Answer<'a, BucketEntry>;

    /// Opens a session token presented with a key id.
    fn session(&self, token: &str, key: &AccessKeyId, now: Timestamp) -> Result<Arc<SessionEntry>, token::Error>;
}

/// What a stranger's vain attempts are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally<'a> {
    /// Where they come from.
    Source(IpAddr),
    /// The provider, by its unique id, whose tokens they claim to present, wherever they come from.
    Provider(&'a UniqueId),
}

/// How often strangers may ask for what is not there, or present what is refused (security rule 28).
pub trait StrangerLimit: Send + Sync {
    /// Whether there may be one more attempt. `ticks` are nanoseconds of a clock that never goes back.
    fn may_ask(&self, by: Tally<'_>, ticks: u64) -> bool;

    /// An attempt was in vain.
    fn asked_in_vain(&self, by: Tally<'_>, ticks: u64);
}

fn compile(
    key: &RecordKey,
    name: &str,
    policy: &StoredPolicy,
    kind: PolicyKind,
    default_account: &AccountId,
) -> Result<CompiledPolicy, LookupError> {
    let compiled = policy.compile(kind, default_account).map_err(|_| LookupError::BadPolicy(key.clone()))?;
    Ok(CompiledPolicy { name: name.to_owned(), policy: compiled })
}

pub(super) fn compile_all(
    key: &RecordKey,
    policies: &BTreeMap<String, StoredPolicy>,
    default_account: &AccountId,
) -> Result<Vec<CompiledPolicy>, LookupError> {
    policies.iter().map(|(name, policy)| compile(key, name, policy, PolicyKind::Identity, default_account)).collect()
}

impl UserEntry {
    /// Compiles a user's policies; `caps` is the synthetic policy of its caps.
    pub fn new(
        stored: Versioned<User>,
        caps: Option<CompiledPolicy>,
        default_account: &AccountId,
    ) -> Result<Self, LookupError> {
        let key = RecordKey::user(&stored.value.account, &stored.value.name);
        let policies = compile_all(&key, &stored.value.policies, default_account)?;
        let references = References::of_user(&stored.value)?;
        let principal = Arc::new(principal_of(&stored.value));
        Ok(Self { user: stored.value, revision: stored.revision, policies, caps, references, principal })
    }

    /// Who the user is in requests: the account itself for its root.
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }
}

fn principal_of(user: &User) -> Principal {
    if user.account_root {
        return Principal::Root { account: user.account.clone() };
    }
    Principal::User {
        account: user.account.clone(),
        path: user.path.as_str().into(),
        name: user.name.as_str().into(),
        id: user.id.clone(),
    }
}

impl RoleEntry {
    /// Compiles a role's trust and inline policies.
    pub fn new(stored: Versioned<Role>, default_account: &AccountId) -> Result<Self, LookupError> {
        let key = RecordKey::role(&stored.value.account, &stored.value.name);
        let trust = compile(&key, "trust policy", &stored.value.trust, PolicyKind::Trust, default_account)?;
        let policies = compile_all(&key, &stored.value.policies, default_account)?;
        let references = References::of_role(&stored.value)?;
        let (path, name) = (stored.value.path.as_str().into(), stored.value.name.as_str().into());
        Ok(Self { role: stored.value, revision: stored.revision, trust, policies, references, path, name })
    }

    /// Who a session of the role is in requests.
    pub fn session_principal(&self, session: Arc<str>) -> Principal {
        Principal::RoleSession {
            account: self.role.account.clone(),
            role_path: Arc::clone(&self.path),
            role_name: Arc::clone(&self.name),
            role_id: self.role.id.clone(),
            session,
        }
    }
}

impl BucketEntry {
    /// Compiles a bucket's policy.
    pub fn new(stored: Versioned<BucketRecord>, default_account: &AccountId) -> Result<Self, LookupError> {
        let key = RecordKey::bucket(&stored.value.name);
        let policy = match &stored.value.policy {
            Some(policy) => Some(compile(&key, "bucket policy", policy, PolicyKind::Bucket, default_account)?),
            None => None,
        };
        Ok(Self { record: stored.value, revision: stored.revision, policy })
    }
}

impl SessionEntry {
    /// Compiles the session policies of an opened token. They were checked when the token was minted.
    pub fn new(opened: OpenedSession, default_account: &AccountId) -> Result<Self, token::Error> {
        let mut policies = Vec::with_capacity(opened.claims.policies.len());
        for document in &opened.claims.policies {
            let stored = StoredPolicy { document: document.clone(), bindings: Default::default() };
            let policy =
                stored.compile(PolicyKind::Session, default_account).map_err(|_| token::Error::MalformedClaims)?;
            policies.push(CompiledPolicy { name: "session policy".to_owned(), policy });
        }
        let account = &opened.claims.subject.account;
        let reference = |arn: &String| PolicyRef::parse(arn, account).ok_or(token::Error::MalformedClaims);
        let managed = opened.claims.policy_arns.iter().map(reference).collect::<Result<_, _>>()?;
        let name = opened.claims.session_name.as_str().into();
        Ok(Self { opened, policies, managed, signing: SigningKeySlot::default(), used: UseMark::default(), name })
    }
}
