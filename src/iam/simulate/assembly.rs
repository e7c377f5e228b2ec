//! The policies of a simulation, each under a name of its own, and one question put to them.

use super::answer::{Evaluation, Matched};
use super::refused::Refused;
use super::source::{SESSION, Source};
use crate::authn::{BucketEntry, Directory, Grants, LookupError, RoleEntry, UserEntry};
use crate::authz::{LiveDirectory, Origin, Subject, unfetched_key};
use crate::iam::policy_arn::name_of;
use crate::policy::{
    AuthorizationRequest, Bindings, DecidingStatement, NamedPolicy, Outcome, ParseOptions, Policies, Policy,
    PolicyKind, SourcePolicyType, simulate, simulate_trust,
};
use crate::types::{AccountId, Principal};
use std::sync::Arc;

/// A user, role or group with all that it refers to.
#[derive(Default)]
pub(super) struct Held {
    user: Option<Arc<UserEntry>>,
    role: Option<Arc<RoleEntry>>,
    grants: Grants,
}

impl Held {
    /// What the store holds now; none if there is no such entity, or another one under that ARN.
    pub(super) async fn load(
        source: &Source,
        account: &AccountId,
        directory: &LiveDirectory<'_>,
    ) -> Result<Option<Self>, LookupError> {
        match source {
            Source::User { name, arn } => {
                let found = directory.user(account, name).await?.filter(|entry| entry.user.arn() == *arn);
                let Some(entry) = found else { return Ok(None) };
                let grants = entry.references.resolve(directory).await?;
                Ok(Some(Self { user: Some(entry), role: None, grants }))
            }
            Source::Role { name, arn } => {
                let found = directory.role(account, name).await?.filter(|entry| entry.role.arn() == *arn);
                let Some(entry) = found else { return Ok(None) };
                let grants = entry.references.resolve(directory).await?;
                Ok(Some(Self { user: None, role: Some(entry), grants }))
            }
            Source::Group { name, arn } => {
                let found = directory.group(account, name).await?.filter(|entry| entry.group.arn() == *arn);
                let Some(entry) = found else { return Ok(None) };
                Ok(Some(Self { grants: Grants::of_group(entry, directory).await?, ..Self::default() }))
            }
        }
    }

    /// As decisions see it: without a session.
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { user: self.user.as_deref(), role: self.role.as_deref(), grants: Some(&self.grants), session: None }
    }

    pub(super) fn is_role(&self) -> bool {
        self.role.is_some()
    }

    /// Who it is in requests; a role by a session of this name. None for a group.
    pub(super) fn principal(&self, session: Option<&str>) -> Option<Principal> {
        if let Some(entry) = &self.user {
            return Some(Principal::clone(entry.principal()));
        }
        let role = self.role.as_ref()?;
        Some(role.session_principal(session.unwrap_or(SESSION).into()))
    }
}

/// Compiles a given policy; `input` is its name in answers.
pub(super) fn given(
    document: &str,
    input: String,
    kind: PolicyKind,
    default_account: &AccountId,
) -> Result<(String, Policy), Refused> {
    let options = ParseOptions { kind, default_account, bindings: &Bindings::new() };
    match Policy::parse(document, &options) {
        Ok(policy) => Ok((input, policy)),
        Err(error) => Err(Refused::Policy { input, error }),
    }
}

/// A policy with its name in the simulation.
struct Labelled<'a> {
    id: String,
    source: SourcePolicyType,
    /// What stands in place of a name that another policy has already.
    full: &'a str,
    policy: &'a Policy,
}

impl Labelled<'_> {
    fn named(&self) -> NamedPolicy<'_> {
        NamedPolicy { id: &self.id, policy: self.policy }
    }
}

/// All policies that bear on a question.
#[derive(Default)]
pub(super) struct Assembly<'a> {
    identity: Vec<Labelled<'a>>,
    boundaries: Vec<Labelled<'a>>,
    resource: Option<Labelled<'a>>,
}

impl<'a> Assembly<'a> {
    /// The slots of a subject; `bucket` is the bucket of the resource.
    pub(super) fn of(subject: &Subject<'a>, bucket: Option<&BucketEntry>) -> Self {
        let each = |policy: NamedPolicy<'a>, origin: Origin<'a>| label(subject, policy, origin);
        let mut identity = subject.identity_policies(bucket, each);
        let mut known = std::collections::BTreeSet::new();
        for labelled in &mut identity {
            if !known.insert(labelled.id.clone()) {
                labelled.id = labelled.full.to_owned();
            }
        }
        Self { identity, boundaries: subject.boundaries(each), resource: None }
    }

    pub(super) fn add(&mut self, given: &'a [(String, Policy)]) {
        self.identity.extend(given.iter().map(input));
    }

    /// Takes the place of the stored boundary; the gate's own boundaries stay.
    pub(super) fn replace_boundary(&mut self, given: &'a (String, Policy)) {
        self.boundaries.retain(|boundary| boundary.source == SourcePolicyType::None);
        self.boundaries.push(input(given));
    }

    pub(super) fn set_resource(&mut self, id: &'a str, policy: &'a Policy) {
        let source = SourcePolicyType::Resource;
        self.resource = Some(Labelled { id: id.to_owned(), source, full: id, policy });
    }

    fn all(&self) -> impl Iterator<Item = &Labelled<'a>> {
        self.identity.iter().chain(&self.boundaries).chain(&self.resource)
    }

    /// The context keys that the policies read.
    pub(super) fn context_keys(&self) -> impl Iterator<Item = &str> {
        self.all().flat_map(|labelled| labelled.policy.context_keys())
    }

    /// How long the policies are: what one question costs.
    pub(super) fn size(&self) -> usize {
        self.all().map(|labelled| labelled.policy.document().len()).sum()
    }

    /// Lends the slots as the policy engine takes them.
    pub(super) fn with_policies<T>(&self, ask: impl FnOnce(&Policies<'_>) -> T) -> T {
        let identity: Vec<NamedPolicy<'_>> = self.identity.iter().map(Labelled::named).collect();
        let boundaries: Vec<NamedPolicy<'_>> = self.boundaries.iter().map(Labelled::named).collect();
        let resource = self.resource.as_ref().map(Labelled::named);
        ask(&Policies { identity: &identity, boundaries: &boundaries, session: None, resource })
    }

    /// Puts a question to the policies, as a request would.
    pub(super) fn evaluate(&self, request: &AuthorizationRequest<'_>) -> Evaluation {
        let source = |statement: &DecidingStatement<'_>| {
            let found = self.all().find(|labelled| labelled.id == statement.policy);
            found.map_or(SourcePolicyType::None, |labelled| labelled.source)
        };
        let by_trust = self.resource.as_ref().is_some_and(|resource| resource.policy.kind() == PolicyKind::Trust);
        self.with_policies(|policies| {
            let found = match by_trust {
                true => simulate_trust(request, policies, source),
                false => simulate(request, policies, source),
            };
            // What the gate cannot know, it denies.
            let unknown = unfetched_key(request.action, &found.decision).is_some();
            let held_back = unknown && found.decision.outcome == Outcome::Allow;
            let decision = if held_back { Outcome::ImplicitDeny.eval_decision() } else { found.eval_decision() };
            let details = found.decision_details().iter();
            let details = details.map(|verdict| (verdict.source_name(), verdict.outcome.eval_decision())).collect();
            let missing = found.missing_context.iter().map(|key| (*key).to_owned()).collect();
            let matched = if held_back { Vec::new() } else { found.matched };
            let matched = matched.into_iter().map(|matched| Matched {
                policy: matched.statement.policy.to_owned(),
                source: matched.source.name(),
                start: matched.start,
                end: matched.end,
            });
            Evaluation {
                action: request.action.to_owned(),
                resource: request.resource.to_string(),
                decision,
                matched: matched.collect(),
                missing,
                allowed_by_boundary: found.allowed_by_boundary,
                details,
            }
        })
    }
}

fn input((id, policy): &(String, Policy)) -> Labelled<'_> {
    Labelled { id: id.clone(), source: SourcePolicyType::None, full: id, policy }
}

/// Names are AWS's: managed policies by name, inline ones as `user_NAME_POLICY`. The gate's own begin `rolegate:`.
fn label<'a>(subject: &Subject<'a>, policy: NamedPolicy<'a>, origin: Origin<'a>) -> Labelled<'a> {
    let NamedPolicy { id: full, policy } = policy;
    let (id, source) = match origin {
        Origin::Own => match (subject.user, subject.role) {
            (Some(entry), _) => (format!("user_{}_{full}", entry.user.name), SourcePolicyType::User),
            (None, Some(entry)) => (format!("role_{}_{full}", entry.role.name), SourcePolicyType::Role),
            (None, None) => (full.to_owned(), SourcePolicyType::None),
        },
        Origin::Group(name) => (format!("group_{name}_{full}"), SourcePolicyType::Group),
        Origin::Managed if full.starts_with("arn:aws:iam::aws:") => {
            (name_of(full).to_owned(), SourcePolicyType::AwsManaged)
        }
        Origin::Managed => (name_of(full).to_owned(), SourcePolicyType::UserManaged),
        Origin::BuiltIn | Origin::Session => (format!("rolegate:{full}"), SourcePolicyType::None),
    };
    Labelled { id, source, full, policy }
}
