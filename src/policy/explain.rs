//! A decision in plain words, for people: who, what, the outcome, the statements behind it, what was missing, and
//! which statements came close.

use super::PolicyKind;
use super::decision::{DecidingStatement, Decision, Outcome};
use super::near_miss::{Miss, NearMiss, near_misses};
use super::request::{AuthorizationRequest, Policies};
use super::statement::Effect;
use crate::types::Principal;

/// Says in short sentences, one a line, why the request was decided so. Control characters of names are replaced;
/// values of the request's context are shown as they are, so this is for those who may read the policies.
pub fn explain(request: &AuthorizationRequest<'_>, policies: &Policies<'_>, decision: &Decision<'_>) -> String {
    let mut sentences = vec![headline(request, decision)];
    match decision.outcome {
        Outcome::Allow => sentences.extend(decision.statements.iter().map(|s| format!("{} allows it.", described(s)))),
        Outcome::ExplicitDeny => {
            sentences.extend(decision.statements.iter().map(|s| format!("{} denies it.", described(s))));
            sentences.push("A matching deny wins over every allow.".to_owned());
        }
        Outcome::ImplicitDeny => sentences.extend(decision.cause.map(lacking)),
    }
    if decision.outcome == Outcome::ImplicitDeny {
        if !decision.missing_keys.is_empty() {
            let keys = decision.missing_keys.join(", ");
            sentences.push(format!("Statements asked for keys that the request does not have: {keys}."));
        }
        let near = near_misses(request, policies);
        sentences.extend(near.iter().filter(|near| near.effect == Effect::Allow).map(near_sentence));
    }
    let text = sentences.join("\n");
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{FFFD}' } else { c }).collect()
}

fn headline(request: &AuthorizationRequest<'_>, decision: &Decision<'_>) -> String {
    let who = match request.principal {
        Principal::Anonymous => "Anonymous".to_owned(),
        Principal::WebIdentity { provider } => format!("A web identity of {provider}"),
        other => other.arn().unwrap_or_default(),
    };
    let outcome = match decision.outcome {
        Outcome::Allow => "may",
        Outcome::ExplicitDeny | Outcome::ImplicitDeny => "may not",
    };
    // A line break in a key would look like another sentence.
    let resource = String::from_utf8_lossy(request.resource.as_bytes()).replace('\n', "\u{FFFD}");
    format!("{who} {outcome} perform {} on {resource}.", request.action)
}

/// As in `Statement "Read" (the first, at line 3) of the identity-based policy mine`.
fn described(statement: &DecidingStatement<'_>) -> String {
    let named = statement.sid.map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
    let line = statement.span().map(|span| format!(", line {}", span.start.line)).unwrap_or_default();
    let number = statement.index.saturating_add(1);
    let kind = definite(statement.kind);
    // A trust policy has no other name.
    let policy = if statement.kind == PolicyKind::Trust { String::new() } else { format!(" {}", statement.policy) };
    format!("Statement{named} (number {number}{line}) of {kind}{policy}")
}

/// The kind with its definite article.
fn definite(kind: PolicyKind) -> String {
    let named = kind.to_string();
    format!("the {}", bare(&named))
}

fn bare(named: &str) -> &str {
    named.split_once(' ').map_or(named, |(_, kind)| kind)
}

fn lacking(kind: PolicyKind) -> String {
    let named = kind.to_string();
    format!("No {} allows it.", bare(&named))
}

fn near_sentence(near: &NearMiss<'_>) -> String {
    let reasons: Vec<String> = near.misses.iter().map(reason).collect();
    format!("{} would allow it, but {}.", described(&near.statement), reasons.join(", and "))
}

fn reason(miss: &Miss) -> String {
    match miss {
        Miss::Principal { wanted } => format!("it speaks of {}", alternatives(wanted)),
        Miss::Condition { operator, key, wanted, found } => {
            let found = match found {
                None => "the request does not have it".to_owned(),
                Some(found) => format!("the request has {}", found.join(", ")),
            };
            format!("its condition {operator} on {key} wants {} and {found}", alternatives(wanted))
        }
    }
}

fn alternatives(values: &[String]) -> String {
    values.join(" or ")
}
