//! The whole store as it is: its records, and the same as entries of a file.

use super::file::{
    AccountEntry, AccountRecord, BucketEntry, Document, GroupEntry, KeyEntry, Moment, PolicyEntry, RoleEntry, State,
    UserEntry, VersionEntry,
};
use super::provider;
use crate::entity::{AccessKey, Account, BucketRecord, Group, ManagedPolicy, OidcProvider, Role, StoredPolicy, User};
use crate::store::{self, Records, Scope, Stored, Versioned};
use crate::types::{AccessKeyId, AccountId};
use std::collections::BTreeMap;

/// Records read at once.
const BATCH: usize = 200;

/// The records of an account, each kind in the order of names.
#[derive(Default)]
pub(super) struct AccountSnapshot {
    pub(super) record: Option<Versioned<Account>>,
    pub(super) users: Vec<Versioned<User>>,
    pub(super) groups: Vec<Versioned<Group>>,
    pub(super) roles: Vec<Versioned<Role>>,
    pub(super) policies: Vec<Versioned<ManagedPolicy>>,
    pub(super) providers: Vec<Versioned<OidcProvider>>,
}

/// The records of a store.
pub(super) struct Snapshot {
    pub(super) accounts: BTreeMap<AccountId, AccountSnapshot>,
    pub(super) keys: BTreeMap<AccessKeyId, Versioned<AccessKey>>,
    pub(super) buckets: BTreeMap<String, Versioned<BucketRecord>>,
}

impl Snapshot {
    /// Reads everything. Not one moment: what changes meanwhile may be in it or not, and a commit that builds on it
    /// is refused.
    pub(super) async fn read(records: &Records, default_account: &AccountId) -> Result<Self, store::Error> {
        let mut accounts = BTreeMap::from([(default_account.clone(), AccountSnapshot::default())]);
        for record in all::<Account>(records, &Scope::Global).await? {
            let id = record.value.id.clone();
            accounts.entry(id).or_default().record = Some(record);
        }
        for (id, account) in &mut accounts {
            let scope = Scope::Account(id.clone());
            account.users = all(records, &scope).await?;
            account.groups = all(records, &scope).await?;
            account.roles = all(records, &scope).await?;
            account.policies = all(records, &scope).await?;
            account.providers = all(records, &scope).await?;
        }
        let keys = all::<AccessKey>(records, &Scope::Global).await?;
        let buckets = all::<BucketRecord>(records, &Scope::Global).await?;
        Ok(Self {
            accounts,
            keys: keys.into_iter().map(|key| (key.value.id.clone(), key)).collect(),
            buckets: buckets.into_iter().map(|bucket| (bucket.value.name.clone(), bucket)).collect(),
        })
    }

    /// The same as a file has it, without secrets.
    pub(super) fn state(&self) -> State {
        let accounts = self.accounts.iter().map(|(id, account)| AccountEntry {
            id: id.clone(),
            record: account
                .record
                .as_ref()
                .map(|found| AccountRecord { name: found.value.name.clone(), created: Moment(found.value.created) }),
            users: account.users.iter().map(|found| self.user(&found.value)).collect(),
            groups: account.groups.iter().map(|found| group(&found.value)).collect(),
            roles: account.roles.iter().map(|found| role(&found.value)).collect(),
            policies: account.policies.iter().map(|found| policy(&found.value)).collect(),
            providers: account.providers.iter().map(|found| provider::entry(&found.value)).collect(),
        });
        State {
            accounts: accounts.collect(),
            buckets: self.buckets.values().map(|found| bucket(&found.value)).collect(),
        }
    }

    fn user(&self, user: &User) -> UserEntry {
        // A listed key whose record is not there, or is another's, is none.
        let keys = user.access_keys.iter().filter_map(|id| AccessKeyId::parse(id).ok());
        let keys = keys.filter_map(|id| self.keys.get(&id)).map(|found| &found.value);
        let keys = keys.filter(|key| key.user_id == user.id).map(|key| KeyEntry {
            id: key.id.clone(),
            status: key.status,
            created: Moment(key.created),
            secret: None,
        });
        UserEntry {
            name: user.name.clone(),
            id: user.id.clone(),
            path: user.path.clone(),
            display_name: user.display_name.clone(),
            kind: user.kind,
            caps: user.caps.clone(),
            account_root: user.account_root,
            tags: user.tags.clone(),
            groups: user.groups.iter().map(|group| group.name.clone()).collect(),
            attached: user.attached.clone(),
            boundary: user.boundary.clone(),
            policies: documents(&user.policies),
            access_keys: keys.collect(),
            created: Moment(user.created),
        }
    }
}

fn group(group: &Group) -> GroupEntry {
    GroupEntry {
        name: group.name.clone(),
        id: group.id.clone(),
        path: group.path.clone(),
        attached: group.attached.clone(),
        policies: documents(&group.policies),
        created: Moment(group.created),
    }
}

fn role(role: &Role) -> RoleEntry {
    RoleEntry {
        name: role.name.clone(),
        id: role.id.clone(),
        path: role.path.clone(),
        description: role.description.clone(),
        max_session_duration: role.max_session_duration,
        owner: role.owner.clone(),
        trust: Document::of(&role.trust.document),
        trust_bindings: Some(role.trust.bindings.clone()),
        tags: role.tags.clone(),
        attached: role.attached.clone(),
        boundary: role.boundary.clone(),
        policies: documents(&role.policies),
        created: Moment(role.created),
    }
}

fn policy(policy: &ManagedPolicy) -> PolicyEntry {
    let versions = policy.versions.iter().map(|version| VersionEntry {
        number: version.number,
        created: Moment(version.created),
        document: Document::of(&version.policy.document),
    });
    PolicyEntry {
        name: policy.name.clone(),
        id: policy.id.clone(),
        path: policy.path.clone(),
        description: policy.description.clone(),
        tags: policy.tags.clone(),
        versions: versions.collect(),
        default_version: policy.default_version,
        next_version: policy.next_version,
        created: Moment(policy.created),
        updated: Moment(policy.updated),
    }
}

fn bucket(bucket: &BucketRecord) -> BucketEntry {
    BucketEntry {
        name: bucket.name.clone(),
        state: bucket.state,
        account: bucket.account.clone(),
        owner: bucket.owner.clone(),
        policy: bucket.policy.as_ref().map(|policy| Document::of(&policy.document)),
        policy_bindings: bucket.policy.as_ref().map(|policy| policy.bindings.clone()),
        created: Moment(bucket.created),
    }
}

fn documents(policies: &BTreeMap<String, StoredPolicy>) -> BTreeMap<String, Document> {
    policies.iter().map(|(name, policy)| (name.clone(), Document::of(&policy.document))).collect()
}

async fn all<T: Stored>(records: &Records, scope: &Scope) -> Result<Vec<Versioned<T>>, store::Error> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let batch: Vec<Versioned<T>> = records.list(scope, after.as_deref(), BATCH).await?;
        let ended = batch.len() < BATCH;
        after = batch.last().map(|last| last.value.record_key().name);
        found.extend(batch);
        if ended {
            return Ok(found);
        }
    }
}
