//! One compiled statement and whether it applies to a request.

use super::action::ActionPattern;
use super::condition::{Condition, all_hold};
use super::principal::PrincipalElement;
use super::resource::ResourcePattern;
use super::variable::{Lookup, Pattern};
use crate::types::Principal;
use std::borrow::Cow;

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, over every Allow.
    Deny,
}

/// A list with its sense: `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone)]
pub(super) struct Listed<T> {
    /// The `Not` form: applies to all that no entry matches.
    pub(super) inverted: bool,
    pub(super) entries: Box<[T]>,
}

/// A compiled statement.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) sid: Option<Box<str>>,
    pub(super) effect: Effect,
    /// None in identity policies, boundaries and session policies.
    pub(super) principal: Option<PrincipalElement>,
    pub(super) actions: Listed<ActionPattern>,
    /// None in trust policies, which speak of their own role.
    pub(super) resources: Option<Listed<ResourcePattern>>,
    pub(super) conditions: Box<[Condition]>,
}

/// A request as statements see it.
pub(super) struct Query<'r> {
    pub(super) principal: &'r Principal,
    /// Lower-cased.
    pub(super) action: Cow<'r, str>,
    pub(super) resource: &'r [u8],
    /// The caller has a permissions boundary.
    pub(super) bounded: bool,
}

impl Statement {
    /// Whether action, resource and conditions match. The principal is judged apart.
    pub(super) fn applies<'p>(&'p self, query: &Query<'_>, lookup: &mut Lookup<'_, 'p>) -> bool {
        let mark = lookup.mark();
        self.concerns(query, lookup) && all_hold(&self.conditions, lookup, mark)
    }

    /// Whether action and resource match.
    #[inline]
    pub(super) fn concerns<'p>(&'p self, query: &Query<'_>, lookup: &mut Lookup<'_, 'p>) -> bool {
        if !self.speaks_of_action(query) {
            return false;
        }
        let Some(resources) = &self.resources else { return true };
        let resource = resources.entries.iter().any(|entry| entry.matches(query.resource, lookup));
        resource != resources.inverted
    }

    /// Whether the action matches.
    #[inline]
    pub(super) fn speaks_of_action(&self, query: &Query<'_>) -> bool {
        let action = self.actions.entries.iter().any(|entry| entry.matches(&query.action));
        action != self.actions.inverted
    }

    /// All keys that it reads, as spelled.
    pub(super) fn context_keys(&self) -> impl Iterator<Item = &str> {
        let resources = self.resources.iter().flat_map(|listed| listed.entries.iter()).flat_map(ResourcePattern::keys);
        let conditions = self
            .conditions
            .iter()
            .flat_map(|condition| std::iter::once(condition.key()).chain(condition.patterns().flat_map(Pattern::keys)));
        resources.chain(conditions)
    }
}
