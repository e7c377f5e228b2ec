//! Calls about groups against a store in memory.

use super::Answer as Groups;
use crate::entity::{Group, quota};
use crate::iam::testing::{POLICY, World, code};
use crate::iam::{Answer, Body, Error};
use crate::store::{Changes, RecordKey};
use crate::types::{AccountId, Requirement};

impl World {
    async fn group(&self, name: &str) -> Option<Group> {
        self.record(&RecordKey::group(&AccountId::empty(), name)).await
    }

    async fn new_group(&self, name: &str, path: &str) -> Result<Answer, Error> {
        self.call("CreateGroup", &[("GroupName", name), ("Path", path)]).await
    }

    async fn join(&self, group: &str, user: &str) -> Result<Answer, Error> {
        self.call("AddUserToGroup", &[("GroupName", group), ("UserName", user)]).await
    }

    async fn leave(&self, group: &str, user: &str) -> Result<Answer, Error> {
        self.call("RemoveUserFromGroup", &[("GroupName", group), ("UserName", user)]).await
    }

    /// Members by the group's side and groups by each user's.
    async fn sides(&self, group: &str, users: &[&str]) -> (Vec<String>, Vec<String>) {
        let group = self.group(group).await.unwrap();
        let mut theirs = Vec::new();
        for user in users {
            let user = self.user_named(user).await.unwrap();
            if user.groups.iter().any(|one| one.id == group.id && one.name == group.name) {
                theirs.push(user.name);
            }
        }
        (group.members.into_iter().map(|one| one.name).collect(), theirs)
    }
}

fn members(answer: Answer) -> (Vec<String>, Option<String>) {
    match answer.body {
        Body::Group(Groups::Shown { users, marker, .. }) => (users.into_iter().map(|user| user.name).collect(), marker),
        other => panic!("{other:?}"),
    }
}

fn names(answer: Answer) -> (Vec<String>, Option<String>) {
    match answer.body {
        Body::Group(Groups::Page { groups, marker }) => (groups.into_iter().map(|group| group.name).collect(), marker),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_group_is_made_shown_renamed_and_removed() {
    let world = World::new().await;
    let created = world.new_group("Admins", "/x/").await.unwrap().to_xml("r");
    let stored = world.group("admins").await.unwrap();
    assert!(stored.id.as_str().starts_with("AGPA"));
    let shown = format!(
        "<Group><Path>/x/</Path><GroupName>Admins</GroupName><GroupId>{}</GroupId>\
         <Arn>arn:aws:iam:::group/x/Admins</Arn><CreateDate>2026-11-21T22:53:44Z</CreateDate></Group>",
        stored.id
    );
    assert!(created.contains(&format!("<CreateGroupResult>{shown}</CreateGroupResult>")), "{created}");
    let got = world.call("GetGroup", &[("GroupName", "ADMINS")]).await.unwrap().to_xml("r");
    assert!(got.contains(&format!("{shown}<Users></Users><IsTruncated>false</IsTruncated>")), "{got}");
    let error = world.new_group("admins", "/").await.unwrap_err();
    assert_eq!(error.to_string(), "Group with name admins already exists.");

    world.managed("Own").await;
    let own = "arn:aws:iam:::policy/team/Own";
    for name in ["B", "A"] {
        world.new_user(name, &[]).await.unwrap();
        world.join("Admins", name).await.unwrap();
    }
    world.call("AttachGroupPolicy", &[("GroupName", "Admins"), ("PolicyArn", own)]).await.unwrap();
    assert_eq!(world.uses_of("Own").await.0, ["group/Admins"]);
    let rename = [("GroupName", "Admins"), ("NewGroupName", "Chiefs"), ("NewPath", "/y/")];
    assert!(!world.call("UpdateGroup", &rename).await.unwrap().to_xml("r").contains("Result"));
    assert!(world.group("Admins").await.is_none());
    let now = world.group("Chiefs").await.unwrap();
    assert_eq!((&now.id, now.path.as_str()), (&stored.id, "/y/"));
    assert_eq!(world.sides("Chiefs", &["A", "B"]).await.1, ["A", "B"]);
    assert_eq!(world.uses_of("Own").await.0, ["group/Chiefs"]);
    world.new_group("Other", "/").await.unwrap();
    let taken = [("GroupName", "Chiefs"), ("NewGroupName", "OTHER")];
    assert_eq!(
        world.call("UpdateGroup", &taken).await.unwrap_err().to_string(),
        "Group with name OTHER already exists."
    );
    let request = world.parse("UpdateGroup", &rename.map(|(name, value)| (name, value.trim_start_matches("Admins"))));
    assert!(request.is_err(), "an empty name");
    let request = world.parse("UpdateGroup", &[("GroupName", "Chiefs"), ("NewPath", "/z/")]).unwrap();
    let show = |needed: Requirement| needed.resource.to_string();
    let needs: Vec<String> = world.requirements(&request).await.into_iter().map(show).collect();
    assert_eq!(needs, ["arn:aws:iam:::group/y/Chiefs", "arn:aws:iam:::group/z/Chiefs"]);

    let put = [("GroupName", "Chiefs"), ("PolicyName", "P"), ("PolicyDocument", POLICY)];
    world.call("PutGroupPolicy", &put).await.unwrap();
    let chiefs = ("GroupName", "Chiefs");
    for (message, action, pairs) in [
        ("must remove users from group first", "RemoveUserFromGroup", vec![chiefs, ("UserName", "A")]),
        ("must remove users from group first", "RemoveUserFromGroup", vec![chiefs, ("UserName", "B")]),
        ("must detach all policies first", "DetachGroupPolicy", vec![chiefs, ("PolicyArn", own)]),
        ("must delete policies first", "DeleteGroupPolicy", vec![chiefs, ("PolicyName", "P")]),
    ] {
        let error = world.call("DeleteGroup", &[chiefs]).await.unwrap_err();
        assert_eq!((error.code(), error.to_string()), ("DeleteConflict", format!("Cannot delete entity, {message}.")));
        world.call(action, &pairs).await.unwrap();
    }
    world.call("DeleteGroup", &[chiefs]).await.unwrap();
    assert_eq!(world.uses_of("Own").await.0, [""; 0]);
    assert_eq!(code(world.call("GetGroup", &[chiefs]).await), "NoSuchEntity");
}

#[tokio::test]
async fn members_are_on_both_sides() {
    let world = World::new().await;
    world.new_group("G", "/").await.unwrap();
    let users = ["b", "C", "a"];
    for name in users {
        world.new_user(name, &[]).await.unwrap();
        for _ in 0..2 {
            assert_eq!(world.join("g", name).await.unwrap().body, Body::Empty);
        }
    }
    assert_eq!(world.sides("G", &users).await, (users.map(str::to_owned).into(), users.map(str::to_owned).into()));
    let get = |more: Vec<(&'static str, String)>| {
        let world = &world;
        async move {
            let pairs: Vec<(&str, &str)> = [("GroupName", "G")]
                .into_iter()
                .chain(more.iter().map(|(name, value)| (*name, value.as_str())))
                .collect();
            members(world.call("GetGroup", &pairs).await.unwrap())
        }
    };
    assert_eq!(get(vec![]).await, (vec!["a".into(), "b".into(), "C".into()], None));
    let (first, marker) = get(vec![("MaxItems", "2".into())]).await;
    assert_eq!(first, ["a", "b"]);
    assert_eq!(get(vec![("Marker", marker.unwrap())]).await, (vec!["C".into()], None));
    let listed = world.call("ListGroupsForUser", &[("UserName", "A")]).await.unwrap();
    assert!(listed.to_xml("r").contains("<Groups><member><Path>/</Path><GroupName>G</GroupName>"));
    for _ in 0..2 {
        assert_eq!(world.leave("G", "B").await.unwrap().body, Body::Empty);
    }
    assert_eq!(world.sides("G", &users).await.0, ["C", "a"]);
    assert_eq!(world.sides("G", &users).await.1, ["C", "a"]);
    assert_eq!(world.join("G", "Nobody").await.unwrap_err().to_string(), "The user with name Nobody cannot be found.");
    assert_eq!(world.join("H", "a").await.unwrap_err().to_string(), "The group with name H cannot be found.");
    // Asked for on the group.
    let request = world.parse("AddUserToGroup", &[("GroupName", "g"), ("UserName", "a")]).unwrap();
    let needs = world.requirements(&request).await;
    assert_eq!((needs.len(), needs[0].resource.to_string().as_str()), (1, "arn:aws:iam:::group/G"));
}

#[tokio::test]
async fn a_user_is_in_ten_groups_at_most_and_their_list_is_paged() {
    let world = World::new().await;
    world.new_user("U", &[]).await.unwrap();
    for number in 0..quota::GROUPS_OF_USER {
        let name = format!("g{number}");
        world.new_group(&name, "/").await.unwrap();
        world.join(&name, "U").await.unwrap();
    }
    world.new_group("Last", "/").await.unwrap();
    let error = world.join("Last", "U").await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
    );
    assert!(world.group("Last").await.unwrap().members.is_empty());
    let (first, marker) =
        names(world.call("ListGroupsForUser", &[("UserName", "U"), ("MaxItems", "7")]).await.unwrap());
    let rest = [("UserName", "U"), ("Marker", &marker.unwrap())];
    let (rest, marker) = names(world.call("ListGroupsForUser", &rest).await.unwrap());
    assert_eq!((first.len(), rest.len(), marker), (7, 3, None));
}

#[tokio::test]
async fn groups_are_listed_by_path_and_their_number_has_a_quota() {
    let world = World::new().await;
    for (name, path) in [("b", "/x/"), ("A", "/x/"), ("c", "/")] {
        world.new_group(name, path).await.unwrap();
    }
    assert_eq!(names(world.call("ListGroups", &[]).await.unwrap()).0, ["A", "b", "c"]);
    assert_eq!(names(world.call("ListGroups", &[("PathPrefix", "/x/")]).await.unwrap()).0, ["A", "b"]);
    let first = world.group("A").await.unwrap();
    for index in 3..quota::GROUPS {
        let group = Group { name: format!("n{index:03}"), ..first.clone() };
        world.records.commit(Changes::new().create(&group)).await.unwrap();
    }
    let error = world.new_group("OneMore", "/").await.unwrap_err();
    assert_eq!(error.to_string(), "Cannot exceed quota for GroupsPerAccount: 300");
}

#[tokio::test]
async fn policies_of_groups_keep_to_their_quotas() {
    let world = World::new().await;
    world.new_group("G", "/").await.unwrap();
    let group = ("GroupName", "G");
    let sized = |length: usize| {
        let empty = POLICY.replace("arn:aws:s3:::*", "arn:aws:s3:::");
        POLICY.replace("arn:aws:s3:::*", &format!("arn:aws:s3:::{}", "b".repeat(length - empty.len())))
    };
    let put = async |name: &str, document: &str| {
        world.call("PutGroupPolicy", &[group, ("PolicyName", name), ("PolicyDocument", document)]).await
    };
    let error = put("A", &sized(5121)).await.unwrap_err();
    assert_eq!(error.to_string(), "Maximum policy size of 5120 bytes exceeded for group G");
    put("A", &sized(5120)).await.unwrap();
    assert_eq!(code(put("B", POLICY).await), "LimitExceeded");
    let got = world.call("GetGroupPolicy", &[group, ("PolicyName", "A")]).await.unwrap().to_xml("r");
    assert!(got.contains("<GroupName>G</GroupName><PolicyName>A</PolicyName><PolicyDocument>%7B"));
    let listed = world.call("ListGroupPolicies", &[group]).await.unwrap();
    assert_eq!(listed.body, Body::PolicyNames { names: vec!["A".into()], marker: None });
    let error = world.call("GetGroupPolicy", &[group, ("PolicyName", "B")]).await.unwrap_err();
    assert_eq!(error.to_string(), "The group policy with name B cannot be found.");
    for number in 0..quota::ATTACHED_POLICIES {
        world.managed(&format!("P{number}")).await;
        let arn = format!("arn:aws:iam:::policy/team/P{number}");
        world.call("AttachGroupPolicy", &[group, ("PolicyArn", &arn)]).await.unwrap();
    }
    let more = [group, ("PolicyArn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")];
    let error = world.call("AttachGroupPolicy", &more).await.unwrap_err();
    assert_eq!(error.to_string(), "Cannot exceed quota for PoliciesPerGroup: 10");
    let listed = world.call("ListAttachedGroupPolicies", &[group]).await.unwrap();
    assert!(matches!(&listed.body, Body::AttachedPolicies { policies, marker: None } if policies.len() == 10));
}

#[tokio::test]
async fn missing_and_bad_parameters_are_refused() {
    let world = World::new().await;
    world.new_group("G", "/").await.unwrap();
    let (group, long) = (("GroupName", "G"), "g".repeat(129));
    for (action, pairs) in [
        ("CreateGroup", vec![]),
        ("CreateGroup", vec![("GroupName", long.as_str())]),
        ("CreateGroup", vec![("GroupName", "a b")]),
        ("CreateGroup", vec![("GroupName", "H"), ("Path", "x")]),
        ("UpdateGroup", vec![group, ("NewGroupName", "a/b")]),
        ("AddUserToGroup", vec![group]),
        ("RemoveUserFromGroup", vec![("UserName", "U")]),
        ("PutGroupPolicy", vec![group, ("PolicyName", "P")]),
        ("AttachGroupPolicy", vec![group]),
        ("GetGroup", vec![group, ("MaxItems", "0")]),
    ] {
        assert_eq!(code(world.call(action, &pairs).await), "ValidationError", "{action} {pairs:?}");
    }
    let nope = ("GroupName", "Nope");
    for (action, more) in [
        ("GetGroup", vec![]),
        ("UpdateGroup", vec![("NewGroupName", "X")]),
        ("DeleteGroup", vec![]),
        ("RemoveUserFromGroup", vec![("UserName", "U")]),
        ("PutGroupPolicy", vec![("PolicyName", "P"), ("PolicyDocument", POLICY)]),
        ("ListGroupPolicies", vec![]),
        ("DeleteGroupPolicy", vec![("PolicyName", "P")]),
        ("ListAttachedGroupPolicies", vec![]),
    ] {
        let pairs: Vec<_> = [nope].into_iter().chain(more).collect();
        let error = world.call(action, &pairs).await.unwrap_err();
        assert_eq!(error.to_string(), "The group with name Nope cannot be found.", "{action}");
    }
}
