//! The admin listener: health, readiness, metrics; read-only, loopback, Host checked (security rule 32).

use super::Readiness;
use crate::directory::CachedDirectory;
use crate::oidc::Fetcher;
use crate::telemetry::Metrics;
use async_trait::async_trait;
use http::{Response, StatusCode};
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The application of the admin listener.
pub(super) struct Admin {
    pub(super) metrics: Arc<Metrics>,
    pub(super) directory: Arc<CachedDirectory>,
    pub(super) web_keys: Arc<Fetcher>,
    pub(super) readiness: Arc<Readiness>,
}

#[async_trait]
impl ServeHttp for Admin {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let request = session.req_header();
        let host = request.headers.get("host").and_then(|value| value.to_str().ok());
        if !host.is_some_and(is_loopback_host) {
            return text(StatusCode::MISDIRECTED_REQUEST, "this listener answers to loopback names only\n");
        }
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return text(StatusCode::METHOD_NOT_ALLOWED, "this listener is read-only\n");
        }
        match request.uri.path() {
            "/healthz" => text(StatusCode::OK, "ok\n"),
            "/readyz" => self.ready().await,
            "/metrics" => self.page(),
            _ => text(StatusCode::NOT_FOUND, "there are /healthz, /readyz and /metrics\n"),
        }
    }
}

impl Admin {
    async fn ready(&self) -> Response<Vec<u8>> {
        match self.readiness.check(&self.directory).await {
            Ok(()) => text(StatusCode::OK, "ready\n"),
            Err(reason) => text(StatusCode::SERVICE_UNAVAILABLE, &format!("not ready: {reason}\n")),
        }
    }

    fn page(&self) -> Response<Vec<u8>> {
        self.metrics.set_store_up(self.directory.is_trusted());
        for (cache, (hits, misses)) in self.directory.counters() {
            self.metrics.set_cache(cache, hits, misses);
        }
        let (fetched, failed) = self.web_keys.counters();
        self.metrics.set_key_fetches(fetched, failed);
        match self.metrics.page() {
            Ok(page) => answer(StatusCode::OK, "text/plain; version=0.0.4", page),
            Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n"),
        }
    }
}

/// Whether a Host header names this machine's loopback: a page in a browser cannot point another name at it.
fn is_loopback_host(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    // Before a port is looked for: the end of `::1` is none.
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.is_loopback();
    }
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.parse::<u16>().is_ok() { name } else { host });
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn text(status: StatusCode, text: &str) -> Response<Vec<u8>> {
    answer(status, "text/plain; charset=utf-8", text.as_bytes().to_vec())
}

fn answer(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let length = http::HeaderValue::from(response.body().len());
    response.headers_mut().insert("content-length", length);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_32_only_loopback_names_are_answered() {
        for good in ["127.0.0.1:9081", "localhost:9081", "LOCALHOST", "[::1]:9081", "127.0.0.1", "[::1]"] {
            assert!(is_loopback_host(good), "{good}");
        }
        for bad in ["", "evil.test:9081", "10.0.0.1:9081", "localhost.evil.test", "[2001:db8::1]:1"] {
            assert!(!is_loopback_host(bad), "{bad}");
        }
    }
}
