//! How long keys are held, and how often they are fetched.

use super::*;

#[tokio::test]
async fn keys_are_fetched_once_however_many_ask() {
    let (idp, url, bench) = plain().await;
    idp.wait(50);
    let bench = Arc::new(bench);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (bench, asked) = (Arc::clone(&bench), provider(&url, &[]));
            tokio::spawn(async move { bench.ask(&asked, "a").await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(2));
    }
    assert_eq!((idp.count(DISCOVERY), idp.count("/keys")), (1, 1));
    bench.clock.pass(3599);
    assert_eq!(bench.ask(&provider(&url, &[]), "b").await, Ok(2));
    assert_eq!(idp.connected(), 2);
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_end_the_fetch() {
    let (idp, url, bench) = plain().await;
    idp.wait(100);
    for _ in 0..3 {
        let asked = provider(&url, &[]);
        assert!(tokio::time::timeout(Duration::from_millis(20), bench.ask(&asked, "a")).await.is_err());
    }
    assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Ok(2));
    assert_eq!((idp.count(DISCOVERY), idp.count("/keys")), (1, 1));
}

#[tokio::test]
async fn rule_24_keys_are_held_for_the_account_the_provider_and_the_trust() {
    let (idp, url, bench) = plain().await;
    let (one, two) = ("11".repeat(20), "22".repeat(20));
    let number = AccountId::parse("123456789012").unwrap();
    let mut fetched = 0;
    for (asked, anew) in [
        (provider(&url, &[]), true),
        (provider(&url, &[]), false),
        (provider(&url, std::slice::from_ref(&one)), true),
        (provider(&url, &[one.clone(), two.clone()]), true),
        (provider(&url, &[two.clone(), one.clone(), one.clone()]), false),
        (provider_of(number.clone(), &url, &[]), true),
        (provider_of(number, &url, &[one]), true),
        (provider(&url, &[]), false),
    ] {
        fetched += usize::from(anew);
        assert_eq!(bench.ask(&asked, "a").await, Ok(2));
        assert_eq!(idp.count("/keys"), fetched, "{:?}", asked.thumbprints);
    }
}

#[tokio::test]
async fn keys_that_grow_old_are_fetched_behind_and_older_ones_before() {
    let (idp, url, _) = plain().await;
    let bench = Setting::default().allow(&["localhost"]).times(100, 10_000).bench();
    let asked = provider(&url, &[]);
    assert_eq!(bench.ask(&asked, "a").await, Ok(2));
    idp.serve(&url, &["b", "c", "d"]);
    bench.clock.pass(100);
    idp.wait(50);
    assert_eq!(bench.ask(&asked, "a").await, Ok(2), "at once, with those at hand");
    bench.settle().await;
    assert_eq!(idp.count("/keys"), 2);
    assert_eq!(bench.ask(&asked, "d").await, Ok(3));
    // Nobody asked for long: what was taken back meanwhile does not serve.
    idp.serve(&url, &["e"]);
    bench.clock.pass(200);
    assert_eq!(bench.ask(&asked, "d").await, Err(WebKeysError::UnknownKey));
    assert_eq!(bench.ask(&asked, "e").await, Ok(1));
    assert_eq!(idp.count("/keys"), 3);
}

#[tokio::test]
async fn keys_serve_through_an_outage_for_their_time() {
    let (idp, url, _) = plain().await;
    let bench = Setting::default().allow(&["localhost"]).times(100, 1000).bench();
    let asked = provider(&url, &[]);
    assert_eq!(bench.ask(&asked, "a").await, Ok(2));
    idp.act(DISCOVERY, Act::answer("503 Down", "", ""));
    for pass in [100, 200, 300, 399] {
        bench.clock.pass(pass);
        assert_eq!(bench.ask(&asked, "a").await, Ok(2));
        bench.settle().await;
    }
    assert_eq!(idp.count(DISCOVERY), 5);
    bench.clock.pass(1);
    assert_eq!(bench.ask(&asked, "a").await, Err(WebKeysError::Unreachable));
    // And come back with the provider, when it has been left alone for a while.
    idp.serve(&url, &["a"]);
    assert_eq!(bench.ask(&asked, "a").await, Err(WebKeysError::Unreachable));
    bench.clock.pass(10);
    assert_eq!(bench.ask(&asked, "a").await, Ok(1));
}

#[tokio::test]
async fn a_provider_that_is_down_is_not_asked_for_each_call() {
    let (idp, url, bench) = plain().await;
    idp.act("/keys", Act::answer("500 Oh", "", ""));
    for _ in 0..20 {
        assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Err(WebKeysError::Unreachable));
    }
    assert_eq!(idp.count("/keys"), 1);
    bench.clock.pass(9);
    assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Err(WebKeysError::Unreachable));
    assert_eq!(idp.count("/keys"), 1);
    bench.clock.pass(1);
    assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Err(WebKeysError::Unreachable));
    assert_eq!(idp.count("/keys"), 2);
}

#[tokio::test]
async fn rule_26_an_unknown_key_has_the_keys_fetched_within_the_budget() {
    let (idp, url, bench) = plain().await;
    let asked = provider(&url, &[]);
    assert_eq!(bench.ask(&asked, "a").await, Ok(2));
    // Rotation: the new key serves at once.
    idp.serve(&url, &["b", "c", "d"]);
    assert_eq!(bench.ask(&asked, "c").await, Ok(3));
    assert_eq!(idp.count("/keys"), 2);
    // Strangers: one in ten seconds, ten in sequence, then one a minute.
    let mut fetched = Vec::new();
    for second in 1..=300 {
        bench.clock.pass(1);
        let before = idp.count("/keys");
        for kid in ["x", "y"] {
            assert_eq!(bench.ask(&asked, &format!("{kid}{second}")).await, Err(WebKeysError::UnknownKey));
        }
        if idp.count("/keys") > before {
            fetched.push(second);
        }
        assert_eq!(bench.ask(&asked, "c").await, Ok(3), "those with keys at hand notice nothing");
    }
    assert_eq!(fetched, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 180, 240, 300]);
}

#[tokio::test]
async fn strangers_at_once_share_one_fetch() {
    let (idp, url, bench) = plain().await;
    assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Ok(2));
    idp.wait(50);
    let bench = Arc::new(bench);
    let calls: Vec<_> = (0..20)
        .map(|n| {
            let (bench, asked) = (Arc::clone(&bench), provider(&url, &[]));
            tokio::spawn(async move { bench.ask(&asked, &format!("x{n}")).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Err(WebKeysError::UnknownKey));
    }
    assert_eq!(idp.count("/keys"), 2);
}

#[tokio::test]
async fn slow_providers_of_one_account_keep_no_other_waiting() {
    let (slow, quick) = (Idp::plain().await, Idp::plain().await);
    slow.wait(60_000);
    let url = quick.url("http", "localhost", "");
    quick.serve(&url, &["a"]);
    let bench = Arc::new(Setting::default().allow(&["localhost"]).limit(1500).bench());
    let of = |name: &str| AccountId::parse(name).unwrap();
    let calls: Vec<_> = (0..60)
        .map(|number| {
            let asked = provider_of(of("one"), &slow.url("http", "localhost", &format!("/{number}")), &[]);
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { bench.ask(&asked, "a").await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let other = provider_of(of("two"), &url, &[]);
    assert_eq!(tokio::time::timeout(Duration::from_secs(1), bench.ask(&other, "a")).await, Ok(Ok(1)));
    for call in calls {
        assert_eq!(call.await.unwrap(), Err(WebKeysError::Unreachable));
    }
}
