//! What the backend makes of bodies: aws-chunked framing (DESIGN section 8) and payload hashes.

use super::bench::{Ask, Bench, Bucket, Spot, shown, taken};
use super::report::Finding;
use crate::backend::Manner;
use crate::conf::AwsChunked;
use crate::gateway::BackendError;
use crate::sigv4::ChecksumAlgorithm;
use crate::wire::Method;

const CONTENT: &str = "the content of a chunk";
const CHECKSUM: &str = "x-amz-checksum-crc32";
const UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// What became of an upload in aws-chunked framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    Content,
    Other,
    Nothing,
}

pub(super) async fn aws_chunked(bench: &mut Bench<'_>, setting: AwsChunked) -> Result<Vec<Finding>, BackendError> {
    const NAME: &str = "aws-chunked";
    const PASS: &str = "Set backend.aws_chunked to \"decode\"";
    let checksum = ChecksumAlgorithm::Crc32.of(CONTENT.as_bytes());
    let framed = format!("{:x}\r\n{CONTENT}\r\n0\r\n{CHECKSUM}:{checksum}\r\n\r\n", CONTENT.len());
    let put = |key: &'static [u8]| Ask::new(Method::Put, (Bucket::One, key));
    let unsigned = put(b"chunked-unsigned")
        .header("content-encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", CONTENT.len().to_string())
        .header("x-amz-trailer", CHECKSUM)
        .body(framed)
        .manner(Manner::Declared(UNSIGNED_TRAILER));
    let signed = put(b"chunked-signed").body(CONTENT).manner(Manner::Chunked(None));
    let trailer = Manner::Chunked(Some((CHECKSUM, checksum)));
    let with_trailer = put(b"chunked-trailer").body(CONTENT).manner(trailer);

    let (mut framing, mut refused, mut leaks) = (Vec::new(), Vec::new(), false);
    for (ask, name) in [
        (unsigned, UNSIGNED_TRAILER),
        (signed, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        (with_trailer, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
    ] {
        let spot = ask.spot;
        let sent = bench.ask(ask).await?;
        match stored(bench, spot, taken(&sent), &mut leaks).await? {
            Stored::Content => {}
            Stored::Other => framing.push(name),
            Stored::Nothing => refused.push(format!("{name} ({})", shown(&sent))),
        }
    }
    let decodes = setting == AwsChunked::Decode;
    let mut findings = vec![match (framing.is_empty(), refused.is_empty()) {
        (true, true) if decodes => Finding::note(
            NAME,
            "the backend decodes every kind",
            "backend.aws_chunked may be \"pass\", which keeps checksums",
        ),
        (true, true) => Finding::ok(NAME, "the backend decodes every kind"),
        (_, _) if decodes => Finding::ok(NAME, "the backend does not decode every kind; the gate does"),
        (false, _) => {
            Finding::fail(NAME, format!("stored with other bytes than its content: {}", framing.join(", ")), PASS)
        }
        (true, false) => Finding::note(NAME, format!("refused: {}", refused.join(", ")), PASS),
    }];
    if leaks {
        let seen = "the backend keeps `aws-chunked` in Content-Encoding, and answers with it";
        findings.push(Finding::note("content-encoding", seen, ""));
    }
    Ok(findings)
}

async fn stored(bench: &mut Bench<'_>, spot: Spot<'_>, taken: bool, leaks: &mut bool) -> Result<Stored, BackendError> {
    let answer = bench.ask(Ask::new(Method::Get, spot)).await?;
    *leaks |= taken && answer.header("content-encoding").is_some_and(|value| value.contains("aws-chunked"));
    Ok(match answer.status {
        200 if answer.body == CONTENT.as_bytes() => Stored::Content,
        200 => Stored::Other,
        // Taken and not there: lost, which is as bad as altered.
        _ if taken => Stored::Other,
        _ => Stored::Nothing,
    })
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
