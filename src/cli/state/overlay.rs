//! What the store is to become: what is there, with the file laid over it.

use super::check::{Reason, Refusal, place_of};
use super::file::{
    AccountEntry, Document, GroupEntry, KeyEntry, PolicyEntry, ProviderEntry, RoleEntry, State, StateFile, UserEntry,
};
use super::passphrase::Locksmith;
use super::snapshot::Snapshot;
use crate::entity::folded;
use crate::iam::{Subject, SubjectKind};
use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
use crate::types::{AccessKeyId, AccountId, Secret, UniqueId};
use std::collections::{BTreeMap, BTreeSet};

/// An entity of an account, recognised by its unique id.
pub(super) trait Entry: Clone {
    /// What lines call it.
    const NOUN: &'static str;
    /// What its ids begin with.
    const ID_PREFIX: &'static str;

    fn id(&self) -> &UniqueId;
    fn name(&self) -> &str;
    fn path(&self) -> &str;

    /// The form under which its name is unique.
    fn unique_name(&self) -> String {
        folded(self.name())
    }
}

macro_rules! entry {
    ($type:ty, $noun:literal, $prefix:literal) => {
        impl Entry for $type {
            const NOUN: &'static str = $noun;
            const ID_PREFIX: &'static str = $prefix;

            fn id(&self) -> &UniqueId {
                &self.id
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn path(&self) -> &str {
                &self.path
            }
        }
    };
}

entry!(UserEntry, "user", "AIDA");
entry!(GroupEntry, "group", "AGPA");
entry!(RoleEntry, "role", "AROA");
entry!(PolicyEntry, "policy", "ANPA");

impl Entry for ProviderEntry {
    const NOUN: &'static str = "oidc-provider";
    const ID_PREFIX: &'static str = "AOIP";

    fn id(&self) -> &UniqueId {
        &self.id
    }

    fn name(&self) -> &str {
        self.url.split_once("://").map_or(self.url.as_str(), |(_, name)| name)
    }

    fn path(&self) -> &str {
        "/"
    }

    /// URLs are kept byte for byte.
    fn unique_name(&self) -> String {
        self.name().to_owned()
    }
}

impl PolicyEntry {
    pub(super) fn arn(&self, account: &AccountId) -> String {
        format!("arn:aws:iam::{account}:policy{}{}", self.path, self.name)
    }
}

/// What a store is to become.
pub(super) struct Target {
    pub(super) state: State,
    /// Secrets of keys as the file has them.
    pub(super) secrets: BTreeMap<AccessKeyId, Secret>,
    /// Keys of the file that cannot be made, with the names of their users.
    pub(super) left_out: Vec<(AccessKeyId, String)>,
    /// How many things the store has beyond the file, and keeps.
    pub(super) kept: usize,
    /// Keys of the file that the store has as another user's.
    pub(super) refusals: Vec<Refusal>,
}

/// The secrets of a file.
pub(super) fn secrets(
    file: &StateFile,
    smith: Option<&Locksmith>,
) -> Result<BTreeMap<AccessKeyId, Secret>, Vec<Refusal>> {
    let (mut found, mut refusals) = (BTreeMap::new(), Vec::new());
    let Some(smith) = smith else { return Ok(found) };
    for account in &file.accounts {
        for user in &account.users {
            for key in &user.access_keys {
                let Some(locked) = &key.secret else { continue };
                match smith.open((&account.id, &user.id, &key.id), locked) {
                    Some(secret) => drop(found.insert(key.id.clone(), secret)),
                    None => refusals.push(Refusal {
                        place: format!("{}: user {}", place_of(&account.id), user.name),
                        reason: Reason::Secret(key.id.clone()),
                    }),
                }
            }
        }
    }
    if refusals.is_empty() { Ok(found) } else { Err(refusals) }
}

impl Target {
    /// Lays the file over what is there. With `prune` nothing else stays.
    pub(super) fn new(
        snapshot: &Snapshot,
        before: &State,
        file: StateFile,
        secrets: BTreeMap<AccessKeyId, Secret>,
        prune: bool,
        default_account: &AccountId,
    ) -> Self {
        let mut target = Self { state: State::default(), secrets, left_out: Vec::new(), kept: 0, refusals: Vec::new() };
        let mut present: BTreeMap<AccountId, AccountEntry> =
            before.accounts.iter().map(|account| (account.id.clone(), account.clone())).collect();
        for wanted in file.accounts {
            let old = present.remove(&wanted.id).unwrap_or_else(|| empty(&wanted.id));
            let account = target.account(snapshot, old, wanted, prune);
            target.state.accounts.push(account);
        }
        for (id, account) in present {
            if !prune {
                target.kept += account.users.len() + account.groups.len() + account.roles.len();
                target.kept += account.policies.len() + account.providers.len() + usize::from(account.record.is_some());
                target.state.accounts.push(account);
            } else if id == *default_account {
                target.state.accounts.push(AccountEntry { record: account.record, ..empty(&id) });
            }
        }
        target.state.accounts.sort_by(|one, other| one.id.cmp(&other.id));
        let named: BTreeSet<&String> = file.buckets.iter().map(|bucket| &bucket.name).collect();
        let others = before.buckets.iter().filter(|bucket| !prune && !named.contains(&bucket.name));
        target.state.buckets = others.cloned().collect();
        target.kept += target.state.buckets.len();
        target.state.buckets.extend(file.buckets);
        target.state.buckets.sort_by(|one, other| one.name.cmp(&other.name));
        target.bind(default_account);
        target
    }

    fn account(&mut self, snapshot: &Snapshot, old: AccountEntry, wanted: AccountEntry, prune: bool) -> AccountEntry {
        let keys_before: BTreeMap<UniqueId, Vec<KeyEntry>> =
            old.users.iter().map(|user| (user.id.clone(), user.access_keys.clone())).collect();
        let users = wanted.users.into_iter().map(|mut user| {
            let before = keys_before.get(&user.id).map(Vec::as_slice).unwrap_or_default();
            user.access_keys = self.keys(snapshot, &user, before, prune);
            user
        });
        let users = users.collect();
        AccountEntry {
            id: wanted.id,
            record: wanted.record.or(old.record),
            users: self.merged(old.users, users, prune),
            groups: self.merged(old.groups, wanted.groups, prune),
            roles: self.merged(old.roles, wanted.roles, prune),
            policies: self.merged(old.policies, wanted.policies, prune),
            providers: self.merged(old.providers, wanted.providers, prune),
        }
    }

    fn merged<T: Entry>(&mut self, old: Vec<T>, wanted: Vec<T>, prune: bool) -> Vec<T> {
        let named: BTreeSet<&UniqueId> = wanted.iter().map(Entry::id).collect();
        let kept = |entry: &T| !prune && !named.contains(entry.id());
        let mut all: Vec<T> = old.into_iter().filter(kept).collect();
        self.kept += all.len();
        all.extend(wanted);
        all.sort_by_key(Entry::unique_name);
        all
    }

    /// The keys that a user of the file will have: those that are there or can be made.
    fn keys(&mut self, snapshot: &Snapshot, user: &UserEntry, before: &[KeyEntry], prune: bool) -> Vec<KeyEntry> {
        let mut keys = Vec::new();
        for key in &user.access_keys {
            let there = snapshot.keys.get(&key.id).map(|found| found.value.user_id == user.id);
            if there == Some(false) {
                let (place, reason) = (format!("user {}", user.name), Reason::KeyTaken(key.id.clone()));
                self.refusals.push(Refusal { place, reason });
            }
            if there.is_some() || self.secrets.contains_key(&key.id) {
                keys.push(KeyEntry { secret: None, ..key.clone() });
            } else {
                self.left_out.push((key.id.clone(), user.name.clone()));
            }
        }
        let others = before.iter().filter(|key| !prune && !user.access_keys.iter().any(|listed| listed.id == key.id));
        keys.extend(others.cloned());
        keys
    }

    /// Binds the principals of policies that come without bindings, as if they were put now (security rule 14).
    fn bind(&mut self, default_account: &AccountId) {
        let names = Names::of(&self.state);
        for role in self.state.accounts.iter_mut().flat_map(|account| &mut account.roles) {
            let bindings = || names.bindings(PolicyKind::Trust, &role.trust, default_account);
            role.trust_bindings = Some(role.trust_bindings.clone().unwrap_or_else(bindings));
        }
        for bucket in &mut self.state.buckets {
            if let (Some(policy), None) = (&bucket.policy, &bucket.policy_bindings) {
                bucket.policy_bindings = Some(names.bindings(PolicyKind::Bucket, policy, default_account));
            }
        }
    }
}

/// An account with nothing in it.
pub(super) fn empty(id: &AccountId) -> AccountEntry {
    AccountEntry {
        id: id.clone(),
        record: None,
        users: Vec::new(),
        groups: Vec::new(),
        roles: Vec::new(),
        policies: Vec::new(),
        providers: Vec::new(),
    }
}

/// Who has which name, in the order (is a role, account, folded name).
struct Names(BTreeMap<(bool, AccountId, String), (String, String, UniqueId)>);

impl Names {
    fn of(state: &State) -> Self {
        let mut names = BTreeMap::new();
        for account in &state.accounts {
            let mut add = |role: bool, path: &str, name: &str, id: &UniqueId| {
                let key = (role, account.id.clone(), folded(name));
                names.insert(key, (path.to_owned(), name.to_owned(), id.clone()));
            };
            account.users.iter().for_each(|user| add(false, &user.path, &user.name, &user.id));
            account.roles.iter().for_each(|role| add(true, &role.path, &role.name, &role.id));
        }
        Self(names)
    }

    fn bindings(&self, kind: PolicyKind, document: &Document, default_account: &AccountId) -> Bindings {
        let (unbound, mut bindings) = (Bindings::new(), Bindings::new());
        let options = ParseOptions { kind, default_account, bindings: &unbound };
        // One that does not parse is refused elsewhere.
        let Ok(policy) = Policy::parse(&document.text(), &options) else { return bindings };
        for arn in policy.principal_arns() {
            let Some(subject) = Subject::of(arn, default_account) else { continue };
            let key = (subject.kind != SubjectKind::User, subject.account.clone(), folded(&subject.name));
            if let Some((_, _, id)) = self.0.get(&key).filter(|(path, name, _)| subject.is(path, name)) {
                bindings.bind(arn, id.clone());
            }
        }
        bindings
    }
}
