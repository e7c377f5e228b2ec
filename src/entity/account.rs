//! Accounts. The default account is there without a record; others are made by command.

use crate::types::AccountId;
use serde::{Deserialize, Serialize};

/// An account record; global.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The id.
    pub id: AccountId,
    /// A name for people.
    pub name: String,
    /// Milliseconds since 1970.
    pub created: i64,
}
