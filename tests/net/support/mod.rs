//! What the tests stand on.

mod backend;
mod client;
mod gate;
mod harness;
mod permit;
mod sign;
mod tls;

pub(crate) use backend::{Act, FakeBackend, Seen};
pub(crate) use client::{Answer, Client};
pub(crate) use gate::TestGate;
pub(crate) use harness::{Harness, TestClock, signer};
pub(crate) use sign::{BACKEND, ClientRequest, stream_body, verify};
pub(crate) use tls::{CA, CERTIFICATE, server_config};

/// The time of all tests.
pub(crate) const NOW: &str = "20261122T010203Z";
