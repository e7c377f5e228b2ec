//! Users under another name or path, and what is decided meanwhile (security rules 14, 17).

use super::*;

#[tokio::test]
async fn rule_14_standalone_and_iam_users_share_one_name_index() {
    let world = World::new().await;
    world.records.commit(Changes::new().create(&user("TESTER1", UserKind::Standalone))).await.unwrap();
    assert_eq!(code(world.new_user("tester1", &[]).await), "EntityAlreadyExists");
    world.new_user("Alice", &[]).await.unwrap();
    let rename = [("UserName", "Alice"), ("NewUserName", "Tester1")];
    assert_eq!(code(world.call("UpdateUser", &rename).await), "EntityAlreadyExists");
    assert_eq!(names(world.call("ListUsers", &[]).await.unwrap()).0, ["Alice", "TESTER1"]);
}

#[tokio::test]
async fn a_renamed_user_stays_the_same_everywhere() {
    let world = World::new().await;
    for name in ["Own", "Both"] {
        world.managed(name).await;
    }
    let both = "arn:aws:iam:::policy/team/Both";
    world.new_user("Old", &[("PermissionsBoundary", both)]).await.unwrap();
    let user = ("UserName", "Old");
    for arn in [OWN, both, READ_ONLY] {
        world.call("AttachUserPolicy", &[user, ("PolicyArn", arn)]).await.unwrap();
    }
    world.call("CreateGroup", &[("GroupName", "G")]).await.unwrap();
    world.call("AddUserToGroup", &[("GroupName", "G"), user]).await.unwrap();
    world.call("CreateAccessKey", &[user]).await.unwrap();
    let before = world.user_named("Old").await.unwrap();
    let answer = world.call("UpdateUser", &[user, ("NewUserName", "New"), ("NewPath", "/x/")]).await.unwrap();
    assert!(!answer.to_xml("r").contains("Result"));
    assert!(world.user_named("Old").await.is_none());
    let after = world.user_named("New").await.unwrap();
    assert_eq!(after, User { name: "New".into(), path: "/x/".into(), ..before.clone() });
    assert_eq!(world.uses_of("Own").await, (vec!["user/New".to_owned()], vec![]));
    assert_eq!(world.uses_of("Both").await, (vec!["user/New".to_owned()], vec!["user/New".to_owned()]));
    let group: Group = world.record(&RecordKey::group(&AccountId::empty(), "G")).await.unwrap();
    assert_eq!(group.members.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["New"]);
    let listed = world.call("ListAccessKeys", &[("UserName", "New")]).await.unwrap().to_xml("r");
    assert!(listed.contains(&before.access_keys[0]), "{listed}");
    let id = crate::types::AccessKeyId::parse(&before.access_keys[0]).unwrap();
    let key: crate::entity::AccessKey = world.record(&RecordKey::access_key(&id)).await.unwrap();
    assert_eq!((key.user_name.as_str(), key.next_user_name), ("New", None));
    // The case alone, the path alone, nothing at all.
    for (more, name, path) in
        [(vec![("NewUserName", "NEW")], "NEW", "/x/"), (vec![("NewPath", "/")], "NEW", "/"), (vec![], "NEW", "/")]
    {
        let pairs: Vec<_> = [("UserName", "new")].into_iter().chain(more).collect();
        world.call("UpdateUser", &pairs).await.unwrap();
        let now = world.user_named("new").await.unwrap();
        assert_eq!((now.name.as_str(), now.path.as_str(), &now.id), (name, path, &before.id));
    }
    assert_eq!(world.uses_of("Own").await.0, ["user/NEW"]);
}

#[tokio::test]
async fn rule_14_a_key_leads_to_its_user_at_every_step_of_a_renaming() {
    let world = World::new().await;
    world.new_user("Old", &[]).await.unwrap();
    world.call("CreateAccessKey", &[("UserName", "Old")]).await.unwrap();
    let user = world.user_named("Old").await.unwrap();
    let id = crate::types::AccessKeyId::parse(&user.access_keys[0]).unwrap();
    let owner = async || {
        let found = crate::iam::access_key::owner(&id, &user.account, &world.records).await.unwrap();
        found.map(|(_, user)| user.value.name)
    };
    // A renaming that was broken off, before and after the user's own commit; then one that is whole.
    let request = world.parse("UpdateUser", &[("UserName", "Old"), ("NewUserName", "New")]).unwrap();
    let permit = world.permit(&request, Owner::Account).await;
    let call = crate::iam::target::Call { action: "iam:UpdateUser", permit: &permit, scene: &world.scene() };
    crate::iam::access_key::lead_to_both(&call, &user, "New").await.unwrap();
    assert_eq!(owner().await.as_deref(), Some("Old"));
    let old = world.records.get::<User>(&RecordKey::user(&user.account, "Old")).await.unwrap().unwrap();
    world.records.commit(Changes::new().update(&old, &User { name: "New".into(), ..user.clone() })).await.unwrap();
    assert_eq!(owner().await.as_deref(), Some("New"));
    // Somebody else of the old name does not get the key.
    world.new_user("Old", &[]).await.unwrap();
    assert_eq!(owner().await.as_deref(), Some("New"));
    world.call("UpdateUser", &[("UserName", "New"), ("NewUserName", "Newer")]).await.unwrap();
    assert_eq!(owner().await.as_deref(), Some("Newer"));
}

#[tokio::test]
async fn rule_17_a_renaming_needs_the_right_on_both_arns() {
    let world = World::new().await;
    world.new_user("U", &[("Path", "/dev/")]).await.unwrap();
    let needs = async |pairs: &[(&str, &str)]| -> Vec<String> {
        let request = world.parse("UpdateUser", pairs).unwrap();
        let show = |needed: Requirement| needed.resource.to_string();
        world.requirements(&request).await.into_iter().map(show).collect()
    };
    assert_eq!(needs(&[("UserName", "U")]).await, ["arn:aws:iam:::user/dev/U"]);
    assert_eq!(
        needs(&[("UserName", "u"), ("NewPath", "/prod/")]).await,
        ["arn:aws:iam:::user/dev/U", "arn:aws:iam:::user/prod/U"]
    );
    assert_eq!(
        needs(&[("UserName", "U"), ("NewUserName", "V")]).await,
        ["arn:aws:iam:::user/dev/U", "arn:aws:iam:::user/dev/V"]
    );
    // A permit for the one does not move it.
    let request = world.parse("UpdateUser", &[("UserName", "U"), ("NewPath", "/prod/")]).unwrap();
    let first = world.requirements(&request).await.into_iter().take(1).collect();
    let root = Principal::Root { account: AccountId::empty() };
    let permit = Permit::for_tests(root, Owner::Account).covering(first, Vec::new());
    assert_eq!(code(execute(&request, &permit, &world.scene()).await), "ConcurrentModification");
    assert_eq!(world.user_named("U").await.unwrap().path, "/dev/");
}

#[tokio::test]
async fn rule_17_evidence_holds_for_renaming_and_removing() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    for pairs in
        [("UpdateUser", vec![("UserName", "U"), ("NewUserName", "V")]), ("DeleteUser", vec![("UserName", "U")])]
    {
        let (action, pairs) = pairs;
        let request: Any = world.parse(action, &pairs).unwrap();
        let asked = request.ask(&AccountId::empty(), &world.records, &mut Context::new()).await.unwrap();
        let root = Principal::Root { account: AccountId::empty() };
        let permit = Permit::for_tests(root, Owner::Account).covering(asked.requirements, asked.evidence);
        // A boundary that is added meanwhile.
        let put = [("UserName", "U"), ("PermissionsBoundary", READ_ONLY)];
        world.call("PutUserPermissionsBoundary", &put).await.unwrap();
        assert_eq!(code(execute(&request, &permit, &world.scene()).await), "ConcurrentModification", "{action}");
    }
    assert!(world.user_named("U").await.is_some() && world.user_named("V").await.is_none());
}
