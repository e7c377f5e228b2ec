//! STS: AssumeRole and GetCallerIdentity.
//!
//! Follows DESIGN sections 5 and 9, AWS's STS API (version 2011-06-15) and WIRE sections 5 and 8. This module
//! promises: credentials are minted only under a permit for `sts:AssumeRole` on the very role that the request
//! names; they live no longer than the role allows; the token carries every link that must stay alive for
//! them (security rules 14 and 21). Whether the trust policy allows the caller is decided by `authz`.

mod answer;
mod assume_role;
mod error;
mod issue;
mod parse;

pub use answer::{Answer, AssumedRole, caller_identity};
pub use assume_role::AssumeRole;
pub use error::Error;
pub use issue::{Caller, Mint, issue};
pub use parse::parse;

/// The API version of these actions.
pub const VERSION: &str = "2011-06-15";
/// The namespace of answers and errors.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A call whose parameters keep to AWS's constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Temporary credentials of a role.
    AssumeRole(AssumeRole),
    /// Who the caller is. Needs no permission.
    GetCallerIdentity,
}

impl Request {
    /// The IAM action.
    pub fn action(&self) -> &'static str {
        match self {
            Self::AssumeRole(_) => "sts:AssumeRole",
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
        }
    }

    /// The operation's name in the protocol: the action without `sts:`.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::AssumeRole(_) => "AssumeRole",
            Self::GetCallerIdentity => "GetCallerIdentity",
        }
    }
}

#[cfg(test)]
mod tests;
