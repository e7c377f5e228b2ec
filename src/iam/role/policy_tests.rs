//! Attached policies, boundaries, tags and the other changes of roles, against a store in memory.

use super::Answer as Roles;
use super::*;
use crate::authz::Permit;
use crate::entity::{LastUsed, ManagedPolicy, Owner, StoredPolicy, UseKind, Used, quota};
use crate::iam::testing::{POLICY, TRUST, World, code};
use crate::iam::{Answer, Body, Request as Any, execute};
use crate::store::{Changes, RecordKey};
use crate::types::{AccountId, Context, IdKind, Principal, UniqueId};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
const OWN: &str = "arn:aws:iam:::policy/team/Own";

impl World {
    async fn role_named(&self, name: &str) -> Role {
        self.record(&RecordKey::role(&AccountId::empty(), name)).await.unwrap()
    }

    async fn new_role(&self, name: &str, more: &[(&str, &str)]) -> Result<Answer, Error> {
        let mut pairs = vec![("RoleName", name), ("AssumeRolePolicyDocument", TRUST)];
        pairs.extend_from_slice(more);
        self.call("CreateRole", &pairs).await
    }

    /// Makes a managed policy `/team/NAME`.
    async fn managed_policy(&self, name: &str) {
        let stored = StoredPolicy { document: POLICY.into(), bindings: Default::default() };
        let id = UniqueId::generate(IdKind::ManagedPolicy, &self.entropy);
        let policy =
            ManagedPolicy { path: "/team/".into(), ..ManagedPolicy::new(AccountId::empty(), name, id, stored, 0) };
        self.records.commit(Changes::new().create(&policy)).await.unwrap();
    }

    /// Names of the roles that a policy is attached to and those that it is the boundary of.
    async fn uses(&self, name: &str) -> (Vec<String>, Vec<String>) {
        let policy: ManagedPolicy = self.record(&RecordKey::policy(&AccountId::empty(), name)).await.unwrap();
        let names = |uses: &std::collections::BTreeSet<crate::entity::PolicyUse>| {
            uses.iter().inspect(|one| assert_eq!(one.kind, UseKind::Role)).map(|one| one.name.clone()).collect()
        };
        (names(&policy.attachments), names(&policy.boundary_of))
    }
}

fn attached(answer: Answer) -> (Vec<String>, Option<String>) {
    match answer.body {
        Body::AttachedPolicies { policies, marker } => (policies.into_iter().map(|(_, arn)| arn).collect(), marker),
        other => panic!("{other:?}"),
    }
}

fn tags(answer: Answer) -> Vec<(String, String)> {
    match answer.body {
        Body::Tags { tags, .. } => tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn roles_are_updated_in_what_is_given() {
    let world = World::new().await;
    world.new_role("R", &[("Description", "old")]).await.unwrap();
    let (role, long) = (("RoleName", "R"), ("MaxSessionDuration", "7200"));
    let answer = world.call("UpdateRole", &[role, long]).await.unwrap().to_xml("r");
    assert!(answer.contains("<UpdateRoleResult></UpdateRoleResult>"), "{answer}");
    let now = world.role_named("R").await;
    assert_eq!((now.description.as_str(), now.max_session_duration), ("old", 7200));
    world.call("UpdateRole", &[role, ("Description", "")]).await.unwrap();
    let described = world.call("UpdateRoleDescription", &[role, ("Description", "new")]).await.unwrap().to_xml("r");
    assert!(described.contains("<UpdateRoleDescriptionResult><Role>") && described.contains("<Description>new<"));
    let now = world.role_named("R").await;
    assert_eq!((now.description.as_str(), now.max_session_duration), ("new", 7200));
    for (action, pairs) in [
        ("UpdateRole", vec![role, ("MaxSessionDuration", "3599")]),
        ("UpdateRole", vec![role, ("MaxSessionDuration", "43201")]),
        ("UpdateRole", vec![long]),
        ("UpdateRoleDescription", vec![role]),
        ("UpdateRoleDescription", vec![role, ("Description", "\u{7f}")]),
    ] {
        assert_eq!(code(world.call(action, &pairs).await), "ValidationError", "{action} {pairs:?}");
    }
    let nope = ("RoleName", "Nope");
    for (action, pairs) in
        [("UpdateRole", vec![nope, long]), ("UpdateRoleDescription", vec![nope, ("Description", "")])]
    {
        assert_eq!(code(world.call(action, &pairs).await), "NoSuchEntity", "{action}");
    }
}

#[tokio::test]
async fn managed_policies_are_attached_on_both_sides() {
    let world = World::new().await;
    world.managed_policy("Own").await;
    world.new_role("R", &[]).await.unwrap();
    let pair = |arn| [("RoleName", "R"), ("PolicyArn", arn)];
    for arn in [OWN, READ_ONLY, OWN] {
        let answer = world.call("AttachRolePolicy", &pair(arn)).await.unwrap().to_xml("r");
        assert!(answer.starts_with("<AttachRolePolicyResponse ") && !answer.contains("Result"), "{answer}");
    }
    assert_eq!(world.role_named("R").await.attached, [OWN, READ_ONLY]);
    assert_eq!(world.uses("Own").await, (vec!["R".to_owned()], vec![]));
    let listed = world.call("ListAttachedRolePolicies", &[("RoleName", "R")]).await.unwrap();
    assert!(listed.to_xml("r").contains(&format!(
        "<AttachedPolicies><member><PolicyName>AmazonS3ReadOnlyAccess</PolicyName><PolicyArn>{READ_ONLY}</PolicyArn>\
         </member><member><PolicyName>Own</PolicyName><PolicyArn>{OWN}</PolicyArn></member></AttachedPolicies>\
         <IsTruncated>false</IsTruncated>"
    )));
    let of_team = [("RoleName", "R"), ("PathPrefix", "/team/")];
    assert_eq!(attached(world.call("ListAttachedRolePolicies", &of_team).await.unwrap()).0, [OWN]);
    let (first, marker) =
        attached(world.call("ListAttachedRolePolicies", &[("RoleName", "R"), ("MaxItems", "1")]).await.unwrap());
    assert_eq!(first, [READ_ONLY]);
    let next = [("RoleName", "R"), ("Marker", &marker.unwrap())];
    assert_eq!(attached(world.call("ListAttachedRolePolicies", &next).await.unwrap()), (vec![OWN.to_owned()], None));

    let error = world.call("DeleteRole", &[("RoleName", "R")]).await.unwrap_err();
    assert_eq!(error.to_string(), "Cannot delete entity, must detach all policies first.");
    for arn in [OWN, READ_ONLY] {
        world.call("DetachRolePolicy", &pair(arn)).await.unwrap();
        let error = world.call("DetachRolePolicy", &pair(arn)).await.unwrap_err();
        assert_eq!((error.code(), error.to_string()), ("NoSuchEntity", format!("Policy {arn} was not found.")));
    }
    assert_eq!(world.uses("Own").await, (vec![], vec![]));
    world.call("DeleteRole", &[("RoleName", "R")]).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_attached_is_refused() {
    let world = World::new().await;
    world.managed_policy("Own").await;
    world.new_role("R", &[]).await.unwrap();
    for (role, arn, wanted) in [
        ("R", "arn:aws:iam:::policy/Nope12345", "NoSuchEntity"),
        ("R", "arn:aws:iam:::policy/Own", "NoSuchEntity"),
        ("R", "arn:aws:iam:::policy/other/Own", "NoSuchEntity"),
        ("R", "arn:aws:iam::aws:policy/AmazonEC2FullAccess", "NoSuchEntity"),
        ("R", "arn:aws:iam::123456789012:policy/team/Own", "InvalidInput"),
        ("R", "arn:aws:iam:::role/team/RoleName", "InvalidInput"),
        ("R", "arn:short", "ValidationError"),
        ("Nope", OWN, "NoSuchEntity"),
    ] {
        let error = world.call("AttachRolePolicy", &[("RoleName", role), ("PolicyArn", arn)]).await.unwrap_err();
        assert_eq!(error.code(), wanted, "{role} {arn}");
    }
    let error = world.call("AttachRolePolicy", &[("RoleName", "R"), ("PolicyArn", "arn:aws:iam:::policy/Nope12345")]);
    assert_eq!(
        error.await.unwrap_err().to_string(),
        "Policy arn:aws:iam:::policy/Nope12345 does not exist or is not attachable."
    );
    for number in 0..quota::ATTACHED_POLICIES {
        world.managed_policy(&format!("P{number}")).await;
        let arn = format!("arn:aws:iam:::policy/team/P{number}");
        world.call("AttachRolePolicy", &[("RoleName", "R"), ("PolicyArn", &arn)]).await.unwrap();
    }
    let error = world.call("AttachRolePolicy", &[("RoleName", "R"), ("PolicyArn", OWN)]).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string()),
        ("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10".into())
    );
    assert_eq!(world.uses("Own").await.0, [""; 0]);
}

#[tokio::test]
async fn boundaries_are_set_replaced_and_removed_on_both_sides() {
    let world = World::new().await;
    for name in ["Own", "Other"] {
        world.managed_policy(name).await;
    }
    let boundary = ("PermissionsBoundary", OWN);
    let created = world.new_role("R", &[boundary]).await.unwrap().to_xml("r");
    let shown = format!(
        "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>{OWN}\
         </PermissionsBoundaryArn></PermissionsBoundary>"
    );
    assert!(created.contains(&shown), "{created}");
    assert!(world.call("GetRole", &[("RoleName", "R")]).await.unwrap().to_xml("r").contains(&shown));
    assert!(!world.call("ListRoles", &[]).await.unwrap().to_xml("r").contains("PermissionsBoundary"));
    assert_eq!(world.uses("Own").await.1, ["R"]);
    let put = |arn| [("RoleName", "R"), ("PermissionsBoundary", arn)];
    let other = "arn:aws:iam:::policy/team/Other";
    for (arn, own, others) in [(OWN, 1, 0), (other, 0, 1), (READ_ONLY, 0, 0), (OWN, 1, 0)] {
        world.call("PutRolePermissionsBoundary", &put(arn)).await.unwrap();
        assert_eq!(world.role_named("R").await.boundary.as_deref(), Some(arn));
        assert_eq!((world.uses("Own").await.1.len(), world.uses("Other").await.1.len()), (own, others), "{arn}");
    }
    for _ in 0..2 {
        world.call("DeleteRolePermissionsBoundary", &[("RoleName", "R")]).await.unwrap();
        assert_eq!((world.role_named("R").await.boundary, world.uses("Own").await.1.len()), (None, 0));
    }
    let nope = "arn:aws:iam:::policy/Nope12345";
    let error = world.call("PutRolePermissionsBoundary", &put(nope)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("Scope ARN: {nope} does not exist or is not attachable."));
    assert_eq!(code(world.new_role("New", &[("PermissionsBoundary", nope)]).await), "NoSuchEntity");
    assert_eq!(code(world.call("PutRolePermissionsBoundary", &[("RoleName", "R")]).await), "ValidationError");
    // A role goes with its boundary and its last use.
    world.call("PutRolePermissionsBoundary", &put(OWN)).await.unwrap();
    let subject = Used::Role(world.role_named("R").await.id);
    let key = RecordKey::last_used(&AccountId::empty(), &subject);
    let (region, service) = ("eu-west-1".to_owned(), "s3".to_owned());
    let used = LastUsed { account: AccountId::empty(), subject, date: 1_795_301_624_491, region, service };
    world.records.commit(Changes::new().create(&used)).await.unwrap();
    let shown = world.call("GetRole", &[("RoleName", "R")]).await.unwrap().to_xml("r");
    let wanted = "<RoleLastUsed><LastUsedDate>2026-11-21T22:53:44Z</LastUsedDate><Region>eu-west-1</Region>";
    assert!(shown.contains(wanted), "{shown}");
    world.call("DeleteRole", &[("RoleName", "R")]).await.unwrap();
    assert_eq!(world.uses("Own").await.1.len(), 0);
    assert!(world.record::<LastUsed>(&key).await.is_none());
}

#[tokio::test]
async fn tags_are_set_listed_and_removed_without_regard_to_case() {
    let world = World::new().await;
    world.new_role("R", &[]).await.unwrap();
    let role = ("RoleName", "R");
    let one = |key, value| [role, ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
    for (key, value) in [("Department", "a"), ("Team", "b"), ("DEPARTMENT", "c")] {
        world.call("TagRole", &one(key, value)).await.unwrap();
    }
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let all = tags(world.call("ListRoleTags", &[role]).await.unwrap());
    assert_eq!(all, [pair("DEPARTMENT", "c"), pair("Team", "b")]);
    let first = world.call("ListRoleTags", &[role, ("MaxItems", "1")]).await.unwrap();
    let Body::Tags { marker: Some(marker), .. } = &first.body else { panic!() };
    assert!(first.to_xml("r").contains("<IsTruncated>true</IsTruncated>"));
    let rest = world.call("ListRoleTags", &[role, ("Marker", marker)]).await.unwrap();
    assert_eq!(tags(rest), [pair("Team", "b")]);
    for action in ["UntagRole", "UntagRoles"] {
        let keys = [role, ("TagKeys.member.1", "department"), ("TagKeys.member.2", "None")];
        let answer = world.call(action, &keys).await.unwrap().to_xml("r");
        assert!(answer.starts_with("<UntagRoleResponse "), "{answer}");
        assert_eq!(tags(world.call("ListRoleTags", &[role]).await.unwrap()), [pair("Team", "b")]);
    }
    for number in 1..quota::TAGS {
        let key = format!("k{number}");
        world.call("TagRole", &[role, ("Tags.member.1.Key", &key), ("Tags.member.1.Value", "")]).await.unwrap();
    }
    let error = world.call("TagRole", &one("OneMore", "")).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("LimitExceeded", 409));
    world.call("TagRole", &one("TEAM", "still")).await.unwrap();
    for (action, pairs, wanted) in [
        ("TagRole", vec![role], "ValidationError"),
        ("TagRole", one("aws:x", "y").to_vec(), "InvalidInput"),
        ("TagRole", one("a&b", "y").to_vec(), "ValidationError"),
        ("UntagRole", vec![role], "ValidationError"),
        ("UntagRole", vec![role, ("TagKeys.member.1", "")], "ValidationError"),
        ("ListRoleTags", vec![role, ("Marker", "eA")], "ValidationError"),
        ("ListRoleTags", vec![("RoleName", "Nope")], "NoSuchEntity"),
        ("UntagRole", vec![("RoleName", "Nope"), ("TagKeys.member.1", "a")], "NoSuchEntity"),
    ] {
        assert_eq!(code(world.call(action, &pairs).await), wanted, "{action} {pairs:?}");
    }
    let many: Vec<(String, String)> = (1..=51).map(|n| (format!("TagKeys.member.{n}"), format!("k{n}"))).collect();
    let mut pairs = vec![role];
    pairs.extend(many.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    assert_eq!(code(world.call("UntagRole", &pairs).await), "ValidationError");
}

#[tokio::test]
async fn there_are_no_instance_profiles() {
    let world = World::new().await;
    world.new_role("R", &[]).await.unwrap();
    let empty = "<InstanceProfiles></InstanceProfiles><IsTruncated>false</IsTruncated>";
    let of_role = world.call("ListInstanceProfilesForRole", &[("RoleName", "R")]).await.unwrap();
    assert!(of_role.to_xml("r").contains(empty));
    let all = world.call("ListInstanceProfiles", &[]).await.unwrap();
    assert!(all.to_xml("r").contains(empty) && all.body == Body::Role(Roles::NoInstanceProfiles));
    assert_eq!(code(world.call("ListInstanceProfilesForRole", &[("RoleName", "Nope")]).await), "NoSuchEntity");
}

#[tokio::test]
async fn rule_13_policies_boundaries_and_tags_are_reached_as_their_role_is() {
    let world = World::new().await;
    world.managed_policy("Own").await;
    world.new_role("R", &[]).await.unwrap();
    let caller = || Owner::User { id: UniqueId::parse("AIDAJQABLZS4A3QDU576Q").unwrap(), name: "TESTER1".into() };
    let role = ("RoleName", "R");
    for (action, pairs) in [
        ("AttachRolePolicy", vec![role, ("PolicyArn", OWN)]),
        ("DetachRolePolicy", vec![role, ("PolicyArn", OWN)]),
        ("ListAttachedRolePolicies", vec![role]),
        ("PutRolePermissionsBoundary", vec![role, ("PermissionsBoundary", OWN)]),
        ("DeleteRolePermissionsBoundary", vec![role]),
        ("UpdateRole", vec![role]),
        ("UpdateRoleDescription", vec![role, ("Description", "")]),
        ("TagRole", vec![role, ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]),
        ("UntagRole", vec![role, ("TagKeys.member.1", "a")]),
        ("ListRoleTags", vec![role]),
        ("ListInstanceProfilesForRole", vec![role]),
    ] {
        let error = world.call_as(caller(), action, &pairs).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("AccessDenied", 403), "{action}");
    }
}

#[tokio::test]
async fn rule_17_the_boundary_key_is_the_targets_present_one() {
    let world = World::new().await;
    world.managed_policy("Own").await;
    world.new_role("Bounded", &[("PermissionsBoundary", OWN)]).await.unwrap();
    world.new_role("Free", &[]).await.unwrap();
    let key = async |action: &str, pairs: &[(&str, &str)], key: &str| {
        let mut context = Context::new();
        let request = world.parse(action, pairs).unwrap();
        request.ask(&AccountId::empty(), &world.records, &mut context).await.unwrap();
        context.get(key).and_then(|values| values.single()).map(|value| String::from_utf8(value.to_vec()).unwrap())
    };
    let boundary = "iam:PermissionsBoundary";
    for (name, present) in [("Bounded", Some(OWN.to_owned())), ("Free", None)] {
        let role = ("RoleName", name);
        for (action, pairs) in [
            ("PutRolePolicy", vec![role, ("PolicyName", "P"), ("PolicyDocument", POLICY)]),
            ("DeleteRolePolicy", vec![role, ("PolicyName", "P")]),
            ("AttachRolePolicy", vec![role, ("PolicyArn", READ_ONLY)]),
            ("DetachRolePolicy", vec![role, ("PolicyArn", READ_ONLY)]),
            ("DeleteRolePermissionsBoundary", vec![role]),
        ] {
            assert_eq!(key(action, &pairs, boundary).await, present, "{action} {name}");
        }
        let given = [role, ("PermissionsBoundary", READ_ONLY)];
        assert_eq!(key("PutRolePermissionsBoundary", &given, boundary).await.as_deref(), Some(READ_ONLY));
        assert_eq!(key("GetRole", &[role], boundary).await, None);
        let attach = [role, ("PolicyArn", READ_ONLY)];
        assert_eq!(key("AttachRolePolicy", &attach, "iam:PolicyARN").await.as_deref(), Some(READ_ONLY));
    }
    let create = [("RoleName", "N"), ("AssumeRolePolicyDocument", TRUST), ("PermissionsBoundary", OWN)];
    assert_eq!(key("CreateRole", &create, boundary).await.as_deref(), Some(OWN));
    assert_eq!(key("CreateRole", &create[..2], boundary).await, None);
}

#[tokio::test]
async fn rule_17_a_boundary_added_meanwhile_refuses_the_commit() {
    let world = World::new().await;
    world.managed_policy("Own").await;
    world.new_role("R", &[]).await.unwrap();
    let put = Request::PutRolePolicy { role_name: "R".into(), policy_name: "P".into(), document: POLICY.into() };
    let (request, account) = (Any::Role(put), AccountId::empty());
    let asked = request.ask(&account, &world.records, &mut Context::new()).await.unwrap();
    let permit =
        Permit::for_tests(Principal::Root { account }, Owner::Account).covering(asked.requirements, asked.evidence);
    let boundary = [("RoleName", "R"), ("PermissionsBoundary", OWN)];
    world.call("PutRolePermissionsBoundary", &boundary).await.unwrap();
    assert_eq!(code(execute(&request, &permit, &world.scene()).await), "ConcurrentModification");
    assert!(world.role_named("R").await.policies.is_empty());
}
