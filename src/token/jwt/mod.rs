//! Web identity tokens: JSON Web Tokens of OpenID Connect providers, and the keys that verify them.
//!
//! Follows security rule 25, DESIGN section 9 and RFC 7515, 7517, 7518, 7519, 8037 and 8725. Pure: keys, rules and time
//! are arguments. This module promises that [`WebClaims`] exist only of a token that a key of the given set signed,
//! whose issuer, audience and times fit the rules; before that, nothing of a token is readable but its issuer and which
//! key it asks for.

mod algorithm;
mod audience;
mod claims;
mod conditions;
mod error;
mod json;
mod key_set;
mod tags;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod times;
mod web_token;

pub use algorithm::Algorithm;
pub use claims::WebClaims;
pub use error::{Error, ErrorKind, Part};
pub use json::JsonFault;
pub use key_set::{KeyFault, KeyHint, KeySet, KeySetFault, MAX_KEY_SET_BYTES};
pub use tags::WebTags;
pub use web_token::{MAX_TOKEN_LENGTH, Rules, WebToken};
