//! The policy enforcement point: the only module that turns verdicts into socket work (pingora's `ProxyHttp`).
//!
//! Phases in order, each a call into one file: `head` reads the raw bytes of the request head, `request` asks
//! the [`Gate`], `upstream` and `outbound` make the connection and the head for the backend, `body` moves
//! the request body under its plan, `forwarded` takes the backend's name off its answer, `respond` writes
//! answers of our own, `record` tells how it ended.
//!
//! Promises: nothing reaches the backend but what a [`Forward`](crate::gateway::Forward) says; no upload is
//! complete at the backend before all of it was verified; nothing but GET and HEAD is ever sent twice; every
//! request that has a head has exactly one record; memory per request is bounded whatever the body's size.
//!
//! Follows RFC 9110 and RFC 9112, always the strict way, and pingora 0.9's traps as noted where they are met.

mod body;
mod buffer;
mod exchange;
mod fault;
mod forwarded;
mod framing;
mod head;
mod outbound;
mod record;
mod request;
mod respond;
mod serve;
mod service;
mod settings;
mod upstream;

pub use exchange::Exchange;
pub use fault::{ForwardFault, HeadFault};
pub use record::{Fault, Record, Recorder};
pub use serve::{in_process, proxy_service};
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

    /// The answer to a fault after the verdict. Not asked for [`ForwardFault::ClientGone`] and
    /// [`ForwardFault::Replaced`]. The texts of 5xx answers say nothing of the inside.
    fn fail(&self, fault: &ForwardFault, head: &RequestHead, request_id: &str) -> Response;
}
