//! Users from making to removing.

use super::*;

#[tokio::test]
async fn a_user_is_made_shown_changed_and_removed() {
    let world = World::new().await;
    world.managed("Own").await;
    let more = [
        ("Path", "/people/"),
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "a"),
        ("PermissionsBoundary", OWN),
    ];
    let created = world.new_user("Alice", &more).await.unwrap().to_xml("r");
    let stored = world.user_named("alice").await.unwrap();
    assert_eq!((stored.kind, stored.display_name.as_str()), (UserKind::Iam, "Alice"));
    let shown = format!(
        "<User><Path>/people/</Path><UserName>Alice</UserName><UserId>{}</UserId>\
         <Arn>arn:aws:iam:::user/people/Alice</Arn><CreateDate>2026-11-21T22:53:44Z</CreateDate>\
         <PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>{OWN}\
         </PermissionsBoundaryArn></PermissionsBoundary><Tags><member><Key>Team</Key><Value>a</Value></member></Tags>\
         </User>",
        stored.id
    );
    assert!(created.contains(&format!("<CreateUserResult>{shown}</CreateUserResult>")), "{created}");
    let got = world.call("GetUser", &[("UserName", "ALICE")]).await.unwrap().to_xml("r");
    assert!(got.contains(&format!("<GetUserResult>{shown}</GetUserResult>")), "{got}");
    let listed = world.call("ListUsers", &[]).await.unwrap().to_xml("r");
    assert!(listed.contains("<Users><member><Path>/people/</Path><UserName>Alice<"), "{listed}");
    assert!(!listed.contains("<Tags>") && !listed.contains("Boundary"));
    assert_eq!(world.uses_of("Own").await.1, ["user/Alice"]);

    let error = world.new_user("aLICE", &[]).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("EntityAlreadyExists", "User with name aLICE already exists.")
    );
    world.call("DeleteUser", &[("UserName", "alice")]).await.unwrap();
    assert!(world.user_named("Alice").await.is_none());
    assert_eq!(world.uses_of("Own").await.1, [""; 0]);
    let error = world.call("DeleteUser", &[("UserName", "Alice")]).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("NoSuchEntity", "The user with name Alice cannot be found.")
    );
    world.new_user("Alice", &[]).await.unwrap();
    assert_ne!(world.user_named("Alice").await.unwrap().id, stored.id);
}

#[tokio::test]
async fn what_is_left_of_a_user_keeps_it() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    world.call("CreateGroup", &[("GroupName", "G")]).await.unwrap();
    world.call("AddUserToGroup", &[("GroupName", "G"), ("UserName", "U")]).await.unwrap();
    let (user, arn) = (("UserName", "U"), ("PolicyArn", READ_ONLY));
    world.call("AttachUserPolicy", &[user, arn]).await.unwrap();
    world.call("PutUserPolicy", &[user, ("PolicyName", "P"), ("PolicyDocument", POLICY)]).await.unwrap();
    world.call("CreateAccessKey", &[user]).await.unwrap();
    let key = world.user_named("U").await.unwrap().access_keys.remove(0);
    let key = ("AccessKeyId", key.as_str());
    for (message, action, pairs) in [
        ("must delete access keys first", "DeleteAccessKey", vec![user, key]),
        ("must remove users from group first", "RemoveUserFromGroup", vec![("GroupName", "G"), user]),
        ("must detach all policies first", "DetachUserPolicy", vec![user, arn]),
        ("must delete policies first", "DeleteUserPolicy", vec![user, ("PolicyName", "P")]),
    ] {
        let error = world.call("DeleteUser", &[user]).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("DeleteConflict", 409));
        assert_eq!(error.to_string(), format!("Cannot delete entity, {message}."));
        world.call(action, &pairs).await.unwrap();
    }
    world.call("DeleteUser", &[user]).await.unwrap();
}

#[tokio::test]
async fn what_users_never_have_is_empty_or_cannot_be_found() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    let user = [("UserName", "U")];
    for (action, element) in [
        ("ListMFADevices", "MFADevices"),
        ("ListSigningCertificates", "Certificates"),
        ("ListSSHPublicKeys", "SSHPublicKeys"),
        ("ListServiceSpecificCredentials", "ServiceSpecificCredentials"),
        ("ListVirtualMFADevices", "VirtualMFADevices"),
        ("ListGroupsForUser", "Groups"),
    ] {
        let answer = world.call(action, &user).await.unwrap().to_xml("r");
        let wanted =
            format!("<{action}Result><{element}></{element}><IsTruncated>false</IsTruncated></{action}Result>");
        assert!(answer.contains(&wanted), "{answer}");
        let nobody = world.call(action, &[("UserName", "Nobody")]).await.map_err(|error| error.code());
        // These are listed for the account, whatever name is given.
        let of_account = action == "ListVirtualMFADevices";
        assert_eq!(nobody.err(), (!of_account).then_some("NoSuchEntity"), "{action}");
    }
    for action in ["GetLoginProfile", "DeleteLoginProfile"] {
        let error = world.call(action, &user).await.unwrap_err();
        assert_eq!(error.to_string(), "Login Profile for User U cannot be found.");
        assert_eq!((error.code(), error.status()), ("NoSuchEntity", 404));
    }
    let error = world.call("GetAccountPasswordPolicy", &[]).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("NoSuchEntity", 404));
}

#[tokio::test]
async fn a_standalone_user_who_owns_something_stays() {
    let world = World::new().await;
    let owner = user("Owner", UserKind::Standalone);
    let bucket = BucketRecord {
        name: "b".into(),
        state: BucketState::Active,
        account: AccountId::empty(),
        owner: Owner::User { id: owner.id.clone(), name: owner.name.clone() },
        policy: None,
        created: 0,
    };
    world.records.commit(Changes::new().create(&owner)).await.unwrap();
    world.records.commit(Changes::new().create(&bucket)).await.unwrap();
    let error = world.call("DeleteUser", &[("UserName", "Owner")]).await.unwrap_err();
    assert_eq!(error.code(), "DeleteConflict");
    assert!(error.to_string().contains("must delete the buckets, roles and providers that the user owns first"));
    let found = world.records.get::<BucketRecord>(&RecordKey::bucket("b")).await.unwrap().unwrap();
    world.records.commit(Changes::new().delete(&found)).await.unwrap();
    world.call("DeleteUser", &[("UserName", "Owner")]).await.unwrap();
}

#[tokio::test]
async fn an_account_has_5000_users_at_most_beside_its_root() {
    let world = World::new().await;
    world.new_user("U0000", &[]).await.unwrap();
    let first = world.user_named("U0000").await.unwrap();
    let root = User { name: "Root".to_owned(), account_root: true, ..first.clone() };
    world.records.commit(Changes::new().create(&root)).await.unwrap();
    for index in 1..4999 {
        let user = User { name: format!("U{index:04}"), ..first.clone() };
        world.records.commit(Changes::new().create(&user)).await.unwrap();
    }
    world.new_user("U4999", &[]).await.unwrap();
    let error = world.new_user("OneMore", &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "Cannot exceed quota for UsersPerAccount: 5000");
    let (first, marker) = names(world.call("ListUsers", &[("MaxItems", "1000")]).await.unwrap());
    assert_eq!((first.len(), marker.is_some()), (1000, true));
}
