//! Whose certificate is trusted, and who sees the bearer token.

use super::*;
use rustls::version::{TLS12, TLS13};

const HOST: &str = "idp.test";

/// A root, an authority under it, and a server's certificate under that.
struct Chain {
    root: Made,
    middle: Made,
    leaf: Made,
}

impl Chain {
    fn new(leaf: &Wish<'_>) -> Self {
        Self::with(&Wish::authority("middle"), leaf)
    }

    fn with(middle: &Wish<'_>, leaf: &Wish<'_>) -> Self {
        let root = Made::new(&Wish::authority("root"), None);
        let middle = Made::new(middle, Some(&root));
        let leaf = Made::new(leaf, Some(&middle));
        Self { root, middle, leaf }
    }

    async fn serve(&self) -> (Idp, String) {
        serve(&[&self.leaf, &self.middle], &self.leaf).await
    }
}

async fn serve(chain: &[&Made], leaf: &Made) -> (Idp, String) {
    let idp = Idp::tls(chain, &leaf.key).await;
    let url = idp.url("https", HOST, "/r");
    idp.serve(&url, &["a"]);
    (idp, url)
}

async fn ask(setting: Setting, url: &str, thumbprints: &[&Made]) -> Result<usize, WebKeysError> {
    let thumbprints: Vec<String> = thumbprints.iter().map(|made| made.thumbprint()).collect();
    setting.allow(&[HOST]).bench().ask(&provider(url, &thumbprints), "a").await
}

const UNTRUSTED: Result<usize, WebKeysError> = Err(WebKeysError::Untrusted);

#[tokio::test]
async fn rule_24_the_systems_anchors_or_the_ca_file_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::new(&Wish::server(HOST));
    let stranger = Made::new(&Wish::authority("stranger"), None);
    let (idp, url) = chain.serve().await;
    assert_eq!(ask(Setting::default().system(&chain.root), &url, &[]).await, Ok(1));
    // A thumbprint that fits nothing is no harm where the anchors lead there.
    assert_eq!(ask(Setting::default().system(&chain.root), &url, &[&stranger]).await, Ok(1));
    assert_eq!(ask(Setting::default().system(&stranger), &url, &[]).await, UNTRUSTED);
    assert_eq!(ask(Setting::default(), &url, &[]).await, UNTRUSTED);
    assert_eq!(ask(Setting::default(), &url, &[&stranger]).await, UNTRUSTED);

    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let right = write("right.pem", format!("# both\n{}{}", stranger.pem(), chain.root.pem()));
    let wrong = write("wrong.pem", stranger.pem());
    assert_eq!(ask(Setting::default().provider(&url, right.clone(), None), &url, &[]).await, Ok(1));
    // The file stands instead of the system's anchors, and is for its own URL only.
    let both = Setting::default().system(&chain.root).provider(&url, wrong.clone(), None);
    assert_eq!(ask(both, &url, &[]).await, UNTRUSTED);
    let other = format!("{url}/other");
    assert_eq!(ask(Setting::default().provider(&other, right, None), &url, &[]).await, UNTRUSTED);
    assert_eq!(ask(Setting::default().provider(&url, wrong, None), &url, &[&chain.middle]).await, Ok(1));
    assert_eq!(idp.count("/r/keys"), 4, "nothing is asked of who is not trusted");
}

#[tokio::test]
async fn rule_24_a_pinned_authority_is_the_only_anchor_and_all_else_is_checked() {
    let chain = Chain::new(&Wish::server(HOST));
    let (_idp, url) = chain.serve().await;
    assert_eq!(ask(Setting::default(), &url, &[&chain.middle]).await, Ok(1));
    // The root was not presented: its thumbprint has no certificate.
    assert_eq!(ask(Setting::default(), &url, &[&chain.root]).await, UNTRUSTED);
    let (_idp, url) = serve(&[&chain.leaf, &chain.middle, &chain.root], &chain.leaf).await;
    assert_eq!(ask(Setting::default(), &url, &[&chain.root]).await, Ok(1));

    // An authority that is presented but has issued nothing here is an anchor of nothing.
    let stranger = Made::new(&Wish::authority("stranger"), None);
    let alone = Made::new(&Wish::server(HOST), Some(&stranger));
    let (_idp, url) = serve(&[&alone, &chain.middle], &alone).await;
    assert_eq!(ask(Setting::default(), &url, &[&chain.middle]).await, UNTRUSTED);

    for (middle, leaf) in [
        (Wish::authority("middle"), Wish::server("other.test")),
        (Wish::authority("middle"), Wish::server(HOST).years(2020, 2026)),
        (Wish::authority("middle"), Wish::server(HOST).years(2030, 2031)),
        (Wish::authority("middle").years(2020, 2026), Wish::server(HOST)),
        (Wish::authority("middle").years(2030, 2031), Wish::server(HOST)),
        // Not an authority: whoever holds its key issues for nobody.
        (Wish::server("middle"), Wish::server(HOST)),
    ] {
        let chain = Chain::with(&middle, &leaf);
        let (idp, url) = chain.serve().await;
        assert_eq!(ask(Setting::default(), &url, &[&chain.middle]).await, UNTRUSTED);
        assert_eq!(idp.heads().len(), 0);
    }
}

#[tokio::test]
async fn rule_24_a_pinned_leaf_is_exactly_that_leaf() {
    let own = Made::new(&Wish::server(HOST), None);
    let (_idp, url) = serve(&[&own], &own).await;
    assert_eq!(ask(Setting::default(), &url, &[]).await, UNTRUSTED);
    assert_eq!(ask(Setting::default(), &url, &[&own]).await, Ok(1));
    // As `openssl req -x509` makes them: an authority that stands for itself.
    let both = Made::new(&Wish::both(HOST), None);
    let (_idp, url) = serve(&[&both], &both).await;
    assert_eq!(ask(Setting::default(), &url, &[&both]).await, Ok(1));
    let issued = Chain::new(&Wish::server(HOST));
    let (_idp, url) = serve(&[&issued.leaf], &issued.leaf).await;
    assert_eq!(ask(Setting::default(), &url, &[&issued.leaf]).await, Ok(1), "whoever issued it");
    // Another leaf with the same name, and one that the pinned one signed.
    let forged = Made::new(&Wish::server(HOST), Some(&own));
    let (_idp, url) = serve(&[&forged, &own], &forged).await;
    assert_eq!(ask(Setting::default(), &url, &[&own]).await, UNTRUSTED);
    let again = Made::new(&Wish::server(HOST), None);
    let (_idp, url) = serve(&[&again, &own], &again).await;
    assert_eq!(ask(Setting::default(), &url, &[&own]).await, UNTRUSTED);
    for wish in [Wish::server("other.test"), Wish::server(HOST).years(2020, 2026), Wish::server(HOST).years(2030, 2031)]
    {
        let bad = Made::new(&wish, None);
        let (_idp, url) = serve(&[&bad], &bad).await;
        assert_eq!(ask(Setting::default(), &url, &[&bad]).await, UNTRUSTED);
    }
}

#[tokio::test]
async fn rule_24_what_the_anchors_lead_to_is_checked_like_any_other() {
    for leaf in [Wish::server("other.test"), Wish::server(HOST).years(2020, 2026), Wish::server(HOST).years(2030, 2031)]
    {
        let chain = Chain::new(&leaf);
        let (_idp, url) = chain.serve().await;
        let pins = [&chain.leaf, &chain.middle];
        assert_eq!(ask(Setting::default().system(&chain.root), &url, &[]).await, UNTRUSTED);
        assert_eq!(ask(Setting::default().system(&chain.root), &url, &pins).await, UNTRUSTED);
    }
}

#[tokio::test]
async fn rule_24_the_handshake_is_signed_with_the_certificates_key() {
    let own = Made::new(&Wish::server(HOST), None);
    let thief = Made::new(&Wish::server(HOST), None);
    for version in [&TLS12, &TLS13] {
        let honest = Idp::tls_with(&[&own], &own.key, &[version]).await;
        let url = honest.url("https", HOST, "/r");
        honest.serve(&url, &["a"]);
        assert_eq!(ask(Setting::default(), &url, &[&own]).await, Ok(1));
        // The certificate with the thumbprint, and the key of another.
        let idp = Idp::tls_stolen(&own, &thief.key, version).await;
        let url = idp.url("https", HOST, "/r");
        idp.serve(&url, &["a"]);
        assert_eq!(ask(Setting::default(), &url, &[&own]).await, UNTRUSTED);
        assert_eq!(idp.heads().len(), 0);
    }
}

#[tokio::test]
async fn rule_24_the_keys_are_fetched_under_the_providers_trust() {
    let (own, other) = (Made::new(&Wish::server(HOST), None), Made::new(&Wish::server("keys.test"), None));
    let (idp, url) = serve(&[&own], &own).await;
    let keys = Idp::tls(&[&other], &other.key).await;
    keys.act("/k", Act::json(&key_set(&["a", "b", "c"])));
    idp.act(&format!("/r{DISCOVERY}"), Act::json(&metadata(&url, &keys.url("https", "keys.test", "/k"))));
    let setting = || Setting::default().allow(&["keys.test"]);
    assert_eq!(ask(setting(), &url, &[&own]).await, UNTRUSTED);
    assert_eq!(ask(setting(), &url, &[&own, &other]).await, Ok(3));
    // The name of the server that is asked for the keys is theirs.
    let (idp, url) = serve(&[&own], &own).await;
    let wrong = Idp::tls(&[&own], &own.key).await;
    wrong.act("/k", Act::json(&key_set(&["a"])));
    idp.act(&format!("/r{DISCOVERY}"), Act::json(&metadata(&url, &wrong.url("https", "keys.test", "/k"))));
    assert_eq!(ask(setting(), &url, &[&own]).await, UNTRUSTED);
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_not_reached() {
    let idp = Idp::plain().await;
    let url = idp.url("https", HOST, "");
    assert_eq!(ask(Setting::default(), &url, &[]).await, Err(WebKeysError::Unreachable));
}

#[tokio::test]
async fn the_bearer_token_is_shown_to_the_providers_own_origin_only_and_read_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let (ca, token) = (folder.path().join("ca.pem"), folder.path().join("token"));
    let chain = Chain::new(&Wish::server(HOST));
    let elsewhere = Made::new(&Wish::server("keys.test"), Some(&chain.middle));
    std::fs::write(&ca, chain.root.pem()).unwrap();
    std::fs::write(&token, "one\n").unwrap();
    let (idp, url) = chain.serve().await;
    let bench =
        Setting::default().allow(&[HOST, "keys.test"]).provider(&url, Some(ca.clone()), Some(token.clone())).bench();
    assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Ok(1));
    assert_eq!(idp.heads().iter().filter(|head| head.contains("\r\nauthorization: Bearer one\r\n")).count(), 2);

    std::fs::write(&token, "two").unwrap();
    let keys = Idp::tls(&[&elsewhere, &chain.middle], &elsewhere.key).await;
    keys.act("/k", Act::json(&key_set(&["c"])));
    idp.act(&format!("/r{DISCOVERY}"), Act::json(&metadata(&url, &keys.url("https", "keys.test", "/k"))));
    bench.clock.pass(10);
    assert_eq!(bench.ask(&provider(&url, &[]), "c").await, Ok(1));
    assert!(idp.heads()[2].contains("\r\nauthorization: Bearer two\r\n"));
    assert!(!keys.heads()[0].to_lowercase().contains("authorization"), "another host");
    // The same host on another port is another origin.
    let port = Idp::tls(&[&chain.leaf, &chain.middle], &chain.leaf.key).await;
    port.act("/k", Act::json(&key_set(&["d"])));
    idp.act(&format!("/r{DISCOVERY}"), Act::json(&metadata(&url, &port.url("https", HOST, "/k"))));
    bench.clock.pass(10);
    assert_eq!(bench.ask(&provider(&url, &[]), "d").await, Ok(1));
    assert!(!port.heads()[0].to_lowercase().contains("authorization"), "another port");
    // A file that holds no token, or none at all.
    for text in [Some("a\nb"), Some(""), None] {
        match text {
            Some(text) => std::fs::write(&token, text).unwrap(),
            None => std::fs::remove_file(&token).unwrap(),
        }
        let before = idp.heads().len();
        bench.clock.pass(70);
        assert_eq!(bench.ask(&provider(&url, &[]), "e").await, Err(WebKeysError::Unreachable), "{text:?}");
        assert_eq!(idp.heads().len(), before);
    }
}

#[tokio::test]
async fn rule_24_a_thumbprint_opens_no_way_to_the_bearer_token() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "one").unwrap();
    let own = Made::new(&Wish::server(HOST), None);
    let (idp, url) = serve(&[&own], &own).await;
    let setting = Setting::default().provider(&url, None, Some(token));
    assert_eq!(ask(setting, &url, &[&own]).await, UNTRUSTED);
    assert_eq!(idp.heads().len(), 0);
}

#[test]
fn a_ca_file_of_no_use_is_found_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    for text in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")] {
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let access =
            ProviderAccess { url: "https://a".to_owned(), ca_file: Some(path.clone()), bearer_token_file: None };
        let oidc = Oidc { providers: vec![access], ..Oidc::default() };
        let clock = Arc::new(super::super::testing::TestClock::default());
        assert_eq!(Fetcher::new(&oidc, clock).err(), Some(Error::CaFile(path.clone())), "{text:?}");
    }
}
