//! Session tokens: what a temporary credential carries, sealed with the gate's own keys.
//!
//! Follows DESIGN section 5 and security rules 14 and 19 to 21. A token is
//! `version | key id | nonce | AEAD(claims)` in strict base64url; the temporary secret is derived from the
//! ring key and the access key id and is never in the token, the store or a log. This module promises:
//! what [`KeyRing::open`] returns was sealed by a gate with this ring for this store, belongs to the access
//! key id that was presented, and has not expired. Whether its subjects still exist is asked by `authn`.

mod claims;
mod error;
pub mod jwt;
mod key_ring;
mod message;
mod ring_text;
mod session;
mod temporary_key;

pub use claims::{Link, LinkKind, MAX_LINKS, Minted, SessionClaims, SessionKind, WebOrigin};
pub use error::{Error, RingError, RotationError};
pub use key_ring::{KeyRing, KeyState};
pub use message::MAX_MESSAGE_LENGTH;
pub use ring_text::{KeyInfo, OPENING_SECONDS, RingText, SPREAD_SECONDS};
pub use session::{MAX_TOKEN_LENGTH, OpenedSession, sealed_length};
pub use temporary_key::{fits_account, temporary_key};
