//! The application as a pingora service.

use super::service::ProxyService;
use pingora::services::listening::Service;

/// The service, without listeners: add them with `add_listener`. HTTP/1.1 only: no TLS settings given to it may offer
/// HTTP/2. Listeners without TLS need no buffers of pingora's: the application reads and writes in large pieces.
pub fn proxy_service(service: ProxyService) -> Service<ProxyService> {
    Service::new("rolegate".to_owned(), service)
}
