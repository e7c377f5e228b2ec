//! Which policies bear on a caller: the slots of a decision, assembled here for decisions and simulations alike.

use super::builtin;
use crate::authn::{BucketEntry, Grants, Identity, RoleEntry, SessionEntry, UserEntry};
use crate::entity::{Owner, UserKind};
use crate::policy::NamedPolicy;
use crate::token::SessionKind;

/// Whose policies count: a caller, or in simulations a user, role or group without a session.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    /// The user, with a long-term key or through a session.
    pub user: Option<&'a UserEntry>,
    /// The role.
    pub role: Option<&'a RoleEntry>,
    /// What is granted by reference.
    pub grants: Option<&'a Grants>,
    /// The session.
    pub session: Option<&'a SessionEntry>,
}

impl<'a> From<&'a Identity> for Subject<'a> {
    fn from(identity: &'a Identity) -> Self {
        Self { user: identity.user(), role: identity.role(), grants: identity.grants(), session: identity.session() }
    }
}

/// Where a policy of a slot comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'a> {
    /// An inline policy of the user or role.
    Own,
    /// An inline policy of a group, by name.
    Group(&'a str),
    /// A managed policy, attached or as a boundary.
    Managed,
    /// A policy of the gate (security rule 12).
    BuiltIn,
    /// Given when the session was made.
    Session,
}

impl<'a> Subject<'a> {
    /// The identity slot: stored policies and, as synthetic ones, root, caps, ownership and a standalone user's own
    /// rights (security rule 12). `bucket` is the bucket of the resource, if it has one.
    pub fn identity_policies<T>(
        &self,
        bucket: Option<&BucketEntry>,
        each: impl Fn(NamedPolicy<'a>, Origin<'a>) -> T,
    ) -> Vec<T> {
        let own = match (self.user, self.role) {
            (Some(user), _) => user.policies.as_slice(),
            (None, Some(role)) => role.policies.as_slice(),
            (None, None) => &[],
        };
        let mut policies: Vec<T> = own.iter().map(|policy| each(policy.named(), Origin::Own)).collect();
        if let Some(grants) = self.grants {
            policies.extend(grants.policies.iter().map(|entry| each(entry.compiled.named(), Origin::Managed)));
            for (group, attached) in &grants.groups {
                let origin = Origin::Group(&group.group.name);
                policies.extend(group.policies.iter().map(|policy| each(policy.named(), origin)));
                policies.extend(attached.iter().map(|entry| each(entry.compiled.named(), Origin::Managed)));
            }
        }
        let Some(entry) = self.user else { return policies };
        policies.extend(entry.caps.as_ref().map(|caps| each(caps.named(), Origin::BuiltIn)));
        if entry.user.account_root {
            policies.push(each(builtin::root(), Origin::BuiltIn));
        }
        if entry.user.kind == UserKind::Standalone {
            policies.push(each(builtin::standalone(), Origin::BuiltIn));
            let owns = bucket.is_some_and(|bucket| {
                bucket.record.account == entry.user.account
                    && matches!(&bucket.record.owner, Owner::User { id, .. } if *id == entry.user.id)
            });
            if owns {
                policies.push(each(builtin::owner(), Origin::BuiltIn));
            }
        }
        policies
    }

    /// The boundary of the user or role, and the built-in one. Root has none, as with AWS.
    pub fn boundaries<T>(&self, each: impl Fn(NamedPolicy<'a>, Origin<'a>) -> T) -> Vec<T> {
        if self.user.is_some_and(|entry| entry.user.account_root) {
            return Vec::new();
        }
        let own = self.grants.and_then(|grants| grants.boundary.as_ref());
        let mut boundaries: Vec<T> =
            own.map(|entry| each(entry.compiled.named(), Origin::Managed)).into_iter().collect();
        // Security rule 13: a standalone user's role cannot be used to reach IAM.
        if self.role.is_some_and(|entry| matches!(entry.role.owner, Owner::User { .. })) {
            boundaries.push(each(builtin::no_iam(), Origin::BuiltIn));
        }
        boundaries
    }

    /// The session slot. None: no limit.
    pub fn session_policies<T>(&self, each: impl Fn(NamedPolicy<'a>, Origin<'a>) -> T) -> Option<Vec<T>> {
        let session = self.session?;
        let managed = self.grants.into_iter().flat_map(|grants| &grants.session).map(|entry| &entry.compiled);
        let given = session.policies.iter().chain(managed);
        let mut policies: Vec<T> = given.map(|policy| each(policy.named(), Origin::Session)).collect();
        match session.opened.claims.kind {
            SessionKind::Role => return Some(policies).filter(|policies| !policies.is_empty()),
            SessionKind::User => policies.push(each(builtin::user_session(), Origin::BuiltIn)),
            SessionKind::Federated => policies.push(each(builtin::federated_session(), Origin::BuiltIn)),
        }
        Some(policies)
    }
}
