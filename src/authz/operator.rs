//! The permit of the operator, who runs commands on the store itself.

use super::{Permit, Reach};
use crate::entity::Owner;
use crate::types::{AccountId, Principal, Requirement};
use std::sync::Arc;

/// Who can run commands holds the store key and the store, and so can write any record: there is nothing left
/// to decide. Commands act as the root of the account, and what they make belongs to the account. Called by
/// `cli` alone; never on the way of a request.
pub fn operator(account: &AccountId, requirements: Vec<Requirement>) -> Permit {
    Permit {
        principal: Arc::new(Principal::Root { account: account.clone() }),
        account: account.clone(),
        owner: Owner::Account,
        reach: Reach::Account,
        requirements,
        evidence: Vec::new(),
        statements: Vec::new(),
    }
}
