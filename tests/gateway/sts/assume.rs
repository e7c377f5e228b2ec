//! AssumeRole: trust, tags, chains, session policies.

use super::*;

#[tokio::test]
async fn trust_takes_every_form_of_a_principal() {
    let world = World::new().await;
    let may = policy("Allow", "sts:*", "*");
    let account = AccountId::parse("123456789012").unwrap();
    let [free, bare] = [
        world.user(&account, "free", UserKind::Iam, "", &[("p", &may)]).await,
        world.user(&account, "bare", UserKind::Iam, "", &[]).await,
    ];
    let other = AccountId::parse("210987654321").unwrap();
    let [their_free, their_bare] = [
        world.user(&other, "their-free", UserKind::Iam, "", &[("p", &may)]).await,
        world.user(&other, "their-bare", UserKind::Iam, "", &[]).await,
    ];
    let roots = "arn:aws:iam::123456789012:user";
    world.role_in(&account, "first", Owner::Account, &trust(&format!("{roots}/bare")), &[]).await;
    let first = world.assumed(&bare, "arn:aws:iam::123456789012:role/first", &[]).await;
    // Per principal of the trust policy: who may, of free, bare, their-free, their-bare, and the session.
    let table = [
        ("123456789012", [true, false, false, false, false]),
        ("arn:aws:iam::123456789012:root", [true, false, false, false, false]),
        ("arn:aws:iam::123456789012:user/bare", [false, true, false, false, false]),
        ("arn:aws:iam::123456789012:user/free", [true, false, false, false, false]),
        ("*", [true, true, true, false, true]),
        ("210987654321", [false, false, true, false, false]),
        ("arn:aws:iam::210987654321:user/their-free", [false, false, true, false, false]),
        ("arn:aws:iam::210987654321:user/their-bare", [false, false, false, false, false]),
        ("arn:aws:iam::123456789012:role/first", [false, false, false, false, true]),
        ("arn:aws:sts::123456789012:assumed-role/first/session", [false, false, false, false, true]),
        ("arn:aws:sts::123456789012:assumed-role/first/other", [false, false, false, false, false]),
        ("arn:aws:iam::123456789012:user/nobody", [false, false, false, false, false]),
    ];
    for (number, (principal, wanted)) in table.into_iter().enumerate() {
        let name = format!("role{number}");
        world.role_in(&account, &name, Owner::Account, &trust(principal), &[]).await;
        for (caller, may) in [&free, &bare, &their_free, &their_bare, &first].into_iter().zip(wanted) {
            let reply = world.try_assume(caller, &format!("arn:aws:iam::123456789012:role/{name}"), &[]).await;
            assert_eq!(reply.status() == 200, may, "{principal} {}: {}", caller.key, reply.text());
            assert!(may || said(&reply) == DENIED);
        }
    }
}

#[tokio::test]
async fn roots_do_not_assume_roles() {
    let world = World::new().await;
    let root = world.iam_user("root-user", &[]).await;
    world.change_user("root-user", |user| user.account_root = true).await;
    world.role("R", Owner::Account, &trust("*"), &[]).await;
    for role in ["R", "not-there"] {
        let reply = world.try_assume(&root, role, &[]).await;
        assert_eq!(said(&reply), DENIED);
        assert!(reply.text().contains("Roles may not be assumed by root accounts."), "{}", reply.text());
    }
    let long = [("DurationSeconds", "43200")];
    let session = world.minted(&root, "GetSessionToken", &long).await;
    let identity = world.sts(&session, "GetCallerIdentity", &[]).await;
    assert_eq!(identity.element("Arn").as_deref(), Some("arn:aws:iam:::root"));
    world.clock.turn(3600);
    assert_eq!(world.sts(&session, "GetCallerIdentity", &[]).await.code(), "ExpiredToken", "cut to an hour");
}

#[tokio::test]
async fn tags_need_their_permission_and_decide() {
    let world = World::new().await;
    let one = world.standalone("one").await;
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b-tags/${aws:PrincipalTag/team}/*"}]}"#;
    world.bucket("b-tags", Owner::Account, None).await;
    world.role("untagged", Owner::Account, &trust(ONE), &[("p", own)]).await;
    world.role("tagged", Owner::Account, &trusting(ONE, TAG, ""), &[("p", own)]).await;
    let denied = world.try_assume(&one, "untagged", &tags("red")).await;
    assert_eq!(said(&denied), DENIED);
    assert!(denied.text().contains("is not authorized to perform: sts:TagSession on resource"), "{}", denied.text());
    let session = world.assumed(&one, "tagged", &tags("red")).await;
    assert!(world.reads(&session, "/b-tags/red/k").await && !world.reads(&session, "/b-tags/blue/k").await);
    // A session tag stands before the role's tag of that key.
    world
        .change_role("tagged", |role| {
            role.tags.push(rolegate::entity::Tag { key: "Team".into(), value: "blue".into() });
        })
        .await;
    assert!(world.reads(&session, "/b-tags/red/k").await && !world.reads(&session, "/b-tags/blue/k").await);
    let plain = world.assumed(&one, "tagged", &[]).await;
    assert!(!world.reads(&plain, "/b-tags/red/k").await && world.reads(&plain, "/b-tags/blue/k").await);

    let red = r#""StringEquals":{"aws:RequestTag/team":"red"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}"#;
    world.role("red", Owner::Account, &trusting(ONE, TAG, red), &[]).await;
    assert_eq!(world.try_assume(&one, "red", &tags("red")).await.status(), 200);
    let two = [&tags("red")[..], &[("Tags.member.2.Key", "x"), ("Tags.member.2.Value", "y")]].concat();
    for more in [&tags("blue")[..], &[], &two] {
        assert_eq!(said(&world.try_assume(&one, "red", more).await), DENIED, "{more:?}");
    }
    let kept = r#""ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":["team"]}"#;
    world.role("kept", Owner::Account, &trusting(ONE, TAG, kept), &[]).await;
    assert_eq!(said(&world.try_assume(&one, "kept", &tags("red")).await), DENIED);
    let transitive = [&tags("red")[..], &[("TransitiveTagKeys.member.1", "team")]].concat();
    assert_eq!(world.try_assume(&one, "kept", &transitive).await.status(), 200);
}

#[tokio::test]
async fn a_chain_keeps_transitive_tags_and_the_source_identity() {
    let world = World::new().await;
    let one = world.standalone("one").await;
    let own = policy("Allow", "s3:GetObject", "arn:aws:s3:::b-tags/${aws:PrincipalTag/team}-${aws:SourceIdentity}/*");
    world.bucket("b-tags", Owner::Account, None).await;
    world.role("first", Owner::Account, &trusting(ONE, ALL, ""), &[]).await;
    let first = "arn:aws:iam:::role/first";
    world.role("second", Owner::Account, &trusting(first, ALL, ""), &[("p", &own)]).await;
    world
        .role("no-tags", Owner::Account, &trusting(first, r#""sts:AssumeRole","sts:SetSourceIdentity""#, ""), &[])
        .await;
    world.role("no-source", Owner::Account, &trusting(first, TAG, ""), &[]).await;
    let more = [&tags("red")[..], &[("TransitiveTagKeys.member.1", "team"), ("SourceIdentity", "alice")]].concat();
    let reply = world.try_assume(&one, "first", &more).await;
    assert_eq!(reply.element("SourceIdentity").as_deref(), Some("alice"));
    let session = reply.credentials();
    let chained = world.assumed(&session, "second", &[]).await;
    assert!(world.reads(&chained, "/b-tags/red-alice/k").await);
    let seen = world.send(Req::get("/b-tags/red-alice/k").sign(&world, &chained)).await;
    assert_eq!(seen.trace.source_identity.as_deref(), Some("alice"), "for the audit log");
    for role in ["no-tags", "no-source"] {
        assert_eq!(said(&world.try_assume(&session, role, &[]).await), DENIED, "{role}");
    }
    assert_eq!(world.try_assume(&session, "second", &[("SourceIdentity", "alice")]).await.status(), 200);
    assert_eq!(said(&world.try_assume(&session, "second", &[("SourceIdentity", "bob")]).await), DENIED);
    for value in ["red", "blue"] {
        let again = world.try_assume(&session, "second", &tags(value)).await;
        assert_eq!(said(&again), (400, "InvalidParameterValue"), "{}", again.text());
    }
    let another = [("Tags.member.1.Key", "cost"), ("Tags.member.1.Value", "1")];
    assert_eq!(world.try_assume(&session, "second", &another).await.status(), 200);
    // What does not go on is not there: the role reads by a tag that the session has not.
    let more = [&tags("red")[..], &[("SourceIdentity", "alice")]].concat();
    let session = world.assumed(&one, "first", &more).await;
    let chained = world.assumed(&session, "second", &[]).await;
    assert!(!world.reads(&chained, "/b-tags/red-alice/k").await);
    // Conditions on the source identity, given or kept.
    let alice = r#""StringEquals":{"sts:SourceIdentity":"alice"}"#;
    world.role("alices", Owner::Account, &trusting("*", ALL, alice), &[]).await;
    assert_eq!(world.try_assume(&session, "alices", &[]).await.status(), 200);
    assert_eq!(world.try_assume(&one, "alices", &[("SourceIdentity", "alice")]).await.status(), 200);
    assert_eq!(said(&world.try_assume(&one, "alices", &[("SourceIdentity", "bob")]).await), DENIED);
    assert_eq!(said(&world.try_assume(&one, "alices", &[]).await), DENIED);
}

#[tokio::test]
async fn managed_session_policies_cut_and_count_as_they_are_now() {
    let world = World::new().await;
    let one = world.standalone("one").await;
    world.bucket("b-one", Owner::Account, None).await;
    world.role("R", Owner::Account, &trust(ONE), &[("p", &policy("Allow", "s3:*", "*"))]).await;
    let read = world.managed_record("read", &policy("Allow", "s3:GetObject", "*")).await;
    let arn = "arn:aws:iam:::policy/read";
    let session = world.assumed(&one, "R", &[("PolicyArns.member.1.arn", arn)]).await;
    let put = || Req::put("/b-one/k").body(b"x").sign(&world, &session);
    assert!(world.reads(&session, "/b-one/k").await);
    assert_eq!(world.send(put()).await.code(), "AccessDenied");
    let both = [("PolicyArns.member.1.arn", arn), ("Policy", &policy("Allow", "s3:PutObject", "*"))];
    let wider = world.assumed(&one, "R", &both).await;
    assert!(world.reads(&wider, "/b-one/k").await, "session policies count together");
    let aws = [("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")];
    assert!(world.reads(&world.assumed(&one, "R", &aws).await, "/b-one/k").await);

    let mut narrow = read.value.clone();
    narrow.versions[0].policy = stored(&policy("Allow", "s3:ListBucket", "*"));
    world.records.commit(Changes::new().update(&read, &narrow)).await.unwrap();
    world.epochs.forget_all();
    assert!(!world.reads(&session, "/b-one/k").await, "looked up at every request");
    let now: Versioned<ManagedPolicy> =
        world.records.get(&RecordKey::policy(&AccountId::empty(), "read")).await.unwrap().unwrap();
    world.records.commit(Changes::new().delete(&now)).await.unwrap();
    world.epochs.forget_all();
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &session)).await.status(), 503, "rule 18");
    for missing in
        [arn, "arn:aws:iam:::policy/path/read", "arn:aws:iam::other:policy/read", "arn:aws:iam::aws:policy/No"]
    {
        let reply = world.try_assume(&one, "R", &[("PolicyArns.member.1.arn", missing)]).await;
        assert_eq!(said(&reply), (400, "InvalidParameterValue"), "{missing}");
        // A stranger is not told which policies there are.
        let reply = world.try_assume(&one, "none", &[("PolicyArns.member.1.arn", missing)]).await;
        assert_eq!(said(&reply), DENIED, "{missing}");
    }
}
