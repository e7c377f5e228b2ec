//! A directory without caches: what the store holds now, for simulations and commands.

use super::builtin;
use crate::authn::{
    Answer, BucketEntry, CompiledPolicy, Directory, GroupEntry, KeyEntry, LookupError, PolicyEntry, ProviderEntry,
    RoleEntry, SessionEntry, UserEntry,
};
use crate::entity::{OidcProvider, User};
use crate::store::{RecordKey, Records, Stored, Versioned};
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

impl LiveDirectory<'_> {
    fn look_up<'a, S: Stored, T: 'a>(
        &'a self,
        key: RecordKey,
        compile: impl FnOnce(Versioned<S>) -> Result<T, LookupError> + Send + 'a,
    ) -> Answer<'a, T> {
        Answer::on_its_way(async move {
            let found = self.records.get(&key).await?;
            found.map(|stored| compile(stored).map(Arc::new)).transpose()
        })
    }
}

impl Directory for LiveDirectory<'_> {
    fn key<'a>(&'a self, _: &'a AccessKeyId, _: Option<IpAddr>) -> Answer<'a, KeyEntry> {
        Answer::at_hand(Ok(None))
    }

    fn user<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, UserEntry> {
        self.look_up(RecordKey::user(account, name), |stored| user_entry(stored, self.default_account))
    }

    fn role<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, RoleEntry> {
        self.look_up(RecordKey::role(account, name), |stored| RoleEntry::new(stored, self.default_account))
    }

    fn policy<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, PolicyEntry> {
        self.look_up(RecordKey::policy(account, name), |stored| PolicyEntry::new(&stored, self.default_account))
    }

    fn group<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, GroupEntry> {
        self.look_up(RecordKey::group(account, name), |stored| GroupEntry::new(stored, self.default_account))
    }

    fn provider<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, ProviderEntry> {
        self.look_up(RecordKey::oidc_provider(account, name), |stored: Versioned<OidcProvider>| {
            Ok(ProviderEntry { provider: stored.value, revision: stored.revision })
        })
    }

    fn bucket<'a>(&'a self, name: &'a str) -> Answer<'a, BucketEntry> {
        self.look_up(RecordKey::bucket(name), |stored| BucketEntry::new(stored, self.default_account))
    }

    fn session(&self, _: &str, _: &AccessKeyId, _: Timestamp) -> Result<Arc<SessionEntry>, token::Error> {
        Err(token::Error::UnknownKeyId)
    }
}
