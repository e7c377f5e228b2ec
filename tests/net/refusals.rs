//! Answers by which the backend refuses the gate's own credentials, and answers that only look like them.

use crate::support::{Act, Answer, Client, FakeBackend, Harness};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const GET: &str = "GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n";
const HEAD: &str = "HEAD /b/k HTTP/1.1\r\nHost: gate\r\n\r\n";
const PUT: &str = "PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\nhello";
const XML: &str = "Content-Type: application/xml\r\n";

/// An error document that names the gate's key.
fn document(code: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><AWSAccessKeyId>BACKENDKEY</AWSAccessKeyId></Error>")
}

/// The same as the client hears it: without the gate's key, and with the ids of the answer.
fn told(code: &str, answer: &Answer) -> String {
    let id = answer.header("x-amz-request-id").unwrap();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><RequestId>{id}</RequestId>\
         <HostId>{id}</HostId></Error>"
    )
}

fn with_length(status: u16, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// The body in chunks of so many bytes.
fn chunked(status: u16, fields: &str, body: &str, size: usize) -> String {
    let mut raw = format!("HTTP/1.1 {status} X\r\n{fields}Transfer-Encoding: chunked\r\n\r\n");
    for chunk in body.as_bytes().chunks(size) {
        raw.push_str(&format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap()));
    }
    raw + "0\r\n\r\n"
}

fn until_close(status: u16, fields: &str, body: &str) -> Act {
    Act::AnswerAndClose(format!("HTTP/1.1 {status} X\r\n{fields}\r\n{body}").into_bytes())
}

async fn is_refused(gate: &Harness, raw: &str) {
    let mut client = Client::connect(gate.address).await;
    let answer = client.send(raw).await.answer().await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().contains("GateRefused") && answer.complete && client.is_closed().await);
    assert!(!answer.text().contains("BACKENDKEY") && !answer.head.contains("x-amz-meta-backend"), "{}", answer.head);
}

#[tokio::test]
async fn a_refusal_of_the_gate_does_not_reach_the_client_in_whatever_framing() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let body = document("SignatureDoesNotMatch");
    let long = body.clone() + &" ".repeat(200_000);
    let acts = [
        Act::Answer(with_length(403, &format!("{XML}x-amz-meta-backend: 1\r\n"), &body).into_bytes()),
        Act::Answer(with_length(400, "", &document("AuthorizationHeaderMalformed")).into_bytes()),
        Act::Answer(with_length(401, "content-type: Text/XML; charset=utf-8\r\n", &body).into_bytes()),
        Act::Answer(chunked(403, XML, &body, 1000).into_bytes()),
        Act::Answer(chunked(403, XML, &body, 1).into_bytes()),
        until_close(403, XML, &body),
        Act::Answer(with_length(403, XML, &long).into_bytes()),
        Act::Answer(chunked(403, XML, &long, 10_000).into_bytes()),
        until_close(403, XML, &long),
        // Before the body is there.
        Act::AnswerEarly(with_length(403, XML, &body).into_bytes()),
    ];
    for act in &acts {
        for raw in [GET, PUT] {
            backend.then(act.clone());
            is_refused(&gate, raw).await;
        }
    }
    let records = gate.records(2 * acts.len()).await;
    assert!(records.iter().all(|record| record.status == 503 && record.fault.is_some()));
    assert_eq!((records[0].backend_status, records[2].backend_status), (Some(403), Some(400)));
}

/// A backend that answers once, in pieces with a pause after each.
async fn piecemeal(pieces: Vec<String>) -> Harness {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gate = Harness::with(listener.local_addr().unwrap(), |_, upstream| {
        upstream.read_timeout = Duration::from_millis(500);
    });
    let gate = gate.await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.read_u8().await.unwrap();
        for piece in pieces {
            stream.write_all(piece.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        std::future::pending::<()>().await;
    });
    gate
}

#[tokio::test]
async fn a_refusal_in_pieces_is_read_before_anything_goes_out() {
    for raw in
        [with_length(403, XML, &document("InvalidAccessKeyId")), chunked(403, XML, &document("InvalidAccessKeyId"), 7)]
    {
        for at in [raw.find("\r\n\r\n").unwrap() + 4, raw.find("Invalid").unwrap_or(raw.len() / 2) + 3, raw.len() - 1] {
            let gate = piecemeal(vec![raw[..at].to_owned(), raw[at..].to_owned()]).await;
            is_refused(&gate, GET).await;
        }
    }
    // Held, but the client's.
    let raw = with_length(403, XML, &document("AccessDenied"));
    let gate = piecemeal(raw.as_bytes().chunks(60).map(|piece| String::from_utf8(piece.to_vec()).unwrap()).collect());
    let answer = Client::connect(gate.await.address).await.send(GET).await.answer().await;
    assert_eq!((answer.status, answer.text()), (403, told("AccessDenied", &answer)));
}

#[tokio::test]
async fn what_stalls_or_is_cut_before_it_is_read_is_the_backends_fault() {
    let gate = piecemeal(vec![format!("HTTP/1.1 403 X\r\n{XML}Content-Length: 900\r\n\r\n<Error><Co")]).await;
    let answer = Client::connect(gate.address).await.send(GET).await.answer().await;
    assert!(answer.status == 504 && answer.text().contains("BackendTimedOut"), "{}", answer.text());
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    for (framing, body) in [("Content-Length: 900", "<Error>"), ("Transfer-Encoding: chunked", "7\r\n<Error>\r\n")] {
        let raw = format!("HTTP/1.1 403 X\r\n{XML}{framing}\r\n\r\n{body}");
        backend.then(Act::AnswerAndClose(raw.into_bytes()));
        let answer = Client::connect(gate.address).await.send(GET).await.answer().await;
        assert!(answer.status == 502 && answer.text().contains("BackendCut"), "{}", answer.text());
    }
    backend.answers(&format!("HTTP/1.1 403 X\r\n{XML}Transfer-Encoding: chunked\r\n\r\nzz\r\n"));
    let answer = Client::connect(gate.address).await.send(GET).await.answer().await;
    assert!(answer.status == 502 && answer.text().contains("BackendMalformed"), "{}", answer.text());
}

#[tokio::test]
async fn all_other_refusals_pass_whole_and_keep_the_connections() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let (denied, refused) = (document("AccessDenied"), document("SignatureDoesNotMatch"));
    let late = format!("<Error>{}{refused}", " ".repeat(200_000));
    let mut client = Client::connect(gate.address).await;
    let cases = [
        (403, "", String::new()),
        (403, XML, denied.clone() + &"x".repeat(200_000)),
        // Its code comes too late to be that of an error document.
        (403, XML, late),
        (403, "Content-Type: text/html\r\n", refused.clone()),
        (404, XML, refused.clone() + "<"),
        (404, "Content-Type: text/plain\r\n", refused.clone()),
        (200, XML, refused.clone()),
    ];
    for (status, fields, body) in &cases {
        for raw in [with_length(*status, fields, body), chunked(*status, fields, body, 30_000)] {
            backend.answers(&raw);
            let answer = client.send(GET).await.answer().await;
            assert_eq!((answer.status, answer.complete), (*status, true));
            assert!(answer.text() == *body, "{} bytes of {}", answer.body.len(), body.len());
            assert_eq!(answer.header("content-type"), fields.split_once(": ").map(|(_, value)| value.trim()));
        }
    }
    assert_eq!(backend.connections(), 1);
    let sent: u64 = cases.iter().map(|(_, _, body)| 2 * body.len() as u64).sum();
    let records = gate.records(2 * cases.len()).await;
    assert_eq!(records.iter().map(|record| record.bytes_out).sum::<u64>(), sent);
    assert!(records.iter().all(|record| record.fault.is_none()));
    // The head of a refusal says nothing of its code.
    backend.answers(&format!("HTTP/1.1 403 X\r\n{XML}Content-Length: 150\r\n\r\n"));
    assert_eq!(client.send(HEAD).await.answer_to("HEAD").await.status, 403);
    for body in [denied.clone() + &" ".repeat(200_000), String::new()] {
        backend.then(until_close(403, XML, &body));
        let answer = client.send(GET).await.answer().await;
        assert_eq!((answer.status, answer.complete, answer.body.len()), (403, true, body.len()));
    }
}

#[tokio::test]
async fn error_documents_lose_what_names_the_backend_in_whatever_framing() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for (status, code) in [
        (301, "PermanentRedirect"),
        (403, "AccessDenied"),
        (404, "SignatureDoesNotMatch"),
        (412, "PreconditionFailed"),
        (416, "InvalidRange"),
        (503, "SlowDown"),
    ] {
        let body = document(code);
        let acts = [
            Act::Answer(with_length(status, &format!("{XML}Retry-After: 7\r\nServer: MinIO\r\n"), &body).into_bytes()),
            Act::Answer(chunked(status, &format!("{XML}Retry-After: 7\r\n"), &body, 9).into_bytes()),
            until_close(status, "Retry-After: 7\r\n", &body),
        ];
        for act in acts {
            backend.then(act);
            let answer = client.send(GET).await.answer().await;
            assert_eq!((answer.status, answer.complete, answer.text()), (status, true, told(code, &answer)));
            assert_eq!((answer.header("retry-after"), answer.header("server")), (Some("7"), Some("Rolegate")));
        }
    }
}

#[tokio::test]
async fn of_a_hidden_object_only_what_is_about_something_else_is_told() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let hide = "GET /hide/k HTTP/1.1\r\nHost: gate\r\n\r\n";
    for (body, status) in [
        (document("NoSuchKey"), 403),
        (document("NoSuchVersion"), 403),
        (document("Unheard"), 403),
        ("<html/>".to_owned(), 403),
        (String::new(), 403),
        (document("NoSuchKey") + &" ".repeat(200_000), 403),
        (document("NoSuchUpload"), 404),
        (document("NoSuchBucket"), 404),
    ] {
        for raw in [with_length(404, XML, &body), chunked(404, XML, &body, 30_000)] {
            backend.answers(&raw);
            let answer = client.send(hide).await.answer().await;
            assert_eq!((answer.status, answer.complete), (status, true), "{body:.80}");
            assert_eq!(answer.text().contains("hidden"), status == 403, "{}", answer.text());
            assert!(!answer.text().contains("BACKENDKEY"));
        }
    }
    backend.answers("HTTP/1.1 404 X\r\nContent-Type: application/xml\r\nContent-Length: 150\r\n\r\n");
    assert_eq!(client.send(hide.replace("GET", "HEAD")).await.answer_to("HEAD").await.status, 403);
}

#[tokio::test]
async fn what_a_reader_may_not_see_stays_behind() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for (path, seen) in [("/withhold/k", None), ("/b/k", Some("2"))] {
        backend.answers("HTTP/1.1 200 X\r\nX-Amz-Tagging-Count: 2\r\nETag: \"1\"\r\nContent-Length: 0\r\n\r\n");
        let answer = client.send(format!("GET {path} HTTP/1.1\r\nHost: gate\r\n\r\n")).await.answer().await;
        assert_eq!((answer.status, answer.header("x-amz-tagging-count")), (200, seen));
        assert_eq!(answer.header("etag"), Some("\"1\""));
    }
}
