//! What commands do to the store: accounts, users, keys, caps, groups, roles, providers.
//!
//! Accounts, standalone users and caps change by command only (security rule 13). Groups, roles, their policies and
//! providers go through `iam` itself, so that names, quotas and policies are judged by the same code as in the API; what is made
//! belongs to the account.

mod accounts;
mod buckets;
mod error;
mod groups;
mod keys;
mod policies;
mod providers;
mod roles;
mod sessions;
mod users;

pub use crate::iam::access_key::IssuedKey;
pub use buckets::BucketError;
pub use error::Error;
pub(super) use groups::PolicyOwner;
pub use providers::{NewProvider, ProviderChange};
pub use sessions::{SessionsOf, WhichSessions};
pub use users::NewUser;

use crate::entity::quota;
use crate::iam::access_key::Claims;
use crate::store::{Records, Scope};
use crate::types::{AccountId, Entropy, Timestamp};

/// Long-term keys that a user may have.
pub const KEYS_QUOTA: usize = quota::ACCESS_KEYS;

/// How often a change is tried anew when its record was changed meanwhile.
const ATTEMPTS: usize = 5;
/// How many records a listing reads at a time.
const BATCH: usize = 200;

/// The store in the operator's hands.
#[derive(Clone, Copy)]
pub struct Administration<'a> {
    /// The typed store.
    pub records: &'a Records,
    /// The account that commands work on.
    pub account: &'a AccountId,
    /// What an empty account field in an ARN means.
    pub default_account: &'a AccountId,
    /// For ids, key ids and secrets.
    pub entropy: &'a dyn Entropy,
    /// The present time.
    pub now: Timestamp,
}

impl<'a> Administration<'a> {
    fn scope(&self) -> Scope {
        Scope::Account(self.account.clone())
    }

    fn claims(&self) -> Claims<'a> {
        Claims { records: self.records, entropy: self.entropy, now: self.now }
    }
}

#[cfg(test)]
mod tests;
