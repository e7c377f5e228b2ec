//! The gate's own calls to the backend.

use crate::support::{Act, BACKEND, FakeBackend, TestClock, signer, verify};
use bytes::Bytes;
use rolegate::backend::{BackendClientSettings, HttpBackend, Manner};
use rolegate::gateway::{Backend, BackendError, BackendRequest};
use rolegate::sigv4::{ChunkDecoder, ChunkLimits};
use rolegate::wire::Method;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

fn client(address: SocketAddr) -> HttpBackend {
    let settings = BackendClientSettings {
        tls: false,
        authority: address.to_string(),
        ca: Vec::new(),
        connect_timeout: Duration::from_secs(2),
        total_timeout: Duration::from_millis(500),
        idle_timeout: Duration::from_secs(5),
    };
    HttpBackend::new(settings, signer(), Arc::new(TestClock)).unwrap()
}

fn request(method: Method, target: &str, body: &str) -> BackendRequest {
    let headers = vec![("content-type".to_owned(), b"application/xml".to_vec())];
    BackendRequest { method, target: target.to_owned(), headers, body: Bytes::from(body.to_owned()) }
}

#[tokio::test]
async fn a_call_is_signed_and_sent_as_given() {
    let backend = FakeBackend::start().await;
    backend.answers("HTTP/1.1 200 OK\r\nX-Amz-Request-Id: 7\r\nContent-Length: 5\r\n\r\nhello");
    let client = client(backend.address);
    let target = "/b/k%20%2B//x?delete=&prefix=a%2Fb&acl";
    let answer = client.call(request(Method::Post, target, "<Delete/>"), 100).await.unwrap();
    assert_eq!((answer.status, &answer.body[..], answer.header("x-amz-request-id")), (200, &b"hello"[..], Some("7")));
    client.call(request(Method::Head, "/b", ""), 0).await.unwrap();
    client.call(request(Method::Put, "/b", ""), 2).await.unwrap();
    let seen = backend.wait(3).await;
    assert_eq!(seen[0].line(), format!("POST {target} HTTP/1.1"));
    assert_eq!((&seen[0].body[..], seen[0].header("content-length")), (&b"<Delete/>"[..], Some("9")));
    assert_eq!(seen[2].header("content-length"), Some("0"));
    seen.iter().for_each(|seen| drop(verify(seen)));
    assert_eq!(seen[0].header("x-amz-content-sha256"), Some(rolegate::sigv4::hex_sha256(b"<Delete/>").as_str()));
}

#[tokio::test]
async fn redirects_are_answers_and_nothing_is_sent_twice() {
    let backend = FakeBackend::start().await;
    backend.answers("HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    let client = client(backend.address);
    assert_eq!(client.call(request(Method::Put, "/b", ""), 9).await.unwrap().status, 307);
    assert_eq!(backend.seen().len(), 1);
    // The pooled connection dies under the next call.
    backend.then(Act::Cut);
    assert_eq!(client.call(request(Method::Put, "/b", ""), 9).await, Err(BackendError::Ambiguous));
    assert_eq!(backend.seen().len(), 2);
}

#[tokio::test]
async fn faults_say_whether_the_backend_may_have_acted() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(client(gone).call(request(Method::Get, "/b", ""), 9).await, Err(BackendError::Unreachable));
    let backend = FakeBackend::start().await;
    backend
        .then(Act::StallAfterBody)
        .answers("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")
        .then(Act::AnswerAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0".to_vec()));
    let client = client(backend.address);
    for (limit, fault) in [(9, BackendError::Ambiguous), (9, BackendError::TooLarge), (99, BackendError::Ambiguous)] {
        assert_eq!(client.call(request(Method::Get, "/b", ""), limit).await, Err(fault));
    }
    assert_eq!(backend.seen().len(), 3);
}

#[tokio::test]
async fn other_manners_are_what_they_say() {
    let backend = FakeBackend::start().await;
    backend.answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let client = client(backend.address);
    let sum = rolegate::sigv4::ChecksumAlgorithm::Crc32.of(b"content");
    let trailer = Some(("x-amz-checksum-crc32", sum));
    let manners = [
        Manner::Signed,
        Manner::Anonymous,
        Manner::Forged,
        Manner::Declared("UNSIGNED-PAYLOAD"),
        Manner::Chunked { announced: false, trailer: None },
        Manner::Chunked { announced: true, trailer },
    ];
    for manner in &manners {
        client.call_in(request(Method::Put, "/b/k", "content"), manner, 9).await.unwrap();
    }
    let seen = backend.wait(manners.len()).await;
    for name in ["authorization", "x-amz-date", "x-amz-content-sha256"] {
        assert_eq!(seen[1].header(name), None);
    }
    assert_eq!((&seen[0].body, &seen[1].body), (&b"content".to_vec(), &b"content".to_vec()));
    let signature = |at: usize| seen[at].header("authorization").unwrap().rsplit('=').next().unwrap().to_owned();
    assert_ne!(signature(0), signature(2));
    assert_eq!(signature(0).len(), signature(2).len());
    verify(&seen[3]);
    assert_eq!(seen[3].header("x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
    for (at, encoding) in [(4, None), (5, Some("aws-chunked"))] {
        assert_eq!(seen[at].header("content-encoding"), encoding);
        let (head, verified) = verify(&seen[at]);
        let decoder = ChunkDecoder::for_request(&head, &verified, &BACKEND.key(), ChunkLimits::default());
        let mut decoder = decoder.unwrap().unwrap();
        decoder.push(Bytes::from(seen[at].body.clone()), &mut Vec::new()).unwrap();
        assert_eq!(decoder.finish(), Ok(7));
    }
}
