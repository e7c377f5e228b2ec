//! STS: temporary credentials of roles and users, who the caller is, and what a denial said.
//!
//! Follows DESIGN sections 5 and 9, AWS's STS API (version 2011-06-15) and WIRE sections 5 and 8. This module
//! promises: credentials are minted only under a permit for all that the request requires of the very role or user
//! that it is about; they live no longer than the role allows; the token carries every link that must stay alive for
//! them, and the tags and source identity that a chain may not lose (security rules 14, 16 and 21). Whether the
//! policies allow the caller is decided by `authz`.
//!
//! Choices where the texts are silent:
//! * `sts:TransitiveTagKeys` holds the keys of the call and those that the caller's session brings along;
//!   `aws:RequestTag` and `aws:TagKeys` hold the tags of the call alone, the others are the caller's
//!   `aws:PrincipalTag`.
//! * A transitive tag or a source identity of the caller's session goes on, so the role must trust the caller with
//!   `sts:TagSession` and `sts:SetSourceIdentity` as if they were given.
//! * A web identity's `aws:RequestTag`, `aws:TagKeys` and `sts:SourceIdentity` are those of its token. A claim about
//!   them that breaks a limit is `IDPRejectedClaim`, whose text names the claim and the limit.
//! * Session policies given by ARN are looked up at every request; one that is deleted makes the session's requests
//!   fail until it is there again (security rule 18).

mod answer;
mod assume_role;
mod caller;
mod error;
mod issue;
mod parse;
mod role_session;
mod session_input;
mod user_session;
mod web_identity;

pub use answer::{Answer, Minted, caller_identity};
pub use assume_role::AssumeRole;
pub use caller::Caller;
pub use error::Error;
pub use issue::{Mint, issue};
pub use parse::parse;
pub use role_session::RoleSession;
pub use session_input::SessionInput;
pub use user_session::{FederationToken, SessionToken, issue_federation_token, issue_session_token};
pub use web_identity::{AssumeRoleWithWebIdentity, WebSession, issue_with_web_identity};

use crate::types::{AccessKeyId, Requirement, ResourceName};

/// The API version of these actions.
pub const VERSION: &str = "2011-06-15";
/// The namespace of answers and errors.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A call whose parameters keep to AWS's constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Temporary credentials of a role.
    AssumeRole(Box<AssumeRole>),
    /// Temporary credentials of a role for whom an identity provider vouches. The one call that needs no signature.
    AssumeRoleWithWebIdentity(Box<AssumeRoleWithWebIdentity>),
    /// Temporary credentials of the calling user.
    GetSessionToken(SessionToken),
    /// Temporary credentials of the calling user for someone else.
    GetFederationToken(Box<FederationToken>),
    /// Who the caller is. Needs no permission.
    GetCallerIdentity,
    /// Which account an access key is of.
    GetAccessKeyInfo(AccessKeyId),
    /// What a denial was.
    DecodeAuthorizationMessage(String),
}

impl Request {
    /// The IAM action.
    pub fn action(&self) -> &'static str {
        match self {
            Self::AssumeRole(_) => "sts:AssumeRole",
            Self::AssumeRoleWithWebIdentity(_) => "sts:AssumeRoleWithWebIdentity",
            Self::GetSessionToken(_) => "sts:GetSessionToken",
            Self::GetFederationToken(_) => "sts:GetFederationToken",
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
            Self::GetAccessKeyInfo(_) => "sts:GetAccessKeyInfo",
            Self::DecodeAuthorizationMessage(_) => "sts:DecodeAuthorizationMessage",
        }
    }

    /// The operation's name in the protocol: the action without `sts:`.
    pub fn operation(&self) -> &'static str {
        self.action().split_once(':').map_or("", |(_, operation)| operation)
    }

    /// The action on all resources: what the calls that are about no resource need.
    pub fn requirement(&self) -> Requirement {
        Requirement::new(self.action(), ResourceName::new("*"))
    }
}

#[cfg(test)]
mod tests;
