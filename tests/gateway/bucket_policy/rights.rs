//! What a policy gives and takes.

use super::*;

#[tokio::test]
async fn anonymous_reads_what_is_public_and_nothing_else() {
    let (world, one) = world().await;
    assert_eq!(world.send(Req::get("/data/k").unsigned()).await.said(), (403, "AccessDenied".into()));
    is(world.put_policy(&one, &allow(r#""*""#, r#""s3:GetObject""#, OBJECTS)).await, DONE);
    assert!(world.send(Req::get("/data/k").unsigned()).await.is_forward());
    for request in [Req::get("/data"), Req::put("/data/k").body(b"x"), Req::delete("/data/k"), Req::get("/data?policy")]
    {
        assert_eq!(world.send(request.unsigned()).await.said(), (403, "AccessDenied".into()));
    }
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.status(), 204);
    assert_eq!(world.send(Req::get("/data/k").unsigned()).await.status(), 403);
}

#[tokio::test]
async fn inside_the_account_a_policy_gives_and_takes() {
    let (world, one) = world().await;
    let (poor, rich) =
        (world.iam_user("poor", &[]).await, world.iam_user("rich", &[("all", &policy("Allow", "s3:*", "*"))]).await);
    assert!(!world.reads_data(&poor).await && world.reads_data(&rich).await);
    let both = document(&[
        statement("Allow", r#"{"AWS":"arn:aws:iam:::user/poor"}"#, r#""s3:GetObject""#, OBJECTS),
        statement("Deny", r#"{"AWS":"arn:aws:iam:::user/rich"}"#, r#""s3:Get*""#, OBJECTS),
    ]);
    is(world.put_policy(&one, &both).await, DONE);
    assert!(world.reads_data(&poor).await && !world.reads_data(&rich).await);
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.status(), 204);
    assert!(!world.reads_data(&poor).await && world.reads_data(&rich).await);
}

#[tokio::test]
async fn across_accounts_both_sides_must_allow() {
    let (world, one) = world().await;
    let other = AccountId::parse(OTHER).unwrap();
    let read = policy("Allow", "s3:GetObject", "arn:aws:s3:::data/*");
    let may = world.user(&other, "may", UserKind::Iam, "", &[("read", &read)]).await;
    let poor = world.user(&other, "poor", UserKind::Iam, "", &[]).await;
    assert!(!world.reads_data(&may).await && !world.reads_data(&poor).await);
    for principal in [
        format!(r#"{{"AWS":["arn:aws:iam::{OTHER}:user/may","arn:aws:iam::{OTHER}:user/poor"]}}"#),
        format!(r#"{{"AWS":"{OTHER}"}}"#),
        format!(r#"{{"AWS":"arn:aws:iam::{OTHER}:root"}}"#),
    ] {
        is(world.put_policy(&one, &allow(&principal, r#""s3:GetObject""#, OBJECTS)).await, DONE);
        assert!(world.reads_data(&may).await, "{principal}");
        assert!(!world.reads_data(&poor).await, "{principal}");
    }
    let elsewhere = allow(r#"{"AWS":"333333333333"}"#, r#""s3:GetObject""#, OBJECTS);
    is(world.put_policy(&one, &elsewhere).await, DONE);
    assert!(!world.reads_data(&may).await);
}

#[tokio::test]
async fn rule_14_a_role_or_user_made_again_has_not_the_grant() {
    let (world, one) = world().await;
    let (poor, owner) = (world.iam_user("poor", &[]).await, world.owner("TESTER1").await);
    let trusting = trust("arn:aws:iam:::user/poor");
    let assume = policy("Allow", "sts:AssumeRole", "*");
    world.change_user("poor", |user| drop(user.policies.insert("a".into(), crate::support::stored(&assume)))).await;
    world.role("Reader", owner.clone(), &trusting, &[]).await;
    let granted = allow(
        r#"{"AWS":["arn:aws:iam:::role/Reader","arn:aws:iam:::user/poor","arn:aws:iam:::user/later"]}"#,
        r#""s3:GetObject""#,
        OBJECTS,
    );
    is(world.put_policy(&one, &granted).await, DONE);
    let stored = world.bucket_record("data").await.unwrap().policy.unwrap();
    assert_eq!(stored.bindings.iter().count(), 2, "what does not exist stays by name");
    let session = world.assume(&poor, "Reader").await;
    assert!(world.reads_data(&session).await && world.reads_data(&poor).await);
    // One that did not exist matches by name until the policy is stored again.
    let later = world.iam_user("later", &[]).await;
    assert!(world.reads_data(&later).await);
    // The same name, another role.
    let old = world.role_record("Reader").await;
    world.records.commit(rolegate::store::Changes::new().delete(&old)).await.unwrap();
    world.role("Reader", owner, &trusting, &[]).await;
    let session = world.assume(&poor, "Reader").await;
    assert!(!world.reads_data(&session).await);
    is(world.put_policy(&one, &granted).await, DONE);
    assert!(world.reads_data(&session).await, "bound anew");
    let old = world.user_record("later").await;
    let other_id = old.value.id.clone();
    world
        .change_user("later", |user| user.id = rolegate::types::UniqueId::parse("AIDAZZZZZZZZZZZZZZZZZ").unwrap())
        .await;
    assert_ne!(world.user_record("later").await.value.id, other_id);
    assert!(!world.reads_data(&later).await);
}

#[tokio::test]
async fn rule_18_a_policy_that_cannot_be_read_stops_everybody() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    let owner = world.owner("TESTER1").await;
    world.bucket("data", owner, Some("{}")).await;
    let text = allow(r#""*""#, r#""s3:GetObject""#, OBJECTS);
    for request in [Req::get("/data/k"), Req::get("/data?policy"), put(&text), Req::delete("/data?policy")] {
        assert_eq!(world.send(request.sign(&world, &one)).await.said(), (503, "ServiceUnavailable".into()));
    }
}
