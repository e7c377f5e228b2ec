//! How a provider is asked, and which answers are taken.

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
        assert_eq!(bench.ask(&provider(&url, &[]), "a").await, Err(WebKeysError::Unreachable), "{status} {headers}");
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
