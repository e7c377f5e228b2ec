//! The application as a pingora service, and as a value for an accept loop of one's own.

use super::service::ProxyService;
use pingora::apps::HttpServerOptions;
use pingora::proxy::{HttpProxy, http_proxy};
use pingora::server::configuration::ServerConf;
use pingora::services::listening::Service;
use std::sync::Arc;

/// The service, without listeners: add them with `add_tcp` or `add_tls_with_settings`.
///
/// HTTP/1.1 only: no TLS settings given to it may offer HTTP/2. `conf` should have `max_retries` above 1.
pub fn proxy_service(conf: &Arc<ServerConf>, service: ProxyService) -> Service<HttpProxy<ProxyService>> {
    Service::new("rolegate".to_owned(), in_process(conf, service))
}

/// The application itself, for `ServerApp::process_new` on streams that the caller accepts.
pub fn in_process(conf: &Arc<ServerConf>, service: ProxyService) -> HttpProxy<ProxyService> {
    let mut options = HttpServerOptions::default();
    options.keepalive_request_limit = service.settings.keepalive_requests;
    let mut proxy = http_proxy(conf, service);
    proxy.server_options = Some(options);
    proxy
}
