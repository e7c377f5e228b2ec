//! Which URLs and parameters are taken, and how many.

use super::*;

#[tokio::test]
async fn rule_25_a_url_is_one_provider_whatever_its_scheme_and_is_kept_byte_for_byte() {
    let world = World::new().await;
    world.registered(URL, &[]).await.unwrap();
    for url in [URL, "http://idp.example.com/realms/demo"] {
        let error = world.registered(url, &[]).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("EntityAlreadyExists", 409));
        assert_eq!(error.to_string(), format!("Provider with url {url} already exists."));
    }
    let others = [
        "https://idp.example.com/realms/demo/",
        "https://idp.example.com/realms/Demo",
        "https://IDP.example.com/realms/demo",
        "https://idp.example.com:443/realms/demo",
    ];
    for url in others {
        world.registered(url, &[]).await.unwrap();
    }
    let all = arns(world.call("ListOpenIDConnectProviders", &[]).await.unwrap());
    assert_eq!(all.len(), 5);
    for url in others {
        let arn = format!("arn:aws:iam:::oidc-provider/{}", url.trim_start_matches("https://"));
        let found = world.call("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &arn)]).await.unwrap();
        let Body::Provider(Providers::Shown(provider)) = found.body else { panic!() };
        assert_eq!(provider.url, url);
    }
}

#[tokio::test]
async fn bad_parameters_are_refused_in_awss_words() {
    let world = World::new().await;
    world.registered(URL, &[]).await.unwrap();
    let arn = ("OpenIDConnectProviderArn", ARN);
    let create = "CreateOpenIDConnectProvider";
    let url = ("Url", "https://other.example");
    let long = format!("https://example.com/{}", "x".repeat(236));
    let long_client = "c".repeat(256);
    for (action, pairs, code, part) in [
        (
            create,
            vec![],
            "ValidationError",
            "Value null at 'url' failed to satisfy constraint: Member must not be null",
        ),
        (create, vec![("Url", "")], "ValidationError", "'url'"),
        (create, vec![("Url", long.as_str())], "ValidationError", "less than or equal to 255"),
        (create, vec![("Url", "example.com")], "InvalidInput", "The URL must begin with https://."),
        (create, vec![("Url", "https://a.b/?c=d")], "InvalidInput", "Invalid Open ID Connect Provider URL."),
        (create, vec![url, ("ClientIDList.member.1", "")], "ValidationError", "'clientID'"),
        (create, vec![url, ("ClientIDList.member.1", long_client.as_str())], "ValidationError", "'clientID'"),
        (create, vec![url, ("ClientIDList.member.2", "a")], "ValidationError", "ClientIDList"),
        (create, vec![url, ("ThumbprintList.member.1", "abc")], "InvalidInput", "must be exactly 40 characters."),
        (create, vec![url, ("Tags.member.1.Key", "aws:x"), ("Tags.member.1.Value", "")], "InvalidInput", "aws:"),
        ("GetOpenIDConnectProvider", vec![], "ValidationError", "'openIDConnectProviderArn'"),
        ("GetOpenIDConnectProvider", vec![("OpenIDConnectProviderArn", "x")], "ValidationError", "equal to 20"),
        ("AddClientIDToOpenIDConnectProvider", vec![arn], "ValidationError", "Value null at 'clientID'"),
        ("RemoveClientIDFromOpenIDConnectProvider", vec![arn], "ValidationError", "Value null at 'clientID'"),
        ("UpdateOpenIDConnectProviderThumbprint", vec![arn], "ValidationError", "Value null at 'thumbprintList'"),
        ("TagOpenIDConnectProvider", vec![arn], "ValidationError", "'tags'"),
        ("UntagOpenIDConnectProvider", vec![arn], "ValidationError", "'tagKeys'"),
        ("ListOpenIDConnectProviderTags", vec![arn, ("MaxItems", "0")], "ValidationError", "'maxItems'"),
    ] {
        let error = world.call(action, &pairs).await.unwrap_err();
        assert_eq!(error.code(), code, "{action} {pairs:?}: {error}");
        assert!(error.to_string().contains(part), "{action} {pairs:?}: {error}");
    }
}

#[tokio::test]
async fn limits_hold_at_their_edges() {
    let world = World::new().await;
    let clients = listed("ClientIDList", (0..101).map(|n| format!("c{n}")));
    let prints = listed("ThumbprintList", (0..6).map(|n| n.to_string().repeat(40)));
    let error = world.registered(URL, &refs(&clients)).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("LimitExceeded", 409));
    assert_eq!(error.to_string(), "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100");
    let error = world.registered(URL, &refs(&prints)).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("InvalidInput", 400));
    assert_eq!(error.to_string(), "Thumbprint list must contain fewer than 5 entries.");
    let most: Vec<_> = clients[..100].iter().chain(&prints[..5]).cloned().collect();
    world.registered(URL, &refs(&most)).await.unwrap();
    world.at("AddClientIDToOpenIDConnectProvider", &[("ClientID", "c7")]).await.unwrap();
    let more = world.at("AddClientIDToOpenIDConnectProvider", &[("ClientID", "more")]).await;
    assert_eq!(code(more), "LimitExceeded");
    assert_eq!(code(world.at("UpdateOpenIDConnectProviderThumbprint", &refs(&prints)).await), "InvalidInput");
    assert_eq!((world.clients().await.len(), world.provider().await.unwrap().thumbprints.len()), (100, 5));
}

#[tokio::test]
async fn an_account_has_100_providers_at_most() {
    let world = World::new().await;
    for number in 0..100 {
        world.registered(&format!("https://idp{number}.example"), &[]).await.unwrap();
    }
    let error = world.registered("https://more.example", &[]).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("LimitExceeded", 409));
    assert_eq!(error.to_string(), "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100");
    assert_eq!(arns(world.call("ListOpenIDConnectProviders", &[]).await.unwrap()).len(), 100);
    let summary = world.call("GetAccountSummary", &[]).await.unwrap().to_xml("r");
    assert!(summary.contains("<key>Providers</key><value>100</value>"), "{summary}");
}
