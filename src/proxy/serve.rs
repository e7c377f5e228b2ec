//! The application as a pingora service.

use super::service::ProxyService;
use pingora::services::listening::Service;

/// The service, without listeners: add them with `add_listener`, of plain TCP, since the application does TLS itself.
/// They need no buffers of pingora's: it reads and writes in large pieces.
pub fn proxy_service(service: ProxyService) -> Service<ProxyService> {
    Service::new("rolegate".to_owned(), service)
}
