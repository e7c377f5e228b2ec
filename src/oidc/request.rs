//! One GET of one document, over a connection of its own, within its limits (security rule 26).

use super::Error;
use super::resolve::{Resolver, connect};
use super::target::Target;
use super::trust::handshake_error;
use crate::conf::{AllowedHost, Endpoint};
use crate::types::Secret;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, HOST, HeaderValue, USER_AGENT,
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

/// The most bytes of a document.
pub(super) const MAX_BYTES: usize = 64 << 10;
/// The most bytes of an answer's head.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// The most fields of an answer's head.
const MAX_FIELDS: usize = 64;

/// A bearer token and the only place that may see it.
pub(super) struct Bearer {
    pub(super) origin: Endpoint,
    pub(super) token: Secret,
}

/// How the documents of one provider are asked for.
pub(super) struct Way<'a> {
    pub(super) resolver: &'a dyn Resolver,
    pub(super) allowed: &'a [AllowedHost],
    pub(super) tls: Arc<ClientConfig>,
    pub(super) bearer: Option<Bearer>,
    /// For the name's resolution, the connection and the whole answer together.
    pub(super) limit: Duration,
}

impl Way<'_> {
    /// The document at `target`.
    pub(super) async fn get(&self, target: &Target) -> Result<Bytes, Error> {
        tokio::time::timeout(self.limit, self.ask(target)).await.unwrap_or(Err(Error::TimedOut(self.limit)))
    }

    async fn ask(&self, target: &Target) -> Result<Bytes, Error> {
        let endpoint = &target.endpoint;
        let request = self.request(target)?;
        let stream = connect(self.resolver, endpoint, self.allowed).await?;
        if !endpoint.tls {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(endpoint.host.clone()).map_err(|_| Error::Url)?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(|error| handshake_error(&error))?;
        exchange(stream, request).await
    }

    fn request(&self, target: &Target) -> Result<Request<Empty<Bytes>>, Error> {
        let mut request = Request::get(&target.path)
            .header(HOST, target.endpoint.authority())
            .header(USER_AGENT, concat!("rolegate/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .header(CONNECTION, "close")
            .body(Empty::new())
            .map_err(|_| Error::Url)?;
        // Scheme, host and port, and TLS in all cases: what else is asked has another owner, or is heard on the way.
        if let Some(bearer) =
            self.bearer.as_ref().filter(|bearer| bearer.origin == target.endpoint && bearer.origin.tls)
        {
            let value = Zeroizing::new([b"Bearer ".as_slice(), bearer.token.expose()].concat());
            let mut value = HeaderValue::from_bytes(&value).map_err(|_| Error::BearerForm)?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok(request)
    }
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    request: Request<Empty<Bytes>>,
) -> Result<Bytes, Error> {
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_FIELDS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Error::NotHttp)?;
    let mut connection = pin!(connection);
    let mut answer = pin!(async {
        let answer = sender.send_request(request).await.map_err(|_| Error::NotHttp)?;
        read(answer).await
    });
    tokio::select! {
        answer = &mut answer => return answer,
        // What was read of the answer before the connection ended is still there.
        _ = &mut connection => {}
    }
    answer.await
}

async fn read(answer: Response<Incoming>) -> Result<Bytes, Error> {
    let (head, body) = answer.into_parts();
    if head.status.is_redirection() {
        return Err(Error::Redirected);
    }
    if head.status != StatusCode::OK {
        return Err(Error::Status(head.status.as_u16()));
    }
    let plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !head.headers.get_all(CONTENT_ENCODING).iter().all(plain) {
        return Err(Error::Encoded);
    }
    match Limited::new(body, MAX_BYTES).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLarge(MAX_BYTES)),
        Err(_) => Err(Error::NotHttp),
    }
}
