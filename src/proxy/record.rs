//! What is told of a request when it has ended: once, whatever its end.

use crate::gateway::Trace;
use crate::types::Timestamp;
use crate::wire::RequestHead;
use std::net::IpAddr;

/// How a request ended, as the access log, the audit record and the metrics need it.
#[derive(Debug)]
pub struct Record<'a> {
    /// Our request id.
    pub request_id: &'a str,
    /// The head; none if it was refused. Its query holds live credentials: log an allow-list of keys (rule 29).
    pub head: Option<&'a RequestHead>,
    /// The source address: the head's, or the socket's where the head was refused.
    pub peer: IpAddr,
    /// When the head was read.
    pub started: Timestamp,
    /// Nanoseconds from then to the end.
    pub total_nanos: u64,
    /// Status sent; 0 if none was.
    pub status: u16,
    /// Bytes of the client's body that were read.
    pub bytes_in: u64,
    /// Bytes of the answer's body that were sent.
    pub bytes_out: u64,
    /// Nanoseconds from the backend's turn to the head of its answer; none if there was none.
    pub upstream_nanos: Option<u64>,
    /// The backend's status.
    pub backend_status: Option<u16>,
    /// The backend's request id.
    pub backend_request_id: Option<&'a str>,
    /// The fault, if the request did not end as its answer says.
    pub fault: Option<&'a dyn std::error::Error>,
    /// What the gateway found.
    pub trace: &'a Trace,
}

/// Takes the records. Called on the request path: it must not block.
pub trait Recorder: Send + Sync {
    /// Takes one record.
    fn record(&self, record: &Record<'_>);
}
