//! Who may do what: the policies that apply to a caller, put to the PDP, and the permit.

use super::slots::{Origin, Subject};
use super::{Denied, Permit, Reach, keeps_bucket_policy};
use crate::authn::{Authenticated, BucketEntry, CompiledPolicy, Grants, Identity, RoleEntry, WebIdentity};
use crate::entity::{Caps, Owner, UserKind};
use crate::policy::{self, AuthorizationRequest, Decision, DecodedDenial, NamedPolicy, Outcome, Policies};
use crate::store::RecordKey;
use crate::types::{AccountId, Context, LazyContext, Principal, Requirement};
use std::sync::Arc;

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
    /// The facts of the backend that the context holds: what is not in it is absent. Where a decision on an S3
    /// action reads one of the others, the request is denied, whatever the decision says (security rules 11, 18),
    /// and the denial says which facts to fetch.
    pub known: TagFacts,
}

/// Tags that only the backend knows, by what bears them: facts that a question's context holds, or lacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TagFacts {
    /// Of the stored object: `s3:ExistingObjectTag/…`.
    pub object: bool,
    /// Of the bucket: `aws:ResourceTag/…` and `s3:ResourceTag/…`.
    pub bucket: bool,
}

impl TagFacts {
    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Whether a key is one of these facts.
    fn covers(self, key: &str) -> bool {
        (self.object && has_prefix_ignoring_case(key, OBJECT_TAG))
            || (self.bucket && BUCKET_TAGS.iter().any(|prefix| has_prefix_ignoring_case(key, prefix)))
    }
}

const OBJECT_TAG: &str = "s3:existingobjecttag/";
const BUCKET_TAGS: [&str; 2] = ["s3:resourcetag/", "aws:resourcetag/"];

/// Asks the PDP for every question; all must be allowed. No question at all is a denial by the caller's
/// hand: an empty list never reaches this function (`None`).
pub fn authorize<'a>(
    caller: &Authenticated,
    questions: impl IntoIterator<Item = Question<'a>>,
) -> Option<Result<Permit, Box<Denied>>> {
    let mut requirements = Vec::new();
    let mut statements = Vec::new();
    for question in questions {
        match decide(caller, &question) {
            Ok(allowing) => statements.extend(allowing),
            Err(denied) => return Some(Err(denied)),
        }
        requirements.push(question.requirement);
    }
    // INVARIANT: each question was allowed, and there was one.
    if requirements.is_empty() { None } else { Some(Ok(permit(caller, requirements, statements))) }
}

/// Whether one question is answered with yes, where no permit is to come of it.
pub fn may(caller: &Authenticated, question: &Question<'_>) -> Result<(), Box<Denied>> {
    decide(caller, question).map(|_| ())
}

/// May the caller assume the role, with all that the session is to carry? The requirements, `sts:AssumeRole` first,
/// are decided one by one by the role's trust policy. The reason of a denial is never told, nor described for
/// DecodeAuthorizationMessage: an unknown role and an untrusted caller look the same.
pub fn authorize_trust(
    caller: &Authenticated,
    role: &RoleEntry,
    requirements: Vec<Requirement>,
    context: &Context,
) -> Option<Result<Permit, Box<Denied>>> {
    if requirements.is_empty() {
        return None;
    }
    let subject = Subject::from(caller.identity());
    let identity = subject.identity_policies(None, bare);
    let boundaries = subject.boundaries(bare);
    let session = subject.session_policies(bare);
    let policies = Policies {
        identity: &identity,
        boundaries: &boundaries,
        session: session.as_deref(),
        resource: Some(role.trust.named()),
    };
    match trust(caller.principal(), role, &requirements, &policies, context) {
        Ok(statements) => Some(Ok(permit(caller, requirements, statements))),
        Err(denied) => Some(Err(denied)),
    }
}

/// May the web identity take on the role, with all that the session is to carry? The requirements are decided one by
/// one by the role's trust policy alone. The role must be of the provider's account (security rule 25).
pub fn authorize_web_identity(
    caller: &WebIdentity,
    role: &RoleEntry,
    requirements: Vec<Requirement>,
    context: &Context,
) -> Option<Result<Permit, Box<Denied>>> {
    let first = requirements.first()?;
    let (provider, principal) = (caller.provider(), caller.principal());
    if provider.provider.account != role.role.account {
        return Some(Err(Box::new(Denied::of_web_identity(first.clone()))));
    }
    let policies = Policies { identity: &[], boundaries: &[], session: None, resource: Some(role.trust.named()) };
    let statements = match trust(principal, role, &requirements, &policies, context) {
        Ok(statements) => statements,
        Err(denied) => return Some(Err(denied)),
    };
    let of_provider = RecordKey::oidc_provider(&provider.provider.account, provider.provider.name());
    let of_role = RecordKey::role(&role.role.account, &role.role.name);
    Some(Ok(Permit {
        principal: Arc::clone(principal),
        account: role.role.account.clone(),
        owner: role.role.owner.clone(),
        // It is nobody's right to administer.
        reach: Reach::Standalone(Caps::default()),
        requirements,
        evidence: vec![(of_provider, provider.revision), (of_role, role.revision)],
        statements,
    }))
}

/// The statements that allow each requirement, or the first denial.
fn trust(
    principal: &Arc<Principal>,
    role: &RoleEntry,
    requirements: &[Requirement],
    policies: &Policies<'_>,
    context: &Context,
) -> Result<Vec<String>, Box<Denied>> {
    let mut statements = Vec::new();
    for requirement in requirements {
        let request = AuthorizationRequest {
            principal,
            action: &requirement.action,
            resource: &requirement.resource,
            resource_account: Some(&role.role.account),
            context,
        };
        let decision = policy::decide_trust(&request, policies);
        match judge(principal, requirement, &decision, None, None) {
            Some(denied) => return Err(denied),
            None => statements.extend(statement_names(&decision)),
        }
    }
    Ok(statements)
}

/// The permit of a call that every verified identity may make (GetCallerIdentity). Anonymous gets none.
pub fn caller_only(caller: &Authenticated) -> Option<Permit> {
    match caller.identity() {
        Identity::Anonymous => None,
        _ => Some(permit(caller, Vec::new(), Vec::new())),
    }
}

/// Decides one question: the statements that allowed, or the denial.
fn decide(caller: &Authenticated, question: &Question<'_>) -> Result<Vec<String>, Box<Denied>> {
    let bucket_policy = question.bucket.and_then(|bucket| bucket.policy.as_ref());
    let decided = decide_under(caller, question, bucket_policy);
    // Only a denial is looked at again: that the policy itself keeps its owner from it must not be the reason.
    match (&decided, question.bucket.filter(|_| bucket_policy.is_some())) {
        (Err(_), Some(bucket))
            if keeps_bucket_policy(caller.principal(), &question.requirement.action, &bucket.record) =>
        {
            decide_under(caller, question, None)
        }
        _ => decided,
    }
}

/// Decides one question under this bucket policy.
fn decide_under(
    caller: &Authenticated,
    question: &Question<'_>,
    bucket_policy: Option<&CompiledPolicy>,
) -> Result<Vec<String>, Box<Denied>> {
    let subject = Subject::from(caller.identity());
    let identity = subject.identity_policies(question.bucket, bare);
    let boundaries = subject.boundaries(bare);
    let session = subject.session_policies(bare);
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
        resource: bucket_policy.map(CompiledPolicy::named),
    };
    let decision = policy::decide(&request, &policies);
    let unknown = |key: &str| is_unknown(request.action, key, question.known);
    let unknown_key = decision.missing_keys.iter().copied().find(|key| unknown(key));
    let Some(mut denied) =
        judge(caller.principal(), &question.requirement, &decision, question.account, unknown_key.map(str::to_owned))
    else {
        return Ok(statement_names(&decision).collect());
    };
    // Who is denied with any tags makes the gate ask for none (security rule 28).
    if unknown_key.is_some() && (decision.is_allowed() || !policy::is_certain_denial(&request, &policies, unknown)) {
        let read = |facts: TagFacts| decision.missing_keys.iter().any(|key| unknown(key) && facts.covers(key));
        denied.wanted.object = read(TagFacts { object: true, bucket: false });
        denied.wanted.bucket = read(TagFacts { object: false, bucket: true });
    }
    denied.report = report(caller, &request, &decision);
    Err(denied)
}

/// What the caller may have decoded. S3 denials are described only where the configuration asks for it: there a
/// denial must be cheap. A referring page's address may itself be a credential (a presigned URL), so it is left out;
/// so are the backend's tags, which who is denied here may not be allowed to read.
fn report(
    caller: &Authenticated,
    request: &AuthorizationRequest<'_>,
    decision: &Decision<'_>,
) -> Option<Box<DecodedDenial>> {
    if has_prefix_ignoring_case(request.action, "s3:") && !caller.describes_denials() {
        return None;
    }
    let mut described = DecodedDenial::new(request, decision)?;
    let tags = TagFacts { object: true, bucket: true };
    let is_told = |key: &str| {
        !key.eq_ignore_ascii_case("aws:Referer")
            && (!has_prefix_ignoring_case(request.action, "s3:") || !tags.covers(key))
    };
    described.context.conditions.items.retain(|pair| is_told(&pair.key));
    Some(Box::new(described))
}

fn judge(
    principal: &Arc<Principal>,
    requirement: &Requirement,
    decision: &Decision,
    account: Option<&AccountId>,
    unknown_key: Option<String>,
) -> Option<Box<Denied>> {
    if decision.outcome == Outcome::Allow && unknown_key.is_none() {
        return None;
    }
    let same_account = account.is_some_and(|owner| principal.account() == Some(owner));
    Some(Box::new(Denied {
        principal: Arc::clone(principal),
        requirement: requirement.clone(),
        outcome: decision.outcome,
        cause: decision.cause.filter(|_| same_account),
        statements: statement_names(decision).collect(),
        unknown_key: unknown_key.filter(|_| same_account && decision.outcome != Outcome::ExplicitDeny),
        wanted: TagFacts::default(),
        report: None,
        encoded: None,
    }))
}

/// A fact of the backend that the decision read where nobody asks the backend: with one the request is taken as
/// denied, whatever the decision says.
pub fn unfetched_key<'a>(action: &str, decision: &Decision<'a>) -> Option<&'a str> {
    decision.missing_keys.iter().copied().find(|key| is_unknown(action, key, TagFacts::default()))
}

/// Whether a key that is not in the context may have a value all the same. IAM's resources are the gate's own: what
/// they lack is absent.
fn is_unknown(action: &str, key: &str, known: TagFacts) -> bool {
    let unknown = TagFacts { object: !known.object, bucket: !known.bucket };
    has_prefix_ignoring_case(action, "s3:") && unknown.covers(key)
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

fn bare<'a>(policy: NamedPolicy<'a>, _: Origin<'a>) -> NamedPolicy<'a> {
    policy
}

fn permit(caller: &Authenticated, requirements: Vec<Requirement>, statements: Vec<String>) -> Permit {
    let principal = Arc::clone(caller.principal());
    let account = principal.account().cloned().unwrap_or_else(AccountId::empty);
    let identity = caller.identity();
    let (mut owner, mut reach, mut evidence) = (Owner::Account, Reach::Account, Vec::new());
    if let Some(entry) = identity.user() {
        if entry.user.kind == UserKind::Standalone {
            owner = Owner::User { id: entry.user.id.clone(), name: entry.user.name.clone() };
            reach = Reach::Standalone(entry.user.caps.clone());
        }
        evidence.push((RecordKey::user(&entry.user.account, &entry.user.name), entry.revision));
    }
    if let Some(entry) = identity.role() {
        owner = entry.role.owner.clone();
        if matches!(owner, Owner::User { .. }) {
            reach = Reach::Standalone(Caps::default());
        }
        evidence.push((RecordKey::role(&entry.role.account, &entry.role.name), entry.revision));
    }
    evidence.extend(identity.grants().into_iter().flat_map(Grants::evidence));
    Permit { principal, account, owner, reach, requirements, evidence, statements }
}
