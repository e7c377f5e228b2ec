//! [`HttpBackend`]: hyper's client with rustls (ring), HTTP/1.1.
//!
//! hyper-util sends a request again only when the connection turned out closed before any of it was written
//! (`retry_canceled_requests`); it is switched off here all the same: one call, one try.

use super::manner::Manner;
use super::outgoing::Outgoing;
use super::signer::BackendSigner;
use crate::gateway::{Backend, BackendAnswer, BackendError, BackendRequest};
use crate::types::Clock;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::Arc;
use std::time::Duration;

/// Where and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendClientSettings {
    /// Whether the endpoint is `https`.
    pub tls: bool,
    /// Name or address, with the port if it is not the scheme's: the `Host` that is signed, and where to connect.
    pub authority: String,
    /// The only trust anchors, in DER; empty for the system's.
    pub ca: Vec<Vec<u8>>,
    /// Time for the TCP connection.
    pub connect_timeout: Duration,
    /// Time for the whole call.
    pub total_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
}

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BackendClientError {
    /// A certificate of the CA file cannot be a trust anchor.
    #[error("certificate {0} of the backend's CA file is not a usable trust anchor")]
    Anchor(usize),
    /// The system has no trust anchors, and none were given.
    #[error("the system's trust anchors cannot be read; name a CA file for the backend")]
    SystemAnchors(#[source] std::io::Error),
    /// TLS cannot be set up.
    #[error("TLS to the backend cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// A small client for the gate's own calls.
pub struct HttpBackend {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    settings: BackendClientSettings,
    signer: Arc<BackendSigner>,
    clock: Arc<dyn Clock>,
}

impl HttpBackend {
    /// A client. Connections belong to the tokio runtime that calls it.
    pub fn new(
        settings: BackendClientSettings,
        signer: Arc<BackendSigner>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BackendClientError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(settings.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls_config(&settings.ca)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.idle_timeout)
            .retry_canceled_requests(false)
            .build(connector);
        Ok(Self { client, settings, signer, clock })
    }

    /// As [`Backend::call`], in another manner.
    pub async fn call_in(
        &self,
        request: BackendRequest,
        manner: &Manner,
        limit: usize,
    ) -> Result<BackendAnswer, BackendError> {
        let outgoing = Outgoing {
            scheme: if self.settings.tls { "https" } else { "http" },
            authority: &self.settings.authority,
            signer: &self.signer,
            now: self.clock.now(),
        };
        // A request that cannot be written was not sent.
        let request = outgoing.request(&request, manner).ok_or(BackendError::Unreachable)?;
        let answer = async {
            let answer = self.client.request(request).await.map_err(|error| {
                if error.is_connect() { BackendError::Unreachable } else { BackendError::Ambiguous }
            })?;
            let (parts, body) = answer.into_parts();
            let body = read_body(body, limit).await?;
            let headers = parts
                .headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect();
            Ok(BackendAnswer { status: parts.status.as_u16(), headers, body })
        };
        tokio::time::timeout(self.settings.total_timeout, answer).await.unwrap_or(Err(BackendError::Ambiguous))
    }
}

#[async_trait]
impl Backend for HttpBackend {
    async fn call(&self, request: BackendRequest, limit: usize) -> Result<BackendAnswer, BackendError> {
        self.call_in(request, &Manner::Signed, limit).await
    }
}

async fn read_body(mut body: hyper::body::Incoming, limit: usize) -> Result<Bytes, BackendError> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BackendError::Ambiguous)?;
        let Some(data) = frame.data_ref() else { continue };
        if whole.len() + data.len() > limit {
            return Err(BackendError::TooLarge);
        }
        whole.extend_from_slice(data);
    }
    Ok(whole.freeze())
}

fn tls_config(ca: &[Vec<u8>]) -> Result<rustls::ClientConfig, BackendClientError> {
    use hyper_rustls::ConfigBuilderExt;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BackendClientError::Tls)?;
    if ca.is_empty() {
        return Ok(builder.with_native_roots().map_err(BackendClientError::SystemAnchors)?.with_no_client_auth());
    }
    let mut store = rustls::RootCertStore::empty();
    for (index, der) in ca.iter().enumerate() {
        store.add(der.clone().into()).map_err(|_| BackendClientError::Anchor(index + 1))?;
    }
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}
