//! Decisions on requests: context, trust, permits.
//!
//! [`Permit`] has no public constructor: whoever holds one has passed the policy engine.

mod operator;

pub use operator::operator;

use crate::entity::Owner;
use crate::store::RecordKey;
use crate::types::{AccountId, Principal, Requirement};

/// Proof that every requirement of one request was allowed.
#[derive(Debug)]
pub struct Permit {
    principal: Principal,
    account: AccountId,
    owner: Owner,
    requirements: Vec<Requirement>,
    evidence: Vec<(RecordKey, u64)>,
}

impl Permit {
    /// Who was allowed.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The caller's account, in which IAM calls act (security rule 16).
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Who will own what the caller makes (DESIGN section 3): a standalone user itself, of a role session the role's owner, else the account.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// What was allowed.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The records of the caller's account that the decision read, with their revisions: commits check them (security rule 17).
    pub fn evidence(&self) -> &[(RecordKey, u64)] {
        &self.evidence
    }
}
