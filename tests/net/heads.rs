//! Heads that are refused before the gateway: an S3 error, a closed connection, nothing at the backend.

use crate::support::{Client, FakeBackend, Harness};

#[tokio::test]
async fn heads_that_could_be_read_in_two_ways_are_refused() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let long = "x".repeat(20_000);
    let cases = [
        ("GET http://gate/b/k HTTP/1.1\r\nHost: gate\r\n\r\n".to_owned(), "TargetForm"),
        ("GET b/k HTTP/1.1\r\nHost: gate\r\n\r\n".to_owned(), "TargetForm"),
        ("OPTIONS * HTTP/1.1\r\nHost: gate\r\n\r\n".to_owned(), "TargetForm"),
        ("GET ?list-type=2 HTTP/1.1\r\nHost: gate\r\n\r\n".to_owned(), "TargetForm"),
        ("GET /b/k#f HTTP/1.1\r\nHost: gate\r\n\r\n".to_owned(), "Fragment"),
        ("GET /b/k HTTP/1.1\r\n\r\n".to_owned(), "Host"),
        ("GET /b/k HTTP/1.1\r\nHost:\r\n\r\n".to_owned(), "Host"),
        ("GET /b/k HTTP/1.0\r\nHost: gate\r\n\r\n".to_owned(), "Version"),
        ("get /b/k HTTP/1.1\r\nHost: gate\r\n\r\n".to_owned(), "Method"),
        ("PATCH /b/k HTTP/1.1\r\nHost: gate\r\n\r\n".to_owned(), "Method"),
        ("GET /b/k HTTP/1.1\nHost: gate\n\n".to_owned(), "Malformed"),
        (
            "GET /b/k HTTP/1.1\r\nHost: gate\r\nx-amz-acl: private\r\nConnection: x-amz-acl\r\n\r\n".to_owned(),
            "Connection",
        ),
        ("GET /b/k HTTP/1.1\r\nHost: gate\r\nConnection: close, authorization\r\n\r\n".to_owned(), "Connection"),
        (
            "PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                .to_owned(),
            "LengthAndCoding",
        ),
        (
            "PUT /b/k HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n".to_owned(),
            "TransferCoding",
        ),
        (
            "PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "ContentLength",
        ),
        ("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 1\r\nExpect: nothing\r\n\r\n1".to_owned(), "Expectation"),
        (format!("GET /{long} HTTP/1.1\r\nHost: gate\r\n\r\n"), "TargetTooLong"),
        (format!("GET /b?{} HTTP/1.1\r\nHost: gate\r\n\r\n", &long[..13_000]), "QueryTooLong"),
        (format!("GET /b HTTP/1.1\r\nHost: gate\r\na: {long}\r\nb: {long}\r\n\r\n"), "HeadTooLarge"),
        (format!("GET /b HTTP/1.1\r\nHost: gate\r\n{}\r\n", "a: 1\r\n".repeat(130)), "TooManyHeaders"),
    ];
    let count = cases.len();
    for (raw, fault) in cases {
        let mut client = Client::connect(gate.address).await;
        let shown = &raw[..raw.len().min(80)];
        let answer = client.send(&raw).await.answer().await;
        assert_eq!(answer.status, 400, "{shown}");
        assert!(answer.text().contains(&format!("<Message>{fault}")), "{shown}: {}", answer.text());
        assert_eq!(answer.header("connection"), Some("close"), "{shown}");
        let id = answer.header("x-amz-request-id").unwrap();
        assert!(answer.text().contains(id) && answer.header("x-amz-id-2").is_some());
        assert!(client.is_closed().await, "{shown}");
    }
    assert!(backend.seen().is_empty());
    let records = gate.records(count).await;
    assert_eq!(records.len(), count);
    assert!(records.iter().all(|record| record.status == 400 && record.target.is_none() && record.fault.is_some()));
}

#[tokio::test]
async fn what_pingora_itself_refuses_never_reaches_the_backend() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    for raw in [
        &b"GET /b/k HTTP/1.1\r\nHost: gate\r\nHost: gate\r\n\r\n"[..],
        b"GET /b/k HTTP/1.1\r\nHost : gate\r\n\r\n",
        b"GET /b/k HTTP/1.1\r\nHost: gate\r\n folded\r\n\r\n",
        b"GET /b/k HTTP/1.1\r\nHost: gate\r\nx: \0\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n1",
        b"PUT /b/k HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: identity\r\n\r\n",
        b"CONNECT gate:80 HTTP/1.1\r\nHost: gate\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ] {
        let mut client = Client::connect(gate.address).await;
        client.send(raw).await;
        if raw[0] == 0x16 {
            client.send("\r\n\r\n").await;
        }
        let answer = client.answer().await;
        assert!((400..500).contains(&answer.status), "{}", String::from_utf8_lossy(raw));
        assert!(client.is_closed().await);
    }
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn control_bytes_in_the_target_are_escaped_before_anything_is_decided() {
    // pingora writes them as %XX before any hook; decided and forwarded is the escaped form.
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let answer = client.send("GET /b/k\u{1} HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
    if answer.status == 200 {
        assert_eq!(backend.wait(1).await[0].line(), "GET /b/k%01 HTTP/1.1");
        assert_eq!(gate.records(1).await[0].target.as_deref(), Some("/b/k%01"));
    } else {
        assert_eq!(answer.status, 400);
        assert!(backend.seen().is_empty());
    }
}
