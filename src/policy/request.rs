//! What is decided: principal, action, resource, context; and by which policies.

use super::Policy;
use crate::types::{AccountId, Context, Principal, ResourceName};

/// One request for a decision: one action on one resource.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationRequest<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// The IAM action, such as `s3:GetObject`; its case does not matter.
    pub action: &'a str,
    /// The resource, whose `*` and `?` are plain characters.
    pub resource: &'a ResourceName,
    /// The account that owns the resource. None where there is no single owner, as for `s3:ListAllMyBuckets`;
    /// then identity policies alone decide and a resource policy can only add a need.
    pub resource_account: Option<&'a AccountId>,
    /// All that conditions and variables can read.
    pub context: &'a Context,
}

/// A policy with the name under which decisions report it.
#[derive(Debug, Clone, Copy)]
pub struct NamedPolicy<'a> {
    /// Policy name or ARN.
    pub id: &'a str,
    /// The compiled policy.
    pub policy: &'a Policy,
}

/// All policies that bear on a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// Identity policies, the synthetic ones of rule 12 among them. An Allow in any of them counts.
    pub identity: &'a [NamedPolicy<'a>],
    /// Permissions boundaries, the implicit one of rule 13 among them. Each of them must allow.
    pub boundaries: &'a [NamedPolicy<'a>],
    /// Session policies. None: no limit. Several count together like one; an empty list allows nothing.
    pub session: Option<&'a [NamedPolicy<'a>]>,
    /// The bucket policy, or the trust policy.
    pub resource: Option<NamedPolicy<'a>>,
}

impl<'a> Policies<'a> {
    /// All policies: identity-based, boundaries, session, resource-based.
    pub(super) fn all(&self) -> impl Iterator<Item = &NamedPolicy<'a>> {
        let session = self.session.unwrap_or_default();
        self.identity.iter().chain(self.boundaries).chain(session).chain(&self.resource)
    }
}
