//! One request as the logs and metrics see it.

use crate::types::Timestamp;
use std::net::IpAddr;

/// Filled by the proxy when a request has ended, however it ended.
///
/// The `&'static str` fields come from closed sets, because metrics use some of them as labels.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// When its head had arrived.
    pub time: Timestamp,
    /// The id in its answer.
    pub request_id: String,
    /// Where it came from: the socket, or what a trusted proxy says (security rule 31).
    pub source: IpAddr,
    /// `s3`, `iam`, `sts`, or `none` if it never came so far.
    pub plane: &'static str,
    /// S3 operation or IAM/STS action; empty if never told.
    pub operation: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Raw path, lossily as text.
    pub path: String,
    /// Raw query as it came; logged through [`super::logged_query`] only.
    pub query: String,
    /// Bucket.
    pub bucket: Option<String>,
    /// The key id that the client claimed; logged only while `principal` is none.
    pub claimed_key: Option<String>,
    /// The caller's ARN, after verification only.
    pub principal: Option<String>,
    /// RoleSessionName of a session.
    pub session_name: Option<String>,
    /// Source identity of a session.
    pub source_identity: Option<String>,
    /// The (action, resource) pairs that were decided.
    pub decided: Vec<(String, String)>,
    /// Those of `decided` that were denied, where each part of a batch was decided by itself.
    pub denied: Vec<(String, String)>,
    /// `allow`, `explicit_deny`, `implicit_deny`; empty if it never came to a decision.
    pub decision: &'static str,
    /// The statements that decided.
    pub statements: Vec<String>,
    /// Status of the answer; 0 if there was none because the client went away.
    pub status: u16,
    /// Error code of an answer of the gate's own.
    pub error_code: Option<&'static str>,
    /// The backend's status, if it was asked.
    pub backend_status: Option<u16>,
    /// The backend's request id.
    pub backend_request_id: Option<String>,
    /// Body bytes from the client.
    pub bytes_in: u64,
    /// Body bytes to the client.
    pub bytes_out: u64,
    /// Nanoseconds from the head to the end of the answer.
    pub total_nanos: u64,
    /// Nanoseconds of verifying signature and token.
    pub verify_nanos: u64,
    /// Nanoseconds of deciding.
    pub decide_nanos: u64,
    /// Nanoseconds from sending to the backend to the head of its answer, if it was asked.
    pub upstream_nanos: Option<u64>,
    /// User-Agent.
    pub user_agent: Option<String>,
}

impl RequestRecord {
    /// A record of a request of which nothing but its arrival is known.
    pub fn new(time: Timestamp, request_id: String, source: IpAddr) -> Self {
        Self {
            time,
            request_id,
            source,
            plane: "none",
            operation: "",
            method: "",
            path: String::new(),
            query: String::new(),
            bucket: None,
            claimed_key: None,
            principal: None,
            session_name: None,
            source_identity: None,
            decided: Vec::new(),
            denied: Vec::new(),
            decision: "",
            statements: Vec::new(),
            status: 0,
            error_code: None,
            backend_status: None,
            backend_request_id: None,
            bytes_in: 0,
            bytes_out: 0,
            total_nanos: 0,
            verify_nanos: 0,
            decide_nanos: 0,
            upstream_nanos: None,
            user_agent: None,
        }
    }
}
