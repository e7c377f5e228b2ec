//! A gate that allows nearly all: what it does is told by the path.

use super::permit::permit;
use super::sign::{CLIENT, verify_head};
use async_trait::async_trait;
use rolegate::gateway::{BodyPlan, Forward, RequestBody, ResponsePlan, Trace, Verdict};
use rolegate::proxy::{ForwardFault, Gate, HeadFault};
use rolegate::sigv4::{ChunkDecoder, ChunkLimits, PayloadKind};
use rolegate::wire::{RequestHead, Response};

/// `/deny…` is denied unread, `/read…` reads the body and echoes it, `/hide…` hides 404, `/pin…` answers for 412, all else is forwarded with
/// the body plan of its `x-amz-content-sha256`.
pub(crate) struct TestGate;

fn error(status: u16, code: &str, text: &str, request_id: &str) -> Response {
    let xml = format!("<Error><Code>{code}</Code><Message>{text}</Message><RequestId>{request_id}</RequestId></Error>");
    Response::new(status, "application/xml", xml)
}

#[async_trait]
impl Gate for TestGate {
    async fn handle(&self, head: &RequestHead, id: &str, body: &mut dyn RequestBody, trace: &mut Trace) -> Verdict {
        trace.operation = "Test";
        let path = String::from_utf8(head.raw_path().to_vec()).unwrap();
        if path.starts_with("/deny") {
            return Verdict::Respond(error(403, "AccessDenied", "no", id));
        }
        if path.starts_with("/read") {
            let answer = match body.read_all(1000).await {
                Ok(bytes) => Response::new(200, "text/plain", bytes),
                Err(fault) => error(400, "Body", &fault.to_string(), id),
            };
            return Verdict::Respond(answer);
        }
        Verdict::Forward(Box::new(forward(head, path, id)))
    }

    fn refuse(&self, fault: HeadFault, request_id: &str) -> Response {
        error(400, "InvalidRequest", &format!("{fault:?}"), request_id)
    }

    fn fail(&self, fault: &ForwardFault, _head: &RequestHead, request_id: &str) -> Response {
        let (code, status) = match fault {
            ForwardFault::Body(body) => body.s3_code(),
            ForwardFault::Unreachable | ForwardFault::GateRefused(_) => ("ServiceUnavailable", 503),
            ForwardFault::BackendTimedOut => ("ServiceUnavailable", 504),
            ForwardFault::BackendCut | ForwardFault::BackendMalformed | ForwardFault::ConfirmedEarly => {
                ("InternalError", 502)
            }
            ForwardFault::Busy => ("SlowDown", 503),
            ForwardFault::ClientTimedOut => ("RequestTimeout", 400),
            ForwardFault::Internal => ("InternalError", 500),
            _ => ("IncompleteBody", 400),
        };
        error(status, code, &format!("{fault:?}"), request_id)
    }
}

fn forward(head: &RequestHead, path: String, id: &str) -> Forward {
    let pairs = head.parse_query().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let value = |pair: &rolegate::wire::QueryPair| pair.raw_value.as_deref().map(text).unwrap_or_default();
    let query = pairs.pairs().iter().map(|pair| (text(&pair.raw_key), value(pair))).collect();
    let passes =
        |name: &str| name.starts_with("x-amz-") || matches!(name, "content-type" | "range" | "content-encoding");
    let fields = head.headers().filter(|field| passes(field.name));
    let headers = fields.map(|field| (field.name.to_string(), field.value.to_vec())).collect();
    let missing = error(403, "AccessDenied", "hidden", id);
    let response = if path.starts_with("/hide") { ResponsePlan::HideMissing(missing) } else { ResponsePlan::Pass };
    let changed = path.starts_with("/pin").then(|| error(503, "SlowDown", "changed", id));
    let withheld = if path.starts_with("/withhold") { vec!["x-amz-tagging-count"] } else { Vec::new() };
    let body = plan(head);
    Forward { permit: permit(), method: head.method(), path, query, headers, body, response, withheld, changed }
}

fn plan(head: &RequestHead) -> BodyPlan {
    let length: Option<u64> = head.header_str("content-length").map(|text| text.parse().unwrap());
    let sentinel = head.header_str("x-amz-content-sha256").unwrap_or("UNSIGNED-PAYLOAD");
    match (PayloadKind::parse(sentinel).unwrap(), length) {
        (PayloadKind::Digest(sha256), Some(length)) => BodyPlan::Hashed { length, sha256 },
        (PayloadKind::Unsigned, Some(length)) if length > 0 => BodyPlan::Plain { length },
        (PayloadKind::Unsigned | PayloadKind::Digest(_), _) => BodyPlan::Empty,
        (kind, wire_length) => {
            let verified = verify_head(head, &CLIENT).unwrap();
            let limits = ChunkLimits { max_chunk: 1 << 20, ..ChunkLimits::default() };
            let decoder = ChunkDecoder::for_request(head, &verified, &CLIENT.key(), limits).unwrap().unwrap();
            BodyPlan::Chunked {
                decoded_length: decoder.content_length(),
                decoder: Box::new(decoder),
                sentinel: match kind {
                    PayloadKind::StreamingUnsignedTrailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                    PayloadKind::StreamingSigned => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                    _ => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
                },
                wire_length,
                trailer: head.header_str("x-amz-trailer").map(str::to_owned),
            }
        }
    }
}
