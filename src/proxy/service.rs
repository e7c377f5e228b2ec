//! The proxy as an application of pingora: what all connections share, and how many there may be.

use super::Gate;
use super::buffer::BufferBudget;
use super::connection::TURNED_AWAY;
use super::record::Recorder;
use super::settings::{AwsChunked, ProxySettings, UpstreamSettings};
use super::stream::ClientStream;
use super::upstream::{Upstream, UpstreamError};
use crate::backend::BackendSigner;
use crate::types::{Clock, Entropy};
use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::protocols::Stream;
use pingora::server::ShutdownWatch;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_rustls::TlsAcceptor;

/// Bytes that the wide rooms of long answers may take, all together. Who finds none left reads in smaller pieces.
const WIDE_BYTES: usize = 64 * 1024 * 1024;

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
    /// What turns connections into TLS; none for plain HTTP.
    pub tls: Option<TlsAcceptor>,
    /// The listener's side.
    pub settings: ProxySettings,
    /// The backend's side.
    pub upstream: UpstreamSettings,
}

/// The proxy application. Shared by all connections; each is served by [`ServerApp::process_new`] until it closes.
pub struct ProxyService {
    pub(super) gate: Arc<dyn Gate>,
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) signer: Arc<BackendSigner>,
    tls: Option<TlsAcceptor>,
    pub(super) settings: ProxySettings,
    pub(super) budget: BufferBudget,
    /// For the wide rooms of answers.
    pub(super) wide: BufferBudget,
    pub(super) aws_chunked: AwsChunked,
    pub(super) authority: String,
    pub(super) upstream: Upstream,
    pub(super) entropy: Arc<dyn Entropy>,
    open: AtomicUsize,
}

impl ProxyService {
    /// Builds the service and its peer; nothing is connected yet.
    pub fn new(parts: ProxyParts) -> Result<Self, UpstreamError> {
        let ProxyParts { gate, recorder, clock, entropy, signer, tls, settings, upstream } = parts;
        Ok(Self {
            gate,
            recorder,
            signer,
            tls,
            budget: BufferBudget::new(settings.buffered_bytes),
            wide: BufferBudget::new(WIDE_BYTES),
            settings,
            aws_chunked: upstream.aws_chunked,
            upstream: Upstream::new(&upstream, Arc::clone(&clock))?,
            clock,
            authority: upstream.authority,
            entropy,
            open: AtomicUsize::new(0),
        })
    }
}

/// One connection in the count of those that are open.
struct Counted<'a> {
    open: &'a AtomicUsize,
    before: usize,
}

impl<'a> Counted<'a> {
    fn new(open: &'a AtomicUsize) -> Self {
        Self { open, before: open.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl ServerApp for ProxyService {
    async fn process_new(self: &Arc<Self>, stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        let counted = Counted::new(&self.open);
        let most = self.settings.max_connections;
        let patience = if counted.before < most {
            self.settings.head_timeout
        } else if counted.before < most.saturating_mul(2) {
            // Telling so holds the connection for a moment longer; beyond twice the limit there is no time for it.
            TURNED_AWAY
        } else {
            return None;
        };
        let stream = ClientStream::open(stream, self.tls.as_ref(), patience, shutdown).await?;
        if counted.before < most {
            self.serve(stream, shutdown).await;
        } else {
            self.turn_away(stream).await;
        }
        None
    }
}
