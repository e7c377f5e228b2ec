//! Trust policies for providers: whom they let in, by which claims, and what a stranger learns of them.

use super::*;

#[tokio::test]
async fn rule_25_what_is_not_there_looks_like_what_does_not_trust() {
    let world = world().await;
    let account = AccountId::parse("123456789012").unwrap();
    let theirs = "arn:aws:iam::123456789012:oidc-provider/idp.test/realms/demo";
    let statements = [ARN, theirs].map(|arn| statement("Allow", arn, CALL, ""));
    // Trusts both accounts' providers, but the account has none.
    world.role_in(&account, "Theirs", Owner::Account, &document(&statements), &[]).await;
    let third = AccountId::parse("210987654321").unwrap();
    // Has a provider of the same URL, and trusts another account's.
    world.provider_in(&third, URL, &["app"]).await;
    world.role_in(&third, "Foreign", Owner::Account, &document(&statements), &[]).await;
    world.role("Users", Owner::Account, &crate::support::trust("*"), &[]).await;
    let open = r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRoleWithWebIdentity"}"#.to_owned();
    world.role("Open", Owner::Account, &document(&[open]), &[]).await;
    world.role("Denies", Owner::Account, &document(&[statement("Deny", ARN, CALL, "")]), &[]).await;
    let other = "arn:aws:iam:::oidc-provider/idp.test/realms/other";
    world.role("Other", Owner::Account, &document(&[statement("Allow", other, CALL, "")]), &[]).await;
    world.role("Tags", Owner::Account, &trusting(r#""sts:TagSession""#, ""), &[]).await;
    let mut answers = Vec::new();
    for (number, role) in [
        "arn:aws:iam:::role/NotThere",
        "arn:aws:iam:::role/path/Web",
        "arn:aws:iam:::role/web",
        "arn:aws:iam::999999999999:role/Web",
        "arn:aws:iam::123456789012:role/Theirs",
        "arn:aws:iam::210987654321:role/Foreign",
        "arn:aws:iam:::role/Users",
        "arn:aws:iam:::role/Open",
        "arn:aws:iam:::role/Denies",
        "arn:aws:iam:::role/Other",
        "arn:aws:iam:::role/Tags",
    ]
    .into_iter()
    .enumerate()
    {
        // A good token and one of nobody look alike too, and no provider was asked.
        for signer in [Signer::Rsa, Signer::Strange] {
            let token = signer.token(&json!({}), &world.claims(json!({})));
            let peer = ["192.0.2.1", "192.0.2.2"][number % 2];
            let reply = world.send(form(&token, &[("RoleArn", role)]).from(peer).unsigned()).await;
            assert_eq!(reply.trace.decision, "implicit_deny", "{role}");
            assert_eq!(reply.trace.decided, [("sts:AssumeRoleWithWebIdentity".into(), role.to_owned())]);
            assert_eq!((reply.trace.principal.clone(), reply.trace.token_subject.clone()), (None, None));
            answers.push((reply.status(), reply.text()));
        }
    }
    world.clock.turn(20);
    let unregistered = world.web(&world.token(json!({"iss": "https://nobody.test"})), &[]).await;
    answers.push((unregistered.status(), unregistered.text()));
    assert_eq!(world.asked(), 0, "rule 26: nobody is asked before a role names the provider");
    // A verified caller whom the conditions do not let in is told no more.
    world.trust(&trusting(CALL, &format!(r#""StringEquals":{{"{NAME}:sub":"bob"}}"#))).await;
    let reply = world.web(&world.token(json!({})), &[]).await;
    assert_eq!(reply.trace.token_subject.as_deref(), Some("alice"));
    answers.push((reply.status(), reply.text()));
    answers.dedup();
    let [(403, text)] = &answers[..] else { panic!("{answers:?}") };
    assert!(text.contains(DENIED), "{text}");
    // Here the same token is good for the third account too.
    world
        .role_in(
            &third,
            "Own",
            Owner::Account,
            &document(&statements[..1]).replace("iam:::", "iam::210987654321:"),
            &[],
        )
        .await;
    let reply = world.web(&world.token(json!({})), &[("RoleArn", "arn:aws:iam::210987654321:role/Own")]).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
}

#[tokio::test]
async fn claims_are_conditions() {
    let world = world().await;
    let claims = json!({
        "sub": "system:serviceaccount:ns:app", "email_verified": true, "level": 3, "amr": ["pwd", "mfa"], "groups": ["g1"],
        "realm_access": {"roles": ["admin", "user"]}, "kubernetes.io": {"namespace": "ns"},
    });
    for (condition, wanted) in [
        (r#""StringEquals":{"IDP:aud":"app"}"#, true),
        (r#""StringEquals":{"IDP:app_id":"app"}"#, true),
        (r#""StringEquals":{"idp.TEST/Realms/demo:AUD":"app"}"#, true),
        (r#""StringEquals":{"IDP:aud":"app2"}"#, false),
        (r#""StringEquals":{"IDP:azp":"app"}"#, false),
        (r#""StringLike":{"IDP:sub":"system:serviceaccount:ns:*"}"#, true),
        (r#""StringLike":{"IDP:sub":"system:serviceaccount:other:*"}"#, false),
        (r#""StringEquals":{"other.test:sub":"system:serviceaccount:ns:app"}"#, false),
        (r#""Bool":{"IDP:email_verified":"true"},"NumericGreaterThan":{"IDP:level":"2"}"#, true),
        (r#""NumericGreaterThan":{"IDP:level":"3"}"#, false),
        (r#""ForAnyValue:StringEquals":{"IDP:amr":"mfa"}"#, true),
        (r#""ForAnyValue:StringEquals":{"IDP:amr":["otp","hwk"]}"#, false),
        (r#""ForAllValues:StringEquals":{"IDP:amr":["pwd","otp"]}"#, false),
        (r#""ForAnyValue:StringEquals":{"IDP:groups":"g1"}"#, true),
        (r#""ForAnyValue:StringEquals":{"IDP:realm_access/roles":"admin"}"#, true),
        (r#""ForAnyValue:StringEquals":{"IDP:realm_access/roles":"root"}"#, false),
        (r#""StringEquals":{"IDP:kubernetes.io/namespace":"ns"}"#, true),
        (r#""Null":{"IDP:nothing":"true"}"#, true),
        (r#""StringEquals":{"sts:RoleSessionName":"${IDP:email}"}"#, false),
        (r#""StringEquals":{"sts:RoleSessionName":"Bob"}"#, true),
        (r#""Null":{"sts:SourceIdentity":"true","aws:TagKeys":"true","sts:TransitiveTagKeys":"true"}"#, true),
        (r#""ArnEquals":{"aws:FederatedProvider":"arn:aws:iam:::oidc-provider/idp.test/realms/demo"}"#, true),
        (r#""StringEquals":{"aws:FederatedProvider":"idp.test/realms/demo"}"#, false),
        (r#""StringEquals":{"aws:PrincipalType":"FederatedUser"},"Null":{"aws:PrincipalAccount":"true"}"#, true),
        (r#""IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#, true),
        (r#""IpAddress":{"aws:SourceIp":"198.51.100.0/24"}"#, false),
        (r#""Bool":{"aws:SecureTransport":"true"}"#, false),
        (r#""StringEquals":{"aws:ResourceTag/kind":"web","iam:ResourceTag/Kind":"web"}"#, true),
        (r#""Null":{"aws:TokenIssueTime":"false"}"#, false),
    ] {
        let condition = condition.replace("IDP", NAME);
        world.trust(&trusting(CALL, &condition)).await;
        world.change_role("Web", |role| role.tags = vec![Tag { key: "kind".into(), value: "web".into() }]).await;
        let said = world.web_said(claims.clone()).await;
        assert_eq!(said, if wanted { code(200, "-") } else { code(403, "AccessDenied") }, "{condition}");
        world.clock.turn(1);
    }
    // A claim in a variable is text, whatever it holds.
    let own_name = format!(r#""StringLike":{{"sts:RoleSessionName":"${{{NAME}:nick}}"}}"#);
    world.trust(&trusting(CALL, &own_name)).await;
    for (nick, wanted) in
        [(json!("Bob"), true), (json!("B*"), false), (json!("${*}"), false), (json!(["Bob", "Ann"]), false)]
    {
        let said = world.web_said(json!({ "nick": nick })).await;
        assert_eq!(said, if wanted { code(200, "-") } else { code(403, "AccessDenied") }, "{nick}");
    }
    // Rule 15: a Deny for everybody is for web identities too.
    let everybody = format!(
        r#"{{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{{"StringEquals":{{"{NAME}:sub":"mallory"}}}}}}"#
    );
    world.trust(&document(&[statement("Allow", ARN, CALL, ""), everybody])).await;
    assert_eq!(world.web_said(json!({})).await, code(200, "-"));
    assert_eq!(world.web_said(json!({"sub": "mallory"})).await, code(403, "AccessDenied"));
}

#[tokio::test]
async fn rule_25_no_claim_passes_for_another_key() {
    let world = world().await;
    let rejected = code(403, "IDPRejectedClaim");
    world.trust(&trusting(CALL, &format!(r#""StringEquals":{{"{NAME}:sub":"root"}}"#))).await;
    for claims in [json!({"SUB": "root"}), json!({"Sub": ["root"]})] {
        assert_eq!(world.web_said(claims).await, rejected);
    }
    world.trust(&trusting(CALL, &format!(r#""StringEquals":{{"{NAME}:app_id":"root"}}"#))).await;
    for claims in [json!({"app_id": "root"}), json!({"APP_ID": "root"})] {
        assert_eq!(world.web_said(claims).await, code(403, "AccessDenied"));
    }
    // A claim that would be another's at a port of the same host.
    let (url, arn) = ("https://idp.port", "arn:aws:iam:::oidc-provider/idp.port");
    world.provider_in(&AccountId::empty(), url, &["app"]).await;
    world.trust(&document(&[statement("Allow", arn, CALL, r#""StringEquals":{"idp.port:8443:sub":"root"}"#)])).await;
    for claims in [json!({"iss": url, "8443:sub": "root"}), json!({"iss": url, "8443/r:sub": "root"})] {
        assert_eq!(world.web_said(claims).await, rejected);
    }
    world.trust(&document(&[statement("Allow", arn, CALL, "")])).await;
    for claims in [json!({"iss": url, "8443": "root"}), json!({"iss": url, "urn:8443:sub": "root"})] {
        assert_eq!(world.web_said(claims).await, code(200, "-"));
    }
    // A provider whose name is that of the gate's own keys.
    for host in ["aws", "AWS", "sts", "s3", "iam"] {
        let (url, arn) = (format!("https://{host}"), format!("arn:aws:iam:::oidc-provider/{host}"));
        world.provider_in(&AccountId::empty(), &url, &["app"]).await;
        let condition = r#""StringEquals":{"aws:PrincipalTag/team":"red"}"#;
        world.trust(&document(&[statement("Allow", &arn, CALL, condition)])).await;
        let claims = json!({"iss": url, "PrincipalTag/team": "red", "PrincipalTag": {"team": "red"}});
        for claims in [claims, json!({"iss": url})] {
            assert_eq!(world.web_said(claims).await, rejected, "{host}");
        }
        world.trust(&document(&[statement("Allow", &arn, CALL, "")])).await;
        assert_eq!(world.web_said(json!({"iss": url})).await, rejected, "{host}");
        world.clock.turn(10);
    }
}
