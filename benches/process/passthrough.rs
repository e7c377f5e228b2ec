//! What a hop through pingora costs before a gate does anything: `ProxyHttp` with its defaults, one peer, no hook.
//!
//! `passthrough LISTEN BACKEND THREADS`, run by `run.py`.

use async_trait::async_trait;
use pingora::prelude::{HttpPeer, http_proxy_service};
use pingora::proxy::{ProxyHttp, Session};
use pingora::server::Server;
use pingora::server::configuration::ServerConf;
use std::error::Error;
use std::net::SocketAddr;

/// As in the gate: what is compared is the work, not the allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct PassThrough(SocketAddr);

#[async_trait]
impl ProxyHttp for PassThrough {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _session: &mut Session, _context: &mut ()) -> pingora::Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.0, false, String::new())))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: passthrough LISTEN BACKEND THREADS");
    let (listen, backend, threads) = (next()?, next()?.parse()?, next()?.parse()?);
    let mut server = Server::new_with_opt_and_conf(None, ServerConf { threads, ..ServerConf::default() });
    server.bootstrap();
    let mut service = http_proxy_service(&server.configuration, PassThrough(backend));
    service.add_tcp(&listen);
    server.add_service(service);
    server.run_forever()
}
