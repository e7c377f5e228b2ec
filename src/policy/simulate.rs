//! What IAM's policy simulation answers for one action on one resource, from the evaluator that decides.

use super::decision::{DecidingStatement, Decision, Outcome};
use super::evaluate::{Said, combine, hear, query};
use super::request::{AuthorizationRequest, Policies};
use super::span::LineColumn;
use super::statement::Statement;
use super::{PolicyKind, sorted_keys};

/// Most matched statements that are reported: each is sought in the text of its policy (security rule 28).
const MAX_MATCHED: usize = 100;

/// What a policy is, in IAM's words (`PolicySourceType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourcePolicyType {
    /// An inline policy of a user.
    User,
    /// An inline policy of a group.
    Group,
    /// An inline policy of a role.
    Role,
    /// A managed policy of AWS.
    AwsManaged,
    /// A managed policy of the account.
    UserManaged,
    /// A resource-based policy.
    Resource,
    /// None of these: an input of the simulation.
    None,
}

impl SourcePolicyType {
    /// IAM's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
            Self::AwsManaged => "aws-managed",
            Self::UserManaged => "user-managed",
            Self::Resource => "resource",
            Self::None => "none",
        }
    }
}

/// A statement that determined the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedStatement<'a> {
    /// The statement; its policy's id is SourcePolicyId.
    pub statement: DecidingStatement<'a>,
    /// SourcePolicyType.
    pub source: SourcePolicyType,
    /// StartPosition.
    pub start: Option<LineColumn>,
    /// EndPosition.
    pub end: Option<LineColumn>,
}

/// What one kind of policies says on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyVerdict {
    /// The kind.
    pub kind: PolicyKind,
    /// ExplicitDeny if one of them denies, else Allow if they allow, else ImplicitDeny.
    pub outcome: Outcome,
}

impl PolicyVerdict {
    /// The kind's name as a key of EvalDecisionDetails.
    pub fn source_name(&self) -> &'static str {
        match self.kind {
            PolicyKind::Identity => "IAM Policy",
            PolicyKind::Boundary => "Permissions Boundary Policy",
            PolicyKind::Session => "Session Policy",
            PolicyKind::Bucket | PolicyKind::Trust => "Resource Policy",
        }
    }
}

/// The result of a simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation<'a> {
    /// The decision, as [`super::decide`] makes it. Its missing keys are those that could have turned it.
    pub decision: Decision<'a>,
    /// MissingContextValues: all keys that statements for the action read and the request does not have, sorted,
    /// each once.
    pub missing_context: Vec<&'a str>,
    /// When allowed, all matching Allow statements that were asked; on an explicit deny the Deny statements of all
    /// policies; on an implicit deny none. At most 100.
    pub matched: Vec<MatchedStatement<'a>>,
    /// AllowedByPermissionsBoundary; none without a boundary.
    pub allowed_by_boundary: Option<bool>,
    /// Whether caller and resource are of different accounts.
    pub cross_account: bool,
    /// Each kind of policy that was there, in the order identity-based, boundary, session, resource.
    pub verdicts: Vec<PolicyVerdict>,
}

impl Simulation<'_> {
    /// EvalDecision in IAM's words.
    pub fn eval_decision(&self) -> &'static str {
        self.decision.outcome.eval_decision()
    }

    /// EvalDecisionDetails: only where a resource policy was there and the accounts differ, as IAM has it.
    pub fn decision_details(&self) -> &[PolicyVerdict] {
        let resource = self.verdicts.iter().any(|verdict| verdict.kind.names_principals());
        if self.cross_account && resource { &self.verdicts } else { &[] }
    }
}

impl Outcome {
    /// The outcome in the words of IAM's simulation: `allowed`, `explicitDeny`, `implicitDeny`.
    pub fn eval_decision(self) -> &'static str {
        match self {
            Self::Allow => "allowed",
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
        }
    }
}

/// Simulates a request that [`super::decide`] would decide. `source_type` names what a policy is, by statement.
pub fn simulate<'a>(
    request: &AuthorizationRequest<'_>,
    policies: &Policies<'a>,
    source_type: impl Fn(&DecidingStatement<'a>) -> SourcePolicyType,
) -> Simulation<'a> {
    run(request, policies, PolicyKind::Bucket, source_type)
}

/// Simulates a request that [`super::decide_trust`] would decide.
pub fn simulate_trust<'a>(
    request: &AuthorizationRequest<'_>,
    policies: &Policies<'a>,
    source_type: impl Fn(&DecidingStatement<'a>) -> SourcePolicyType,
) -> Simulation<'a> {
    run(request, policies, PolicyKind::Trust, source_type)
}

fn run<'a>(
    request: &AuthorizationRequest<'_>,
    policies: &Policies<'a>,
    resource_kind: PolicyKind,
    source_type: impl Fn(&DecidingStatement<'a>) -> SourcePolicyType,
) -> Simulation<'a> {
    let mut heard = hear(request, policies);
    let kinds = [
        (&heard.identity, PolicyKind::Identity, true),
        (&heard.boundary, PolicyKind::Boundary, !policies.boundaries.is_empty()),
        (&heard.session, PolicyKind::Session, policies.session.is_some()),
        (&heard.resource, resource_kind, policies.resource.is_some()),
    ];
    let present = || kinds.iter().filter(|(_, _, present)| *present);
    let verdicts: Vec<_> =
        present().map(|(said, kind, _)| PolicyVerdict { kind: *kind, outcome: said.verdict() }).collect();
    let allows: Vec<_> = present().flat_map(|(said, _, _)| &said.allows).copied().collect();
    let denies: Vec<_> = present().flat_map(|(said, _, _)| &said.denies).copied().collect();
    let decision = combine(request, policies, resource_kind, &mut heard);
    let matched = match decision.outcome {
        Outcome::Allow => allows,
        Outcome::ExplicitDeny => denies,
        Outcome::ImplicitDeny => Vec::new(),
    };
    let matched = matched.into_iter().take(MAX_MATCHED).map(|statement| {
        let span = statement.simulated_span();
        let source = source_type(&statement);
        MatchedStatement { statement, source, start: span.map(|span| span.0), end: span.map(|span| span.1) }
    });
    let matched = matched.collect();
    let boundary = verdicts.iter().find(|verdict| verdict.kind == PolicyKind::Boundary);
    let owner = request.resource_account;
    Simulation {
        matched,
        missing_context: missing_context(request, policies),
        allowed_by_boundary: boundary.map(|verdict| verdict.outcome == Outcome::Allow),
        cross_account: owner.is_some_and(|owner| request.principal.account() != Some(owner)),
        decision,
        verdicts,
    }
}

fn missing_context<'a>(request: &AuthorizationRequest<'_>, policies: &Policies<'a>) -> Vec<&'a str> {
    let query = query(request, policies);
    let statements = policies.all().flat_map(|named| named.policy.statements.iter());
    let keys = statements.filter(|statement| statement.speaks_of_action(&query)).flat_map(Statement::context_keys);
    sorted_keys(keys.filter(|key| request.context.get(key).is_none()))
}

impl Said<'_> {
    fn verdict(&self) -> Outcome {
        match (self.denies.is_empty(), self.allows()) {
            (false, _) => Outcome::ExplicitDeny,
            (true, true) => Outcome::Allow,
            (true, false) => Outcome::ImplicitDeny,
        }
    }
}
