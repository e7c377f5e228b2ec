//! One request's state between the phases, and its one record.

use super::body::Transfer;
use super::buffer::Share;
use super::fault::ForwardFault;
use super::framing::Framing;
use super::record::{Fault, Record, Recorder};
use crate::gateway::{Forward, Trace};
use crate::types::{Clock, Timestamp};
use crate::wire::{RequestHead, Response};
use pingora::proxy::Session;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// pingora's per-request context. Dropping it writes the record if no phase has.
pub struct Exchange {
    clock: Arc<dyn Clock>,
    recorder: Arc<dyn Recorder>,
    begun: Option<Begun>,
    pub(super) request_id: String,
    pub(super) head: Option<RequestHead>,
    pub(super) peer: IpAddr,
    pub(super) trace: Trace,
    pub(super) outgoing: Option<Outgoing>,
    pub(super) share: Option<Share>,
    pub(super) fault: Option<Fault>,
    pub(super) status: u16,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) upstream_started: Option<u64>,
    pub(super) upstream_nanos: Option<u64>,
    pub(super) backend_status: Option<u16>,
    pub(super) backend_request_id: Option<String>,
}

#[derive(Clone, Copy)]
struct Begun {
    at: Timestamp,
    ticks: u64,
}

/// A permitted request on its way.
pub(super) struct Outgoing {
    pub(super) forward: Forward,
    pub(super) framing: Framing,
    pub(super) transfer: Transfer,
    /// The answer that takes the place of the backend's body, once its head was replaced.
    pub(super) replacement: Option<Response>,
}

impl Exchange {
    pub(super) fn new(clock: Arc<dyn Clock>, recorder: Arc<dyn Recorder>) -> Self {
        Self {
            clock,
            recorder,
            begun: None,
            request_id: String::new(),
            head: None,
            peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            trace: Trace::default(),
            outgoing: None,
            share: None,
            fault: None,
            status: 0,
            bytes_in: 0,
            bytes_out: 0,
            upstream_started: None,
            upstream_nanos: None,
            backend_status: None,
            backend_request_id: None,
        }
    }

    /// From here on there will be a record.
    pub(super) fn begin(&mut self, request_id: String) {
        self.begun = Some(Begun { at: self.clock.now(), ticks: self.clock.ticks() });
        self.request_id = request_id;
    }

    /// The backend's turn begins; a later try begins it anew.
    pub(super) fn upstream_begins(&mut self) {
        self.upstream_started = Some(self.clock.ticks());
    }

    /// The head of the backend's answer is here.
    pub(super) fn upstream_answered(&mut self) {
        self.upstream_nanos = self.upstream_started.map(|from| self.clock.ticks().saturating_sub(from));
    }

    /// The fault of forwarding, if there was one.
    pub(super) fn forward_fault(&self) -> Option<&ForwardFault> {
        match &self.fault {
            Some(Fault::Forward(fault)) => Some(fault),
            _ => None,
        }
    }

    /// Ends the exchange with what the session counted. Only the first end counts.
    pub(super) fn end(&mut self, session: &Session) {
        self.status = session.response_written().map_or(0, |header| header.status.as_u16());
        if (100..200).contains(&self.status) {
            self.status = 0;
        }
        self.bytes_in = session.body_bytes_read().try_into().unwrap_or(u64::MAX);
        self.bytes_out = session.body_bytes_sent().try_into().unwrap_or(u64::MAX);
        self.record();
    }

    fn record(&mut self) {
        let Some(begun) = self.begun.take() else { return };
        let head = self.head.take();
        self.recorder.record(Record {
            request_id: std::mem::take(&mut self.request_id),
            peer: head.as_ref().map_or(self.peer, RequestHead::peer),
            head,
            started: begun.at,
            total_nanos: self.clock.ticks().saturating_sub(begun.ticks),
            status: self.status,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            upstream_nanos: self.upstream_nanos,
            backend_status: self.backend_status,
            backend_request_id: self.backend_request_id.take(),
            fault: self.fault.take(),
            trace: std::mem::take(&mut self.trace),
        });
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.record();
    }
}
