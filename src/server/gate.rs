//! The gateway as the proxy sees it, and the records as the logs see them.

use crate::gateway::{self, Dialect, Gateway, Plane, RequestBody, Trace, Verdict};
use crate::proxy::{ForwardFault, Gate, HeadFault, Record, Recorder};
use crate::telemetry::{RequestRecord, Telemetry};
use crate::wire::{RequestHead, Response};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Requests that the gateway has begun and whose record is not yet written.
#[derive(Debug, Default)]
pub(super) struct InFlight(AtomicU64);

impl InFlight {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Hands requests to the gateway.
pub(super) struct Gatekeeper {
    pub(super) gateway: Gateway,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) in_flight: Arc<InFlight>,
}

#[async_trait]
impl Gate for Gatekeeper {
    async fn handle(
        &self,
        head: &RequestHead,
        request_id: &str,
        body: &mut dyn RequestBody,
        trace: &mut Trace,
    ) -> Verdict {
        self.in_flight.0.fetch_add(1, Ordering::Relaxed);
        if !self.telemetry.audit_ready() {
            let text = "The audit log cannot be written. Please try again.";
            trace.error_code = Some("ServiceUnavailable");
            trace.plane = self.gateway.plane_of(head);
            let dialect = Dialect::of(trace.plane);
            return Verdict::Respond(answer(503, "ServiceUnavailable", text, dialect, head, request_id));
        }
        self.gateway.handle(head, request_id, body, trace).await
    }

    fn refuse(&self, fault: HeadFault, request_id: &str) -> Response {
        let (status, code) = head_fault(fault);
        gateway::error_response(status, code, &fault.to_string(), Dialect::S3, "", request_id)
    }

    fn fail(&self, fault: &ForwardFault, head: &RequestHead, request_id: &str) -> Response {
        forward_fault(fault, head, request_id)
    }
}

fn answer(
    status: u16,
    code: &'static str,
    text: &str,
    dialect: Dialect,
    head: &RequestHead,
    request_id: &str,
) -> Response {
    gateway::error_response(status, code, text, dialect, &String::from_utf8_lossy(head.raw_path()), request_id)
}

/// Status and S3 code of a refused head.
fn head_fault(fault: HeadFault) -> (u16, &'static str) {
    match fault {
        HeadFault::Version => (505, "InvalidRequest"),
        HeadFault::Method => (405, "MethodNotAllowed"),
        HeadFault::TargetForm
        | HeadFault::Fragment
        | HeadFault::TargetTooLong { .. }
        | HeadFault::QueryTooLong { .. } => (400, "InvalidURI"),
        HeadFault::HeadTooLarge { .. } | HeadFault::TooManyHeaders { .. } => (400, "RequestHeaderSectionTooLarge"),
        HeadFault::ControlByte
        | HeadFault::Malformed
        | HeadFault::Host
        | HeadFault::RepeatedHost
        | HeadFault::Connection
        | HeadFault::LengthAndCoding
        | HeadFault::ContentLength
        | HeadFault::Expectation => (400, "InvalidRequest"),
        HeadFault::TransferCoding => (501, "NotImplemented"),
        HeadFault::TimedOut => (400, "RequestTimeout"),
        HeadFault::TooManyConnections => (503, "SlowDown"),
    }
}

/// The answer to a forward that failed. 5xx texts tell nothing of the inside.
fn forward_fault(fault: &ForwardFault, head: &RequestHead, request_id: &str) -> Response {
    let open = "The storage behind this gate gave no whole answer: the request may or may not have been carried out.";
    let (status, code, text) = match fault {
        // Answered, and logged, as it is in calls of the gateway's own.
        ForwardFault::GateRefused(code) => {
            let fault = gateway::Fault::BackendRefusesGate(code);
            return gateway::fault_response(&fault, Plane::S3, head, request_id);
        }
        ForwardFault::Unreachable => {
            (503, "ServiceUnavailable", "The storage behind this gate cannot be reached. Please try again.".to_owned())
        }
        ForwardFault::BackendTimedOut => (504, "InternalError", open.to_owned()),
        ForwardFault::BackendCut | ForwardFault::BackendMalformed | ForwardFault::ConfirmedEarly => {
            (502, "InternalError", open.to_owned())
        }
        ForwardFault::Body(error) => {
            let (code, status) = error.s3_code();
            (status, code, error.to_string())
        }
        ForwardFault::TransferCoding | ForwardFault::UnexpectedBody => (400, "InvalidRequest", fault.to_string()),
        ForwardFault::Incomplete => (400, "IncompleteBody", fault.to_string()),
        ForwardFault::ClientTimedOut => (400, "RequestTimeout", fault.to_string()),
        ForwardFault::Busy => (503, "SlowDown", "Please reduce your request rate.".to_owned()),
        ForwardFault::ClientGone | ForwardFault::Internal => {
            (500, "InternalError", "We encountered an internal error. Please try again.".to_owned())
        }
    };
    answer(status, code, &text, Dialect::S3, head, request_id)
}

/// Writes the records of ended requests.
pub(super) struct Recording {
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) in_flight: Arc<InFlight>,
}

impl Recorder for Recording {
    fn record(&self, record: Record) {
        let head = record.head.as_ref();
        if head.is_some() {
            self.in_flight.0.fetch_sub(1, Ordering::Relaxed);
        }
        self.telemetry.record(&RequestRecord {
            time: record.started,
            request_id: &record.request_id,
            source: record.peer,
            method: head.map_or("", |head| head.method().as_str()),
            path: head.map_or(&[], RequestHead::raw_path),
            query: head.and_then(RequestHead::raw_query).unwrap_or_default(),
            user_agent: head.and_then(|head| head.header_str("user-agent")),
            trace: &record.trace,
            status: record.status,
            backend_status: record.backend_status,
            backend_request_id: record.backend_request_id.as_deref(),
            bytes_in: record.bytes_in,
            bytes_out: record.bytes_out,
            total_nanos: record.total_nanos,
            upstream_nanos: record.upstream_nanos,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::BodyError;
    use crate::wire::Method;

    #[test]
    fn faults_of_5xx_tell_nothing_of_the_inside() {
        let none: [(&str, &[u8]); 0] = [];
        let head = RequestHead::new(Method::Get, b"/b/k", none, "127.0.0.1".parse().unwrap(), None).unwrap();
        for fault in [
            ForwardFault::Unreachable,
            ForwardFault::BackendCut,
            ForwardFault::Internal,
            ForwardFault::GateRefused("SignatureDoesNotMatch"),
        ] {
            let answer = forward_fault(&fault, &head, "ID");
            let text = String::from_utf8_lossy(&answer.body);
            assert!(answer.status >= 500 && text.contains("<Message>"), "{text}");
            for inside in ["connection", "127.0.0.1", "ignature", "backend"] {
                assert!(!text.contains(inside), "{text}");
            }
        }
        assert_eq!(forward_fault(&ForwardFault::Body(BodyError::ChunkSignature), &head, "ID").status, 403);
        assert_eq!(head_fault(HeadFault::TransferCoding), (501, "NotImplemented"));
    }
}
