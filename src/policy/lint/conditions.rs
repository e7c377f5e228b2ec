//! Conditions: keys, operators, values.

use super::catalogue::{KeyType, KnownKey};
use super::subject::{Checked, Subject};
use super::{Findings, Issue};
use crate::policy::PolicyKind;
use crate::policy::condition::{Family, Operator, Quantifier, StringMatch};
use crate::policy::source::{Entry, SourceCondition};
use crate::policy::variable::Piece;
use std::net::IpAddr;

/// Each condition with its operator and, where it is known, its key.
fn all<'s>(
    subject: &'s Subject<'_>,
) -> impl Iterator<Item = (&'s Checked<'s>, &'s SourceCondition, Operator, Option<&'s KnownKey>)> {
    subject.statements.iter().flat_map(move |statement| {
        statement.source.conditions.iter().filter_map(move |condition| {
            let operator = Operator::parse(&condition.operator)?;
            Some((statement, condition, operator, subject.options.catalogue.key(&condition.key)))
        })
    })
}

pub(super) fn keys(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if subject.options.catalogue.keys.is_empty() {
        return;
    }
    for (statement, condition, _, known) in all(subject) {
        match known {
            Some(key) => of_actions(statement, condition, key, findings),
            None if is_of_provider(subject, &condition.key) => {}
            None => {
                let details = format!("no request ever has the key `{}`", condition.key);
                findings.add(Issue::UnknownKey, &condition.path, details);
            }
        }
        condition.values.iter().for_each(|entry| variables(subject, entry, findings));
    }
    let resources = subject.source.statements.iter().filter_map(|statement| statement.resources.as_ref());
    resources.flat_map(|listed| &listed.values).for_each(|entry| variables(subject, entry, findings));
}

/// Keys that begin with a provider's name: any claim in a trust policy; of a web identity's session, these two.
fn is_of_provider(subject: &Subject<'_>, key: &str) -> bool {
    let Some((provider, claim)) = key.rsplit_once(':') else { return false };
    let is_there = subject.kind() == PolicyKind::Trust || matches!(claim, "sub" | "aud");
    is_there && provider.contains(['.', '/'])
}

fn variables(subject: &Subject<'_>, entry: &Entry, findings: &mut Findings<'_>) {
    for piece in subject.pieces(&entry.text, true) {
        if let Piece::Variable { key, .. } = piece
            && subject.options.catalogue.key(&key).is_none()
            && !is_of_provider(subject, &key)
        {
            findings.add_at(Issue::UnknownKey, entry, format!("no request ever has the key `{key}` of this variable"));
        }
    }
}

/// A pattern with wildcards may match other actions too; it is fine if one of its actions has the key.
fn of_actions(statement: &Checked<'_>, condition: &SourceCondition, key: &KnownKey, findings: &mut Findings<'_>) {
    if statement.source.actions.inverted {
        return;
    }
    for (entry, known) in &statement.matched {
        if !known.is_empty() && !known.iter().any(|action| action.may_have(key)) {
            let details = format!("requests for `{}` never have the key `{}`", entry.text, condition.key);
            findings.add_at(Issue::KeyNotOfAction, entry, details);
        }
    }
}

pub(super) fn operators(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (_, condition, operator, known) in all(subject) {
        if let Some(key) = known
            && !fits(operator.family, key.values)
        {
            let details = format!("{} does not compare the values of `{}`", condition.operator, condition.key);
            findings.add(Issue::TypeMismatch, &condition.path, details);
        }
    }
}

fn fits(family: Family, values: KeyType) -> bool {
    match family {
        Family::Null => true,
        Family::String(_) => matches!(values, KeyType::Text | KeyType::Arn),
        Family::Numeric(_) => matches!(values, KeyType::Number | KeyType::Epoch),
        Family::Date(_) => matches!(values, KeyType::Date | KeyType::Epoch),
        Family::Bool => values == KeyType::Truth,
        Family::Binary => values == KeyType::Binary,
        Family::Ip => values == KeyType::Address,
        Family::Arn => values == KeyType::Arn,
    }
}

pub(super) fn qualifiers(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (statement, condition, operator, known) in all(subject) {
        let SourceCondition { key, path, .. } = condition;
        let multivalued = known.map(|known| known.multivalued);
        match (operator.quantifier, multivalued) {
            (Quantifier::All, Some(false)) => {
                let details = format!("`{key}` has one value; the condition holds where it is absent");
                findings.add(Issue::ForAllValuesSingle, path, details);
            }
            (Quantifier::All, _) if statement.source.allows && !is_required(statement, key) => {
                let details =
                    format!("the condition holds where `{key}` is absent; add \"Null\": {{\"{key}\": \"false\"}}");
                findings.add(Issue::ForAllValuesAllow, path, details);
            }
            (Quantifier::Plain, Some(true)) if operator.family != Family::Null => {
                let details = format!("`{key}` holds a list; say ForAnyValue: or ForAllValues:");
                findings.add(Issue::MissingQualifier, path, details);
            }
            _ => {}
        }
    }
}

/// Whether a `Null` condition of the statement demands the key.
fn is_required(statement: &Checked<'_>, key: &str) -> bool {
    statement.source.conditions.iter().any(|condition| {
        condition.operator == "Null"
            && condition.key.eq_ignore_ascii_case(key)
            && condition.values.iter().all(|value| value.text.eq_ignore_ascii_case("false"))
    })
}

pub(super) fn wildcards(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (_, condition, operator, _) in all(subject) {
        let literal = matches!(operator.family, Family::String(how) if how != StringMatch::Like);
        for entry in condition.values.iter().filter(|_| literal) {
            if subject.pieces(&entry.text, true).iter().any(|piece| matches!(piece, Piece::One | Piece::Any)) {
                let like = condition.operator.replace("EqualsIgnoreCase", "Like").replace("Equals", "Like");
                let details = format!("{} takes `*` and `?` literally; {like} does not", condition.operator);
                findings.add_at(Issue::WildcardWithoutLike, entry, details);
            }
        }
    }
}

pub(super) fn networks(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (_, condition, operator, _) in all(subject) {
        for entry in condition.values.iter().filter(|_| operator.family == Family::Ip) {
            network(condition, entry, findings);
        }
    }
}

fn network(condition: &SourceCondition, entry: &Entry, findings: &mut Findings<'_>) {
    let (address, prefix) = entry.text.split_once('/').unwrap_or((&entry.text, ""));
    let Ok(address) = address.parse::<IpAddr>() else { return };
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32u32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let prefix = prefix.parse().unwrap_or(width);
    if prefix == 0 {
        let details = format!("`{}` holds every address", entry.text);
        findings.add_at(Issue::SourceIpWithoutLimit, entry, details);
        return;
    }
    let host = width.saturating_sub(prefix);
    if bits.trailing_zeros() < host {
        let details = format!("`{}` has bits after the prefix length, which do not count", entry.text);
        findings.add_at(Issue::HostBits, entry, details);
    }
    let private = match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    };
    if private && condition.key.eq_ignore_ascii_case("aws:SourceIp") {
        let details = format!(
            "`{}` is a private block: it holds for clients that reach the gate without translation",
            entry.text
        );
        findings.add_at(Issue::PrivateAddress, entry, details);
    }
}
