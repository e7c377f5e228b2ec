//! From a document's JSON to compiled statements. Everything that can be wrong is refused here.
//!
//! Source: "Grammar of the IAM JSON policy language". Element names and operators have exact case; a document
//! without `Version` is of 2008-10-17; `Statement` may be one object.

use super::action::ActionPattern;
use super::condition::parse_conditions;
use super::document::{Json, Place};
use super::error::{Error, Fault, Faults};
use super::principal::{PrincipalElement, parse_principals};
use super::resource::ResourcePattern;
use super::statement::{Effect, Listed, Statement};
use super::variable::shorten;
use super::{ParseOptions, PolicyKind};
use std::collections::HashSet;

/// What parsing yields.
pub(super) struct Parsed {
    pub(super) statements: Vec<Statement>,
    pub(super) principal_arns: Vec<Box<str>>,
}

/// Parses a whole document; the first refusal counts.
pub(super) fn parse_document(text: &str, options: &ParseOptions<'_>) -> Result<Parsed, Error> {
    let mut faults = Faults::default();
    let parsed = read_document(text, options, &mut faults);
    match (faults.into_errors().into_iter().next(), parsed) {
        (Some(first), _) => Err(first.located(text)),
        (None, Some(parsed)) => Ok(parsed),
        // INVARIANT: a document without value and without a noted fault has no statements.
        (None, None) => Err(no_statements().located(text)),
    }
}

/// All refusals of a document, as far as they can be told apart; none for a document that is accepted.
pub(super) fn all_refusals(text: &str, options: &ParseOptions<'_>) -> Vec<Error> {
    let mut faults = Faults::default();
    let parsed = read_document(text, options, &mut faults);
    let mut errors = faults.into_errors();
    if parsed.is_none() && errors.is_empty() {
        errors.push(no_statements());
    }
    errors.into_iter().map(|error| error.located(text)).collect()
}

fn no_statements() -> Error {
    Place::root().refuse(Fault::MissingElement("Statement"))
}

/// None where something was refused, or `Statement` is missing.
fn read_document(text: &str, options: &ParseOptions<'_>, faults: &mut Faults) -> Option<Parsed> {
    let json = faults.note(Json::parse(text))?;
    let root = Place::root();
    let mut variables = Some(false);
    let mut statements = None;
    for (name, value) in faults.note(json.members(&root))? {
        let place = root.member(name);
        match name.as_str() {
            "Version" => variables = faults.note(parse_version(value, &place)),
            "Id" => drop(faults.note(value.string(&place))),
            "Statement" => statements = Some(value),
            other => drop(faults.note::<()>(Err(root.refuse(Fault::UnknownElement(shorten(other)))))),
        }
    }
    // A document of an unknown version is read on like one of the present version.
    let variables = variables.unwrap_or(true);
    let mut reader = Reader { options, variables, sids: HashSet::new(), principal_arns: Vec::new(), faults };
    let place = root.member("Statement");
    let statements = match statements? {
        Json::Array(values) if !values.is_empty() => {
            let read = |(index, value)| reader.statement(value, &place.index(index));
            // Not short-circuited: the statements after a refused one are read too.
            let read: Vec<_> = values.iter().enumerate().map(read).collect();
            read.into_iter().collect::<Option<Vec<_>>>()?
        }
        Json::Array(_) => return reader.faults.note(Err(place.refuse(Fault::Empty))),
        single => vec![reader.statement(single, &place)?],
    };
    Some(Parsed { statements, principal_arns: reader.principal_arns })
}

/// Whether the version has policy variables.
fn parse_version(value: &Json, place: &Place<'_>) -> Result<bool, Error> {
    match value.string(place)? {
        "2012-10-17" => Ok(true),
        "2008-10-17" => Ok(false),
        other => Err(place.refuse(Fault::UnknownVersion(shorten(other)))),
    }
}

struct Reader<'o> {
    options: &'o ParseOptions<'o>,
    variables: bool,
    sids: HashSet<String>,
    principal_arns: Vec<Box<str>>,
    faults: &'o mut Faults,
}

/// The members of a statement as found.
#[derive(Default)]
struct Members<'j> {
    sid: Option<&'j Json>,
    effect: Option<&'j Json>,
    principal: Option<&'j Json>,
    not_principal: Option<&'j Json>,
    action: Option<&'j Json>,
    not_action: Option<&'j Json>,
    resource: Option<&'j Json>,
    not_resource: Option<&'j Json>,
    condition: Option<&'j Json>,
}

impl<'j> Members<'j> {
    fn read(json: &'j Json, place: &Place<'_>) -> Result<Self, Error> {
        let mut found = Self::default();
        for (name, value) in json.members(place)? {
            let slot = match name.as_str() {
                "Sid" => &mut found.sid,
                "Effect" => &mut found.effect,
                "Principal" => &mut found.principal,
                "NotPrincipal" => &mut found.not_principal,
                "Action" => &mut found.action,
                "NotAction" => &mut found.not_action,
                "Resource" => &mut found.resource,
                "NotResource" => &mut found.not_resource,
                "Condition" => &mut found.condition,
                other => return Err(place.refuse(Fault::UnknownElement(shorten(other)))),
            };
            *slot = Some(value);
        }
        Ok(found)
    }
}

impl Reader<'_> {
    /// None where something was refused.
    fn statement(&mut self, json: &Json, place: &Place<'_>) -> Option<Statement> {
        let members = self.faults.note(Members::read(json, place))?;
        let sid = self.sid(members.sid, place);
        let sid = self.faults.note(sid);
        let effect = self.faults.note(parse_effect(members.effect, place));
        let principal = self.principal(&members, effect, place);
        let principal = self.faults.note(principal);
        let actions = self.actions(&members, place);
        let resources = self.resources(&members, place);
        let conditions = match members.condition {
            Some(json) => parse_conditions(json, &place.member("Condition"), self.variables, self.faults),
            None => Some(Box::default()),
        };
        Some(Statement {
            sid: sid?,
            effect: effect?,
            principal: principal?,
            actions: actions?,
            resources: resources?,
            conditions: conditions?,
        })
    }

    fn actions(&mut self, members: &Members<'_>, place: &Place<'_>) -> Option<Listed<ActionPattern>> {
        let pair = ["Action", "NotAction"];
        let found = one_of(members.action, members.not_action, pair, place)
            .and_then(|found| found.ok_or_else(|| place.refuse(Fault::MissingElement("Action"))));
        let (inverted, json, name) = self.faults.note(found)?;
        let kind = self.options.kind;
        let entries = json.each_noting(&place.member(name), self.faults, |value, place| {
            ActionPattern::parse(value.string(place)?, kind).map_err(|fault| place.refuse(fault))
        })?;
        Some(Listed { inverted, entries: entries.into() })
    }

    fn sid(&mut self, json: Option<&Json>, place: &Place<'_>) -> Result<Option<Box<str>>, Error> {
        let Some(json) = json else { return Ok(None) };
        let place = place.member("Sid");
        let sid = json.string(&place)?;
        // S3 takes any text in a bucket policy; IAM letters and digits only.
        if self.options.kind != PolicyKind::Bucket && !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(place.refuse(Fault::BadSid(shorten(sid))));
        }
        if sid.is_empty() {
            return Ok(None);
        }
        if !self.sids.insert(sid.to_owned()) {
            return Err(place.refuse(Fault::DuplicateSid(shorten(sid))));
        }
        Ok(Some(sid.into()))
    }

    fn principal(
        &mut self,
        members: &Members<'_>,
        effect: Option<Effect>,
        place: &Place<'_>,
    ) -> Result<Option<PrincipalElement>, Error> {
        let pair = ["Principal", "NotPrincipal"];
        let found = one_of(members.principal, members.not_principal, pair, place)?;
        let kind = self.options.kind;
        match (found, kind.names_principals()) {
            (None, false) => Ok(None),
            (None, true) => Err(place.refuse(Fault::MissingElement("Principal"))),
            (Some((_, _, element)), false) => Err(place.refuse(Fault::ProhibitedElement { element, kind })),
            (Some((true, _, _)), true) if effect == Some(Effect::Allow) => {
                Err(place.refuse(Fault::NotPrincipalWithAllow))
            }
            (Some((inverted, json, element)), true) => {
                let place = place.member(element);
                let patterns = parse_principals(json, &place, self.options, &mut self.principal_arns)?;
                Ok(Some(if inverted { PrincipalElement::AllBut(patterns) } else { PrincipalElement::Only(patterns) }))
            }
        }
    }

    /// None where something was refused; no list in trust policies.
    fn resources(&mut self, members: &Members<'_>, place: &Place<'_>) -> Option<Option<Listed<ResourcePattern>>> {
        let pair = ["Resource", "NotResource"];
        let found = self.faults.note(one_of(members.resource, members.not_resource, pair, place))?;
        let ParseOptions { kind, default_account, .. } = *self.options;
        let refused = match found {
            None if kind == PolicyKind::Trust => return Some(None),
            None => Fault::MissingElement("Resource"),
            Some((_, _, element)) if kind == PolicyKind::Trust => Fault::ProhibitedElement { element, kind },
            Some((inverted, json, name)) => {
                let variables = self.variables;
                let entries = json.each_noting(&place.member(name), self.faults, |value, place| {
                    ResourcePattern::parse(value.string(place)?, variables, default_account)
                        .map_err(|fault| place.refuse(fault))
                })?;
                return Some(Some(Listed { inverted, entries: entries.into() }));
            }
        };
        self.faults.note(Err(place.refuse(refused)))
    }
}

fn parse_effect(json: Option<&Json>, place: &Place<'_>) -> Result<Effect, Error> {
    let json = json.ok_or_else(|| place.refuse(Fault::MissingElement("Effect")))?;
    let place = place.member("Effect");
    match json.string(&place)? {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(place.refuse(Fault::UnknownEffect(shorten(other)))),
    }
}

/// An element or its `Not` form, never both: whether it is the `Not` form, its value, its name.
fn one_of<'j>(
    plain: Option<&'j Json>,
    inverted: Option<&'j Json>,
    [name, not_name]: [&'static str; 2],
    place: &Place<'_>,
) -> Result<Option<(bool, &'j Json, &'static str)>, Error> {
    match (plain, inverted) {
        (Some(_), Some(_)) => Err(place.refuse(Fault::BothForms(name, not_name))),
        (Some(json), None) => Ok(Some((false, json, name))),
        (None, Some(json)) => Ok(Some((true, json, not_name))),
        (None, None) => Ok(None),
    }
}
