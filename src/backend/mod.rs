//! The gate's own calls to the backend: bucket claims, batch deletes, facts. And the signer that both ways share.
//!
//! Promises: a call is sent once, never again; redirects are answers like others; a call ends within its time;
//! no more of an answer is read than was asked for; the target goes out exactly as given, and the signature
//! covers it with the SHA-256 of the body.

mod client;
mod manner;
mod outgoing;
mod signer;

pub use client::{BackendClientError, BackendClientSettings, HttpBackend};
pub use manner::Manner;
pub use signer::{BackendSigner, UnusableCredentials};
