//! Who may put, get and delete a policy, whatever it says.

use super::*;

#[tokio::test]
async fn another_account_never_reads_or_changes_a_policy_whatever_it_allows() {
    let (world, one) = world().await;
    let other = AccountId::parse(OTHER).unwrap();
    let all = policy("Allow", "s3:*", "*");
    let may = world.user(&other, "may", UserKind::Iam, "", &[("all", &all)]).await;
    let open = allow(r#""*""#, r#""s3:*""#, BOTH);
    let calls = || [Req::get("/data?policy"), put("{}"), Req::delete("/data?policy")];
    for request in calls() {
        assert_eq!(world.send(request.sign(&world, &may)).await.said(), (403, "AccessDenied".into()));
    }
    is(world.put_policy(&one, &open).await, DONE);
    for request in calls() {
        let signed = world.send(request.clone().sign(&world, &may)).await;
        assert_eq!((signed.said(), signed.reads), ((405, "MethodNotAllowed".into()), 0));
        assert_eq!(signed.trace.decision, "implicit_deny");
        let stranger = world.send(request.unsigned()).await;
        assert_eq!((stranger.said(), stranger.reads), ((405, "MethodNotAllowed".into()), 0));
    }
    // Its status is told to whoever may ask, as with AWS.
    assert_eq!(world.send(Req::get("/data?policyStatus").sign(&world, &may)).await.status(), 200);
    assert_eq!(world.bucket_record("data").await.unwrap().policy.unwrap().document, open);
}

#[tokio::test]
async fn the_owner_always_gets_at_the_policy_and_at_nothing_else() {
    let (world, one) = world().await;
    let root = world.iam_user("root", &[]).await;
    world.change_user("root", |user| user.account_root = true).await;
    let admin = world.iam_user("admin", &[("all", &policy("Allow", "s3:*", "*"))]).await;
    let conditioned = statement("Deny", r#""*""#, r#""s3:*""#, BOTH)
        .replace(r#""Action""#, r#""Condition":{"StringNotEquals":{"aws:ResourceTag/a":"b"}},"Action""#);
    for lockout in [
        document(&[statement("Deny", r#""*""#, r#""s3:*""#, BOTH)]),
        document(&[statement("Deny", r#""*""#, r#""*""#, r#""*""#)]),
        document(&[statement(
            "Deny",
            r#"{"AWS":["arn:aws:iam:::user/TESTER1","arn:aws:iam:::root"]}"#,
            r#""s3:*""#,
            BOTH,
        )]),
        document(&[
            statement("Deny", r#"{"AWS":"333333333333"}"#, r#""s3:*""#, BOTH).replace("Principal", "NotPrincipal")
        ]),
        document(&[conditioned]),
    ] {
        for owner in [&one, &root] {
            is(world.put_policy(owner, &lockout).await, DONE);
            let got = world.send(Req::get("/data?policy").sign(&world, owner)).await;
            assert_eq!((got.status(), got.text()), (200, lockout.clone()));
            is(world.put_policy(owner, &lockout).await, DONE);
        }
        if !lockout.contains("TESTER1") {
            let others = [Req::get("/data?policy"), put(&lockout), Req::delete("/data?policy")];
            for request in others {
                assert_eq!(world.send(request.sign(&world, &admin)).await.said(), (403, "AccessDenied".into()));
            }
        }
        for owner in [&one, &root] {
            for request in
                [Req::get("/data?policyStatus"), Req::get("/data/k"), Req::get("/data"), Req::delete("/data")]
            {
                let reply = world.send(request.sign(&world, owner)).await;
                assert_eq!(reply.said(), (403, "AccessDenied".into()), "{lockout}");
            }
        }
        assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.status(), 204);
        assert!(world.reads_data(&one).await);
    }
}

#[tokio::test]
async fn rule_12_the_owners_way_in_is_cut_by_its_own_policies() {
    let (world, one) = world().await;
    let lockout = document(&[statement("Deny", r#""*""#, r#""s3:*""#, BOTH)]);
    is(world.put_policy(&one, &lockout).await, DONE);
    let denied = crate::support::stored(&policy("Deny", "s3:GetBucketPolicy", "*"));
    world.change_user("TESTER1", |user| drop(user.policies.insert("deny".into(), denied.clone()))).await;
    assert_eq!(world.send(Req::get("/data?policy").sign(&world, &one)).await.said(), (403, "AccessDenied".into()));
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.status(), 204);
    let tokens = crate::support::stored(&policy("Allow", "sts:GetFederationToken", "*"));
    world.change_user("TESTER1", |user| drop(user.policies.insert("tokens".into(), tokens.clone()))).await;
    // The owner's own session is the owner, unless it is for somebody else.
    is(world.put_policy(&one, &lockout).await, DONE);
    let pairs = [("Action", "GetSessionToken"), ("Version", "2011-06-15")];
    let own = world.send(Req::form("sts", &pairs).sign(&world, &one)).await.credentials();
    is(world.put_policy(&own, &lockout).await, DONE);
    let open = policy("Allow", "s3:*", "*");
    let pairs = [("Action", "GetFederationToken"), ("Name", "guest"), ("Policy", &open), ("Version", "2011-06-15")];
    let guest = world.send(Req::form("sts", &pairs).sign(&world, &one)).await.credentials();
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &guest)).await.said(), (403, "AccessDenied".into()));
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &own)).await.status(), 204);
    // A role that the owner owns is not the owner.
    let role_all = policy("Allow", "s3:*", "*");
    let owner = world.owner("TESTER1").await;
    world.role("Worker", owner, &trust("arn:aws:iam:::user/TESTER1"), &[("all", &role_all)]).await;
    let session = world.assume(&one, "Worker").await;
    assert_eq!(world.send(Req::get("/data?policy").sign(&world, &session)).await.code(), "NoSuchBucketPolicy");
    is(world.put_policy(&one, &lockout).await, DONE);
    for request in [Req::get("/data?policy"), put(&lockout), Req::delete("/data?policy")] {
        assert_eq!(world.send(request.sign(&world, &session)).await.said(), (403, "AccessDenied".into()));
    }
}

#[tokio::test]
async fn taking_the_right_away_from_oneself_is_confirmed() {
    let (world, one) = world().await;
    let admin = world.iam_user("admin", &[("all", &policy("Allow", "s3:*", "*"))]).await;
    let lockout = document(&[statement("Deny", r#""*""#, r#""s3:PutBucketPolicy""#, r#""arn:aws:s3:::data""#)]);
    is(world.put_policy(&admin, &lockout).await, (400, "InvalidRequest"));
    let header = "x-amz-confirm-remove-self-bucket-access";
    let with = |value: &str| put(&lockout).with(header, value);
    assert_eq!(world.send(with("false").sign(&world, &admin)).await.code(), "InvalidRequest");
    assert_eq!(world.send(with("yes").sign(&world, &admin)).await.code(), "InvalidArgument");
    assert!(world.bucket_record("data").await.unwrap().policy.is_none());
    assert_eq!(world.send(with("true").sign(&world, &admin)).await.status(), 204);
    assert_eq!(world.send(with("true").sign(&world, &admin)).await.said(), (403, "AccessDenied".into()));
    // Who has the right by the policy alone and leaves itself out; the owner, who cannot lose it, is not asked.
    let helper = world.iam_user("helper", &[]).await;
    let helped = allow(r#"{"AWS":"arn:aws:iam:::user/helper"}"#, r#""s3:PutBucketPolicy""#, r#""arn:aws:s3:::data""#);
    is(world.put_policy(&one, &helped).await, DONE);
    is(world.put_policy(&helper, &helped).await, DONE);
    let public = allow(r#""*""#, r#""s3:GetObject""#, OBJECTS);
    is(world.put_policy(&helper, &public).await, (400, "InvalidRequest"));
    is(world.put_policy(&one, &lockout).await, DONE);
}
