//! The commits that make the store what it is to become. A commit is of one scope: first what is global (accounts,
//! claims of keys, buckets), then each account as a whole, the default one last, then what nobody names any more goes.
//! A run that was broken off is finished by the next; until the default account is there, a store counts as empty.

use super::file::{
    AccountEntry, BucketEntry, Document, GroupEntry, KeyEntry, PolicyEntry, RoleEntry, State, UserEntry,
};
use super::overlay::{Target, empty};
use super::provider;
use super::snapshot::{AccountSnapshot, Snapshot};
use crate::entity::{
    AccessKey, Account, BucketRecord, Group, ManagedPolicy, Named, OidcProvider, PolicyUse, PolicyVersion, Revocations,
    Role, StoredPolicy, UseKind, User,
};
use crate::policy::Bindings;
use crate::store::{self, Changes, Records, Stored, Versioned};
use crate::types::{AccessKeyId, AccountId, Secret, Timestamp, UniqueId};
use std::collections::{BTreeMap, BTreeSet};

/// The commits, in their order.
pub(super) struct Steps(Vec<Changes>);

/// What the steps are made with.
pub(super) struct Maker<'a> {
    pub(super) records: &'a Records,
    pub(super) snapshot: &'a Snapshot,
    pub(super) target: &'a Target,
    pub(super) default_account: &'a AccountId,
    pub(super) now: Timestamp,
}

impl Steps {
    /// Does them one after the other. After an error those before it are done.
    pub(super) async fn apply(self, records: &Records) -> Result<(), store::Error> {
        for changes in self.0 {
            records.commit(changes).await?;
        }
        Ok(())
    }
}

impl Maker<'_> {
    /// The steps, and the keys whose secrets change.
    pub(super) fn steps(&self) -> Result<(Steps, BTreeSet<AccessKeyId>), store::Error> {
        let state = &self.target.state;
        let (first, changed) = self.claims(state)?;
        let mut steps = vec![first];
        let nothing = AccountSnapshot::default();
        let is_default = |account: &&AccountEntry| account.id == *self.default_account;
        let others = state.accounts.iter().filter(|account| !is_default(account));
        for account in others.chain(state.accounts.iter().filter(is_default)) {
            steps.push(self.account(account, self.snapshot.accounts.get(&account.id).unwrap_or(&nothing)));
        }
        let gone = self.snapshot.accounts.iter().filter(|(id, _)| !state.accounts.iter().any(|kept| kept.id == **id));
        for (id, old) in gone {
            steps.push(self.account(&empty(id), old));
        }
        steps.push(self.last(state));
        steps.retain(|changes| changes.written().next().is_some());
        Ok((Steps(steps), changed))
    }

    /// Accounts, buckets and keys: a user never lists a key that is someone else's.
    fn claims(&self, state: &State) -> Result<(Changes, BTreeSet<AccessKeyId>), store::Error> {
        let (mut changes, mut changed) = (Changes::new(), BTreeSet::new());
        for account in &state.accounts {
            if let Some(record) = &account.record {
                let old = self.snapshot.accounts.get(&account.id).and_then(|old| old.record.as_ref());
                let id = account.id.clone();
                let new = Account { id, name: record.name.clone(), created: record.created.0 };
                changes = put(changes, old, &new);
            }
            for user in &account.users {
                for key in &user.access_keys {
                    let old = self.snapshot.keys.get(&key.id);
                    let secret = self.new_secret(key, old)?;
                    if secret.is_some() && old.is_some() {
                        changed.insert(key.id.clone());
                    }
                    if let Some(new) = self.key(&account.id, user, key, old, secret) {
                        changes = put(changes, old, &new);
                    }
                }
            }
        }
        for bucket in &state.buckets {
            changes = put(changes, self.snapshot.buckets.get(&bucket.name), &bucket_record(bucket));
        }
        Ok((changes, changed))
    }

    /// The secret that the file has for the key, if the store has another or none.
    fn new_secret(&self, key: &KeyEntry, old: Option<&Versioned<AccessKey>>) -> Result<Option<&Secret>, store::Error> {
        let Some(secret) = self.target.secrets.get(&key.id) else { return Ok(None) };
        let same = match old {
            Some(old) => self.records.open_secret(&old.value)?.same_as(secret.expose()),
            None => false,
        };
        Ok(Some(secret).filter(|_| !same))
    }

    fn key(
        &self,
        account: &AccountId,
        user: &UserEntry,
        key: &KeyEntry,
        old: Option<&Versioned<AccessKey>>,
        secret: Option<&Secret>,
    ) -> Option<AccessKey> {
        let sealed = secret.map(|secret| self.records.seal_secret(&user.id, &key.id, secret));
        let (user_name, status, created) = (user.name.clone(), key.status, key.created.0);
        match (old, sealed) {
            (Some(old), sealed) => {
                let old = old.value.clone();
                let sealed_secret = sealed.unwrap_or_else(|| old.sealed_secret.clone());
                Some(AccessKey { user_name, next_user_name: None, status, created, sealed_secret, ..old })
            }
            (None, Some(sealed_secret)) => {
                let (id, account, user_id) = (key.id.clone(), account.clone(), user.id.clone());
                Some(AccessKey {
                    id,
                    account,
                    user_name,
                    next_user_name: None,
                    user_id,
                    status,
                    sealed_secret,
                    created,
                })
            }
            (None, None) => None,
        }
    }

    fn account(&self, entry: &AccountEntry, old: &AccountSnapshot) -> Changes {
        let account = &entry.id;
        let uses = Uses::of(entry);
        let mut changes = Changes::new();
        changes =
            kind(changes, &old.policies, entry.policies.iter(), |p| &p.id, |policy, _| uses.policy(account, policy));
        changes = kind(
            changes,
            &old.groups,
            entry.groups.iter(),
            |g| &g.id,
            |group, old| group_record(account, group, &entry.users, old),
        );
        let groups: BTreeMap<&str, &UniqueId> =
            entry.groups.iter().map(|group| (group.name.as_str(), &group.id)).collect();
        changes = kind(
            changes,
            &old.users,
            entry.users.iter(),
            |u| &u.id,
            |user, old| user_record(account, user, &groups, old, self.now),
        );
        changes = kind(
            changes,
            &old.roles,
            entry.roles.iter(),
            |r| &r.id,
            |role, old| role_record(account, role, old, self.now),
        );
        kind(
            changes,
            &old.providers,
            entry.providers.iter(),
            |p| &p.id,
            |entry, old| provider::record(account, entry, old, self.now),
        )
    }

    /// The records of buckets, keys and accounts that are no more.
    fn last(&self, state: &State) -> Changes {
        let mut changes = Changes::new();
        let kept: BTreeSet<&String> = state.buckets.iter().map(|bucket| &bucket.name).collect();
        for (_, old) in self.snapshot.buckets.iter().filter(|(name, _)| !kept.contains(name)) {
            changes = changes.delete(old);
        }
        let users = || state.accounts.iter().flat_map(|account| &account.users);
        let listed: BTreeSet<&AccessKeyId> = users().flat_map(|user| &user.access_keys).map(|key| &key.id).collect();
        for (id, old) in self.snapshot.keys.iter().filter(|(id, _)| !listed.contains(id)) {
            // A claim that no user lists may be a command's that is running: only keys that were listed go.
            let was_listed = self.snapshot.accounts.values().flat_map(|account| &account.users).any(|user| {
                user.value.id == old.value.user_id && user.value.access_keys.iter().any(|key| key == id.as_str())
            });
            if was_listed {
                changes = changes.delete(old);
            }
        }
        for (id, account) in &self.snapshot.accounts {
            if let Some(old) = account.record.as_ref().filter(|_| !state.accounts.iter().any(|kept| kept.id == *id)) {
                changes = changes.delete(old);
            }
        }
        changes
    }
}

/// Makes or changes one record; one that is as it should be must stay so.
fn put<T: Stored + PartialEq>(changes: Changes, old: Option<&Versioned<T>>, new: &T) -> Changes {
    match old {
        None => changes.create(new),
        Some(old) if old.value == *new => changes.check_all(&[old.evidence()]),
        Some(old) => changes.update(old, new),
    }
}

/// All entities of a kind in an account: what is not wanted goes.
fn kind<'e, E: 'e, T: Stored + PartialEq + Identified>(
    mut changes: Changes,
    old: &[Versioned<T>],
    entries: impl Iterator<Item = &'e E>,
    id: impl Fn(&E) -> &UniqueId,
    record: impl Fn(&E, Option<&T>) -> T,
) -> Changes {
    let mut known: BTreeMap<&UniqueId, &Versioned<T>> = old.iter().map(|old| (old.value.unique_id(), old)).collect();
    for entry in entries {
        let old = known.remove(id(entry));
        let new = record(entry, old.map(|old| &old.value));
        changes = put(changes, old, &new);
    }
    known.into_values().fold(changes, |changes, old| changes.delete(old))
}

trait Identified {
    fn unique_id(&self) -> &UniqueId;
}

macro_rules! identified {
    ($($type:ty)*) => {$(
        impl Identified for $type {
            fn unique_id(&self) -> &UniqueId {
                &self.id
            }
        }
    )*};
}

identified!(User Group Role ManagedPolicy OidcProvider);

/// What uses each policy: the side of an attachment that the file does not have.
struct Uses {
    attached: BTreeMap<String, BTreeSet<PolicyUse>>,
    boundaries: BTreeMap<String, BTreeSet<PolicyUse>>,
}

impl Uses {
    fn of(account: &AccountEntry) -> Self {
        let mut uses = Self { attached: BTreeMap::new(), boundaries: BTreeMap::new() };
        for user in &account.users {
            uses.add(UseKind::User, (&user.name, &user.id), &user.attached, user.boundary.as_ref());
        }
        for group in &account.groups {
            uses.add(UseKind::Group, (&group.name, &group.id), &group.attached, None);
        }
        for role in &account.roles {
            uses.add(UseKind::Role, (&role.name, &role.id), &role.attached, role.boundary.as_ref());
        }
        uses
    }

    fn add(&mut self, kind: UseKind, (name, id): (&str, &UniqueId), attached: &[String], boundary: Option<&String>) {
        let of = || PolicyUse { kind, name: name.to_owned(), id: id.clone() };
        for arn in attached {
            self.attached.entry(arn.clone()).or_default().insert(of());
        }
        if let Some(arn) = boundary {
            self.boundaries.entry(arn.clone()).or_default().insert(of());
        }
    }

    fn policy(&self, account: &AccountId, entry: &PolicyEntry) -> ManagedPolicy {
        let arn = entry.arn(account);
        let versions = entry.versions.iter().map(|version| PolicyVersion {
            number: version.number,
            policy: identity(&version.document),
            created: version.created.0,
        });
        ManagedPolicy {
            account: account.clone(),
            name: entry.name.clone(),
            path: entry.path.clone(),
            id: entry.id.clone(),
            description: entry.description.clone(),
            tags: entry.tags.clone(),
            versions: versions.collect(),
            default_version: entry.default_version,
            next_version: entry.next_version,
            created: entry.created.0,
            updated: entry.updated.0,
            attachments: self.attached.get(&arn).cloned().unwrap_or_default(),
            boundary_of: self.boundaries.get(&arn).cloned().unwrap_or_default(),
        }
    }
}

fn group_record(account: &AccountId, entry: &GroupEntry, users: &[UserEntry], old: Option<&Group>) -> Group {
    let inside = users.iter().filter(|user| user.groups.contains(&entry.name));
    let mut members: Vec<Named> = inside.map(|user| Named { name: user.name.clone(), id: user.id.clone() }).collect();
    // Those that are in it keep their order.
    let order = |member: &Named| {
        let old = old.map(|old| old.members.as_slice()).unwrap_or_default();
        old.iter().position(|before| before.id == member.id).unwrap_or(usize::MAX)
    };
    members.sort_by_key(order);
    Group {
        account: account.clone(),
        name: entry.name.clone(),
        path: entry.path.clone(),
        id: entry.id.clone(),
        policies: inline(&entry.policies),
        attached: entry.attached.clone(),
        members,
        created: entry.created.0,
    }
}

fn user_record(
    account: &AccountId,
    entry: &UserEntry,
    groups: &BTreeMap<&str, &UniqueId>,
    old: Option<&User>,
    now: Timestamp,
) -> User {
    let named = |name: &String| groups.get(name.as_str()).map(|id| Named { name: name.clone(), id: (*id).clone() });
    User {
        account: account.clone(),
        name: entry.name.clone(),
        path: entry.path.clone(),
        id: entry.id.clone(),
        display_name: entry.display_name.clone(),
        kind: entry.kind,
        caps: entry.caps.clone(),
        access_keys: entry.access_keys.iter().map(|key| key.id.to_string()).collect(),
        policies: inline(&entry.policies),
        tags: entry.tags.clone(),
        attached: entry.attached.clone(),
        boundary: entry.boundary.clone(),
        groups: entry.groups.iter().filter_map(named).collect(),
        account_root: entry.account_root,
        epoch: old.map_or(0, |old| old.epoch),
        revoked: old.map_or_else(|| since(now), |old| old.revoked.clone()),
        created: entry.created.0,
    }
}

fn role_record(account: &AccountId, entry: &RoleEntry, old: Option<&Role>, now: Timestamp) -> Role {
    Role {
        account: account.clone(),
        name: entry.name.clone(),
        path: entry.path.clone(),
        id: entry.id.clone(),
        description: entry.description.clone(),
        max_session_duration: entry.max_session_duration,
        trust: bound(&entry.trust, entry.trust_bindings.as_ref()),
        policies: inline(&entry.policies),
        tags: entry.tags.clone(),
        owner: entry.owner.clone(),
        attached: entry.attached.clone(),
        boundary: entry.boundary.clone(),
        epoch: old.map_or(0, |old| old.epoch),
        revoked: old.map_or_else(|| since(now), |old| old.revoked.clone()),
        created: entry.created.0,
    }
}

/// Sessions of before are over: one who was removed and comes back with the id of then must not bring back sessions
/// that had been revoked (security rule 21).
fn since(now: Timestamp) -> Revocations {
    Revocations { before: Some(Timestamp::from_seconds(now.seconds()).millis()), ..Revocations::default() }
}

fn bucket_record(entry: &BucketEntry) -> BucketRecord {
    BucketRecord {
        name: entry.name.clone(),
        state: entry.state,
        account: entry.account.clone(),
        owner: entry.owner.clone(),
        policy: entry.policy.as_ref().map(|policy| bound(policy, entry.policy_bindings.as_ref())),
        created: entry.created.0,
    }
}

fn inline(policies: &BTreeMap<String, Document>) -> BTreeMap<String, StoredPolicy> {
    policies.iter().map(|(name, document)| (name.clone(), identity(document))).collect()
}

fn identity(document: &Document) -> StoredPolicy {
    bound(document, None)
}

fn bound(document: &Document, bindings: Option<&Bindings>) -> StoredPolicy {
    StoredPolicy { document: document.text(), bindings: bindings.cloned().unwrap_or_default() }
}
