//! What a caller is granted by reference: managed policies, groups, the permissions boundary.
//!
//! Resolved with the credential, at every request, from entries that the directory has cached. A reference that
//! leads nowhere is an error, never skipped: a boundary or a Deny that went unread would allow (security rule 18).

use super::directory::{CompiledPolicy, Directory, LookupError};
use crate::entity::{AwsManagedPolicy, Group, ManagedPolicy, Role, StoredPolicy, User};
use crate::policy::{Bindings, PolicyKind};
use crate::store::{RecordKey, Versioned};
use crate::types::{AccountId, Arn, UniqueId};
use std::sync::{Arc, LazyLock};

/// A managed policy, the version that counts compiled.
#[derive(Debug)]
pub struct PolicyEntry {
    /// The document, named by the policy's ARN.
    pub compiled: CompiledPolicy,
    /// Key and revision of its record, as evidence for commits; none for AWS's own.
    pub evidence: Option<(RecordKey, u64)>,
}

impl PolicyEntry {
    /// Compiles the version of a policy that counts.
    pub fn new(stored: &Versioned<ManagedPolicy>, default_account: &AccountId) -> Result<Self, LookupError> {
        let (key, revision) = stored.evidence();
        let bad = || LookupError::BadPolicy(key.clone());
        let version = stored.value.default().ok_or_else(bad)?;
        let policy = version.policy.compile(PolicyKind::Identity, default_account).map_err(|_| bad())?;
        Ok(Self { compiled: CompiledPolicy { name: stored.value.arn(), policy }, evidence: Some((key, revision)) })
    }

    /// One of AWS's own policies, by ARN.
    pub fn of_aws(arn: &str) -> Option<Arc<Self>> {
        static TABLE: LazyLock<Vec<Arc<PolicyEntry>>> =
            LazyLock::new(|| AwsManagedPolicy::ALL.iter().filter_map(compile_aws).map(Arc::new).collect());
        TABLE.iter().find(|entry| entry.compiled.name == arn).map(Arc::clone)
    }
}

/// INVARIANT: the table's documents parse, as a test of the table holds. One that did not would resolve nowhere, and
/// so deny.
fn compile_aws(policy: &AwsManagedPolicy) -> Option<PolicyEntry> {
    let stored = StoredPolicy { document: policy.document.to_owned(), bindings: Bindings::new() };
    let compiled = stored.compile(PolicyKind::Identity, &AccountId::empty()).ok()?;
    Some(PolicyEntry { compiled: CompiledPolicy { name: policy.arn(), policy: compiled }, evidence: None })
}

/// A stored reference to a managed policy, taken apart once.
#[derive(Debug, Clone)]
pub struct PolicyRef(Source);

#[derive(Debug, Clone)]
enum Source {
    Aws(Arc<PolicyEntry>),
    Own { arn: Box<str>, account: AccountId, name: Box<str> },
}

impl PolicyRef {
    /// The reference `arn` of an entity of `account`. None where it can lead nowhere: it is no ARN of a policy, or of
    /// another account's, or AWS has no such policy.
    pub fn parse(arn: &str, account: &AccountId) -> Option<Self> {
        if let Some(entry) = PolicyEntry::of_aws(arn) {
            return Some(Self(Source::Aws(entry)));
        }
        let parsed = Arn::parse(arn).ok()?;
        let full_name = parsed.resource.strip_prefix("policy/")?;
        if parsed.service != "iam" || parsed.account != account.as_str() {
            return None;
        }
        let name = full_name.rsplit('/').next()?;
        Some(Self(Source::Own { arn: arn.into(), account: account.clone(), name: name.into() }))
    }

    async fn resolve(&self, directory: &dyn Directory) -> Result<Arc<PolicyEntry>, LookupError> {
        match &self.0 {
            Source::Aws(entry) => Ok(Arc::clone(entry)),
            Source::Own { arn, account, name } => {
                let found = directory.policy(account, name).await?;
                found
                    .filter(|entry| *entry.compiled.name == **arn)
                    .ok_or_else(|| LookupError::Missing(RecordKey::policy(account, name)))
            }
        }
    }
}

/// A group with its policies compiled.
#[derive(Debug)]
pub struct GroupEntry {
    /// The record.
    pub group: Group,
    /// Its revision, as evidence for commits.
    pub revision: u64,
    /// Inline policies.
    pub policies: Vec<CompiledPolicy>,
    /// Attached managed policies.
    pub attached: Vec<PolicyRef>,
}

impl GroupEntry {
    /// Compiles a group's policies.
    pub fn new(stored: Versioned<Group>, default_account: &AccountId) -> Result<Self, LookupError> {
        let (key, revision) = stored.evidence();
        let policies = super::directory::compile_all(&key, &stored.value.policies, default_account)?;
        let attached = references(&key, &stored.value.attached, &stored.value.account)?;
        Ok(Self { group: stored.value, revision, policies, attached })
    }
}

/// The references of an entity, all of which must lead somewhere.
pub(super) fn references(key: &RecordKey, arns: &[String], account: &AccountId) -> Result<Vec<PolicyRef>, LookupError> {
    let parse = |arn: &String| PolicyRef::parse(arn, account).ok_or_else(|| LookupError::Missing(key.clone()));
    arns.iter().map(parse).collect()
}

/// What a user's record refers to.
#[derive(Debug, Default)]
pub struct References {
    /// Attached managed policies.
    pub attached: Vec<PolicyRef>,
    /// The permissions boundary.
    pub boundary: Option<PolicyRef>,
    /// Groups: account, name, unique id.
    pub groups: Vec<(AccountId, String, UniqueId)>,
}

impl References {
    /// Those of a user.
    pub fn of_user(user: &User) -> Result<Self, LookupError> {
        let key = RecordKey::user(&user.account, &user.name);
        let groups = user.groups.iter().map(|group| (user.account.clone(), group.name.clone(), group.id.clone()));
        Ok(Self { groups: groups.collect(), ..Self::of(&key, &user.attached, user.boundary.as_ref(), &user.account)? })
    }

    /// Those of a role.
    pub fn of_role(role: &Role) -> Result<Self, LookupError> {
        let key = RecordKey::role(&role.account, &role.name);
        Self::of(&key, &role.attached, role.boundary.as_ref(), &role.account)
    }

    fn of(
        key: &RecordKey,
        attached: &[String],
        boundary: Option<&String>,
        account: &AccountId,
    ) -> Result<Self, LookupError> {
        let boundary = references(key, boundary.map_or(&[], std::slice::from_ref), account)?.pop();
        Ok(Self { attached: references(key, attached, account)?, boundary, groups: Vec::new() })
    }

    /// Looks all of them up.
    pub async fn resolve(&self, directory: &dyn Directory) -> Result<Grants, LookupError> {
        let mut grants = Grants { policies: resolve_all(&self.attached, directory).await?, ..Grants::default() };
        for (account, name, id) in &self.groups {
            let found = directory.group(account, name).await?.filter(|entry| entry.group.id == *id);
            let entry = found.ok_or_else(|| LookupError::Missing(RecordKey::group(account, name)))?;
            let policies = resolve_all(&entry.attached, directory).await?;
            grants.groups.push((entry, policies));
        }
        if let Some(boundary) = &self.boundary {
            grants.boundary = Some(boundary.resolve(directory).await?);
        }
        Ok(grants)
    }
}

/// Looks up a list of references.
pub(super) async fn resolve_all(
    references: &[PolicyRef],
    directory: &dyn Directory,
) -> Result<Vec<Arc<PolicyEntry>>, LookupError> {
    let mut found = Vec::with_capacity(references.len());
    for reference in references {
        found.push(reference.resolve(directory).await?);
    }
    Ok(found)
}

/// What a caller's references led to.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// Managed policies attached to the user or role.
    pub policies: Vec<Arc<PolicyEntry>>,
    /// The user's groups, each with the managed policies attached to it.
    pub groups: Vec<(Arc<GroupEntry>, Vec<Arc<PolicyEntry>>)>,
    /// The permissions boundary of the user or role.
    pub boundary: Option<Arc<PolicyEntry>>,
    /// Managed policies given as session policies.
    pub session: Vec<Arc<PolicyEntry>>,
}

impl Grants {
    /// What a group by itself grants.
    pub async fn of_group(group: Arc<GroupEntry>, directory: &dyn Directory) -> Result<Self, LookupError> {
        let attached = resolve_all(&group.attached, directory).await?;
        Ok(Self { groups: vec![(group, attached)], ..Self::default() })
    }

    /// Keys and revisions of all records that were read (security rule 17).
    pub fn evidence(&self) -> impl Iterator<Item = (RecordKey, u64)> {
        let groups = self
            .groups
            .iter()
            .map(|(entry, _)| (RecordKey::group(&entry.group.account, &entry.group.name), entry.revision));
        let of_groups = self.groups.iter().flat_map(|(_, attached)| attached);
        let policies = self.policies.iter().chain(of_groups).chain(&self.boundary).chain(&self.session);
        groups.chain(policies.filter_map(|entry| entry.evidence.clone()))
    }
}
