//! The gateway as the proxy sees it, and the records as the logs see them.

use crate::gateway::{self, Dialect, Gateway, RequestBody, Trace, Verdict};
use crate::proxy::{ForwardFault, Gate, HeadFault, Record, Recorder};
use crate::telemetry::{RequestRecord, Telemetry};
use crate::wire::{Method, RequestHead, Response};
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
        let (status, code, text) = forward_fault(fault);
        answer(status, code, &text, Dialect::S3, head, request_id)
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
    }
}

/// Status, S3 code and text of a forward that failed. 5xx texts tell nothing of the inside.
fn forward_fault(fault: &ForwardFault) -> (u16, &'static str, String) {
    let open = "The storage behind this gate gave no whole answer: the request may or may not have been carried out.";
    match fault {
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
        ForwardFault::ClientGone | ForwardFault::Replaced | ForwardFault::Internal => {
            (500, "InternalError", "We encountered an internal error. Please try again.".to_owned())
        }
    }
}

/// Writes the records of ended requests.
pub(super) struct Recording {
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) in_flight: Arc<InFlight>,
}

impl Recorder for Recording {
    fn record(&self, record: &Record<'_>) {
        let mut line = RequestRecord::new(record.started, record.request_id.to_owned(), record.peer);
        if let Some(head) = record.head {
            self.in_flight.0.fetch_sub(1, Ordering::Relaxed);
            line.method = Method::as_str(head.method());
            line.path = String::from_utf8_lossy(head.raw_path()).into_owned();
            line.query = String::from_utf8_lossy(head.raw_query().unwrap_or_default()).into_owned();
            line.user_agent = head.header_str("user-agent").map(str::to_owned);
        }
        let trace = record.trace;
        line.plane = trace.plane.as_str();
        line.operation = trace.operation;
        line.bucket.clone_from(&trace.bucket);
        line.claimed_key.clone_from(&trace.claimed_key);
        line.principal.clone_from(&trace.principal);
        line.session_name.clone_from(&trace.session_name);
        line.source_identity.clone_from(&trace.source_identity);
        line.decided.clone_from(&trace.decided);
        line.denied.clone_from(&trace.denied);
        line.decision = trace.decision;
        line.statements.clone_from(&trace.statements);
        line.status = record.status;
        line.error_code = trace.error_code;
        line.backend_status = record.backend_status;
        line.backend_request_id = record.backend_request_id.map(str::to_owned);
        line.bytes_in = record.bytes_in;
        line.bytes_out = record.bytes_out;
        line.total_nanos = record.total_nanos;
        line.verify_nanos = trace.verify_nanos;
        line.decide_nanos = trace.decide_nanos;
        line.upstream_nanos = record.upstream_nanos;
        self.telemetry.record(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::BodyError;

    #[test]
    fn faults_of_5xx_tell_nothing_of_the_inside() {
        for fault in [ForwardFault::Unreachable, ForwardFault::BackendCut, ForwardFault::Internal] {
            let (status, _, text) = forward_fault(&fault);
            assert!(status >= 500 && !text.contains("connection") && !text.contains("127.0.0.1"), "{text}");
        }
        assert_eq!(forward_fault(&ForwardFault::Body(BodyError::ChunkSignature)).0, 403);
        assert_eq!(head_fault(HeadFault::TransferCoding), (501, "NotImplemented"));
    }
}
