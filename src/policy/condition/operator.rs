//! Names of condition operators: a set qualifier, a base name, `IfExists`.
//!
//! Names are taken with exact case, as AWS's page writes them; all others are refused.
//! Source: "IAM JSON policy elements: Condition operators".

/// How several values of a key are judged together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Quantifier {
    /// No qualifier: any value for the plain operators, none for the negated ones.
    Plain,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Family {
    String(StringMatch),
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// The three ways to compare strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum StringMatch {
    Equals,
    EqualsIgnoreCase,
    Like,
}

/// The order relations of numbers and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Comparison {
    Equals,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Whether `order`, of the request's value to the policy's, satisfies the relation.
    pub(super) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equals => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// A parsed operator name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) struct Operator {
    pub(in crate::policy) family: Family,
    pub(in crate::policy) negated: bool,
    pub(in crate::policy) if_exists: bool,
    pub(in crate::policy) quantifier: Quantifier,
}

impl Operator {
    /// Parses an operator name; none if there is no such operator. `Null` takes neither qualifier nor `IfExists`.
    pub(in crate::policy) fn parse(name: &str) -> Option<Self> {
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Quantifier::All, rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Quantifier::Any, rest)
        } else {
            (Quantifier::Plain, name)
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (family, negated) = base_operator(base)?;
        let decorated = if_exists || quantifier != Quantifier::Plain;
        (family != Family::Null || !decorated).then_some(Self { family, negated, if_exists, quantifier })
    }
}

fn base_operator(name: &str) -> Option<(Family, bool)> {
    use Comparison::{Equals, Greater, GreaterOrEqual, Less, LessOrEqual};
    Some(match name {
        "StringEquals" => (Family::String(StringMatch::Equals), false),
        "StringNotEquals" => (Family::String(StringMatch::Equals), true),
        "StringEqualsIgnoreCase" => (Family::String(StringMatch::EqualsIgnoreCase), false),
        "StringNotEqualsIgnoreCase" => (Family::String(StringMatch::EqualsIgnoreCase), true),
        "StringLike" => (Family::String(StringMatch::Like), false),
        "StringNotLike" => (Family::String(StringMatch::Like), true),
        "NumericEquals" => (Family::Numeric(Equals), false),
        "NumericNotEquals" => (Family::Numeric(Equals), true),
        "NumericLessThan" => (Family::Numeric(Less), false),
        "NumericLessThanEquals" => (Family::Numeric(LessOrEqual), false),
        "NumericGreaterThan" => (Family::Numeric(Greater), false),
        "NumericGreaterThanEquals" => (Family::Numeric(GreaterOrEqual), false),
        "DateEquals" => (Family::Date(Equals), false),
        "DateNotEquals" => (Family::Date(Equals), true),
        "DateLessThan" => (Family::Date(Less), false),
        "DateLessThanEquals" => (Family::Date(LessOrEqual), false),
        "DateGreaterThan" => (Family::Date(Greater), false),
        "DateGreaterThanEquals" => (Family::Date(GreaterOrEqual), false),
        "Bool" => (Family::Bool, false),
        "BinaryEquals" => (Family::Binary, false),
        "IpAddress" => (Family::Ip, false),
        "NotIpAddress" => (Family::Ip, true),
        "ArnEquals" | "ArnLike" => (Family::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Family::Arn, true),
        "Null" => (Family::Null, false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_name_is_known_with_its_decorations() {
        for base in [
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
            "Bool",
            "BinaryEquals",
            "IpAddress",
            "NotIpAddress",
            "ArnEquals",
            "ArnLike",
            "ArnNotEquals",
            "ArnNotLike",
        ] {
            for name in [base.to_owned(), format!("{base}IfExists"), format!("ForAllValues:{base}IfExists")] {
                let operator = Operator::parse(&name).unwrap_or_else(|| panic!("{name}"));
                assert_eq!(operator.negated, base.contains("Not"), "{name}");
                assert_eq!(operator.if_exists, name.ends_with("IfExists"), "{name}");
            }
            let any = Operator::parse(&format!("ForAnyValue:{base}")).unwrap();
            assert_eq!(any.quantifier, Quantifier::Any);
        }
        assert!(Operator::parse("Null").is_some());
    }

    #[test]
    fn all_other_names_are_unknown() {
        for bad in [
            "",
            "stringequals",
            "STRINGEQUALS",
            "StringEqual",
            "StringMatches",
            "NotStringEquals",
            "NumericLike",
            "BoolEquals",
            "bool",
            "BinaryNotEquals",
            "IPAddress",
            "ArnNot",
            "NullIfExists",
            "ForAllValues:Null",
            "ForAnyValue:Null",
            "ForAnyValues:StringEquals",
            "ForAllValues:",
            "ForAllValues:ForAnyValue:StringEquals",
            "IfExists",
            "StringEqualsIfExistsIfExists",
            "DateBefore",
            "streq",
        ] {
            assert!(Operator::parse(bad).is_none(), "{bad}");
        }
    }
}
