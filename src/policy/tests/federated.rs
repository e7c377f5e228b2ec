//! Sessions of GetFederationToken beside bucket policies. Source: "Policy evaluation logic", "IAM federated user
//! sessions": what a resource policy grants to the user who federated is limited by an implicit deny in a permissions
//! boundary or session policy.

use super::*;

const NOTHING: &str = "s3:PutObject";
const READ: &str = "s3:GetObject";

fn policy(kind: PolicyKind, effect: &str, principal: Option<&str>, action: &str) -> Policy {
    let principal = principal.map(|named| format!(r#","Principal":{named}"#)).unwrap_or_default();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"*"{principal}}}]}}"#
    );
    let options = ParseOptions { kind, default_account: &AccountId::empty(), bindings: &Bindings::new() };
    Policy::parse(&text, &options).unwrap()
}

fn federated() -> Principal {
    Principal::FederatedUser {
        account: account(A),
        name: "guest".into(),
        user_path: "/eng/".into(),
        user_name: "alice".into(),
        user_id: id("AIDAALICE"),
    }
}

fn user() -> Principal {
    Principal::User { account: account(A), path: "/eng/".into(), name: "alice".into(), id: id("AIDAALICE") }
}

/// The end for a caller without identity policies: the actions that boundary and session policies allow, and whom the
/// bucket policy allows to read.
fn outcome(caller: &Principal, boundary: Option<&str>, session: Option<&str>, named: &str) -> Outcome {
    let boundary = boundary.map(|action| policy(PolicyKind::Boundary, "Allow", None, action));
    let session = session.map(|action| policy(PolicyKind::Session, "Allow", None, action));
    let bucket = policy(PolicyKind::Bucket, "Allow", Some(named), READ);
    let boundaries: Vec<_> = boundary.iter().map(|policy| NamedPolicy { id: "boundary", policy }).collect();
    let session: Vec<_> = session.iter().map(|policy| NamedPolicy { id: "session", policy }).collect();
    let owner = account(A);
    let request = AuthorizationRequest {
        principal: caller,
        action: READ,
        resource: &ResourceName::object("b", b"k"),
        resource_account: Some(&owner),
        context: &Context::new(),
    };
    let policies = Policies {
        identity: &[],
        boundaries: &boundaries,
        session: (!session.is_empty()).then_some(&session),
        resource: Some(NamedPolicy { id: "bucket", policy: &bucket }),
    };
    decide(&request, &policies).outcome
}

const ALICE: &str = r#"{"AWS":"arn:aws:iam::111122223333:user/eng/alice"}"#;
const OTHERS: [&str; 3] = [
    r#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#,
    r#"{"AWS":"arn:aws:iam::111122223333:user/eng/guest"}"#,
    r#"{"AWS":"arn:aws:iam::111122223333:root"}"#,
];

#[test]
fn what_the_user_is_granted_is_cut_by_its_boundary_and_by_the_session_policy() {
    for (boundary, session, wanted) in [
        (None, READ, Outcome::Allow),
        (Some(READ), READ, Outcome::Allow),
        (Some(NOTHING), READ, Outcome::ImplicitDeny),
        (Some(READ), NOTHING, Outcome::ImplicitDeny),
        (None, NOTHING, Outcome::ImplicitDeny),
    ] {
        assert_eq!(outcome(&federated(), boundary, Some(session), ALICE), wanted, "{boundary:?} {session}");
    }
    for other in OTHERS {
        assert_eq!(outcome(&federated(), None, Some(READ), other), Outcome::ImplicitDeny, "{other}");
    }
}

#[test]
fn rule_16_a_session_that_is_named_is_cut_by_its_session_policy_alone() {
    let named = r#"{"AWS":"arn:aws:sts::111122223333:federated-user/guest"}"#;
    for (boundary, session, wanted) in
        [(None, READ, Outcome::Allow), (Some(NOTHING), READ, Outcome::Allow), (None, NOTHING, Outcome::ImplicitDeny)]
    {
        assert_eq!(outcome(&federated(), boundary, Some(session), named), wanted, "{boundary:?} {session}");
    }
    assert_eq!(outcome(&user(), None, None, named), Outcome::ImplicitDeny, "the user is somebody else");
    for other in ["111122223333:federated-user/Guest", "444455556666:federated-user/guest"] {
        let named = format!(r#"{{"AWS":"arn:aws:sts::{other}"}}"#);
        assert_eq!(outcome(&federated(), None, Some(READ), &named), Outcome::ImplicitDeny, "{other}");
    }
    for bad in ["federated-user", "federated-user/", "federated-user/a/b", "federated-user/*", "federated-user/a b"] {
        let text = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{{"AWS":"arn:aws:sts::1:{bad}"}}}}]}}"#
        );
        let text = text.replace("::1:", "::111122223333:");
        let options =
            ParseOptions { kind: PolicyKind::Bucket, default_account: &AccountId::empty(), bindings: &Bindings::new() };
        assert!(Policy::parse(&text, &options).is_err(), "{bad}");
    }
}

#[test]
fn the_user_itself_is_not_cut_by_its_boundary() {
    assert_eq!(outcome(&user(), Some(NOTHING), None, ALICE), Outcome::Allow);
    assert_eq!(outcome(&user(), Some(NOTHING), Some(READ), ALICE), Outcome::Allow);
    assert_eq!(outcome(&user(), None, Some(NOTHING), ALICE), Outcome::ImplicitDeny, "a session of GetSessionToken");
}

#[test]
fn a_grant_to_everybody_is_wider_than_one_to_the_user() {
    let both = r#"{"AWS":["arn:aws:iam::111122223333:user/eng/alice","*"]}"#;
    for named in [r#""*""#, both] {
        assert_eq!(outcome(&federated(), Some(NOTHING), Some(READ), named), Outcome::Allow, "{named}");
    }
}

#[test]
fn bound_to_a_unique_id_it_is_the_same() {
    let mut bindings = Bindings::new();
    bindings.bind("arn:aws:iam::111122223333:user/eng/alice", id("AIDAALICE"));
    let text = format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Principal":{ALICE}}}]}}"#);
    let options = ParseOptions { kind: PolicyKind::Bucket, default_account: &AccountId::empty(), bindings: &bindings };
    let bound = Policy::parse(&text, &options).unwrap();
    let element = bound.statements[0].principal.as_ref().unwrap();
    let grants = [federated(), user()].map(|caller| element.grant(&caller));
    assert_eq!(grants, [Some(principal::Grant::Behind), Some(principal::Grant::Caller)]);
}
