//! The cost of signatures: verifying with a cached key, deriving a key, signing for the backend, decoding chunks.

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use bytes::Bytes;
use criterion::{Criterion, Throughput};
use rolegate::sigv4::{
    ChunkDecoder, ChunkLimits, CredentialScope, MAX_SKEW_SECONDS, OutboundRequest, OutboundSigner, Rules, Service,
    SigningKey, claim, hex_sha256, verify,
};
use rolegate::types::{AccessKeyId, Secret, Timestamp};
use rolegate::wire::{Method, RequestHead};
use std::error::Error;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, UNIX_EPOCH};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const TIME: &str = "20261121T120000Z";

struct Fixture {
    key: SigningKey,
    scope: CredentialScope,
    access_key: AccessKeyId,
    now: Timestamp,
}

impl Fixture {
    fn new() -> Outcome<Self> {
        let scope = CredentialScope::new("20261121", "us-east-1", "s3")?;
        Ok(Self {
            key: SigningKey::derive(&secret(), &scope)?,
            scope,
            access_key: AccessKeyId::parse("ASIAIOSFODNN7EXAMPLE")?,
            now: Timestamp::parse_basic(TIME)?,
        })
    }

    fn signer(&self) -> OutboundSigner<'_> {
        OutboundSigner { access_key: self.access_key.as_str(), key: &self.key, scope: &self.scope, time: self.now }
    }

    fn rules(&self) -> Rules<'static> {
        Rules { service: Service::S3, region: None, now: self.now, max_skew_seconds: MAX_SKEW_SECONDS }
    }

    /// A request signed with the fixture's key.
    fn head(
        &self,
        method: Method,
        query: &[(&str, &str)],
        payload: &str,
        more: &[(&str, &[u8])],
    ) -> Outcome<RequestHead> {
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("host", b"s3.example.test"),
            ("x-amz-date", TIME.as_bytes()),
            ("x-amz-content-sha256", payload.as_bytes()),
        ];
        headers.extend_from_slice(more);
        let path = "/acme-data/photos/2026/11/21/holiday%20picture.jpg";
        let request = OutboundRequest { method, path, query, headers: &headers, payload };
        let authorization = self.signer().sign(&request).authorization;
        headers.push(("user-agent", b"aws-sdk-go-v2/1.30 os/linux lang/go#1.22 md/GOOS#linux"));
        headers.push(("authorization", authorization.as_bytes()));
        let pairs: Vec<String> = query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let target = if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) };
        let headers = headers.iter().map(|(name, value)| (*name, value.to_vec()));
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        RequestHead::new(method, target.as_bytes(), headers, peer, None).ok_or_else(|| "no target".into())
    }
}

fn secret() -> Secret {
    Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
}

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn requests(criterion: &mut Criterion, fixture: &Fixture) -> Outcome {
    let token = "t".repeat(300);
    let token: (&str, &[u8]) = ("x-amz-security-token", token.as_bytes());
    let list: [(&str, &str); 4] =
        [("list-type", "2"), ("prefix", "photos%2F2026%2F"), ("delimiter", "%2F"), ("max-keys", "1000")];
    for (name, query) in [("get", &list[..0]), ("list", &list[..])] {
        let head = fixture.head(Method::Get, query, EMPTY, &[token])?;
        let query = head.parse_query()?;
        criterion.bench_function(&format!("verify/{name}"), |bencher| {
            bencher.iter(|| {
                let claim = claim(black_box(&head), &query).ok()??;
                let checked = claim.check(&head, &query, &fixture.rules()).ok()?;
                verify(&checked, &fixture.key, None).ok()
            });
        });
        // The benchmark above measures nothing if it fails.
        let claim = claim(&head, &query)?.ok_or("no claim")?;
        verify(&claim.check(&head, &query, &fixture.rules())?, &fixture.key, None)?;
    }
    criterion
        .bench_function("derive", |bencher| bencher.iter(|| SigningKey::derive(&secret(), black_box(&fixture.scope))));
    let headers: [(&str, &[u8]); 3] =
        [("host", b"backend:9000"), ("x-amz-date", TIME.as_bytes()), ("x-amz-content-sha256", EMPTY.as_bytes())];
    let request = OutboundRequest {
        method: Method::Get,
        path: "/acme-data/photos/2026/11/21/holiday%20picture.jpg",
        query: &[],
        headers: &headers,
        payload: EMPTY,
    };
    criterion.bench_function("sign", |bencher| bencher.iter(|| fixture.signer().sign(black_box(&request))));
    Ok(())
}

const CHUNK: usize = 64 << 10;
const CHUNKS: usize = 16;

/// One MiB in 64 KiB chunks, without signatures and with.
fn chunks(criterion: &mut Criterion, fixture: &Fixture) -> Outcome {
    let length = (CHUNK * CHUNKS).to_string();
    let length: (&str, &[u8]) = ("x-amz-decoded-content-length", length.as_bytes());
    let trailer: (&str, &[u8]) = ("x-amz-trailer", b"x-amz-checksum-crc64nvme");
    let unsigned = fixture.head(Method::Put, &[], "STREAMING-UNSIGNED-PAYLOAD-TRAILER", &[length, trailer])?;
    let signed = fixture.head(Method::Put, &[], "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", &[length])?;
    let mut group = criterion.benchmark_group("chunks");
    group.throughput(Throughput::Bytes(u64::try_from(CHUNK * CHUNKS)?));
    for (name, head) in [("unsigned, crc64nvme", &unsigned), ("signed", &signed)] {
        let query = head.parse_query()?;
        let claim = claim(head, &query)?.ok_or("no claim")?;
        let verified = verify(&claim.check(head, &query, &fixture.rules())?, &fixture.key, None)?;
        let body = if name == "signed" { signed_body(verified.seed_signature()) } else { unsigned_body() };
        let decode = || {
            let mut decoder =
                ChunkDecoder::for_request(head, &verified, &fixture.key, ChunkLimits::default()).ok()??;
            let mut events = Vec::new();
            decoder.push(body.clone(), &mut events).ok()?;
            Some(events.len())
        };
        if decode() != Some(CHUNKS) {
            return Err("the body does not decode".into());
        }
        group.bench_function(format!("{name}, 1 MiB"), |bencher| bencher.iter(decode));
    }
    group.finish();
    Ok(())
}

fn unsigned_body() -> Bytes {
    [format!("{CHUNK:x}\r\n").as_bytes(), &vec![b'a'; CHUNK], b"\r\n"].concat().repeat(CHUNKS).into()
}

fn signed_body(seed: &str) -> Bytes {
    let data = vec![b'a'; CHUNK];
    let day = UNIX_EPOCH + Duration::from_secs(1_795_262_400);
    let key = generate_signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", day, "us-east-1", "s3");
    let (mut previous, mut out) = (seed.to_owned(), Vec::new());
    for _ in 0..CHUNKS {
        let scope = "20261121/us-east-1/s3/aws4_request";
        let text = format!("AWS4-HMAC-SHA256-PAYLOAD\n{TIME}\n{scope}\n{previous}\n{EMPTY}\n{}", hex_sha256(&data));
        previous = calculate_signature(&key, text.as_bytes());
        out.extend_from_slice(format!("{CHUNK:x};chunk-signature={previous}\r\n").as_bytes());
        out.extend_from_slice(&data);
        out.extend_from_slice(b"\r\n");
    }
    out.into()
}

fn main() -> Outcome {
    let mut criterion = Criterion::default().configure_from_args();
    let fixture = Fixture::new()?;
    requests(&mut criterion, &fixture)?;
    chunks(&mut criterion, &fixture)?;
    criterion.final_summary();
    Ok(())
}
