//! Policy documents at random, in the words that the callers and contexts of the questions have.

use crate::{A, B};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

fn one_or_list(values: Vec<String>) -> Value {
    if let [single] = values.as_slice() { json!(single) } else { json!(values) }
}

fn some_of(pool: &[&str]) -> impl Strategy<Value = Value> + use<> {
    let pool: Vec<String> = pool.iter().map(|text| (*text).to_owned()).collect();
    let most = pool.len().min(3);
    subsequence(pool, 1..=most).prop_map(one_or_list)
}

fn aws_principals() -> impl Strategy<Value = Value> {
    let pool = [
        "*".to_owned(),
        A.to_owned(),
        B.to_owned(),
        format!("arn:aws:iam::{A}:root"),
        "arn:aws:iam:::root".to_owned(),
        format!("arn:aws:iam::{A}:user/alice"),
        format!("arn:aws:iam::{A}:user/eng/bob"),
        "arn:aws:iam:::user/alice".to_owned(),
        format!("arn:aws:iam::{A}:role/team/R"),
        format!("arn:aws:sts::{A}:assumed-role/R/s1"),
    ];
    subsequence(pool.to_vec(), 1..4).prop_map(one_or_list)
}

fn principal_element() -> impl Strategy<Value = Value> {
    let federated = format!("arn:aws:iam::{A}:oidc-provider/idp");
    prop_oneof![
        1 => Just(json!("*")),
        6 => aws_principals().prop_map(|values| json!({ "AWS": values })),
        2 => aws_principals().prop_map(move |values| json!({ "AWS": values, "Federated": federated })),
        1 => Just(json!({ "Federated": format!("arn:aws:iam::{A}:oidc-provider/idp") })),
        1 => Just(json!({ "Service": "ec2.amazonaws.com", "CanonicalUser": "abc" })),
    ]
}

fn not_principal() -> impl Strategy<Value = Value> {
    let pool = [
        A.to_owned(),
        format!("arn:aws:iam::{A}:user/alice"),
        format!("arn:aws:iam::{A}:role/team/R"),
        format!("arn:aws:sts::{A}:assumed-role/R/s1"),
    ];
    subsequence(pool.to_vec(), 1..=4).prop_map(|values| json!({ "AWS": one_or_list(values) }))
}

/// `{operator: {key: values}}` with values of the operator's type.
fn condition() -> impl Strategy<Value = Value> {
    let key = |pool: &[&'static str]| select(pool.to_vec());
    let strings = (
        select(vec![
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ]),
        key(&["aws:username", "AWS:UserName", "aws:TagKeys", "aws:Absent", "aws:Note"]),
        some_of(&[
            "alice",
            "ALICE",
            "a*",
            "x",
            "a?b",
            "${aws:username}",
            "${aws:Absent}",
            "${aws:Absent, 'x'}",
            "${*}",
        ]),
    );
    let numbers = (
        select(vec![
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ]),
        key(&["s3:max-keys", "aws:Note"]),
        some_of(&["10", "9.5", "-1", "10.0"]),
    );
    let dates = (
        select(vec![
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ]),
        key(&["aws:CurrentTime", "aws:Absent"]),
        some_of(&["2026-01-01", "2026-03-01T12:00:00Z", "1767225600", "2024-02-29"]),
    );
    let addresses = (
        select(vec!["IpAddress", "NotIpAddress"]),
        key(&["aws:SourceIp", "aws:Absent"]),
        some_of(&["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::1", "10.1.2.3"]),
    );
    let arns = (
        select(vec!["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"]),
        key(&["aws:PrincipalArn", "aws:Absent"]),
        some_of(&[
            "arn:aws:iam::*:user/*",
            "arn:aws:iam::111122223333:user/alice",
            "arn:aws:iam::111122223333:user/${aws:username}",
            "arn:aws:iam::*:role/R",
        ]),
    );
    let booleans = (
        select(vec!["Bool"]),
        key(&["aws:SecureTransport", "aws:Absent", "aws:Note"]),
        some_of(&["true", "false", "${aws:SecureTransport}"]),
    );
    let decorated = prop_oneof![
        strings.boxed(),
        numbers.boxed(),
        dates.boxed(),
        addresses.boxed(),
        arns.boxed(),
        booleans.boxed(),
    ];
    let decoration = (select(vec!["", "", "ForAllValues:", "ForAnyValue:"]), select(vec!["", "", "IfExists"]));
    prop_oneof![
        8 => (decorated, decoration).prop_map(|((operator, key, values), (before, after))| {
            json!({ format!("{before}{operator}{after}"): { key: values } })
        }),
        1 => (select(vec!["aws:username", "aws:Absent"]), select(vec!["true", "false"]))
            .prop_map(|(key, wanted)| json!({ "Null": { key: wanted } })),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Sort {
    Plain,
    Bucket,
    Trust,
}

pub(crate) fn statement(sort: Sort) -> impl Strategy<Value = Value> {
    let actions = if sort == Sort::Trust {
        some_of(&["sts:AssumeRole", "STS:assume*", "sts:TagSession", "*", "sts:?ssumeRole"])
    } else {
        some_of(&["s3:GetObject", "S3:getobject", "s3:Get*", "s3:*", "*", "s3:PutObject", "s3:?etObject", "iam:*"])
    };
    let resources = some_of(&[
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/alice/k",
        "arn:aws:s3:::b/${aws:username}/*",
        "arn:aws:s3:::b/${aws:Absent}/*",
        "arn:aws:s3:::b/${aws:Absent, 'alice'}/?",
        "arn:aws:s3:::c/*",
        "arn:aws:s3:::b*",
    ]);
    (
        (prop::bool::weighted(0.75), prop::bool::weighted(0.2), prop::bool::weighted(0.2), prop::bool::weighted(0.3)),
        (actions, resources, principal_element(), not_principal()),
        vec(condition(), 0..3),
    )
        .prop_map(
            move |((allow, not_action, not_resource, spare), (actions, resources, named, not_named), conditions)| {
                let mut members = Map::new();
                members.insert("Effect".into(), json!(if allow { "Allow" } else { "Deny" }));
                members.insert(if not_action { "NotAction" } else { "Action" }.into(), actions);
                if sort != Sort::Trust {
                    members.insert(if not_resource { "NotResource" } else { "Resource" }.into(), resources);
                }
                if sort != Sort::Plain && spare && !allow {
                    members.insert("NotPrincipal".into(), not_named);
                } else if sort != Sort::Plain {
                    members.insert("Principal".into(), named);
                }
                let mut block = Map::new();
                for condition in conditions {
                    block.extend(condition.as_object().cloned().unwrap_or_default());
                }
                if !block.is_empty() {
                    members.insert("Condition".into(), Value::Object(block));
                }
                Value::Object(members)
            },
        )
}

pub(crate) fn document(sort: Sort) -> impl Strategy<Value = Value> {
    let version = select(vec![Some("2012-10-17"), Some("2012-10-17"), Some("2008-10-17"), None]);
    let statements = prop_oneof![4 => vec(statement(sort), 1..4), 1 => vec(statement(sort), 9..14)];
    (version, statements).prop_map(|(version, statements)| {
        let mut document = json!({ "Statement": statements });
        if let Some(version) = version {
            document["Version"] = json!(version);
        }
        if version == Some("2012-10-17") { document } else { without_boolean_variables(&document) }
    })
}

/// For documents without variables, where such a boolean condition would be one on a text, which is refused.
pub(crate) fn without_boolean_variables(value: &Value) -> Value {
    serde_json::from_str(&value.to_string().replace("${aws:SecureTransport}", "true")).unwrap()
}
