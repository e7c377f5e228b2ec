//! To which addresses the gate connects.

use super::*;

#[tokio::test]
async fn rule_26_nobody_with_an_address_that_is_not_public_is_connected_to() {
    let idp = Idp::plain().await;
    let authority = Made::new(&Wish::authority("CA"), None);
    for (host, addresses) in [
        ("idp.test", vec!["127.0.0.1"]),
        ("idp.test", vec!["::ffff:127.0.0.1"]),
        ("idp.test", vec!["10.0.0.1"]),
        ("idp.test", vec!["169.254.169.254"]),
        ("idp.test", vec!["93.184.215.14", "127.0.0.1"]),
        ("idp.test", vec!["fd00::1"]),
        ("127.0.0.1", vec!["127.0.0.1"]),
        ("2130706433", vec!["127.0.0.1"]),
        ("[::1]", vec!["::1"]),
        // Allowed is another host, or another port.
        ("localhost", vec!["127.0.0.1"]),
        ("other.test", vec!["127.0.0.1"]),
    ] {
        let url = idp.url("https", host, "");
        idp.serve(&url, &["a"]);
        let bench = Setting::default()
            .system(&authority)
            .allow(&["localhost:1", "a.other.test", "test"])
            .name(Box::leak(host.trim_matches(['[', ']']).to_owned().into_boxed_str()), &addresses)
            .bench();
        let answer = bench.ask(&provider(&url, &[]), "a").await;
        assert_eq!(answer, Err(WebKeysError::Unreachable), "{host} {addresses:?}");
        assert_eq!(bench.names.asked.load(Ordering::SeqCst), 1, "{host}: the name is resolved once");
    }
    assert_eq!(idp.connected(), 0);
}

#[tokio::test]
async fn rule_26_the_system_resolver_is_under_the_same_rule() {
    let idp = Idp::plain().await;
    for host in ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0"] {
        let target = super::super::target::Target::parse(&idp.url("https", host, "/")).unwrap();
        let connected = super::super::resolve::connect(&super::super::resolve::SystemResolver, &target.endpoint, &[]);
        let error = connected.await.unwrap_err();
        assert!(matches!(error, Error::NotPublic(_) | Error::NotResolved), "{host}: {error}");
    }
    assert_eq!(idp.connected(), 0);
}

#[tokio::test]
async fn rule_26_plain_http_is_for_allowed_hosts_and_resolves_nothing_else() {
    let (idp, url, _) = plain().await;
    let bench = Setting::default().name("localhost", &["93.184.215.14"]).bench();
    assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Err(WebKeysError::Unusable));
    assert_eq!(bench.names.asked.load(Ordering::SeqCst), 0);
    assert_eq!(idp.connected(), 0);
    let exact = format!("LocalHost:{}", idp.address.port());
    assert_eq!(Setting::default().allow(&[&exact]).bench().ask(&provider(&url, &[]), "a").await, Ok(2));
}

#[tokio::test]
async fn rule_26_the_keys_are_under_the_same_rule_as_the_provider() {
    let (idp, url, _) = plain().await;
    let other = Idp::plain().await;
    other.act("/keys", Act::json(&key_set(&["a"])));
    for (host, scheme, allowed, wanted) in [
        ("keys.test", "http", true, Ok(1)),
        ("keys.test", "http", false, Err(WebKeysError::Unusable)),
        ("keys.test", "https", false, Err(WebKeysError::Unreachable)),
        ("user@keys.test", "http", true, Err(WebKeysError::Unusable)),
    ] {
        let before = other.connected();
        idp.act(DISCOVERY, Act::json(&metadata(&url, &other.url(scheme, host, "/keys"))));
        let allow: &[&str] = if allowed { &["localhost", "keys.test"] } else { &["localhost"] };
        let bench = Setting::default().allow(allow).bench();
        assert_eq!(bench.ask(&provider(&url, &[]), "a").await, wanted, "{host} {scheme}");
        assert_eq!(other.connected() > before, wanted.is_ok(), "{host} {scheme}");
    }
}

#[tokio::test]
async fn every_address_of_a_host_is_tried_and_none_is_resolved_anew() {
    let (_idp, url, _) = plain().await;
    // Nobody listens at the first.
    let bench = Setting::default().allow(&["localhost"]).name("localhost", &["127.0.0.2", "127.0.0.1"]).bench();
    assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Ok(2));
    assert_eq!(bench.names.asked.load(Ordering::SeqCst), 2, "once for each document");
    let none = Setting::default().allow(&["localhost"]).name("localhost", &[]).bench();
    assert_eq!(none.ask(&provider(&url, &[]), "a").await, Err(WebKeysError::Unreachable));
}
