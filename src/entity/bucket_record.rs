//! Bucket records: global, claimed by compare-and-set on absence (security rule 1).

use super::{Owner, StoredPolicy};
use crate::types::AccountId;
use serde::{Deserialize, Serialize};

/// Where a bucket stands between claim and removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BucketState {
    /// Claimed by name; the backend has not yet said that it has no such bucket.
    Claimed,
    /// The backend said that it has none, and may have been asked to make it: if one is there now, it is
    /// this one. Admits only the owner's retry.
    Creating,
    /// In use.
    Active,
    /// The backend was asked to delete it. Admits only the owner's retry.
    Deleting,
}

impl BucketState {
    /// The state as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Creating => "creating",
            Self::Active => "active",
            Self::Deleting => "deleting",
        }
    }
}

/// A bucket record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketRecord {
    /// Bucket name.
    pub name: String,
    /// State.
    pub state: BucketState,
    /// Owning account.
    pub account: AccountId,
    /// The account itself or one of its standalone users.
    pub owner: Owner,
    /// Bucket policy.
    #[serde(default)]
    pub policy: Option<StoredPolicy>,
    /// Milliseconds since 1970: when the gate made or linked it.
    pub created: i64,
}
