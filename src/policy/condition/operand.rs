//! The policy's side of a condition: values parsed and typed when the policy is parsed, and how one value of the
//! request compares with them.

use super::decimal::Decimal;
use super::network::{Network, parse_address};
use super::operator::{Comparison, Family, StringMatch};
use crate::policy::document::{Json, Place};
use crate::policy::error::{Error, Fault};
use crate::policy::resource::split_parts;
use crate::policy::variable::{Lookup, Pattern, Piece, Syntax, parse_pieces, shorten};
use crate::types::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// All values of one operator and key, of the operator's type.
#[derive(Debug, Clone)]
pub(in crate::policy) enum Operands {
    Strings {
        patterns: Vec<Pattern>,
        ignore_case: bool,
    },
    Numbers {
        comparison: Comparison,
        values: Vec<Decimal>,
    },
    Dates {
        comparison: Comparison,
        values: Vec<Timestamp>,
    },
    /// Texts, because they may hold variables; without, they were seen to be `true` or `false`.
    Bools(Vec<Pattern>),
    Binaries(Vec<Vec<u8>>),
    Networks(Vec<Network>),
    Arns(Vec<ArnPattern>),
    /// `true`: the key must be absent.
    Null(Vec<bool>),
}

/// A policy-side ARN: each of the six parts is matched on its own.
#[derive(Debug, Clone)]
pub(in crate::policy) enum ArnPattern {
    /// `*`: any ARN.
    Any,
    Parts(Box<[Pattern; 6]>),
    /// A text that is one variable, whose value is the whole ARN.
    Whole(Pattern),
}

impl Operands {
    /// Parses one value or a list of them.
    pub(super) fn parse(family: Family, json: &Json, place: &Place<'_>, variables: bool) -> Result<Self, Error> {
        let syntax = |wildcards| Syntax { variables, wildcards };
        Ok(match family {
            Family::String(StringMatch::Like) => Self::Strings {
                patterns: each(json, place, "text", |text| Pattern::parse(text, syntax(true)).map(Some))?,
                ignore_case: false,
            },
            Family::String(how) => Self::Strings {
                patterns: each(json, place, "text", |text| Pattern::parse(text, syntax(false)).map(Some))?,
                ignore_case: how == StringMatch::EqualsIgnoreCase,
            },
            Family::Numeric(comparison) => {
                Self::Numbers { comparison, values: each(json, place, "a decimal number", |t| Ok(Decimal::parse(t)))? }
            }
            Family::Date(comparison) => Self::Dates {
                comparison,
                values: each(json, place, "an ISO 8601 date or seconds since 1970", |t| Ok(parse_date(t)))?,
            },
            Family::Bool => Self::Bools(each(json, place, "true or false", |text| parse_bool(text, syntax(false)))?),
            Family::Binary => {
                Self::Binaries(each(json, place, "base64", |text| Ok(STANDARD.decode(text.as_bytes()).ok()))?)
            }
            Family::Ip => Self::Networks(each(json, place, "an IP address or CIDR block", |t| Ok(Network::parse(t)))?),
            Family::Arn => Self::Arns(each(json, place, "an ARN", |text| ArnPattern::parse(text, syntax(true)))?),
            Family::Null => Self::Null(each(json, place, "true or false", |text| Ok(truth(text.as_bytes())))?),
        })
    }

    /// All patterns, which may hold variables.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let (plain, arns): (&[Pattern], &[ArnPattern]) = match self {
            Self::Strings { patterns, .. } | Self::Bools(patterns) => (patterns, &[]),
            Self::Arns(arns) => (&[], arns),
            _ => (&[], &[]),
        };
        plain.iter().chain(arns.iter().flat_map(|arn| match arn {
            ArnPattern::Any => [].iter(),
            ArnPattern::Parts(parts) => parts.iter(),
            ArnPattern::Whole(pattern) => std::slice::from_ref(pattern).iter(),
        }))
    }

    /// Whether the request's `value` matches any of the operands.
    pub(super) fn match_any<'p>(&'p self, value: &[u8], lookup: &mut Lookup<'_, 'p>) -> bool {
        match self {
            Self::Strings { patterns, ignore_case: false } => patterns.iter().any(|p| p.matches(value, lookup)),
            Self::Strings { patterns, ignore_case: true } => {
                patterns.iter().any(|p| p.text(lookup).is_some_and(|text| equal_ignoring_case(&text, value)))
            }
            Self::Numbers { comparison, values } => text_of(value)
                .and_then(Decimal::parse)
                .is_some_and(|number| values.iter().any(|operand| comparison.holds(number.cmp(operand)))),
            Self::Dates { comparison, values } => text_of(value)
                .and_then(parse_date)
                .is_some_and(|date| values.iter().any(|operand| comparison.holds(date.cmp(operand)))),
            Self::Bools(patterns) => truth(value).is_some_and(|wanted| {
                patterns.iter().any(|p| p.text(lookup).and_then(|text| truth(&text)) == Some(wanted))
            }),
            Self::Binaries(values) => STANDARD.decode(value).is_ok_and(|bytes| values.contains(&bytes)),
            Self::Networks(networks) => text_of(value)
                .and_then(parse_address)
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
            Self::Arns(patterns) => {
                arn_parts(value).is_some_and(|parts| patterns.iter().any(|p| p.matches(&parts, lookup)))
            }
            // Presence is judged on the key, not on its values.
            Self::Null(_) => false,
        }
    }
}

/// Reads one value or a list: strings, and booleans and numbers by their text.
fn each<T>(
    json: &Json,
    place: &Place<'_>,
    wanted: &'static str,
    parse: impl Fn(&str) -> Result<Option<T>, Fault>,
) -> Result<Vec<T>, Error> {
    json.each(place, |value, place| {
        let text = value.text().ok_or_else(|| place.wrong_type("a string, number or boolean", value))?;
        match parse(&text) {
            Ok(Some(operand)) => Ok(operand),
            Ok(None) => Err(place.refuse(Fault::BadOperand { value: shorten(&text), wanted })),
            Err(fault) => Err(place.refuse(fault)),
        }
    })
}

fn text_of(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

/// Reads `true` and `false` without case.
fn truth(value: &[u8]) -> Option<bool> {
    match value {
        _ if value.eq_ignore_ascii_case(b"true") => Some(true),
        _ if value.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

fn parse_bool(text: &str, syntax: Syntax) -> Result<Option<Pattern>, Fault> {
    let pattern = Pattern::parse(text, syntax)?;
    let fits = matches!(pattern, Pattern::Variable(_)) || truth(text.as_bytes()).is_some();
    Ok(fits.then_some(pattern))
}

/// A date in ISO 8601, or whole seconds since 1970.
fn parse_date(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(Timestamp::from_seconds);
    }
    Timestamp::parse_iso8601(text).ok()
}

/// Compares as text where both are UTF-8 (full Unicode lower case), else as bytes with ASCII case only.
fn equal_ignoring_case(left: &[u8], right: &[u8]) -> bool {
    if left.eq_ignore_ascii_case(right) {
        return true;
    }
    match (text_of(left), text_of(right)) {
        (Some(left), Some(right)) => {
            left.chars().flat_map(char::to_lowercase).eq(right.chars().flat_map(char::to_lowercase))
        }
        _ => false,
    }
}

/// The six parts of a request-side ARN.
fn arn_parts(value: &[u8]) -> Option<[&[u8]; 6]> {
    let parts: Vec<&[u8]> = value.splitn(6, |byte| *byte == b':').collect();
    let parts: [&[u8]; 6] = parts.try_into().ok()?;
    (parts.first() == Some(&&b"arn"[..])).then_some(parts)
}

impl ArnPattern {
    fn parse(text: &str, syntax: Syntax) -> Result<Option<Self>, Fault> {
        if text == "*" {
            return Ok(Some(Self::Any));
        }
        let pieces = parse_pieces(text, syntax)?;
        if matches!(pieces.as_slice(), [Piece::Variable { .. }]) {
            return Ok(Some(Self::Whole(Pattern::from_pieces(pieces))));
        }
        let parts: Vec<Pattern> = split_parts(&pieces).into_iter().map(Pattern::from_pieces).collect();
        Ok(match <[Pattern; 6]>::try_from(parts) {
            Ok(parts) if text.starts_with("arn:") => Some(Self::Parts(Box::new(parts))),
            _ => None,
        })
    }

    fn matches<'p>(&'p self, parts: &[&[u8]; 6], lookup: &mut Lookup<'_, 'p>) -> bool {
        match self {
            Self::Any => true,
            Self::Parts(patterns) => patterns.iter().zip(parts).all(|(pattern, part)| pattern.matches(part, lookup)),
            Self::Whole(pattern) => {
                pattern.text(lookup).is_some_and(|text| arn_parts(&text).is_some_and(|own| own == *parts))
            }
        }
    }
}
