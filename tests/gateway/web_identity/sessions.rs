//! What the sessions may, whose they are, and what ends them.

use super::*;

#[tokio::test]
async fn rule_21_what_ends_the_provider_ends_its_sessions() {
    for ending in ["provider", "provider made anew", "client id", "client id made anew", "epoch", "role"] {
        let world = world().await;
        let next = crate::support::trust("arn:aws:iam:::role/Web");
        world.role("Next", Owner::Account, &next, &[("p", &policy("Allow", "s3:*", "*"))]).await;
        let session = world.web_session(json!({})).await;
        let other = world.web_session(json!({"aud": "app2"})).await;
        let both = world.web_session(json!({"azp": "app2"})).await;
        let chained = world.assume(&session, "Next").await;
        for by in [&session, &other, &both, &chained] {
            assert!(world.gets(by).await);
        }
        match ending {
            "provider" | "provider made anew" => {
                let old = world.provider_record(NAME).await;
                world.records.commit(Changes::new().delete(&old)).await.unwrap();
                if ending == "provider made anew" {
                    world.provider_in(&AccountId::empty(), URL, &["app", "app2"]).await;
                }
            }
            "client id" => world.change_provider(NAME, |provider| drop(provider.client_ids.remove(0))).await,
            "client id made anew" => {
                let change = |provider: &mut rolegate::entity::OidcProvider| {
                    provider.client_ids[0] = ClientId { name: "app".into(), serial: provider.next_serial };
                    provider.next_serial += 1;
                };
                world.change_provider(NAME, change).await;
            }
            "epoch" => world.change_provider(NAME, |provider| provider.epoch += 1).await,
            _ => world.change_role("Web", |role| role.epoch += 1).await,
        }
        world.epochs.forget_all();
        for by in [&session, &both, &chained] {
            let reply = world.send(Req::get("/b-one/k").sign(&world, by)).await;
            assert_eq!(reply.said(), code(400, "InvalidToken"), "{ending}");
        }
        assert_eq!(world.gets(&other).await, ending.starts_with("client id"), "{ending}");
        let anew = world.web(&world.token(json!({})), &[]).await.status();
        let again = !matches!(ending, "provider" | "client id");
        assert_eq!(anew == 200, again, "{ending}");
    }
}

#[tokio::test]
async fn session_policies_cut() {
    let world = world().await;
    let token = world.token(json!({}));
    let write = policy("Allow", "s3:PutObject", "*");
    let managed = world.managed("read-only", &policy("Allow", "s3:GetObject", "*")).await;
    for (more, reads, writes) in [
        (&[][..], true, true),
        (&[("Policy", write.as_str())], false, true),
        (&[("PolicyArns.member.1.arn", managed.as_str())], true, false),
    ] {
        let session = world.web(&token, more).await.credentials();
        let put = Req::put("/b-one/k").body(b"x").sign(&world, &session);
        assert_eq!((world.gets(&session).await, world.send(put).await.is_forward()), (reads, writes), "{more:?}");
    }
    // A stranger does not learn which policies there are.
    let strange = Signer::Strange.token(&json!({}), &world.claims(json!({})));
    for arn in [managed.as_str(), "arn:aws:iam:::policy/not-there"] {
        let reply = world.web(&strange, &[("PolicyArns.member.1.arn", arn)]).await;
        assert_eq!(reply.said(), code(400, "InvalidIdentityToken"));
    }
}

#[tokio::test]
async fn rule_13_a_standalone_users_role_reaches_no_iam() {
    let world = world().await;
    world.standalone("TESTER1").await;
    let owner = world.owner("TESTER1").await;
    world.role("Mine", owner, &trusting(CALL, ""), &[("p", &policy("Allow", "*", "*"))]).await;
    let reply = world.web(&world.token(json!({})), &[("RoleArn", "arn:aws:iam:::role/Mine")]).await;
    let session = reply.credentials();
    assert!(world.gets(&session).await);
    assert_eq!(world.iam(&session, &[("Action", "ListRoles")]).await.said(), code(403, "AccessDenied"));
}

#[tokio::test]
async fn rule_29_who_it_was_is_known_after_verification_only() {
    let world = world().await;
    let token = world.token(json!({}));
    let reply = world.web(&token, &[]).await;
    let trace = &reply.trace;
    assert_eq!((trace.plane, trace.operation, trace.decision), (Plane::Sts, "AssumeRoleWithWebIdentity", "allow"));
    assert_eq!((trace.principal.as_deref(), trace.claimed_key.as_deref()), (Some(ARN), None));
    assert_eq!((trace.provider.as_deref(), trace.token_subject.as_deref()), (Some(NAME), Some("alice")));
    assert_eq!(trace.session_name.as_deref(), Some("Bob"));
    assert_eq!(trace.decided, [("sts:AssumeRoleWithWebIdentity".into(), ROLE.to_owned())]);
    assert_eq!(trace.statements, ["trust policy#0"]);
    assert!(!format!("{trace:?}").contains(&token));
    // Requests of the session, and of those that it mints, tell whose they are.
    let identity = world.identity(&reply.credentials()).await;
    assert_eq!(identity.trace.principal.as_deref(), Some("arn:aws:sts:::assumed-role/Web/Bob"));
    assert_eq!(
        (identity.trace.provider.as_deref(), identity.trace.token_subject.as_deref()),
        (Some(NAME), Some("alice"))
    );
    let strange = Signer::Strange.token(&json!({}), &world.claims(json!({})));
    let trace = world.web(&strange, &[]).await.trace;
    assert_eq!((trace.principal, trace.provider, trace.token_subject, trace.session_name), (None, None, None, None));
    assert_eq!((trace.decision, trace.error_code), ("", Some("InvalidIdentityToken")));
    // A denied caller is known: its token was verified.
    world.trust(&trusting(CALL, r#""Bool":{"aws:SecureTransport":"true"}"#)).await;
    let reply = world.web(&token, &[]).await;
    assert_eq!((reply.trace.token_subject.as_deref(), reply.trace.decision), (Some("alice"), "implicit_deny"));
    assert!(!reply.text().contains("Encoded") && !reply.text().contains("trust"), "rule 30: {}", reply.text());
}
