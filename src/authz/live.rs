//! A directory without caches: what the store holds now, for simulations and commands.

use super::builtin;
use crate::authn::{
    BucketEntry, CompiledPolicy, Directory, GroupEntry, KeyEntry, LookupError, PolicyEntry, ProviderEntry, RoleEntry,
    SessionEntry, UserEntry,
};
use crate::entity::User;
use crate::store::{RecordKey, Records, Versioned};
use crate::token;
use crate::types::{AccessKeyId, AccountId, Timestamp};
use async_trait::async_trait;
use std::net::IpAddr;
use std::sync::Arc;

/// A user with its policies compiled, those that its caps stand for among them.
pub fn user_entry(stored: Versioned<User>, default_account: &AccountId) -> Result<UserEntry, LookupError> {
    let caps =
        builtin::caps_policy(&stored.value.caps).map(|policy| CompiledPolicy { name: "caps".to_owned(), policy });
    UserEntry::new(stored, caps, default_account)
}

/// Entities as they are in the store. Finds no credentials: nobody is authenticated with it.
#[derive(Clone, Copy)]
pub struct LiveDirectory<'a> {
    /// The store.
    pub records: &'a Records,
    /// What an empty account field in an ARN means.
    pub default_account: &'a AccountId,
}

#[async_trait]
impl Directory for LiveDirectory<'_> {
    async fn key(&self, _: &AccessKeyId, _: Option<IpAddr>) -> Result<Option<Arc<KeyEntry>>, LookupError> {
        Ok(None)
    }

    async fn user(&self, account: &AccountId, name: &str) -> Result<Option<Arc<UserEntry>>, LookupError> {
        let found = self.records.get(&RecordKey::user(account, name)).await?;
        found.map(|stored| user_entry(stored, self.default_account).map(Arc::new)).transpose()
    }

    async fn role(&self, account: &AccountId, name: &str) -> Result<Option<Arc<RoleEntry>>, LookupError> {
        let found = self.records.get(&RecordKey::role(account, name)).await?;
        found.map(|stored| RoleEntry::new(stored, self.default_account).map(Arc::new)).transpose()
    }

    async fn policy(&self, account: &AccountId, name: &str) -> Result<Option<Arc<PolicyEntry>>, LookupError> {
        let found = self.records.get(&RecordKey::policy(account, name)).await?;
        found.map(|stored| PolicyEntry::new(&stored, self.default_account).map(Arc::new)).transpose()
    }

    async fn group(&self, account: &AccountId, name: &str) -> Result<Option<Arc<GroupEntry>>, LookupError> {
        let found = self.records.get(&RecordKey::group(account, name)).await?;
        found.map(|stored| GroupEntry::new(stored, self.default_account).map(Arc::new)).transpose()
    }

    async fn provider(&self, account: &AccountId, name: &str) -> Result<Option<Arc<ProviderEntry>>, LookupError> {
        let found = self.records.get(&RecordKey::oidc_provider(account, name)).await?;
        Ok(found.map(|stored| Arc::new(ProviderEntry { provider: stored.value, revision: stored.revision })))
    }

    async fn bucket(&self, name: &str) -> Result<Option<Arc<BucketEntry>>, LookupError> {
        let found = self.records.get(&RecordKey::bucket(name)).await?;
        found.map(|stored| BucketEntry::new(stored, self.default_account).map(Arc::new)).transpose()
    }

    fn session(&self, _: &str, _: &AccessKeyId, _: Timestamp) -> Result<Arc<SessionEntry>, token::Error> {
        Err(token::Error::UnknownKeyId)
    }
}
