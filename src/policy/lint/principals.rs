//! Who a bucket or trust policy speaks of.

use super::subject::Subject;
use super::{Findings, Issue};
use crate::policy::PolicyKind;
use crate::policy::resource::with_default_account;
use crate::policy::source::NamedPrincipal;

const WEB_IDENTITY: &str = "sts:assumerolewithwebidentity";
const SAML: &str = "sts:assumerolewithsaml";
const OWN_CALLS: [&str; 3] = ["sts:assumerole", "sts:tagsession", "sts:setsourceidentity"];

pub(super) fn public(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for statement in subject.source.statements.iter().filter(|s| s.allows && s.conditions.is_empty()) {
        for everybody in statement.principals.iter().filter(|principal| is_everybody(principal)) {
            let details = "everybody is allowed, without any condition; name principals or add a condition";
            findings.add_at(Issue::PublicPrincipal, &everybody.entry, details);
        }
    }
}

fn is_everybody(principal: &NamedPrincipal) -> bool {
    principal.entry.text == "*" && matches!(principal.kind.as_str(), "" | "AWS")
}

pub(super) fn federated_without_condition(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for statement in subject.source.statements.iter().filter(|s| s.allows && s.conditions.is_empty()) {
        for provider in statement.principals.iter().filter(|principal| principal.kind == "Federated") {
            let details = "every user of this identity provider may assume the role; compare its `aud` or `sub` key";
            findings.add_at(Issue::FederatedWithoutCondition, &provider.entry, details);
        }
    }
}

pub(super) fn unresolved(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let all = subject.source.statements.iter().flat_map(|statement| &statement.principals);
    for principal in all.filter(|principal| principal.kind == "AWS") {
        let arn = with_default_account(&principal.entry.text, subject.options.parse.default_account);
        if subject.options.unresolved.contains(&arn.as_str()) {
            let details = format!(
                "{arn} does not exist; until the policy is stored again the statement speaks of whoever gets that name"
            );
            findings.add_at(Issue::UnresolvedPrincipal, &principal.entry, details);
        }
    }
}

pub(super) fn unused_types(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let all = subject.source.statements.iter().flat_map(|statement| &statement.principals);
    for principal in all.filter(|principal| matches!(principal.kind.as_str(), "Service" | "CanonicalUser")) {
        let details = format!("nobody here is a {} principal; the entry matches no caller", principal.kind);
        findings.add_at(Issue::UnusedPrincipalType, &principal.entry, details);
    }
}

pub(super) fn mismatched_actions(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if subject.kind() != PolicyKind::Trust {
        return;
    }
    for statement in subject.statements.iter().filter(|s| s.source.allows && !s.source.actions.inverted) {
        let calls = |actions: &[&str]| actions.iter().any(|action| statement.allows_action(action));
        for principal in &statement.source.principals {
            let (fits, wanted) = match principal.kind.as_str() {
                "Federated" => (calls(&[WEB_IDENTITY, SAML]), "sts:AssumeRoleWithWebIdentity"),
                "AWS" => (calls(&OWN_CALLS), "sts:AssumeRole"),
                _ => continue,
            };
            if !fits {
                let details = format!("principals of type {} call {wanted}, which is not listed", principal.kind);
                findings.add_at(Issue::MismatchedAction, &principal.entry, details);
            }
        }
    }
}
