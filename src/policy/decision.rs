//! What was decided, and why.

use super::span::{LineColumn, PathStep, Span, simulated_span, span_of};
use super::{Policy, PolicyKind};
use std::fmt;

/// The three ends of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Allowed.
    Allow,
    /// A matching Deny statement decided.
    ExplicitDeny,
    /// Nothing denied, but an Allow that was needed is lacking.
    ImplicitDeny,
}

/// A statement that made the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecidingStatement<'a> {
    /// Id of the policy, as given by the caller.
    pub policy: &'a str,
    /// The policy's kind.
    pub kind: PolicyKind,
    /// The statement's Sid, if it has one.
    pub sid: Option<&'a str>,
    /// The statement's place in the document, from 0.
    pub index: usize,
    pub(super) origin: Origin<'a>,
}

/// The policy that a statement is of. Two are equal if they are the same policy in memory.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a>(pub(super) &'a Policy);

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Origin<'_> {}

impl fmt::Debug for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.kind)
    }
}

impl DecidingStatement<'_> {
    /// Where the statement stands in its document. Sought in the text with every call.
    pub fn span(&self) -> Option<Span> {
        let document = self.origin.0.document();
        let steps = [PathStep::Member("Statement".into()), PathStep::Index(self.index)];
        span_of(document, &steps)
    }

    /// StartPosition and EndPosition as IAM's simulation reports them: the start is the end of what stands before
    /// the statement, and columns count from 1. Sought in the text with every call.
    pub fn simulated_span(&self) -> Option<(LineColumn, LineColumn)> {
        simulated_span(self.origin.0.document(), self.index)
    }
}

/// A decision with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The end.
    pub outcome: Outcome,
    /// The statements that decided: the matching Denies, or the matching Allows that were needed. Empty for
    /// [`Outcome::ImplicitDeny`].
    pub statements: Vec<DecidingStatement<'a>>,
    /// For a deny: the kind of policy that denied or lacked the Allow, the first of identity-based, boundary,
    /// session, resource-based, as AWS words its messages. None when allowed.
    pub cause: Option<PolicyKind>,
    /// Context keys that statements with matching principal, action and resource read and did not find, as the
    /// policies spell them. A caller that can supply one of them does so and decides again.
    pub missing_keys: Vec<&'a str>,
}

impl Decision<'_> {
    /// Whether the request is allowed.
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allow
    }
}
