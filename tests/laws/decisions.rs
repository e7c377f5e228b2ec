//! Laws of decisions, and of what is told of them.

use crate::asking::{ask, with_policies};
use crate::changes::{documents, everything_denied, sort_of, statements, widen};
use crate::documents::{Sort, statement, without_boolean_variables};
use crate::naive::{self, Naive, Question};
use crate::questions::question;
use proptest::prelude::*;
use rolegate::policy::{
    DecodedDenial, MAX_MESSAGE_BYTES, Outcome, SourcePolicyType, decide, decide_trust, explain, near_misses, simulate,
    simulate_trust,
};
use serde_json::json;

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_naive_evaluator(q in question()) {
        let wanted = match naive::decide(&q) {
            Naive::Allow => Outcome::Allow,
            Naive::ExplicitDeny => Outcome::ExplicitDeny,
            Naive::ImplicitDeny => Outcome::ImplicitDeny,
        };
        prop_assert_eq!(ask(&q), wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_matching_deny_wins(q in question(), which in any::<prop::sample::Index>()) {
        let mut q = q;
        let trust = q.trust;
        let mut all = documents(&mut q);
        prop_assume!(!all.is_empty());
        let document = which.get_mut(&mut all);
        let sort = sort_of(document, trust);
        statements(document).push(everything_denied(sort));
        prop_assert_eq!(ask(&q), Outcome::ExplicitDeny);
    }

    #[test]
    fn adding_a_deny_never_adds_permission(
        q in question(),
        which in any::<prop::sample::Index>(),
        plain in statement(Sort::Plain),
        bucket in statement(Sort::Bucket),
        trusting in statement(Sort::Trust),
    ) {
        let mut more = q.clone();
        let mut all = documents(&mut more);
        prop_assume!(!all.is_empty());
        let document = which.get_mut(&mut all);
        let mut deny = match sort_of(document, q.trust) {
            Sort::Plain => plain,
            Sort::Bucket => bucket,
            Sort::Trust => trusting,
        };
        deny["Effect"] = json!("Deny");
        let deny = without_boolean_variables(&deny);
        statements(document).push(deny);
        prop_assert!(ask(&more) != Outcome::Allow || ask(&q) == Outcome::Allow);
    }

    #[test]
    fn widening_an_allow_never_removes_permission(
        q in question(),
        which in any::<prop::sample::Index>(),
        part in any::<prop::sample::Index>(),
        how in 0usize..4,
    ) {
        let mut wider = q.clone();
        let mut all = documents(&mut wider);
        prop_assume!(!all.is_empty());
        let document = which.get_mut(&mut all);
        widen(part.get_mut(statements(document)), how);
        prop_assert!(ask(&q) != Outcome::Allow || ask(&wider) == Outcome::Allow);
    }

    #[test]
    fn order_is_irrelevant(q in question()) {
        let mut turned = q.clone();
        documents(&mut turned).into_iter().for_each(|document| statements(document).reverse());
        turned.identity.reverse();
        turned.boundaries.reverse();
        turned.session.iter_mut().for_each(|documents| documents.reverse());
        prop_assert_eq!(ask(&turned), ask(&q));
    }

    #[test]
    fn statements_about_other_things_change_nothing(q in question()) {
        let mut padded = q.clone();
        let trust = q.trust;
        for document in documents(&mut padded) {
            let sort = sort_of(document, trust);
            for number in 0..20 {
                let mut other = everything_denied(sort);
                other["Action"] = json!(if trust { "sts:GetSessionToken" } else { "sqs:SendMessage" });
                if sort != Sort::Trust {
                    other["Resource"] = json!(format!("arn:aws:s3:::other{number}/*"));
                }
                statements(document).insert(number, other);
            }
        }
        prop_assert_eq!(ask(&padded), ask(&q));
    }

    /// The simulation decides as the gate does, and its statements are the decision's and more of the same effect.
    #[test]
    fn a_simulation_ends_as_the_decision(q in question()) {
        with_policies(&q, |request, policies| {
            let none = |_: &_| SourcePolicyType::None;
            let (decision, simulation) = if q.trust {
                (decide_trust(request, policies), simulate_trust(request, policies, none))
            } else {
                (decide(request, policies), simulate(request, policies, none))
            };
            prop_assert_eq!(&simulation.decision, &decision);
            let matched: Vec<_> = simulation.matched.iter().map(|matched| matched.statement).collect();
            prop_assert!(decision.statements.iter().all(|statement| matched.contains(statement)));
            prop_assert_eq!(matched.is_empty(), decision.outcome == Outcome::ImplicitDeny);
            prop_assert!(simulation.matched.iter().all(|matched| matched.start < matched.end));
            let listed = |missing: &&str| simulation.missing_context.iter().any(|key| key.eq_ignore_ascii_case(missing));
            prop_assert!(decision.missing_keys.iter().all(listed));
            let denied = simulation.verdicts.iter().any(|verdict| verdict.outcome == Outcome::ExplicitDeny);
            prop_assert_eq!(denied, decision.outcome == Outcome::ExplicitDeny);
            Ok(())
        })?;
    }

    /// A near miss is no decisive statement, has a reason, and a decision is told whatever it is.
    #[test]
    fn near_misses_did_not_decide(q in question()) {
        with_policies(&q, |request, policies| {
            let decision = if q.trust { decide_trust(request, policies) } else { decide(request, policies) };
            for near in near_misses(request, policies) {
                prop_assert!(!near.misses.is_empty());
                prop_assert!(!decision.statements.contains(&near.statement));
            }
            let told = explain(request, policies, &decision);
            prop_assert_eq!(told.contains(" may not perform "), !decision.is_allowed());
            let message = DecodedDenial::new(request, &decision).map(|denial| denial.to_json());
            prop_assert!(message.is_none_or(|text| text.len() <= MAX_MESSAGE_BYTES));
            Ok(())
        })?;
    }

    /// What a decision misses is among the keys that its policies read.
    #[test]
    fn missing_keys_are_keys_of_the_policies(q in question()) {
        with_policies(&q, |request, policies| {
            let decision = if q.trust { decide_trust(request, policies) } else { decide(request, policies) };
            let session = policies.session.unwrap_or_default();
            let all = policies.identity.iter().chain(policies.boundaries).chain(session).chain(&policies.resource);
            let keys: Vec<_> = all.flat_map(|named| named.policy.context_keys()).collect();
            let known = |missing: &&str| keys.iter().any(|key| key.eq_ignore_ascii_case(missing));
            prop_assert!(decision.missing_keys.iter().all(known));
            Ok(())
        })?;
    }

    #[test]
    fn no_policies_allow_nothing(q in question()) {
        let empty = Question {
            identity: vec![], boundaries: vec![], session: None, resource_policy: None, ..q
        };
        prop_assert_eq!(ask(&empty), Outcome::ImplicitDeny);
    }
}
