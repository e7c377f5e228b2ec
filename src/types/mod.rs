//! The vocabulary every other module speaks: names, identities, time, secrets, wildcards.
//!
//! Pure values without I/O. Each type is built by a parser that refuses what it may not hold, so a
//! value of the type needs no further check. Sources: AWS's ARN and IAM identifier pages, and the
//! grammar of rule 15 in the security rules.

mod access_key;
mod account;
mod arn;
mod context;
mod glob;
mod principal;
mod requirement;
mod secret;
#[cfg(test)]
pub(crate) mod testing;
mod time;
mod unique_id;

pub use access_key::{AccessKeyId, InvalidAccessKeyId};
pub use account::{AccountId, InvalidAccountId};
pub use arn::{Arn, InvalidArn};
pub use context::{Context, ContextValues, LazyContext, ReadContext};
pub use glob::{Glob, GlobToken};
pub use principal::Principal;
pub use requirement::{Requirement, ResourceName};
pub use secret::Secret;
pub use time::{Clock, InvalidTimestamp, Timestamp};
pub use unique_id::{Entropy, IdKind, InvalidUniqueId, UniqueId};
