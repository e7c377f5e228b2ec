//! TLS to the backend: its own CA, its name, nothing unverified.

use crate::support::{CA, CERTIFICATE, Client, Harness, TestClock, server_config, signer};
use bytes::Bytes;
use rolegate::backend::{BackendClientSettings, HttpBackend};
use rolegate::gateway::{Backend, BackendError, BackendRequest};
use rolegate::proxy::UpstreamTls;
use rolegate::wire::Method;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A TLS server that answers one request a connection; counts those it could read.
fn tls_backend() -> (SocketAddr, Arc<AtomicUsize>) {
    let config = server_config();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    std::thread::spawn(move || {
        while let Ok((tcp, _)) = listener.accept() {
            let session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(session, tcp);
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            if head.ends_with(b"\r\n\r\n") {
                count.fetch_add(1, Ordering::Relaxed);
                let raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
                stream.write_all(raw).unwrap();
                stream.conn.send_close_notify();
                stream.flush().unwrap_or_default();
            }
        }
    });
    (address, served)
}

#[tokio::test]
async fn the_proxy_trusts_the_given_ca_and_the_right_name_only() {
    let (address, served) = tls_backend();
    let cases = [
        ("backend.test", vec![CA.to_vec()], 200),
        ("localhost", vec![CA.to_vec()], 200),
        ("other.test", vec![CA.to_vec()], 503),
        // The system's anchors do not know the test's CA.
        ("backend.test", vec![], 503),
        ("other.test", vec![CERTIFICATE.to_vec()], 503),
    ];
    for (name, ca, status) in cases {
        let gate = Harness::with(address, |_, upstream| {
            upstream.tls = Some(UpstreamTls { server_name: name.to_owned(), ca });
        })
        .await;
        let mut client = Client::connect(gate.address).await;
        let answer = client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
    }
    assert_eq!(served.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_client_trusts_the_given_ca_and_the_right_name_only() {
    let (address, served) = tls_backend();
    let call = |host: &str, ca: Vec<Vec<u8>>| {
        let settings = BackendClientSettings {
            tls: true,
            authority: format!("{host}:{}", address.port()),
            ca,
            connect_timeout: Duration::from_secs(2),
            total_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(5),
        };
        let backend = HttpBackend::new(settings, signer(), Arc::new(TestClock)).unwrap();
        let (target, headers) = ("/b".to_owned(), Vec::new());
        let request = BackendRequest { method: Method::Get, target, headers, body: Bytes::new() };
        async move { backend.call(request, 100).await.map(|answer| answer.status) }
    };
    assert_eq!(call("localhost", vec![CA.to_vec()]).await, Ok(200));
    assert_eq!(call("127.0.0.1", vec![CA.to_vec()]).await, Err(BackendError::Unreachable), "the name is verified");
    assert_eq!(call("localhost", vec![]).await, Err(BackendError::Unreachable));
    assert_eq!(served.load(Ordering::Relaxed), 1);
}
