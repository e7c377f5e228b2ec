//! [`HttpBackend`]: hyper's client with rustls (ring), HTTP/1.1.
//!
//! hyper-util sends a request again only when the connection turned out closed before any of it was written
//! (`retry_canceled_requests`); it is switched off here all the same: one call, one try.

use super::signer::BackendSigner;
use crate::gateway::{Backend, BackendAnswer, BackendError, BackendRequest};
use crate::sigv4::{OutboundRequest, hex_sha256};
use crate::types::Clock;
use crate::wire::{Method, QueryString};
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

    fn request(&self, call: BackendRequest) -> Option<http::Request<Full<Bytes>>> {
        let now = self.clock.now();
        let (date, hash) = (now.basic(), hex_sha256(&call.body));
        let mut headers: Vec<(&str, &[u8])> = vec![("host", self.settings.authority.as_bytes())];
        headers.extend(call.headers.iter().map(|(name, value)| (&**name, &**value)));
        headers.push(("x-amz-date", date.as_bytes()));
        headers.push(("x-amz-content-sha256", hash.as_bytes()));

        let (path, raw_query) = call.target.split_once('?').unwrap_or((&call.target, ""));
        let parsed = QueryString::parse(raw_query.as_bytes()).ok()?;
        let texts = parsed.pairs().iter().map(|pair| {
            let value = pair.raw_value.as_deref().unwrap_or_default();
            Some((std::str::from_utf8(&pair.raw_key).ok()?, std::str::from_utf8(value).ok()?))
        });
        let query: Vec<(&str, &str)> = texts.collect::<Option<_>>()?;
        let request = OutboundRequest { method: call.method, path, query: &query, headers: &headers, payload: &hash };
        let authorization = self.signer.sign(&request, now).ok()?;

        let scheme = if self.settings.tls { "https" } else { "http" };
        let uri = format!("{scheme}://{}{}", self.settings.authority, call.target);
        let mut builder = http::Request::builder().method(call.method.as_str()).uri(uri);
        for (name, value) in &headers {
            builder = builder.header(*name, *value);
        }
        builder = builder.header("authorization", authorization);
        // hyper says nothing of the length of an empty body, and S3 servers answer 411 to a PUT without one.
        if matches!(call.method, Method::Put | Method::Post) {
            builder = builder.header("content-length", call.body.len());
        }
        builder.body(Full::new(call.body.clone())).ok()
    }
}

#[async_trait]
impl Backend for HttpBackend {
    async fn call(&self, request: BackendRequest, limit: usize) -> Result<BackendAnswer, BackendError> {
        // A request that cannot be written was not sent.
        let request = self.request(request).ok_or(BackendError::Unreachable)?;
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
