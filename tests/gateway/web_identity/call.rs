//! The call itself: who may send it unsigned, its parameters, its answer.

use super::*;

#[tokio::test]
async fn a_token_becomes_credentials() {
    let world = world().await;
    for signer in [Signer::Rsa, Signer::Ec] {
        let token = signer.token(&json!({}), &world.claims(json!({"email": "a@b.test"})));
        let reply = world.web(&token, &[("DurationSeconds", "900")]).await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
        let text = reply.text();
        assert!(text.starts_with(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>alice</SubjectFromWebIdentityToken>\
             <Audience>app</Audience><Provider>https://idp.test/realms/demo</Provider><AssumedRoleUser><AssumedRoleId>AROA"
        ), "{text}");
        let arn = ":Bob</AssumedRoleId><Arn>arn:aws:sts:::assumed-role/Web/Bob</Arn></AssumedRoleUser><Credentials>";
        assert!(
            text.contains(arn) && text.contains("<PackedPolicySize>") && !text.contains("SourceIdentity"),
            "{text}"
        );
        assert_eq!(reply.element("Expiration").as_deref(), Some("2026-11-21T23:08:44Z"));
        let session = reply.credentials();
        assert!(world.gets(&session).await);
        assert!(!world.send(Req::get("/b-one").sign(&world, &session)).await.is_forward(), "the role's rights alone");
        let identity = world.identity(&session).await;
        assert!(identity.text().contains("arn:aws:sts:::assumed-role/Web/Bob"), "{}", identity.text());
    }
    assert_eq!(*world.keys.asked.lock().unwrap(), [URL, URL]);
    world.clock.turn(900);
    let late = world.web_session(json!({})).await;
    world.clock.turn(3601);
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &late)).await.code(), "ExpiredToken");
}

#[tokio::test]
async fn rule_05_this_call_alone_may_be_unsigned() {
    let world = world().await;
    let token = world.token(json!({}));
    let query = format!(
        "/?Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=Bob&WebIdentityToken={token}"
    );
    for method in [Method::Get, Method::Post] {
        let reply = world.send(Req::new(method, &query).unsigned()).await;
        assert_eq!((reply.status(), reply.trace.plane), (200, Plane::Sts), "{}", reply.text());
    }
    for action in ["GetCallerIdentity", "AssumeRole", "ListRoles", "CreateRole", "", "assumerolewithwebidentity"] {
        let reply = world.web(&token, &[("Action", action)]).await;
        assert_eq!(reply.said(), code(403, "MissingAuthenticationToken"), "{action}");
        let reply = world.send(Req::get(&query.replace("AssumeRoleWithWebIdentity", action)).unsigned()).await;
        assert_eq!((reply.code().as_str(), reply.reads), ("MissingAuthenticationToken", 0), "{action}");
    }
    // What looks like authentication and is no claim.
    let (incomplete, missing) = (code(400, "IncompleteSignature"), code(403, "MissingAuthenticationToken"));
    for (name, value, wanted) in [
        ("authorization", "", &incomplete),
        ("authorization", "Bearer abc", &incomplete),
        ("authorization", "AWS KEY:sig", &incomplete),
        ("x-amz-security-token", "abc", &missing),
        ("x-amz-s3session-token", "abc", &missing),
    ] {
        let reply = world.send(form(&token, &[]).unsigned().with(name, value)).await;
        assert_eq!(reply.said(), *wanted, "{name} {value}");
    }
    for key in ["X-Amz-Signature=x", "X-Amz-Security-Token=x", "AWSAccessKeyId=x&Signature=x&Expires=1"] {
        let reply = world.send(Req::get(&format!("{query}&{key}")).unsigned()).await;
        assert_eq!(reply.said(), incomplete, "{key}");
    }
    for field in
        ["X-Amz-Signature", "x-amz-credential", "X-Amz-Security-Token", "AWSAccessKeyId", "signature", "policy"]
    {
        let reply = world.web(&token, &[(field, "x")]).await;
        assert_eq!((reply.said(), reply.trace.operation), (incomplete.clone(), ""), "{field}");
    }
    // Forms that are none.
    let body = form(&token, &[]).body;
    let post = |target: &str| Req::new(Method::Post, target);
    let media = "application/x-www-form-urlencoded";
    for (what, request, wanted) in [
        ("no form", post("/").with("content-type", "text/xml").body(&body), code(403, "MissingAuthenticationToken")),
        ("both places", post(&query).with("content-type", media).body(&body), code(400, "InvalidParameterCombination")),
        ("query and a body", Req::get(&query).with("content-type", media).body(b"x=y"), code(400, "ValidationError")),
        ("twice", Req::get(&format!("{query}&RoleArn=x")), code(400, "ValidationError")),
        ("too long", form(&token, &[("x", &"x".repeat(65_000))]), code(413, "RequestEntityTooLarge")),
        ("a bucket's host", form(&token, &[]).host("b-one.s3.gate.test"), code(412, "PreconditionFailed")),
    ] {
        let reply = world.send(request.unsigned()).await;
        assert_eq!(reply.said(), wanted, "{what}: {}", reply.text());
    }
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn rule_05_a_signature_is_verified_and_gives_nothing() {
    let world = world().await;
    let user = world.iam_user("nobody", &[("p", &policy("Deny", "*", "*"))]).await;
    let token = world.token(json!({}));
    let reply = world.send(form(&token, &[]).sign(&world, &user)).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let root = world.user(&AccountId::empty(), "root", UserKind::Iam, "", &[("p", &policy("Allow", "*", "*"))]).await;
    world.change_user("root", |user| user.account_root = true).await;
    let strange = Signer::Strange.token(&json!({}), &world.claims(json!({})));
    assert_eq!(world.send(form(&strange, &[]).sign(&world, &root)).await.said(), code(400, "InvalidIdentityToken"));
    let wrong = Credentials { secret: "wrong".into(), ..user.clone() };
    assert_eq!(world.send(form(&token, &[]).sign(&world, &wrong)).await.said(), code(403, "SignatureDoesNotMatch"));
    let unknown = Credentials::stranger("NOBODY");
    assert_eq!(world.send(form(&token, &[]).sign(&world, &unknown)).await.said(), code(403, "InvalidClientTokenId"));
    let late = world.clock.now().plus_seconds(-1000);
    assert_eq!(world.send(form(&token, &[]).sign_at(late, &user)).await.said(), code(403, "SignatureDoesNotMatch"));
    assert_eq!(
        world.send(form(&token, &[]).service("iam").sign(&world, &user)).await.said(),
        code(400, "InvalidAction")
    );
    let session = world.web_session(json!({})).await;
    let bare = Credentials { token: None, ..session };
    assert_eq!(world.send(form(&token, &[]).sign(&world, &bare)).await.said(), code(403, "InvalidClientTokenId"));
}

#[tokio::test]
async fn parameters_keep_to_awss_constraints() {
    let world = world().await;
    let token = world.token(json!({}));
    let long = "x".repeat(20_001);
    for (name, value, wanted, part) in [
        ("RoleArn", "", "ValidationError", "'roleArn'"),
        ("RoleArn", "arn:aws:iam:::user/nobody", "ValidationError", "is invalid"),
        ("RoleSessionName", "", "ValidationError", "'roleSessionName'"),
        ("RoleSessionName", "B", "ValidationError", "'roleSessionName'"),
        ("WebIdentityToken", "", "ValidationError", "'webIdentityToken'"),
        ("WebIdentityToken", "abc", "ValidationError", "greater than or equal to 4"),
        ("WebIdentityToken", &long, "ValidationError", "less than or equal to 20000"),
        ("ProviderId", "www.amazon.com", "InvalidParameterValue", "Leave it out"),
        ("DurationSeconds", "899", "ValidationError", "greater than or equal to 900"),
        ("DurationSeconds", "43201", "ValidationError", "less than or equal to 43200"),
        ("DurationSeconds", "3601", "ValidationError", "exceeds the MaxSessionDuration set for this role"),
        ("Policy", "{}", "MalformedPolicyDocument", ""),
        ("PolicyArns.member.1.arn", "arn:aws:iam:::policy/not-there", "InvalidParameterValue", "is not found"),
        ("Version", "2010-05-08", "InvalidAction", ""),
    ] {
        let reply = world.web(&token, &[(name, value)]).await;
        assert_eq!(reply.said(), code(400, wanted), "{name} {value}: {}", reply.text());
        assert!(reply.text().contains(part) && !reply.text().contains(&token), "{name}: {}", reply.text());
    }
    world.change_role("Web", |role| role.max_session_duration = 43_200).await;
    let reply = world.web(&token, &[("DurationSeconds", "43200"), ("Nonsense", "x")]).await;
    assert_eq!(reply.element("Expiration").as_deref(), Some("2026-11-22T10:53:44Z"), "{}", reply.text());
}
