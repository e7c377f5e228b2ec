//! Which users a caller reaches (security rules 13, 16, 17).

use super::*;

#[tokio::test]
async fn rule_13_who_administers_by_caps_makes_standalone_users_and_reaches_no_others() {
    let world = World::new().await;
    world.new_user("OfAccount", &[]).await.unwrap();
    let strong = User { caps: Caps::parse("roles=read").unwrap(), ..user("Strong", UserKind::Standalone) };
    world.records.commit(Changes::new().create(&strong)).await.unwrap();
    world.call_as(standalone("TESTER1"), "CreateUser", &[("UserName", "Made")]).await.unwrap();
    let made = world.user_named("Made").await.unwrap();
    assert_eq!((made.kind, made.caps.is_empty()), (UserKind::Standalone, true));
    for name in ["OfAccount", "Strong"] {
        let user = ("UserName", name);
        for (action, pairs) in [
            ("GetUser", vec![user]),
            ("UpdateUser", vec![user, ("NewUserName", "X")]),
            ("DeleteUser", vec![user]),
            ("CreateAccessKey", vec![user]),
            ("ListAccessKeys", vec![user]),
            ("PutUserPolicy", vec![user, ("PolicyName", "P"), ("PolicyDocument", POLICY)]),
            ("AttachUserPolicy", vec![user, ("PolicyArn", READ_ONLY)]),
            ("PutUserPermissionsBoundary", vec![user, ("PermissionsBoundary", READ_ONLY)]),
            ("TagUser", vec![user, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]),
            ("ListMFADevices", vec![user]),
        ] {
            let error = world.call_as(standalone("TESTER1"), action, &pairs).await.unwrap_err();
            assert_eq!(error.code(), "AccessDenied", "{action} {name}");
        }
    }
    let listed = world.call_as(standalone("TESTER1"), "ListUsers", &[]).await.unwrap();
    assert_eq!(names(listed).0, ["Made"]);
    // Groups are the account's.
    assert_eq!(code(world.call_as(standalone("TESTER1"), "CreateGroup", &[("GroupName", "G")]).await), "AccessDenied");
}

#[tokio::test]
async fn rule_17_root_is_reached_by_root_alone() {
    let world = World::new().await;
    let root = User { account_root: true, ..user("boss", UserKind::Iam) };
    let admin = user("admin", UserKind::Iam);
    for user in [&root, &admin] {
        world.records.commit(Changes::new().create(user)).await.unwrap();
    }
    world.call("CreateGroup", &[("GroupName", "G")]).await.unwrap();
    let boss = ("UserName", "boss");
    for (action, pairs) in [
        ("CreateAccessKey", vec![boss]),
        ("GetUser", vec![boss]),
        ("UpdateUser", vec![boss, ("NewUserName", "x")]),
        ("DeleteUser", vec![boss]),
        ("AddUserToGroup", vec![boss, ("GroupName", "G")]),
    ] {
        assert_eq!(code(world.call_named(&admin, action, &pairs).await), "AccessDenied", "{action}");
    }
    assert_eq!(names(world.call_named(&admin, "ListUsers", &[]).await.unwrap()).0, ["admin"]);
    world.call("CreateAccessKey", &[boss]).await.unwrap();
    let summary = world.call_named(&admin, "GetAccountSummary", &[]).await.unwrap().to_xml("r");
    for (key, value) in [("Users", 1), ("Groups", 1), ("AccountAccessKeysPresent", 1), ("UsersQuota", 5000)] {
        assert!(summary.contains(&format!("<entry><key>{key}</key><value>{value}</value></entry>")), "{key} {summary}");
    }
    // With an existing key of root's: nobody else touches it.
    let key = world.user_named("boss").await.unwrap().access_keys.remove(0);
    let key = ("AccessKeyId", key.as_str());
    for (action, pairs) in [
        ("UpdateAccessKey", vec![boss, key, ("Status", "Inactive")]),
        ("DeleteAccessKey", vec![boss, key]),
        ("GetAccessKeyLastUsed", vec![key]),
    ] {
        assert_eq!(code(world.call_named(&admin, action, &pairs).await), "AccessDenied", "{action}");
    }
}

#[tokio::test]
async fn rule_16_without_a_name_the_caller_is_meant_if_it_is_a_user() {
    let world = World::new().await;
    let caller = user("me", UserKind::Iam);
    world.records.commit(Changes::new().create(&caller)).await.unwrap();
    let shown = world.call_named(&caller, "GetUser", &[]).await.unwrap().to_xml("r");
    assert!(shown.contains("<UserName>me</UserName>"));
    for action in [
        "CreateAccessKey",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSigningCertificates",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
    ] {
        world.call_named(&caller, action, &[]).await.unwrap();
        let error = world.call(action, &[]).await.unwrap_err();
        let wanted = "Must specify userName when calling with non-User credentials";
        assert_eq!((error.code(), error.to_string().as_str()), ("ValidationError", wanted), "{action}");
    }
    assert_eq!(code(world.call("GetUser", &[]).await), "ValidationError");
    assert_eq!(code(world.call("ListUserPolicies", &[]).await), "ValidationError");
}
