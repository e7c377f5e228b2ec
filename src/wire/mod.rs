//! The wire forms shared by the planes: request heads, percent coding, query strings, XML, AWS Query.
//!
//! Pure and bounded: every reader takes its limits as arguments and returns an error, never panics.

pub mod aws_query;
mod byte_set;
mod head;
pub mod percent;
mod query_string;
mod response;
#[cfg(test)]
pub(crate) mod testing;
pub mod xml;

pub use head::{Header, Method, RequestHead, TlsVersion, is_token_byte};
pub use query_string::{InvalidQuery, QueryPair, QueryString};
pub use response::Response;
