//! One connection of a client, request after request.
//!
//! Requests that come before the one before them was answered wait in the buffer: they are read when it was, one
//! after the other (RFC 9112 section 9.3.2).

use super::client::{Client, HEAD_ROOM};
use super::deadline::{Alarm, within};
use super::exchange::Exchange;
use super::fault::{ForwardFault, HeadFault};
use super::head::{self, Connection, Search};
use super::incoming::{Incoming, Readable, Rest};
use super::record::Fault;
use super::respond::{self, Stamp};
use super::service::ProxyService;
use super::settings::ProxySettings;
use super::stream::ClientStream;
use crate::gateway::Verdict;
use crate::wire::{Method, RequestHead, Response};
use bytes::Buf;
use pingora::server::ShutdownWatch;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// How long one connection too many is listened to after its answer.
pub(super) const TURNED_AWAY: Duration = Duration::from_secs(1);

/// What came instead of a next request.
enum Arrival {
    /// The input begins with a head that long.
    Head(usize),
    /// A head that cannot be waited for any longer.
    Fault(HeadFault),
    /// Nothing: the client is gone, idle for too long, or the server stops.
    Nothing,
}

/// One request, and the connection that it came by.
pub(super) struct Call<'a, 's> {
    pub(super) client: &'a mut Client,
    pub(super) alarm: &'a mut Alarm,
    pub(super) exchange: &'a mut Exchange<'s>,
    pub(super) incoming: Incoming,
    /// Whether the connection may be used again, as far as is known.
    pub(super) keep: bool,
    pub(super) is_head: bool,
    shutdown: &'a ShutdownWatch,
}

impl ProxyService {
    /// Serves a connection until it closes.
    pub(super) async fn serve(&self, stream: ClientStream, shutdown: &ShutdownWatch) {
        let mut client = Client::new(stream, Arc::clone(&self.clock));
        let mut alarm = Alarm::new(Arc::clone(&self.clock));
        let mut watch = shutdown.clone();
        let mut stop = pin!(async move {
            // A server that is gone stops too.
            let _ = watch.wait_for(|stops| *stops).await;
        });
        let mut served = 0u32;
        loop {
            let length = match self.arrival(&mut client, &mut alarm, served == 0, stop.as_mut()).await {
                Arrival::Head(length) => length,
                Arrival::Nothing => return client.close().await,
                Arrival::Fault(fault) => return self.refuse(&mut client, fault, self.settings.drain_timeout).await,
            };
            served = served.saturating_add(1);
            let last = self.settings.keepalive_requests.is_some_and(|most| served >= most);
            if !self.answer(&mut client, &mut alarm, length, last, shutdown).await {
                return;
            }
            client.shrink();
        }
    }

    /// Answers a connection too many.
    pub(super) async fn turn_away(&self, stream: ClientStream) {
        let limit = self.settings.drain_timeout.min(TURNED_AWAY);
        self.refuse(&mut Client::new(stream, Arc::clone(&self.clock)), HeadFault::TooManyConnections, limit).await;
    }

    /// Waits for the next head.
    async fn arrival(
        &self,
        client: &mut Client,
        alarm: &mut Alarm,
        first: bool,
        mut stop: Pin<&mut impl Future>,
    ) -> Arrival {
        let settings = &self.settings;
        if client.input.is_empty() {
            let more = std::future::poll_fn(|cx| {
                if let Poll::Ready(read) = client.poll_fill(cx, HEAD_ROOM) {
                    return Poll::Ready(read.is_ok_and(|count| count > 0));
                }
                stop.as_mut().poll(cx).map(|_| false)
            });
            let patience = if first { settings.head_timeout } else { settings.keepalive };
            if !alarm.within(patience, more).await.unwrap_or(false) {
                return Arrival::Nothing;
            }
        }
        let whole = async {
            let mut from = 0;
            loop {
                let blank = client.input.len() - head::skip_leading_lines(&client.input).len();
                client.input.advance(blank);
                match head::search_end(&client.input, from) {
                    Search::Ends(length) => return Arrival::Head(length),
                    Search::Hopeless if *client.input != *b"\r" => return Arrival::Fault(HeadFault::Malformed),
                    Search::Hopeless => {}
                    Search::Open(_) if client.input.len() > settings.head.head_bytes => {
                        return Arrival::Fault(HeadFault::HeadTooLarge { limit: settings.head.head_bytes });
                    }
                    Search::Open(next) => from = next,
                }
                if !client.fill(HEAD_ROOM).await.is_ok_and(|count| count > 0) {
                    return Arrival::Nothing;
                }
            }
        };
        within(settings.head_timeout, whole).await.unwrap_or(Arrival::Fault(HeadFault::TimedOut))
    }

    /// Answers to no head, and closes.
    async fn refuse(&self, client: &mut Client, fault: HeadFault, linger: Duration) {
        let mut exchange = Exchange::begin(self, client);
        let response = self.gate.refuse(fault, &exchange.request_id);
        exchange.fault = Some(Fault::Head(fault));
        let is_head = client.input.starts_with(b"HEAD ");
        if self.write(client, &mut exchange, &response, false, is_head).await {
            drop(exchange);
            client.linger(linger).await;
        }
    }

    /// Answers the request whose head the input begins with. True: the connection may be used again.
    async fn answer(
        &self,
        client: &mut Client,
        alarm: &mut Alarm,
        length: usize,
        last: bool,
        shutdown: &ShutdownWatch,
    ) -> bool {
        let connection = Connection { peer: client.peer, tls: client.tls, trusted: &self.settings.trusted_proxies };
        let raw = client.input.get(..length).unwrap_or_default();
        let head = match head::read(raw, &self.settings.head, &connection) {
            Ok(head) => head,
            Err(fault) => {
                self.refuse(client, fault, self.settings.drain_timeout).await;
                return false;
            }
        };
        client.input.advance(length);
        let keep = !last && !asks_to_close(&head);
        let mut incoming = Incoming::of(&head, &self.settings);
        let mut share = self.budget.share();
        let mut exchange = Exchange::begin(self, client);
        let is_head = head.method() == Method::Head;
        let head = exchange.head.insert(head);
        let mut body =
            Readable { client: &mut *client, incoming: &mut incoming, share: &mut share, settings: &self.settings };
        let verdict = self.gate.handle(head, &exchange.request_id, &mut body, &mut exchange.trace).await;
        let mut call = Call { client: &mut *client, alarm, exchange: &mut exchange, incoming, keep, is_head, shutdown };
        let after = match verdict {
            Verdict::Respond(response) => self.respond(&mut call, &response).await,
            Verdict::Forward(forward) => match self.forward(&mut call, *forward, &mut share).await {
                Ok(()) => call.after(&self.settings),
                Err(fault) => self.fail(&mut call, fault).await,
            },
        };
        let Call { mut incoming, .. } = call;
        exchange.bytes_in = incoming.taken;
        // The record is written and the share given back when the request has ended, not when its connection has.
        drop(exchange);
        drop(share);
        match after {
            After::Keep => true,
            After::Drain => incoming.drain(client, &self.settings).await,
            After::Linger => {
                client.linger(self.settings.drain_timeout).await;
                false
            }
            After::Close => {
                client.close().await;
                false
            }
            After::Cut => false,
        }
    }

    /// Answers with an answer of the gate's own.
    async fn respond(&self, call: &mut Call<'_, '_>, response: &Response) -> After {
        call.keep &= !call.stops() && call.incoming.rest(&self.settings) != Rest::Long;
        if self.write(call.client, call.exchange, response, call.keep, call.is_head).await {
            call.after(&self.settings)
        } else {
            After::Cut
        }
    }

    /// Answers a permitted request that could not be carried out, if it is not too late for that.
    async fn fail(&self, call: &mut Call<'_, '_>, fault: ForwardFault) -> After {
        call.keep = false;
        call.exchange.fail(fault.clone());
        let head =
            call.exchange.head.as_ref().filter(|_| call.exchange.status == 0 && fault != ForwardFault::ClientGone);
        let Some(head) = head else { return After::Cut };
        let response = self.gate.fail(&fault, head, &call.exchange.request_id);
        self.respond(call, &response).await
    }

    /// Writes an answer of the gate's own; false if it cannot be.
    async fn write(
        &self,
        client: &mut Client,
        exchange: &mut Exchange<'_>,
        response: &Response,
        keep: bool,
        is_head: bool,
    ) -> bool {
        client.set_date(exchange.started);
        let (date, out) = client.date_and_output();
        out.clear();
        let body = respond::write(out, response, self.stamp(exchange, date, keep), is_head);
        if client.send(&self.settings).await.is_err() {
            exchange.fail(ForwardFault::ClientGone);
            return false;
        }
        exchange.status = response.status;
        exchange.bytes_out = u64::try_from(body).unwrap_or(u64::MAX);
        true
    }

    /// What every answer to a request has.
    pub(super) fn stamp<'a>(&'a self, exchange: &'a Exchange<'_>, date: &'a str, keep: bool) -> Stamp<'a> {
        Stamp {
            request_id: &exchange.request_id,
            host_id: &self.settings.host_id,
            plane: exchange.trace.plane,
            date,
            keep,
        }
    }
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy)]
enum After {
    /// The next request is read.
    Keep,
    /// So it is, after the rest of the body.
    Drain,
    /// It is closed when the client has had time to read the answer.
    Linger,
    /// It is closed.
    Close,
    /// It is dropped as it is: the answer has been cut, or nobody is there.
    Cut,
}

impl Call<'_, '_> {
    /// Whether the server stops: the answer is the last one on its connection.
    pub(super) fn stops(&self) -> bool {
        *self.shutdown.borrow()
    }

    /// After a whole answer that said whether the connection is kept.
    fn after(&self, settings: &ProxySettings) -> After {
        match (self.keep, self.incoming.rest(settings)) {
            (true, Rest::None) => After::Keep,
            (true, Rest::Short) => After::Drain,
            (false, Rest::None) => After::Close,
            (false, Rest::Short) | (_, Rest::Long) => After::Linger,
        }
    }
}

/// Whether `Connection` says `close`.
fn asks_to_close(head: &RequestHead) -> bool {
    head.header_values("connection")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
}
