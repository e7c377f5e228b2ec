//! Statements that nearly applied: action and resource match, the principal or a condition does not.
//!
//! The compiled statements are asked with the evaluator's own functions; the document's text only gives the words.

use super::decision::DecidingStatement;
use super::evaluate::{deciding, query, speaks_of};
use super::request::{AuthorizationRequest, NamedPolicy, Policies};
use super::source::{SourceDocument, SourceStatement};
use super::statement::{Effect, Query};
use super::variable::Lookup;
use crate::types::Context;

/// Most statements that are reported.
const MAX_MISSES: usize = 100;

/// A statement that did not apply although action and resource match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss<'a> {
    /// The statement.
    pub statement: DecidingStatement<'a>,
    /// What it would have done.
    pub effect: Effect,
    /// All reasons why it did not apply; at least one.
    pub misses: Vec<Miss>,
}

/// One reason why a statement did not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Miss {
    /// It speaks of others than the caller.
    Principal {
        /// The principals it names, as written.
        wanted: Vec<String>,
    },
    /// A condition does not hold.
    Condition {
        /// The operator, as written.
        operator: String,
        /// The context key, as written.
        key: String,
        /// The policy's values, as written.
        wanted: Vec<String>,
        /// The request's values, with `U+FFFD` for bytes that are not UTF-8; none if the request has none.
        found: Option<Vec<String>>,
    },
}

/// The near misses of a request among all its policies, in their order: identity-based, boundaries, session,
/// resource; at most 100.
pub fn near_misses<'a>(request: &AuthorizationRequest<'_>, policies: &Policies<'a>) -> Vec<NearMiss<'a>> {
    let query = query(request, policies);
    let mut found = Vec::new();
    for named in policies.all() {
        of_policy(named, &query, request.context, &mut found);
    }
    found
}

fn of_policy<'a>(named: &NamedPolicy<'a>, query: &Query<'_>, context: &Context, found: &mut Vec<NearMiss<'a>>) {
    let policy = named.policy;
    let mut source: Option<SourceDocument> = None;
    for (index, statement) in policy.statements.iter().enumerate() {
        let mut lookup = Lookup::new(context);
        if found.len() >= MAX_MISSES || !statement.concerns(query, &mut lookup) {
            continue;
        }
        let unnamed = speaks_of(statement, policy.kind, query).is_none();
        let failed: Vec<usize> = (0usize..)
            .zip(&statement.conditions)
            .filter_map(|(number, condition)| (!condition.holds(&mut lookup)).then_some(number))
            .collect();
        if !unnamed && failed.is_empty() {
            continue;
        }
        if source.is_none() {
            source = SourceDocument::read(&policy.document);
        }
        let Some(written) = source.as_ref().and_then(|source| source.statements.get(index)) else { continue };
        let misses = misses(written, unnamed, &failed, context);
        found.push(NearMiss { statement: deciding(named, statement, index), effect: statement.effect, misses });
    }
}

fn misses(written: &SourceStatement, unnamed: bool, failed: &[usize], context: &Context) -> Vec<Miss> {
    let principal = unnamed.then(|| Miss::Principal {
        wanted: written.principals.iter().map(|principal| principal.entry.text.clone()).collect(),
    });
    let conditions = failed.iter().filter_map(|number| written.conditions.get(*number)).map(|condition| {
        let found = context.get(&condition.key);
        Miss::Condition {
            operator: condition.operator.clone(),
            key: condition.key.clone(),
            wanted: condition.values.iter().map(|value| value.text.clone()).collect(),
            found: found.map(|values| values.iter().map(|v| String::from_utf8_lossy(v).into_owned()).collect()),
        }
    });
    principal.into_iter().chain(conditions).collect()
}
