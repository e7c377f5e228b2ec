//! Policies of an entity that is there.

use super::*;

async fn populated() -> World {
    let world = World::new().await;
    let create = [("PolicyName", "Put"), ("PolicyDocument", &READ.replace("GetObject", "PutObject"))];
    world.call("CreatePolicy", &create).await.unwrap();
    let group = Group {
        account: AccountId::empty(),
        name: "Team".into(),
        path: "/".into(),
        id: UniqueId::parse("AGPAAAAAAAAAAAAAAAAAA").unwrap(),
        policies: [("Delete".to_owned(), stored(&READ.replace("GetObject", "DeleteObject")))].into(),
        attached: vec!["arn:aws:iam:::policy/Put".into()],
        members: vec![],
        created: 0,
    };
    let anna = User {
        path: "/staff/".into(),
        policies: [("Read".to_owned(), stored(READ))].into(),
        groups: vec![Named { name: "Team".into(), id: group.id.clone() }],
        tags: vec![crate::entity::Tag { key: "team".into(), value: "red".into() }],
        ..user("anna", UserKind::Iam)
    };
    world.put(Changes::new().create(&group).create(&anna)).await;
    world
}

#[tokio::test]
async fn a_users_own_and_its_groups_policies_are_simulated() {
    let world = populated().await;
    let anna = "arn:aws:iam:::user/staff/anna";
    for (action, wanted) in [
        ("s3:GetObject", vec![("user_anna_Read", "user")]),
        ("s3:PutObject", vec![("Put", "user-managed")]),
        ("s3:DeleteObject", vec![("group_Team_Delete", "group")]),
        ("s3:ListBucket", vec![]),
    ] {
        let found = world.of(anna, action, "arn:aws:s3:::b/k", &[]).await;
        assert_eq!((ids(&found), found.decision == "allowed"), (wanted.clone(), !wanted.is_empty()), "{action}");
    }
    let team = "arn:aws:iam:::group/Team";
    assert_eq!(world.of(team, "s3:PutObject", "arn:aws:s3:::b/k", &[]).await.decision, "allowed");
    assert_eq!(world.of(team, "s3:GetObject", "arn:aws:s3:::b/k", &[]).await.decision, "implicitDeny");
    // What follows from the user is known: variables and tags.
    let home = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::${aws:username}-${aws:PrincipalTag/team}"}}"#;
    let found = world.of(anna, "s3:ListBucket", "arn:aws:s3:::anna-red", &[("PolicyInputList.member.1", home)]).await;
    assert_eq!((found.decision, found.missing.len()), ("allowed", 0));
    assert_eq!(ids(&found), [("PolicyInputList.1", "none")]);
    let bounded = [("PermissionsBoundaryPolicyInputList.member.1", home)];
    let found = world.of(anna, "s3:GetObject", "arn:aws:s3:::b/k", &bounded).await;
    assert_eq!((found.decision, found.allowed_by_boundary), ("implicitDeny", Some(false)));
}

#[tokio::test]
async fn a_roles_policies_and_boundary_are_simulated() {
    let world = populated().await;
    let create =
        [("RoleName", "R"), ("AssumeRolePolicyDocument", TRUST), ("PermissionsBoundary", "arn:aws:iam:::policy/Put")];
    world.call("CreateRole", &create).await.unwrap();
    world.call("AttachRolePolicy", &[("RoleName", "R"), ("PolicyArn", FULL)]).await.unwrap();
    let (role, object) = ("arn:aws:iam:::role/R", "arn:aws:s3:::b/k");
    let found = world.of(role, "s3:PutObject", object, &[]).await;
    assert_eq!((found.decision, found.allowed_by_boundary), ("allowed", Some(true)));
    assert_eq!(ids(&found), [("AmazonS3FullAccess", "aws-managed"), ("Put", "user-managed")]);
    let found = world.of(role, "s3:GetObject", object, &[]).await;
    assert_eq!((found.decision, found.allowed_by_boundary), ("implicitDeny", Some(false)));
    let replaced = [("PermissionsBoundaryPolicyInputList.member.1", READ)];
    assert_eq!(world.of(role, "s3:GetObject", object, &replaced).await.decision, "allowed");
    let bucket = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam:::role/R"},"Action":"s3:*","Resource":"*"}}"#;
    let found = world.of(role, "s3:PutObject", object, &[("ResourcePolicy", bucket)]).await;
    assert_eq!((found.decision, ids(&found)), ("explicitDeny", vec![("ResourcePolicy", "resource")]));
}

#[tokio::test]
async fn rule_12_the_gates_own_policies_take_part() {
    let world = World::new().await;
    let caps = User { caps: Caps::parse("roles=*").unwrap(), ..user("caps", UserKind::Standalone) };
    let root = User { account_root: true, ..user("admin", UserKind::Iam) };
    let bucket = BucketRecord {
        name: "b".into(),
        state: BucketState::Active,
        account: AccountId::empty(),
        owner: Owner::User { id: caps.id.clone(), name: caps.name.clone() },
        policy: None,
        created: 0,
    };
    world.put(Changes::new().create(&caps).create(&root)).await;
    world.put(Changes::new().create(&bucket)).await;
    let caps_arn = "arn:aws:iam:::user/caps";
    for (source, action, resource, wanted) in [
        (caps_arn, "iam:CreateRole", "arn:aws:iam:::role/R", "rolegate:caps"),
        (caps_arn, "s3:CreateBucket", "arn:aws:s3:::new", "rolegate:standalone-user"),
        (caps_arn, "s3:GetObject", "arn:aws:s3:::b/k", "rolegate:bucket-owner"),
        ("arn:aws:iam:::user/admin", "iam:CreatePolicy", "arn:aws:iam:::policy/P", "rolegate:root"),
    ] {
        let found = world.of(source, action, resource, &[]).await;
        assert_eq!((found.decision, ids(&found)), ("allowed", vec![(wanted, "none")]), "{action}");
    }
    assert_eq!(world.of(caps_arn, "s3:GetObject", "arn:aws:s3:::other/k", &[]).await.decision, "implicitDeny");
    // The role of a standalone user: never IAM, whatever its policies say and whatever boundary is tried.
    let owner = Owner::User { id: caps.id.clone(), name: "caps".into() };
    let create = [("RoleName", "R"), ("AssumeRolePolicyDocument", TRUST)];
    world.call_as(owner, "CreateRole", &create).await.unwrap();
    let all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let more = [("PolicyInputList.member.1", all), ("PermissionsBoundaryPolicyInputList.member.1", all)];
    let found = world.of("arn:aws:iam:::role/R", "iam:CreateRole", "arn:aws:iam:::role/S", &more).await;
    assert_eq!((found.decision, found.allowed_by_boundary), ("implicitDeny", Some(false)));
    assert_eq!(world.of("arn:aws:iam:::role/R", "s3:GetObject", "arn:aws:s3:::b/k", &more).await.decision, "allowed");
}

#[tokio::test]
async fn rule_18_a_reference_that_leads_nowhere_is_an_error() {
    let world = populated().await;
    let old = world.records.get::<User>(&RecordKey::user(&AccountId::empty(), "anna")).await.unwrap().unwrap();
    let new = User { boundary: Some("arn:aws:iam:::policy/Gone".into()), ..old.value.clone() };
    world.put(Changes::new().update(&old, &new)).await;
    let pairs = [("PolicySourceArn", "arn:aws:iam:::user/staff/anna"), ("ActionNames.member.1", "s3:GetObject")];
    let refused = world.call("SimulatePrincipalPolicy", &pairs).await.unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("ServiceUnavailable", 503));
    assert_eq!(code(world.call("GetContextKeysForPrincipalPolicy", &pairs[..1]).await), "ServiceUnavailable");
}

#[tokio::test]
async fn rule_16_only_entities_of_the_own_account_are_simulated() {
    let world = populated().await;
    let action = ("ActionNames.member.1", "s3:GetObject");
    for (source, wanted) in [
        ("arn:aws:iam::123456789012:user/staff/anna", "InvalidInput"),
        ("arn:aws:iam:::user/anna", "NoSuchEntity"),
        ("arn:aws:iam:::user/staff/none", "NoSuchEntity"),
        ("arn:aws:iam:::role/staff/anna", "NoSuchEntity"),
        ("arn:aws:iam:::policy/Put12", "InvalidInput"),
        ("arn:aws:sts:::assumed-role/R/s", "InvalidInput"),
        ("short", "ValidationError"),
    ] {
        let pairs = [("PolicySourceArn", source), action];
        assert_eq!(code(world.call("SimulatePrincipalPolicy", &pairs).await), wanted, "{source}");
        assert_eq!(code(world.call("GetContextKeysForPrincipalPolicy", &pairs[..1]).await), wanted, "{source}");
    }
    let request =
        world.parse("SimulatePrincipalPolicy", &[("PolicySourceArn", "arn:aws:iam:::user/staff/anna"), action]);
    let needs = world.requirements(&request.unwrap()).await;
    assert_eq!(
        (needs[0].action.as_ref(), needs[0].resource.to_string().as_str()),
        ("iam:SimulatePrincipalPolicy", "arn:aws:iam:::user/staff/anna")
    );
    let owner = Owner::User { id: UniqueId::parse("AIDAAAAAAAAAAAAAAAAAA").unwrap(), name: "T".into() };
    let pairs = [("PolicySourceArn", "arn:aws:iam:::user/staff/anna"), action];
    assert_eq!(code(world.call_as(owner, "SimulatePrincipalPolicy", &pairs).await), "AccessDenied");
}

#[tokio::test]
async fn context_keys_are_listed_once() {
    let world = populated().await;
    let home = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}","Condition":{"Bool":{"aws:securetransport":"true"}}}}"#;
    let other = home.replace("aws:securetransport", "aws:SecureTransport").replace("aws:username", "aws:userid");
    let given = [("PolicyInputList.member.1", home), ("PolicyInputList.member.2", other.as_str())];
    let keys = world.keys("GetContextKeysForCustomPolicy", &given).await;
    assert_eq!(keys, ["aws:securetransport", "aws:userid", "aws:username"]);
    let source = [("PolicySourceArn", "arn:aws:iam:::user/staff/anna")];
    assert!(world.keys("GetContextKeysForPrincipalPolicy", &source).await.is_empty());
    let with = [&source[..], &given[..1]].concat();
    assert_eq!(world.keys("GetContextKeysForPrincipalPolicy", &with).await, ["aws:securetransport", "aws:username"]);
    let xml = world.call("GetContextKeysForCustomPolicy", &given[..1]).await.unwrap().to_xml("r");
    assert!(xml.contains(
        "<ContextKeyNames><member>aws:securetransport</member><member>aws:username</member></ContextKeyNames>"
    ));
    assert_eq!(code(world.call("GetContextKeysForCustomPolicy", &[]).await), "ValidationError");
    assert_eq!(
        code(world.call("GetContextKeysForCustomPolicy", &[("PolicyInputList.member.1", "{")]).await),
        "InvalidInput"
    );
}
