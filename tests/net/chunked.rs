//! Bodies in aws-chunked framing: checked, signed anew or decoded; tampered ones are never complete.

use crate::support::{BACKEND, Client, ClientRequest, FakeBackend, Harness, Seen, stream_body, verify};
use bytes::Bytes;
use rolegate::proxy::AwsChunked;
use rolegate::sigv4::{BodyError, ChunkDecoder, ChunkEvent, ChunkLimits};
use rolegate::wire::Method;

pub(crate) const UNSIGNED: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
pub(crate) const SIGNED: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
pub(crate) const SIGNED_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const CONTENT: &[u8] = b"The quick brown fox jumps over the lazy dog";
const NAME: &str = "x-amz-checksum-sha256";

/// SHA-256 of a content in base64, as the trailer has it.
fn checksum(content: &[u8]) -> String {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(content))
}

/// Head and body of an upload of one kind. `coded` sends it without Content-Length.
pub(crate) fn upload(kind: &str, chunks: &[&[u8]], coded: bool) -> (String, Vec<u8>) {
    let content = chunks.concat();
    let request = |length: Option<usize>| {
        let mut request = ClientRequest::new(Method::Put, "/b/k", kind)
            .with("x-amz-decoded-content-length", content.len())
            .with("content-encoding", "aws-chunked,gzip");
        if kind != SIGNED {
            request = request.with("x-amz-trailer", NAME);
        }
        match length {
            Some(length) if !coded => request.with("content-length", length).head(),
            _ => request.with("transfer-encoding", "chunked").head(),
        }
    };
    let sum = checksum(&content);
    let body = |seed: &str| match kind {
        UNSIGNED => {
            let mut body = Vec::new();
            for chunk in chunks {
                body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                body.extend_from_slice(chunk);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(format!("0\r\n{NAME}:{sum}\r\n\r\n").as_bytes());
            body
        }
        SIGNED => stream_body(seed, chunks, None),
        _ => stream_body(seed, chunks, Some((NAME, &sum))),
    };
    // Neither length nor coding is signed: the seed is the same with and without.
    let (_, seed) = request(None);
    let body = body(&seed);
    let (head, _) = request(Some(body.len()));
    (head, body)
}

/// A piece in the chunked transfer coding.
pub(crate) fn code(piece: &[u8]) -> Vec<u8> {
    let mut out = format!("{:x}\r\n", piece.len()).into_bytes();
    out.extend_from_slice(piece);
    out.extend_from_slice(b"\r\n");
    out
}

/// Verifies what the backend saw, chunk signatures and all, and gives the content.
fn decode(seen: &Seen) -> Result<Vec<u8>, BodyError> {
    let (head, verified) = verify(seen);
    let limits = ChunkLimits::default();
    let mut decoder = ChunkDecoder::for_request(&head, &verified, &BACKEND.key(), limits)?.unwrap();
    let mut events = Vec::new();
    decoder.push(Bytes::from(seen.body.clone()), &mut events)?;
    decoder.finish()?;
    let mut content = Vec::new();
    for event in &events {
        match event {
            ChunkEvent::Chunk(chunk) => content.extend_from_slice(chunk.data()),
            ChunkEvent::Piece(piece) => content.extend_from_slice(piece),
            ChunkEvent::Trailers(_) => {}
        }
    }
    Ok(content)
}

#[tokio::test]
async fn each_kind_arrives_verifiable_with_its_framing() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let big = vec![3; 300_000];
    for kind in [UNSIGNED, SIGNED, SIGNED_TRAILER] {
        for chunks in [&[CONTENT][..], &[&CONTENT[..10], &CONTENT[10..]], &[], &[&big, CONTENT]] {
            let (head, body) = upload(kind, chunks, false);
            let answer = client.send(&head).await.send(&body).await.answer().await;
            assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
            let seen = backend.seen().pop().unwrap();
            assert_eq!(decode(&seen).unwrap(), chunks.concat(), "{kind}");
            assert_eq!(seen.header("content-length"), Some(body.len().to_string().as_str()));
            assert_eq!(seen.header("x-amz-content-sha256"), Some(kind));
            assert_eq!(seen.header("content-encoding"), Some("gzip"));
            assert_eq!(seen.header("x-amz-trailer"), (kind != SIGNED).then_some(NAME));
        }
    }
}

#[tokio::test]
async fn chunked_transfer_coding_stays_chunked() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for kind in [UNSIGNED, SIGNED, SIGNED_TRAILER] {
        let (head, body) = upload(kind, &[CONTENT, CONTENT], true);
        client.send(&head).await;
        for piece in body.chunks(7) {
            client.send(code(piece)).await;
        }
        let answer = client.send("0\r\n\r\n").await.answer().await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
        let seen = backend.seen().pop().unwrap();
        assert_eq!(seen.header("transfer-encoding"), Some("chunked"));
        assert!(seen.complete && decode(&seen).unwrap() == [CONTENT, CONTENT].concat());
    }
}

#[tokio::test]
async fn every_split_of_the_wire_gives_the_same_upload() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for kind in [UNSIGNED, SIGNED_TRAILER] {
        // In transfer chunks the split reaches the proxy as it is, whatever the sockets do.
        let (head, body) = upload(kind, &[&CONTENT[..9], &CONTENT[9..]], true);
        for at in 1..body.len() {
            let (one, two) = body.split_at(at);
            let raw = [head.as_bytes(), &code(one), &code(two), b"0\r\n\r\n"].concat();
            let answer = client.send(raw).await.answer().await;
            assert_eq!(answer.status, 200, "{kind} at {at}: {}", answer.text());
        }
    }
    assert!(backend.seen().iter().all(|seen| decode(seen).unwrap() == CONTENT));
}

#[tokio::test]
async fn no_tampered_byte_leaves_a_complete_upload() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    for (kind, coded) in [(UNSIGNED, false), (SIGNED, false), (SIGNED_TRAILER, false), (SIGNED_TRAILER, true)] {
        let (head, body) = upload(kind, &[&CONTENT[..9], &CONTENT[9..]], coded);
        for at in 0..body.len() {
            let mut bad = body.clone();
            bad[at] ^= 1;
            let body = if coded { [code(&bad), b"0\r\n\r\n".to_vec()].concat() } else { bad };
            let mut client = Client::connect(gate.address).await;
            let answer = client.send([head.as_bytes(), &body].concat()).await.answer().await;
            // A hexadecimal digit of a size may become another spelling of the same number; none here does.
            assert!((400..500).contains(&answer.status), "{kind} at {at}: {} {}", answer.status, answer.text());
            assert!(client.is_closed().await);
        }
    }
    // What is found in the first bytes never reaches the backend at all.
    assert!(backend.settled().await.iter().all(|seen| !seen.complete));
}

#[tokio::test]
async fn cut_uploads_and_bytes_after_the_end_are_never_complete() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    for kind in [UNSIGNED, SIGNED, SIGNED_TRAILER] {
        let (head, body) = upload(kind, &[CONTENT], true);
        for at in (0..body.len()).step_by(3) {
            // The transfer coding ends well, the framing inside does not.
            let mut client = Client::connect(gate.address).await;
            let inner = if at == 0 { Vec::new() } else { code(&body[..at]) };
            let answer = client.send([head.as_bytes(), &inner, b"0\r\n\r\n"].concat()).await.answer().await;
            assert_eq!(answer.status, 400, "{kind} at {at}");
            assert!(answer.text().contains("IncompleteBody"), "{}", answer.text());
        }
        let mut client = Client::connect(gate.address).await;
        let answer =
            client.send([head.as_bytes(), &code(&body), &code(b"x"), b"0\r\n\r\n"].concat()).await.answer().await;
        assert_eq!(answer.status, 400, "{kind}");
    }
    assert!(backend.seen().iter().all(|seen| !seen.complete));
}

#[tokio::test]
async fn the_last_content_waits_for_the_trailer() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |_, upstream| upstream.aws_chunked = AwsChunked::Decode).await;
    for kind in [UNSIGNED, SIGNED, SIGNED_TRAILER] {
        let (head, body) = upload(kind, &[&CONTENT[..9], &CONTENT[9..]], false);
        for cut in [1, 2, 3, 20] {
            let mut client = Client::connect(gate.address).await;
            let before = backend.seen().len();
            client.send(&head).await.send(&body[..body.len() - cut]).await;
            drop(client);
            let seen = backend.wait(before + 1).await.pop().unwrap();
            assert!(!seen.complete && seen.body_length < CONTENT.len() as u64, "{kind} without its last {cut} bytes");
        }
    }
}

#[tokio::test]
async fn decode_sends_a_plain_body() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |_, upstream| upstream.aws_chunked = AwsChunked::Decode).await;
    let mut client = Client::connect(gate.address).await;
    let big = vec![9; 200_000];
    for kind in [UNSIGNED, SIGNED, SIGNED_TRAILER] {
        for chunks in [&[CONTENT, &big][..], &[CONTENT], &[]] {
            let content = chunks.concat();
            let (head, body) = upload(kind, chunks, false);
            let answer = client.send(&head).await.send(&body).await.answer().await;
            assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
            let seen = backend.seen().pop().unwrap();
            assert!(seen.complete && seen.body == content);
            assert_eq!(seen.header("content-length"), Some(content.len().to_string().as_str()));
            assert_eq!(seen.header("x-amz-content-sha256"), Some("UNSIGNED-PAYLOAD"));
            assert_eq!(seen.header("content-encoding"), Some("gzip"));
            for gone in ["x-amz-trailer", "x-amz-decoded-content-length", "transfer-encoding"] {
                assert_eq!(seen.header(gone), None);
            }
            verify(&seen);
        }
    }
    // An empty object would be complete with its head: a false trailer must be found before.
    let count = backend.seen().len();
    let (head, body) = upload(UNSIGNED, &[], false);
    let bad = String::from_utf8(body).unwrap().replace(&checksum(b""), &checksum(b"x"));
    let answer = client.send(&head).await.send(bad).await.answer().await;
    assert!(answer.status == 400 && answer.text().contains("BadDigest"), "{}", answer.text());
    assert_eq!(backend.seen().len(), count);
}

#[tokio::test]
async fn rule_28_waiting_chunks_come_out_of_the_budget() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |settings, _| settings.buffered_bytes = 300_000).await;
    let mut client = Client::connect(gate.address).await;
    for (size, status) in [(290_000, 200), (290_000, 200), (1_000_000, 503)] {
        let (head, body) = upload(SIGNED, &[&vec![1; size]], false);
        let answer = client.send(&head).await.send(&body).await.answer().await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    assert!(!backend.wait(3).await[2].complete);
}

#[tokio::test]
async fn a_chunk_larger_than_the_limit_is_refused_before_it_is_held() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let big = vec![1; (1 << 20) + 1];
    let (head, body) = upload(SIGNED, &[&big], false);
    let mut client = Client::connect(gate.address).await;
    let answer = client.send(&head).await.send(&body[..100_000]).await.answer().await;
    assert!(answer.text().contains("InvalidChunkSizeError"), "{}", answer.text());
    assert!(backend.settled().await.iter().all(|seen| !seen.complete));
}
