//! What a call needs, and that it is done only while what was decided upon stands (security rule 17).

use super::*;

#[tokio::test]
async fn rule_17_changed_evidence_refuses_the_commit() {
    let world = World::new().await;
    let caller = user("ADMIN", UserKind::Iam);
    world.records.commit(Changes::new().create(&caller)).await.unwrap();
    let key = RecordKey::user(&caller.account, &caller.name);
    let seen = world.records.get::<User>(&key).await.unwrap().unwrap();
    let create = |name| world.parse("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", TRUST)]).unwrap();
    let permit = |requirements| {
        Permit::for_tests(principal(&caller), Owner::Account).covering(requirements, vec![seen.evidence()])
    };
    let permitted = permit(world.requirements(&create("R")).await);
    execute(&create("R"), &permitted, &world.scene()).await.unwrap();

    let changed = User { epoch: 1, ..caller.clone() };
    world.records.commit(Changes::new().update(&seen, &changed)).await.unwrap();
    for request in [
        create("R2"),
        Any::Role(Request::DeleteRole { role_name: "R".into() }),
        Any::Role(Request::UpdateAssumeRolePolicy { role_name: "R".into(), document: TRUST.into() }),
        Any::Role(Request::PutRolePolicy { role_name: "R".into(), policy_name: "P".into(), document: POLICY.into() }),
    ] {
        let permit = permit(world.requirements(&request).await);
        let error = execute(&request, &permit, &world.scene()).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("ConcurrentModification", 409), "{request:?}");
    }
    assert!(world.role("R2").await.is_none() && world.role("R").await.unwrap().policies.is_empty());
}

#[tokio::test]
async fn rule_17_evidence_on_the_role_itself_must_be_as_it_was_read() {
    let world = World::new().await;
    world.create("R", "/").await.unwrap();
    let put = Request::PutRolePolicy { role_name: "R".into(), policy_name: "P".into(), document: POLICY.into() };
    let (request, account) = (Any::Role(put), AccountId::empty());
    let asked = asked(&world, &request, &account).await;
    assert_eq!(asked.evidence.len(), 1);
    let permit =
        Permit::for_tests(Principal::Root { account }, Owner::Account).covering(asked.requirements, asked.evidence);
    execute(&request, &permit, &world.scene()).await.unwrap();
    // The first execution changed the role, so the same decision does not hold for a second.
    assert_eq!(code(execute(&request, &permit, &world.scene()).await), "ConcurrentModification");
}

#[tokio::test]
async fn rule_17_a_role_that_became_another_one_is_not_touched() {
    let world = World::new().await;
    world.create("R", "/dev/").await.unwrap();
    let request = Any::Role(Request::DeleteRole { role_name: "R".into() });
    let permit = world.permit(&request, Owner::Account).await;
    world.call("DeleteRole", &[("RoleName", "R")]).await.unwrap();
    world.create("R", "/prod/").await.unwrap();
    assert_eq!(code(execute(&request, &permit, &world.scene()).await), "ConcurrentModification");
    assert!(world.role("R").await.is_some());
}

#[tokio::test]
async fn a_permit_for_another_action_is_not_taken() {
    let world = World::new().await;
    world.create("R", "/").await.unwrap();
    let get = Any::Role(Request::GetRole { role_name: "R".into() });
    let permit = world.permit(&get, Owner::Account).await;
    for request in
        [Any::Role(Request::DeleteRole { role_name: "R".into() }), Any::Role(Request::ListInstanceProfiles), list("/")]
    {
        assert_eq!(code(execute(&request, &permit, &world.scene()).await), "AccessDenied");
    }
    let (narrow, wide) = (list("/x/"), list("/"));
    let permit = world.permit(&narrow, Owner::Account).await;
    assert!(execute(&narrow, &permit, &world.scene()).await.is_ok());
    // The right action on another resource: as if the entity had become another one since the decision.
    assert_eq!(code(execute(&wide, &permit, &world.scene()).await), "ConcurrentModification");
}

#[tokio::test]
async fn rule_17_races_on_the_role_are_run_again_and_no_others() {
    let role = RecordKey::role(&AccountId::empty(), "R");
    let other = RecordKey::user(&AccountId::empty(), "ADMIN");
    for (on, losses, wanted) in [(&role, 1, None), (&role, 99, Some(409)), (&other, 1, Some(409))] {
        let racing = Racing::new(on.clone());
        let world = World::over(Arc::clone(&racing.store)).await;
        world.create("R", "/").await.unwrap();
        racing.losses.store(losses, Ordering::Relaxed);
        let put = [("RoleName", "R"), ("PolicyName", "P"), ("PolicyDocument", POLICY)];
        let result = world.call("PutRolePolicy", &put).await;
        assert_eq!(result.err().map(|error| error.status()), wanted, "{on} {losses}");
        assert_eq!(world.role("R").await.unwrap().policies.len(), usize::from(wanted.is_none()));
    }
    // A role that someone else made first exists.
    let racing = Racing::new(role);
    let world = World::over(Arc::clone(&racing.store)).await;
    racing.losses.store(1, Ordering::Relaxed);
    assert_eq!(code(world.create("R", "/").await), "EntityAlreadyExists");
}

#[tokio::test]
async fn requirements_and_context_name_the_role() {
    let world = World::new().await;
    let account = AccountId::empty();
    let wanted = async |request: &Any| -> Vec<String> {
        let show = |needed: Requirement| format!("{} {}", needed.action, needed.resource);
        world.requirements(request).await.into_iter().map(show).collect()
    };
    let context = async |request: &Any| {
        let mut context = Context::new();
        request.ask(&account, &world.records, &mut context).await.unwrap();
        context
    };
    let single = |context: &Context, key: &str| context.get(key).and_then(|v| v.single().map(<[u8]>::to_vec));
    let get = Any::Role(Request::GetRole { role_name: "r".into() });
    assert_eq!(wanted(&get).await, ["iam:GetRole arn:aws:iam:::role/r"]);
    let tagged = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")];
    let mut pairs = vec![("RoleName", "R"), ("Path", "/p/"), ("AssumeRolePolicyDocument", TRUST)];
    pairs.extend(tagged);
    let create = world.parse("CreateRole", &pairs).unwrap();
    assert_eq!(wanted(&create).await, ["iam:CreateRole arn:aws:iam:::role/p/R", "iam:TagRole arn:aws:iam:::role/p/R"]);
    let keys = context(&create).await;
    assert_eq!(single(&keys, "aws:RequestTag/team"), Some(b"a".to_vec()));
    assert!(keys.get("aws:TagKeys").is_some() && keys.get("iam:PermissionsBoundary").is_none());
    assert!(asked(&world, &create, &account).await.evidence.is_empty());
    world.call("CreateRole", &pairs).await.unwrap();
    assert_eq!(wanted(&get).await, ["iam:GetRole arn:aws:iam:::role/p/R"]);
    assert_eq!(wanted(&list("/")).await, ["iam:ListRoles arn:aws:iam:::role/"]);
    assert_eq!(wanted(&Any::Role(Request::ListInstanceProfiles)).await, ["iam:ListInstanceProfiles *"]);
    assert_eq!((list("/").operation(), get.action()), ("ListRoles", "iam:GetRole"));
    let keys = context(&get).await;
    assert_eq!(single(&keys, "aws:ResourceTag/Team"), Some(b"a".to_vec()));
    assert_eq!(single(&keys, "iam:ResourceTag/Team"), Some(b"a".to_vec()));
    assert_eq!(asked(&world, &get, &account).await.evidence.len(), 1);
}
