//! The policy decision point: IAM's policy language, parsed once and decided often.
//!
//! Owns the grammar of policy documents (what AWS refuses is refused here, with place and reason), their compiled
//! form, and the combination of policies into a decision. Pure: no I/O, no clock, no locks; a compiled [`Policy`]
//! is immutable and shared. Follows AWS's IAM user guide ("Grammar of the IAM JSON policy language", "Policy
//! evaluation logic") and security rules 12 to 15 and 18: built-in rights come in as policies, so the evaluator
//! has no flag for root, ownership or caps; what is missing denies.
//!
//! Choices where the texts are silent:
//! * Element names and condition operators are taken with exact case.
//! * A Deny for `*` reaches web identities too; an Allow for `*` never does (rule 15).
//! * `Null` takes neither `IfExists` nor a set qualifier.
//! * An empty list is refused everywhere, in conditions too.
//! * A multi-valued key has no value for a variable.
//! * In the same account a resource policy lifts the limits of session policies only where it names the role
//!   session itself, not by `*` and not by the ARN of a user from whom the session was made. Where it names the
//!   user for whom a federated session stands, it is cut by that user's boundary as well. A federated session that
//!   it names has nothing without a session policy all the same (rule 16).
//! * An empty text is a value, for `Null`, `ForAllValues` and `ForAnyValue` too. AWS's page calls it an empty data set
//!   to the latter two, but not what `Null` makes of it: a ForAllValues guarded by `Null` must not hold for it.

mod action;
mod certain;
mod condition;
mod decision;
mod document;
mod error;
mod evaluate;
mod explain;
mod index;
pub mod lint;
mod near_miss;
mod parse;
mod principal;
mod public;
#[cfg(test)]
mod reason_tests;
mod report;
mod request;
mod resource;
mod simulate;
mod source;
mod span;
mod statement;
#[cfg(test)]
mod tests;
mod variable;

pub use certain::is_certain_denial;
pub use decision::{DecidingStatement, Decision, Outcome};
pub use document::MAX_DOCUMENT_CHARACTERS;
pub use error::{Error, Fault};
pub use evaluate::{decide, decide_trust};
pub use explain::explain;
pub use near_miss::{Miss, NearMiss, near_misses};
pub use report::{DecodedDenial, MAX_MESSAGE_BYTES};
pub use request::{AuthorizationRequest, NamedPolicy, Policies};
pub use simulate::{MatchedStatement, PolicyVerdict, Simulation, SourcePolicyType, simulate, simulate_trust};
pub use span::{ElementPath, LineColumn, PathStep, Position, Span};
pub use statement::Effect;

use crate::types::{AccountId, Principal, UniqueId};
use index::Index;
use statement::{Query, Statement};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What a policy is attached to; decides its grammar and its part in a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// Attached to a user, group or role.
    Identity,
    /// Passed when a session was made.
    Session,
    /// A permissions boundary.
    Boundary,
    /// Attached to a bucket.
    Bucket,
    /// Attached to a role, naming who may assume it.
    Trust,
}

impl PolicyKind {
    /// As in "an explicit deny in a permissions boundary".
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "an identity-based policy",
            Self::Session => "a session policy",
            Self::Boundary => "a permissions boundary",
            Self::Bucket => "a resource-based policy",
            Self::Trust => "a role trust policy",
        }
    }

    /// Whether statements of this kind name principals.
    fn names_principals(self) -> bool {
        matches!(self, Self::Bucket | Self::Trust)
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Unique ids to which the principals of a stored policy were bound when it was written (rule 14).
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Bindings(BTreeMap<Box<str>, UniqueId>);

impl Bindings {
    /// No bindings: all principals match by name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Binds a user's, role's or session's ARN, as [`Policy::principal_arns`] gives it, to the unique id of the
    /// user or role.
    pub fn bind(&mut self, arn: impl Into<Box<str>>, id: UniqueId) {
        self.0.insert(arn.into(), id);
    }

    /// The id bound to `arn`.
    pub fn get(&self, arn: &str) -> Option<&UniqueId> {
        self.0.get(arn)
    }

    /// Every bound ARN with its id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &UniqueId)> {
        self.0.iter().map(|(arn, id)| (&**arn, id))
    }
}

/// How a document is read.
#[derive(Debug, Clone, Copy)]
pub struct ParseOptions<'a> {
    /// The kind of policy, with its grammar.
    pub kind: PolicyKind,
    /// Put in for the empty account field of IAM and STS ARNs, in principals and resources.
    pub default_account: &'a AccountId,
    /// Principals bound to unique ids; the others match by name.
    pub bindings: &'a Bindings,
}

/// A compiled policy.
#[derive(Debug, Clone)]
pub struct Policy {
    kind: PolicyKind,
    statements: Box<[Statement]>,
    index: Index,
    principal_arns: Box<[Box<str>]>,
    document: Arc<str>,
}

impl Policy {
    /// Parses and compiles a document, or says where and why it is refused.
    pub fn parse(document: &str, options: &ParseOptions<'_>) -> Result<Self, Error> {
        let parse::Parsed { statements, mut principal_arns } = parse::parse_document(document, options)?;
        principal_arns.sort_unstable();
        principal_arns.dedup();
        let index = Index::build(&statements);
        let (kind, statements, principal_arns) = (options.kind, statements.into(), principal_arns.into());
        Ok(Self { kind, statements, index, principal_arns, document: document.into() })
    }

    /// The kind it was parsed as.
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// The document's text, byte for byte as it was parsed.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// Whether some Allow statement names the web identity for `sts:AssumeRoleWithWebIdentity`, its conditions and all
    /// Denies aside: what can be told before a token is verified. For everybody else it is false.
    pub fn names_web_identity(&self, principal: &Principal) -> bool {
        let action = "sts:assumerolewithwebidentity".into();
        let query = Query { principal, action, resource: b"", bounded: false };
        matches!(principal, Principal::WebIdentity { .. })
            && self.statements.iter().any(|statement| {
                let named = statement.principal.as_ref().is_some_and(|element| element.grant(principal).is_some());
                statement.effect == Effect::Allow && named && statement.speaks_of_action(&query)
            })
    }

    /// All context keys that conditions, and variables in resources and condition values, read: as spelled where
    /// first met, each once without regard to case, sorted without case. What IAM's `GetContextKeysFor…` answer.
    pub fn context_keys(&self) -> Vec<&str> {
        sorted_keys(self.statements.iter().flat_map(Statement::context_keys))
    }

    /// ARNs of users, roles and assumed-role sessions in `Principal` and `NotPrincipal`, with the default account
    /// filled in, each once. Those that resolve are to be bound when the policy is stored (rule 14); a session's
    /// ARN to its role's id.
    pub fn principal_arns(&self) -> impl Iterator<Item = &str> {
        self.principal_arns.iter().map(AsRef::as_ref)
    }
}

/// Context keys in order without case, each once, as spelled where first met.
fn sorted_keys<'k>(keys: impl Iterator<Item = &'k str>) -> Vec<&'k str> {
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_by_key(|key| key.to_ascii_lowercase());
    keys.dedup_by(|next, kept| next.eq_ignore_ascii_case(kept));
    keys
}
