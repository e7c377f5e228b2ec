//! Decisions and the rules of combination, by small tables.

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

#[test]
fn compiled_policies_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Policy>();
}

#[test]
fn nothing_allows_nobody() {
    for principal in [user(), session(), root(), web(), Principal::Anonymous] {
        for (trust, owner) in [(false, A), (false, B), (true, A), (true, B)] {
            let setting = Setting { owner: Some(owner), trust, ..Setting::default() };
            assert_eq!(setting.decide(&principal).0, Outcome::ImplicitDeny, "{principal:?} {trust} {owner}");
        }
    }
}

#[test]
fn inside_an_account_identity_policies_boundary_and_session_intersect() {
    let (all, other) = (allow_all(PolicyKind::Identity), allow_other(PolicyKind::Identity));
    let (bounds, narrow) = (allow_all(PolicyKind::Boundary), allow_other(PolicyKind::Boundary));
    let (session_all, session_other) = (allow_all(PolicyKind::Session), allow_other(PolicyKind::Session));
    for (identity, boundary, sessions, wanted) in [
        (Some(&all), None, None, ALLOW),
        (Some(&all), Some(&bounds), Some(&session_all), ALLOW),
        (Some(&other), Some(&narrow), None, lacks(PolicyKind::Identity)),
        (Some(&all), Some(&narrow), Some(&session_other), lacks(PolicyKind::Boundary)),
        (Some(&all), Some(&bounds), Some(&session_other), lacks(PolicyKind::Session)),
        (None, Some(&bounds), Some(&session_all), lacks(PolicyKind::Identity)),
    ] {
        let setting = Setting { identity, boundary, session: sessions, ..Setting::default() };
        assert_eq!(setting.decide(&session()), wanted);
    }
}

#[test]
fn a_bucket_policy_adds_inside_the_account_by_how_closely_it_names() {
    let narrow = allow_other(PolicyKind::Boundary);
    let session_other = allow_other(PolicyKind::Session);
    let of_session = format!(r#"{{"AWS":"arn:aws:sts::{A}:assumed-role/R/s1"}}"#);
    let of_role = format!(r#"{{"AWS":"arn:aws:iam::{A}:role/team/R"}}"#);
    let of_user = format!(r#"{{"AWS":"arn:aws:iam::{A}:user/alice"}}"#);
    let of_account = format!(r#"{{"AWS":"{A}"}}"#);
    for (principal, named, boundary, sessions, wanted) in [
        (session(), &of_session, None, None, ALLOW),
        (session(), &of_session, Some(&narrow), Some(&session_other), ALLOW),
        (session(), &of_role, None, None, ALLOW),
        (session(), &of_role, Some(&narrow), None, lacks(PolicyKind::Boundary)),
        (session(), &of_role, None, Some(&session_other), lacks(PolicyKind::Session)),
        (session(), &"\"*\"".to_owned(), Some(&narrow), None, ALLOW),
        (session(), &"\"*\"".to_owned(), None, Some(&session_other), lacks(PolicyKind::Session)),
        (session(), &of_account, None, None, lacks(PolicyKind::Identity)),
        (user(), &of_user, Some(&narrow), None, ALLOW),
        (user(), &of_user, None, Some(&session_other), lacks(PolicyKind::Session)),
        (user(), &of_account, None, None, lacks(PolicyKind::Identity)),
        (user(), &of_session, None, None, lacks(PolicyKind::Identity)),
        (root(), &of_account, None, None, ALLOW),
        (root(), &of_user, None, None, lacks(PolicyKind::Identity)),
    ] {
        let policy = bucket("Allow", named);
        let setting = Setting { resource: Some(&policy), boundary, session: sessions, ..Setting::default() };
        assert_eq!(setting.decide(&principal), wanted, "{principal:?} {named}");
    }
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let (all, other) = (allow_all(PolicyKind::Identity), allow_other(PolicyKind::Identity));
    let of_user = bucket("Allow", &format!(r#"{{"AWS":"arn:aws:iam::{A}:user/alice"}}"#));
    let of_account = bucket("Allow", &format!(r#"{{"AWS":"arn:aws:iam::{A}:root"}}"#));
    let of_nobody = bucket("Allow", &format!(r#"{{"AWS":"{B}"}}"#));
    for (identity, resource, wanted) in [
        (&all, Some(&of_user), ALLOW),
        (&all, Some(&of_account), ALLOW),
        (&other, Some(&of_user), lacks(PolicyKind::Identity)),
        (&all, Some(&of_nobody), lacks(PolicyKind::Bucket)),
        (&all, None, lacks(PolicyKind::Bucket)),
    ] {
        let setting = Setting { owner: Some(B), identity: Some(identity), resource, ..Setting::default() };
        assert_eq!(setting.decide(&user()), wanted);
    }
}

#[test]
fn rule_15_anonymous_has_no_account_and_lives_by_star_alone() {
    for (named, wanted) in [
        ("\"*\"", ALLOW),
        (r#"{"AWS":"*"}"#, ALLOW),
        (r#"{"AWS":"111122223333"}"#, lacks(PolicyKind::Bucket)),
        (r#"{"AWS":"arn:aws:iam:::root"}"#, lacks(PolicyKind::Bucket)),
    ] {
        let policy = bucket("Allow", named);
        let setting = Setting { resource: Some(&policy), ..Setting::default() };
        assert_eq!(setting.decide(&Principal::Anonymous), wanted, "{named}");
    }
    let everyone = trust("\"*\"");
    let setting = Setting { resource: Some(&everyone), trust: true, ..Setting::default() };
    assert_eq!(setting.decide(&Principal::Anonymous).0, Outcome::ImplicitDeny);
}

#[test]
fn rule_15_star_never_admits_a_web_identity_and_a_deny_for_all_reaches_it() {
    let provider = format!(r#"{{"Federated":"arn:aws:iam::{A}:oidc-provider/idp"}}"#);
    for (named, wanted) in [
        (provider.as_str(), ALLOW),
        ("\"*\"", lacks(PolicyKind::Trust)),
        (r#"{"AWS":"*"}"#, lacks(PolicyKind::Trust)),
        (r#"{"AWS":"111122223333"}"#, lacks(PolicyKind::Trust)),
        (r#"{"Federated":"arn:aws:iam::111122223333:oidc-provider/other"}"#, lacks(PolicyKind::Trust)),
        (r#"{"Federated":"arn:aws:iam:::oidc-provider/idp"}"#, ALLOW),
    ] {
        let policy = trust(named);
        let setting = Setting { resource: Some(&policy), trust: true, ..Setting::default() };
        assert_eq!(setting.decide(&web()), wanted, "{named}");
    }
    let named = |statement: &str| {
        let policy = parse(PolicyKind::Trust, &format!("{{{}}}", statement.replace("IDP", &provider)));
        [web(), session(), Principal::Anonymous].map(|caller| policy.names_web_identity(&caller))
    };
    let call = r#""Action":"sts:AssumeRoleWithWebIdentity""#;
    for (statement, wanted) in [
        (format!(r#""Effect":"Allow","Principal":IDP,{call}"#), true),
        (format!(r#""Effect":"Allow","Principal":IDP,{call},"Condition":{{"Null":{{"idp:sub":"true"}}}}"#), true),
        (r#""Effect":"Allow","Principal":IDP,"Action":"sts:*""#.to_owned(), true),
        (r#""Effect":"Allow","Principal":IDP,"Action":["sts:TagSession","sts:AssumeRole"]"#.to_owned(), false),
        (format!(r#""Effect":"Deny","Principal":IDP,{call}"#), false),
        (format!(r#""Effect":"Allow","Principal":"*",{call}"#), false),
        (format!(r#""Effect":"Allow","Principal":{{"AWS":"*"}},{call}"#), false),
        (
            format!(r#""Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::{A}:oidc-provider/idp2"}},{call}"#),
            false,
        ),
    ] {
        assert_eq!(named(&statement), [wanted, false, false], "{statement}");
    }
    let denied = parse(
        PolicyKind::Trust,
        &format!(
            r#"{{"Effect":"Allow","Principal":{provider},"Action":"sts:AssumeRole"}},{{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}"#
        ),
    );
    let setting = Setting { resource: Some(&denied), trust: true, ..Setting::default() };
    assert_eq!(setting.decide(&web()), (Outcome::ExplicitDeny, Some(PolicyKind::Trust)));
    let all = allow_all(PolicyKind::Identity);
    for named in ["\"*\"", provider.as_str()] {
        let open = bucket("Allow", named);
        let setting = Setting { resource: Some(&open), identity: Some(&all), ..Setting::default() };
        assert_eq!(setting.decide(&web()), lacks(PolicyKind::Bucket), "a web identity reaches no bucket");
    }
}

#[test]
fn rule_12_rights_of_root_are_a_policy_and_are_cut_like_one() {
    let all = allow_all(PolicyKind::Identity);
    let narrow = allow_other(PolicyKind::Boundary);
    let denying = bucket("Deny", "\"*\"");
    assert_eq!(Setting { identity: Some(&all), ..Setting::default() }.decide(&root()), ALLOW);
    assert_eq!(Setting::default().decide(&root()), lacks(PolicyKind::Identity));
    let bounded = Setting { identity: Some(&all), boundary: Some(&narrow), ..Setting::default() };
    assert_eq!(bounded.decide(&root()), lacks(PolicyKind::Boundary));
    let denied = Setting { identity: Some(&all), resource: Some(&denying), ..Setting::default() };
    assert_eq!(denied.decide(&root()).0, Outcome::ExplicitDeny);
    assert_eq!(
        Setting { owner: Some(B), identity: Some(&all), ..Setting::default() }.decide(&root()),
        lacks(PolicyKind::Bucket)
    );
}

#[test]
fn trust_needs_the_trust_policy_and_for_an_account_an_identity_policy_too() {
    let all = allow_all(PolicyKind::Identity);
    let of_account = trust(&format!(r#"{{"AWS":"{A}"}}"#));
    let of_user = trust(&format!(r#"{{"AWS":"arn:aws:iam::{A}:user/alice"}}"#));
    let of_other = trust(&format!(r#"{{"AWS":"arn:aws:iam::{A}:user/bob"}}"#));
    for (owner, resource, identity, wanted) in [
        (A, &of_user, None, ALLOW),
        (A, &of_account, None, lacks(PolicyKind::Identity)),
        (A, &of_account, Some(&all), ALLOW),
        (A, &of_other, Some(&all), lacks(PolicyKind::Trust)),
        (B, &of_user, None, lacks(PolicyKind::Identity)),
        (B, &of_user, Some(&all), ALLOW),
        (B, &of_other, Some(&all), lacks(PolicyKind::Trust)),
    ] {
        let owner = Some(owner);
        let setting = Setting { owner, resource: Some(resource), identity, trust: true, ..Setting::default() };
        assert_eq!(setting.decide(&user()), wanted);
    }
}

#[test]
fn an_explicit_deny_wins_wherever_it_stands() {
    let deny = r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"No","Effect":"Deny","Action":"s3:Get*","Resource":"*"}"#;
    let all = allow_all(PolicyKind::Identity);
    for kind in [PolicyKind::Identity, PolicyKind::Boundary, PolicyKind::Session] {
        let denying = parse(kind, deny);
        let mut setting = Setting { identity: Some(&all), ..Setting::default() };
        match kind {
            PolicyKind::Identity => setting.identity = Some(&denying),
            PolicyKind::Boundary => setting.boundary = Some(&denying),
            _ => setting.session = Some(&denying),
        }
        assert_eq!(setting.decide(&user()), (Outcome::ExplicitDeny, Some(kind)));
    }
    let denying = bucket("Deny", "\"*\"");
    let setting = Setting { identity: Some(&all), resource: Some(&denying), ..Setting::default() };
    assert_eq!(setting.decide(&user()), (Outcome::ExplicitDeny, Some(PolicyKind::Bucket)));
}

#[test]
fn not_principal_spares_only_who_is_listed_in_full_and_nobody_bounded() {
    let all = allow_all(PolicyKind::Identity);
    let bounds = allow_all(PolicyKind::Boundary);
    let full = format!(
        r#"!{{"AWS":["{A}","arn:aws:iam::{A}:user/alice","arn:aws:iam::{A}:role/team/R","arn:aws:sts::{A}:assumed-role/R/s1"]}}"#
    );
    let part = format!(r#"!{{"AWS":["{A}","arn:aws:iam::{A}:role/team/R"]}}"#);
    for (listed, principal, boundary, spared) in [
        (&full, user(), None, true),
        (&full, session(), None, true),
        (&full, root(), None, true),
        (&full, user(), Some(&bounds), false),
        (&part, user(), None, false),
        (&part, session(), None, false),
        (&part, root(), None, true),
        (&full, Principal::Anonymous, None, false),
    ] {
        let policy = bucket("Deny", listed);
        let setting = Setting { identity: Some(&all), resource: Some(&policy), boundary, ..Setting::default() };
        assert_eq!(setting.decide(&principal).0 != Outcome::ExplicitDeny, spared, "{principal:?} {listed}");
    }
}

#[test]
fn rule_14_a_bound_principal_matches_its_unique_id_and_no_name() {
    let document = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":["arn:aws:iam:::user/alice","arn:aws:iam::{A}:role/team/R","arn:aws:sts::{A}:assumed-role/R/s1"]}},"Action":"s3:*","Resource":"*"}}}}"#
    );
    let unbound = parse_bound(PolicyKind::Bucket, &document, &Bindings::new());
    let arns: Vec<_> = unbound.principal_arns().map(str::to_owned).collect();
    assert_eq!(arns.len(), 3);
    assert!(arns.contains(&format!("arn:aws:iam::{A}:user/alice")), "the default account is filled in");
    for (user_id, role_id, wanted) in
        [(id("AIDAALICE"), id("AROAR"), Outcome::Allow), (id("AIDAOLDALICE"), id("AROAOLD"), Outcome::ImplicitDeny)]
    {
        let mut bindings = Bindings::new();
        for arn in &arns {
            bindings.bind(arn.as_str(), if arn.contains(":user/") { user_id.clone() } else { role_id.clone() });
        }
        let bound = parse_bound(PolicyKind::Bucket, &document, &bindings);
        let setting = Setting { resource: Some(&bound), ..Setting::default() };
        assert_eq!(setting.decide(&user()).0, wanted);
        assert_eq!(setting.decide(&session()).0, wanted);
    }
    // Renamed since: the id still matches.
    let mut bindings = Bindings::new();
    bindings.bind(format!("arn:aws:iam::{A}:user/alice"), id("AIDACAROL"));
    let bound = parse_bound(PolicyKind::Bucket, &document, &bindings);
    let carol = Principal::User { account: account(A), path: "/x/".into(), name: "carol".into(), id: id("AIDACAROL") };
    assert_eq!(Setting { resource: Some(&bound), ..Setting::default() }.decide(&carol), ALLOW);
    assert_eq!(Setting { resource: Some(&bound), ..Setting::default() }.decide(&user()).0, Outcome::ImplicitDeny);
}

#[test]
fn rule_18_an_empty_list_of_session_policies_allows_nothing() {
    let all = allow_all(PolicyKind::Identity);
    let identity = [NamedPolicy { id: "all", policy: &all }];
    let (context, owner, resource, principal) = (Context::new(), account(A), ResourceName::bucket("b"), session());
    let request = AuthorizationRequest {
        principal: &principal,
        action: "s3:ListBucket",
        resource: &resource,
        resource_account: Some(&owner),
        context: &context,
    };
    let none = Policies { identity: &identity, ..Policies::default() };
    assert!(decide(&request, &none).is_allowed());
    let empty = Policies { session: Some(&[]), ..none };
    assert_eq!(decide(&request, &empty).cause, Some(PolicyKind::Session));
}

#[test]
fn decisions_name_their_statements_and_missing_keys() {
    let policy = parse(
        PolicyKind::Identity,
        r#"{"Sid":"One","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},
           {"Effect":"Allow","Action":"s3:Put*","Resource":"*"},
           {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${s3:ExistingObjectTag/owner}"},
           {"Effect":"Allow","Action":"s3:Get*","Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/a":"x"}}},
           {"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::c/*","Condition":{"Bool":{"aws:x":"true"}}}"#,
    );
    let identity = [NamedPolicy { id: "mine", policy: &policy }];
    let (context, owner, resource, principal) = (Context::new(), account(A), ResourceName::object("b", b"k"), user());
    let request = AuthorizationRequest {
        principal: &principal,
        action: "s3:GETOBJECT",
        resource: &resource,
        resource_account: Some(&owner),
        context: &context,
    };
    let decision = decide(&request, &Policies { identity: &identity, ..Policies::default() });
    let [statement] = decision.statements[..] else { panic!("{:?}", decision.statements) };
    assert_eq!(
        (statement.policy, statement.kind, statement.sid, statement.index),
        ("mine", PolicyKind::Identity, Some("One"), 0)
    );
    assert_eq!(decision.missing_keys, ["s3:ExistingObjectTag/owner", "s3:ExistingObjectTag/a"]);
}

#[test]
fn keys_that_are_not_utf8_match_by_bytes() {
    let policy =
        parse(PolicyKind::Identity, r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/a?c"}"#);
    let identity = [NamedPolicy { id: "p", policy: &policy }];
    let (context, owner, principal) = (Context::new(), account(A), user());
    for (key, wanted) in [(&b"a\xffc"[..], true), (b"a\xff\xfec", false), ("aéc".as_bytes(), true)] {
        let resource = ResourceName::object("b", key);
        let request = AuthorizationRequest {
            principal: &principal,
            action: "s3:GetObject",
            resource: &resource,
            resource_account: Some(&owner),
            context: &context,
        };
        let decision = decide(&request, &Policies { identity: &identity, ..Policies::default() });
        assert_eq!(decision.is_allowed(), wanted, "{key:?}");
    }
}

#[test]
fn the_index_gives_only_statements_that_can_match() {
    let mut statements: Vec<String> = (0..1000)
        .map(|n| {
            format!(r#"{{"Effect":"Allow","Action":["s3:GetObject","s3:Put*"],"Resource":"arn:aws:s3:::b{n}/*"}}"#)
        })
        .collect();
    statements.push(r#"{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}"#.into());
    statements.push(r#"{"Effect":"Deny","Action":"iam:CreateRole","Resource":"*"}"#.into());
    statements.push(r#"{"Effect":"Allow","Action":"S3:getobject","NotResource":"arn:aws:s3:::b7"}"#.into());
    let policy = parse(PolicyKind::Identity, &statements.join(","));
    let candidates = |action: &str, root: &str| {
        let mut numbers = Vec::new();
        policy.index.candidates(action, root.as_bytes(), |number| numbers.push(number));
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(candidates("s3:getobject", "arn:aws:s3:::b7"), [7, 1000, 1002]);
    assert_eq!(candidates("s3:putobject", "arn:aws:s3:::b7"), [7, 1000]);
    assert_eq!(candidates("iam:createrole", "arn:aws:iam:::role"), [1000, 1001]);
    assert_eq!(candidates("sqs:sendmessage", "x"), [1000]);
}
