//! Bodies that end too soon, at every place: no upload is whole at the backend that its client did not send whole, and
//! no answer is whole for the client that the backend did not.

use crate::chunked::{SIGNED, SIGNED_TRAILER, UNSIGNED, code, upload};
use crate::support::{Act, Answer, CA, Client, FakeBackend, Harness, server_config};
use rolegate::proxy::{AwsChunked, UpstreamTls};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const GET: &str = "GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n";

/// How the backend's end of a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// TCP ends in good order; TLS is not closed before.
    Fin,
    /// TLS is closed, then TCP.
    CloseNotify,
    /// TCP is reset.
    Reset,
}

/// A backend behind TLS that gives the same answer to every request, and ends the connection.
async fn tls_backend(answer: Vec<u8>, end: End) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(server_config());
        while let Ok((tcp, _)) = listener.accept().await {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(tcp).await else { return };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.is_ok_and(|count| count > 0) {}
                stream.write_all(&answer).await.unwrap_or_default();
                stream.flush().await.unwrap_or_default();
                match end {
                    End::Fin => {}
                    End::CloseNotify => stream.shutdown().await.unwrap_or_default(),
                    End::Reset => {
                        // What was written is to arrive first.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        stream.get_ref().0.set_zero_linger().unwrap();
                    }
                }
            });
        }
    });
    address
}

async fn through_tls(answer: &str, end: End) -> Option<Answer> {
    let address = tls_backend(answer.as_bytes().to_vec(), end).await;
    let gate = Harness::with(address, |_, upstream| {
        upstream.tls = Some(UpstreamTls { server_name: "backend.test".to_owned(), ca: vec![CA.to_vec()] });
    })
    .await;
    Client::connect(gate.address).await.send(GET).await.try_answer_to("GET").await
}

fn is_whole(answer: Option<&Answer>, body: &str) -> bool {
    answer.is_some_and(|answer| answer.status == 200 && answer.complete && answer.text() == body)
}

fn is_cut(answer: Option<&Answer>) -> bool {
    answer.is_none_or(|answer| !answer.complete || answer.status == 502)
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_whole_only_if_tls_says_so() {
    let open = "HTTP/1.1 200 OK\r\nETag: e\r\n\r\nhalf of it";
    assert!(is_whole(through_tls(open, End::CloseNotify).await.as_ref(), "half of it"));
    for end in [End::Fin, End::Reset] {
        assert!(is_cut(through_tls(open, end).await.as_ref()), "{end:?}: anybody on the way can end TCP");
    }
    // An end of its own needs no other.
    for end in [End::Fin, End::CloseNotify, End::Reset] {
        for whole in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ] {
            assert!(is_whole(through_tls(whole, end).await.as_ref(), "hello"), "{end:?} {whole}");
            let cut = through_tls(&whole[..whole.len() - 1], end).await;
            assert!(is_cut(cut.as_ref()), "{end:?} {whole}: {cut:?}");
        }
        // Nor is an error document half read.
        let document = "HTTP/1.1 404 Not Found\r\nContent-Type: application/xml\r\n\r\n<Error><Code>NoSuchKey</Code>";
        let answer = through_tls(document, end).await.unwrap();
        assert_eq!(answer.status == 502, end != End::CloseNotify, "{end:?}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_is_cut_wherever_the_backend_stops() {
    let document = "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>";
    let length = document.len();
    let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n".to_owned(),
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
        format!("HTTP/1.1 404 Gone\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n{document}"),
        format!(
            "HTTP/1.1 416 Range\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n\
             {length:x}\r\n{document}\r\n0\r\n\r\n"
        ),
    ];
    for raw in answers {
        let backend = FakeBackend::start().await;
        let gate = Harness::start(backend.address).await;
        for at in 0..raw.len() {
            backend.then(Act::AnswerAndClose(raw.as_bytes()[..at].to_vec()));
            let answer = Client::connect(gate.address).await.send(GET).await.try_answer_to("GET").await;
            assert!(is_cut(answer.as_ref()), "{at} bytes of {raw}: {answer:?}");
        }
        backend.then(Act::AnswerAndClose(raw.clone().into_bytes()));
        let answer = Client::connect(gate.address).await.send(GET).await.answer().await;
        assert!(answer.complete && answer.status != 502, "{raw}: {answer:?}");
        let records = gate.records(raw.len() + 1).await;
        assert!(records[..raw.len()].iter().all(|record| record.fault.is_some()), "a cut answer is no success");
    }
}

/// Uploads in every framing that there is: head and body.
fn uploads() -> Vec<(String, Vec<u8>)> {
    let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let plain = "PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n";
    let mut uploads = vec![
        (format!("{plain}\r\n"), b"hello".to_vec()),
        (format!("{plain}x-amz-content-sha256: {hash}\r\n\r\n"), b"hello".to_vec()),
    ];
    for kind in [UNSIGNED, SIGNED, SIGNED_TRAILER] {
        for chunks in [&[&b"hello"[..], b"world"][..], &[]] {
            uploads.push(upload(kind, chunks, false));
            let (head, body) = upload(kind, chunks, true);
            let mut wire: Vec<u8> = body.chunks(60).flat_map(code).collect();
            wire.extend_from_slice(b"0\r\nA: b\r\n\r\n");
            uploads.push((head, wire));
        }
    }
    uploads
}

/// Sends part of an upload and leaves.
async fn leave(address: SocketAddr, over_tls: bool, part: &[u8], end: End) {
    if over_tls {
        let mut client = Client::over_tls(address).await;
        client.send(part).await;
        match end {
            End::Fin => {}
            End::CloseNotify => client.stream.shutdown().await.unwrap(),
            End::Reset => client.stream.get_ref().0.set_zero_linger().unwrap(),
        }
        if end == End::CloseNotify {
            // It hears the answer, as one that has only finished to send does.
            assert!(client.try_answer_to("PUT").await.is_none_or(|answer| answer.status >= 400));
        }
    } else {
        let mut client = Client::connect(address).await;
        client.send(part).await;
        match end {
            End::Fin => {}
            End::CloseNotify => {
                client.stream.shutdown().await.unwrap();
                assert!(client.try_answer_to("PUT").await.is_none_or(|answer| answer.status >= 400));
            }
            End::Reset => client.stream.set_zero_linger().unwrap(),
        }
    }
}

#[tokio::test]
async fn an_upload_is_never_whole_wherever_and_however_its_client_stops() {
    for mode in [AwsChunked::Pass, AwsChunked::Announce, AwsChunked::Decode] {
        for over_tls in [false, true] {
            let backend = FakeBackend::start().await;
            let tls = over_tls.then(|| TlsAcceptor::from(server_config()));
            let gate = Harness::with_tls(backend.address, tls, |_, upstream| upstream.aws_chunked = mode).await;
            let mut count = 0;
            for (head, body) in uploads() {
                let ends = [End::Fin, End::CloseNotify, End::Reset];
                let last = body.len() - 1;
                let places = (0..last).step_by(1 + body.len() / 24).chain(last.saturating_sub(9)..=last);
                for (at, end) in places.zip(ends.into_iter().cycle()) {
                    leave(gate.address, over_tls, &[head.as_bytes(), &body[..at]].concat(), end).await;
                    count += 1;
                }
            }
            // A reset may overtake the head: not all of them are requests.
            let seen = backend.settled().await;
            assert!(seen.len() > count / 4, "many came so far");
            for seen in seen {
                assert!(!seen.complete, "{mode:?} {over_tls}: {} {:?}", seen.head, String::from_utf8_lossy(&seen.body));
            }
            // All of them are good uploads, also of a client that has finished to send.
            for (head, body) in uploads() {
                let mut client = Client::connect(gate.address).await;
                if over_tls {
                    let mut client = Client::over_tls(gate.address).await;
                    client.send([head.as_bytes(), &body].concat()).await.stream.shutdown().await.unwrap();
                    assert_eq!(client.answer().await.status, 200, "{mode:?} {head}");
                    continue;
                }
                client.send([head.as_bytes(), &body].concat()).await.stream.shutdown().await.unwrap();
                assert_eq!(client.answer().await.status, 200, "{mode:?} {head}");
            }
        }
    }
}
