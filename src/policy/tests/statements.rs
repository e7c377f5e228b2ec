//! Which statements of a policy match, and what is told of them.

use super::*;

#[test]
fn compiled_policies_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Policy>();
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
