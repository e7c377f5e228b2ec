//! One request as the logs and metrics see it.

use crate::gateway::Trace;
use crate::types::Timestamp;
use std::net::IpAddr;

/// A request that has ended, however it ended. All is borrowed: lines are written on the spot.
#[derive(Debug, Clone, Copy)]
pub struct RequestRecord<'a> {
    /// When its head had arrived.
    pub time: Timestamp,
    /// The id in its answer.
    pub request_id: &'a str,
    /// Where it came from: the socket, or what a trusted proxy says (security rule 31).
    pub source: IpAddr,
    /// HTTP method; empty if its head was refused, as the three that follow.
    pub method: &'static str,
    /// Raw path.
    pub path: &'a [u8],
    /// Raw query as it came; logged through [`super::logged_query`] only.
    pub query: &'a [u8],
    /// User-Agent.
    pub user_agent: Option<&'a str>,
    /// What the gateway found. The key id in it is logged only while there is no principal.
    pub trace: &'a Trace,
    /// Status of the answer; 0 if there was none because the client went away.
    pub status: u16,
    /// The backend's status, if it was asked.
    pub backend_status: Option<u16>,
    /// The backend's request id.
    pub backend_request_id: Option<&'a str>,
    /// Body bytes from the client.
    pub bytes_in: u64,
    /// Body bytes to the client.
    pub bytes_out: u64,
    /// Nanoseconds from the head to the end of the answer.
    pub total_nanos: u64,
    /// Nanoseconds from sending to the backend to the head of its answer, if it was asked.
    pub upstream_nanos: Option<u64>,
}

impl RequestRecord<'_> {
    /// The key id that the client claimed, while nobody is proven: a claim says nothing about who called.
    pub(super) fn claimed_key(&self) -> Option<&str> {
        if self.trace.principal.is_none() { self.trace.claimed_key.as_deref() } else { None }
    }
}
