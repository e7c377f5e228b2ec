//! One table for each operator family: operator, operands, the request's values, whether the condition holds.

use super::*;
use crate::types::Context;

fn parse_conditions(json: &Json, place: &Place<'_>, variables: bool) -> Result<Box<[Condition]>, Error> {
    let mut faults = Faults::default();
    let conditions = super::parse_conditions(json, place, variables, &mut faults);
    conditions.ok_or_else(|| faults.into_errors().remove(0))
}

/// `values`: None for an absent key, one value, or a set written `[a,b]`.
fn holds(operator: &str, operands: &str, values: Option<&str>) -> bool {
    let json = Json::parse(&format!("{{\"{operator}\":{{\"aws:Key\":{operands}}}}}")).unwrap();
    let conditions = parse_conditions(&json, &Place::root(), true).unwrap();
    let mut context = Context::new();
    context.set("aws:username", "Bob");
    context.set("aws:PrincipalArn", "arn:aws:iam::123456789012:role/R");
    context.set("aws:SecureTransport", "true");
    match values.map(|text| (text, text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')))) {
        Some((_, Some(set))) => context.set_many("AWS:KEY", set.split(',').map(|v| v.as_bytes().to_vec()).collect()),
        Some((single, None)) => context.set("AWS:KEY", single),
        None => {}
    }
    all_hold(&conditions, &mut Lookup::new(&context), 0)
}

fn check(table: &[(&str, &str, Option<&str>, bool)]) {
    for (operator, operands, values, wanted) in table {
        assert_eq!(holds(operator, operands, *values), *wanted, "{operator} {operands} on {values:?}");
    }
}

fn refused(operator: &str, operands: &str) -> Fault {
    let json = Json::parse(&format!("{{\"{operator}\":{{\"aws:Key\":{operands}}}}}")).unwrap();
    parse_conditions(&json, &Place::root(), true).unwrap_err().fault
}

#[test]
fn strings() {
    check(&[
        ("StringEquals", "\"a\"", Some("a"), true),
        ("StringEquals", "\"a\"", Some("A"), false),
        ("StringEquals", "[\"x\",\"a\"]", Some("a"), true),
        ("StringEquals", "\"a*\"", Some("ab"), false),
        ("StringEquals", "\"a*\"", Some("a*"), true),
        ("StringEquals", "\"\"", Some(""), true),
        ("StringEquals", "\"${aws:username}\"", Some("Bob"), true),
        ("StringEquals", "\"${aws:nobody}\"", Some(""), false),
        ("StringEquals", "true", Some("true"), true),
        ("StringEquals", "10", Some("10"), true),
        ("StringNotEquals", "[\"a\",\"b\"]", Some("b"), false),
        ("StringNotEquals", "[\"a\",\"b\"]", Some("c"), true),
        ("StringNotEquals", "\"${aws:nobody}\"", Some("c"), true),
        ("StringEqualsIgnoreCase", "\"DONNÉES\"", Some("données"), true),
        ("StringEqualsIgnoreCase", "\"${aws:username}\"", Some("BOB"), true),
        ("StringEqualsIgnoreCase", "\"a\"", Some("ab"), false),
        ("StringNotEqualsIgnoreCase", "\"A\"", Some("a"), false),
        ("StringLike", "\"a*c?\"", Some("abbcd"), true),
        ("StringLike", "\"a*c?\"", Some("abbc"), false),
        ("StringLike", "\"A*\"", Some("ab"), false),
        ("StringLike", "\"*\"", Some(""), true),
        ("StringLike", "\"a${*}\"", Some("ab"), false),
        ("StringLike", "\"${aws:username}*\"", Some("Bobby"), true),
        ("StringNotLike", "\"a*\"", Some("ab"), false),
        ("StringNotLike", "\"a*\"", Some("b"), true),
    ]);
}

#[test]
fn numbers() {
    check(&[
        ("NumericEquals", "\"10\"", Some("10.0"), true),
        ("NumericEquals", "10.0", Some("10"), true),
        ("NumericEquals", "10", Some("ten"), false),
        ("NumericNotEquals", "10", Some("10.00"), false),
        ("NumericNotEquals", "10", Some("11"), true),
        ("NumericLessThan", "\"10\"", Some("9"), true),
        ("NumericLessThan", "\"10\"", Some("10"), false),
        ("NumericLessThanEquals", "10", Some("10"), true),
        ("NumericGreaterThan", "-1", Some("-0.5"), true),
        ("NumericGreaterThan", "-1", Some("-1"), false),
        ("NumericGreaterThanEquals", "[5,7]", Some("6"), true),
    ]);
    for bad in ["\"ten\"", "\"\"", "true", "\"1e3\"", "\"${aws:x}\"", "\"1 \""] {
        assert!(matches!(refused("NumericEquals", bad), Fault::BadOperand { .. }), "{bad}");
    }
}

#[test]
fn dates() {
    check(&[
        ("DateEquals", "\"2026-01-01T00:00:00Z\"", Some("2026-01-01T02:00:00+02:00"), true),
        ("DateEquals", "\"1767225600\"", Some("2026-01-01T00:00:00Z"), true),
        ("DateEquals", "1767225600", Some("1767225600"), true),
        ("DateNotEquals", "\"2026-01-01\"", Some("2026-01-01T00:00:00Z"), false),
        ("DateLessThan", "\"2026-01-01\"", Some("2025-12-31T23:59:59Z"), true),
        ("DateLessThan", "\"2026-01-01\"", Some("2026-01-01T00:00:00Z"), false),
        ("DateLessThanEquals", "\"2026-01-01\"", Some("2026-01-01T00:00:00Z"), true),
        ("DateGreaterThan", "\"2026-01-01\"", Some("1767225601"), true),
        ("DateGreaterThanEquals", "\"2026-01-01\"", Some("1767225600"), true),
        ("DateGreaterThan", "\"2026-01-01\"", Some("tomorrow"), false),
    ]);
    for bad in ["\"tomorrow\"", "\"\"", "\"2026-13-01\"", "true", "\"-\"", "\"1.5\"", "\"99999999999999999999\""] {
        assert!(matches!(refused("DateEquals", bad), Fault::BadOperand { .. }), "{bad}");
    }
}

#[test]
fn booleans_and_presence() {
    check(&[
        ("Bool", "true", Some("true"), true),
        ("Bool", "\"True\"", Some("true"), true),
        ("Bool", "\"false\"", Some("true"), false),
        ("Bool", "\"false\"", Some("yes"), false),
        ("Bool", "\"${aws:SecureTransport}\"", Some("true"), true),
        ("Bool", "\"${aws:username}\"", Some("true"), false),
        ("Bool", "\"true\"", None, false),
        ("BoolIfExists", "\"true\"", None, true),
        ("Null", "\"true\"", None, true),
        ("Null", "true", Some("x"), false),
        ("Null", "\"False\"", Some("x"), true),
        ("Null", "false", None, false),
    ]);
    for (operator, bad) in [("Bool", "\"yes\""), ("Bool", "1"), ("Null", "\"\""), ("Null", "\"${aws:x}\"")] {
        assert!(matches!(refused(operator, bad), Fault::BadOperand { .. }), "{operator} {bad}");
    }
}

#[test]
fn binaries() {
    check(&[
        ("BinaryEquals", "\"AAH/\"", Some("AAH/"), true),
        ("BinaryEquals", "\"AAH/\"", Some("AAE="), false),
        ("BinaryEquals", "\"AAH/\"", Some("!"), false),
    ]);
    for bad in ["\"!\"", "\"AAE\"", "1"] {
        assert!(matches!(refused("BinaryEquals", bad), Fault::BadOperand { .. }), "{bad}");
    }
}

#[test]
fn addresses() {
    check(&[
        ("IpAddress", "[\"10.0.0.0/8\",\"::1\"]", Some("10.1.2.3"), true),
        ("IpAddress", "\"10.0.0.0/8\"", Some("11.1.2.3"), false),
        ("IpAddress", "\"0.0.0.0/0\"", Some("::1"), false),
        ("IpAddress", "\"10.0.0.0/8\"", Some("somewhere"), false),
        ("NotIpAddress", "\"10.0.0.0/8\"", Some("10.1.2.3"), false),
        ("NotIpAddress", "\"10.0.0.0/8\"", Some("::1"), true),
        ("NotIpAddress", "\"10.0.0.0/8\"", None, true),
    ]);
    assert!(matches!(refused("IpAddress", "\"10.0.0.0/33\""), Fault::BadOperand { .. }));
}

#[test]
fn arns() {
    let arn = Some("arn:aws:iam::123456789012:role/R");
    check(&[
        ("ArnEquals", "\"arn:aws:iam::123456789012:role/R\"", arn, true),
        ("ArnEquals", "\"arn:aws:iam::*:role/*\"", arn, true),
        ("ArnLike", "\"arn:aws:iam::123456789012:user/R\"", arn, false),
        ("ArnLike", "\"*\"", arn, true),
        ("ArnLike", "\"*\"", Some("not-an-arn"), false),
        ("ArnLike", "\"arn:aws:iam:*::role/R\"", Some("arn:aws:iam:r:1:role/R"), false),
        ("ArnLike", "\"${aws:PrincipalArn}\"", arn, true),
        ("ArnLike", "\"arn:aws:iam::*:role/${aws:username}\"", arn, false),
        ("ArnNotEquals", "\"arn:aws:iam::*:role/R\"", arn, false),
        ("ArnNotLike", "\"arn:aws:iam::*:role/Q\"", arn, true),
        ("ArnNotLike", "\"arn:aws:iam::*:role/Q\"", None, true),
    ]);
    for bad in ["\"x\"", "\"arn:aws:iam::role/R\"", "\"\"", "1", "\"*:*:*:*:*:*\""] {
        assert!(matches!(refused("ArnLike", bad), Fault::BadOperand { .. }), "{bad}");
    }
}

#[test]
fn missing_keys_and_sets() {
    check(&[
        ("StringEquals", "\"a\"", None, false),
        ("StringNotEquals", "\"a\"", None, true),
        ("StringEqualsIfExists", "\"a\"", None, true),
        ("StringEqualsIfExists", "\"a\"", Some("b"), false),
        ("ForAllValues:StringEquals", "\"a\"", None, true),
        ("ForAnyValue:StringEquals", "\"a\"", None, false),
        ("ForAnyValue:StringNotEquals", "\"a\"", None, false),
        ("ForAnyValue:StringEqualsIfExists", "\"a\"", None, true),
        ("ForAllValues:StringEquals", "[\"a\",\"b\"]", Some("[a,b,a]"), true),
        ("ForAllValues:StringEquals", "[\"a\",\"b\"]", Some("[a,c]"), false),
        ("ForAnyValue:StringEquals", "[\"a\",\"b\"]", Some("[c,a]"), true),
        ("ForAnyValue:StringEquals", "[\"a\",\"b\"]", Some("[c,d]"), false),
        ("ForAllValues:StringNotEquals", "[\"a\",\"b\"]", Some("[c,d]"), true),
        ("ForAllValues:StringNotEquals", "[\"a\",\"b\"]", Some("[c,a]"), false),
        ("ForAnyValue:StringNotEquals", "[\"a\",\"b\"]", Some("[c,a]"), true),
        ("ForAnyValue:StringNotEquals", "[\"a\",\"b\"]", Some("[b,a]"), false),
        ("StringEquals", "\"a\"", Some("[b,a]"), true),
        ("StringNotEquals", "\"a\"", Some("[b,a]"), false),
        ("ForAllValues:NumericLessThan", "5", Some("[1,2]"), true),
    ]);
}

#[test]
fn all_operators_and_keys_must_hold_and_missing_keys_are_told() {
    let text = "{\"StringEquals\":{\"aws:a\":\"1\",\"aws:b\":\"2\"},\"Null\":{\"aws:c\":\"true\"}}";
    let conditions = parse_conditions(&Json::parse(text).unwrap(), &Place::root(), true).unwrap();
    for (a, b, wanted, missing) in [
        (Some("1"), Some("2"), true, vec!["aws:c"]),
        (Some("1"), Some("3"), false, vec![]),
        (Some("9"), None, false, vec![]),
        (None, Some("2"), false, vec!["aws:a", "aws:c"]),
        (None, Some("3"), false, vec![]),
    ] {
        let mut context = Context::new();
        for (key, value) in [("aws:a", a), ("aws:b", b)] {
            if let Some(value) = value {
                context.set(key, value);
            }
        }
        let mut lookup = Lookup::new(&context);
        assert_eq!(all_hold(&conditions, &mut lookup, 0), wanted, "{a:?} {b:?}");
        assert_eq!(lookup.into_missing(), missing, "{a:?} {b:?}");
    }
    assert!(all_hold(&[], &mut Lookup::new(&Context::new()), 0));
}

#[test]
fn malformed_blocks_are_refused_with_their_place() {
    for (text, place) in [
        ("[]", "Condition"),
        ("{\"StringEqual\":{\"aws:a\":\"1\"}}", "Condition"),
        ("{\"StringEquals\":[]}", "Condition.StringEquals"),
        ("{\"StringEquals\":{\"a\":\"1\"}}", "Condition.StringEquals"),
        ("{\"StringEquals\":{\"aws:a\":[]}}", "Condition.StringEquals.aws:a"),
        ("{\"StringEquals\":{\"aws:a\":null}}", "Condition.StringEquals.aws:a"),
        ("{\"StringEquals\":{\"aws:a\":[\"x\",[\"y\"]]}}", "Condition.StringEquals.aws:a[1]"),
        ("{\"StringLike\":{\"aws:a\":\"${\"}}", "Condition.StringLike.aws:a"),
    ] {
        let root = Place::root();
        let error = parse_conditions(&Json::parse(text).unwrap(), &root.member("Condition"), true).unwrap_err();
        assert_eq!(error.place, place, "{text}");
    }
}
