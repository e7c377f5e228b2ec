//! The `Condition` element: all operators and keys must hold; of several values of one key, any.
//!
//! A missing key is false for the plain operators, true for the negated ones and with `IfExists`;
//! `ForAllValues` is then true, `ForAnyValue` false; `Null` asks for it.
//! Source: "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context keys".

mod decimal;
mod network;
mod operand;
mod operator;
#[cfg(test)]
mod tests;

use self::operand::Operands;
pub(super) use self::operator::{Family, Operator, Quantifier, StringMatch};
use super::document::{Json, Place};
use super::error::{Error, Fault, Faults};
use super::variable::{Lookup, Pattern, is_key, shorten};
use crate::types::ContextValues;

/// One operator with one key and its values.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    operator: Operator,
    key: Box<str>,
    operands: Operands,
}

/// Parses the element. `variables`: the document's version has them. None where something was refused.
pub(super) fn parse_conditions(
    json: &Json,
    place: &Place<'_>,
    variables: bool,
    faults: &mut Faults,
) -> Option<Box<[Condition]>> {
    let mut conditions = Some(Vec::new());
    for (name, block) in faults.note(json.members(place))? {
        let operator = Operator::parse(name).ok_or_else(|| place.refuse(Fault::UnknownOperator(shorten(name))));
        let place = place.member(name);
        let (Some(operator), Some(block)) = (faults.note(operator), faults.note(block.members(&place))) else {
            conditions = None;
            continue;
        };
        for (key, values) in block {
            match faults.note(parse_condition(operator, key, values, &place, variables)) {
                Some(condition) => {
                    if let Some(all) = &mut conditions {
                        all.push(condition);
                    }
                }
                None => conditions = None,
            }
        }
    }
    conditions.map(Into::into)
}

fn parse_condition(
    operator: Operator,
    key: &str,
    values: &Json,
    place: &Place<'_>,
    variables: bool,
) -> Result<Condition, Error> {
    if !is_key(key) {
        return Err(place.refuse(Fault::BadConditionKey(shorten(key))));
    }
    let operands = Operands::parse(operator.family, values, &place.member(key), variables)?;
    Ok(Condition { operator, key: key.into(), operands })
}

/// Whether all `conditions` hold. All keys that could still turn the answer are read, so that the caller learns
/// of every missing one at once; where present keys alone already decide, the notes since `mark` are dropped.
pub(super) fn all_hold<'p>(conditions: &'p [Condition], lookup: &mut Lookup<'_, 'p>, mark: usize) -> bool {
    let mut hold = true;
    for condition in conditions {
        lookup.take_met_absence();
        let holds = condition.holds(lookup);
        if !holds && !lookup.take_met_absence() {
            lookup.forget_after(mark);
            return false;
        }
        hold &= holds;
    }
    hold
}

impl Condition {
    /// The key, as spelled.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The policy's side, where it may hold variables.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.operands.patterns()
    }

    /// Whether the condition holds.
    pub(super) fn holds<'p>(&'p self, lookup: &mut Lookup<'_, 'p>) -> bool {
        let values = lookup.get(&self.key);
        if let Operands::Null(wanted) = &self.operands {
            return wanted.contains(&values.is_none());
        }
        let Operator { negated, if_exists, quantifier, .. } = self.operator;
        let Some(values) = values else {
            return if_exists
                || match quantifier {
                    Quantifier::Plain => negated,
                    Quantifier::All => true,
                    Quantifier::Any => false,
                };
        };
        self.judge(values, negated, quantifier, lookup)
    }

    fn judge<'p>(
        &'p self,
        values: &ContextValues,
        negated: bool,
        quantifier: Quantifier,
        lookup: &mut Lookup<'_, 'p>,
    ) -> bool {
        let mut matched = |value: &[u8]| self.operands.match_any(value, lookup);
        match quantifier {
            Quantifier::Plain => values.iter().any(matched) != negated,
            Quantifier::All => values.iter().all(|value| matched(value) != negated),
            Quantifier::Any => values.iter().any(|value| matched(value) != negated),
        }
    }
}
