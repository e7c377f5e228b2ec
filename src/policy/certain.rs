//! Whether a denial stands whatever some keys hold that nobody has looked up yet.

use super::evaluate::{query, speaks_of};
use super::request::{AuthorizationRequest, NamedPolicy, Policies};
use super::resource::root_of;
use super::statement::{Effect, Query};
use super::variable::Lookup;
use crate::types::ReadContext;

/// Whether the request is denied for every value that the keys of which `is_open` says so could have: a Deny applies
/// that reads none of them, or no Allow of an identity or resource policy could apply. Says no where it does not see
/// that at once: it spares looking keys up, and decides nothing.
pub fn is_certain_denial(
    request: &AuthorizationRequest<'_>,
    policies: &Policies<'_>,
    is_open: impl Fn(&str) -> bool,
) -> bool {
    let query = query(request, policies);
    let mut any_allow = false;
    let granting = policies.identity.iter().chain(&policies.resource);
    for (named, grants) in granting
        .map(|named| (named, true))
        .chain(policies.boundaries.iter().chain(policies.session.unwrap_or_default()).map(|named| (named, false)))
    {
        let heard = hear(named, &query, request.context, &is_open);
        if heard.denies {
            return true;
        }
        any_allow |= grants && heard.may_allow;
    }
    !any_allow
}

#[derive(Default)]
struct Heard {
    /// A Deny applies whatever the open keys hold.
    denies: bool,
    /// An Allow applies, or could.
    may_allow: bool,
}

fn hear(
    named: &NamedPolicy<'_>,
    query: &Query<'_>,
    context: &dyn ReadContext,
    is_open: &impl Fn(&str) -> bool,
) -> Heard {
    let policy = named.policy;
    let mut heard = Heard::default();
    policy.index.candidates(&query.action, root_of(query.resource), |number| {
        let Some(statement) = policy.statements.get(number) else { return };
        if speaks_of(statement, policy.kind, query).is_none() {
            return;
        }
        let mut lookup = Lookup::new(context);
        let applies = statement.applies(query, &mut lookup);
        let open = lookup.into_missing().into_iter().any(is_open);
        match statement.effect {
            Effect::Deny => heard.denies |= applies && !open,
            Effect::Allow => heard.may_allow |= applies || open,
        }
    });
    heard
}
