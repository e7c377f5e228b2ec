//! Decisions and the rules of combination, by small tables.

mod combination;
mod federated;
mod principals;
mod statements;

use super::*;
use crate::types::{Context, Principal, ResourceName};
use std::sync::Arc;

const A: &str = "111122223333";
const B: &str = "444455556666";

fn account(text: &str) -> AccountId {
    AccountId::parse(text).unwrap()
}

fn id(tail: &str) -> UniqueId {
    UniqueId::parse(&format!("{tail:A<21}")).unwrap()
}

fn user() -> Principal {
    Principal::User { account: account(A), path: "/".into(), name: "alice".into(), id: id("AIDAALICE") }
}

fn session() -> Principal {
    Principal::RoleSession {
        account: account(A),
        role_path: "/team/".into(),
        role_name: "R".into(),
        role_id: id("AROAR"),
        session: "s1".into(),
    }
}

fn root() -> Principal {
    Principal::Root { account: account(A) }
}

fn web() -> Principal {
    Principal::WebIdentity { provider: Arc::from(format!("arn:aws:iam::{A}:oidc-provider/idp")) }
}

fn parse_bound(kind: PolicyKind, document: &str, bindings: &Bindings) -> Policy {
    Policy::parse(document, &ParseOptions { kind, default_account: &account(A), bindings }).unwrap()
}

fn parse(kind: PolicyKind, statements: &str) -> Policy {
    parse_bound(kind, &format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}"), &Bindings::new())
}

fn allow_all(kind: PolicyKind) -> Policy {
    parse(kind, r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
}

fn allow_other(kind: PolicyKind) -> Policy {
    parse(kind, r#"{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}"#)
}

fn bucket(effect: &str, principal: &str) -> Policy {
    let element = if principal.starts_with('!') { "NotPrincipal" } else { "Principal" };
    let principal = principal.trim_start_matches('!');
    let statement = format!(
        r#"{{"Sid":"B1","Effect":"{effect}","{element}":{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#
    );
    parse(PolicyKind::Bucket, &statement)
}

fn trust(principal: &str) -> Policy {
    parse(PolicyKind::Trust, &format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole*"}}"#))
}

#[derive(Default)]
struct Setting<'a> {
    owner: Option<&'a str>,
    identity: Option<&'a Policy>,
    boundary: Option<&'a Policy>,
    session: Option<&'a Policy>,
    resource: Option<&'a Policy>,
    trust: bool,
}

impl Setting<'_> {
    fn decide(&self, principal: &Principal) -> (Outcome, Option<PolicyKind>) {
        let named = |policy| NamedPolicy { id: "p", policy };
        let identity: Vec<_> = self.identity.map(named).into_iter().collect();
        let boundaries: Vec<_> = self.boundary.map(named).into_iter().collect();
        let session: Vec<_> = self.session.map(named).into_iter().collect();
        let policies = Policies {
            identity: &identity,
            boundaries: &boundaries,
            session: self.session.map(|_| session.as_slice()),
            resource: self.resource.map(named),
        };
        let (context, owner) = (Context::new(), account(self.owner.unwrap_or(A)));
        let resource = ResourceName::object("b", b"k");
        let request = AuthorizationRequest {
            principal,
            action: if self.trust { "sts:AssumeRole" } else { "s3:GetObject" },
            resource: &resource,
            resource_account: Some(&owner),
            context: &context,
        };
        let decision = if self.trust { decide_trust(&request, &policies) } else { decide(&request, &policies) };
        assert_eq!(decision.statements.is_empty(), decision.outcome == Outcome::ImplicitDeny);
        (decision.outcome, decision.cause)
    }
}

const ALLOW: (Outcome, Option<PolicyKind>) = (Outcome::Allow, None);

fn lacks(kind: PolicyKind) -> (Outcome, Option<PolicyKind>) {
    (Outcome::ImplicitDeny, Some(kind))
}
