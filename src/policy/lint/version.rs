//! Version, Sids, and variables that the version does not have.

use super::subject::Subject;
use super::{Findings, Issue};
use crate::policy::source::{Entry, SourceStatement};
use crate::policy::span::ElementPath;

pub(super) fn version(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    const ADVICE: &str = "write \"Version\": \"2012-10-17\"";
    match &subject.source.version {
        None => {
            let details = format!("the document has no Version, so variables are not read; {ADVICE}");
            findings.add(Issue::MissingVersion, &ElementPath::default(), details);
        }
        Some(version) if !subject.variables => {
            findings.add_at(Issue::OldVersion, version, format!("this version has no variables; {ADVICE}"));
        }
        Some(_) => {}
    }
}

pub(super) fn empty_sids(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let sids = subject.source.statements.iter().filter_map(|statement| statement.sid.as_ref());
    for sid in sids.filter(|sid| sid.text.is_empty()) {
        findings.add_at(Issue::EmptySid, sid, "the Sid is empty; name the statement or leave the element out");
    }
}

pub(super) fn variables(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if subject.variables {
        return;
    }
    let entries = subject.source.statements.iter().flat_map(texts);
    for entry in entries.filter(|entry| entry.text.contains("${")) {
        let details = format!("`{}` is taken as it stands; variables need version 2012-10-17", entry.text);
        findings.add_at(Issue::VariableUnsupported, entry, details);
    }
}

/// The texts in which newer versions have variables.
fn texts(statement: &SourceStatement) -> impl Iterator<Item = &Entry> {
    let resources = statement.resources.iter().flat_map(|listed| &listed.values);
    resources.chain(statement.conditions.iter().flat_map(|condition| &condition.values))
}
