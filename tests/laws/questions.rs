//! Questions at random: who asks for what, in which context, under which documents.

use crate::documents::{Sort, document};
use crate::naive::{Key, Question};
use crate::{A, B};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rolegate::types::{AccountId, Principal, UniqueId};

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
        Principal::FederatedUser {
            account: AccountId::parse(A).unwrap(),
            name: "guest".into(),
            user_path: "/".into(),
            user_name: "alice".into(),
            user_id: UniqueId::parse("AIDAEXAMPLEEXAMPLE000").unwrap(),
        },
        Principal::WebIdentity { provider: format!("arn:aws:iam::{A}:oidc-provider/idp").into() },
        Principal::Anonymous,
    ]
}

fn context() -> impl Strategy<Value = Vec<Key>> {
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

pub(crate) fn question() -> impl Strategy<Value = Question> {
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
