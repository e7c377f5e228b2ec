//! Which policies are not changed, and by whom (security rules 13, 16, 18).

use super::*;

#[tokio::test]
async fn rule_18_a_policy_in_use_is_not_removed() {
    let world = World::new().await;
    world.made().await;
    world.bounded_role("Attached", "/", None).await;
    world.bounded_role("Bounded", "/", Some(ARN)).await;
    world.attach("Attached", ARN).await;
    let refused = world.on("DeletePolicy", &[]).await.unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("DeleteConflict", 409));
    assert_eq!(refused.to_string(), "Cannot delete a policy attached to entities.");
    world.call("DetachRolePolicy", &[("RoleName", "Attached"), ("PolicyArn", ARN)]).await.unwrap();
    assert_eq!(code(world.on("DeletePolicy", &[]).await), "DeleteConflict");
    world.call("DeleteRolePermissionsBoundary", &[("RoleName", "Bounded")]).await.unwrap();
    world.on("CreatePolicyVersion", &[("PolicyDocument", POLICY)]).await.unwrap();
    let refused = world.on("DeletePolicy", &[]).await.unwrap_err();
    assert!(refused.code() == "DeleteConflict" && refused.to_string().starts_with("This policy has more than one"));
    world.on("DeletePolicyVersion", &[("VersionId", "v2")]).await.unwrap();
    world.on("DeletePolicy", &[]).await.unwrap();
}

#[tokio::test]
async fn awss_policies_are_read_and_never_changed() {
    let world = World::new().await;
    world.bounded_role("R", "/", Some(FULL)).await;
    world.attach("R", FULL).await;
    let full = [("PolicyArn", FULL)];
    let shown = world.call("GetPolicy", &full).await.unwrap().to_xml("r");
    assert!(shown.contains(
        "<AttachmentCount>1</AttachmentCount><PermissionsBoundaryUsageCount>1</PermissionsBoundaryUsageCount>"
    ));
    let version = format!("v{}", crate::entity::AwsManagedPolicy::find(FULL).unwrap().version);
    let shown = world.call("GetPolicyVersion", &[("PolicyArn", FULL), ("VersionId", &version)]).await.unwrap();
    assert!(shown.to_xml("r").contains("<Document>%7B"));
    assert!(world.call("ListPolicyVersions", &full).await.unwrap().to_xml("r").contains("<IsDefaultVersion>true<"));
    assert!(matches!(
        world.call("ListPolicyTags", &full).await.unwrap().body,
        Body::Tags { tags, marker: None } if tags.is_empty()
    ));
    for (action, more) in [
        ("DeletePolicy", vec![]),
        ("CreatePolicyVersion", vec![("PolicyDocument", POLICY)]),
        ("SetDefaultPolicyVersion", vec![("VersionId", "v1")]),
        ("DeletePolicyVersion", vec![("VersionId", "v1")]),
        ("TagPolicy", vec![("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]),
        ("UntagPolicy", vec![("TagKeys.member.1", "k")]),
    ] {
        let pairs: Vec<_> = full.into_iter().chain(more).collect();
        let refused = world.call(action, &pairs).await.unwrap_err();
        assert_eq!((refused.code(), refused.status()), ("AccessDenied", 403), "{action}");
    }
    let none = [("PolicyArn", "arn:aws:iam::aws:policy/AmazonEC2FullAccess")];
    assert_eq!(code(world.call("GetPolicy", &none).await), "NoSuchEntity");
}

#[tokio::test]
async fn rule_16_policies_of_other_accounts_are_refused() {
    let world = World::new().await;
    for action in ["GetPolicy", "DeletePolicy", "ListEntitiesForPolicy", "ListPolicyTags"] {
        let foreign = [("PolicyArn", "arn:aws:iam::123456789012:policy/Read")];
        assert_eq!(code(world.call(action, &foreign).await), "InvalidInput", "{action}");
    }
}

#[tokio::test]
async fn rule_13_caps_change_no_managed_policy() {
    let world = World::new().await;
    world.made().await;
    let owner = user("TESTER1", UserKind::Standalone);
    let owner = Owner::User { id: owner.id, name: owner.name };
    for (action, more) in [
        ("CreatePolicyVersion", vec![("PolicyDocument", POLICY)]),
        ("SetDefaultPolicyVersion", vec![("VersionId", "v1")]),
        ("DeletePolicyVersion", vec![("VersionId", "v1")]),
        ("TagPolicy", vec![("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]),
        ("UntagPolicy", vec![("TagKeys.member.1", "k")]),
        ("DeletePolicy", vec![]),
    ] {
        let pairs: Vec<_> = std::iter::once(("PolicyArn", ARN)).chain(more).collect();
        assert_eq!(code(world.call_as(owner.clone(), action, &pairs).await), "AccessDenied", "{action}");
    }
    let made = [("PolicyName", "Mine"), ("PolicyDocument", POLICY)];
    assert_eq!(code(world.call_as(owner.clone(), "CreatePolicy", &made).await), "AccessDenied");
    assert!(world.call_as(owner, "GetPolicy", &[("PolicyArn", ARN)]).await.is_ok());
}
