//! Parameters and documents that are refused.

use super::*;

#[tokio::test]
async fn malformed_documents_are_refused_with_the_reason() {
    let world = World::new().await;
    world.create("R", "/").await.unwrap();
    for (bad, reason) in [
        ("hello", "JSON"),
        (r#"{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}"#, "Effect"),
        (POLICY, "Principal"),
    ] {
        let create = [("RoleName", "New"), ("AssumeRolePolicyDocument", bad)];
        let update = [("RoleName", "R"), ("PolicyDocument", bad)];
        for (action, pairs) in [("CreateRole", &create), ("UpdateAssumeRolePolicy", &update)] {
            let error = world.call(action, pairs).await.unwrap_err();
            assert_eq!((error.code(), error.status()), ("MalformedPolicyDocument", 400), "{action} {bad}");
            assert!(error.to_string().contains(reason), "{action} {bad}: {error}");
        }
    }
    for (bad, reason) in [("hello", "JSON"), (TRUST, "Principal")] {
        let put = [("RoleName", "R"), ("PolicyName", "P"), ("PolicyDocument", bad)];
        let error = world.call("PutRolePolicy", &put).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("MalformedPolicyDocument", 400), "{bad}");
        assert!(error.to_string().contains(reason), "{bad}: {error}");
    }
    assert!(world.role("New").await.is_none() && world.role("R").await.unwrap().policies.is_empty());
}

fn call(action: &str, pairs: &[(&str, &str)]) -> Result<Request, Error> {
    let account = AccountId::empty();
    let caller = Caller { account: &account, user: None, default_account: &account };
    match crate::iam::parse(action, &Parameters::from_pairs(pairs.iter().copied()), &caller)? {
        Any::Role(request) => Ok(request),
        other => panic!("{other:?}"),
    }
}

#[test]
fn create_role_has_awss_defaults() {
    let pairs = [("RoleName", "R"), ("AssumeRolePolicyDocument", "{}"), ("Nonsense", "x"), ("Version", VERSION)];
    let Request::CreateRole(create) = call("CreateRole", &pairs).unwrap() else { panic!() };
    assert_eq!((create.path.as_str(), create.max_session_duration), ("/", 3600));
    assert!(create.description.is_empty() && create.tags.is_empty());
}

#[test]
fn unknown_actions_and_versions_are_invalid() {
    for (action, pairs) in [
        ("TagRoles", &[][..]),
        ("createrole", &[]),
        ("", &[]),
        ("AssumeRole", &[]),
        ("GetRole", &[("RoleName", "R"), ("Version", "2011-06-15")]),
        ("GetRole", &[("RoleName", "R"), ("Version", "")]),
    ] {
        assert_eq!(call(action, pairs).unwrap_err().code(), "InvalidAction", "{action} {pairs:?}");
    }
}

#[test]
fn missing_and_bad_parameters_are_refused_in_awss_words() {
    let role = ("RoleName", "R");
    let trust = ("AssumeRolePolicyDocument", "{}");
    for (action, pairs, part) in [
        ("GetRole", vec![], "Value null at 'roleName' failed to satisfy constraint: Member must not be null"),
        ("CreateRole", vec![role], "'assumeRolePolicyDocument'"),
        ("CreateRole", vec![("RoleName", "a b"), trust], "roleName is invalid"),
        ("CreateRole", vec![role, trust, ("Path", "abc")], "path is invalid"),
        ("CreateRole", vec![role, trust, ("MaxSessionDuration", "100")], "greater than or equal to 3600"),
        ("CreateRole", vec![role, trust, ("MaxSessionDuration", "43201")], "less than or equal to 43200"),
        ("CreateRole", vec![role, trust, ("Description", "\u{a0}")], "'description' failed"),
        ("CreateRole", vec![role, trust, ("PermissionsBoundary", "x")], "'permissionsBoundary'"),
        ("PutRolePolicy", vec![role, ("PolicyName", "P")], "'policyDocument'"),
        ("PutRolePolicy", vec![role, ("PolicyName", "P"), ("PolicyDocument", "")], "'policyDocument'"),
        ("PutRolePolicy", vec![role, ("PolicyDocument", "{}")], "'policyName'"),
        ("GetRolePolicy", vec![role], "'policyName'"),
        ("DeleteRolePolicy", vec![role, ("PolicyName", "a/b")], "policyName is invalid"),
        ("ListRoles", vec![("PathPrefix", "abc")], "'pathPrefix' failed"),
        ("ListRoles", vec![("MaxItems", "0")], "'maxItems'"),
        ("ListRolePolicies", vec![role, ("MaxItems", "1001")], "'maxItems'"),
    ] {
        let message = call(action, &pairs).unwrap_err().to_string();
        assert!(message.contains(part), "{action} {pairs:?}: {message}");
    }
}

#[test]
fn tags_keep_to_awss_rules() {
    let tags = |pairs: &[(&str, &str)]| {
        let mut all = vec![("RoleName", "R"), ("AssumeRolePolicyDocument", "{}")];
        all.extend_from_slice(pairs);
        call("CreateRole", &all).map(|request| match request {
            Request::CreateRole(create) => create.tags.len(),
            _ => 0,
        })
    };
    let key = |n: usize| format!("Tags.member.{n}.Key");
    let value = |n: usize| format!("Tags.member.{n}.Value");
    assert_eq!(tags(&[(&key(1), "Team"), (&value(1), "")]).unwrap(), 1);
    for (pairs, code) in [
        (vec![(key(1), "a"), (value(1), "x"), (key(2), "A"), (value(2), "y")], "InvalidInput"),
        (vec![(key(1), "AWS:x"), (value(1), "x")], "InvalidInput"),
        (vec![(key(1), "a")], "ValidationError"),
        (vec![(value(1), "a")], "ValidationError"),
        (vec![(key(2), "a"), (value(2), "b")], "ValidationError"),
        (vec![(key(1), "a"), (value(1), "a&b <c>")], "ValidationError"),
    ] {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(tags(&pairs).unwrap_err().code(), code, "{pairs:?}");
    }
    let many: Vec<(String, String)> =
        (1..=51).flat_map(|n| [(key(n), format!("k{n}")), (value(n), String::new())]).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert!(matches!(tags(&many), Err(Error::TooManyTags("tags"))));
    assert_eq!(tags(&many[..100]).unwrap(), 50);
}
