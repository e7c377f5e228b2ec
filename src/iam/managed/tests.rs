//! Calls about managed policies against a store in memory.

use super::{Answer as Managed, Shown, Version};
use crate::entity::{Group, ManagedPolicy, Owner, PolicyUse, User, UserKind, quota};
use crate::iam::testing::{POLICY, TRUST, World, code, user};
use crate::iam::{Answer, Body, Error};
use crate::store::{Changes, RecordKey};
use crate::types::{AccountId, Context, UniqueId};
use crate::wire::percent;

const ARN: &str = "arn:aws:iam:::policy/team/Read";
const FULL: &str = "arn:aws:iam::aws:policy/AmazonS3FullAccess";

impl World {
    async fn made(&self) -> Shown {
        let pairs = [("PolicyName", "Read"), ("Path", "/team/"), ("PolicyDocument", POLICY), ("Description", "reads")];
        match self.call("CreatePolicy", &pairs).await.unwrap().body {
            Body::Managed(Managed::Made(policy)) => *policy,
            other => panic!("{other:?}"),
        }
    }

    async fn policy(&self) -> ManagedPolicy {
        self.record(&RecordKey::policy(&AccountId::empty(), "Read")).await.unwrap()
    }

    async fn on(&self, action: &str, more: &[(&str, &str)]) -> Result<Answer, Error> {
        let pairs: Vec<_> = std::iter::once(("PolicyArn", ARN)).chain(more.iter().copied()).collect();
        self.call(action, &pairs).await
    }

    async fn bounded_role(&self, name: &str, path: &str, boundary: Option<&str>) {
        let mut pairs = vec![("RoleName", name), ("Path", path), ("AssumeRolePolicyDocument", TRUST)];
        pairs.extend(boundary.map(|arn| ("PermissionsBoundary", arn)));
        self.call("CreateRole", &pairs).await.unwrap();
    }

    async fn attach(&self, role: &str, arn: &str) {
        self.call("AttachRolePolicy", &[("RoleName", role), ("PolicyArn", arn)]).await.unwrap();
    }

    async fn listed(&self, pairs: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
        match self.call("ListPolicies", pairs).await.unwrap().body {
            Body::Managed(Managed::Page { policies, marker }) => {
                (policies.into_iter().map(|policy| policy.name).collect(), marker)
            }
            other => panic!("{other:?}"),
        }
    }

    async fn entities(&self, pairs: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
        match self.call("ListEntitiesForPolicy", pairs).await.unwrap().body {
            Body::Managed(Managed::Entities { uses, marker }) => {
                (uses.into_iter().map(|one| one.name).collect(), marker)
            }
            other => panic!("{other:?}"),
        }
    }

    async fn versions(&self) -> Vec<Version> {
        match self.on("ListPolicyVersions", &[]).await.unwrap().body {
            Body::Managed(Managed::Versions { versions, marker: None }) => versions,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_policy_is_made_shown_and_removed() {
    let world = World::new().await;
    let made = world.made().await;
    assert_eq!((made.arn.as_str(), made.default_version, made.attachments, made.boundaries), (ARN, 1, 0, 0));
    assert!(made.id.starts_with("ANPA") && made.id.len() == 21);
    let xml = world.on("GetPolicy", &[]).await.unwrap().to_xml("r");
    assert_eq!(
        xml,
        format!(
            "<GetPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetPolicyResult><Policy>\
             <PolicyName>Read</PolicyName><PolicyId>{}</PolicyId><Arn>{ARN}</Arn><Path>/team/</Path>\
             <DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount>\
             <PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable>\
             <CreateDate>2026-11-21T22:53:44Z</CreateDate><UpdateDate>2026-11-21T22:53:44Z</UpdateDate>\
             <Description>reads</Description></Policy></GetPolicyResult><ResponseMetadata><RequestId>r</RequestId>\
             </ResponseMetadata></GetPolicyResponse>",
            made.id
        )
    );
    let again = [("PolicyName", "READ"), ("PolicyDocument", POLICY)];
    let refused = world.call("CreatePolicy", &again).await.unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("EntityAlreadyExists", 409));
    assert_eq!(refused.to_string(), "A policy called READ already exists. Duplicate names are not allowed.");
    // Another path is another ARN, which is not there.
    for arn in ["arn:aws:iam:::policy/Read", "arn:aws:iam:::policy/team/Other"] {
        for action in ["GetPolicy", "DeletePolicy", "ListPolicyVersions", "ListEntitiesForPolicy", "ListPolicyTags"] {
            let refused = world.call(action, &[("PolicyArn", arn)]).await.unwrap_err();
            assert_eq!((refused.code(), refused.to_string()), ("NoSuchEntity", format!("Policy {arn} was not found.")));
        }
    }
    world.on("DeletePolicy", &[]).await.unwrap();
    assert_eq!(code(world.on("GetPolicy", &[]).await), "NoSuchEntity");
}

#[tokio::test]
async fn what_a_policy_may_be_is_checked() {
    let world = World::new().await;
    for (pairs, wanted) in [
        (vec![("PolicyDocument", POLICY)], "ValidationError"),
        (vec![("PolicyName", "P")], "ValidationError"),
        (vec![("PolicyName", "a b"), ("PolicyDocument", POLICY)], "ValidationError"),
        (vec![("PolicyName", "P"), ("PolicyDocument", POLICY), ("Path", "x")], "ValidationError"),
        (vec![("PolicyName", "P"), ("PolicyDocument", "{}")], "MalformedPolicyDocument"),
        (vec![("PolicyName", "P"), ("PolicyDocument", TRUST)], "MalformedPolicyDocument"),
    ] {
        assert_eq!(code(world.call("CreatePolicy", &pairs).await), wanted, "{pairs:?}");
    }
    let long = "d".repeat(1001);
    let pairs = [("PolicyName", "P"), ("PolicyDocument", POLICY), ("Description", long.as_str())];
    assert_eq!(code(world.call("CreatePolicy", &pairs).await), "ValidationError");
    let sized = |characters: usize| {
        let frame =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::"}]}"#;
        frame.replace(":::", &format!(":::{}", "a".repeat(characters - frame.len()))) + "\n  "
    };
    let fits = sized(quota::MANAGED_POLICY);
    world.call("CreatePolicy", &[("PolicyName", "P"), ("PolicyDocument", &fits)]).await.unwrap();
    let over = sized(quota::MANAGED_POLICY + 1);
    let refused = world.call("CreatePolicy", &[("PolicyName", "Q"), ("PolicyDocument", &over)]).await.unwrap_err();
    assert_eq!(refused.to_string(), "Cannot exceed quota for PolicySize: 6144");
    assert_eq!((refused.code(), refused.status()), ("LimitExceeded", 409));
    let version = [("PolicyArn", "arn:aws:iam:::policy/P"), ("PolicyDocument", over.as_str())];
    assert_eq!(code(world.call("CreatePolicyVersion", &version).await), "LimitExceeded");
}

#[tokio::test]
async fn there_are_five_versions_and_one_is_the_default() {
    let world = World::new().await;
    world.made().await;
    let deny = POLICY.replace("Allow", "Deny");
    let made = world.on("CreatePolicyVersion", &[("PolicyDocument", &deny)]).await.unwrap().to_xml("r");
    assert!(made.contains(
        "<PolicyVersion><VersionId>v2</VersionId><IsDefaultVersion>false</IsDefaultVersion><CreateDate>2026-11-21T22:53:44Z</CreateDate></PolicyVersion>"
    ));
    assert_eq!(world.policy().await.default_version, 1);
    let default = [("PolicyDocument", deny.as_str()), ("SetAsDefault", "true")];
    world.on("CreatePolicyVersion", &default).await.unwrap();
    assert_eq!(world.policy().await.default_version, 3);
    for _ in 0..2 {
        world.on("CreatePolicyVersion", &[("PolicyDocument", POLICY)]).await.unwrap();
    }
    let refused = world.on("CreatePolicyVersion", &[("PolicyDocument", POLICY)]).await.unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("LimitExceeded", 409));
    assert_eq!(
        refused.to_string(),
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
    );
    let versions = world.versions().await;
    let shape: Vec<_> = versions.iter().map(|version| (version.number, version.is_default)).collect();
    assert_eq!(shape, [(5, false), (4, false), (3, true), (2, false), (1, false)]);
    assert!(versions.iter().all(|version| version.document.is_none()));
    let shown = world.on("GetPolicyVersion", &[("VersionId", "v3")]).await.unwrap().to_xml("r");
    assert!(shown.contains(&format!("<Document>{}</Document>", percent::encode(deny.as_bytes()))));
    let refused = world.on("DeletePolicyVersion", &[("VersionId", "v3")]).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.to_string().as_str()),
        ("DeleteConflict", "Cannot delete the default version of a policy.")
    );
    world.on("SetDefaultPolicyVersion", &[("VersionId", "v1")]).await.unwrap();
    for version in ["v2", "v3", "v4"] {
        world.on("DeletePolicyVersion", &[("VersionId", version)]).await.unwrap();
    }
    for action in ["GetPolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion"] {
        for gone in ["v2", "v9", "v99999999999"] {
            assert_eq!(code(world.on(action, &[("VersionId", gone)]).await), "NoSuchEntity");
        }
        for bad in ["2", "v0", "v", "v01", "V2", "v2x", ""] {
            assert_eq!(code(world.on(action, &[("VersionId", bad)]).await), "ValidationError", "{bad}");
        }
    }
    // A number is never used again.
    let made = world.on("CreatePolicyVersion", &[("PolicyDocument", POLICY)]).await.unwrap().to_xml("r");
    assert!(made.contains("<VersionId>v6</VersionId>"));
    assert_eq!(code(world.on("CreatePolicyVersion", &[("PolicyDocument", "{")]).await), "MalformedPolicyDocument");
    let unclear = [("PolicyDocument", POLICY), ("SetAsDefault", "yes")];
    assert_eq!(code(world.on("CreatePolicyVersion", &unclear).await), "ValidationError");
}

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

#[tokio::test]
async fn tags_are_set_listed_and_removed() {
    let world = World::new().await;
    world.made().await;
    let tags = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "red")];
    world.on("TagPolicy", &tags).await.unwrap();
    world.on("TagPolicy", &[("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "blue")]).await.unwrap();
    let listed = world.on("ListPolicyTags", &[]).await.unwrap().to_xml("r");
    assert!(listed.contains("<Tags><member><Key>Team</Key><Value>blue</Value></member></Tags>"));
    // The target's tags are there for conditions.
    let request = world.parse("GetPolicy", &[("PolicyArn", ARN)]).unwrap();
    let mut context = Context::new();
    request.ask(&AccountId::empty(), &world.records, &mut context).await.unwrap();
    assert!(context.get("aws:ResourceTag/Team").is_some() && context.get("iam:ResourceTag/Team").is_some());
    world.on("UntagPolicy", &[("TagKeys.member.1", "TEAM"), ("TagKeys.member.2", "none")]).await.unwrap();
    assert!(world.policy().await.tags.is_empty());
    let with = [&[("PolicyName", "T"), ("PolicyDocument", POLICY)][..], &tags].concat();
    let request = world.parse("CreatePolicy", &with).unwrap();
    let needs: Vec<_> = world.requirements(&request).await.into_iter().map(|need| need.action.into_owned()).collect();
    assert_eq!(needs, ["iam:CreatePolicy", "iam:TagPolicy"]);
    assert!(world.call("CreatePolicy", &with).await.unwrap().to_xml("r").contains("<Key>team</Key>"));
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

/// The sequences of Terraform's `aws_iam_policy`: made, read, changed by a new default version with the oldest one
/// pruned at five, removed.
#[tokio::test]
async fn terraforms_sequence_prunes_the_oldest_version() {
    let world = World::new().await;
    world.made().await;
    for update in 0..8 {
        let versions = world.versions().await;
        if versions.len() == quota::POLICY_VERSIONS {
            let oldest = versions.iter().filter(|version| !version.is_default).min_by_key(|version| version.number);
            let oldest = format!("v{}", oldest.unwrap().number);
            world.on("DeletePolicyVersion", &[("VersionId", &oldest)]).await.unwrap();
        }
        let document = POLICY.replace("s3:*", &format!("s3:Get{update}"));
        let pairs = [("PolicyDocument", document.as_str()), ("SetAsDefault", "true")];
        world.on("CreatePolicyVersion", &pairs).await.unwrap();
    }
    let policy = world.policy().await;
    assert_eq!((policy.default_version, policy.versions.len()), (9, quota::POLICY_VERSIONS));
}
