//! Entries and statements that others of the same document cover.

use super::subject::Subject;
use super::{Findings, Issue};
use crate::policy::source::{Entry, List, SourceStatement};
use crate::types::Glob;

/// Most entries of a list, and most statements, that are compared with each other.
const MAX_COMPARED: usize = 200;

pub(super) fn entries(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for statement in &subject.source.statements {
        covered_in(&statement.actions, Issue::RedundantAction, false, findings);
        if let Some(resources) = &statement.resources {
            covered_in(resources, Issue::RedundantResource, true, findings);
        }
    }
}

fn covered_in(list: &List, issue: Issue, with_case: bool, findings: &mut Findings<'_>) {
    if list.values.len() > MAX_COMPARED {
        return;
    }
    for (index, entry) in list.values.iter().enumerate() {
        let by = list.values.iter().enumerate().find(|(other, wider)| {
            // Of two that cover each other the later is redundant.
            *other != index && covers(wider, entry, with_case) && (*other < index || !covers(entry, wider, with_case))
        });
        if let Some((_, wider)) = by {
            findings.add_at(issue, entry, format!("`{}` is covered by `{}`", entry.text, wider.text));
        }
    }
}

/// Whether `wider` matches all that `entry` matches. Sometimes says no although it does.
fn covers(wider: &Entry, entry: &Entry, with_case: bool) -> bool {
    let fold = |text: &str| if with_case { text.to_owned() } else { text.to_ascii_lowercase() };
    let (wide, narrow) = (fold(&wider.text), fold(&entry.text));
    if wide == narrow || matches!(wide.as_str(), "*" | "*:*") {
        return true;
    }
    // `?` does not cover the `*` nor a variable of the other; a variable covers only itself.
    !wide.contains(['?', '$']) && Glob::parse(&wide).matches(narrow.as_bytes())
}

pub(super) fn statements(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let all = &subject.source.statements;
    if all.len() > MAX_COMPARED || all.iter().any(|statement| statement.actions.values.len() > MAX_COMPARED) {
        return;
    }
    for (index, statement) in all.iter().enumerate() {
        let by = all.iter().enumerate().find(|(other, wider)| {
            *other != index
                && covers_statement(wider, statement)
                && (*other < index || !covers_statement(statement, wider))
        });
        if let Some((other, _)) = by {
            let details = format!("statement number {} does all that this one does", other.saturating_add(1));
            findings.add(Issue::RedundantStatement, &statement.path, details);
        }
    }
}

fn covers_statement(wider: &SourceStatement, statement: &SourceStatement) -> bool {
    wider.allows == statement.allows
        && principals(wider) == principals(statement)
        && (wider.conditions.is_empty() || conditions(wider) == conditions(statement))
        && covers_list(&wider.actions, &statement.actions, false)
        && match (&wider.resources, &statement.resources) {
            (Some(wider), Some(list)) => covers_list(wider, list, true),
            (None, None) => true,
            _ => false,
        }
}

/// Of `Not` forms only equal ones are taken to cover each other.
fn covers_list(wider: &List, list: &List, with_case: bool) -> bool {
    let all_covered = |wider: &List, list: &List| {
        list.values.iter().all(|entry| wider.values.iter().any(|wide| covers(wide, entry, with_case)))
    };
    match (wider.inverted, list.inverted) {
        (false, false) => all_covered(wider, list),
        (true, true) => all_covered(wider, list) && all_covered(list, wider),
        _ => false,
    }
}

/// Kind, text and element of each principal, in order of their texts.
fn principals(statement: &SourceStatement) -> Vec<(&str, &str, bool)> {
    let inverted = |path: &str| path.contains(".NotPrincipal");
    let all = statement.principals.iter();
    let mut found: Vec<_> = all
        .map(|principal| {
            let path = principal.entry.path.to_string();
            (principal.kind.as_str(), principal.entry.text.as_str(), inverted(&path))
        })
        .collect();
    found.sort_unstable();
    found
}

fn conditions(statement: &SourceStatement) -> Vec<(&str, String, Vec<&str>)> {
    let all = statement.conditions.iter();
    let mut found: Vec<_> = all
        .map(|condition| {
            let mut values: Vec<_> = condition.values.iter().map(|value| value.text.as_str()).collect();
            values.sort_unstable();
            (condition.operator.as_str(), condition.key.to_ascii_lowercase(), values)
        })
        .collect();
    found.sort_unstable();
    found
}
