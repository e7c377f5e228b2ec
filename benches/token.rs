//! Cost of opening a session token, as a request with a cold cache of opened tokens pays it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use criterion::{Criterion, criterion_group, criterion_main};
use rolegate::token::{KeyRing, Link, LinkKind, SessionClaims, SessionKind};
use rolegate::types::{AccessKeyId, AccountId, Entropy, Timestamp, UniqueId};
use std::hint::black_box;

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

fn claims(policy: Option<String>) -> SessionClaims {
    let link = |kind, name: &str, id: &str| Link {
        kind,
        account: AccountId::empty(),
        name: name.to_owned(),
        id: UniqueId::parse(id).unwrap(),
        epoch: 0,
        minted: None,
    };
    SessionClaims {
        access_key: AccessKeyId::parse("ASIAIOSFODNN7EXAMPLE").unwrap(),
        subject: link(LinkKind::Role, "S3Access", "AROAJQABLZS4A3QDU576Q"),
        kind: SessionKind::Role,
        session_name: "Bob".to_owned(),
        issued: Timestamp::from_seconds(0),
        expires: Timestamp::from_seconds(3600),
        policies: policy.into_iter().collect(),
        policy_arns: Vec::new(),
        chain: vec![link(LinkKind::User, "TESTER2", "AIDAJQABLZS4A3QDU576Q")],
        parent_key: Some(AccessKeyId::parse("TESTER2").unwrap()),
        web: None,
        source_identity: None,
        tags: Vec::new(),
        transitive: Vec::new(),
    }
}

fn open(criterion: &mut Criterion) {
    let ring = KeyRing::parse(KeyRing::generate(&Fixed).expose_str().unwrap()).unwrap();
    let now = Timestamp::from_seconds(1);
    for (name, policy) in [("token/open", None), ("token/open with a session policy", Some("x".repeat(2048)))] {
        let claims = claims(policy);
        let (token, _) = ring.seal(&claims, "store", &Fixed).unwrap();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| ring.open(black_box(&token), "store", &claims.access_key, now).unwrap());
        });
    }
}

criterion_group!(benches, open);
criterion_main!(benches);
