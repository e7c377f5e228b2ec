//! Whether actions and resources of a statement fit each other.

use super::catalogue::ResourceForm;
use super::overlap::overlaps;
use super::subject::{Checked, Subject};
use super::{Findings, Issue};
use crate::policy::resource::with_default_account;
use std::collections::HashMap;

pub(super) fn inverted(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for statement in subject.source.statements.iter().filter(|s| s.allows) {
        if statement.resources.as_ref().is_some_and(|listed| listed.inverted) {
            let details = "the actions are allowed on all other resources; list what is meant in Resource";
            findings.add(Issue::AllowWithNotResource, &statement.path.member("NotResource"), details);
        }
    }
}

pub(super) fn without_match(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for statement in &subject.statements {
        if !statement.source.actions.inverted {
            fit(subject, statement, findings);
        }
    }
}

fn fit(subject: &Subject<'_>, statement: &Checked<'_>, findings: &mut Findings<'_>) {
    let Some(resources) = statement.source.resources.as_ref().filter(|listed| !listed.inverted) else { return };
    // Each form of an action's resources, with whether a resource of the statement is of it.
    let mut forms: HashMap<&ResourceForm, bool> = HashMap::new();
    let actions = || statement.matched.iter().flat_map(|(_, known)| known);
    forms.extend(actions().flat_map(|action| &action.resources).map(|form| (form, false)));
    // Where an action or its resources are not known, a resource may be for it.
    let open = statement.matched.iter().any(|(_, known)| known.is_empty())
        || actions().any(|action| action.resources.is_empty());
    for entry in &resources.values {
        let completed = with_default_account(&entry.text, subject.options.parse.default_account);
        let pieces = subject.pieces(&completed, true);
        let mut of_some = false;
        for (form, met) in &mut forms {
            let meets = overlaps(&pieces, form);
            *met |= meets;
            of_some |= meets;
        }
        if !of_some && !open {
            let details = format!("no listed action is asked for on `{}`; {}", entry.text, advice(&entry.text));
            findings.add_at(Issue::ResourceWithoutAction, entry, details);
        }
    }
    for (entry, known) in &statement.matched {
        let reaches = |form| forms.get(form).copied().unwrap_or_default();
        let mut known = known.iter();
        let all_apart = known.len() > 0
            && known.all(|action| !action.resources.is_empty() && !action.resources.iter().any(reaches));
        if all_apart {
            let details = format!("`{}` is never asked for on a resource of this statement", entry.text);
            findings.add_at(Issue::ActionWithoutResource, entry, details);
        }
    }
}

fn advice(resource: &str) -> &'static str {
    match resource.strip_prefix("arn:aws:s3:::") {
        Some(name) if !name.contains('/') => "object actions need BUCKET/*",
        Some(_) => "bucket actions need the bucket's ARN",
        None => "check the ARN's type",
    }
}
