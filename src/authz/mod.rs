//! Decisions on requests: context, trust, permits.
//!
//! [`Permit`] has no public constructor: whoever holds one has passed the policy engine. The functions
//! that build one are [`authorize`], [`authorize_trust`] and [`authorize_web_identity`]; reading their callers is reading who can grant.

pub mod builtin;
mod context;
mod decide;
mod denied;
mod keeper;
mod live;
mod slots;

pub use context::{principal_context, request_context, resource_context, s3_context, web_identity_context};
pub use decide::{
    Question, TagFacts, authorize, authorize_trust, authorize_web_identity, caller_only, may, unfetched_key,
};
pub use denied::Denied;
pub use keeper::keeps_bucket_policy;
pub use live::{LiveDirectory, user_entry};
pub use slots::{Origin, Subject};

mod operator;

pub use operator::operator;

use crate::entity::{Caps, Owner};
use crate::store::RecordKey;
use crate::types::{AccountId, Principal, Requirement};
use std::sync::Arc;

/// Which entities of the account the caller's rights reach (security rule 13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All.
    Account,
    /// What standalone users own, and standalone users whose caps are within these: the caller is one of them, and
    /// administers by caps.
    Standalone(Caps),
}

/// Proof that every requirement of one request was allowed.
#[derive(Debug)]
pub struct Permit {
    principal: Arc<Principal>,
    account: AccountId,
    owner: Owner,
    reach: Reach,
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

    /// Which entities the caller's rights reach.
    pub fn reach(&self) -> &Reach {
        &self.reach
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
        let reach = match &owner {
            Owner::Account => Reach::Account,
            Owner::User { .. } => Reach::Standalone(Caps::default()),
        };
        let (requirements, evidence, statements) = (Vec::new(), Vec::new(), Vec::new());
        Self { principal: Arc::new(principal), account, owner, reach, requirements, evidence, statements }
    }

    /// The same with requirements and evidence.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn covering(self, requirements: Vec<Requirement>, evidence: Vec<(RecordKey, u64)>) -> Self {
        Self { requirements, evidence, ..self }
    }
}
