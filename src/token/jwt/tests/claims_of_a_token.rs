//! What the claims of a verified token must be, and what is read out of them.

use super::*;

#[test]
fn rule_25_the_issuer_is_the_url_byte_for_byte() {
    for issuer in [
        "https://idp.example/realms/demo/",
        "https://IDP.example/realms/demo",
        "http://idp.example/realms/demo",
        "idp.example/realms/demo",
        "https://idp.example:443/realms/demo",
        "https://idp.example/realms/dem%6f",
        "https://idp.example/realms/demo ",
        "https://idp.example/realms/dem",
        "",
    ] {
        assert_eq!(verified(&with(json!({ "iss": issuer })), &RULES), Err(Error::Issuer), "{issuer}");
    }
}

fn client(changes: Value, rules: &Rules<'_>) -> Result<(Option<String>, String), Error> {
    let read = verified(&with(changes), rules)?;
    Ok((read.client().map(ToOwned::to_owned), read.audience().to_owned()))
}

fn is(client: &str) -> Result<(Option<String>, String), Error> {
    Ok((Some(client.to_owned()), client.to_owned()))
}

#[test]
fn rule_25_the_audience_meets_the_client_list_and_so_does_the_authorized_party() {
    for (changes, wanted) in [
        (json!({ "aud": "sts" }), is("sts")),
        (json!({ "aud": ["x", "other", "sts"] }), is("other")),
        (json!({ "aud": ["x", "other"], "azp": "sts" }), is("sts")),
        (json!({ "aud": "sts", "azp": "sts" }), is("sts")),
        (json!({ "aud": "sts", "client_id": "stranger" }), is("sts")),
        (json!({ "aud": "x" }), Err(Error::Audience)),
        (json!({ "aud": "STS" }), Err(Error::Audience)),
        (json!({ "aud": "sts " }), Err(Error::Audience)),
        (json!({ "aud": "" }), Err(Error::Audience)),
        (json!({ "aud": ["x", "sts2"] }), Err(Error::Audience)),
        (json!({ "aud": "sts", "azp": "x" }), Err(Error::AuthorizedParty)),
        (json!({ "aud": ["sts"], "azp": "" }), Err(Error::AuthorizedParty)),
        (json!({ "aud": "x", "azp": "x" }), Err(Error::AuthorizedParty)),
        (json!({ "aud": "x", "azp": "sts" }), Err(Error::Audience)),
        (json!({ "aud": "x", "client_id": "sts" }), Err(Error::Audience)),
        (json!({ "aud": null }), Err(Error::MissingClaim { claim: "aud" })),
        (json!({ "aud": [] }), Err(Error::MissingClaim { claim: "aud" })),
        (json!({ "aud": null, "azp": "sts" }), Err(Error::MissingClaim { claim: "aud" })),
        (json!({ "aud": null, "client_id": "sts" }), Err(Error::MissingClaim { claim: "aud" })),
    ] {
        assert_eq!(client(changes.clone(), &RULES), wanted, "{changes}");
    }
    for (changes, claim) in [
        (json!({ "aud": 1 }), "aud"),
        (json!({ "aud": {} }), "aud"),
        (json!({ "aud": ["sts", 1] }), "aud"),
        (json!({ "aud": [["sts"]] }), "aud"),
        (json!({ "azp": 1 }), "azp"),
        (json!({ "azp": ["sts"] }), "azp"),
    ] {
        let error = verified(&with(changes.clone()), &RULES).unwrap_err();
        assert!(matches!(&error, Error::Claim { claim: known, .. } if *known == claim), "{changes}: {error}");
    }
}

#[test]
fn rule_25_a_party_or_client_alone_only_of_access_tokens_that_are_taken() {
    for (changes, wanted) in [
        (json!({ "aud": "sts" }), is("sts")),
        (json!({ "aud": "account", "azp": "sts" }), is("sts")),
        (json!({ "aud": null, "azp": "sts" }), is("sts")),
        (json!({ "aud": "account", "client_id": "other" }), is("other")),
        (json!({ "aud": null, "client_id": "other" }), is("other")),
        (json!({ "aud": "sts", "client_id": "x" }), is("sts")),
        (json!({ "aud": "account", "azp": "x", "client_id": "sts" }), Err(Error::AuthorizedParty)),
        (json!({ "aud": "sts", "azp": "x" }), Err(Error::AuthorizedParty)),
        (json!({ "aud": "account" }), Err(Error::Audience)),
        (json!({ "aud": "account", "client_id": "x" }), Err(Error::Audience)),
        (json!({ "aud": null, "client_id": "x" }), Err(Error::MissingClaim { claim: "aud" })),
        (json!({ "aud": null }), Err(Error::MissingClaim { claim: "aud" })),
    ] {
        assert_eq!(client(changes.clone(), &ACCESS), wanted, "{changes}");
    }
    let error = client(json!({ "aud": "account", "client_id": 7 }), &ACCESS).unwrap_err();
    assert_eq!(error, Error::Claim { claim: "client_id", wanted: "a string" });
}

#[test]
fn rule_25_an_empty_client_list_refuses_unless_the_configuration_lets_it_be() {
    let none = Rules { client_ids: &[], ..RULES };
    assert_eq!(client(json!({}), &none), Err(Error::NoClientIds));
    assert_eq!(
        client(json!({ "aud": null, "azp": "sts" }), &Rules { accept_access_tokens: true, ..none }),
        Err(Error::NoClientIds)
    );
    let open = Rules { require_client_ids: false, ..none };
    let shown = |text: &str| Ok((None, text.to_owned()));
    assert_eq!(client(json!({ "aud": "any" }), &open), shown("any"));
    assert_eq!(client(json!({ "aud": ["one", "two"] }), &open), shown("one"));
    assert_eq!(client(json!({ "aud": ["one"], "azp": "party" }), &open), shown("party"));
    assert_eq!(client(json!({ "aud": null, "client_id": "c" }), &open), Err(Error::MissingClaim { claim: "aud" }));
    assert_eq!(
        client(json!({ "aud": null, "client_id": "c" }), &Rules { accept_access_tokens: true, ..open }),
        shown("c")
    );
    for bad in [json!(""), json!("a\nb"), json!("a".repeat(256))] {
        let error = client(json!({ "aud": bad }), &open).unwrap_err();
        assert!(matches!(error, Error::Claim { claim: "aud", .. }), "{error}");
    }
    let listed = Rules { require_client_ids: false, ..RULES };
    assert_eq!(client(json!({ "aud": "any" }), &listed), Err(Error::Audience), "a list that is there counts");
}

#[test]
fn rule_25_times_are_checked_at_the_time_that_is_given() {
    let text = token(&claims());
    let at = |seconds: i64| {
        WebToken::parse(&text).unwrap().verify(&key_set(&["rsa"]), &RULES, Timestamp::from_seconds(seconds)).map(|_| ())
    };
    assert_eq!((at(NOW), at(NOW + 3599), at(NOW - 60)), (Ok(()), Ok(()), Ok(())));
    let expired = Error::Expired { at: Timestamp::from_seconds(NOW + 3600) };
    assert_eq!(at(NOW + 3600), Err(expired.clone()));
    assert_eq!(expired.kind(), ErrorKind::Expired { at: Timestamp::from_seconds(NOW + 3600) });
    assert!(matches!(at(NOW - 61), Err(Error::NotYetValid { claim: "nbf", .. })));
    assert_eq!(verified(&with(json!({ "exp": null })), &RULES), Err(Error::MissingClaim { claim: "exp" }));
    assert!(verified(&with(json!({ "nbf": null, "iat": null })), &RULES).is_ok());
}

#[test]
fn rule_25_the_subject_is_there_and_can_be_shown() {
    assert_eq!(verified(&with(json!({ "sub": null })), &RULES), Err(Error::MissingClaim { claim: "sub" }));
    for bad in
        [json!(""), json!(1), json!(["alice"]), json!("a".repeat(256)), json!("a\u{0}"), json!("a\nb"), json!("\u{85}")]
    {
        let error = verified(&with(json!({ "sub": bad })), &RULES).unwrap_err();
        assert!(matches!(error, Error::Claim { claim: "sub", .. }), "{bad}: {error}");
        assert_eq!(error.kind(), ErrorKind::RejectedClaim);
    }
    for good in ["a".repeat(255), "ä".repeat(255), "system:serviceaccount:apps:backup".into()] {
        assert_eq!(verified(&with(json!({ "sub": good })), &RULES).unwrap().subject(), good);
    }
}

/// Each step of a token that fails all later ones too tells of itself alone.
#[test]
fn rule_25_steps_come_in_order_and_nothing_is_judged_before_the_signature() {
    let bad = with(json!({ "iss": "x", "aud": "x", "exp": 1, "iat": 0, "nbf": 0, "sub": "" }));
    let by = |key: &str, claims: &Value| {
        let text = signed(key, Algorithm::Rs256, HEADER, &claims.to_string());
        verify(&text, &key_set(&["rsa"]), &RULES).unwrap_err()
    };
    assert_eq!(verify(&token(&bad), &set(&[]), &RULES), Err(Error::NoKey));
    assert_eq!(by("rsa-other", &bad), Error::Signature);
    let mut claims = bad;
    assert_eq!(by("rsa", &claims), Error::Issuer);
    claims["iss"] = json!(ISSUER);
    assert_eq!(by("rsa", &claims), Error::Audience);
    claims["aud"] = json!("sts");
    assert_eq!(by("rsa", &claims), Error::Expired { at: Timestamp::from_seconds(1) });
    claims["exp"] = json!(NOW + 1);
    assert!(matches!(by("rsa", &claims), Error::Claim { claim: "sub", .. }));
}

#[test]
fn verified_claims_give_conditions_tags_and_source_identity() {
    let read = verified(
        &with(json!({
            "aud": ["other", "sts"], "realm_access": { "roles": ["reader", "writer"] },
            "https://aws.amazon.com/tags": { "principal_tags": { "Department": ["Engineering"] }, "transitive_tag_keys": ["Department"] },
            "https://aws.amazon.com/source_identity": "alice@example.org",
        })),
        &RULES,
    )
    .unwrap();
    let conditions = read.conditions();
    let values = |key: &str| {
        let found = conditions.iter().find(|(known, _)| known == key).map(|(_, values)| values.clone());
        found.unwrap_or_default().into_iter().map(|value| String::from_utf8(value).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(values("sub"), ["alice"]);
    assert_eq!(
        (values("aud"), values("app_id")),
        (vec!["other".into(), "sts".into()], vec!["other".to_owned(), "sts".into()])
    );
    assert_eq!(values("realm_access/roles"), ["reader", "writer"]);
    assert_eq!(values("https://aws.amazon.com/tags/principal_tags/Department"), ["Engineering"]);
    assert_eq!(values("exp"), [(NOW + 3600).to_string()]);
    let tags = read.tags().unwrap();
    assert_eq!(tags.principal, [("Department".to_owned(), vec!["Engineering".to_owned()])]);
    assert_eq!(tags.transitive, ["Department"]);
    assert_eq!(read.source_identity(), Ok(Some("alice@example.org")));
    let ambiguous = verified(&with(json!({ "SUB": "admin" })), &RULES).unwrap_err();
    assert_eq!((&ambiguous, ambiguous.kind()), (&Error::AmbiguousClaims, ErrorKind::RejectedClaim));
}

/// Tokens of the shapes that providers make (their documents' examples).
#[test]
fn tokens_of_known_providers_are_taken() {
    let kubernetes = json!({ "aud": ["sts"], "sub": "system:serviceaccount:apps:backup", "jti": "5c5a1f5e", "kubernetes.io": {
        "namespace": "apps", "node": { "name": "n1", "uid": "u" }, "pod": { "name": "backup-1", "uid": "u" },
        "serviceaccount": { "name": "backup", "uid": "u" }, "warnafter": NOW + 3607 } });
    let github = json!({ "sub": "repo:octo-org/octo-repo:environment:prod", "ref": "refs/heads/main", "run_attempt": "2",
        "repository": "octo-org/octo-repo", "job_workflow_ref": "octo-org/x/.github/workflows/oidc.yml@refs/heads/main" });
    let gitlab = json!({ "sub": "project_path:group/project:ref_type:branch:ref:main", "user_login": "u", "project_id": "20",
        "ref_protected": "true", "environment_protected": "false", "groups_direct": ["a", "b"] });
    let keycloak = json!({ "aud": ["sts", "account"], "azp": "sts", "typ": "ID", "acr": "1", "email_verified": false,
        "realm_access": { "roles": ["offline_access"] }, "resource_access": { "account": { "roles": ["view-profile"] } } });
    let entra = json!({ "aio": "x", "groups": ["0a1b"], "amr": ["pwd", "mfa"], "ver": "2.0", "oid": "o", "tid": "t", "wids": [] });
    for claims in [kubernetes, github, gitlab, keycloak, entra] {
        let read = verified(&with(claims.clone()), &RULES);
        assert!(read.is_ok_and(|read| read.client() == Some("sts")), "{claims}");
    }
}
