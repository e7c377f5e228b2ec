//! Bodies in aws-chunked framing: AWS's own examples, any split, any change, signing anew.

use super::checksum::Checksum;
use super::chunk_signature::ChunkChain;
use super::tests::{accept, head, key};
use super::*;
use crate::types::{AccessKeyId, Timestamp};
use crate::wire::Method;
use bytes::Bytes;
use proptest::prelude::*;

const TIME: &str = "20130524T000000Z";
const SCOPE: &str = "20130524/us-east-1/s3/aws4_request";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    SignedTrailer,
}

fn chain(seed: &str) -> ChunkChain {
    ChunkChain::new(&key("20130524"), TIME, SCOPE, seed)
}

fn decoder(kind: Kind, algorithm: ChecksumAlgorithm, length: usize) -> ChunkDecoder {
    let trailers = (kind != Kind::Signed).then(|| vec![algorithm]);
    let chain = (kind != Kind::Unsigned).then(|| chain("seed"));
    ChunkDecoder::new(chain, trailers, length as u64, ChunkLimits::default())
}

/// A body as a client frames it.
fn framed(kind: Kind, algorithm: ChecksumAlgorithm, chunks: &[Vec<u8>], line_end: &str) -> Vec<u8> {
    let mut chain = chain("seed");
    let mut checksum = Checksum::new(algorithm);
    let mut out = Vec::new();
    for data in chunks.iter().chain([&Vec::new()]) {
        checksum.update(data);
        let sha256: [u8; 32] = hex::decode(hex_sha256(data)).unwrap().try_into().unwrap();
        let extension = match kind {
            Kind::Unsigned => String::new(),
            _ => format!(";chunk-signature={}", chain.next_chunk(&sha256)),
        };
        out.extend_from_slice(format!("{:x}{extension}\r\n", data.len()).as_bytes());
        out.extend_from_slice(data);
        if !data.is_empty() || kind == Kind::Signed {
            out.extend_from_slice(b"\r\n");
        }
    }
    let (name, value) = (algorithm.field_name(), checksum.value());
    let blank = if line_end == "\n" { "\r\n" } else { "" };
    match kind {
        Kind::Signed => {}
        Kind::Unsigned => out.extend_from_slice(format!("{name}:{value}{line_end}\r\n").as_bytes()),
        Kind::SignedTrailer => {
            let signature = chain.trailer(&[(name.into(), value.as_str().into())]).to_owned();
            let text = format!("{name}:{value}{line_end}{blank}x-amz-trailer-signature:{signature}\r\n\r\n");
            out.extend_from_slice(text.as_bytes());
        }
    }
    out
}

/// Decodes pieces of the given sizes in turn; gives the content and the whole chunks and trailers.
fn decode(mut decoder: ChunkDecoder, body: &[u8], sizes: &[usize]) -> Result<(Vec<u8>, Vec<ChunkEvent>), BodyError> {
    let (mut rest, mut events) = (body, Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).clamp(1, rest.len()));
        rest = after;
        decoder.push(Bytes::copy_from_slice(piece), &mut events)?;
    }
    let length = decoder.finish()?;
    let mut content = Vec::new();
    for event in &events {
        match event {
            ChunkEvent::Chunk(chunk) => content.extend_from_slice(chunk.data()),
            ChunkEvent::Piece(piece) => content.extend_from_slice(piece),
            ChunkEvent::Trailers(_) => {}
        }
    }
    assert_eq!(length, content.len() as u64);
    events.retain(|event| !matches!(event, ChunkEvent::Piece(_)));
    Ok((content, events))
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![Kind::Unsigned, Kind::Signed, Kind::SignedTrailer])
}

fn algorithms() -> impl Strategy<Value = ChecksumAlgorithm> {
    prop::sample::select(ChecksumAlgorithm::ALL.to_vec())
}

fn line_ends() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["\r\n", "\n"])
}

fn contents() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..4)
}

proptest! {
    #[test]
    fn the_same_comes_out_however_the_input_is_split(
        kind in kinds(), algorithm in algorithms(), chunks in contents(), line_end in line_ends(),
        sizes in proptest::collection::vec(1_usize..50, 1..6),
    ) {
        let body = framed(kind, algorithm, &chunks, line_end);
        let content = chunks.concat();
        let whole = decode(decoder(kind, algorithm, content.len()), &body, &[body.len()]).unwrap();
        let split = decode(decoder(kind, algorithm, content.len()), &body, &sizes).unwrap();
        prop_assert_eq!(&whole.0, &content);
        prop_assert_eq!(whole, split);
    }

    #[test]
    fn a_changed_byte_is_refused_in_every_kind(
        kind in kinds(), algorithm in algorithms(), chunks in contents(), line_end in line_ends(),
        at in any::<prop::sample::Index>(), change in 1_u8..=255,
    ) {
        let mut body = framed(kind, algorithm, &chunks, line_end);
        let content = chunks.concat();
        let at = at.index(body.len());
        body[at] ^= change;
        // A size may be written in either case, and a line feed before the blank line may be missing its CR.
        let outcome = decode(decoder(kind, algorithm, content.len()), &body, &[body.len()]);
        if let Ok((decoded, _)) = outcome {
            prop_assert_eq!(decoded, content);
            prop_assert!(change == 0x20 && body[at].is_ascii_hexdigit());
        }
    }

    #[test]
    fn a_cut_or_longer_body_is_refused(
        kind in kinds(), chunks in contents(), cut in any::<prop::sample::Index>(), more in any::<u8>(),
    ) {
        let algorithm = ChecksumAlgorithm::Crc32;
        let body = framed(kind, algorithm, &chunks, "\r\n");
        let length = chunks.concat().len();
        let cut = &body[..cut.index(body.len())];
        prop_assert_eq!(decode(decoder(kind, algorithm, length), cut, &[7]), Err(BodyError::Incomplete));
        let longer = [&body[..], &[more]].concat();
        prop_assert_eq!(decode(decoder(kind, algorithm, length), &longer, &[7]), Err(BodyError::BytesAfterEnd));
        prop_assert!(decode(decoder(kind, algorithm, length + 1), &body, &[7]).is_err());
        if length > 0 {
            prop_assert!(decode(decoder(kind, algorithm, length - 1), &body, &[7]).is_err());
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(
        kind in kinds(), body in proptest::collection::vec(any::<u8>(), 0..200), prefix in any::<bool>(),
    ) {
        let body = if prefix { [&b"5;chunk-signature="[..], &body].concat() } else { body };
        let _ = decode(decoder(kind, ChecksumAlgorithm::Crc32, 5), &body, &[3]);
        let framing = [&b"5\r\nhello\r\n0\r\n"[..], &body].concat();
        let _ = decode(decoder(Kind::Unsigned, ChecksumAlgorithm::Crc32, 5), &framing, &[3]);
    }

    #[test]
    fn signed_anew_the_body_keeps_its_length_and_verifies_under_the_other_key(
        trailer in any::<bool>(), algorithm in algorithms(), chunks in contents(), line_end in line_ends(),
    ) {
        let kind = if trailer { Kind::SignedTrailer } else { Kind::Signed };
        let body = framed(kind, algorithm, &chunks, line_end);
        let content = chunks.concat();
        let (_, events) = decode(decoder(kind, algorithm, content.len()), &body, &[11]).unwrap();

        let scope = CredentialScope::new("20261121", "backend", "s3").unwrap();
        let other = SigningKey::derive(&crate::types::Secret::new("another"), &scope).unwrap();
        let access_key = AccessKeyId::parse("BACKEND").unwrap();
        let time = Timestamp::parse_basic("20261121T120000Z").unwrap();
        let signer = OutboundSigner { access_key: access_key.as_str(), key: &other, scope: &scope, time };
        let headers: [(&str, &[u8]); 1] = [("host", b"backend")];
        let payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
        let request = signer.sign(&OutboundRequest {
            method: Method::Put, path: "/b/k", query: &[], headers: &headers, payload,
        });
        let mut encoder = ChunkSigner::new(&signer, &request, trailer);
        let mut out = Vec::new();
        for event in &events {
            match event {
                ChunkEvent::Chunk(chunk) => encoder.chunk(chunk, &mut out),
                ChunkEvent::Trailers(trailers) => encoder.trailers(trailers, &mut out),
                ChunkEvent::Piece(_) => unreachable!("signed kinds have whole chunks"),
            }
        }
        prop_assert_eq!(out.len(), body.len());
        let chain = ChunkChain::new(&other, "20261121T120000Z", scope.as_str(), &request.signature);
        let trailers = trailer.then(|| vec![algorithm]);
        let second = ChunkDecoder::new(Some(chain), trailers, content.len() as u64, ChunkLimits::default());
        let (decoded, again) = decode(second, &out, &[13]).unwrap();
        prop_assert_eq!(decoded, content);
        prop_assert_eq!(again, events);
    }
}

/// The request of AWS's chunked examples, and its 65 KiB of `a` in two chunks.
fn aws_example(trailer: Option<&str>, seed: &str, signatures: [&str; 3], end: &str) -> Result<u64, BodyError> {
    let payload = match trailer {
        Some(_) => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        None => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    };
    let names = match trailer {
        Some(_) => {
            "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
            x-amz-storage-class;x-amz-trailer"
        }
        None => {
            "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
            x-amz-storage-class"
        }
    };
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{SCOPE},SignedHeaders={names},Signature={seed}");
    let mut headers: Vec<(&str, &[u8])> = vec![
        ("Host", b"s3.amazonaws.com"),
        ("x-amz-date", TIME.as_bytes()),
        ("x-amz-storage-class", b"REDUCED_REDUNDANCY"),
        ("Authorization", authorization.as_bytes()),
        ("x-amz-content-sha256", payload.as_bytes()),
        ("Content-Encoding", b"aws-chunked"),
        ("x-amz-decoded-content-length", b"66560"),
    ];
    match trailer {
        Some(name) => headers.push(("x-amz-trailer", name.as_bytes())),
        None => headers.push(("Content-Length", b"66824")),
    }
    let head = head(Method::Put, "/examplebucket/chunkObject.txt", &headers);
    let now = Timestamp::parse_basic(TIME).unwrap();
    let rules = Rules { service: Service::S3, region: Some("us-east-1"), now, max_skew_seconds: MAX_SKEW_SECONDS };
    let key = key("20130524");
    let verified = accept(&head, &key, &rules).unwrap();
    let mut decoder = ChunkDecoder::for_request(&head, &verified, &key, ChunkLimits::default())?.unwrap();
    let mut body = Vec::new();
    for (signature, length) in signatures.into_iter().zip([65536, 1024, 0]) {
        body.extend_from_slice(format!("{length:x};chunk-signature={signature}\r\n").as_bytes());
        body.extend_from_slice(&vec![b'a'; length]);
        body.extend_from_slice(if length > 0 { b"\r\n" } else { b"" });
    }
    body.extend_from_slice(end.as_bytes());
    decoder.push(body.into(), &mut Vec::new())?;
    decoder.finish()
}

#[test]
fn the_chunked_examples_of_the_s3_documentation_verify() {
    let signatures = [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ];
    let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    assert_eq!(aws_example(None, seed, signatures, "\r\n"), Ok(66560));
    let mut wrong = signatures;
    wrong.swap(0, 1);
    assert_eq!(aws_example(None, seed, wrong, "\r\n"), Err(BodyError::ChunkSignature));
}

#[test]
fn the_trailer_example_of_the_s3_documentation_verifies() {
    let signatures = [
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ];
    let seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
    let signature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
    for line_end in ["\r\n", "\n\r\n"] {
        let end = format!("x-amz-checksum-crc32c:sOO8/Q=={line_end}x-amz-trailer-signature:{signature}\r\n\r\n");
        assert_eq!(aws_example(Some("x-amz-checksum-crc32c"), seed, signatures, &end), Ok(66560));
    }
}

#[test]
fn limits_hold_and_an_error_stays() {
    let limits = ChunkLimits { max_chunk: 4, max_line: 100, max_content: 100 };
    let mut small = ChunkDecoder::new(Some(chain("seed")), None, 5, limits);
    let large = small.push(Bytes::from_static(b"5;chunk-signature=0\r\n"), &mut Vec::new());
    assert_eq!(large, Err(BodyError::ChunkTooLarge { size: 5, limit: 4 }));
    assert_eq!(small.push(Bytes::from_static(b"x"), &mut Vec::new()), large);
    assert_eq!(small.finish(), large.map(|()| 0));
    let mut long = ChunkDecoder::new(None, Some(vec![]), 5, limits);
    assert_eq!(long.push(vec![b'0'; 101].into(), &mut Vec::new()), Err(BodyError::LineTooLong(100)));
    let mut past = ChunkDecoder::new(None, Some(vec![]), 5, limits);
    let outcome = past.push(Bytes::from_static(b"6\r\n"), &mut Vec::new());
    assert_eq!(outcome, Err(BodyError::LengthMismatch { announced: 5 }));
}

#[test]
fn no_byte_of_a_signed_chunk_comes_out_before_its_signature_is_verified() {
    let body = framed(Kind::Signed, ChecksumAlgorithm::Crc32, &[b"first".to_vec(), b"second".to_vec()], "\r\n");
    let text = String::from_utf8(body).unwrap().replace("second", "secomd");
    let (mut decoder, mut events) = (decoder(Kind::Signed, ChecksumAlgorithm::Crc32, 11), Vec::new());
    assert_eq!(decoder.push(text.into(), &mut events), Err(BodyError::ChunkSignature));
    assert!(matches!(&events[..], [ChunkEvent::Chunk(chunk)] if chunk.data() == "first"));
}
