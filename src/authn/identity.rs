//! Whose policies apply to a request.

use super::{Grants, RoleEntry, SessionEntry, UserEntry};
use std::sync::Arc;

/// Whose policies apply, with all that they refer to.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Nobody signed.
    Anonymous,
    /// A user with a long-term key.
    User(Arc<UserEntry>, Grants),
    /// A session of a role.
    Role(Arc<RoleEntry>, Arc<SessionEntry>, Grants),
    /// A session of a user for itself: GetSessionToken.
    UserSession(Arc<UserEntry>, Arc<SessionEntry>, Grants),
    /// A session of a user for someone else: GetFederationToken.
    Federated(Arc<UserEntry>, Arc<SessionEntry>, Grants),
}

impl Identity {
    /// The user whose rights count, with a long-term key or through a session.
    pub fn user(&self) -> Option<&UserEntry> {
        match self {
            Self::User(user, _) | Self::UserSession(user, ..) | Self::Federated(user, ..) => Some(user),
            Self::Anonymous | Self::Role(..) => None,
        }
    }

    /// The role whose rights count.
    pub fn role(&self) -> Option<&RoleEntry> {
        match self {
            Self::Role(role, ..) => Some(role),
            _ => None,
        }
    }

    /// The session, of whatever kind.
    pub fn session(&self) -> Option<&SessionEntry> {
        match self {
            Self::Role(_, session, _) | Self::UserSession(_, session, _) | Self::Federated(_, session, _) => {
                Some(session)
            }
            Self::Anonymous | Self::User(..) => None,
        }
    }

    /// What is granted by reference.
    pub fn grants(&self) -> Option<&Grants> {
        match self {
            Self::Anonymous => None,
            Self::User(_, grants)
            | Self::Role(_, _, grants)
            | Self::UserSession(_, _, grants)
            | Self::Federated(_, _, grants) => Some(grants),
        }
    }
}
