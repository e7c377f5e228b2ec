//! Backends that stall, cut, reset, answer early, or are not there.

use crate::support::{Act, Client, FakeBackend, Harness};
use std::time::Duration;
use tokio::net::TcpListener;

const GET: &str = "GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n";
const PUT: &str = "PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\nhello";

async fn quick(backend: &FakeBackend) -> Harness {
    Harness::with(backend.address, |_, upstream| {
        upstream.read_timeout = Duration::from_millis(300);
        upstream.write_timeout = Duration::from_millis(300);
    })
    .await
}

#[tokio::test]
async fn an_absent_backend_is_503() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gate = Harness::start(gone).await;
    for raw in [GET, PUT] {
        let mut client = Client::connect(gate.address).await;
        let answer = client.send(raw).await.answer().await;
        assert_eq!((answer.status, answer.header("server")), (503, Some("Rolegate")));
        assert!(answer.text().contains("Unreachable") && answer.header("x-amz-request-id").is_some());
    }
    assert_eq!(gate.records(2).await[0].status, 503);
}

#[tokio::test]
async fn a_backend_that_stalls_is_504() {
    let backend = FakeBackend::start().await;
    backend.then(Act::StallAfterBody).then(Act::StallAfterBody).then(Act::Stall);
    let gate = quick(&backend).await;
    for raw in [GET, PUT] {
        let mut client = Client::connect(gate.address).await;
        let answer = client.send(raw).await.answer().await;
        assert!(answer.status == 504 && answer.text().contains("BackendTimedOut"), "{}", answer.text());
    }
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 100000000\r\n\r\n").await;
    let piece = vec![0; 1 << 20];
    for _ in 0..100 {
        if !client.try_send(&piece).await {
            break;
        }
    }
    let answer = client.try_answer_to("PUT").await;
    assert!(answer.is_none_or(|answer| answer.status == 504));
    assert_eq!(gate.records(3).await[2].status, 504);
}

#[tokio::test]
async fn a_backend_that_cuts_or_resets_is_502_and_nothing_is_sent_again() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    for act in [Act::Cut, Act::Reset] {
        for raw in [GET, PUT, "DELETE /b/k HTTP/1.1\r\nHost: gate\r\n\r\n"] {
            backend.then(act.clone());
            let before = backend.seen().len();
            let mut client = Client::connect(gate.address).await;
            let answer = client.send(raw).await.answer().await;
            assert!(answer.status == 502 && answer.text().contains("BackendCut"), "{raw}: {}", answer.text());
            assert_eq!(backend.seen().len(), before + 1, "{raw}");
        }
    }
}

#[tokio::test]
async fn on_a_stale_connection_only_get_and_head_are_sent_again() {
    for (raw, method, status, sent) in [
        (GET, "GET", 200, 2),
        ("HEAD /b/k HTTP/1.1\r\nHost: gate\r\n\r\n", "HEAD", 200, 2),
        (PUT, "PUT", 502, 1),
        ("DELETE /b/k HTTP/1.1\r\nHost: gate\r\n\r\n", "DELETE", 502, 1),
        ("POST /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 1\r\n\r\nx", "POST", 502, 1),
    ] {
        let backend = FakeBackend::start().await;
        let gate = Harness::start(backend.address).await;
        let mut client = Client::connect(gate.address).await;
        assert_eq!(client.send(GET).await.answer().await.status, 200);
        // The pooled connection is closed by the backend on the next head, as a keep-alive race has it.
        backend.then(Act::Cut);
        let answer = client.send(raw).await.answer_to(method).await;
        assert_eq!(answer.status, status, "{method}");
        assert_eq!(backend.seen().len(), 1 + sent, "{method}");
    }
}

#[tokio::test]
async fn a_cut_answer_is_cut_for_the_client_too() {
    let backend = FakeBackend::start().await;
    backend.then(Act::AnswerAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()));
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let answer = client.send(GET).await.answer().await;
    assert!(answer.status == 200 && !answer.complete);
    let record = gate.records(1).await.remove(0);
    assert!(record.fault.is_some(), "a cut answer is no success");
}

#[tokio::test]
async fn what_is_not_http_is_502() {
    let backend = FakeBackend::start().await;
    let gate = quick(&backend).await;
    for raw in ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"] {
        backend.then(Act::AnswerAndClose(raw.as_bytes().to_vec()));
        let mut client = Client::connect(gate.address).await;
        assert_eq!(client.send(GET).await.answer().await.status, 502, "{raw}");
    }
}

#[tokio::test]
async fn an_early_refusal_is_passed_on_and_an_early_success_is_not() {
    let backend = FakeBackend::start().await;
    backend
        .then(Act::AnswerEarly(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".to_vec()))
        .then(Act::AnswerEarly(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec()));
    let gate = Harness::start(backend.address).await;
    let head = "PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 50\r\n\r\nsome";
    let mut client = Client::connect(gate.address).await;
    let answer = client.send(head).await.answer().await;
    assert_eq!((answer.status, answer.text().as_str()), (403, "no"));
    let mut client = Client::connect(gate.address).await;
    let answer = client.send(head).await.answer().await;
    assert!(answer.status == 502 && answer.text().contains("ConfirmedEarly"), "{}", answer.text());
}

#[tokio::test]
async fn an_upgrade_by_the_backend_is_not_passed_on() {
    let backend = FakeBackend::start().await;
    backend.answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    let gate = quick(&backend).await;
    let mut client = Client::connect(gate.address).await;
    let answer = client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\nUpgrade: websocket\r\n\r\n").await.answer().await;
    assert!(answer.status >= 500, "{}", answer.head);
}
