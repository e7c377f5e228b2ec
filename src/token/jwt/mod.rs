//! Web identity tokens: JSON Web Tokens of OpenID Connect providers, and the keys that verify them.
//!
//! Follows security rule 25, DESIGN section 9 and RFC 7515, 7517, 7518, 7519 and 8037. Pure: keys, rules and time are
//! arguments. This module promises that [`WebClaims`] exist only of a token that a key of the given set signed, whose
//! issuer, audience and times fit the rules; before that, nothing of a token is readable but its issuer and which key
//! it asks for.

mod algorithm;
mod claims;
mod error;
mod key_set;
mod web_token;

pub use algorithm::Algorithm;
pub use claims::{WebClaims, WebTags};
pub use error::{Error, ErrorKind};
pub use key_set::{KeyHint, KeySet};
pub use web_token::{MAX_TOKEN_LENGTH, Rules, WebToken};
