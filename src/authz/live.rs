//! A directory without caches: what the store holds now, for simulations and commands.

use super::builtin;
use crate::authn::{
    Answer, BucketEntry, CompiledPolicy, Directory, GroupEntry, KeyEntry, LookupError, PolicyEntry, ProviderEntry,
    RoleEntry, SessionEntry, UserEntry,
};
use crate::entity::User;
use crate::store::{RecordKey, Records, Versioned};
use crate::token;
use crate::types::{AccessKeyId, AccountId, Timestamp};
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

impl Directory for LiveDirectory<'_> {
    fn key<'a>(&'a self, _: &'a AccessKeyId, _: Option<IpAddr>) -> Answer<'a, KeyEntry> {
        Answer::at_hand(Ok(None))
    }

    fn user<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, UserEntry> {
        Answer::on_its_way(async move {
            let found = self.records.get(&RecordKey::user(account, name)).await?;
            found.map(|stored| user_entry(stored, self.default_account).map(Arc::new)).transpose()
        })
    }

    fn role<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, RoleEntry> {
        Answer::on_its_way(async move {
            let found = self.records.get(&RecordKey::role(account, name)).await?;
            found.map(|stored| RoleEntry::new(stored, self.default_account).map(Arc::new)).transpose()
        })
    }

    fn policy<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, PolicyEntry> {
        Answer::on_its_way(async move {
            let found = self.records.get(&RecordKey::policy(account, name)).await?;
            found.map(|stored| PolicyEntry::new(&stored, self.default_account).map(Arc::new)).transpose()
        })
    }

    fn group<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, GroupEntry> {
        Answer::on_its_way(async move {
            let found = self.records.get(&RecordKey::group(account, name)).await?;
            found.map(|stored| GroupEntry::new(stored, self.default_account).map(Arc::new)).transpose()
        })
    }

    fn provider<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, ProviderEntry> {
        Answer::on_its_way(async move {
            let found = self.records.get(&RecordKey::oidc_provider(account, name)).await?;
            Ok(found.map(|stored| Arc::new(ProviderEntry { provider: stored.value, revision: stored.revision })))
        })
    }

    fn bucket<'a>(&'a self, name: &'a str) -> Answer<'a, BucketEntry> {
        Answer::on_its_way(async move {
            let found = self.records.get(&RecordKey::bucket(name)).await?;
            found.map(|stored| BucketEntry::new(stored, self.default_account).map(Arc::new)).transpose()
        })
    }

    fn session(&self, _: &str, _: &AccessKeyId, _: Timestamp) -> Result<Arc<SessionEntry>, token::Error> {
        Err(token::Error::UnknownKeyId)
    }
}
