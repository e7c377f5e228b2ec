//! Policies, boundaries and tags of users: quotas, requirements, and parameters that are refused.

use super::*;

#[tokio::test]
async fn policies_boundaries_and_tags_of_users_keep_to_their_quotas() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    let user = ("UserName", "U");
    let sized = |length: usize| {
        let empty = POLICY.replace("arn:aws:s3:::*", "arn:aws:s3:::");
        POLICY.replace("arn:aws:s3:::*", &format!("arn:aws:s3:::{}", "b".repeat(length - empty.len())))
    };
    let put = async |name: &str, document: &str| {
        world.call("PutUserPolicy", &[user, ("PolicyName", name), ("PolicyDocument", document)]).await
    };
    let error = put("A", &sized(2049)).await.unwrap_err();
    assert_eq!(error.to_string(), "Maximum policy size of 2048 bytes exceeded for user U");
    put("A", &sized(2048)).await.unwrap();
    assert_eq!(code(put("B", POLICY).await), "LimitExceeded");
    put("A", POLICY).await.unwrap();
    assert_eq!(code(put("B", "hello").await), "MalformedPolicyDocument");
    let got = world.call("GetUserPolicy", &[user, ("PolicyName", "A")]).await.unwrap();
    assert!(got.to_xml("r").contains("<UserName>U</UserName><PolicyName>A</PolicyName><PolicyDocument>%7B"));
    let error = world.call("GetUserPolicy", &[user, ("PolicyName", "B")]).await.unwrap_err();
    assert_eq!(error.to_string(), "The user policy with name B cannot be found.");
    let listed = world.call("ListUserPolicies", &[user]).await.unwrap();
    assert_eq!(listed.body, Body::PolicyNames { names: vec!["A".into()], marker: None });
    world.call("DeleteUserPolicy", &[user, ("PolicyName", "A")]).await.unwrap();
    assert_eq!(code(world.call("DeleteUserPolicy", &[user, ("PolicyName", "A")]).await), "NoSuchEntity");

    for number in 0..quota::ATTACHED_POLICIES {
        world.managed(&format!("P{number}")).await;
        let arn = format!("arn:aws:iam:::policy/team/P{number}");
        world.call("AttachUserPolicy", &[user, ("PolicyArn", &arn)]).await.unwrap();
    }
    let error = world.call("AttachUserPolicy", &[user, ("PolicyArn", READ_ONLY)]).await.unwrap_err();
    assert_eq!(error.to_string(), "Cannot exceed quota for PoliciesPerUser: 10");
    assert_eq!(world.uses_of("P3").await.0, ["user/U"]);
    let page = world.call("ListAttachedUserPolicies", &[user, ("MaxItems", "9")]).await.unwrap();
    assert!(matches!(&page.body, Body::AttachedPolicies { policies, marker: Some(_) } if policies.len() == 9));
    world.call("DetachUserPolicy", &[user, ("PolicyArn", "arn:aws:iam:::policy/team/P3")]).await.unwrap();
    assert_eq!(world.uses_of("P3").await.0, [""; 0]);

    world.call("PutUserPermissionsBoundary", &[user, ("PermissionsBoundary", READ_ONLY)]).await.unwrap();
    assert_eq!(world.user_named("U").await.unwrap().boundary.as_deref(), Some(READ_ONLY));
    world.call("DeleteUserPermissionsBoundary", &[user]).await.unwrap();
    assert_eq!(world.user_named("U").await.unwrap().boundary, None);

    let tag =
        |key: &'static str, value: &'static str| [user, ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
    for (key, value) in [("Team", "a"), ("TEAM", "b")] {
        world.call("TagUser", &tag(key, value)).await.unwrap();
    }
    let tags = world.call("ListUserTags", &[user]).await.unwrap().to_xml("r");
    assert!(tags.contains("<Tags><member><Key>TEAM</Key><Value>b</Value></member></Tags>"), "{tags}");
    world.call("UntagUser", &[user, ("TagKeys.member.1", "team")]).await.unwrap();
    assert!(world.user_named("U").await.unwrap().tags.is_empty());
}

#[tokio::test]
async fn requirements_and_context_name_the_user() {
    let world = World::new().await;
    world.managed("Own").await;
    world.new_user("U", &[("Path", "/p/"), ("PermissionsBoundary", OWN)]).await.unwrap();
    let asked = async |action: &str, pairs: &[(&str, &str)]| {
        let mut context = Context::new();
        let request = world.parse(action, pairs).unwrap();
        let asked = request.ask(&AccountId::empty(), &world.records, &mut context).await.unwrap();
        let show = |needed: Requirement| format!("{} {}", needed.action, needed.resource);
        (asked.requirements.into_iter().map(show).collect::<Vec<_>>(), context)
    };
    let boundary = |context: &Context| {
        let value = context.get("iam:PermissionsBoundary").and_then(|value| value.single().map(<[u8]>::to_vec));
        value.map(|value| String::from_utf8(value).unwrap())
    };
    let user = ("UserName", "u");
    let (needs, _) = asked("ListUsers", &[("PathPrefix", "/p/")]).await;
    assert_eq!(needs, ["iam:ListUsers arn:aws:iam:::user/p/"]);
    let tagged =
        [("UserName", "V"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v"), ("PermissionsBoundary", OWN)];
    let (needs, context) = asked("CreateUser", &tagged).await;
    assert_eq!(needs, ["iam:CreateUser arn:aws:iam:::user/V", "iam:TagUser arn:aws:iam:::user/V"]);
    assert_eq!(boundary(&context).as_deref(), Some(OWN));
    assert!(asked("CreateUser", &[("UserName", "V")]).await.1.get("iam:PermissionsBoundary").is_none());
    for (action, more) in [
        ("PutUserPolicy", vec![("PolicyName", "P"), ("PolicyDocument", "{}")]),
        ("DeleteUserPolicy", vec![("PolicyName", "P")]),
        ("AttachUserPolicy", vec![("PolicyArn", READ_ONLY)]),
        ("DetachUserPolicy", vec![("PolicyArn", READ_ONLY)]),
        ("DeleteUserPermissionsBoundary", vec![]),
    ] {
        let pairs: Vec<_> = [user].into_iter().chain(more).collect();
        let (needs, context) = asked(action, &pairs).await;
        assert_eq!(needs, [format!("iam:{action} arn:aws:iam:::user/p/U")]);
        assert_eq!(boundary(&context).as_deref(), Some(OWN), "{action}");
        assert_eq!(context.get("iam:PolicyARN").is_some(), action.contains("tach"), "{action}");
    }
    let (_, context) = asked("PutUserPermissionsBoundary", &[user, ("PermissionsBoundary", READ_ONLY)]).await;
    assert_eq!(boundary(&context).as_deref(), Some(READ_ONLY));
    for action in ["GetLoginProfile", "ListGroupsForUser", "ListSSHPublicKeys", "CreateAccessKey"] {
        assert_eq!(asked(action, &[user]).await.0, [format!("iam:{action} arn:aws:iam:::user/p/U")]);
    }
}

#[tokio::test]
async fn missing_and_bad_parameters_are_refused_in_awss_words() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    let long = "u".repeat(65);
    for (action, pairs, part) in [
        ("CreateUser", vec![], "Value null at 'userName' failed"),
        ("CreateUser", vec![("UserName", long.as_str())], "less than or equal to 64"),
        ("CreateUser", vec![("UserName", "a b")], "userName is invalid"),
        ("CreateUser", vec![("UserName", "V"), ("Path", "x")], "path is invalid"),
        ("CreateUser", vec![("UserName", "V"), ("PermissionsBoundary", "x")], "'permissionsBoundary'"),
        ("UpdateUser", vec![("UserName", "U"), ("NewUserName", "")], "'newUserName' failed"),
        ("UpdateUser", vec![("UserName", "U"), ("NewPath", "/x")], "for newPath is invalid"),
        ("PutUserPolicy", vec![("UserName", "U"), ("PolicyName", "P")], "'policyDocument'"),
        ("TagUser", vec![("UserName", "U")], "'tags'"),
        ("UntagUser", vec![("UserName", "U")], "'tagKeys'"),
        ("UntagUser", vec![("UserName", "U"), ("TagKeys.member.1", "")], "'tagKeys'"),
        ("PutUserPermissionsBoundary", vec![("UserName", "U")], "'permissionsBoundary'"),
        ("ListUsers", vec![("MaxItems", "1001")], "less than or equal to 1000"),
        ("ListUsers", vec![("PathPrefix", "x")], "pathPrefix"),
    ] {
        let error = world.call(action, &pairs).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("ValidationError", 400), "{action} {pairs:?}");
        assert!(error.to_string().contains(part), "{action} {pairs:?}: {error}");
    }
    let nope = ("UserName", "Nope");
    for (action, more) in [
        ("GetUser", vec![]),
        ("UpdateUser", vec![("NewUserName", "X")]),
        ("PutUserPolicy", vec![("PolicyName", "P"), ("PolicyDocument", POLICY)]),
        ("GetUserPolicy", vec![("PolicyName", "P")]),
        ("ListUserPolicies", vec![]),
        ("AttachUserPolicy", vec![("PolicyArn", READ_ONLY)]),
        ("DetachUserPolicy", vec![("PolicyArn", READ_ONLY)]),
        ("ListAttachedUserPolicies", vec![]),
        ("PutUserPermissionsBoundary", vec![("PermissionsBoundary", READ_ONLY)]),
        ("DeleteUserPermissionsBoundary", vec![]),
        ("TagUser", vec![("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]),
        ("UntagUser", vec![("TagKeys.member.1", "k")]),
        ("ListUserTags", vec![]),
        ("ListGroupsForUser", vec![]),
        ("GetLoginProfile", vec![]),
    ] {
        let pairs: Vec<_> = [nope].into_iter().chain(more).collect();
        let error = world.call(action, &pairs).await.unwrap_err();
        assert_eq!(error.to_string(), "The user with name Nope cannot be found.", "{action}");
        assert_eq!(error.status(), 404);
    }
    let error = world.call("AttachUserPolicy", &[("UserName", "U"), ("PolicyArn", "arn:aws:iam:::policy/Nope12345")]);
    assert_eq!(code(error.await), "NoSuchEntity");
}
