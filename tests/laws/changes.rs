//! Changing questions.

use crate::A;
use crate::documents::Sort;
use crate::naive::Question;
use serde_json::{Value, json};

/// All documents of a question.
pub(crate) fn documents(q: &mut Question) -> Vec<&mut Value> {
    let Question { identity, boundaries, session, resource_policy, .. } = q;
    identity.iter_mut().chain(boundaries).chain(session.iter_mut().flatten()).chain(resource_policy).collect()
}

pub(crate) fn statements(document: &mut Value) -> &mut Vec<Value> {
    document["Statement"].as_array_mut().unwrap()
}

/// Lets an Allow statement allow more, in the way numbered `how`.
pub(crate) fn widen(statement: &mut Value, how: usize) {
    let Some(members) = statement.as_object_mut().filter(|members| members["Effect"] == "Allow") else { return };
    match how {
        0 => drop(members.remove("Condition")),
        1 => {
            members.remove("NotAction");
            members.insert("Action".into(), json!("*"));
        }
        2 if members.contains_key("Resource") || members.contains_key("NotResource") => {
            members.remove("NotResource");
            members.insert("Resource".into(), json!("*"));
        }
        _ => {
            if let Some(aws) = members.get_mut("Principal").and_then(|principal| principal.get_mut("AWS")) {
                let mut all: Vec<Value> = aws.as_array().cloned().unwrap_or_else(|| vec![aws.clone()]);
                all.extend([json!("*"), json!(A), json!(format!("arn:aws:sts::{A}:assumed-role/R/s1"))]);
                *aws = json!(all);
            }
        }
    }
}

pub(crate) fn everything_denied(sort: Sort) -> Value {
    match sort {
        Sort::Plain => json!({ "Effect": "Deny", "Action": "*", "Resource": "*" }),
        Sort::Bucket => json!({ "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" }),
        Sort::Trust => json!({ "Effect": "Deny", "Principal": "*", "Action": "*" }),
    }
}

/// Which form a document has, by its statements.
pub(crate) fn sort_of(document: &Value, trust: bool) -> Sort {
    let first = &document["Statement"][0];
    match first.get("Principal").or(first.get("NotPrincipal")) {
        None => Sort::Plain,
        Some(_) if trust => Sort::Trust,
        Some(_) => Sort::Bucket,
    }
}
