//! From a document's JSON to compiled statements. Everything that can be wrong is refused here.
//!
//! Source: "Grammar of the IAM JSON policy language". Element names and operators have exact case; a document
//! without `Version` is of 2008-10-17; `Statement` may be one object.

use super::action::ActionPattern;
use super::condition::parse_conditions;
use super::document::{Json, Place};
use super::error::{Error, Fault};
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

/// Parses a whole document.
pub(super) fn parse_document(text: &str, options: &ParseOptions<'_>) -> Result<Parsed, Error> {
    let json = Json::parse(text)?;
    let root = Place::root();
    let mut variables = false;
    let mut statements = None;
    for (name, value) in json.members(&root)? {
        let place = root.member(name);
        match name.as_str() {
            "Version" => variables = parse_version(value, &place)?,
            "Id" => drop(value.string(&place)?),
            "Statement" => statements = Some(value),
            other => return Err(root.refuse(Fault::UnknownElement(shorten(other)))),
        }
    }
    let statements = statements.ok_or_else(|| root.refuse(Fault::MissingElement("Statement")))?;
    let mut reader = Reader { options, variables, sids: HashSet::new(), principal_arns: Vec::new() };
    let statements = statements.each(&root.member("Statement"), |value, place| reader.statement(value, place))?;
    Ok(Parsed { statements, principal_arns: reader.principal_arns })
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
    fn statement(&mut self, json: &Json, place: &Place<'_>) -> Result<Statement, Error> {
        let members = Members::read(json, place)?;
        let sid = self.sid(members.sid, place)?;
        let effect = parse_effect(members.effect, place)?;
        let principal = self.principal(&members, effect, place)?;
        let kind = self.options.kind;
        let pair = ["Action", "NotAction"];
        let Some((inverted, json, name)) = one_of(members.action, members.not_action, pair, place)? else {
            return Err(place.refuse(Fault::MissingElement("Action")));
        };
        let actions = json.each(&place.member(name), |value, place| {
            ActionPattern::parse(value.string(place)?, kind).map_err(|fault| place.refuse(fault))
        })?;
        let actions = Listed { inverted, entries: actions.into() };
        let resources = self.resources(&members, place)?;
        let conditions = match members.condition {
            Some(json) => parse_conditions(json, &place.member("Condition"), self.variables)?,
            None => Box::default(),
        };
        Ok(Statement { sid, effect, principal, actions, resources, conditions })
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
        effect: Effect,
        place: &Place<'_>,
    ) -> Result<Option<PrincipalElement>, Error> {
        let pair = ["Principal", "NotPrincipal"];
        let found = one_of(members.principal, members.not_principal, pair, place)?;
        let kind = self.options.kind;
        match (found, kind.names_principals()) {
            (None, false) => Ok(None),
            (None, true) => Err(place.refuse(Fault::MissingElement("Principal"))),
            (Some((_, _, element)), false) => Err(place.refuse(Fault::ProhibitedElement { element, kind })),
            (Some((true, _, _)), true) if effect == Effect::Allow => Err(place.refuse(Fault::NotPrincipalWithAllow)),
            (Some((inverted, json, element)), true) => {
                let place = place.member(element);
                let patterns = parse_principals(json, &place, self.options, &mut self.principal_arns)?;
                Ok(Some(if inverted { PrincipalElement::AllBut(patterns) } else { PrincipalElement::Only(patterns) }))
            }
        }
    }

    fn resources(&self, members: &Members<'_>, place: &Place<'_>) -> Result<Option<Listed<ResourcePattern>>, Error> {
        let pair = ["Resource", "NotResource"];
        let found = one_of(members.resource, members.not_resource, pair, place)?;
        let kind = self.options.kind;
        match found {
            None if kind == PolicyKind::Trust => Ok(None),
            None => Err(place.refuse(Fault::MissingElement("Resource"))),
            Some((_, _, element)) if kind == PolicyKind::Trust => {
                Err(place.refuse(Fault::ProhibitedElement { element, kind }))
            }
            Some((inverted, json, name)) => {
                let entries = json.each(&place.member(name), |value, place| {
                    ResourcePattern::parse(value.string(place)?, self.variables, self.options.default_account)
                        .map_err(|fault| place.refuse(fault))
                })?;
                Ok(Some(Listed { inverted, entries: entries.into() }))
            }
        }
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
