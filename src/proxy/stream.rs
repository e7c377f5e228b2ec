//! The client's bytes: as they come, or out of TLS.
//!
//! The handshake is done here and not by the listener, so that a connection counts, and its time runs, from its first
//! byte on.

use super::deadline::within;
use crate::wire::TlsVersion;
use pingora::protocols::Stream;
use pingora::server::ShutdownWatch;
use rustls::ProtocolVersion;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// One connection of a client, ready for HTTP.
pub(super) enum ClientStream {
    Plain(Stream),
    Tls(Box<TlsStream<Stream>>),
}

impl ClientStream {
    /// Does the handshake, where there is to be one. None if it fails, takes longer than `limit`, or the server stops.
    pub(super) async fn open(
        stream: Stream,
        tls: Option<&TlsAcceptor>,
        limit: Duration,
        shutdown: &ShutdownWatch,
    ) -> Option<Self> {
        let Some(tls) = tls else { return Some(Self::Plain(stream)) };
        let mut watch = shutdown.clone();
        tokio::select! {
            opened = within(limit, tls.accept(stream)) => Some(Self::Tls(Box::new(opened.ok()?.ok()?))),
            // A server that is gone stops too.
            _ = watch.wait_for(|stops| *stops) => None,
        }
    }

    /// The socket's address.
    pub(super) fn peer(&self) -> IpAddr {
        let socket = match self {
            Self::Plain(stream) => stream,
            Self::Tls(tls) => tls.get_ref().0,
        };
        let peer = socket.get_socket_digest().and_then(|digest| digest.peer_addr()?.as_inet().map(|inet| inet.ip()));
        peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// TLS version, if the connection is encrypted.
    pub(super) fn tls(&self) -> Option<TlsVersion> {
        match self {
            Self::Plain(_) => None,
            // rustls serves no other versions.
            Self::Tls(tls) => match tls.get_ref().1.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => Some(TlsVersion::V1_3),
                _ => Some(TlsVersion::V1_2),
            },
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
