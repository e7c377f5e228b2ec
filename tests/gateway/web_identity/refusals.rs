//! Tokens that are refused, and how often one may try.

use super::*;

#[tokio::test]
async fn rule_25_a_token_for_each_rule_that_it_breaks() {
    let world = world().await;
    let now = world.clock.now().seconds();
    let (invalid, expired) = (code(400, "InvalidIdentityToken"), code(400, "ExpiredTokenException"));
    let denied = code(403, "AccessDenied");
    for (what, claims, wanted) in [
        ("good", json!({}), code(200, "-")),
        ("a list of audiences", json!({"aud": ["other", "app2"]}), code(200, "-")),
        ("azp that is registered", json!({"aud": ["app", "x"], "azp": "app2"}), code(200, "-")),
        ("another issuer", json!({"iss": "https://other.test"}), denied.clone()),
        ("another scheme", json!({"iss": "http://idp.test/realms/demo"}), denied.clone()),
        ("no scheme", json!({"iss": NAME}), denied.clone()),
        ("a slash more", json!({"iss": format!("{URL}/")}), denied.clone()),
        ("another case", json!({"iss": "https://IDP.test/realms/demo"}), denied.clone()),
        ("a long issuer", json!({"iss": format!("{URL}/{}", "x".repeat(300))}), denied.clone()),
        ("an empty issuer", json!({"iss": ""}), denied.clone()),
        ("another audience", json!({"aud": "other"}), invalid.clone()),
        ("an audience of another case", json!({"aud": "App"}), invalid.clone()),
        ("no audience", json!({"aud": null}), invalid.clone()),
        ("azp that is not registered", json!({"azp": "other"}), invalid.clone()),
        ("azp alone", json!({"aud": "other", "azp": "app"}), invalid.clone()),
        ("expired", json!({"iat": now - 2000, "exp": now - 1000}), expired.clone()),
        ("no expiry", json!({"exp": null}), invalid.clone()),
        ("not yet", json!({"nbf": now + 300}), invalid.clone()),
        ("no subject", json!({"sub": null}), invalid.clone()),
    ] {
        assert_eq!(world.web_said(claims).await, wanted, "{what}");
    }
    let world = self::world().await;
    let claims = world.claims(json!({}));
    let none = json!({});
    for (what, token) in [
        ("alg none", Signer::Nothing.token(&none, &claims)),
        ("HS256 with the public key", Signer::PublicAsSecret.token(&none, &claims)),
        ("RS256 announced, HMAC made", Signer::PublicAsSecret.token(&json!({"alg": "RS256"}), &claims)),
        ("a key of nobody", Signer::Strange.token(&none, &claims)),
        ("a key of another algorithm", Signer::Ec.token(&json!({"kid": "rsa"}), &claims)),
        ("an unknown key id", Signer::Ec.token(&json!({"kid": "unknown"}), &claims)),
        ("an access token", Signer::Ec.token(&json!({"typ": "at+jwt"}), &claims)),
        ("crit", Signer::Ec.token(&json!({"crit": ["exp"]}), &claims)),
        ("a part of a signature", Signer::Rsa.token(&none, &claims).split_at(200).0.to_owned()),
        ("four parts", format!("{}.x", Signer::Rsa.token(&none, &claims))),
        ("no JSON", "aaaa.bbbb.cccc".to_owned()),
    ] {
        assert_eq!(world.web(&token, &[]).await.said(), invalid, "{what}");
    }
}

#[tokio::test]
async fn rule_25_what_the_configuration_lets_be() {
    let rules = WebRules { require_client_ids: false, accept_access_tokens: true };
    let (strict, lax) = (world().await, world_with(Settings { web: rules, ..settings() }).await);
    for (world, wanted) in [(&strict, 400), (&lax, 200)] {
        let access = Signer::Ec.token(&json!({"typ": "at+jwt"}), &world.claims(json!({"aud": "x", "azp": "app"})));
        assert_eq!(world.web(&access, &[]).await.status(), wanted);
        world.change_provider(NAME, |provider| provider.client_ids.clear()).await;
        let reply = world.web(&world.token(json!({})), &[]).await;
        assert_eq!(reply.status(), wanted, "{}", reply.text());
    }
}

#[tokio::test]
async fn faults_of_the_provider_have_awss_codes() {
    let world = world().await;
    for (fault, wanted) in [
        (WebKeysError::Unreachable, "IDPCommunicationError"),
        (WebKeysError::Untrusted, "InvalidIdentityToken"),
        (WebKeysError::Unusable, "InvalidIdentityToken"),
        (WebKeysError::UnknownKey, "InvalidIdentityToken"),
    ] {
        *world.keys.fault.lock().unwrap() = Some(fault);
        let reply = world.web(&world.token(json!({})), &[]).await;
        assert_eq!(reply.said(), code(400, wanted));
        assert!(!reply.text().contains("idp.test"), "{}", reply.text());
    }
    *world.keys.fault.lock().unwrap() = None;
    world.store.set_broken(true);
    world.epochs.forget_all();
    assert_eq!(world.web(&world.token(json!({})), &[]).await.said(), code(503, "ServiceUnavailable"));
}

#[tokio::test]
async fn rule_28_who_is_refused_too_often_waits_and_nobody_else() {
    let world = world().await;
    let (good, bad) = (world.token(json!({})), Signer::Strange.token(&json!({}), &world.claims(json!({}))));
    let from = |token: &str, peer: &'static str| form(token, &[]).from(peer).unsigned();
    // What is no fault of the source is not counted.
    *world.keys.fault.lock().unwrap() = Some(WebKeysError::Unreachable);
    for _ in 0..30 {
        assert_eq!(world.send(from(&good, "192.0.2.66")).await.code(), "IDPCommunicationError");
        assert_eq!(world.send(form("x", &[]).from("192.0.2.66").unsigned()).await.code(), "ValidationError");
    }
    *world.keys.fault.lock().unwrap() = None;
    for number in 0..20 {
        let role = format!("arn:aws:iam:::role/Unknown{number}");
        let denied = form(&good, &[("RoleArn", &role)]).from("192.0.2.66").unsigned();
        let (request, wanted) =
            if number % 2 == 0 { (denied, "AccessDenied") } else { (from(&bad, "192.0.2.66"), "InvalidIdentityToken") };
        assert_eq!(world.send(request).await.code(), wanted);
    }
    let (calls, asked) = (world.store.calls(), world.asked());
    for token in [&good, &bad] {
        let reply = world.send(from(token, "192.0.2.66")).await;
        assert_eq!(reply.said(), code(400, "Throttling"));
        assert_eq!(reply.trace.principal, None);
    }
    assert_eq!((world.store.calls(), world.asked()), (calls, asked), "nothing is looked up or fetched");
    assert_eq!(world.send(from(&good, "192.0.2.67")).await.status(), 200, "another source");
    world.clock.turn(11);
    assert_eq!(world.send(from(&good, "192.0.2.66")).await.status(), 200, "another window");
}

#[tokio::test]
async fn rule_28_forged_tokens_of_one_provider_are_limited_whatever_their_sources() {
    let world = world().await;
    let (good, bad) = (world.token(json!({})), Signer::Strange.token(&json!({}), &world.claims(json!({}))));
    for number in 0..1000 {
        let source: &'static str = format!("198.51.100.{}", number % 64).leak();
        let reply = world.send(form(&bad, &[]).from(source).unsigned()).await;
        assert_eq!(reply.code(), "InvalidIdentityToken");
    }
    let asked = world.asked();
    assert_eq!(world.send(form(&good, &[]).from("192.0.2.70").unsigned()).await.said(), code(400, "Throttling"));
    assert_eq!(world.asked(), asked, "no keys are asked for");
    world.clock.turn(11);
    assert_eq!(world.send(form(&good, &[]).from("192.0.2.70").unsigned()).await.status(), 200);
}
