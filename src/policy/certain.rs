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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Bindings, Outcome, ParseOptions, Policy, PolicyKind, decide};
    use crate::types::{AccountId, Context, Principal, ResourceName, UniqueId};
    use proptest::prelude::*;

    /// A statement out of few parts, so that all that can meet does: open keys (`s3:ExistingObjectTag/…`), a key that
    /// is there and one that is not.
    fn statement() -> impl Strategy<Value = String> {
        let key = prop::sample::select(vec!["s3:ExistingObjectTag/a", "s3:ExistingObjectTag/b", "aws:here", "aws:not"]);
        let operator = prop::sample::select(vec![
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIfExists",
            "StringNotLikeIfExists",
            "ForAllValues:StringEquals",
            "ForAnyValue:StringNotEquals",
            "Null",
        ]);
        let operand = prop::sample::select(vec![
            "x",
            "y",
            "${s3:ExistingObjectTag/b}",
            "${s3:ExistingObjectTag/a, 'x'}",
            "${aws:here}",
            "${aws:not}",
        ]);
        let condition = (operator, key, operand).prop_map(|(operator, key, operand)| {
            let operand = if operator == "Null" { if operand == "x" { "true" } else { "false" } } else { operand };
            format!(r#"{{"{operator}":{{"{key}":"{operand}"}}}}"#)
        });
        let resource = prop::sample::select(vec![
            "*",
            "arn:aws:s3:::b/x",
            "arn:aws:s3:::b/${s3:ExistingObjectTag/a}",
            "arn:aws:s3:::b/${s3:ExistingObjectTag/b, '*'}",
            "arn:aws:s3:::c/*",
        ]);
        let form = (prop::bool::weighted(0.6), prop::bool::weighted(0.8));
        (form, resource, prop::option::weighted(0.8, condition)).prop_map(|((allow, plain), resource, condition)| {
            let effect = if allow { "Allow" } else { "Deny" };
            let element = if plain { "Resource" } else { "NotResource" };
            let condition = condition.map(|condition| format!(r#","Condition":{condition}"#)).unwrap_or_default();
            format!(r#"{{"Effect":"{effect}"PRINCIPAL,"Action":"s3:GetObject","{element}":"{resource}"{condition}}}"#)
        })
    }

    fn policy(kind: PolicyKind, statements: &[String]) -> Policy {
        let principal = if kind == PolicyKind::Bucket { r#","Principal":"*""# } else { "" };
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        let options = ParseOptions { kind, default_account: &AccountId::empty(), bindings: &Bindings::new() };
        Policy::parse(&text.replace("PRINCIPAL", principal), &options).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// What a decision did not ask for could not have changed it, and a certain denial is one whatever is there.
        #[test]
        fn rule_11_keys_that_were_not_read_change_nothing(
            slots in prop::collection::vec(prop::collection::vec(statement(), 1..4), 4),
            which in any::<[bool; 3]>(),
            tags in prop::collection::vec((0..2usize, prop::sample::select(vec!["x", "y"])), 0..3),
            anonymous in prop::bool::weighted(0.2),
        ) {
            let kinds = [PolicyKind::Identity, PolicyKind::Boundary, PolicyKind::Session, PolicyKind::Bucket];
            let policies: Vec<Policy> = kinds.into_iter().zip(&slots).map(|(kind, slot)| policy(kind, slot)).collect();
            let named: Vec<NamedPolicy<'_>> = policies.iter().map(|policy| NamedPolicy { id: "p", policy }).collect();
            let policies = Policies {
                identity: if anonymous { &[] } else { &named[..1] },
                boundaries: if which[0] && !anonymous { &named[1..2] } else { &[] },
                session: (which[1] && !anonymous).then_some(&named[2..3]),
                resource: (which[2] || anonymous).then_some(named[3]),
            };
            let principal = Principal::User {
                account: AccountId::empty(),
                path: "/".into(),
                name: "u".into(),
                id: UniqueId::parse("AIDAAAAAAAAAAAAAAAAAA").unwrap(),
            };
            let principal = if anonymous { Principal::Anonymous } else { principal };
            let (owner, resource) = (AccountId::empty(), ResourceName::object("b", b"x"));
            let mut bare = Context::new();
            bare.set("aws:here", "x");
            let mut full = bare.clone();
            for (key, value) in tags {
                full.set(["s3:ExistingObjectTag/a", "s3:ExistingObjectTag/b"][key], value);
            }
            let request = |context| AuthorizationRequest {
                principal: &principal,
                action: "s3:GetObject",
                resource: &resource,
                resource_account: Some(&owner),
                context,
            };
            let (before, after) = (request(&bare), request(&full));
            let (first, last) = (decide(&before, &policies), decide(&after, &policies));
            let is_open = |key: &str| key.starts_with("s3:ExistingObjectTag/");
            if !first.missing_keys.iter().copied().any(is_open) {
                prop_assert_eq!(first.outcome, last.outcome);
            }
            if is_certain_denial(&before, &policies, is_open) {
                prop_assert_ne!(first.outcome, Outcome::Allow);
                prop_assert_ne!(last.outcome, Outcome::Allow);
            }
        }
    }
}
