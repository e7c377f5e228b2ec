//! Who may do what: the policies that apply to a caller, put to the PDP, and the permit.

use super::{Denied, Permit, builtin};
use crate::authn::{Authenticated, BucketEntry, CompiledPolicy, Identity, RoleEntry};
use crate::entity::{Owner, UserKind};
use crate::policy::{self, AuthorizationRequest, Decision, NamedPolicy, Outcome, Policies};
use crate::store::RecordKey;
use crate::types::{AccountId, Context, LazyContext, Principal, Requirement};

/// One requirement with what it is decided by.
#[derive(Debug)]
pub struct Question<'a> {
    /// Action and resource.
    pub requirement: Requirement,
    /// The bucket of the resource, if it has one.
    pub bucket: Option<&'a BucketEntry>,
    /// Owner account of the resource; none where there is no single resource.
    pub account: Option<&'a AccountId>,
    /// The request context for this requirement.
    pub context: LazyContext<'a>,
}

/// Facts that only the backend knows and that are not fetched yet: where a decision on an S3 action reads one,
/// the request is denied (security rules 11, 18). IAM's resources are the gate's own: what they lack is absent.
const UNFETCHED: [&str; 3] = ["s3:existingobjecttag/", "s3:resourcetag/", "aws:resourcetag/"];

/// Asks the PDP for every question; all must be allowed. No question at all is a denial by the caller's
/// hand: an empty list never reaches this function (`None`).
pub fn authorize(caller: &Authenticated, questions: Vec<Question<'_>>) -> Option<Result<Permit, Box<Denied>>> {
    if questions.is_empty() {
        return None;
    }
    let mut requirements = Vec::with_capacity(questions.len());
    let mut statements = Vec::new();
    for question in questions {
        match decide(caller, &question) {
            Ok(allowing) => statements.extend(allowing),
            Err(denied) => return Some(Err(denied)),
        }
        requirements.push(question.requirement);
    }
    Some(Ok(permit(caller, requirements, statements)))
}

/// Whether one question is answered with yes, where no permit is to come of it.
pub fn may(caller: &Authenticated, question: &Question<'_>) -> Result<(), Box<Denied>> {
    decide(caller, question).map(|_| ())
}

/// May the caller assume the role? `sts:AssumeRole` on the role's ARN, decided by its trust policy.
pub fn authorize_trust(
    caller: &Authenticated,
    role: &RoleEntry,
    requirement: Requirement,
    context: &Context,
) -> Result<Permit, Box<Denied>> {
    let identity = identity_policies(caller, None);
    let boundaries = boundaries(caller);
    let session = session_policies(caller);
    let request = AuthorizationRequest {
        principal: caller.principal(),
        action: &requirement.action,
        resource: &requirement.resource,
        resource_account: Some(&role.role.account),
        context,
    };
    let policies = Policies {
        identity: &identity,
        boundaries: &boundaries,
        session: session.as_deref(),
        resource: Some(named(&role.trust)),
    };
    let decision = policy::decide_trust(&request, &policies);
    // The reason is never told: an unknown role and an untrusted caller look the same.
    match judge(caller.principal(), &requirement, &decision, None) {
        Some(denied) => Err(Box::new(denied)),
        None => {
            let statements = statement_names(&decision).collect();
            Ok(permit(caller, vec![requirement], statements))
        }
    }
}

/// The permit of a call that every verified identity may make (GetCallerIdentity). Anonymous gets none.
pub fn caller_only(caller: &Authenticated) -> Option<Permit> {
    match caller.identity() {
        Identity::Anonymous => None,
        Identity::User(_) | Identity::Role(..) => Some(permit(caller, Vec::new(), Vec::new())),
    }
}

/// Decides one question: the statements that allowed, or the denial.
fn decide(caller: &Authenticated, question: &Question<'_>) -> Result<Vec<String>, Box<Denied>> {
    let identity = identity_policies(caller, question.bucket);
    let boundaries = boundaries(caller);
    let session = session_policies(caller);
    let request = AuthorizationRequest {
        principal: caller.principal(),
        action: &question.requirement.action,
        resource: &question.requirement.resource,
        resource_account: question.account,
        context: &question.context,
    };
    let policies = Policies {
        identity: &identity,
        boundaries: &boundaries,
        session: session.as_deref(),
        resource: question.bucket.and_then(|bucket| bucket.policy.as_ref()).map(named),
    };
    let decision = policy::decide(&request, &policies);
    match judge(caller.principal(), &question.requirement, &decision, question.account) {
        Some(denied) => Err(Box::new(denied)),
        None => Ok(statement_names(&decision).collect()),
    }
}

fn judge(
    principal: &Principal,
    requirement: &Requirement,
    decision: &Decision,
    account: Option<&AccountId>,
) -> Option<Denied> {
    let of_backend = has_prefix_ignoring_case(&requirement.action, "s3:");
    let unfetched = |key: &&&str| UNFETCHED.iter().any(|prefix| has_prefix_ignoring_case(key, prefix));
    let unsupported_key =
        decision.missing_keys.iter().find(|key| of_backend && unfetched(key)).map(ToString::to_string);
    let allowed = decision.outcome == Outcome::Allow && unsupported_key.is_none();
    if allowed {
        return None;
    }
    let same_account = account.is_some_and(|owner| principal.account() == Some(owner));
    Some(Denied {
        principal: principal.clone(),
        requirement: requirement.clone(),
        outcome: decision.outcome,
        cause: decision.cause.filter(|_| same_account),
        statements: statement_names(decision).collect(),
        unsupported_key: unsupported_key.filter(|_| same_account && decision.outcome != Outcome::ExplicitDeny),
    })
}

fn has_prefix_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn statement_names(decision: &Decision<'_>) -> impl Iterator<Item = String> {
    decision.statements.iter().map(|statement| match &statement.sid {
        Some(sid) => format!("{}#{sid}", statement.policy),
        None => format!("{}#{}", statement.policy, statement.index),
    })
}

fn named(compiled: &CompiledPolicy) -> NamedPolicy<'_> {
    NamedPolicy { id: &compiled.name, policy: &compiled.policy }
}

/// The identity slot: stored policies and, as synthetic ones, caps, ownership and a standalone user's own
/// rights (security rule 12).
fn identity_policies<'a>(caller: &'a Authenticated, bucket: Option<&'a BucketEntry>) -> Vec<NamedPolicy<'a>> {
    match caller.identity() {
        Identity::Anonymous => Vec::new(),
        Identity::User(entry) => {
            let mut policies: Vec<_> = entry.policies.iter().map(named).collect();
            policies.extend(entry.caps.as_ref().map(named));
            if entry.user.kind == UserKind::Standalone {
                policies.push(builtin::standalone());
                let owns = bucket.is_some_and(|bucket| {
                    bucket.record.account == entry.user.account
                        && matches!(&bucket.record.owner, Owner::User { id, .. } if *id == entry.user.id)
                });
                if owns {
                    policies.push(builtin::owner());
                }
            }
            policies
        }
        Identity::Role(entry, _) => entry.policies.iter().map(named).collect(),
    }
}

fn boundaries(caller: &Authenticated) -> Vec<NamedPolicy<'_>> {
    match caller.identity() {
        // Security rule 13: a standalone user's role cannot be used to reach IAM.
        Identity::Role(entry, _) if matches!(entry.role.owner, Owner::User { .. }) => vec![builtin::no_iam()],
        _ => Vec::new(),
    }
}

fn session_policies(caller: &Authenticated) -> Option<Vec<NamedPolicy<'_>>> {
    match caller.identity() {
        Identity::Role(_, session) if !session.policies.is_empty() => {
            Some(session.policies.iter().map(named).collect())
        }
        _ => None,
    }
}

fn permit(caller: &Authenticated, requirements: Vec<Requirement>, statements: Vec<String>) -> Permit {
    let principal = caller.principal().clone();
    let account = principal.account().cloned().unwrap_or_else(AccountId::empty);
    let (owner, evidence) = match caller.identity() {
        Identity::Anonymous => (Owner::Account, Vec::new()),
        Identity::User(entry) => {
            let owner = match entry.user.kind {
                UserKind::Standalone => Owner::User { id: entry.user.id.clone(), name: entry.user.name.clone() },
                UserKind::Iam => Owner::Account,
            };
            (owner, vec![(RecordKey::user(&entry.user.account, &entry.user.name), entry.revision)])
        }
        Identity::Role(entry, _) => {
            (entry.role.owner.clone(), vec![(RecordKey::role(&entry.role.account, &entry.role.name), entry.revision)])
        }
    };
    Permit { principal, account, owner, requirements, evidence, statements }
}
