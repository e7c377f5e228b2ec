//! Calls about roles against a store in memory.

use super::Answer as Roles;
use super::*;
use crate::authz::Permit;
use crate::entity::{Owner, Role, User, UserKind};
use crate::iam::testing::{POLICY, Racing, TRUST, World, code, principal, user};
use crate::iam::{Answer, Asked, Body, Caller, Error, Request as Any, VERSION, execute};
use crate::policy::{Bindings, Policy, PolicyKind};
use crate::store::{Changes, RecordKey, Store};
use crate::types::{AccountId, Context, Principal, Requirement, UniqueId};
use crate::wire::aws_query::Parameters;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl World {
    async fn create(&self, name: &str, path: &str) -> Result<Answer, Error> {
        let pairs = [("RoleName", name), ("Path", path), ("AssumeRolePolicyDocument", TRUST)];
        self.call("CreateRole", &pairs).await
    }

    async fn role(&self, name: &str) -> Option<Role> {
        self.record(&RecordKey::role(&AccountId::empty(), name)).await
    }
}

fn page(answer: Answer) -> (Vec<Role>, Option<String>) {
    match answer.body {
        Body::Role(Roles::Page { roles, marker }) => (roles, marker),
        other => panic!("{other:?}"),
    }
}

fn changed(answer: Answer) -> Role {
    match answer.body {
        Body::Role(Roles::Changed(role)) => *role,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_role_is_made_shown_changed_and_removed() {
    let world = World::new().await;
    world.create("S3Access", "/application_abc/").await.unwrap();
    let role = [("RoleName", "s3access")];
    let shown = world.call("GetRole", &role).await.unwrap().to_xml("r-1");
    assert_eq!(
        shown,
        format!(
            "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role>\
             <Path>/application_abc/</Path><RoleName>S3Access</RoleName><RoleId>{}</RoleId>\
             <Arn>arn:aws:iam:::role/application_abc/S3Access</Arn><CreateDate>2026-11-21T22:53:44Z</CreateDate>\
             <AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration>\
             <RoleLastUsed></RoleLastUsed></Role></GetRoleResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetRoleResponse>",
            world.role("S3Access").await.unwrap().id,
            crate::wire::percent::encode(TRUST.as_bytes())
        )
    );
    let put = [("RoleName", "S3Access"), ("PolicyName", "Policy1"), ("PolicyDocument", POLICY)];
    assert_eq!(
        world.call("PutRolePolicy", &put).await.unwrap().to_xml("r"),
        "<PutRolePolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ResponseMetadata>\
         <RequestId>r</RequestId></ResponseMetadata></PutRolePolicyResponse>"
    );
    let name = [("RoleName", "S3Access"), ("PolicyName", "Policy1")];
    let answer = world.call("GetRolePolicy", &name).await.unwrap();
    assert!(matches!(&answer.body, Body::InlinePolicy { document, .. } if document == POLICY));
    assert!(answer.to_xml("r").contains("<PolicyDocument>%7B%22Version%22%3A%222012-10-17%22"));
    let names = world.call("ListRolePolicies", &role).await.unwrap().to_xml("r");
    assert!(names.contains(
        "<PolicyNames><member>Policy1</member></PolicyNames><IsTruncated>false</IsTruncated></ListRolePoliciesResult>"
    ));
    assert_eq!(code(world.call("DeleteRole", &role).await), "DeleteConflict");
    let trust = TRUST.replace("TESTER1", "TESTER2");
    let update = [("RoleName", "S3Access"), ("PolicyDocument", trust.as_str())];
    world.call("UpdateAssumeRolePolicy", &update).await.unwrap();
    assert_eq!(world.role("S3Access").await.unwrap().trust.document, trust);
    world.call("DeleteRolePolicy", &name).await.unwrap();
    assert_eq!(code(world.call("DeleteRolePolicy", &name).await), "NoSuchEntity");
    world.call("DeleteRole", &role).await.unwrap();
    assert!(world.role("S3Access").await.is_none());
}

#[tokio::test]
async fn what_is_not_there_cannot_be_found() {
    let world = World::new().await;
    world.create("R", "/").await.unwrap();
    let role = ("RoleName", "Nope");
    for (action, pairs) in [
        ("GetRole", vec![role]),
        ("DeleteRole", vec![role]),
        ("UpdateAssumeRolePolicy", vec![role, ("PolicyDocument", TRUST)]),
        ("PutRolePolicy", vec![role, ("PolicyName", "P"), ("PolicyDocument", POLICY)]),
        ("GetRolePolicy", vec![role, ("PolicyName", "P")]),
        ("ListRolePolicies", vec![role]),
        ("DeleteRolePolicy", vec![role, ("PolicyName", "P")]),
        ("GetRolePolicy", vec![("RoleName", "R"), ("PolicyName", "P")]),
    ] {
        let error = world.call(action, &pairs).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("NoSuchEntity", 404), "{action}");
    }
}

#[tokio::test]
async fn names_are_unique_without_regard_to_case() {
    let world = World::new().await;
    world.create("S3Access", "/").await.unwrap();
    let error = world.create("s3ACCESS", "/other/").await.unwrap_err();
    assert_eq!(error.to_string(), "Role with name s3ACCESS already exists.");
    assert_eq!(world.role("S3Access").await.unwrap().path, "/");
}

#[tokio::test]
async fn malformed_documents_are_refused_with_the_reason() {
    let world = World::new().await;
    world.create("R", "/").await.unwrap();
    for bad in ["hello", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}"#, POLICY] {
        let create = [("RoleName", "New"), ("AssumeRolePolicyDocument", bad)];
        let update = [("RoleName", "R"), ("PolicyDocument", bad)];
        for (action, pairs) in [("CreateRole", &create), ("UpdateAssumeRolePolicy", &update)] {
            let error = world.call(action, pairs).await.unwrap_err();
            assert_eq!((error.code(), error.status()), ("MalformedPolicyDocument", 400), "{action} {bad}");
            assert!(error.to_string().len() > 10);
        }
    }
    for bad in ["hello", TRUST] {
        let put = [("RoleName", "R"), ("PolicyName", "P"), ("PolicyDocument", bad)];
        assert_eq!(code(world.call("PutRolePolicy", &put).await), "MalformedPolicyDocument");
    }
    assert!(world.role("New").await.is_none() && world.role("R").await.unwrap().policies.is_empty());
}

#[tokio::test]
async fn quotas_of_documents_hold_at_their_edges() {
    let world = World::new().await;
    let fill = |length: usize, document: &str| format!("{document}{}", " ".repeat(length - document.len()));
    let create = |trust: String| {
        let world = &world;
        async move { world.call("CreateRole", &[("RoleName", "R"), ("AssumeRolePolicyDocument", &trust)]).await }
    };
    let error = create(fill(2049, TRUST)).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("LimitExceeded", 409));
    create(fill(2048, TRUST)).await.unwrap();

    let put = |name: &'static str, document: String| {
        let world = &world;
        async move {
            let pairs = [("RoleName", "R"), ("PolicyName", name), ("PolicyDocument", document.as_str())];
            world.call("PutRolePolicy", &pairs).await
        }
    };
    let sized = |length: usize| {
        let empty = POLICY.replace("arn:aws:s3:::*", "arn:aws:s3:::");
        let bucket = "b".repeat(length - empty.len());
        POLICY.replace("arn:aws:s3:::*", &format!("arn:aws:s3:::{bucket}"))
    };
    assert_eq!(code(put("A", sized(10_241)).await), "LimitExceeded");
    put("A", sized(10_240)).await.unwrap();
    assert_eq!(code(put("B", POLICY.to_owned()).await), "LimitExceeded");
    // The same name replaces, and white space is not counted.
    put("A", sized(10_240 - POLICY.len())).await.unwrap();
    put("B", fill(20_000, POLICY)).await.unwrap();
    assert_eq!(code(put("C", POLICY.to_owned()).await), "LimitExceeded");
}

#[tokio::test]
async fn an_account_has_1000_roles_at_most() {
    let world = World::new().await;
    world.create("R", "/").await.unwrap();
    let first = world.role("R").await.unwrap();
    for index in 1..1000 {
        let role = Role { name: format!("R{index:04}"), ..first.clone() };
        world.records.commit(Changes::new().create(&role)).await.unwrap();
    }
    let error = world.create("OneMore", "/").await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("LimitExceeded", 409));
}

#[tokio::test]
async fn listings_go_by_name_and_their_markers_work_with_the_prefix() {
    let world = World::new().await;
    for (name, path) in [("b", "/x/"), ("A", "/x/"), ("c", "/"), ("D", "/x/y/"), ("e", "/xy/"), ("F", "/x/")] {
        world.create(name, path).await.unwrap();
    }
    let list = |pairs: Vec<(&'static str, String)>| {
        let world = &world;
        async move {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let (roles, marker) = page(world.call("ListRoles", &pairs).await.unwrap());
            (roles.into_iter().map(|role| role.name).collect::<Vec<_>>().join(""), marker)
        }
    };
    assert_eq!(list(vec![]).await, ("AbcDeF".to_owned(), None));
    assert_eq!(list(vec![("PathPrefix", "/x/".into())]).await, ("AbDF".to_owned(), None));
    assert_eq!(list(vec![("PathPrefix", "/x".into())]).await, ("AbDeF".to_owned(), None));
    assert_eq!(list(vec![("PathPrefix", "/none/".into())]).await, (String::new(), None));
    let mut seen = String::new();
    let mut pairs = vec![("PathPrefix", "/x/".to_owned()), ("MaxItems", "1".to_owned())];
    for _ in 0..10 {
        let (names, marker) = list(pairs.clone()).await;
        assert_eq!(names.len(), 1);
        seen.push_str(&names);
        pairs.truncate(2);
        match marker {
            Some(marker) => pairs.push(("Marker", marker)),
            None => break,
        }
    }
    assert_eq!(seen, "AbDF");
    // What a marker names may be gone meanwhile.
    let (_, marker) = list(vec![("MaxItems", "2".into())]).await;
    world.call("DeleteRole", &[("RoleName", "b")]).await.unwrap();
    assert_eq!(list(vec![("Marker", marker.unwrap())]).await.0, "cDeF");
}

#[tokio::test]
async fn a_listing_longer_than_a_batch_is_whole() {
    let world = World::new().await;
    world.create("R0000", "/").await.unwrap();
    let first = world.role("R0000").await.unwrap();
    for index in 1..450 {
        let path = if index % 2 == 0 { "/even/" } else { "/" };
        let role = Role { name: format!("R{index:04}"), path: path.into(), ..first.clone() };
        world.records.commit(Changes::new().create(&role)).await.unwrap();
    }
    let pairs = [("PathPrefix", "/even/"), ("MaxItems", "1000")];
    let (roles, marker) = page(world.call("ListRoles", &pairs).await.unwrap());
    assert_eq!((roles.len(), marker), (224, None));
    let (roles, marker) = page(world.call("ListRoles", &[]).await.unwrap());
    assert_eq!((roles.len(), marker.is_some()), (100, true));
}

#[tokio::test]
async fn lists_omit_tags_and_gets_show_them() {
    let world = World::new().await;
    let pairs = [
        ("RoleName", "R"),
        ("AssumeRolePolicyDocument", TRUST),
        ("Description", "a role"),
        ("MaxSessionDuration", "7200"),
        ("Tags.member.1.Key", "Department"),
        ("Tags.member.1.Value", "Engineering"),
    ];
    let created = world.call("CreateRole", &pairs).await.unwrap().to_xml("r");
    for part in [
        "<Description>a role</Description><MaxSessionDuration>7200</MaxSessionDuration>",
        "<Tags><member><Key>Department</Key><Value>Engineering</Value></member></Tags></Role></CreateRoleResult>",
    ] {
        assert!(created.contains(part), "{created}");
    }
    assert!(world.call("GetRole", &[("RoleName", "R")]).await.unwrap().to_xml("r").contains("<Tags>"));
    let listed = world.call("ListRoles", &[]).await.unwrap().to_xml("r");
    assert!(listed.contains("<Roles><member><Path>/</Path>") && !listed.contains("<Tags>"));
    assert!(listed.contains("</member></Roles><IsTruncated>false</IsTruncated></ListRolesResult>"));
}

#[tokio::test]
async fn policy_names_are_paged() {
    let world = World::new().await;
    world.create("R", "/").await.unwrap();
    for name in ["c", "a", "b"] {
        let put = [("RoleName", "R"), ("PolicyName", name), ("PolicyDocument", POLICY)];
        world.call("PutRolePolicy", &put).await.unwrap();
    }
    let first = world.call("ListRolePolicies", &[("RoleName", "R"), ("MaxItems", "2")]).await.unwrap();
    let Body::PolicyNames { names, marker: Some(marker) } = first.body else { panic!() };
    assert_eq!(names, ["a", "b"]);
    let rest = world.call("ListRolePolicies", &[("RoleName", "R"), ("Marker", &marker)]).await.unwrap();
    assert_eq!(rest.body, Body::PolicyNames { names: vec!["c".into()], marker: None });
}

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

async fn asked(world: &World, request: &Any, account: &AccountId) -> Asked {
    request.ask(account, &world.records, &mut Context::new()).await.unwrap()
}

fn list(path_prefix: &str) -> Any {
    Any::Role(Request::ListRoles { path_prefix: path_prefix.into(), page: Page::default() })
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
    assert!(execute(&wide, &permit, &world.scene()).await.is_err());
}

#[tokio::test]
async fn rule_17_races_on_the_role_are_run_again_and_no_others() {
    let role = RecordKey::role(&AccountId::empty(), "R");
    let other = RecordKey::user(&AccountId::empty(), "ADMIN");
    for (on, losses, wanted) in [(&role, 1, None), (&role, 99, Some(409)), (&other, 1, Some(409))] {
        let racing = Racing::new(on.clone());
        let world = World::over(Arc::clone(&racing) as Arc<dyn Store>).await;
        world.create("R", "/").await.unwrap();
        racing.losses.store(losses, Ordering::Relaxed);
        let put = [("RoleName", "R"), ("PolicyName", "P"), ("PolicyDocument", POLICY)];
        let result = world.call("PutRolePolicy", &put).await;
        assert_eq!(result.err().map(|error| error.status()), wanted, "{on} {losses}");
        assert_eq!(world.role("R").await.unwrap().policies.len(), usize::from(wanted.is_none()));
    }
    // A role that someone else made first exists.
    let racing = Racing::new(role);
    let world = World::over(Arc::clone(&racing) as Arc<dyn Store>).await;
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

#[tokio::test]
async fn captured_requests_get_answers_of_awss_shape() {
    World::new().await.replay(include_str!("../../../tests/corpus/ceph-wire/iam.tsv")).await;
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
