//! The first phase: head, gateway, and what its verdict means for the session.

use super::ProxyService;
use super::body::Transfer;
use super::buffer::Share;
use super::exchange::{Exchange, Outgoing};
use super::fault::{ForwardFault, HeadFault};
use super::framing::{EMPTY_SHA256, Framing};
use super::head::{self, Connection};
use super::record::Fault;
use super::respond;
use super::settings::{AwsChunked, ProxySettings};
use crate::gateway::{BodyError, BodyPlan, Forward, RequestBody, Verdict};
use crate::sigv4;
use crate::wire::{RequestHead, TlsVersion};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use pingora::proxy::Session;
use pingora::{Error, ErrorType, Result};
use std::net::{IpAddr, Ipv4Addr};

/// The framing of an empty aws-chunked body with all its trailers fits in here.
const EMPTY_FRAMING_BYTES: usize = 16 * 1024;

impl ProxyService {
    /// Reads the head and asks the gateway. True: answered.
    pub(super) async fn admit(&self, session: &mut Session, exchange: &mut Exchange) -> Result<bool> {
        exchange.peer = socket_address(session);
        let head = match self.read_head(session, exchange.peer) {
            Ok(head) => exchange.head.insert(head),
            Err(fault) => {
                let response = self.gate.refuse(fault, &exchange.request_id);
                exchange.fault = Some(Fault::Head(fault));
                self.respond(session, exchange, &response, false).await?;
                return Ok(true);
            }
        };
        let mut body = SessionBody { session, share: self.budget.share(), settings: &self.settings };
        let verdict = self.gate.handle(head, &exchange.request_id, &mut body, &mut exchange.trace).await;
        exchange.share = Some(body.share);
        match verdict {
            Verdict::Respond(response) => {
                self.respond(session, exchange, &response, true).await?;
                Ok(true)
            }
            Verdict::Forward(forward) => {
                match self.prepare(session, *forward).await {
                    Ok(outgoing) => exchange.outgoing = Some(outgoing),
                    Err(fault) => return Err(fail(exchange, fault)),
                }
                respond::send_continue(session).await.map_err(Error::into_down)?;
                Ok(false)
            }
        }
    }

    fn read_head(&self, session: &Session, peer: IpAddr) -> std::result::Result<RequestHead, HeadFault> {
        // HTTP/2 has no such bytes; it is not served.
        let raw = session.as_http1().ok_or(HeadFault::Version)?.get_headers_raw_bytes();
        let connection = Connection { peer, tls: tls_version(session), trusted: &self.settings.trusted_proxies };
        head::read(&raw, &self.settings.head, &connection)
    }

    /// Settles what must be known before the head goes out.
    async fn prepare(
        &self,
        session: &mut Session,
        mut forward: Forward,
    ) -> std::result::Result<Outgoing, ForwardFault> {
        let mode = self.aws_chunked;
        match &forward.body {
            BodyPlan::Empty if !session.is_body_empty() => {
                self.read_whole(session, 0).await?;
                // A body of no bytes was announced: say so as well.
                let mut sha256 = [0; 32];
                hex::decode_to_slice(EMPTY_SHA256, &mut sha256).map_err(|_| ForwardFault::Internal)?;
                forward.body = BodyPlan::Hashed { length: 0, sha256 };
            }
            // The head alone would complete this upload at the backend: its trailer comes first.
            BodyPlan::Chunked { decoded_length: 0, .. } if mode == AwsChunked::Decode => {
                let framing = self.read_whole(session, EMPTY_FRAMING_BYTES).await?;
                let plan = std::mem::replace(&mut forward.body, BodyPlan::Plain { length: 0 });
                Transfer::new(plan, mode)?.push(framing, true)?;
            }
            BodyPlan::Plain { length } | BodyPlan::Hashed { length, .. } if *length > 0 && session.is_body_done() => {
                // The gateway read the body and wants it forwarded: there is nothing left to forward.
                return Err(ForwardFault::Internal);
            }
            _ => {}
        }
        let framing = Framing::of(&forward.body, forward.method, mode);
        let plan = std::mem::replace(&mut forward.body, BodyPlan::Empty);
        let transfer = Transfer::new(plan, mode)?;
        Ok(Outgoing { forward, framing, transfer, replacement: None })
    }

    async fn read_whole(&self, session: &mut Session, limit: usize) -> std::result::Result<Bytes, ForwardFault> {
        let mut body = SessionBody { session, share: self.budget.share(), settings: &self.settings };
        body.read_all(limit).await.map_err(|error| match error {
            BodyError::TooLarge { .. } => ForwardFault::UnexpectedBody,
            BodyError::Incomplete => ForwardFault::Body(sigv4::BodyError::Incomplete),
            BodyError::TimedOut => ForwardFault::ClientTimedOut,
            BodyError::Busy => ForwardFault::Busy,
        })
    }
}

/// Notes a fault and makes the error that carries it through pingora.
pub(super) fn fail(exchange: &mut Exchange, fault: ForwardFault) -> Box<Error> {
    exchange.fault = Some(Fault::Forward(fault));
    Error::new_down(ErrorType::Custom("Rolegate"))
}

fn socket_address(session: &Session) -> IpAddr {
    let inet = session.client_addr().and_then(|address| address.as_inet());
    inet.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip())
}

fn tls_version(session: &Session) -> Option<TlsVersion> {
    let tls = session.digest()?.ssl_digest.as_ref()?;
    // rustls serves no other versions.
    Some(if tls.version.contains("1.3") || tls.version.contains("1_3") { TlsVersion::V1_3 } else { TlsVersion::V1_2 })
}

/// The client's body, for the gateway.
struct SessionBody<'a> {
    session: &'a mut Session,
    share: Share,
    settings: &'a ProxySettings,
}

#[async_trait]
impl RequestBody for SessionBody<'_> {
    async fn read_all(&mut self, limit: usize) -> std::result::Result<Bytes, BodyError> {
        if announced_length(self.session).is_some_and(|length| length > limit) {
            return Err(BodyError::TooLarge { limit });
        }
        respond::send_continue(self.session).await.map_err(|_| BodyError::Incomplete)?;
        let whole = self.settings.whole_body_timeout;
        tokio::time::timeout(whole, self.read_pieces(limit)).await.unwrap_or(Err(BodyError::TimedOut))
    }
}

impl SessionBody<'_> {
    async fn read_pieces(&mut self, limit: usize) -> std::result::Result<Bytes, BodyError> {
        let mut whole = BytesMut::new();
        loop {
            let piece = match self.session.read_request_body().await {
                Ok(Some(piece)) => piece,
                Ok(None) => return Ok(whole.freeze()),
                Err(error) if *error.etype() == ErrorType::ReadTimedout => return Err(BodyError::TimedOut),
                Err(_) => return Err(BodyError::Incomplete),
            };
            if whole.len().saturating_add(piece.len()) > limit {
                return Err(BodyError::TooLarge { limit });
            }
            if !self.share.widen(piece.len()) {
                return Err(BodyError::Busy);
            }
            whole.extend_from_slice(&piece);
        }
    }
}

fn announced_length(session: &Session) -> Option<usize> {
    session.req_header().headers.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
