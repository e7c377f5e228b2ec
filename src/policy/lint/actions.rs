//! Actions: unknown ones, and allows that reach too far.

use super::subject::{Checked, Subject, matches_action};
use super::{Findings, Issue};
use crate::policy::PolicyKind;
use crate::policy::source::Entry;
use crate::types::Glob;

/// IAM actions with which a caller can raise its own rights.
const RAISING: [&str; 19] = [
    "iam:addusertogroup",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:createpolicyversion",
    "iam:deleterolepermissionsboundary",
    "iam:deleterolepolicy",
    "iam:deleteuserpermissionsboundary",
    "iam:deleteuserpolicy",
    "iam:putgrouppolicy",
    "iam:putrolepermissionsboundary",
    "iam:putrolepolicy",
    "iam:putuserpermissionsboundary",
    "iam:putuserpolicy",
    "iam:setdefaultpolicyversion",
    "iam:updateassumerolepolicy",
    "iam:updateloginprofile",
];

pub(super) fn inverted(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for statement in subject.source.statements.iter().filter(|s| s.allows && s.actions.inverted) {
        let details = "all other actions are allowed, those of IAM and of the future too; list what is meant in Action";
        findings.add(Issue::AllowWithNotAction, &statement.path.member("NotAction"), details);
    }
}

pub(super) fn unknown(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let catalogue = subject.options.catalogue;
    if catalogue.actions.is_empty() {
        return;
    }
    for (entry, matched) in subject.statements.iter().flat_map(|statement| &statement.matched) {
        if !matched.is_empty() {
            continue;
        }
        let text = &entry.text;
        let service = text.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if !catalogue.has_service(&service) {
            findings.add_at(Issue::UnknownService, entry, format!("no service here has the prefix `{service}`"));
        } else if text.contains(['*', '?']) {
            findings.add_at(Issue::ActionMatchesNothing, entry, format!("`{text}` matches no action of {service}"));
        } else {
            findings.add_at(Issue::UnknownAction, entry, format!("{service} has no action `{text}`"));
        }
    }
}

pub(super) fn foreign(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if subject.kind() != PolicyKind::Bucket {
        return;
    }
    for entry in subject.source.statements.iter().flat_map(|statement| &statement.actions.values) {
        let of_s3 = entry.text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("s3:"));
        if !of_s3 && !entry.text.starts_with('*') {
            let details = format!("`{}` is not asked for on buckets and objects", entry.text);
            findings.add_at(Issue::ForeignAction, entry, details);
        }
    }
}

/// Identity policies only: boundaries and session policies grant nothing.
pub(super) fn overly_wide(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if subject.kind() != PolicyKind::Identity {
        return;
    }
    for statement in &subject.statements {
        let source = statement.source;
        let everywhere = source.resources.iter().filter(|listed| !listed.inverted).flat_map(|listed| &listed.values);
        let Some(everywhere) = everywhere.into_iter().find(|entry| reaches_every_role(&entry.text)) else { continue };
        if !source.allows || source.actions.inverted || !source.conditions.is_empty() {
            continue;
        }
        if let Some(entry) = source.actions.values.iter().find(|entry| is_every_action(entry))
            && everywhere.text == "*"
        {
            let details = "every action on every resource is allowed, all of IAM included; list what is needed";
            findings.add_at(Issue::StarInActionAndResource, entry, details);
            continue;
        }
        overly_wide_actions(statement, everywhere, findings);
    }
}

fn overly_wide_actions(statement: &Checked<'_>, everywhere: &Entry, findings: &mut Findings<'_>) {
    for entry in statement.source.actions.values.iter().filter(|entry| !is_every_action(entry)) {
        let (issue, what) = if RAISING.iter().any(|action| matches_action(entry, action)) {
            (Issue::AdministrationWithStar, "can raise rights, its caller's own too,")
        } else if matches_action(entry, "iam:passrole") {
            (Issue::PassRoleWithStar, "passes any role and")
        } else if matches_action(entry, "sts:assumerole") {
            (Issue::AssumeRoleWithStar, "assumes any role that trusts the account and")
        } else {
            continue;
        };
        let details = format!("`{}` {what} is allowed on `{}`; name the resources", entry.text, everywhere.text);
        findings.add_at(issue, entry, details);
    }
}

fn is_every_action(entry: &Entry) -> bool {
    matches!(entry.text.as_str(), "*" | "*:*")
}

fn reaches_every_role(resource: &str) -> bool {
    let glob = Glob::parse(resource);
    ["arn:aws:iam::123456789012:role/a", "arn:aws:iam::zz:role/b/c"].iter().all(|role| glob.matches(role.as_bytes()))
}
