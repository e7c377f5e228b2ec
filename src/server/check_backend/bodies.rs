//! What the backend makes of bodies: aws-chunked framing (DESIGN section 8) and payload hashes.

use super::bench::{Ask, Bench, Bucket, shown, taken};
use super::report::Finding;
use crate::backend::Manner;
use crate::gateway::BackendError;
use crate::sigv4::ChecksumAlgorithm;
use crate::wire::Method;

const CONTENT: &str = "the content of a chunk";
const CHECKSUM: &str = "x-amz-checksum-crc32";
const UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// How the gate sends bodies that clients sent in aws-chunked framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// As they are.
    Passed,
    /// As they are, and Content-Encoding says so.
    Announced,
    /// Decoded.
    Decoded,
}

/// What became of uploads in that framing.
#[derive(Default)]
struct Uploads {
    /// The kinds that were stored with other bytes than the content.
    altered: Vec<&'static str>,
    /// The kinds that were refused, with the answers.
    refused: Vec<String>,
    /// `aws-chunked` was kept as the encoding of the object.
    encoding_kept: bool,
}

impl Uploads {
    fn all_decoded(&self) -> bool {
        self.altered.is_empty() && self.refused.is_empty()
    }
}

pub(super) async fn aws_chunked(bench: &mut Bench<'_>, framing: Framing) -> Result<Vec<Finding>, BackendError> {
    const NAME: &str = "aws-chunked";
    let passed = upload(bench, false).await?;
    let announced = upload(bench, true).await?;
    let used = match framing {
        Framing::Decoded => {
            return Ok(vec![match (passed.all_decoded(), announced.all_decoded()) {
                (true, _) => {
                    let advice = "backend.aws_chunked may be \"pass\", which keeps checksums";
                    Finding::note(NAME, "the backend decodes every kind", advice)
                }
                (false, true) => {
                    let advice = "backend.aws_chunked may be \"announce\", which keeps checksums";
                    Finding::note(NAME, "the backend decodes every kind that is announced", advice)
                }
                (false, false) => Finding::ok(NAME, "the backend does not decode every kind; the gate does"),
            }]);
        }
        Framing::Passed => &passed,
        Framing::Announced => &announced,
    };
    let advice = match framing {
        Framing::Passed if announced.all_decoded() => "Set backend.aws_chunked to \"announce\"",
        Framing::Announced if passed.all_decoded() => "Set backend.aws_chunked to \"pass\"",
        _ => "Set backend.aws_chunked to \"decode\"",
    };
    let mut findings = vec![if !used.altered.is_empty() {
        let seen = format!("stored with other bytes than the content: {}", used.altered.join(", "));
        Finding::fail(NAME, seen, advice)
    } else if !used.refused.is_empty() {
        Finding::note(NAME, format!("refused: {}", used.refused.join(", ")), advice)
    } else {
        Finding::ok(NAME, "the backend decodes every kind")
    }];
    if used.encoding_kept {
        let seen = "the backend keeps `aws-chunked` as the encoding of objects, and answers with it";
        findings.push(Finding::note("content-encoding", seen, advice));
    }
    Ok(findings)
}

/// Uploads the content in every kind of the framing.
async fn upload(bench: &mut Bench<'_>, announced: bool) -> Result<Uploads, BackendError> {
    let checksum = ChecksumAlgorithm::Crc32.of(CONTENT.as_bytes());
    let framed = format!("{:x}\r\n{CONTENT}\r\n0\r\n{CHECKSUM}:{checksum}\r\n\r\n", CONTENT.len());
    let put = |key: &'static [u8]| Ask::new(Method::Put, (Bucket::One, key));
    let mut unsigned = put(b"chunked-unsigned")
        .header("x-amz-decoded-content-length", CONTENT.len().to_string())
        .header("x-amz-trailer", CHECKSUM)
        .body(framed)
        .manner(Manner::Declared(UNSIGNED_TRAILER));
    if announced {
        unsigned = unsigned.header("content-encoding", "aws-chunked");
    }
    let signed = Manner::Chunked { announced, trailer: None };
    let with_trailer = Manner::Chunked { announced, trailer: Some((CHECKSUM, checksum)) };

    let mut uploads = Uploads::default();
    for (ask, name) in [
        (unsigned, UNSIGNED_TRAILER),
        (put(b"chunked-signed").body(CONTENT).manner(signed), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        (put(b"chunked-trailer").body(CONTENT).manner(with_trailer), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
    ] {
        let spot = ask.spot;
        bench.ask(Ask::new(Method::Delete, spot)).await?;
        let sent = bench.ask(ask).await?;
        if !taken(&sent) {
            uploads.refused.push(format!("{name} ({})", shown(&sent)));
            continue;
        }
        let stored = bench.ask(Ask::new(Method::Get, spot)).await?;
        // Taken and not there is lost, which is as bad as altered.
        if stored.status != 200 || stored.body != CONTENT.as_bytes() {
            uploads.altered.push(name);
        }
        uploads.encoding_kept |= stored.header("content-encoding").is_some_and(|value| value.contains("aws-chunked"));
    }
    Ok(uploads)
}

/// Whether a body is stored whose signed hash is another's. The gate checks it itself.
pub(super) async fn payload_hash(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "payload hash";
    const OTHER: &str = "0000000000000000000000000000000000000000000000000000000000000000";
    let ask = Ask::new(Method::Put, (Bucket::One, b"hash")).body(CONTENT).manner(Manner::Declared(OTHER));
    Ok(if taken(&bench.ask(ask).await?) {
        Finding::note(NAME, "a body with another SHA-256 than was signed is stored", "The gate checks it before")
    } else {
        Finding::ok(NAME, "a body with another SHA-256 than was signed is refused")
    })
}
