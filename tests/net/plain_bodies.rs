//! Bodies without chunk framing: unsigned, hashed, none; flat memory.

use crate::support::{Act, Client, FakeBackend, Harness, verify};
use sha2::{Digest, Sha256};

fn hashed_put(hash: &str, length: usize) -> String {
    format!("PUT /b/k HTTP/1.1\r\nHost: gate\r\nX-Amz-Content-Sha256: {hash}\r\nContent-Length: {length}\r\n\r\n")
}

#[tokio::test]
async fn a_hashed_body_goes_on_with_its_hash() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let body: Vec<u8> = (0..200_000u32).map(|number| (number % 251) as u8).collect();
    let hash = hex::encode(Sha256::digest(&body));
    client.send(hashed_put(&hash, body.len())).await.send(&body).await;
    assert_eq!(client.answer().await.status, 200);
    let seen = backend.wait(1).await.remove(0);
    assert!(seen.complete && seen.body == body);
    assert_eq!(seen.header("x-amz-content-sha256"), Some(hash.as_str()));
    assert_eq!(seen.header("content-length"), Some("200000"));
    verify(&seen);
}

#[tokio::test]
async fn a_body_with_another_hash_is_never_complete_at_the_backend() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    for length in [1usize, 5, 65_536, 200_000] {
        let body = vec![7; length];
        let hash = hex::encode(Sha256::digest(&body));
        for at in [0, length - 1] {
            let mut tampered = body.clone();
            tampered[at] ^= 1;
            let mut client = Client::connect(gate.address).await;
            client.send(hashed_put(&hash, length)).await.send(&tampered).await;
            let answer = client.answer().await;
            assert_eq!(answer.status, 400);
            assert!(answer.text().contains("XAmzContentSHA256Mismatch"), "{}", answer.text());
            assert!(client.is_closed().await);
        }
    }
    assert!(backend.settled().await.iter().all(|seen| !seen.complete));
}

#[tokio::test]
async fn an_empty_body_with_another_hash_never_reaches_the_backend() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let answer = client.send(hashed_put(&"ab".repeat(32), 0)).await.answer().await;
    assert!(answer.text().contains("XAmzContentSHA256Mismatch"));
    let mut client = Client::connect(gate.address).await;
    let answer = client.send(hashed_put(&hex::encode(Sha256::digest(b"")), 0)).await.answer().await;
    assert_eq!(answer.status, 200);
    assert_eq!(backend.seen().len(), 1);
}

#[tokio::test]
async fn a_body_where_none_belongs_is_refused() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let raw = "GET /b/k HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = client.send(format!("{raw}1\r\nx\r\n0\r\n\r\n")).await.answer().await;
    assert!(answer.status == 400 && answer.text().contains("UnexpectedBody"), "{}", answer.text());
    assert!(backend.seen().is_empty());
    // An announced body of no bytes is none.
    let mut client = Client::connect(gate.address).await;
    assert_eq!(client.send(format!("{raw}0\r\n\r\n")).await.answer().await.status, 200);
    let seen = backend.wait(1).await.remove(0);
    assert_eq!((seen.header("content-length"), seen.header("transfer-encoding")), (Some("0"), None));
    verify(&seen);
}

#[tokio::test]
async fn broken_transfer_coding_is_an_error_of_the_client() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let raw = "POST /read HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    assert_eq!(client.send(raw).await.answer().await.status, 400);
}

/// Resident set of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

const PIECE: usize = 1 << 20;
const PIECES: usize = 256;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_flat_while_256_mib_pass_both_ways() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let piece = vec![0x5a; PIECE];
    let mut hasher = Sha256::new();
    (0..PIECES).for_each(|_| hasher.update(&piece));
    let hash = hex::encode(hasher.finalize());

    let mut client = Client::connect(gate.address).await;
    client.send(hashed_put(&hash, PIECE * PIECES)).await;
    client.send(&piece).await;
    let before = resident();
    for _ in 1..PIECES {
        client.send(&piece).await;
    }
    assert_eq!(client.answer().await.status, 200);
    let seen = backend.wait(1).await.remove(0);
    assert!(seen.complete && seen.body_length == (PIECE * PIECES) as u64);
    // The fake backend keeps 32 MiB, and its buffers; the rest would be the proxy's.
    assert!(resident() < before + 120 * 1024, "grew from {before} to {} KiB", resident());

    let mut raw = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PIECE * 64).into_bytes();
    raw.extend(std::iter::repeat_n(1, PIECE * 64));
    backend.then(Act::Answer(raw));
    let answer = client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
    assert!(answer.complete && answer.body.len() == PIECE * 64);
}
