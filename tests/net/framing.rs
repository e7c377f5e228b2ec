//! Framing on both sides: bodies of clients in broken codings, answers of backends in every one, early and cut.

use crate::support::{Act, Client, FakeBackend, Harness};
use std::time::Duration;

const GET: &str = "GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n";
/// An unsigned streaming upload: the only plan that takes a body without a length.
const CODED: &str = "PUT /b/k HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn bodies_in_a_broken_coding_are_refused_and_nothing_after_them_is_read() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    for body in [
        "zz\r\n",
        "5\nhello\n0\n\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\r\n0\r\nx\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "5;\u{1}\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\n folded: 1\r\n\r\n",
    ] {
        for path in ["/read", "/b/k"] {
            let mut client = Client::connect(gate.address).await;
            client.send(CODED.replace("/b/k", path) + body + GET).await;
            let answer = client.answer().await;
            assert_eq!((answer.status, answer.header("connection")), (400, Some("close")), "{path} {body:?}");
            assert!(client.is_closed().await, "{path} {body:?}");
        }
    }
    let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(300));
    let trailers = format!("5\r\nhello\r\n0\r\n{}\r\n", "a: 0123456789\r\n".repeat(1000));
    for body in [long, trailers] {
        let mut client = Client::connect(gate.address).await;
        client.send(CODED.replace("/b/k", "/read") + &body).await;
        assert_eq!(client.answer().await.status, 400);
    }
    assert!(backend.settled().await.iter().all(|seen| !seen.complete && seen.line().starts_with("PUT")));
}

#[tokio::test]
async fn extensions_and_trailers_of_the_coding_are_dropped() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let raw = "5;a=\"b\"\r\nhello\r\n0;z\r\nx-amz-acl: public-read\r\n\r\n";
    for _ in 0..2 {
        let answer = client.send(CODED.replace("/b/k", "/read") + raw).await.answer().await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    }
}

#[tokio::test]
async fn answers_in_every_framing_arrive_whole() {
    let backend = FakeBackend::start().await;
    let big = "x".repeat(300_000);
    let open = |body: &str| Act::AnswerAndClose(format!("HTTP/1.1 200 OK\r\nETag: e\r\n\r\n{body}").into_bytes());
    backend
        .then(open("until the end"))
        .then(open(&big))
        .then(open(""))
        .then(Act::AnswerAndClose(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec()))
        .answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nServer: inside\r\n\r\n")
        .answers(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n{big}\r\n0\r\n\r\n"))
        .answers(&format!("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n{big}"))
        .answers("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for body in ["until the end", &big, "", "ok", "hello", &big, &big, "ok"] {
        let answer = client.send(GET).await.answer().await;
        assert_eq!((answer.status, answer.complete, answer.header("connection")), (200, true, Some("keep-alive")));
        assert!(answer.text() == body && !answer.head.contains("inside") && !answer.head.contains("Link"));
    }
    let records = gate.records(8).await;
    assert!(records.iter().all(|record| record.fault.is_none()));
    assert_eq!(records[1].bytes_out, 300_000);
    let used: Vec<_> = backend.wait(8).await.iter().map(|seen| seen.connection).collect();
    assert_eq!(used, [1, 2, 3, 4, 5, 5, 5, 5], "a connection goes on where the answer had an end of its own");
}

#[tokio::test]
async fn cut_and_broken_bodies_of_answers_are_cut_for_the_client() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    for body in ["5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\nzz\r\n\r\n", "5\r\nhello\r\n0\r\n"] {
        backend.then(Act::AnswerAndClose(
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes(),
        ));
        let mut client = Client::connect(gate.address).await;
        let answer = client.send(GET).await.try_answer_to("GET").await;
        assert!(answer.is_none_or(|answer| !answer.complete || answer.status == 502), "{body:?}");
    }
    let records = gate.records(4).await;
    assert!(records.iter().all(|record| record.fault.is_some()), "a cut answer is no success");
}

#[tokio::test]
async fn answers_that_could_be_read_in_two_ways_are_502() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    for raw in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: 1\r\n folded\r\n\r\nok",
        "HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok",
    ] {
        backend.then(Act::AnswerAndClose(raw.as_bytes().to_vec()));
        let mut client = Client::connect(gate.address).await;
        let answer = client.send(GET).await.answer().await;
        assert!(answer.status == 502 && answer.text().contains("BackendMalformed"), "{raw}: {}", answer.text());
    }
    // Bytes after an answer belong to nobody: the connection is not used again.
    backend.answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    let mut client = Client::connect(gate.address).await;
    for _ in 0..2 {
        assert_eq!(client.send(GET).await.answer().await.text(), "ok");
    }
}

#[tokio::test]
async fn an_early_refusal_of_a_large_upload_reaches_the_client() {
    let backend = FakeBackend::start().await;
    backend.then(Act::AnswerEarly(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".to_vec()));
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 50000000\r\n\r\n").await;
    for _ in 0..16 {
        if !client.try_send(vec![0; 65_536]).await {
            break;
        }
    }
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.text().as_str(), answer.header("connection")), (403, "no", Some("close")));
    let record = gate.records(1).await.remove(0);
    assert_eq!((record.status, record.backend_status), (403, Some(403)));
    assert!(backend.settled().await.iter().all(|seen| !seen.complete));
}

#[tokio::test]
async fn who_leaves_before_the_answer_ends_a_get_and_not_a_change() {
    let backend = FakeBackend::start().await;
    backend.then(Act::StallAfterBody).then(Act::StallAfterBody);
    let gate = Harness::with(backend.address, |_, upstream| upstream.read_timeout = Duration::from_millis(700)).await;
    let mut client = Client::connect(gate.address).await;
    client.send(GET).await;
    backend.wait(1).await;
    drop(client);
    let record = gate.records(1).await.remove(0);
    assert_eq!((record.status, record.fault.as_deref()), (0, Some("the client closed the connection")));
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\nhello").await;
    assert!(backend.wait(2).await[1].complete);
    drop(client);
    let record = gate.records(2).await.remove(1);
    assert_eq!(record.fault.as_deref(), Some("the backend did not answer in time"));
}
