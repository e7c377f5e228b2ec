//! What reaches the backend, and what of its answer reaches the client.

use crate::support::{BACKEND, Client, FakeBackend, Harness, verify};

#[tokio::test]
async fn rule_03_04_the_backend_gets_the_forward_and_nothing_else() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client
        .send(
            "GET /b/k%20%2B//x?list-type=2&prefix=a%2Fb&acl HTTP/1.1\r\nHost: gate\r\nX-Amz-Acl: private\r\n\
             Range: bytes=0-1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=CLIENTKEY\r\nX-Amz-Security-Token: secret\r\n\
             X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nCookie: a=b\r\nTE: trailers\r\nX-Minio-Extract: true\r\n\
             Accept-Encoding: gzip\r\nUpgrade: websocket\r\n\r\n",
        )
        .await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    let seen = backend.wait(1).await.remove(0);
    assert_eq!(seen.line(), "GET /b/k%20%2B//x?list-type=2&prefix=a%2Fb&acl= HTTP/1.1");
    assert_eq!(seen.names(), ["authorization", "host", "range", "x-amz-acl", "x-amz-content-sha256", "x-amz-date"]);
    assert_eq!(seen.header("host"), Some(backend.address.to_string().as_str()));
    let (_, verified) = verify(&seen);
    assert_eq!(verified.access_key().as_str(), BACKEND.access_key);
    assert!(!seen.head.contains("secret") && !seen.head.contains("CLIENTKEY"));
}

#[tokio::test]
async fn every_method_passes_with_its_body() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for (method, body) in [("GET", ""), ("HEAD", ""), ("DELETE", ""), ("PUT", "hello"), ("POST", "x"), ("PUT", "")] {
        let framing = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        client.send(format!("{method} /b/k HTTP/1.1\r\nHost: gate\r\n{framing}\r\n{body}")).await;
        let answer = client.answer_to(method).await;
        assert_eq!((answer.status, answer.header("content-length")), (200, Some("2")), "{method}");
    }
    let seen = backend.wait(6).await;
    assert!(seen.iter().all(|seen| seen.complete && seen.connection == 1), "one pooled connection for all");
    assert_eq!(seen[3].body, b"hello");
    assert_eq!(seen[5].header("content-length"), Some("0"));
    seen.iter().for_each(|seen| drop(verify(seen)));
}

#[tokio::test]
async fn answers_have_our_ids_and_not_the_backends() {
    let backend = FakeBackend::start().await;
    backend.answers(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nETag: \"e\"\r\nContent-Range: bytes 0-1/9\r\n\
         x-amz-request-id: theirs\r\nx-amz-id-2: host7\r\nServer: MinIO\r\nx-amz-meta-a: 1\r\nKeep-Alive: timeout=1\r\n\
         Trailer: x-a\r\nX-Seaweedfs-A: 1\r\n\r\nab",
    );
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let answer = client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
    assert_eq!((answer.status, answer.text().as_str()), (206, "ab"));
    let id = answer.header("x-amz-request-id").unwrap();
    assert!(id.len() == 16 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')));
    assert_eq!((answer.header("x-amz-id-2"), answer.header("server")), (Some("rolegate"), Some("Rolegate")));
    assert_eq!((answer.header("etag"), answer.header("x-amz-meta-a")), (Some("\"e\""), Some("1")));
    assert_eq!(answer.header("content-range"), Some("bytes 0-1/9"));
    for name in ["trailer", "x-seaweedfs-a", "keep-alive"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    let record = gate.records(1).await.remove(0);
    assert_eq!(record.request_id, id);
    assert_eq!((record.status, record.backend_status, record.bytes_out), (206, Some(206), 2));
    assert_eq!(record.backend_request_id.as_deref(), Some("theirs"));
    assert_eq!((record.target.as_deref(), record.peer.as_str()), (Some("/b/k"), "127.0.0.1"));
    assert!(record.upstream_nanos.is_some() && record.fault.is_none());
}

#[tokio::test]
async fn not_modified_and_chunked_answers_pass() {
    let backend = FakeBackend::start().await;
    backend
        .answers("HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\nContent-Length: 9\r\n\r\n")
        .answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        .answers("HTTP/1.1 204 No Content\r\n\r\n");
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let get = "GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n";
    let answer = client.send(get).await.answer().await;
    assert_eq!((answer.status, answer.header("etag")), (304, Some("\"e\"")));
    let answer = client.send(get).await.answer().await;
    assert_eq!((answer.status, answer.text().as_str(), answer.complete), (200, "abcde", true));
    assert_eq!(client.send(get).await.answer().await.status, 204);
}

#[tokio::test]
async fn rule_11_a_412_of_the_gates_own_condition_is_another_answer() {
    let backend = FakeBackend::start().await;
    let failed = "HTTP/1.1 412 Precondition Failed\r\nETag: \"other\"\r\nContent-Length: 5\r\n\r\nother";
    backend.answers(failed).answers(failed).answers("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for (path, status, text) in
        [("/b/k", 412, "other"), ("/pin/k", 503, "<Code>SlowDown</Code>"), ("/pin/k", 200, "yes")]
    {
        let answer = client.send(format!("GET {path} HTTP/1.1\r\nHost: gate\r\n\r\n")).await.answer().await;
        assert_eq!((answer.status, answer.complete), (status, true), "{path}");
        assert!(
            answer.text().contains(text) && (status != 503 || answer.header("etag").is_none()),
            "{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn a_missing_object_is_hidden_where_told_so() {
    let backend = FakeBackend::start().await;
    let missing = "HTTP/1.1 404 Not Found\r\nx-amz-delete-marker: true\r\nContent-Type: text/plain\r\n";
    backend
        .answers(&format!("{missing}Content-Length: 9\r\n\r\nNoSuchKey"))
        .answers(&format!("{missing}Content-Length: 9\r\n\r\n"))
        .answers(&format!("{missing}Transfer-Encoding: chunked\r\n\r\n9\r\nNoSuchKey\r\n0\r\n\r\n"))
        .answers("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes")
        .answers(&format!("{missing}Content-Length: 9\r\n\r\nNoSuchKey"))
        .answers(&format!("{missing}Content-Length: 0\r\n\r\n"));
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for (method, path, status) in [
        ("GET", "/hide/k", 403),
        ("HEAD", "/hide/k", 403),
        ("GET", "/hide/k", 403),
        ("GET", "/hide/k", 200),
        ("GET", "/b/k", 404),
        ("GET", "/hide/k", 403),
    ] {
        client.send(format!("{method} {path} HTTP/1.1\r\nHost: gate\r\n\r\n")).await;
        let answer = client.answer_to(method).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.complete);
        if status == 403 {
            assert_eq!(answer.header("x-amz-delete-marker"), None);
            assert_eq!(answer.header("content-type"), Some("application/xml"));
            let text = answer.text();
            assert!(
                if method == "HEAD" {
                    text.is_empty()
                } else {
                    text.starts_with("<Error><Code>AccessDenied") && text.ends_with("</Error>")
                },
                "{text}"
            );
        }
    }
    let records = gate.records(6).await;
    assert!(records.iter().all(|record| record.fault.is_none()));
    assert_eq!(records[0].backend_status, Some(404));
}
