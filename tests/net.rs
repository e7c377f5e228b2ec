//! The proxy over real sockets: raw-socket clients, a fake backend that records raw bytes, a gate that lets pass.
#![cfg(feature = "shell")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is how a test fails, in its support too"
)]

#[path = "net/support/mod.rs"]
mod support;

#[path = "net/backend_client.rs"]
mod backend_client;
#[path = "net/backend_faults.rs"]
mod backend_faults;
#[path = "net/backend_tls.rs"]
mod backend_tls;
#[path = "net/chunked.rs"]
mod chunked;
#[path = "net/client_tls.rs"]
mod client_tls;
#[path = "net/connections.rs"]
mod connections;
#[path = "net/cuts.rs"]
mod cuts;
#[path = "net/forwarding.rs"]
mod forwarding;
#[path = "net/framing.rs"]
mod framing;
#[path = "net/heads.rs"]
mod heads;
#[path = "net/mixture.rs"]
mod mixture;
#[path = "net/plain_bodies.rs"]
mod plain_bodies;
#[path = "net/refusals.rs"]
mod refusals;
#[path = "net/smuggling.rs"]
mod smuggling;
