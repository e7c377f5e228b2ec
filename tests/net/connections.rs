//! Keep-alive, early answers with unread bodies, `Expect`, pipelining, slow clients.

use crate::support::{Client, FakeBackend, Harness};
use std::time::Duration;

#[tokio::test]
async fn a_connection_serves_many_requests_and_ends_when_asked() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for _ in 0..3 {
        let answer = client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("keep-alive")));
        let answer = client.send("GET /deny HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (403, Some("keep-alive")));
    }
    let last = client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n").await.answer().await;
    assert_eq!(last.header("connection"), Some("close"));
    assert!(client.is_closed().await);
    assert_eq!(backend.connections(), 1);
    assert_eq!(gate.records(7).await.len(), 7);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |settings, _| settings.keepalive = Duration::from_secs(1)).await;
    let mut client = Client::connect(gate.address).await;
    client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
    assert!(client.is_closed().await);
    let mut half = Client::connect(gate.address).await;
    half.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
    half.send("GET /b/k HT").await;
    assert!(half.is_closed().await);
}

#[tokio::test]
async fn a_denied_request_gets_no_100_and_its_connection_closes() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /deny/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (403, Some("close")));
    assert!(client.is_closed().await);
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn a_permitted_request_gets_exactly_one_100() {
    let backend = FakeBackend::start().await;
    // A backend that says 100 on its own must not make it two.
    backend.answers("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for _ in 0..2 {
        client.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
        assert_eq!(client.answer().await.status, 100);
        let answer = client.send("hello").await.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("keep-alive")));
    }
    let seen = backend.wait(2).await;
    assert!(seen.iter().all(|seen| seen.body == b"hello" && seen.header("expect").is_none()));
}

#[tokio::test]
async fn a_body_that_the_gate_reads_gets_its_100_first() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("POST /read HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 100);
    let answer = client.send("hello").await.answer().await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    let answer = client
        .send("POST /read HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        .await
        .answer()
        .await;
    assert_eq!(answer.text(), "abc");
    // Too large as announced: refused without a 100.
    client.send("POST /read HTTP/1.1\r\nHost: gate\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n").await;
    let answer = client.answer().await;
    assert!(answer.status == 400 && answer.text().contains("larger than 1000 bytes"));
}

#[tokio::test]
async fn a_body_too_large_on_the_way_is_refused() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("POST /read HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.send(format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001))).await;
    assert!(client.answer().await.text().contains("larger than 1000 bytes"));
}

#[tokio::test]
async fn rule_28_buffered_bodies_share_one_budget() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |settings, _| settings.buffered_bytes = 10).await;
    let mut client = Client::connect(gate.address).await;
    let post =
        |body: &str| format!("POST /read HTTP/1.1\r\nHost: gate\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    for _ in 0..3 {
        assert_eq!(client.send(post("0123456789")).await.answer().await.status, 200);
    }
    let answer = client.send(post("0123456789a")).await.answer().await;
    assert!(answer.text().contains("too many request bodies"), "{}", answer.text());
}

#[tokio::test]
async fn an_unread_short_body_is_drained_and_the_connection_kept() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for _ in 0..2 {
        client.send("PUT /deny HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\nhe").await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (403, Some("keep-alive")));
        client.send("llo").await;
    }
    assert_eq!(client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await.status, 200);
}

#[tokio::test]
async fn an_unread_long_body_does_not_cost_the_answer() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /deny HTTP/1.1\r\nHost: gate\r\nContent-Length: 50000000\r\n\r\n").await;
    for _ in 0..16 {
        if !client.try_send(vec![0; 65_536]).await {
            break;
        }
    }
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (403, Some("close")));
    assert!(answer.complete && answer.text().contains("AccessDenied"));
}

#[tokio::test]
async fn a_pipelined_request_is_never_answered_with_another_ones_bytes() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: gate\r\n\r\n");
    client.send(get("/deny/1") + &get("/deny/2")).await;
    assert_eq!(client.answer().await.status, 403);
    assert!(client.is_closed().await);
    let mut client = Client::connect(gate.address).await;
    client.send(get("/b/1") + &get("/b/2")).await;
    let first = client.try_answer_to("GET").await;
    assert!(first.is_none_or(|answer| matches!(answer.status, 200 | 400)));
    assert!(client.is_closed().await);
    assert!(backend.seen().len() <= 1, "the second request went on");
}

#[tokio::test]
async fn a_client_that_stops_sending_is_told_and_dropped() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |settings, _| {
        settings.body_read_timeout = Duration::from_millis(200);
    })
    .await;
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\nabc").await;
    let answer = client.answer().await;
    assert!(answer.status == 400 && answer.text().contains("RequestTimeout"), "{}", answer.text());
    assert!(client.is_closed().await);
    assert!(backend.wait(1).await.iter().all(|seen| !seen.complete));
    let mut client = Client::connect(gate.address).await;
    client.send("POST /read HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\nabc").await;
    assert!(client.answer().await.text().contains("did not arrive in time"));
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_behind() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\nabc").await;
    drop(client);
    assert!(!backend.wait(1).await[0].complete);
    let record = gate.records(1).await.remove(0);
    assert_eq!((record.status, record.bytes_in), (0, 3));
    assert!(record.fault.is_some());
}
