//! A permitted request on its way: prepared, sent, and answered by the backend.
//!
//! The body goes on and the answer is awaited at the same time, in one task: a backend may answer early. Nothing is
//! sent twice, with one exception: GET and HEAD without a body, where a connection that had been used before died
//! before the first byte of an answer (it may have been closed while idle), go once more on a new one. All else may
//! have been carried out (FRAMEWORK section 2.5).

use super::body::Transfer;
use super::buffer::Share;
use super::client::{BODY_ROOM, Client, HEAD_ROOM};
use super::coding;
use super::connection::Call;
use super::deadline::within;
use super::exchange::Outgoing;
use super::fault::ForwardFault;
use super::forwarded::{AnswerBody, AnswerHead};
use super::framing::{EMPTY_SHA256, Framing};
use super::outbound;
use super::outbox::Outbox;
use super::refusal::Unread;
use super::respond;
use super::service::ProxyService;
use super::settings::AwsChunked;
use super::upstream::Link;
use crate::gateway::{BodyError, BodyPlan, Forward, ResponsePlan};
use crate::sigv4;
use crate::wire::Method;
use bytes::{Buf, Bytes};
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

/// What a transfer may hold outside the budget: no more than the connection's own buffers. Chunks that wait for
/// their signature go beyond it.
const FREE_BYTES: usize = 128 * 1024;
/// The framing of an empty aws-chunked body with all its trailers fits in here.
const EMPTY_FRAMING_BYTES: usize = 16 * 1024;
/// Room for an answer's head and a small body.
const ANSWER_ROOM: usize = 16 * 1024;
/// Room for an answer of which more than this is still to come: fewer reads and writes, here and at both ends.
const WIDE_ROOM: usize = 256 * 1024;

/// Why a try ended without an answer.
enum Stop {
    /// The connection died before any byte of an answer.
    Stale,
    Fault(ForwardFault),
}

impl From<ForwardFault> for Stop {
    fn from(fault: ForwardFault) -> Self {
        Self::Fault(fault)
    }
}

/// What is known once the head of an answer is here.
struct Answered {
    /// The status that the client is told.
    status: u16,
    /// How many bytes of a body of our own are in the client's output; none where the backend's passes.
    own: Option<usize>,
    body: AnswerBody,
    /// Its head, where its document is to be read before.
    unread: Option<Unread>,
    /// Whether the backend's connection may be used again after the body.
    reusable: bool,
}

impl ProxyService {
    /// Carries out what the gateway decided.
    pub(super) async fn forward(
        &self,
        call: &mut Call<'_, '_>,
        forward: Forward,
        share: &mut Share,
    ) -> Result<(), ForwardFault> {
        let mut outgoing = self.prepare(call, forward, share).await?;
        let safe = matches!(outgoing.forward.method, Method::Get | Method::Head) && outgoing.transfer.is_complete();
        let mut fresh = false;
        loop {
            call.exchange.upstream_begins();
            let mut link = self.upstream.connect(fresh).await?;
            match self.converse(call, &mut outgoing, &mut link, share).await {
                Ok(answered) => return self.relay(call, &outgoing.forward, link, answered).await,
                Err(Stop::Stale) if safe && link.reused => fresh = true,
                Err(Stop::Stale) => return Err(ForwardFault::BackendCut),
                Err(Stop::Fault(fault)) => return Err(fault),
            }
        }
    }

    /// Settles what must be known before the head goes out.
    async fn prepare(
        &self,
        call: &mut Call<'_, '_>,
        mut forward: Forward,
        share: &mut Share,
    ) -> Result<Outgoing, ForwardFault> {
        let mode = self.aws_chunked;
        match &forward.body {
            BodyPlan::Empty if call.incoming.is_announced() => {
                self.read_whole(call, share, 0).await?;
                // A body of no bytes was announced: say so as well.
                let mut sha256 = [0; 32];
                hex::decode_to_slice(EMPTY_SHA256, &mut sha256).map_err(|_| ForwardFault::Internal)?;
                forward.body = BodyPlan::Hashed { length: 0, sha256 };
            }
            // The head alone would complete this upload at the backend: its trailer comes first.
            BodyPlan::Chunked { decoded_length: 0, .. } if mode == AwsChunked::Decode => {
                let framing = self.read_whole(call, share, EMPTY_FRAMING_BYTES).await?;
                let plan = std::mem::replace(&mut forward.body, BodyPlan::Plain { length: 0 });
                Transfer::new(plan, mode)?.push(framing, true)?;
            }
            BodyPlan::Plain { length } | BodyPlan::Hashed { length, .. } if *length > 0 && call.incoming.is_done() => {
                // The gateway read the body and wants it forwarded: there is nothing left to forward.
                return Err(ForwardFault::Internal);
            }
            _ => {}
        }
        let framing = Framing::of(&forward.body, forward.method, mode);
        let plan = std::mem::replace(&mut forward.body, BodyPlan::Empty);
        let transfer = Transfer::new(plan, mode)?;
        Ok(Outgoing { forward, framing, transfer })
    }

    async fn read_whole(
        &self,
        call: &mut Call<'_, '_>,
        share: &mut Share,
        limit: usize,
    ) -> Result<Bytes, ForwardFault> {
        let read = call.incoming.read_all(call.client, share, limit, &self.settings).await;
        read.map_err(|error| match error {
            BodyError::TooLarge { .. } => ForwardFault::UnexpectedBody,
            BodyError::Incomplete => ForwardFault::Body(sigv4::BodyError::Incomplete),
            BodyError::TimedOut => ForwardFault::ClientTimedOut,
            BodyError::Busy => ForwardFault::Busy,
        })
    }

    /// Sends the request and reads the head of its answer, which is left in the client's output, made over.
    async fn converse(
        &self,
        call: &mut Call<'_, '_>,
        outgoing: &mut Outgoing,
        link: &mut Link,
        share: &mut Share,
    ) -> Result<Answered, Stop> {
        let mut outbox = Outbox::new(self.head(outgoing)?);
        call.incoming.send_continue(call.client, &self.settings).await?;
        let mut ended = false;
        let mut watched = true;
        loop {
            while !ended && outbox.has_room() {
                let Some(piece) = call.incoming.take(&mut call.client.input).map_err(ForwardFault::from)? else {
                    break;
                };
                ended = piece.end;
                let bytes = self.pass(outgoing, piece.bytes, ended, share)?;
                outbox.load(bytes, outgoing.framing.length, ended);
            }
            let event = if !outbox.is_idle() {
                let event = poll_fn(|cx| Event::poll(cx, link, Some(&mut outbox), None));
                within(self.upstream.write_timeout, event).await.map_err(|_| ForwardFault::BackendTimedOut)?
            } else if !ended && !outbox.is_given_up() {
                let begun = call.client.ticks();
                let event = poll_fn(|cx| Event::poll(cx, link, None, Some((&mut *call.client, BODY_ROOM))));
                let event = within(call.incoming.pace.patience(), event).await;
                let event = event.map_err(|_| ForwardFault::ClientTimedOut)?;
                if let Event::Client(Ok(count)) = event {
                    call.incoming.pace.came(call.client.since(begun), count);
                }
                event
            } else {
                let watches = watched && call.client.input.is_empty();
                let event =
                    poll_fn(|cx| Event::poll(cx, link, None, watches.then_some((&mut *call.client, HEAD_ROOM))));
                let event = call.alarm.within(self.upstream.read_timeout, event).await;
                event.map_err(|_| ForwardFault::BackendTimedOut)?
            };
            match event {
                Event::Client(Ok(count)) if count > 0 => {}
                // A client that wants no more of an object; whether it wants to know of a change, it cannot say.
                Event::Client(_) if ended && !matches!(outgoing.forward.method, Method::Get | Method::Head) => {
                    watched = false;
                }
                Event::Client(_) => return Err(ForwardFault::ClientGone.into()),
                Event::Sent(Ok(())) => {}
                // It may have answered before it stopped to listen.
                Event::Sent(Err(_)) if !outbox.is_given_up() => outbox.give_up(),
                Event::Sent(Err(_)) | Event::Answer(Err(_) | Ok(0)) if link.input.is_empty() => {
                    return Err(Stop::Stale);
                }
                Event::Sent(Err(_)) | Event::Answer(Err(_) | Ok(0)) => return Err(ForwardFault::BackendCut.into()),
                Event::Answer(Ok(_)) => {
                    let sent = ended && outbox.is_sent() && outgoing.transfer.is_complete();
                    if let Some(answered) = self.judge(call, outgoing, link, sent)? {
                        return Ok(answered);
                    }
                }
            }
        }
    }

    /// The head for the backend, of this try.
    fn head(&self, outgoing: &mut Outgoing) -> Result<Vec<u8>, ForwardFault> {
        if outgoing.transfer.has_started() {
            return Err(ForwardFault::Internal);
        }
        let mut head = Vec::with_capacity(1024);
        let Outgoing { forward, framing, transfer } = outgoing;
        let now = self.clock.now();
        let written = outbound::write(&mut head, forward, framing, &self.authority, &self.signer, now);
        if let Some(signer) = written.map_err(|_| ForwardFault::Internal)? {
            transfer.sign_chunks(signer);
        }
        Ok(head)
    }

    /// A piece of the body through its checks. What they hold back beyond the free bytes comes out of the budget.
    fn pass(&self, outgoing: &mut Outgoing, piece: Bytes, end: bool, share: &mut Share) -> Result<Bytes, ForwardFault> {
        let out = outgoing.transfer.push(piece, end)?;
        let held = outgoing.transfer.held();
        if held <= FREE_BYTES || share.widen_to(held) { Ok(out) } else { Err(ForwardFault::Busy) }
    }

    /// Reads what came of the answer. None: the head is not there yet, or was an interim one. `sent` says that the
    /// whole request has gone out, verified.
    fn judge(
        &self,
        call: &mut Call<'_, '_>,
        outgoing: &Outgoing,
        link: &mut Link,
        sent: bool,
    ) -> Result<Option<Answered>, ForwardFault> {
        loop {
            let read = AnswerHead::read(&link.input, call.is_head).map_err(|_| ForwardFault::BackendMalformed)?;
            let Some(head) = read else { return Ok(None) };
            let bytes = head.bytes;
            if head.status >= 200 {
                let answered = self.accept(call, outgoing, head, sent)?;
                link.input.advance(bytes);
                return Ok(Some(answered));
            }
            // Nothing was asked to be upgraded.
            if head.status == 101 {
                return Err(ForwardFault::BackendMalformed);
            }
            link.input.advance(bytes);
        }
    }

    /// Puts the head of the answer into the client's output, as it may pass, or the answer that takes its place.
    fn accept(
        &self,
        call: &mut Call<'_, '_>,
        outgoing: &Outgoing,
        head: AnswerHead<'_>,
        sent: bool,
    ) -> Result<Answered, ForwardFault> {
        call.exchange.upstream_answered(head.status, head.request_id());
        if (200..300).contains(&head.status) && !sent {
            return Err(ForwardFault::ConfirmedEarly);
        }
        call.keep &= sent && !call.stops();
        let Forward { response, withheld, changed, .. } = &outgoing.forward;
        let changed = changed.as_ref().filter(|_| head.status == 412);
        let unread = if call.is_head || changed.is_some() { None } else { Unread::of(&head, withheld) };
        let hidden = match (head.status, response) {
            (404, ResponsePlan::HideMissing(response)) if unread.is_none() => Some(response),
            _ => changed,
        };
        call.client.set_date(call.exchange.started);
        let (date, out) = call.client.date_and_output();
        out.clear();
        let stamp = self.stamp(call.exchange, date, call.keep);
        let (status, own) = match hidden {
            Some(response) => (response.status, Some(respond::write(out, response, stamp, call.is_head))),
            None if unread.is_some() => (head.status, None),
            None => {
                head.write(out, withheld, stamp);
                (head.status, None)
            }
        };
        Ok(Answered { status, own, unread, reusable: head.reusable && sent, body: head.body })
    }

    /// Moves the answer to the client: its head with what is there of its body, and then the rest of it.
    async fn relay(
        &self,
        call: &mut Call<'_, '_>,
        forward: &Forward,
        mut link: Link,
        answered: Answered,
    ) -> Result<(), ForwardFault> {
        let Answered { mut status, own, unread, reusable, mut body } = answered;
        if let Some(own) = own {
            self.send(call, status, u64::try_from(own).unwrap_or(u64::MAX)).await?;
            // What came with the head is all that is waited for of the backend's body: nobody gets it.
            if body.take(&mut link.input, &mut Vec::new()).is_err() {
                return Ok(());
            }
        } else {
            let count = if let Some(unread) = unread {
                let (told, count) = self.take_document(call, forward, unread, status, &mut link, &mut body).await?;
                if told != status && !body.is_done() {
                    return self.send(call, told, count).await;
                }
                status = told;
                count
            } else {
                let out = &mut call.client.output;
                body.take(&mut link.input, out).map_err(|_| ForwardFault::BackendMalformed)?
            };
            self.send(call, status, count).await?;
            let mut wide = self.wide.share();
            while !body.is_done() {
                let is_wide = body.has_more_than(WIDE_ROOM) && wide.widen_to(WIDE_ROOM);
                let room = if is_wide { WIDE_ROOM } else { BODY_ROOM };
                let read = call.alarm.within(self.upstream.read_timeout, link.fill(room)).await;
                match (read.map_err(|_| ForwardFault::BackendTimedOut)?, &body) {
                    (Ok(0), AnswerBody::UntilClose) => {
                        call.client.output.extend_from_slice(coding::LAST_CHUNK);
                        return self.send(call, status, 0).await;
                    }
                    (Ok(0) | Err(_), _) => return Err(ForwardFault::BackendCut),
                    (Ok(_), _) => {}
                }
                if let Some(count) = body.take_plain(link.input.len()) {
                    let bytes = link.input.get(..count).unwrap_or_default();
                    call.client.send_bytes(bytes, &self.settings).await.map_err(|_| ForwardFault::ClientGone)?;
                    link.input.advance(count);
                    call.exchange.bytes_out = call.exchange.bytes_out.saturating_add(u64::try_from(count).unwrap_or(0));
                } else {
                    let count = body.take(&mut link.input, &mut call.client.output);
                    self.send(call, status, count.map_err(|_| ForwardFault::BackendMalformed)?).await?;
                }
            }
        }
        if reusable && body.is_done() && link.input.is_empty() {
            self.upstream.give_back(link);
        }
        Ok(())
    }

    /// Writes the client's output, with so many bytes of content.
    async fn send(&self, call: &mut Call<'_, '_>, status: u16, count: u64) -> Result<(), ForwardFault> {
        call.client.send(&self.settings).await.map_err(|_| ForwardFault::ClientGone)?;
        call.exchange.status = status;
        call.exchange.bytes_out = call.exchange.bytes_out.saturating_add(count);
        Ok(())
    }
}

/// What happens next while a request is on its way.
enum Event {
    /// Something was written to the backend.
    Sent(io::Result<()>),
    /// Something came from the backend; 0 is the end.
    Answer(io::Result<usize>),
    /// Something came from the client; 0 is the end.
    Client(io::Result<usize>),
}

impl Event {
    /// The answer is looked for first: what it says may make the rest needless. Looking costs nothing while nothing
    /// is there.
    fn poll(
        cx: &mut Context<'_>,
        link: &mut Link,
        outbox: Option<&mut Outbox>,
        client: Option<(&mut Client, usize)>,
    ) -> Poll<Self> {
        if let Poll::Ready(read) = link.poll_fill(cx, ANSWER_ROOM) {
            return Poll::Ready(Self::Answer(read));
        }
        if let Some(outbox) = outbox
            && let Poll::Ready(sent) = link.poll_send(cx, outbox)
        {
            return Poll::Ready(Self::Sent(sent));
        }
        if let Some((client, room)) = client
            && let Poll::Ready(read) = client.poll_fill(cx, room)
        {
            return Poll::Ready(Self::Client(read));
        }
        Poll::Pending
    }
}
