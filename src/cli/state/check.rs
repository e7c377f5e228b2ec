//! Whether a state may be stored: everything that is new or changed in it is judged as if the API made it, and every
//! reference must resolve.

use super::file::{
    AccountEntry, BucketEntry, Document, GroupEntry, PolicyEntry, ProviderEntry, RoleEntry, State, UserEntry,
};
use super::overlay::{Entry, empty};
use super::provider;
use crate::entity::{self, AwsManagedPolicy, NameError, Owner, ProviderRule, Tag, UserKind, quota};
use crate::iam::document_size;
use crate::policy::{self, Bindings, ParseOptions, Policy, PolicyKind};
use crate::types::{AccessKeyId, AccountId, UniqueId};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Characters of a bucket policy, as in S3.
const BUCKET_POLICY: usize = 20_480;

/// Something in the file cannot be stored.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Refusal {
    /// Where it stands.
    pub(super) place: String,
    /// What is wrong.
    #[source]
    pub(super) reason: Reason,
}

/// Why an entry cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// A name or value outside its constraint.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A value that no provider can have.
    #[error(transparent)]
    Provider(#[from] ProviderRule),
    /// Not as it is stored.
    #[error("the thumbprint {0} must be in lower case")]
    ThumbprintCase(String),
    /// A policy that the API would refuse.
    #[error("{0}")]
    Document(Box<policy::Error>),
    /// More than AWS allows.
    #[error("more than the quota {name} ({limit})")]
    Quota {
        /// AWS's name of the quota.
        name: &'static str,
        /// The quota.
        limit: usize,
    },
    /// The id of something else.
    #[error("the unique id {id} does not begin with {prefix}")]
    IdKind {
        /// The id.
        id: UniqueId,
        /// What ids of the kind begin with.
        prefix: &'static str,
    },
    /// Two things with one id.
    #[error("the unique id {0} stands twice")]
    IdTwice(UniqueId),
    /// Two things with one name, case aside.
    #[error("the name stands twice; names are unique without regard to case")]
    NameTwice,
    /// Another thing has the name.
    #[error("the store has one of this name with another id, {0}: rename or remove one of them")]
    NameTaken(UniqueId),
    /// An access key of another user.
    #[error("the access key {0} belongs to another user")]
    KeyTaken(AccessKeyId),
    /// An id that only temporary credentials have.
    #[error("the access key id {0} begins with ASIA, as only temporary ones do")]
    TemporaryKey(AccessKeyId),
    /// A secret that cannot be opened.
    #[error("the secret of the access key {0} was altered, or is another key's")]
    Secret(AccessKeyId),
    /// A group that is not there.
    #[error("there is no group {0}")]
    NoGroup(String),
    /// A managed policy that is not there.
    #[error("there is no managed policy {0}")]
    NoPolicy(String),
    /// Listed twice.
    #[error("{0} stands twice")]
    Twice(String),
    /// An owner that is not there.
    #[error("its owner, the user {0}, is not a standalone user of the account")]
    NoOwner(UniqueId),
    /// Caps of a user who cannot have any.
    #[error("only standalone users have caps, and only users of IAM can be root")]
    Rights,
    /// Versions that no policy can have.
    #[error("versions must be numbered upwards, below next_version, and default_version must be one of them")]
    Versions,
    /// Bindings of principals that the document does not name.
    #[error("bindings must be of users and roles that the document names")]
    Bindings,
    /// An account that cannot be made.
    #[error(
        "this account is not there, it is not identity.account_id of this configuration, and the file has no record of it"
    )]
    NoAccount,
    /// A bucket name outside the rules of the configured backend.
    #[error("{0}")]
    BucketName(String),
}

/// What is asked of the configuration.
pub(super) struct Rules<'a> {
    pub(super) default_account: &'a AccountId,
    pub(super) bucket_name: &'a dyn Fn(&str) -> Result<(), String>,
}

/// Everything in `after` that cannot be stored over `before`.
pub(super) fn check(before: &State, after: &State, rules: &Rules<'_>) -> Vec<Refusal> {
    let mut check = Check { rules, refusals: Vec::new(), ids: HashSet::new(), keys: HashSet::new() };
    let old: BTreeMap<&AccountId, &AccountEntry> = before.accounts.iter().map(|entry| (&entry.id, entry)).collect();
    let mut seen = HashSet::new();
    for account in &after.accounts {
        let place = place_of(&account.id);
        if !seen.insert(&account.id) {
            check.refuse(&place, Reason::Twice(place.clone()));
        }
        if account.record.is_none() && account.id != *rules.default_account {
            check.refuse(&place, Reason::NoAccount);
        }
        check.account(account, old.get(&account.id).copied());
    }
    check.buckets(before, after);
    check.refusals
}

/// How an account is named in lines.
pub(super) fn place_of(account: &AccountId) -> String {
    if account.is_empty() { "account \"\"".to_owned() } else { format!("account {account}") }
}

struct Check<'a> {
    rules: &'a Rules<'a>,
    refusals: Vec<Refusal>,
    ids: HashSet<UniqueId>,
    keys: HashSet<AccessKeyId>,
}

impl Check<'_> {
    fn refuse(&mut self, place: &str, reason: impl Into<Reason>) {
        self.refusals.push(Refusal { place: place.to_owned(), reason: reason.into() });
    }

    fn take<T, E: Into<Reason>>(&mut self, place: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|reason| self.refuse(place, reason)).ok()
    }

    fn most(&mut self, place: &str, name: &'static str, count: usize, limit: usize) {
        if count > limit {
            self.refuse(place, Reason::Quota { name, limit });
        }
    }

    fn account(&mut self, account: &AccountEntry, old: Option<&AccountEntry>) {
        let place = place_of(&account.id);
        let nothing = empty(&account.id);
        let old = old.unwrap_or(&nothing);
        // As in the API, the account's root is none of its users.
        let users = account.users.iter().filter(|user| !user.account_root).count();
        for (name, count, limit) in [
            ("UsersPerAccount", users, quota::USERS),
            ("GroupsPerAccount", account.groups.len(), quota::GROUPS),
            ("RolesPerAccount", account.roles.len(), quota::ROLES),
            ("PoliciesPerAccount", account.policies.len(), quota::POLICIES),
            ("OpenIdConnectProvidersPerAccount", account.providers.len(), quota::PROVIDERS),
        ] {
            self.most(&place, name, count, limit);
        }
        self.names(&place, &account.policies, &old.policies, |check, place, entry| check.policy(place, entry));
        self.names(&place, &account.groups, &old.groups, |check, place, entry| check.group(place, entry));
        self.names(&place, &account.users, &old.users, |check, place, entry| check.user(place, entry));
        self.names(&place, &account.roles, &old.roles, |check, place, entry| check.role(place, entry));
        self.names(&place, &account.providers, &old.providers, |check, place, entry| check.provider(place, entry));
        self.references(account);
    }

    /// Names and ids of one kind; what is as it was is not judged again.
    fn names<T: Entry + PartialEq>(
        &mut self,
        account: &str,
        entries: &[T],
        old: &[T],
        judge: impl Fn(&mut Self, &str, &T),
    ) {
        let taken: HashMap<String, &T> = old.iter().map(|entry| (entry.unique_name(), entry)).collect();
        let known: HashMap<&UniqueId, &T> = old.iter().map(|entry| (entry.id(), entry)).collect();
        let mut names = HashSet::new();
        for entry in entries {
            let place = format!("{account}: {} {}", T::NOUN, entry.name());
            if !self.ids.insert(entry.id().clone()) {
                self.refuse(&place, Reason::IdTwice(entry.id().clone()));
            }
            match taken.get(&entry.unique_name()).filter(|taken| taken.id() != entry.id()) {
                Some(taken) => self.refuse(&place, Reason::NameTaken(taken.id().clone())),
                None if !names.insert(entry.unique_name()) => self.refuse(&place, Reason::NameTwice),
                None => {}
            }
            if known.get(entry.id()).is_some_and(|old| *old == entry) {
                continue;
            }
            if !entry.id().as_str().starts_with(T::ID_PREFIX) {
                self.refuse(&place, Reason::IdKind { id: entry.id().clone(), prefix: T::ID_PREFIX });
            }
            self.take(&place, entity::path(entry.path()));
            judge(self, &place, entry);
        }
    }

    fn policy(&mut self, place: &str, entry: &PolicyEntry) {
        self.take(place, entity::policy_name(&entry.name));
        self.take(place, entity::description(&entry.description));
        self.tags(place, &entry.tags);
        self.most(place, "VersionsPerPolicy", entry.versions.len(), quota::POLICY_VERSIONS);
        let numbers: Vec<u32> = entry.versions.iter().map(|version| version.number).collect();
        let upwards = numbers.windows(2).all(|pair| matches!(pair, [one, other] if one < other));
        let first = numbers.first().is_some_and(|first| *first > 0);
        let last = numbers.last().is_some_and(|last| *last < entry.next_version);
        if !(upwards && first && last && numbers.contains(&entry.default_version)) {
            self.refuse(place, Reason::Versions);
        }
        for version in &entry.versions {
            let place = format!("{place}: version v{}", version.number);
            let size = self.document(&place, PolicyKind::Identity, &version.document);
            self.most(&place, "PolicySize", size, quota::MANAGED_POLICY);
        }
    }

    fn group(&mut self, place: &str, entry: &GroupEntry) {
        self.take(place, entity::group_name(&entry.name));
        self.inline(place, &entry.policies, quota::GROUP_POLICIES);
    }

    fn user(&mut self, place: &str, entry: &UserEntry) {
        self.take(place, entity::user_name(&entry.name));
        self.tags(place, &entry.tags);
        self.inline(place, &entry.policies, quota::USER_POLICIES);
        let rights = match entry.kind {
            UserKind::Standalone => !entry.account_root,
            UserKind::Iam => entry.caps.is_empty(),
        };
        if !rights {
            self.refuse(place, Reason::Rights);
        }
        self.most(place, "AccessKeysPerUser", entry.access_keys.len(), quota::ACCESS_KEYS);
        for key in entry.access_keys.iter().filter(|key| key.id.is_temporary()) {
            self.refuse(place, Reason::TemporaryKey(key.id.clone()));
        }
    }

    fn role(&mut self, place: &str, entry: &RoleEntry) {
        self.take(place, entity::role_name(&entry.name));
        self.take(place, entity::description(&entry.description));
        let seconds = entry.max_session_duration.to_string();
        self.take(place, entity::number("maxSessionDuration", Some(&seconds), 3600, 43_200));
        self.tags(place, &entry.tags);
        self.inline(place, &entry.policies, quota::ROLE_POLICIES);
        let trust = format!("{place}: trust");
        let size = entry.trust.text().chars().count();
        self.most(&trust, "ACLSizePerRole", size, quota::TRUST_POLICY);
        self.bound(&trust, PolicyKind::Trust, &entry.trust, entry.trust_bindings.as_ref());
    }

    fn provider(&mut self, place: &str, entry: &ProviderEntry) {
        self.tags(place, &entry.tags);
        provider::check(entry).into_iter().for_each(|reason| self.refuse(place, reason));
    }

    fn tags(&mut self, place: &str, tags: &[Tag]) {
        self.most(place, "TagsPerEntity", tags.len(), quota::TAGS);
        for (at, tag) in tags.iter().enumerate() {
            self.take(place, entity::tag_key(&tag.key));
            self.take(place, entity::tag_value(&tag.value));
            if tags.iter().take(at).any(|before| entity::same_tag_key(&before.key, &tag.key)) {
                self.refuse(place, Reason::Twice(format!("the tag {}", tag.key)));
            }
        }
    }

    fn inline(&mut self, place: &str, policies: &BTreeMap<String, Document>, limit: usize) {
        let mut size = 0;
        for (name, document) in policies {
            let place = format!("{place}: policy {name}");
            self.take(&place, entity::policy_name(name));
            size += self.document(&place, PolicyKind::Identity, document);
        }
        self.most(place, "InlinePolicySize", size, limit);
    }

    /// Judges a document and gives the characters in it that count.
    fn document(&mut self, place: &str, kind: PolicyKind, document: &Document) -> usize {
        self.bound(place, kind, document, None);
        document_size(&document.text())
    }

    fn bound(&mut self, place: &str, kind: PolicyKind, document: &Document, given: Option<&Bindings>) {
        let text = document.text();
        self.take(place, entity::policy_document("policyDocument", &text));
        let unbound = Bindings::new();
        let options = ParseOptions { kind, default_account: self.rules.default_account, bindings: &unbound };
        let parsed = Policy::parse(&text, &options).map_err(|error| Reason::Document(Box::new(error)));
        let Some(policy) = self.take(place, parsed) else { return };
        let named: HashSet<&str> = policy.principal_arns().collect();
        if given.is_some_and(|given| given.iter().any(|(arn, _)| !named.contains(arn))) {
            self.refuse(place, Reason::Bindings);
        }
    }

    /// Whatever an entry names must be there when all is stored.
    fn references(&mut self, account: &AccountEntry) {
        let place = place_of(&account.id);
        let arns: HashSet<String> = account.policies.iter().map(|policy| policy.arn(&account.id)).collect();
        let groups: HashSet<&str> = account.groups.iter().map(|group| group.name.as_str()).collect();
        for user in &account.users {
            let place = format!("{place}: user {}", user.name);
            self.attached(&place, &user.attached, user.boundary.as_ref(), &arns);
            self.most(&place, "GroupsPerUser", user.groups.len(), quota::GROUPS_OF_USER);
            self.each_once(&place, &user.groups);
            for group in user.groups.iter().filter(|group| !groups.contains(group.as_str())) {
                self.refuse(&place, Reason::NoGroup(group.clone()));
            }
            for key in &user.access_keys {
                if !self.keys.insert(key.id.clone()) {
                    self.refuse(&place, Reason::KeyTaken(key.id.clone()));
                }
            }
        }
        for group in &account.groups {
            self.attached(&format!("{place}: group {}", group.name), &group.attached, None, &arns);
        }
        for role in &account.roles {
            let place = format!("{place}: role {}", role.name);
            self.attached(&place, &role.attached, role.boundary.as_ref(), &arns);
            self.owner(&place, &role.owner, Some(account));
        }
        for provider in &account.providers {
            self.owner(&format!("{place}: oidc-provider {}", provider.url), &provider.owner, Some(account));
        }
    }

    fn attached(&mut self, place: &str, attached: &[String], boundary: Option<&String>, arns: &HashSet<String>) {
        self.most(place, "AttachedPoliciesPerEntity", attached.len(), quota::ATTACHED_POLICIES);
        self.each_once(place, attached);
        let there = |arn: &&String| AwsManagedPolicy::find(arn).is_some() || arns.contains(*arn);
        for arn in attached.iter().chain(boundary).filter(|arn| !there(arn)) {
            self.refuse(place, Reason::NoPolicy(arn.clone()));
        }
    }

    fn each_once(&mut self, place: &str, list: &[String]) {
        let mut seen = HashSet::new();
        for text in list.iter().filter(|text| !seen.insert(text.as_str())) {
            self.refuse(place, Reason::Twice(text.clone()));
        }
    }

    fn owner(&mut self, place: &str, owner: &Owner, account: Option<&AccountEntry>) {
        let Owner::User { id, .. } = owner else { return };
        let is_owner = |user: &UserEntry| user.id == *id && user.kind == UserKind::Standalone;
        if !account.is_some_and(|account| account.users.iter().any(is_owner)) {
            self.refuse(place, Reason::NoOwner(id.clone()));
        }
    }

    fn buckets(&mut self, before: &State, after: &State) {
        let old: HashMap<&str, &BucketEntry> =
            before.buckets.iter().map(|entry| (entry.name.as_str(), entry)).collect();
        let mut names = HashSet::new();
        for bucket in &after.buckets {
            let place = format!("bucket {}", bucket.name);
            if !names.insert(&bucket.name) {
                self.refuse(&place, Reason::NameTwice);
            }
            let account = after.accounts.iter().find(|account| account.id == bucket.account);
            if account.is_none() {
                self.refuse(&place, Reason::NoAccount);
            }
            self.owner(&place, &bucket.owner, account);
            if old.get(bucket.name.as_str()).is_some_and(|old| *old == bucket) {
                continue;
            }
            self.take(&place, (self.rules.bucket_name)(&bucket.name).map_err(Reason::BucketName));
            if let Some(policy) = &bucket.policy {
                let place = format!("{place}: policy");
                self.most(&place, "BucketPolicySize", policy.text().len(), BUCKET_POLICY);
                self.bound(&place, PolicyKind::Bucket, policy, bucket.policy_bindings.as_ref());
            }
        }
    }
}
