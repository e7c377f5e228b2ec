//! The way to the backend: a peer that is built once with every time limit set, and its connections.

use super::client::make_room;
use super::fault::ForwardFault;
use super::outbox::Outbox;
use super::pool::Pool;
use super::settings::{UpstreamSettings, UpstreamTls};
use crate::types::Clock;
use bytes::BytesMut;
use pingora::connectors::TransportConnector;
use pingora::protocols::Stream;
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::HttpPeer;
use pingora::utils::tls::{WrappedX509, parse_x509};
use pingora::{ErrorType, OrErr};
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// The most unused connections that are kept.
const IDLE_CONNECTIONS: usize = 512;
/// The largest buffer that an unused connection keeps.
const KEPT_ROOM: usize = 16 * 1024;

/// The backend's settings cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// TLS without a name to verify.
    #[error("the backend's endpoint is https but has no host name to verify its certificate against")]
    NoServerName,
    /// A certificate of the CA file cannot be a trust anchor.
    #[error("certificate {0} of the backend's CA file is not a usable trust anchor")]
    Anchor(usize),
}

/// Builds the peer.
pub(super) fn peer(settings: &UpstreamSettings) -> Result<HttpPeer, UpstreamError> {
    let name = settings.tls.as_ref().map(|tls| tls.server_name.clone()).unwrap_or_default();
    // INVARIANT: pingora verifies no certificate at all where the name is empty.
    if settings.tls.is_some() && name.is_empty() {
        return Err(UpstreamError::NoServerName);
    }
    // A resolved address: given a name, this function would look it up, blocking, and panic without an answer.
    let mut peer = HttpPeer::new(settings.address, settings.tls.is_some(), name);
    let options = &mut peer.options;
    options.ca = settings.tls.as_ref().map(anchors).transpose()?.flatten();
    options.connection_timeout = Some(settings.connect_timeout);
    options.total_connection_timeout = Some(settings.total_connect_timeout);
    options.set_http_version(1, 1);
    // An upload that is broken off ends in a reset, never in an orderly close: a server that takes the close for
    // the body's end (SeaweedFS, where not a byte of it had come) would keep a cut or empty object.
    options.upstream_tcp_sock_tweak_hook = Some(Arc::new(|socket| {
        socket.set_zero_linger().or_err(ErrorType::SocketError, "the backend's connection cannot be set to reset")
    }));
    Ok(peer)
}

fn anchors(tls: &UpstreamTls) -> Result<Option<Arc<CaType>>, UpstreamError> {
    let mut store = rustls::RootCertStore::empty();
    for (index, der) in tls.ca.iter().enumerate() {
        // Checked here since the wrapper below panics on what is not a certificate.
        store.add(der.clone().into()).map_err(|_| UpstreamError::Anchor(index + 1))?;
    }
    let wrapped: Vec<WrappedX509> = tls.ca.iter().map(|der| WrappedX509::new(der.clone(), parse_x509)).collect();
    Ok((!wrapped.is_empty()).then(|| wrapped.into()))
}

/// The way to the backend: connections that are there, and new ones.
pub(super) struct Upstream {
    connector: TransportConnector,
    peer: HttpPeer,
    pool: Arc<Pool<(Stream, BytesMut)>>,
    pub(super) read_timeout: Duration,
    pub(super) write_timeout: Duration,
}

/// One connection to the backend, for one request.
pub(super) struct Link {
    stream: Stream,
    /// What came and is not used yet.
    pub(super) input: BytesMut,
    /// Whether it had been used before, so that it may have been closed since.
    pub(super) reused: bool,
}

impl Upstream {
    pub(super) fn new(settings: &UpstreamSettings, clock: Arc<dyn Clock>) -> Result<Self, UpstreamError> {
        Ok(Self {
            // No pool of its own is used: it would start a task for every request.
            connector: TransportConnector::new(None),
            peer: peer(settings)?,
            pool: Pool::new(IDLE_CONNECTIONS, settings.idle_timeout, clock),
            read_timeout: settings.read_timeout,
            write_timeout: settings.write_timeout,
        })
    }

    /// A connection: one that is there if it lives, unless a new one is wanted.
    pub(super) async fn connect(&self, fresh: bool) -> Result<Link, ForwardFault> {
        while let Some((mut stream, input)) = (!fresh).then(|| self.pool.take()).flatten() {
            if is_quiet(&mut stream).await {
                return Ok(Link { stream, input, reused: true });
            }
        }
        let stream = self.connector.new_stream(&self.peer).await.map_err(|_| ForwardFault::Unreachable)?;
        Ok(Link { stream, input: BytesMut::new(), reused: false })
    }

    /// Takes a connection back whose request has ended well, with nothing left to read.
    pub(super) fn give_back(&self, link: Link) {
        let Link { stream, input, .. } = link;
        let input = if input.capacity() > KEPT_ROOM { BytesMut::new() } else { input };
        self.pool.put((stream, input));
    }
}

/// Whether an unused connection is open and silent: bytes that nobody asked for would be taken for an answer.
async fn is_quiet(stream: &mut Stream) -> bool {
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    let look = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_read(cx, &mut buffer).is_pending()));
    // Not counted as work of the task: out of budget, it would look quiet.
    tokio::task::unconstrained(look).await
}

impl Link {
    /// Reads more input; 0 is the end.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<usize>> {
        make_room(&mut self.input, room);
        pin!(self.stream.read_buf(&mut self.input)).poll(cx)
    }

    /// Reads more input; 0 is the end.
    pub(super) async fn fill(&mut self, room: usize) -> io::Result<usize> {
        std::future::poll_fn(|cx| self.poll_fill(cx, room)).await
    }

    /// Writes from what is to be sent, and pushes it out once all of it is written.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<io::Result<()>> {
        if outbox.is_unwritten() {
            let stream = Pin::new(&mut self.stream);
            let written = match outbox.slices() {
                [only, second, third] if second.is_empty() && third.is_empty() => stream.poll_write(cx, &only),
                slices => stream.poll_write_vectored(cx, &slices),
            };
            match std::task::ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => outbox.written(count),
            }
            if outbox.is_unwritten() {
                return Poll::Ready(Ok(()));
            }
        }
        std::task::ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        outbox.flushed();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_without_a_name_or_with_false_anchors_is_refused() {
        let time = std::time::Duration::from_secs(1);
        let with = |server_name: &str, ca: Vec<Vec<u8>>| {
            peer(&UpstreamSettings {
                address: "127.0.0.1:1".parse().unwrap(),
                authority: "h".to_owned(),
                tls: Some(UpstreamTls { server_name: server_name.to_owned(), ca }),
                aws_chunked: crate::proxy::AwsChunked::Pass,
                connect_timeout: time,
                total_connect_timeout: time,
                read_timeout: time,
                write_timeout: time,
                idle_timeout: time,
            })
        };
        assert_eq!(with("", vec![]).unwrap_err(), UpstreamError::NoServerName);
        assert_eq!(with("h", vec![b"x".to_vec()]).unwrap_err(), UpstreamError::Anchor(1));
        let peer = with("h", vec![]).unwrap();
        assert!(peer.options.verify_cert && peer.options.verify_hostname && peer.options.connection_timeout.is_some());
    }
}
