//! TLS of clients: a connection counts, and its time runs, from its first byte on.

use crate::support::{Client, FakeBackend, Harness, server_config};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

/// Longer than a test waits for anything.
const LONG: Duration = Duration::from_secs(600);
const GET: &str = "GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n";

fn acceptor() -> Option<TlsAcceptor> {
    Some(TlsAcceptor::from(server_config()))
}

#[tokio::test]
async fn requests_and_bodies_come_through_tls() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with_tls(backend.address, acceptor(), |_, _| {}).await;
    let mut client = Client::over_tls(gate.address).await;
    assert_eq!(client.send(GET).await.answer().await.status, 200);
    let body = vec![b'x'; 300_000];
    client.send(format!("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: {}\r\n\r\n", body.len())).await;
    assert_eq!(client.send(&body).await.answer().await.status, 200);
    let seen = backend.seen();
    assert!(seen.iter().any(|seen| seen.body == body) && seen.iter().all(|seen| seen.complete));
    client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n").await;
    assert_eq!(client.answer().await.header("connection"), Some("close"));
    assert!(client.is_closed().await);
    assert_eq!(gate.records(3).await.len(), 3);
}

#[tokio::test]
async fn rule_28_a_handshake_that_never_ends_is_cut_and_counts_until_then() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with_tls(backend.address, acceptor(), |settings, _| {
        settings.max_connections = 1;
        settings.head_timeout = Duration::from_millis(1500);
    })
    .await;
    // The head of a ClientHello that announces more than will come.
    let mut silent = Client::connect(gate.address).await;
    silent.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc").await;
    let mut second = Client::over_tls(gate.address).await;
    assert!(second.send(GET).await.answer().await.text().contains("TooManyConnections"));
    assert!(silent.is_closed().await, "the handshake has an end");
    let mut third = Client::over_tls(gate.address).await;
    assert_eq!(third.send(GET).await.answer().await.status, 200, "and its place is free again");
}

#[tokio::test]
async fn beyond_the_limit_a_handshake_is_waited_for_a_moment_and_beyond_twice_the_limit_not_at_all() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with_tls(backend.address, acceptor(), |settings, _| {
        settings.max_connections = 1;
        settings.head_timeout = LONG;
    })
    .await;
    let mut first = Client::over_tls(gate.address).await;
    assert_eq!(first.send(GET).await.answer().await.status, 200);
    let mut second = Client::connect(gate.address).await;
    // It holds the only place beyond the limit, for a second.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(Client::connect(gate.address).await.is_closed().await);
    assert!(second.is_closed().await);
    assert_eq!(first.send(GET).await.answer().await.status, 200);
}

#[tokio::test]
async fn what_is_no_tls_gets_no_answer_of_http() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with_tls(backend.address, acceptor(), |_, _| {}).await;
    let mut plain = Client::connect(gate.address).await;
    plain.send(GET).await;
    assert!(!plain.rest().await.starts_with(b"HTTP"));
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn a_stop_ends_handshakes() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with_tls(backend.address, acceptor(), |settings, _| settings.head_timeout = LONG).await;
    let mut silent = Client::connect(gate.address).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    gate.stop();
    assert!(silent.is_closed().await);
}
