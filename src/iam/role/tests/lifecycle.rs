//! Roles from making to removing, and their quotas.

use super::*;

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
async fn captured_requests_get_answers_of_awss_shape() {
    World::new().await.replay(include_str!("../../../../tests/corpus/ceph-wire/iam.tsv")).await;
}
