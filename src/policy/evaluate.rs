//! The combination of policies into one decision.
//!
//! Source: "Policy evaluation logic" in AWS's IAM user guide, as laid down in "Order of evaluation" beside the
//! policy cases. An explicit Deny anywhere wins. Identity policies, boundaries and session policies intersect.
//! A resource policy adds inside the account, according to how closely it names the caller, and is needed as well
//! across accounts.

use super::decision::{DecidingStatement, Decision, Origin, Outcome};
use super::principal::Grant;
use super::request::{AuthorizationRequest, NamedPolicy, Policies};
use super::resource::root_of;
use super::statement::{Effect, Query, Statement};
use super::variable::Lookup;
use super::{Policy, PolicyKind};
use crate::types::Principal;
use std::borrow::Cow;

/// Decides an S3 or IAM request; `policies.resource` is the bucket policy.
pub fn decide<'a>(request: &AuthorizationRequest<'_>, policies: &Policies<'a>) -> Decision<'a> {
    evaluate(request, policies, PolicyKind::Bucket)
}

/// Decides a request on a role (`sts:AssumeRole…`, `sts:TagSession`, `sts:SetSourceIdentity`);
/// `policies.resource` is the role's trust policy, without whose Allow nothing is allowed.
pub fn decide_trust<'a>(request: &AuthorizationRequest<'_>, policies: &Policies<'a>) -> Decision<'a> {
    evaluate(request, policies, PolicyKind::Trust)
}

/// What one kind of policies says.
#[derive(Default)]
pub(super) struct Said<'a> {
    /// The closest grant of a matching Allow.
    grant: Option<Grant>,
    /// The Allows with that grant.
    pub(super) allows: Vec<DecidingStatement<'a>>,
    pub(super) denies: Vec<DecidingStatement<'a>>,
}

impl Said<'_> {
    pub(super) fn allows(&self) -> bool {
        self.grant.is_some()
    }
}

/// What all policies say.
pub(super) struct Heard<'a> {
    pub(super) identity: Said<'a>,
    pub(super) boundary: Said<'a>,
    pub(super) session: Said<'a>,
    pub(super) resource: Said<'a>,
    missing_keys: Vec<&'a str>,
}

fn evaluate<'a>(
    request: &AuthorizationRequest<'_>,
    policies: &Policies<'a>,
    resource_kind: PolicyKind,
) -> Decision<'a> {
    combine(request, policies, resource_kind, &mut hear(request, policies))
}

/// The request as statements see it.
#[inline]
pub(super) fn query<'r>(request: &AuthorizationRequest<'r>, policies: &Policies<'_>) -> Query<'r> {
    Query {
        principal: request.principal,
        action: lower(request.action),
        resource: request.resource.as_bytes(),
        bounded: !policies.boundaries.is_empty(),
    }
}

/// Puts the request to all policies.
#[inline]
pub(super) fn hear<'a>(request: &AuthorizationRequest<'_>, policies: &Policies<'a>) -> Heard<'a> {
    let query = query(request, policies);
    let mut lookup = Lookup::new(request.context);
    let mut identity = Said::default();
    for named in policies.identity {
        listen(named, &query, &mut lookup, &mut identity);
    }
    let mut boundary = Said { grant: Some(Grant::Caller), ..Said::default() };
    for named in policies.boundaries {
        let mut one = Said::default();
        listen(named, &query, &mut lookup, &mut one);
        boundary.grant = boundary.grant.and(one.grant);
        boundary.allows.append(&mut one.allows);
        boundary.denies.append(&mut one.denies);
    }
    let mut session = Said { grant: policies.session.is_none().then_some(Grant::Caller), ..Said::default() };
    for named in policies.session.unwrap_or_default() {
        listen(named, &query, &mut lookup, &mut session);
    }
    let mut resource = Said::default();
    if let Some(named) = &policies.resource {
        listen(named, &query, &mut lookup, &mut resource);
    }
    Heard { identity, boundary, session, resource, missing_keys: lookup.into_missing() }
}

/// The decision from what the policies say, of which it takes what it needs.
#[inline]
pub(super) fn combine<'a>(
    request: &AuthorizationRequest<'_>,
    policies: &Policies<'_>,
    resource_kind: PolicyKind,
    heard: &mut Heard<'a>,
) -> Decision<'a> {
    let Heard { identity, boundary, session, resource, missing_keys } = heard;
    let missing_keys = std::mem::take(missing_keys);
    for (said, kind) in [
        (&mut *identity, PolicyKind::Identity),
        (&mut *boundary, PolicyKind::Boundary),
        (&mut *session, PolicyKind::Session),
        (&mut *resource, resource_kind),
    ] {
        if !said.denies.is_empty() {
            let statements = std::mem::take(&mut said.denies);
            return Decision { outcome: Outcome::ExplicitDeny, statements, cause: Some(kind), missing_keys };
        }
    }
    let Some(needs) = needs(request, policies, resource_kind, resource) else {
        let (outcome, statements) = (Outcome::ImplicitDeny, Vec::new());
        return Decision { outcome, statements, cause: Some(resource_kind), missing_keys };
    };
    let mut statements = Vec::new();
    for (needed, said, kind) in [
        (needs.identity, identity, PolicyKind::Identity),
        (needs.boundary, boundary, PolicyKind::Boundary),
        (needs.session, session, PolicyKind::Session),
        (needs.resource, resource, resource_kind),
    ] {
        if needed && !said.allows() {
            let (outcome, statements) = (Outcome::ImplicitDeny, Vec::new());
            return Decision { outcome, statements, cause: Some(kind), missing_keys };
        }
        if needed && statements.is_empty() {
            statements = std::mem::take(&mut said.allows);
        } else if needed {
            statements.append(&mut said.allows);
        }
    }
    Decision { outcome: Outcome::Allow, statements, cause: None, missing_keys }
}

/// Whose Allow a request needs. All that is needed must allow.
#[derive(Clone, Copy)]
struct Needs {
    identity: bool,
    boundary: bool,
    session: bool,
    resource: bool,
}

impl Needs {
    const ALL: Self = Self { identity: true, boundary: true, session: true, resource: true };
    const RESOURCE: Self = Self { identity: false, boundary: false, session: false, resource: true };
}

/// None: nothing can allow it.
fn needs(
    request: &AuthorizationRequest<'_>,
    policies: &Policies<'_>,
    kind: PolicyKind,
    resource: &Said<'_>,
) -> Option<Needs> {
    let trust = kind == PolicyKind::Trust;
    let Some(own_account) = request.principal.account() else {
        return needs_without_account(request.principal, trust);
    };
    // INVARIANT: every way through holds at least one need, so that nothing is ever allowed by nobody.
    let same_account = match request.resource_account {
        Some(owner) => owner == own_account,
        None => policies.resource.is_none(),
    };
    if !same_account {
        return Some(Needs::ALL);
    }
    // Session policies give way only to a policy that names the session itself: not to `*`, and not to the ARN of
    // the user whose key made a session of GetSessionToken. Federated sessions have nothing without one (rule 16).
    let names_session = matches!(request.principal, Principal::RoleSession { .. });
    Some(match resource.grant {
        Some(Grant::Caller) => Needs { session: !names_session, ..Needs::RESOURCE },
        Some(Grant::Everyone) => Needs { session: true, ..Needs::RESOURCE },
        Some(Grant::Behind) => Needs { identity: false, ..Needs::ALL },
        Some(Grant::Account) => Needs { resource: trust, ..Needs::ALL },
        None if trust => Needs::RESOURCE,
        None => Needs { resource: false, ..Needs::ALL },
    })
}

/// Anonymous lives by the bucket policy alone and is never trusted with a role; a web identity lives by the trust
/// policy alone and reaches nothing else.
fn needs_without_account(principal: &Principal, trust: bool) -> Option<Needs> {
    (matches!(principal, Principal::WebIdentity { .. }) == trust).then_some(Needs::RESOURCE)
}

/// Collects what one policy says to the request.
fn listen<'a>(named: &NamedPolicy<'a>, query: &Query<'_>, lookup: &mut Lookup<'_, 'a>, said: &mut Said<'a>) {
    let policy: &'a Policy = named.policy;
    let (allows, denies) = (said.allows.len(), said.denies.len());
    let mut closest = said.grant;
    let mut first_of_closest = allows;
    policy.index.candidates(&query.action, root_of(query.resource), |number| {
        let Some(statement) = policy.statements.get(number) else { return };
        let Some(grant) = speaks_of(statement, policy.kind, query) else { return };
        if !statement.applies(query, lookup) {
            return;
        }
        let deciding = deciding(named, statement, number);
        match statement.effect {
            Effect::Deny => said.denies.push(deciding),
            Effect::Allow if closest.is_none_or(|known| known <= grant) => {
                if closest.is_some_and(|known| known < grant) {
                    said.allows.clear();
                    first_of_closest = 0;
                }
                closest = Some(grant);
                said.allows.push(deciding);
            }
            Effect::Allow => {}
        }
    });
    said.grant = closest;
    for list in [said.allows.get_mut(first_of_closest..), said.denies.get_mut(denies..)].into_iter().flatten() {
        list.sort_by_key(|deciding| deciding.index);
    }
}

/// The statement as decisions name it.
#[inline]
pub(super) fn deciding<'a>(named: &NamedPolicy<'a>, statement: &'a Statement, index: usize) -> DecidingStatement<'a> {
    let (kind, sid) = (named.policy.kind, statement.sid.as_deref());
    DecidingStatement { policy: named.id, kind, sid, index, origin: Origin(named.policy) }
}

/// Whether the statement speaks of the caller, and for an Allow how closely it names it.
#[inline]
pub(super) fn speaks_of(statement: &Statement, kind: PolicyKind, query: &Query<'_>) -> Option<Grant> {
    match (&statement.principal, statement.effect) {
        (None, _) => (!kind.names_principals()).then_some(Grant::Caller),
        (Some(principal), Effect::Allow) => principal.grant(query.principal),
        (Some(principal), Effect::Deny) => principal.denies(query.principal, query.bounded).then_some(Grant::Caller),
    }
}

fn lower(action: &str) -> Cow<'_, str> {
    if action.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(action.to_ascii_lowercase())
    } else {
        Cow::Borrowed(action)
    }
}
