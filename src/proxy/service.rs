//! pingora's hooks in their order. Each is a call into the file of its phase.

use super::Gate;
use super::buffer::BufferBudget;
use super::exchange::Exchange;
use super::fault::ForwardFault;
use super::forwarded;
use super::outbound;
use super::record::{Fault, Recorder};
use super::request::fail;
use super::respond::{self, Stamp};
use super::settings::{AwsChunked, ProxySettings, UpstreamSettings};
use super::upstream::{self, UpstreamError};
use crate::backend::BackendSigner;
use crate::gateway::ResponsePlan;
use crate::types::{Clock, Entropy};
use crate::wire::{Method, Response};
use async_trait::async_trait;
use bytes::Bytes;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// What a transfer may hold outside the budget: no more than the connection's own buffers. Chunks that wait for
/// their signature go beyond it.
const FREE_BYTES: usize = 128 * 1024;

/// What a [`ProxyService`] is made of.
pub struct ProxyParts {
    /// The gateway.
    pub gate: Arc<dyn Gate>,
    /// Takes the records.
    pub recorder: Arc<dyn Recorder>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness for request ids.
    pub entropy: Arc<dyn Entropy>,
    /// Signs for the backend; shared with the gate's own client.
    pub signer: Arc<BackendSigner>,
    /// The listener's side.
    pub settings: ProxySettings,
    /// The backend's side.
    pub upstream: UpstreamSettings,
}

/// The proxy application. Shared by all connections.
pub struct ProxyService {
    pub(super) gate: Arc<dyn Gate>,
    pub(super) settings: ProxySettings,
    pub(super) budget: BufferBudget,
    pub(super) aws_chunked: AwsChunked,
    recorder: Arc<dyn Recorder>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    signer: Arc<BackendSigner>,
    authority: String,
    peer: HttpPeer,
}

impl ProxyService {
    /// Builds the service and its peer; nothing is connected yet.
    pub fn new(parts: ProxyParts) -> std::result::Result<Self, UpstreamError> {
        let ProxyParts { gate, recorder, clock, entropy, signer, settings, upstream } = parts;
        Ok(Self {
            gate,
            budget: BufferBudget::new(settings.buffered_bytes),
            settings,
            aws_chunked: upstream.aws_chunked,
            recorder,
            clock,
            entropy,
            signer,
            peer: upstream::peer(&upstream)?,
            authority: upstream.authority,
        })
    }

    fn stamp<'a>(&'a self, exchange: &'a Exchange) -> Stamp<'a> {
        Stamp { request_id: &exchange.request_id, host_id: &self.settings.host_id, plane: exchange.trace.plane }
    }

    /// Writes an answer of the gate's own.
    pub(super) async fn respond(
        &self,
        session: &mut Session,
        exchange: &Exchange,
        response: &Response,
        keep: bool,
    ) -> Result<()> {
        respond::write(session, response, self.stamp(exchange), &self.settings, keep).await
    }

    /// 16 upper-case hex digits, as S3 writes its own.
    fn request_id(&self) -> String {
        let mut random = [0; 8];
        self.entropy.fill(&mut random);
        hex::encode_upper(random)
    }
}

fn replacement_of(plan: &ResponsePlan) -> Option<Response> {
    match plan {
        ResponsePlan::HideMissing(response) => Some(response.clone()),
        ResponsePlan::Pass => None,
    }
}

#[async_trait]
impl ProxyHttp for ProxyService {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        Exchange::new(Arc::clone(&self.clock), Arc::clone(&self.recorder))
    }

    /// None: the default adds a module to every request.
    fn init_downstream_modules(&self, _modules: &mut HttpModules) {}

    async fn early_request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<()> {
        exchange.begin(self.request_id());
        // Off means that the client, the server's stop or broken framing closes the connection. Otherwise pingora
        // would keep it for ever after the first request.
        if session.get_keepalive().is_some() {
            session.set_keepalive(Some(self.settings.keepalive.as_secs().max(1)));
        }
        session.set_read_timeout(Some(self.settings.body_read_timeout));
        session.set_min_send_rate(Some(self.settings.min_send_rate));
        session.set_ignore_info_resp(true);
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<bool> {
        self.admit(session, exchange).await
    }

    async fn upstream_peer(&self, _session: &mut Session, exchange: &mut Exchange) -> Result<Box<HttpPeer>> {
        exchange.upstream_begins();
        Ok(Box::new(self.peer.clone()))
    }

    async fn upstream_request_filter(
        &self,
        _session: &mut Session,
        header: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let Some(outgoing) = exchange.outgoing.as_mut().filter(|outgoing| !outgoing.transfer.has_started()) else {
            return Err(fail(exchange, ForwardFault::Internal));
        };
        let now = self.clock.now();
        match outbound::build(&outgoing.forward, &outgoing.framing, &self.authority, &self.signer, now) {
            Ok(built) => {
                *header = built.header;
                if let Some(signer) = built.chunks {
                    outgoing.transfer.sign_chunks(signer);
                }
                Ok(())
            }
            Err(_) => Err(fail(exchange, ForwardFault::Internal)),
        }
    }

    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let piece = body.take().unwrap_or_default();
        let pushed = match &mut exchange.outgoing {
            Some(outgoing) => outgoing.transfer.push(piece, end).and_then(|out| {
                let held = outgoing.transfer.held();
                let share = exchange.share.get_or_insert_with(|| self.budget.share());
                if held <= FREE_BYTES || share.widen_to(held) { Ok(out) } else { Err(ForwardFault::Busy) }
            }),
            None => Err(ForwardFault::Internal),
        };
        match pushed {
            // INVARIANT: no empty piece at the end, it would be written as a second terminator; none but the end
            // is None, it would be taken for the end.
            Ok(out) if end && out.is_empty() => *body = None,
            Ok(out) => *body = Some(out),
            Err(fault) => return Err(fail(exchange, fault)),
        }
        Ok(())
    }

    async fn upstream_response_filter(
        &self,
        session: &mut Session,
        header: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        if header.status.is_informational() {
            return Ok(());
        }
        exchange.upstream_answered();
        exchange.backend_status = Some(header.status.as_u16());
        exchange.backend_request_id = forwarded::request_id(header);
        let Some(outgoing) = &mut exchange.outgoing else { return Err(fail(exchange, ForwardFault::Internal)) };
        if header.status.is_success() && !outgoing.transfer.is_complete() {
            return Err(fail(exchange, ForwardFault::ConfirmedEarly));
        }
        let hidden = match &outgoing.forward.response {
            ResponsePlan::HideMissing(response) if header.status == http::StatusCode::NOT_FOUND => Some(response),
            _ => None,
        };
        let Some(response) = hidden.cloned() else {
            forwarded::keep_allowed(header);
            return self.stamp(exchange).put_on(header);
        };
        let is_head = session.req_header().method == http::Method::HEAD;
        if !is_head && forwarded::has_no_body(header) {
            // No body filter will be called in which ours could take its place.
            return Err(fail(exchange, ForwardFault::Replaced));
        }
        outgoing.replacement = Some(response.clone());
        *header = respond::head(&response, self.stamp(exchange))?;
        Ok(())
    }

    fn upstream_response_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        exchange: &mut Exchange,
    ) -> Result<Option<Duration>> {
        if let Some(replacement) = exchange.outgoing.as_mut().and_then(|outgoing| outgoing.replacement.as_mut()) {
            // The first call gives the whole of ours, the others nothing.
            let ours = std::mem::take(&mut replacement.body);
            *body = if end && ours.is_empty() { None } else { Some(ours) };
        }
        Ok(None)
    }

    fn error_while_proxy(
        &self,
        _peer: &HttpPeer,
        session: &mut Session,
        mut error: Box<Error>,
        exchange: &mut Exchange,
        reused: bool,
    ) -> Box<Error> {
        let outgoing = exchange.outgoing.as_ref();
        let safe = outgoing.is_some_and(|outgoing| {
            matches!(outgoing.forward.method, Method::Get | Method::Head) && outgoing.transfer.is_complete()
        });
        let answered = session.response_written().is_some_and(|header| !header.status.is_informational());
        upstream::decide_retry(&mut error, safe && exchange.fault.is_none(), reused, answered);
        error
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, exchange: &mut Exchange) -> FailToProxy {
        let fault = match exchange.forward_fault() {
            Some(fault) => fault.clone(),
            None => upstream::fault_of(error),
        };
        let head = exchange.head.as_ref();
        let replaced = || exchange.outgoing.as_ref().and_then(|outgoing| replacement_of(&outgoing.forward.response));
        let response = match (&fault, head) {
            (ForwardFault::ClientGone, _) => None,
            (ForwardFault::Replaced, _) => replaced(),
            (_, Some(head)) => Some(self.gate.fail(&fault, head, &exchange.request_id)),
            (_, None) => None,
        };
        if fault == ForwardFault::Replaced {
            exchange.fault = None;
        } else if exchange.fault.is_none() {
            exchange.fault = Some(Fault::Forward(fault));
        }
        let answered = session.response_written().is_some_and(|header| !header.status.is_informational());
        let status = response.as_ref().map_or(0, |response| response.status);
        if let Some(response) = response.filter(|_| !answered) {
            // The client may be gone by now: there is nothing more to be done about that.
            let _ = self.respond(session, exchange, &response, false).await;
        }
        FailToProxy { error_code: status, can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, _error: Option<&Error>, exchange: &mut Exchange) {
        exchange.end(session);
    }

    /// pingora's own lines would show targets, which hold credentials where they are presigned (rule 29).
    fn request_summary(&self, _session: &Session, exchange: &Exchange) -> String {
        exchange.request_id.clone()
    }

    /// The record tells of it.
    fn suppress_error_log(&self, _session: &Session, _exchange: &Exchange, _error: &Error) -> bool {
        true
    }
}
