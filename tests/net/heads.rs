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
async fn heads_that_cannot_be_read_are_answered_in_the_dialect_and_recorded() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let cases = [
        (&b"GET /b/k HTTP/1.1\r\nHost: gate\r\nHost: gate\r\n\r\n"[..], "RepeatedHost"),
        (b"GET /b/k HTTP/1.1\r\nHost : gate\r\n\r\n", "Malformed"),
        (b"GET /b/k HTTP/1.1\r\nHost: gate\r\n folded\r\n\r\n", "Malformed"),
        (b"GET /b/k HTTP/1.1\r\nHost: gate\r\nx: \0\r\n\r\n", "ControlByte"),
        (b"GET /b/k\x01 HTTP/1.1\r\nHost: gate\r\n\r\n", "ControlByte"),
        (b"GET /b/k y HTTP/1.1\r\nHost: gate\r\n\r\n", "Malformed"),
        (b"GET /b/k\r\n\r\n", "Malformed"),
        (b"PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n1", "ContentLength"),
        (b"PUT /b/k HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: identity\r\n\r\n", "TransferCoding"),
        (b"CONNECT gate:80 HTTP/1.1\r\nHost: gate\r\n\r\n", "Method"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "Version"),
        // No more of these is waited for.
        (b"\x16\x03\x01\x02\x00\x01\x00", "Malformed"),
        (b"\n", "Malformed"),
        (b"\0", "Malformed"),
    ];
    for (raw, fault) in &cases {
        let mut client = Client::connect(gate.address).await;
        client.send(raw).await;
        let answer = client.answer().await;
        let shown = String::from_utf8_lossy(raw);
        assert_eq!((answer.status, answer.header("connection")), (400, Some("close")), "{shown}");
        assert!(answer.text().contains(&format!("<Message>{fault}")), "{shown}: {}", answer.text());
        assert!(answer.text().contains(answer.header("x-amz-request-id").unwrap()));
        assert_eq!(answer.header("server"), Some("Rolegate"));
        assert!(client.is_closed().await, "{shown}");
    }
    let records = gate.records(cases.len()).await;
    assert!(records.iter().all(|record| record.status == 400 && record.target.is_none() && record.fault.is_some()));
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn empty_lines_before_a_head_are_skipped_and_pieces_of_it_are_joined() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let raw = "\r\n\r\nGET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n";
    assert_eq!(client.send(raw).await.answer().await.status, 200);
    for byte in raw.as_bytes() {
        client.send([*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(backend.seen()[1].line(), "GET /b/k HTTP/1.1");
}
