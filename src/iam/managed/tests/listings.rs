//! Listings of policies and of what uses them.

use super::*;

#[tokio::test]
async fn policies_are_listed_by_scope_use_path_and_page() {
    let world = World::new().await;
    world.made().await;
    for name in ["b", "A", "AmazonS3FullAccess"] {
        world.call("CreatePolicy", &[("PolicyName", name), ("PolicyDocument", POLICY)]).await.unwrap();
    }
    let own = ["A", "AmazonS3FullAccess", "b", "Read"];
    assert_eq!(world.listed(&[("Scope", "Local")]).await, (own.map(str::to_owned).to_vec(), None));
    let of_aws = world.listed(&[("Scope", "AWS")]).await.0;
    assert_eq!((of_aws.len(), of_aws[0].as_str()), (7, "AdministratorAccess"));
    assert_eq!(world.listed(&[("Scope", "Local"), ("PathPrefix", "/team/")]).await.0, ["Read"]);
    assert_eq!(world.listed(&[("PathPrefix", "/team/")]).await.0, ["Read"]);
    let whole = world.listed(&[]).await.0;
    assert_eq!(whole, own.iter().map(|name| (*name).to_owned()).chain(of_aws).collect::<Vec<_>>());
    for size in 1..=whole.len() {
        let (mut all, mut marker, size) = (Vec::new(), None, size.to_string());
        loop {
            let mut pairs = vec![("MaxItems", size.as_str())];
            pairs.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let (page, next) = world.listed(&pairs).await;
            assert!(!page.is_empty());
            all.extend(page);
            marker = next;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(all, whole, "{size}");
    }
    world.bounded_role("R", "/", Some("arn:aws:iam:::policy/b")).await;
    world.attach("R", ARN).await;
    world.attach("R", FULL).await;
    assert_eq!(world.listed(&[("OnlyAttached", "true")]).await.0, ["b", "Read", "AmazonS3FullAccess"]);
    let attached = [("PolicyUsageFilter", "PermissionsPolicy")];
    assert_eq!(world.listed(&attached).await.0, ["Read", "AmazonS3FullAccess"]);
    assert_eq!(world.listed(&[("PolicyUsageFilter", "PermissionsBoundary")]).await.0, ["b"]);
    for bad in [("Scope", "all"), ("OnlyAttached", "1"), ("PolicyUsageFilter", "x"), ("PathPrefix", "x")] {
        assert_eq!(code(world.call("ListPolicies", &[bad]).await), "ValidationError", "{bad:?}");
    }
}

#[tokio::test]
async fn what_uses_a_policy_is_listed() {
    let world = World::new().await;
    world.made().await;
    world.bounded_role("One", "/a/", None).await;
    world.bounded_role("two", "/", Some(ARN)).await;
    let group = Group {
        account: AccountId::empty(),
        name: "Team".into(),
        path: "/a/".into(),
        id: UniqueId::parse("AGPAAAAAAAAAAAAAAAAAA").unwrap(),
        policies: Default::default(),
        attached: vec![ARN.into(), FULL.into()],
        members: vec![],
        created: 0,
    };
    let anna = User { attached: vec![ARN.into()], boundary: Some(FULL.into()), ..user("anna", UserKind::Iam) };
    let policy = world.records.get::<ManagedPolicy>(&RecordKey::policy(&AccountId::empty(), "Read")).await.unwrap();
    let (old, mut new) = (policy.clone().unwrap(), policy.unwrap().value);
    new.attachments.insert(PolicyUse {
        kind: crate::entity::UseKind::Group,
        name: "Team".into(),
        id: group.id.clone(),
    });
    new.attachments.insert(PolicyUse { kind: crate::entity::UseKind::User, name: "anna".into(), id: anna.id.clone() });
    world.records.commit(Changes::new().create(&group).create(&anna).update(&old, &new)).await.unwrap();
    world.attach("One", ARN).await;
    let all = world.entities(&[("PolicyArn", ARN)]).await;
    assert_eq!(all, (["Team", "One", "two", "anna"].map(str::to_owned).to_vec(), None));
    for (more, wanted) in [
        (("EntityFilter", "Role"), vec!["One", "two"]),
        (("EntityFilter", "User"), vec!["anna"]),
        (("EntityFilter", "Group"), vec!["Team"]),
        (("EntityFilter", "LocalManagedPolicy"), vec![]),
        (("PathPrefix", "/a/"), vec!["Team", "One"]),
        (("PolicyUsageFilter", "PermissionsBoundary"), vec!["two"]),
        (("PolicyUsageFilter", "PermissionsPolicy"), vec!["Team", "One", "anna"]),
    ] {
        assert_eq!(world.entities(&[("PolicyArn", ARN), more]).await.0, wanted, "{more:?}");
    }
    assert_eq!(world.entities(&[("PolicyArn", FULL)]).await.0, ["Team", "anna"]);
    let xml = world.on("ListEntitiesForPolicy", &[]).await.unwrap().to_xml("r");
    assert!(xml.contains("<PolicyGroups><member><GroupName>Team</GroupName><GroupId>AGPA"));
    assert!(xml.contains("<PolicyUsers><member><UserName>anna</UserName><UserId>AIDA"));
    assert!(xml.contains("<PolicyRoles><member><RoleName>One</RoleName><RoleId>AROA"));
    let (mut names, mut marker) = (Vec::new(), None::<String>);
    loop {
        let mut pairs = vec![("PolicyArn", ARN), ("MaxItems", "1")];
        pairs.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let (page, next) = world.entities(&pairs).await;
        names.extend(page);
        marker = next;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names, all.0);
    let shown = world.on("GetPolicy", &[]).await.unwrap().to_xml("r");
    assert!(shown.contains(
        "<AttachmentCount>3</AttachmentCount><PermissionsBoundaryUsageCount>1</PermissionsBoundaryUsageCount>"
    ));
    assert_eq!(code(world.on("ListEntitiesForPolicy", &[("EntityFilter", "x")]).await), "ValidationError");
}
