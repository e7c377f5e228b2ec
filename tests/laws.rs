//! Laws of the policy engine, over random policies and requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "laws/naive.rs"]
mod naive;

use naive::{Naive, Question};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rolegate::policy::lint::{Catalogue, LintOptions, Severity, validate};
use rolegate::policy::{
    AuthorizationRequest, Bindings, DecodedDenial, MAX_MESSAGE_BYTES, NamedPolicy, Outcome, ParseOptions, Policies,
    Policy, PolicyKind, SourcePolicyType, decide, decide_trust, explain, near_misses, simulate, simulate_trust,
};
use rolegate::types::{AccountId, Context, Principal, ResourceName, UniqueId};
use serde_json::{Map, Value, json};

const A: &str = "111122223333";
const B: &str = "444455556666";

// ---- asking both evaluators ----

fn parse(kind: PolicyKind, document: &Value) -> Policy {
    let options = ParseOptions { kind, default_account: &AccountId::empty(), bindings: &Bindings::new() };
    Policy::parse(&document.to_string(), &options).unwrap_or_else(|error| panic!("{error}: {document}"))
}

fn ask(q: &Question) -> Outcome {
    with_policies(q, |request, policies| {
        let decision = if q.trust { decide_trust(request, policies) } else { decide(request, policies) };
        assert_eq!(decision.cause.is_none(), decision.is_allowed());
        decision.outcome
    })
}

/// Parses the question's documents and hands on the request with its policies.
fn with_policies<T>(q: &Question, then: impl FnOnce(&AuthorizationRequest<'_>, &Policies<'_>) -> T) -> T {
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

// ---- what the questions are made of ----

fn principals() -> Vec<Principal> {
    let user = |account: &str, path: &str, name: &str| Principal::User {
        account: AccountId::parse(account).unwrap(),
        path: path.into(),
        name: name.into(),
        id: UniqueId::parse("AIDAEXAMPLEEXAMPLE000").unwrap(),
    };
    vec![
        user(A, "/", "alice"),
        user(A, "/eng/", "bob"),
        user("", "/", "alice"),
        Principal::RoleSession {
            account: AccountId::parse(A).unwrap(),
            role_path: "/team/".into(),
            role_name: "R".into(),
            role_id: UniqueId::parse("AROAEXAMPLEEXAMPLE000").unwrap(),
            session: "s1".into(),
        },
        Principal::Root { account: AccountId::parse(A).unwrap() },
        Principal::WebIdentity { provider: format!("arn:aws:iam::{A}:oidc-provider/idp").into() },
        Principal::Anonymous,
    ]
}

fn one_or_list(values: Vec<String>) -> Value {
    if let [single] = values.as_slice() { json!(single) } else { json!(values) }
}

fn some_of(pool: &[&str]) -> impl Strategy<Value = Value> + use<> {
    let pool: Vec<String> = pool.iter().map(|text| (*text).to_owned()).collect();
    let most = pool.len().min(3);
    subsequence(pool, 1..=most).prop_map(one_or_list)
}

fn aws_principals() -> impl Strategy<Value = Value> {
    let pool = [
        "*".to_owned(),
        A.to_owned(),
        B.to_owned(),
        format!("arn:aws:iam::{A}:root"),
        "arn:aws:iam:::root".to_owned(),
        format!("arn:aws:iam::{A}:user/alice"),
        format!("arn:aws:iam::{A}:user/eng/bob"),
        "arn:aws:iam:::user/alice".to_owned(),
        format!("arn:aws:iam::{A}:role/team/R"),
        format!("arn:aws:sts::{A}:assumed-role/R/s1"),
    ];
    subsequence(pool.to_vec(), 1..4).prop_map(one_or_list)
}

fn principal_element() -> impl Strategy<Value = Value> {
    let federated = format!("arn:aws:iam::{A}:oidc-provider/idp");
    prop_oneof![
        1 => Just(json!("*")),
        6 => aws_principals().prop_map(|values| json!({ "AWS": values })),
        2 => aws_principals().prop_map(move |values| json!({ "AWS": values, "Federated": federated })),
        1 => Just(json!({ "Federated": format!("arn:aws:iam::{A}:oidc-provider/idp") })),
        1 => Just(json!({ "Service": "ec2.amazonaws.com", "CanonicalUser": "abc" })),
    ]
}

fn not_principal() -> impl Strategy<Value = Value> {
    let pool = [
        A.to_owned(),
        format!("arn:aws:iam::{A}:user/alice"),
        format!("arn:aws:iam::{A}:role/team/R"),
        format!("arn:aws:sts::{A}:assumed-role/R/s1"),
    ];
    subsequence(pool.to_vec(), 1..=4).prop_map(|values| json!({ "AWS": one_or_list(values) }))
}

/// `{operator: {key: values}}` with values of the operator's type.
fn condition() -> impl Strategy<Value = Value> {
    let key = |pool: &[&'static str]| select(pool.to_vec());
    let strings = (
        select(vec![
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ]),
        key(&["aws:username", "AWS:UserName", "aws:TagKeys", "aws:Absent", "aws:Note"]),
        some_of(&[
            "alice",
            "ALICE",
            "a*",
            "x",
            "a?b",
            "${aws:username}",
            "${aws:Absent}",
            "${aws:Absent, 'x'}",
            "${*}",
        ]),
    );
    let numbers = (
        select(vec![
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ]),
        key(&["s3:max-keys", "aws:Note"]),
        some_of(&["10", "9.5", "-1", "10.0"]),
    );
    let dates = (
        select(vec![
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ]),
        key(&["aws:CurrentTime", "aws:Absent"]),
        some_of(&["2026-01-01", "2026-03-01T12:00:00Z", "1767225600", "2024-02-29"]),
    );
    let addresses = (
        select(vec!["IpAddress", "NotIpAddress"]),
        key(&["aws:SourceIp", "aws:Absent"]),
        some_of(&["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::1", "10.1.2.3"]),
    );
    let arns = (
        select(vec!["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"]),
        key(&["aws:PrincipalArn", "aws:Absent"]),
        some_of(&[
            "arn:aws:iam::*:user/*",
            "arn:aws:iam::111122223333:user/alice",
            "arn:aws:iam::111122223333:user/${aws:username}",
            "arn:aws:iam::*:role/R",
        ]),
    );
    let booleans = (
        select(vec!["Bool"]),
        key(&["aws:SecureTransport", "aws:Absent", "aws:Note"]),
        some_of(&["true", "false", "${aws:SecureTransport}"]),
    );
    let decorated = prop_oneof![
        strings.boxed(),
        numbers.boxed(),
        dates.boxed(),
        addresses.boxed(),
        arns.boxed(),
        booleans.boxed(),
    ];
    let decoration = (select(vec!["", "", "ForAllValues:", "ForAnyValue:"]), select(vec!["", "", "IfExists"]));
    prop_oneof![
        8 => (decorated, decoration).prop_map(|((operator, key, values), (before, after))| {
            json!({ format!("{before}{operator}{after}"): { key: values } })
        }),
        1 => (select(vec!["aws:username", "aws:Absent"]), select(vec!["true", "false"]))
            .prop_map(|(key, wanted)| json!({ "Null": { key: wanted } })),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Sort {
    Plain,
    Bucket,
    Trust,
}

fn statement(sort: Sort) -> impl Strategy<Value = Value> {
    let actions = if sort == Sort::Trust {
        some_of(&["sts:AssumeRole", "STS:assume*", "sts:TagSession", "*", "sts:?ssumeRole"])
    } else {
        some_of(&["s3:GetObject", "S3:getobject", "s3:Get*", "s3:*", "*", "s3:PutObject", "s3:?etObject", "iam:*"])
    };
    let resources = some_of(&[
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/alice/k",
        "arn:aws:s3:::b/${aws:username}/*",
        "arn:aws:s3:::b/${aws:Absent}/*",
        "arn:aws:s3:::b/${aws:Absent, 'alice'}/?",
        "arn:aws:s3:::c/*",
        "arn:aws:s3:::b*",
    ]);
    (
        (prop::bool::weighted(0.75), prop::bool::weighted(0.2), prop::bool::weighted(0.2), prop::bool::weighted(0.3)),
        (actions, resources, principal_element(), not_principal()),
        vec(condition(), 0..3),
    )
        .prop_map(
            move |((allow, not_action, not_resource, spare), (actions, resources, named, not_named), conditions)| {
                let mut members = Map::new();
                members.insert("Effect".into(), json!(if allow { "Allow" } else { "Deny" }));
                members.insert(if not_action { "NotAction" } else { "Action" }.into(), actions);
                if sort != Sort::Trust {
                    members.insert(if not_resource { "NotResource" } else { "Resource" }.into(), resources);
                }
                if sort != Sort::Plain && spare && !allow {
                    members.insert("NotPrincipal".into(), not_named);
                } else if sort != Sort::Plain {
                    members.insert("Principal".into(), named);
                }
                let mut block = Map::new();
                for condition in conditions {
                    block.extend(condition.as_object().cloned().unwrap_or_default());
                }
                if !block.is_empty() {
                    members.insert("Condition".into(), Value::Object(block));
                }
                Value::Object(members)
            },
        )
}

fn document(sort: Sort) -> impl Strategy<Value = Value> {
    let version = select(vec![Some("2012-10-17"), Some("2012-10-17"), Some("2008-10-17"), None]);
    let statements = prop_oneof![4 => vec(statement(sort), 1..4), 1 => vec(statement(sort), 9..14)];
    (version, statements).prop_map(|(version, statements)| {
        let mut document = json!({ "Statement": statements });
        if let Some(version) = version {
            document["Version"] = json!(version);
        }
        if version == Some("2012-10-17") { document } else { without_boolean_variables(&document) }
    })
}

/// For documents without variables, where such a boolean condition would be one on a text, which is refused.
fn without_boolean_variables(value: &Value) -> Value {
    serde_json::from_str(&value.to_string().replace("${aws:SecureTransport}", "true")).unwrap()
}

fn context() -> impl Strategy<Value = Vec<naive::Key>> {
    let single = |key: &'static str, pool: &[&'static str]| {
        option::weighted(0.8, select(pool.to_vec()))
            .prop_map(move |value| value.map(|value| (key.to_owned(), vec![value.to_owned()], false)))
    };
    (
        single("aws:username", &["alice", "a*b", "x"]),
        single("aws:Note", &["alice", "10", "true", "a?b", "*"]),
        single("s3:max-keys", &["10", "9", "-2.5", "many"]),
        single("aws:CurrentTime", &["2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "1767225600"]),
        single("aws:SourceIp", &["10.1.2.3", "10.2.0.1", "192.0.2.1", "::1"]),
        single("aws:PrincipalArn", &["arn:aws:iam::111122223333:user/alice", "arn:aws:iam::444455556666:role/R"]),
        single("aws:SecureTransport", &["true", "false"]),
        option::of(subsequence(vec!["alice", "ALICE", "x", "ab"], 1..4)),
    )
        .prop_map(|(a, b, c, d, e, f, g, tags)| {
            let tags = tags
                .map(|tags| ("aws:TagKeys".to_owned(), tags.into_iter().map(str::to_owned).collect::<Vec<_>>(), true));
            [a, b, c, d, e, f, g, tags].into_iter().flatten().collect()
        })
}

fn question() -> impl Strategy<Value = Question> {
    prop::bool::weighted(0.3).prop_flat_map(|trust| {
        let sort = if trust { Sort::Trust } else { Sort::Bucket };
        let actions = if trust {
            vec!["sts:AssumeRole", "sts:TagSession"]
        } else {
            vec!["s3:GetObject", "s3:PutObject", "iam:GetRole"]
        };
        (
            (
                select(principals()),
                select(actions),
                select(vec!["arn:aws:s3:::b/alice/k", "arn:aws:s3:::b", "arn:aws:s3:::b/a*b/k"]),
            ),
            (select(vec![A, A, B, ""]), context()),
            vec(document(Sort::Plain), 0..3),
            prop_oneof![3 => Just(vec![]), 1 => vec(document(Sort::Plain), 1..3)],
            option::weighted(0.3, vec(document(Sort::Plain), 0..3)),
            option::weighted(0.8, document(sort)),
        )
            .prop_map(
                move |((principal, action, resource), (owner, context), identity, boundaries, session, policy)| {
                    Question {
                        principal,
                        action: action.to_owned(),
                        resource: resource.to_owned(),
                        owner: owner.to_owned(),
                        context,
                        identity,
                        boundaries,
                        session,
                        resource_policy: policy,
                        trust,
                    }
                },
            )
    })
}

// ---- changing questions ----

/// All documents of a question.
fn documents(q: &mut Question) -> Vec<&mut Value> {
    let Question { identity, boundaries, session, resource_policy, .. } = q;
    identity.iter_mut().chain(boundaries).chain(session.iter_mut().flatten()).chain(resource_policy).collect()
}

fn statements(document: &mut Value) -> &mut Vec<Value> {
    document["Statement"].as_array_mut().unwrap()
}

/// Lets an Allow statement allow more, in the way numbered `how`.
fn widen(statement: &mut Value, how: usize) {
    let Some(members) = statement.as_object_mut().filter(|members| members["Effect"] == "Allow") else { return };
    match how {
        0 => drop(members.remove("Condition")),
        1 => {
            members.remove("NotAction");
            members.insert("Action".into(), json!("*"));
        }
        2 if members.contains_key("Resource") || members.contains_key("NotResource") => {
            members.remove("NotResource");
            members.insert("Resource".into(), json!("*"));
        }
        _ => {
            if let Some(aws) = members.get_mut("Principal").and_then(|principal| principal.get_mut("AWS")) {
                let mut all: Vec<Value> = aws.as_array().cloned().unwrap_or_else(|| vec![aws.clone()]);
                all.extend([json!("*"), json!(A), json!(format!("arn:aws:sts::{A}:assumed-role/R/s1"))]);
                *aws = json!(all);
            }
        }
    }
}

fn everything_denied(sort: Sort) -> Value {
    match sort {
        Sort::Plain => json!({ "Effect": "Deny", "Action": "*", "Resource": "*" }),
        Sort::Bucket => json!({ "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" }),
        Sort::Trust => json!({ "Effect": "Deny", "Principal": "*", "Action": "*" }),
    }
}

/// Which form a document has, by its statements.
fn sort_of(document: &Value, trust: bool) -> Sort {
    let first = &document["Statement"][0];
    match first.get("Principal").or(first.get("NotPrincipal")) {
        None => Sort::Plain,
        Some(_) if trust => Sort::Trust,
        Some(_) => Sort::Bucket,
    }
}

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

    /// What the linter calls an error is what parsing refuses, with the same first words and place.
    #[test]
    fn errors_of_the_linter_are_refusals(document in document(Sort::Plain), spoil in any::<prop::sample::Index>(), by in 1usize..4) {
        let mut text = document.to_string();
        let at = spoil.index(text.len());
        if text.is_char_boundary(at) && text.is_char_boundary((at + by).min(text.len())) {
            text.replace_range(at..(at + by).min(text.len()), "");
        }
        let (account, bindings, catalogue) = (AccountId::empty(), Bindings::new(), Catalogue::default());
        let parse = ParseOptions { kind: PolicyKind::Identity, default_account: &account, bindings: &bindings };
        let findings = validate(&text, &LintOptions { parse, catalogue: &catalogue, unresolved: &[] });
        let errors: Vec<_> = findings.iter().filter(|f| f.issue.severity() == Severity::Error).collect();
        match Policy::parse(&text, &parse) {
            Ok(_) => prop_assert!(errors.is_empty()),
            Err(error) => {
                prop_assert_eq!(errors.len(), findings.len());
                prop_assert_eq!(&errors[0].details, &error.fault.to_string());
                prop_assert_eq!((&errors[0].path, errors[0].span), (error.path(), error.span()));
                prop_assert_eq!(error.path().to_string(), error.place);
            }
        }
    }

    #[test]
    fn no_policies_allow_nothing(q in question()) {
        let empty = Question {
            identity: vec![], boundaries: vec![], session: None, resource_policy: None, ..q
        };
        prop_assert_eq!(ask(&empty), Outcome::ImplicitDeny);
    }

    #[test]
    fn parsing_never_panics_on_text(text in any::<String>(), latin in "[ -ÿ\t\r\n]{0,200}") {
        try_all_kinds(&text);
        try_all_kinds(&latin);
    }

    #[test]
    fn parsing_never_panics_on_json(value in arbitrary_json()) {
        try_all_kinds(&value.to_string());
    }

    #[test]
    fn parsing_never_panics_on_damaged_policies(
        document in document(Sort::Bucket),
        at in any::<prop::sample::Index>(),
        put in "[{}\\[\\]\",:$*a0\\\\]{0,3}",
        drop in 0usize..4,
    ) {
        let text: Vec<char> = document.to_string().chars().collect();
        let at = at.index(text.len());
        let after = text.iter().skip(at + drop);
        let damaged: String = text.iter().take(at).copied().chain(put.chars()).chain(after.copied()).collect();
        try_all_kinds(&damaged);
    }
}

fn try_all_kinds(text: &str) {
    use PolicyKind::{Boundary, Bucket, Identity, Session, Trust};
    for kind in [Identity, Session, Boundary, Bucket, Trust] {
        let options = ParseOptions { kind, default_account: &AccountId::empty(), bindings: &Bindings::new() };
        let _ = Policy::parse(text, &options);
    }
}

/// JSON with the language's own words in it.
fn arbitrary_json() -> impl Strategy<Value = Value> {
    let words = select(vec![
        "Version",
        "2012-10-17",
        "Statement",
        "Effect",
        "Allow",
        "Deny",
        "Action",
        "NotAction",
        "Resource",
        "Principal",
        "NotPrincipal",
        "AWS",
        "Federated",
        "Condition",
        "StringLike",
        "Null",
        "aws:x",
        "s3:*",
        "*",
        "${aws:x, 'y'}",
        "arn:aws:s3:::b/*",
        "arn:aws:iam:::user/x",
        "true",
        "",
        "Sid",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((words.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}
