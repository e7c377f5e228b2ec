//! How the cost of a decision grows with the size of the policy: 10 to 10,000 statements of which one can match,
//! of which a few can match, and of which all can match.

#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion's macros make public items; a bench fails by panicking"
)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rolegate::policy::{
    AuthorizationRequest, Bindings, NamedPolicy, ParseOptions, Policies, Policy, PolicyKind, decide,
};
use rolegate::types::{AccountId, Context, Principal, ResourceName, UniqueId};
use std::hint::black_box;

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

/// A policy of `size` statements, which `statement` writes by number. A document has a bounded length, so a large
/// policy is several documents.
fn policies(size: usize, statement: impl Fn(usize) -> String) -> Vec<Policy> {
    let statements: Vec<String> = (0..size).map(statement).collect();
    let options =
        ParseOptions { kind: PolicyKind::Identity, default_account: &AccountId::empty(), bindings: &Bindings::new() };
    let document = |part: &[String]| {
        let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", part.join(","));
        Policy::parse(&text, &options).expect("a valid policy")
    };
    statements.chunks(400).map(document).collect()
}

fn decision(c: &mut Criterion) {
    let principal = Principal::User {
        account: AccountId::empty(),
        path: "/".into(),
        name: "TESTER2".into(),
        id: UniqueId::parse("AIDAEXAMPLEEXAMPLE000").expect("an id"),
    };
    let mut context = Context::new();
    context.set("aws:username", "TESTER2");
    context.set("aws:SourceIp", "10.1.2.3");
    context.set("aws:SecureTransport", "true");
    let (account, resource) = (AccountId::empty(), ResourceName::object("b7", b"home/TESTER2/report.csv"));
    let request = AuthorizationRequest {
        principal: &principal,
        action: "s3:GetObject",
        resource: &resource,
        resource_account: Some(&account),
        context: &context,
    };
    let conditions = r#""Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"Bool":{"aws:SecureTransport":"true"}}"#;
    type Write = Box<dyn Fn(usize) -> String>;
    let shapes: [(&str, Write); 3] = [
        (
            "one bucket each",
            Box::new(move |n| {
                let resource = format!("arn:aws:s3:::b{n}/home/${{aws:username}}/*");
                format!(r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{resource}",{conditions}}}"#)
            }),
        ),
        (
            "one action each",
            Box::new(move |n| {
                let action = if n == 7 { "s3:GetObject".to_owned() } else { format!("s3:Action{n}") };
                format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*",{conditions}}}"#)
            }),
        ),
        (
            "all can match",
            Box::new(|n| format!(r#"{{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::*/home/{n}/*"}}"#)),
        ),
    ];
    for (shape, write) in shapes {
        let mut group = c.benchmark_group(format!("decide/{shape}"));
        for size in SIZES {
            let parsed = policies(size, &write);
            let identity: Vec<_> = parsed.iter().map(|policy| NamedPolicy { id: "p", policy }).collect();
            let policies = Policies { identity: &identity, ..Policies::default() };
            group.bench_with_input(BenchmarkId::from_parameter(size), &policies, |b, policies| {
                b.iter(|| black_box(decide(black_box(&request), policies)));
            });
        }
        group.finish();
    }
}

fn parsing(c: &mut Criterion) {
    let document = r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["s3:GetObject","s3:List*"],
        "Resource":["arn:aws:s3:::b","arn:aws:s3:::b/${aws:username}/*"],"Condition":{"StringLike":{"s3:prefix":["home/*"]}}}]}"#;
    let options =
        ParseOptions { kind: PolicyKind::Identity, default_account: &AccountId::empty(), bindings: &Bindings::new() };
    c.bench_function("parse", |b| b.iter(|| black_box(Policy::parse(black_box(document), &options))));
}

criterion_group!(benches, decision, parsing);
criterion_main!(benches);
