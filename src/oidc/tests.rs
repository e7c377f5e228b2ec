//! The module against providers on real sockets.

use super::testing::{Act, Bench, Idp, Made, Setting, Wish, key_set, metadata, provider, provider_of};
use super::{Error, Fetcher};
use crate::conf::{Oidc, ProviderAccess};
use crate::gateway::WebKeysError;
use crate::types::AccountId;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// A plain provider at `localhost`, which is allowed, and how it is asked.
async fn plain() -> (Idp, String, Bench) {
    let idp = Idp::plain().await;
    let url = idp.url("http", "localhost", "");
    idp.serve(&url, &["a", "b"]);
    (idp, url, Setting::default().allow(&["localhost"]).bench())
}

mod asking {
    use super::*;

    #[tokio::test]
    async fn discovery_is_below_the_url_and_leads_to_the_keys() {
        for path in ["", "/", "/auth/realms/demo", "/auth/realms/demo/"] {
            let idp = Idp::plain().await;
            let url = idp.url("http", "localhost", path);
            idp.serve(&url, &["a", "b"]);
            let bench = Setting::default().allow(&["localhost"]).bench();
            assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Ok(2), "{path}");
            let below = path.trim_end_matches('/');
            let heads = idp.heads();
            assert_eq!(heads.len(), 2);
            assert!(heads[0].starts_with(&format!("GET {below}{DISCOVERY} HTTP/1.1\r\n")), "{}", heads[0]);
            assert!(heads[1].starts_with(&format!("GET {below}/keys HTTP/1.1\r\n")), "{}", heads[1]);
            for head in &heads {
                assert!(head.contains(&format!("\r\nhost: localhost:{}\r\n", idp.address.port())), "{head}");
                assert!(head.contains("\r\naccept-encoding: identity\r\n"), "{head}");
                assert!(!head.to_lowercase().contains("authorization"), "{head}");
            }
        }
    }

    #[tokio::test]
    async fn documents_that_are_not_the_providers_are_unusable() {
        let (idp, url, _) = plain().await;
        let keys = format!("{url}/keys");
        for (document, body) in [
            (DISCOVERY, metadata(&format!("{url}/"), &keys)),
            (DISCOVERY, metadata("http://evil", &keys)),
            (DISCOVERY, metadata(&url, "ftp://localhost/keys")),
            (DISCOVERY, metadata(&url, "/keys")),
            (DISCOVERY, "<html>".to_owned()),
            (DISCOVERY, String::new()),
            ("/keys", "<html>".to_owned()),
            ("/keys", "{}".to_owned()),
            ("/keys", String::new()),
        ] {
            idp.serve(&url, &["a"]);
            idp.act(document, Act::json(&body));
            let bench = Setting::default().allow(&["localhost"]).bench();
            assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Err(WebKeysError::Unusable), "{body}");
        }
        idp.act("/keys", Act::json(r#"{"keys":[]}"#));
        let bench = Setting::default().allow(&["localhost"]).bench();
        assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Err(WebKeysError::UnknownKey));
    }

    #[tokio::test]
    async fn rule_26_no_redirect_no_other_status_no_coding() {
        let (idp, url, _) = plain().await;
        let other = Idp::plain().await;
        other.serve(&url, &["a"]);
        let location = format!("Location: {}\r\n", other.url("http", "localhost", DISCOVERY));
        let body = metadata(&url, &format!("{url}/keys"));
        for (status, headers) in [
            ("301 Moved", location.as_str()),
            ("302 Found", &location),
            ("307 Temporary", &location),
            ("308 Permanent", &location),
            ("304 Not Modified", ""),
            ("201 Created", ""),
            ("204 No Content", ""),
            ("400 Bad", ""),
            ("401 Who", ""),
            ("404 Not Found", ""),
            ("500 Oh", ""),
            ("200 OK", "Content-Encoding: gzip\r\n"),
            ("200 OK", "Content-Encoding: identity\r\nContent-Encoding: br\r\n"),
        ] {
            idp.act(DISCOVERY, Act::answer(status, headers, &body));
            let bench = Setting::default().allow(&["localhost"]).bench();
            assert_eq!(
                bench.ask(&provider(&url, &[]), "a").await,
                Err(WebKeysError::Unreachable),
                "{status} {headers}"
            );
        }
        assert_eq!(other.connected(), 0);
        assert_eq!(idp.count("/keys"), 0);
        idp.act(DISCOVERY, Act::answer("200 OK", "Content-Encoding: identity\r\n", &body));
        let bench = Setting::default().allow(&["localhost"]).bench();
        assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Ok(2));
    }

    /// The bytes as a chunked body.
    fn chunked(body: &str) -> Vec<u8> {
        let mut raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in body.as_bytes().chunks(1000) {
            raw.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            raw.extend_from_slice(chunk);
            raw.extend_from_slice(b"\r\n");
        }
        raw.extend_from_slice(b"0\r\n\r\n");
        raw
    }

    #[tokio::test]
    async fn rule_26_a_document_has_64_kib_in_whatever_framing() {
        let (idp, url, _) = plain().await;
        let body = |length: usize| {
            let text = metadata(&url, &format!("{url}/keys"));
            format!("{text}{}", " ".repeat(length - text.len()))
        };
        let head = b"HTTP/1.1 200 OK\r\n".to_vec();
        let until_close = |body: &str| [head.as_slice(), b"\r\n", body.as_bytes()].concat();
        let many_fields = |count: usize| Act::answer("200 OK", &"X-Y: z\r\n".repeat(count), &body(500));
        let long_field = |length: usize| Act::answer("200 OK", &format!("X: {}\r\n", "y".repeat(length)), &body(500));
        for (act, wanted) in [
            (Act::json(&body(65_536)), Ok(2)),
            (Act::json(&body(65_537)), Err(WebKeysError::Unreachable)),
            (Act::Raw(chunked(&body(65_536))), Ok(2)),
            (Act::Raw(chunked(&body(65_537))), Err(WebKeysError::Unreachable)),
            (Act::Raw(until_close(&body(65_536))), Ok(2)),
            (Act::Raw(until_close(&body(65_537))), Err(WebKeysError::Unreachable)),
            (many_fields(50), Ok(2)),
            (many_fields(100), Err(WebKeysError::Unreachable)),
            (long_field(4_000), Ok(2)),
            (long_field(40_000), Err(WebKeysError::Unreachable)),
            // An end before the end, and no HTTP at all.
            (Act::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}".to_vec()), Err(WebKeysError::Unreachable)),
            (Act::Raw(b"SSH-2.0-OpenSSH\r\n".to_vec()), Err(WebKeysError::Unreachable)),
            (Act::Raw(Vec::new()), Err(WebKeysError::Unreachable)),
        ] {
            idp.act(DISCOVERY, act);
            let bench = Setting::default().allow(&["localhost"]).bench();
            assert_eq!(bench.ask(&provider(&url, &[]), "a").await, wanted);
        }
    }

    #[tokio::test]
    async fn rule_26_a_document_has_its_time_however_it_comes() {
        let (idp, url, _) = plain().await;
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n".to_vec();
        for document in [DISCOVERY, "/keys"] {
            for act in [
                Act::Hang(Vec::new()),
                Act::Hang(b"HTTP/1.1 200".to_vec()),
                Act::Hang(head.clone()),
                Act::Trickle(b"HTTP/1.1 200 OK\r\nX: ".to_vec()),
                Act::Trickle([head.as_slice(), b"                    "].concat()),
                // Answers that are none, one after the other.
                Act::Trickle(b"HTTP/1.1 102 Wait\r\n\r\n".to_vec()),
            ] {
                idp.serve(&url, &["a"]);
                idp.act(document, act);
                let bench = Setting::default().allow(&["localhost"]).limit(300).bench();
                let asked = provider(&url, &[]);
                let answer = tokio::time::timeout(Duration::from_secs(3), bench.ask(&asked, "a")).await;
                assert_eq!(answer.unwrap(), Err(WebKeysError::Unreachable), "{document}");
            }
        }
        assert_eq!(super::super::source::LIMIT, Duration::from_secs(5));
    }
}

mod places {
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
            let connected =
                super::super::resolve::connect(&super::super::resolve::SystemResolver, &target.endpoint, &[]);
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
}

mod certificates {
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
        for wish in
            [Wish::server("other.test"), Wish::server(HOST).years(2020, 2026), Wish::server(HOST).years(2030, 2031)]
        {
            let bad = Made::new(&wish, None);
            let (_idp, url) = serve(&[&bad], &bad).await;
            assert_eq!(ask(Setting::default(), &url, &[&bad]).await, UNTRUSTED);
        }
    }

    #[tokio::test]
    async fn rule_24_what_the_anchors_lead_to_is_checked_like_any_other() {
        for leaf in
            [Wish::server("other.test"), Wish::server(HOST).years(2020, 2026), Wish::server(HOST).years(2030, 2031)]
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
        let bench = Setting::default()
            .allow(&[HOST, "keys.test"])
            .provider(&url, Some(ca.clone()), Some(token.clone()))
            .bench();
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
}

mod holding {
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
}
