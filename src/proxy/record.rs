//! What is told of a request when it has ended: once, whatever its end.

use super::fault::{ForwardFault, HeadFault};
use crate::gateway::Trace;
use crate::types::Timestamp;
use crate::wire::RequestHead;
use std::net::IpAddr;

/// How a request ended, as the access log, the audit record and the metrics need it.
#[derive(Debug)]
pub struct Record {
    /// Our request id.
    pub request_id: String,
    /// The head; none if it was refused. Its query holds live credentials: log an allow-list of keys (rule 29).
    pub head: Option<RequestHead>,
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
    pub backend_request_id: Option<String>,
    /// The fault, if the request did not end as its answer says.
    pub fault: Option<Fault>,
    /// What the gateway found.
    pub trace: Trace,
}

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Its head was refused.
    #[error(transparent)]
    Head(#[from] HeadFault),
    /// It was let pass, and forwarding it failed.
    #[error(transparent)]
    Forward(#[from] ForwardFault),
}

/// Takes the records. Called on the request path: it must not block.
pub trait Recorder: Send + Sync {
    /// Takes one record.
    fn record(&self, record: Record);
}
