//! How policies of several kinds combine.

use super::*;

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
