//! From a host's name to addresses that may be connected to, once for each document.

use super::Error;
use super::address::is_public;
use crate::conf::{AllowedHost, Endpoint};
use async_trait::async_trait;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// Addresses of one host that are tried.
const TRIES: usize = 4;
/// How long one address is tried while there are others.
const TRY: Duration = Duration::from_millis(1500);

/// Who knows the addresses of names.
#[async_trait]
pub(super) trait Resolver: Send + Sync {
    /// The addresses of the endpoint's host, with its port.
    async fn resolve(&self, endpoint: &Endpoint) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver.
pub(super) struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, endpoint: &Endpoint) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await?.collect())
    }
}

/// Resolves and connects. Only addresses that were checked are connected to: the name is not resolved again.
pub(super) async fn connect(
    resolver: &dyn Resolver,
    endpoint: &Endpoint,
    allowed: &[AllowedHost],
) -> Result<TcpStream, Error> {
    let allowed = allowed.iter().any(|host| host.covers(endpoint));
    if !endpoint.tls && !allowed {
        return Err(Error::PlainHttp);
    }
    let addresses = resolver.resolve(endpoint).await.map_err(|_| Error::NotResolved)?;
    if addresses.is_empty() {
        return Err(Error::NotResolved);
    }
    // One that is not public refuses the host, whatever the others are: no public host has such a one beside.
    if !allowed && let Some(address) = addresses.iter().find(|address| !is_public(address.ip())) {
        return Err(Error::NotPublic(address.ip()));
    }
    let tried = addresses.len().min(TRIES);
    for (index, address) in addresses.into_iter().take(tried).enumerate() {
        let connecting = TcpStream::connect(address);
        let connected = if index + 1 == tried {
            connecting.await.ok()
        } else {
            tokio::time::timeout(TRY, connecting).await.ok().and_then(Result::ok)
        };
        if let Some(stream) = connected {
            return Ok(stream);
        }
    }
    Err(Error::NotConnected)
}
