//! Identity providers over the network: OpenID Connect discovery and JSON Web Key Sets.
//!
//! Follows security rules 24 and 26, DESIGN section 9, OpenID Connect Discovery 1.0 section 4 and RFC 7517. This module
//! promises that nobody is asked but the URL of a registered provider and the `jwks_uri` it names; that no address is
//! connected to that was not checked; that certificates are trusted by the configuration's anchors or else the
//! record's thumbprints; and that keys serve only the account, provider and thumbprints they were fetched for.
//!
//! A call with keys at hand takes no lock and does no I/O. One fetch goes on at a time for each entry, in a task of its
//! own, so that a client that goes away does not end it.

mod address;
mod document;
mod entry;
mod error;
mod fetcher;
mod request;
mod resolve;
mod source;
mod target;
mod trust;

pub use error::Error;
pub use fetcher::Fetcher;
#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests;
