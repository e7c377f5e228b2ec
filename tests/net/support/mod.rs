//! What the tests stand on.

mod backend;
mod client;
mod gate;
mod harness;
mod permit;
mod sign;

pub(crate) use backend::{Act, FakeBackend, Seen};
pub(crate) use client::{Answer, Client};
pub(crate) use gate::TestGate;
pub(crate) use harness::{Ended, Harness, TestClock, signer};
pub(crate) use sign::{BACKEND, CLIENT, ClientRequest, Credentials, stream_body, verify};

/// The time of all tests.
pub(crate) const NOW: &str = "20261122T010203Z";
