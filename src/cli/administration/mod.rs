//! What commands do to the store: users, keys, caps, roles.
//!
//! Users, keys and caps change by command only (security rule 13). Roles go through `iam` itself, so that names,
//! quotas and policies are judged by the same code as in the API; what is made belongs to the account.

mod buckets;
mod error;
mod keys;
mod roles;
mod users;

pub use buckets::BucketError;
pub use error::Error;
pub use keys::IssuedKey;
pub use users::NewUser;

use crate::entity::quota;
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
    /// For ids, key ids and secrets.
    pub entropy: &'a dyn Entropy,
    /// The present time.
    pub now: Timestamp,
}

impl Administration<'_> {
    fn scope(&self) -> Scope {
        Scope::Account(self.account.clone())
    }
}

#[cfg(test)]
mod tests;
