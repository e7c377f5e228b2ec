//! Decisions on requests: context, trust, permits.
//!
//! [`Permit`] has no public constructor: whoever holds one has passed the policy engine. The functions
//! that build one are [`authorize`] and [`authorize_trust`]; reading their callers is reading who can grant.

pub mod builtin;
mod context;
mod decide;
mod denied;

pub use context::{request_context, resource_context, s3_context};
pub use decide::{Question, authorize, authorize_trust, caller_only, may};
pub use denied::Denied;

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
    statements: Vec<String>,
}

impl Permit {
    /// Who was allowed.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The caller's account, in which IAM calls act (security rule 16). Empty also for Anonymous, who
    /// never gets as far as a call that reads it.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Who will own what the caller makes (DESIGN section 3): a standalone user itself, of a role session
    /// the role's owner, else the account.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// What was allowed.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The records of the caller's account that the decision read, with their revisions: commits check
    /// them (security rule 17).
    pub fn evidence(&self) -> &[(RecordKey, u64)] {
        &self.evidence
    }

    /// The statements that allowed, as `policy#statement`, for the audit record.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// Adds records that the decision read beside those of the caller.
    #[must_use]
    pub fn with_evidence(mut self, more: impl IntoIterator<Item = (RecordKey, u64)>) -> Self {
        self.evidence.extend(more);
        self
    }

    /// A permit without a decision, for unit tests of what runs after one.
    #[cfg(test)]
    pub(crate) fn for_tests(principal: Principal, owner: Owner) -> Self {
        let account = principal.account().cloned().unwrap_or_else(AccountId::empty);
        Self { principal, account, owner, requirements: Vec::new(), evidence: Vec::new(), statements: Vec::new() }
    }

    /// The same with requirements and evidence.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn covering(self, requirements: Vec<Requirement>, evidence: Vec<(RecordKey, u64)>) -> Self {
        Self { requirements, evidence, ..self }
    }
}
