//! Whom a trust policy binds, and which roles a caller reaches (security rules 13, 14, 16).

use super::*;

#[tokio::test]
async fn rule_14_principals_are_bound_to_unique_ids_when_they_resolve() {
    let world = World::new().await;
    let tester = user("TESTER1", UserKind::Standalone);
    world.records.commit(Changes::new().create(&tester)).await.unwrap();
    world.create("Other", "/p/").await.unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":[
        "arn:aws:iam:::user/TESTER1","arn:aws:iam:::user/tester1","arn:aws:iam:::user/p/TESTER1",
        "arn:aws:iam:::user/NOBODY","arn:aws:iam:::role/p/Other","arn:aws:iam:::role/Other",
        "arn:aws:iam::tenant:user/TESTER1","arn:aws:sts:::assumed-role/Other/Bob","arn:aws:iam:::root"]},
        "Action":"sts:AssumeRole"}]}"#;
    world.call("CreateRole", &[("RoleName", "R"), ("AssumeRolePolicyDocument", trust)]).await.unwrap();
    let stored = world.role("R").await.unwrap().trust;
    let other = world.role("Other").await.unwrap();
    let mut wanted = Bindings::new();
    wanted.bind("arn:aws:iam:::user/TESTER1", tester.id.clone());
    wanted.bind("arn:aws:iam:::role/p/Other", other.id.clone());
    wanted.bind("arn:aws:sts:::assumed-role/Other/Bob", other.id);
    assert_eq!(stored.bindings, wanted);
    assert!(Policy::kind(&stored.compile(PolicyKind::Trust, &AccountId::empty()).unwrap()) == PolicyKind::Trust);
}

#[tokio::test]
async fn rule_14_an_empty_account_is_the_default_account() {
    let mut world = World::new().await;
    world.default_account = AccountId::parse("123456789012").unwrap();
    let tester = User { account: world.default_account.clone(), ..user("TESTER1", UserKind::Iam) };
    world.records.commit(Changes::new().create(&tester)).await.unwrap();
    let role = changed(world.create("R", "/").await.unwrap());
    assert_eq!(role.arn(), "arn:aws:iam::123456789012:role/R");
    let mut wanted = Bindings::new();
    wanted.bind("arn:aws:iam::123456789012:user/TESTER1", tester.id);
    assert_eq!(role.trust.bindings, wanted);
}

#[tokio::test]
async fn rule_14_a_role_made_again_has_another_id_and_its_owner_is_the_permits() {
    let world = World::new().await;
    let owner = Owner::User { id: UniqueId::parse("AIDAJQABLZS4A3QDU576Q").unwrap(), name: "TESTER1".into() };
    let pairs = [("RoleName", "R"), ("AssumeRolePolicyDocument", TRUST)];
    world.call_as(owner.clone(), "CreateRole", &pairs).await.unwrap();
    let first = world.role("R").await.unwrap();
    assert_eq!(first.owner, owner);
    world.call("DeleteRole", &[("RoleName", "R")]).await.unwrap();
    world.create("R", "/").await.unwrap();
    let second = world.role("R").await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(second.owner, Owner::Account);
}

#[tokio::test]
async fn rule_13_caps_reach_only_roles_of_standalone_users() {
    let world = World::new().await;
    let tester =
        |name: &str| Owner::User { id: UniqueId::parse("AIDAJQABLZS4A3QDU576Q").unwrap(), name: name.to_owned() };
    world.create("OfAccount", "/").await.unwrap();
    let pairs = [("RoleName", "OfUser"), ("AssumeRolePolicyDocument", TRUST)];
    world.call_as(tester("TESTER1"), "CreateRole", &pairs).await.unwrap();
    let account_role = ("RoleName", "OfAccount");
    for (action, pairs) in [
        ("GetRole", vec![account_role]),
        ("DeleteRole", vec![account_role]),
        ("UpdateAssumeRolePolicy", vec![account_role, ("PolicyDocument", TRUST)]),
        ("PutRolePolicy", vec![account_role, ("PolicyName", "P"), ("PolicyDocument", POLICY)]),
        ("ListRolePolicies", vec![account_role]),
    ] {
        let error = world.call_as(tester("TESTER2"), action, &pairs).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("AccessDenied", 403), "{action}");
    }
    let listed = world.call_as(tester("TESTER2"), "ListRoles", &[]).await.unwrap();
    let (roles, _) = page(listed);
    assert_eq!(roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(), ["OfUser"]);
    world.call_as(tester("TESTER2"), "DeleteRole", &[("RoleName", "OfUser")]).await.unwrap();
    assert!(world.role("OfAccount").await.is_some());
}

#[tokio::test]
async fn rule_16_only_the_callers_account_is_read_and_written() {
    let world = World::new().await;
    world.create("R", "/").await.unwrap();
    let tenant = AccountId::parse("tenant").unwrap();
    let request = Any::Role(Request::GetRole { role_name: "R".into() });
    let requirements = asked(&world, &request, &tenant).await.requirements;
    let permit =
        Permit::for_tests(Principal::Root { account: tenant }, Owner::Account).covering(requirements, Vec::new());
    assert_eq!(code(execute(&request, &permit, &world.scene()).await), "NoSuchEntity");
    let list = list("/");
    let requirements = asked(&world, &list, permit.account()).await.requirements;
    let permit = permit.covering(requirements, Vec::new());
    assert!(page(execute(&list, &permit, &world.scene()).await.unwrap()).0.is_empty());
}
