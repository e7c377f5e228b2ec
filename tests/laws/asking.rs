//! Asking the engine.

use crate::naive::Question;
use rolegate::policy::{
    AuthorizationRequest, Bindings, NamedPolicy, Outcome, ParseOptions, Policies, Policy, PolicyKind, decide,
    decide_trust,
};
use rolegate::types::{AccountId, Context, ResourceName};
use serde_json::Value;

fn parse(kind: PolicyKind, document: &Value) -> Policy {
    let options = ParseOptions { kind, default_account: &AccountId::empty(), bindings: &Bindings::new() };
    Policy::parse(&document.to_string(), &options).unwrap_or_else(|error| panic!("{error}: {document}"))
}

pub(crate) fn ask(q: &Question) -> Outcome {
    with_policies(q, |request, policies| {
        let decision = if q.trust { decide_trust(request, policies) } else { decide(request, policies) };
        assert_eq!(decision.cause.is_none(), decision.is_allowed());
        decision.outcome
    })
}

/// Parses the question's documents and hands on the request with its policies.
pub(crate) fn with_policies<T>(q: &Question, then: impl FnOnce(&AuthorizationRequest<'_>, &Policies<'_>) -> T) -> T {
    let all = |kind, documents: &[Value]| documents.iter().map(|d| parse(kind, d)).collect::<Vec<_>>();
    let identity = all(PolicyKind::Identity, &q.identity);
    let boundaries = all(PolicyKind::Boundary, &q.boundaries);
    let session = q.session.as_ref().map(|documents| all(PolicyKind::Session, documents));
    let kind = if q.trust { PolicyKind::Trust } else { PolicyKind::Bucket };
    let resource = q.resource_policy.as_ref().map(|document| parse(kind, document));
    let name = |policy| NamedPolicy { id: "p", policy };
    let identity: Vec<_> = identity.iter().map(name).collect();
    let boundaries: Vec<_> = boundaries.iter().map(name).collect();
    let session: Option<Vec<_>> = session.as_ref().map(|policies| policies.iter().map(name).collect());
    let policies = Policies {
        identity: &identity,
        boundaries: &boundaries,
        session: session.as_deref(),
        resource: resource.as_ref().map(name),
    };
    let mut context = Context::new();
    for (key, values, set) in &q.context {
        let bytes = values.iter().map(|value| value.clone().into_bytes()).collect();
        if *set { context.set_many(key.clone(), bytes) } else { context.set(key.clone(), values[0].clone()) }
    }
    let (owner, resource) = (AccountId::parse(&q.owner).unwrap(), ResourceName::new(q.resource.clone()));
    let request = AuthorizationRequest {
        principal: &q.principal,
        action: &q.action,
        resource: &resource,
        resource_account: Some(&owner),
        context: &context,
    };
    then(&request, &policies)
}
