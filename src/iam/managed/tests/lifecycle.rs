//! Policies and their versions from making to removing.

use super::*;

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
