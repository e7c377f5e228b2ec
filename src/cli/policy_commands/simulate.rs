//! `policy simulate`: what policies would decide.

use super::super::administration::Administration;
use super::super::catalogue;
use super::super::commands::{CommandError, Outcome, read};
use super::super::output::pretty;
use super::super::policy_args::Simulate;
use crate::conf::Environment;
use crate::iam::simulate::Evaluation;
use crate::policy::LineColumn;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

pub(super) async fn simulate(admin: &Administration<'_>, asked: &Simulate, environment: &dyn Environment) -> Outcome {
    let file =
        |path: &PathBuf| read(path, environment).map_err(|reason| CommandError::Infile { path: path.clone(), reason });
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: String| pairs.push((name.to_owned(), value));
    for (path, number) in asked.policy_file.iter().zip(1usize..) {
        add(&format!("PolicyInputList.member.{number}"), file(path)?);
    }
    if let Some(path) = &asked.boundary_file {
        add("PermissionsBoundaryPolicyInputList.member.1", file(path)?);
    }
    if let Some(path) = &asked.resource_policy_file {
        add("ResourcePolicy", file(path)?);
    }
    for (name, value) in
        [("PolicySourceArn", &asked.principal), ("ResourceOwner", &asked.resource_owner), ("CallerArn", &asked.caller)]
    {
        if let Some(value) = value {
            add(name, value.clone());
        }
    }
    for (name, values) in [("ActionNames", &asked.action), ("ResourceArns", &asked.resource)] {
        for (value, number) in values.iter().zip(1usize..) {
            add(&format!("{name}.member.{number}"), value.clone());
        }
    }
    for ((key, values), number) in entries(&asked.context)?.into_iter().zip(1usize..) {
        let entry = format!("ContextEntries.member.{number}");
        add(
            &format!("{entry}.ContextKeyType"),
            if is_list(&key, &values) { "stringList" } else { "string" }.to_owned(),
        );
        add(&format!("{entry}.ContextKeyName"), key);
        for (value, number) in values.into_iter().zip(1usize..) {
            add(&format!("{entry}.ContextKeyValues.member.{number}"), value);
        }
    }
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let found = admin.simulate(&pairs).await?;
    Ok(pretty(&found.iter().map(evaluation_json).collect::<Vec<_>>()))
}

/// `KEY=VALUE` words: each key with its values.
pub(super) fn entries(words: &[String]) -> Result<Vec<(String, Vec<String>)>, CommandError> {
    let mut entries: Vec<(String, Vec<String>)> = Vec::new();
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| CommandError::ContextEntry(word.clone()))?;
        match entries.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
            Some((_, values)) => values.push(value.to_owned()),
            None => entries.push((key.to_owned(), vec![value.to_owned()])),
        }
    }
    Ok(entries)
}

/// Whether a condition key holds a list: it does with several values, or where the catalogue says so.
pub(super) fn is_list(key: &str, values: &[String]) -> bool {
    values.len() > 1 || catalogue::is_set(key)
}

fn evaluation_json(evaluation: &Evaluation) -> Value {
    let matched = evaluation.matched.iter().map(|matched| {
        let place = |at: Option<LineColumn>| at.map(|at| json!({"Line": at.line, "Column": at.column}));
        json!({
            "SourcePolicyId": matched.policy,
            "SourcePolicyType": matched.source,
            "StartPosition": place(matched.start),
            "EndPosition": place(matched.end),
        })
    });
    let mut shown = Map::new();
    shown.insert("EvalActionName".to_owned(), json!(evaluation.action));
    shown.insert("EvalResourceName".to_owned(), json!(evaluation.resource));
    shown.insert("EvalDecision".to_owned(), json!(evaluation.decision));
    shown.insert("MatchedStatements".to_owned(), matched.collect());
    shown.insert("MissingContextValues".to_owned(), json!(evaluation.missing));
    if let Some(allowed) = evaluation.allowed_by_boundary {
        let detail = json!({"AllowedByPermissionsBoundary": allowed});
        shown.insert("PermissionsBoundaryDecisionDetail".to_owned(), detail);
    }
    if !evaluation.details.is_empty() {
        let details: Map<String, Value> =
            evaluation.details.iter().map(|(kind, outcome)| ((*kind).to_owned(), json!(outcome))).collect();
        shown.insert("EvalDecisionDetails".to_owned(), Value::Object(details));
    }
    Value::Object(shown)
}
