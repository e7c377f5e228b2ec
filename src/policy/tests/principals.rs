//! Whom a Principal or NotPrincipal names.

use super::*;

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
