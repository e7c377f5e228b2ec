//! One request from its head to its record.

use super::body::Transfer;
use super::client::Client;
use super::fault::ForwardFault;
use super::framing::Framing;
use super::record::{Fault, Record};
use super::service::ProxyService;
use crate::gateway::{Forward, Trace};
use crate::types::Timestamp;
use crate::wire::RequestHead;
use std::net::IpAddr;

/// What is known of a request so far. Dropping it writes its one record, whatever its end.
pub(super) struct Exchange<'s> {
    service: &'s ProxyService,
    pub(super) started: Timestamp,
    ticks: u64,
    pub(super) request_id: String,
    pub(super) head: Option<RequestHead>,
    peer: IpAddr,
    pub(super) trace: Trace,
    pub(super) fault: Option<Fault>,
    /// Status of the head that was sent; 0 before.
    pub(super) status: u16,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    upstream_started: Option<u64>,
    upstream_nanos: Option<u64>,
    pub(super) backend_status: Option<u16>,
    pub(super) backend_request_id: Option<String>,
}

/// A permitted request on its way.
pub(super) struct Outgoing {
    pub(super) forward: Forward,
    pub(super) framing: Framing,
    pub(super) transfer: Transfer,
}

impl<'s> Exchange<'s> {
    /// Begins: from here on there will be a record.
    pub(super) fn begin(service: &'s ProxyService, client: &mut Client) -> Self {
        Self {
            service,
            started: service.clock.now(),
            ticks: service.clock.ticks(),
            request_id: client.request_id(&*service.entropy),
            head: None,
            peer: client.peer,
            trace: Trace::default(),
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

    /// The backend's turn begins; a later try begins it anew.
    pub(super) fn upstream_begins(&mut self) {
        self.upstream_started = Some(self.service.clock.ticks());
    }

    /// The head of the backend's answer is here.
    pub(super) fn upstream_answered(&mut self, status: u16, request_id: Option<String>) {
        self.upstream_nanos = self.upstream_started.map(|from| self.service.clock.ticks().saturating_sub(from));
        self.backend_status = Some(status);
        self.backend_request_id = request_id;
    }

    /// Notes what went wrong. The first fault is the cause of those after it.
    pub(super) fn fail(&mut self, fault: ForwardFault) {
        self.fault.get_or_insert(Fault::Forward(fault));
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        let head = self.head.take();
        self.service.recorder.record(Record {
            request_id: std::mem::take(&mut self.request_id),
            peer: head.as_ref().map_or(self.peer, RequestHead::peer),
            head,
            started: self.started,
            total_nanos: self.service.clock.ticks().saturating_sub(self.ticks),
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
