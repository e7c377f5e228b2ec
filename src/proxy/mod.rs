//! The policy enforcement point: the only module that turns verdicts into socket work. An HTTP/1.1 loop of the gate's
//! own on pingora's listeners, runtimes and connections.
//!
//! In the order of a request: `stream` does the TLS handshake, `connection` waits for its head, `head` reads the raw
//! bytes, the [`Gate`] is asked, `incoming` and `coding` read the client's body, `forward` sends what was decided and
//! awaits the answer: `outbound` writes the head, `body` moves the body under its plan, `outbox` frames it, `upstream`
//! and `pool` have the connections. `forwarded` takes the backend's name off its answer, `refusal` keeps back what
//! refuses the gate itself, `respond` writes answers of our own, `record` tells how it ended. `deadline` limits each
//! wait.
//!
//! Promises: nothing reaches the backend but what a [`Forward`](crate::gateway::Forward) says; no upload is
//! complete at the backend before all of it was verified; nothing but GET and HEAD is ever sent twice; every
//! request, also one whose head cannot be read, has one answer in the dialect and exactly one record; memory per
//! request is bounded whatever the body's size, and so is every wait.
//!
//! Follows RFC 9110 and RFC 9112, always the strict way. What reads bytes (`head`, `coding`, `forwarded`) is free of
//! sockets.

mod body;
mod buffer;
mod client;
mod coding;
mod connection;
mod deadline;
mod exchange;
mod fault;
mod forward;
mod forwarded;
mod framing;
mod head;
mod incoming;
mod outbound;
mod outbox;
mod pace;
mod pool;
mod record;
mod refusal;
mod respond;
mod serve;
mod service;
mod settings;
mod stream;
mod upstream;

pub use coding::{BrokenCoding, ChunkedDecoder, Decoded};
pub use fault::{ForwardFault, HeadFault};
pub use forwarded::{AnswerBody, AnswerHead, Malformed};
pub use head::read_head;
pub use record::{Fault, Record, Recorder};
pub use serve::proxy_service;
pub use service::{ProxyParts, ProxyService};
pub use settings::{
    AddressRange, AwsChunked, HeadLimits, InvalidAddressRange, ProxySettings, UpstreamSettings, UpstreamTls,
};
pub use upstream::UpstreamError;

use crate::gateway::{RequestBody, Trace, Verdict};
use crate::wire::{RequestHead, Response};
use async_trait::async_trait;

/// The gateway, as the proxy sees it.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Decides on a request. Reads the body through `body` where the decision needs it.
    async fn handle(
        &self,
        head: &RequestHead,
        request_id: &str,
        body: &mut dyn RequestBody,
        trace: &mut Trace,
    ) -> Verdict;

    /// The answer to a head that is refused before it is a [`RequestHead`], in S3's dialect.
    fn refuse(&self, fault: HeadFault, request_id: &str) -> Response;

    /// The answer to a fault after the verdict. Not asked for [`ForwardFault::ClientGone`]. The texts of 5xx answers say nothing of the inside.
    fn fail(&self, fault: &ForwardFault, head: &RequestHead, request_id: &str) -> Response;
}
