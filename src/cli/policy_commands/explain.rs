//! `explain`: a decision in plain words, or what the audit log has of one.

use super::super::administration::Administration;
use super::super::catalogue;
use super::super::commands::{CommandError, Outcome};
use super::super::policy_args::Explain;
use super::simulate::{entries, is_list};
use crate::conf::Environment;
use crate::iam::simulate::Question;
use crate::policy::lint::{ResourceForm, asked_for};
use crate::types::Context;
use serde_json::{Map, Value};
use std::path::Path;

/// What no policy decides, and who may call it.
const FREE: [(&str, &str); 2] =
    [("sts:GetCallerIdentity", "every valid identity"), ("sts:GetSessionToken", "every user with a long-term key")];

/// Explains a question, or a request that the audit log of the configuration has.
pub(in crate::cli) async fn explain(
    admin: &Administration<'_>,
    asked: &Explain,
    audit: Option<&Path>,
    environment: &dyn Environment,
) -> Outcome {
    match asked.what.as_slice() {
        [principal, action, resource] => {
            let mut context = Context::new();
            for (key, values) in entries(&asked.context)? {
                match (is_list(&key, &values), values.as_slice()) {
                    (false, [value]) => context.set(key, value.as_bytes()),
                    _ => context.set_many(key, values.into_iter().map(String::into_bytes).collect()),
                }
            }
            judged(admin, &Question { principal, action, resource, context: &context }).await
        }
        [request_id] => {
            let path = audit.ok_or(CommandError::NoAuditFile)?;
            let log = environment.read(path);
            let log = log.map_err(|reason| CommandError::Infile { path: path.to_owned(), reason })?;
            logged(&String::from_utf8_lossy(&log), request_id)
                .ok_or_else(|| CommandError::NotLogged(request_id.clone()))
        }
        _ => Err(CommandError::Question),
    }
}

/// The decision on a request that can be made.
async fn judged(admin: &Administration<'_>, question: &Question<'_>) -> Outcome {
    if let Some((name, who)) = FREE.iter().find(|(name, _)| name.eq_ignore_ascii_case(question.action)) {
        return Ok(format!("No policy decides {name}: {who} may call it."));
    }
    let catalogue = catalogue::catalogue();
    let known = catalogue.actions.iter().find(|known| known.name.eq_ignore_ascii_case(question.action));
    let Some(known) = known else {
        return Err(CommandError::UnknownAction(question.action.chars().take(256).collect()));
    };
    let mut text = admin.explain(question).await?;
    if !asked_for(known, question.resource) {
        let forms: Vec<&str> = known
            .resources
            .iter()
            .map(|(ResourceForm::Exact(form) | ResourceForm::Shape(form))| form.as_str())
            .collect();
        text.push_str(&format!(
            "\nBut no request asks for {} on such a resource: it is asked for on {}.",
            known.name,
            forms.join(" or ")
        ));
    }
    Ok(text)
}

/// The line of a request, in plain words.
fn logged(log: &str, request_id: &str) -> Option<String> {
    let lines = log.lines().rev().filter(|line| line.contains(request_id));
    let mut records = lines.filter_map(|line| serde_json::from_str::<Map<String, Value>>(line).ok());
    let record = records.find(|record| record.get("request_id").and_then(Value::as_str) == Some(request_id))?;
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let list = |name: &str| -> Vec<String> {
        let items = record.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let who = match (text("principal"), text("claimed_key")) {
        (Some(principal), _) => principal.to_owned(),
        (None, Some(key)) => format!("Someone unproven with the access key {key}"),
        (None, None) => "Someone anonymous".to_owned(),
    };
    let (time, source) = (text("time").unwrap_or("unknown"), text("source").unwrap_or("unknown"));
    let operation = text("operation").unwrap_or("an unknown operation");
    let mut sentences = vec![format!("{who} asked for {operation} from {source} at {time}.")];
    sentences.extend(list("decided").into_iter().map(|decided| format!("It needed {decided}.")));
    sentences.extend(list("denied").into_iter().map(|denied| format!("It was denied {denied}.")));
    let statements = list("statements").join(", ");
    sentences.push(match (text("decision"), statements.is_empty()) {
        (Some("allow"), true) => "It was allowed without asking a policy.".to_owned(),
        (Some("allow"), false) => format!("It was allowed by {statements}."),
        (Some("explicit_deny"), _) => format!("It was denied by {statements}."),
        (Some("implicit_deny"), _) => "It was denied because not every policy that must allow it does.".to_owned(),
        _ => "It ended before anything was decided.".to_owned(),
    });
    let status = record.get("status").and_then(Value::as_u64).unwrap_or_default();
    let error = text("error").map(|code| format!(" {code}")).unwrap_or_default();
    sentences.push(format!("The answer was {status}{error}."));
    Some(sentences.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::logged;

    #[test]
    fn each_decision_of_the_audit_log_is_told() {
        for (decision, wanted) in [
            ("allow", "It was allowed by s."),
            ("explicit_deny", "It was denied by s."),
            ("implicit_deny", "It was denied because not every policy that must allow it does."),
            ("none", "It ended before anything was decided."),
        ] {
            let line = format!(r#"{{"request_id":"R1","decision":"{decision}","statements":["s"],"status":403}}"#);
            let text = logged(&line, "R1").unwrap();
            assert!(text.contains(wanted), "{decision}: {text}");
        }
        assert!(logged(r#"{"request_id":"R2"}"#, "R1").is_none());
    }
}
