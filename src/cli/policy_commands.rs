//! The commands about policies.

use super::administration::Administration;
use super::catalogue;
use super::commands::{CommandError, Outcome, document, read};
use super::output::pretty;
use super::people::{InSomeAccount as _, change::of};
use super::policy_args::{AttachedTo, Format, Kind, Policy, Simulate};
use crate::conf::Environment;
use crate::iam::managed::{Shown, Version};
use crate::iam::simulate::Evaluation;
use crate::policy::lint::{Finding, LintOptions, Severity, validate};
use crate::policy::{Bindings, ParseOptions, Policy as Parsed, PolicyKind};
use crate::types::{AccountId, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What a command changes, for its audit line.
pub(super) fn change(command: &Policy) -> Option<(&'static str, String)> {
    let (words, target) = match command {
        Policy::Create { policy_name, .. } => ("policy create", policy_name.clone()),
        Policy::Delete(policy) => ("policy delete", policy.policy_arn.clone()),
        Policy::Attach { policy, to } => ("policy attach", format!("{} {}", policy.policy_arn, entity(to).1)),
        Policy::Detach { policy, to } => ("policy detach", format!("{} {}", policy.policy_arn, entity(to).1)),
        Policy::CreateVersion { policy, .. } => ("policy create-version", policy.policy_arn.clone()),
        Policy::SetDefaultVersion { policy, version_id } => {
            ("policy set-default-version", format!("{} {version_id}", policy.policy_arn))
        }
        Policy::DeleteVersion { policy, version_id } => {
            ("policy delete-version", format!("{} {version_id}", policy.policy_arn))
        }
        Policy::Get(_)
        | Policy::List { .. }
        | Policy::ListVersions(_)
        | Policy::Validate { .. }
        | Policy::Simulate(_) => {
            return None;
        }
    };
    Some((words, of(&target, command.account_id())))
}

/// Runs a command on policies.
pub(super) async fn policy(admin: &Administration<'_>, command: Policy, environment: &dyn Environment) -> Outcome {
    match command {
        Policy::Create { policy_name, path, description, document: given, .. } => {
            let text = document(given.policy_doc, given.infile, environment)?;
            let mut pairs = vec![("PolicyName", policy_name.as_str()), ("Path", &path), ("PolicyDocument", &text)];
            pairs.extend(description.as_deref().map(|description| ("Description", description)));
            Ok(pretty(&PolicyOutput::new(&admin.create_policy(&pairs).await?, None)))
        }
        Policy::Get(policy) => {
            let (shown, document) = admin.get_policy(&policy.policy_arn).await?;
            Ok(pretty(&PolicyOutput::new(&shown, Some(&document))))
        }
        Policy::List { scope, path_prefix, .. } => {
            let found = admin.list_policies(&scope, &path_prefix).await?;
            Ok(pretty(&found.iter().map(|shown| PolicyOutput::new(shown, None)).collect::<Vec<_>>()))
        }
        Policy::Delete(policy) => {
            admin.change_policy("DeletePolicy", &[("PolicyArn", &policy.policy_arn)]).await?;
            Ok(format!("Policy: {} successfully deleted", policy.policy_arn))
        }
        Policy::Attach { policy, to } => {
            let (noun, name, parameter) = attached(&to);
            let pairs = [(parameter, name), ("PolicyArn", policy.policy_arn.as_str())];
            admin.change_policy(&format!("Attach{noun}Policy"), &pairs).await?;
            Ok(format!("Policy: {} successfully attached to {}", policy.policy_arn, entity(&to).1))
        }
        Policy::Detach { policy, to } => {
            let (noun, name, parameter) = attached(&to);
            let pairs = [(parameter, name), ("PolicyArn", policy.policy_arn.as_str())];
            admin.change_policy(&format!("Detach{noun}Policy"), &pairs).await?;
            Ok(format!("Policy: {} successfully detached from {}", policy.policy_arn, entity(&to).1))
        }
        Policy::CreateVersion { policy, document: given, set_as_default } => {
            let text = document(given.policy_doc, given.infile, environment)?;
            let made = admin.create_policy_version(&policy.policy_arn, &text, set_as_default).await?;
            Ok(pretty(&VersionOutput::from(&made)))
        }
        Policy::ListVersions(policy) => {
            let found = admin.list_policy_versions(&policy.policy_arn).await?;
            Ok(pretty(&found.iter().map(VersionOutput::from).collect::<Vec<_>>()))
        }
        Policy::SetDefaultVersion { policy, version_id } => {
            let pairs = [("PolicyArn", policy.policy_arn.as_str()), ("VersionId", &version_id)];
            admin.change_policy("SetDefaultPolicyVersion", &pairs).await?;
            Ok(format!("Policy: {} now has the default version {version_id}", policy.policy_arn))
        }
        Policy::DeleteVersion { policy, version_id } => {
            let pairs = [("PolicyArn", policy.policy_arn.as_str()), ("VersionId", &version_id)];
            admin.change_policy("DeletePolicyVersion", &pairs).await?;
            Ok(format!("Policy: {} version {version_id} successfully deleted", policy.policy_arn))
        }
        Policy::Validate { file, kind, format } => {
            check(Some(admin), admin.account, &file, kind, format, environment).await
        }
        Policy::Simulate(asked) => simulate(admin, &asked, environment).await,
    }
}

/// The noun in the names of IAM's actions, the name, and the parameter that holds it.
fn attached(to: &AttachedTo) -> (&'static str, &str, &'static str) {
    match (&to.role_name, &to.user_name, &to.group_name) {
        (Some(name), _, _) => ("Role", name, "RoleName"),
        (None, Some(name), _) => ("User", name, "UserName"),
        (None, None, name) => ("Group", name.as_deref().unwrap_or_default(), "GroupName"),
    }
}

fn entity(to: &AttachedTo) -> (&'static str, String) {
    let (noun, name, _) = attached(to);
    (noun, format!("{} {name}", noun.to_ascii_lowercase()))
}

/// Validates a document. Without a store nothing is said about principals that do not resolve.
pub(super) async fn check(
    admin: Option<&Administration<'_>>,
    default_account: &AccountId,
    file: &Path,
    kind: Kind,
    format: Format,
    environment: &dyn Environment,
) -> Outcome {
    let text = if file == Path::new("-") { standard_input() } else { read(file, environment) };
    let text = text.map_err(|reason| CommandError::Infile { path: file.to_owned(), reason })?;
    let kind = match kind {
        Kind::Identity => PolicyKind::Identity,
        Kind::Trust => PolicyKind::Trust,
        Kind::Bucket => PolicyKind::Bucket,
        Kind::Session => PolicyKind::Session,
        Kind::Boundary => PolicyKind::Boundary,
    };
    let parse = ParseOptions { kind, default_account, bindings: &Bindings::new() };
    let mut unresolved: Vec<String> = Vec::new();
    if let (Some(admin), Ok(policy)) = (admin, Parsed::parse(&text, &parse)) {
        for arn in policy.principal_arns() {
            if !admin.resolves(arn).await? {
                unresolved.push(arn.to_owned());
            }
        }
    }
    let unresolved: Vec<&str> = unresolved.iter().map(String::as_str).collect();
    let catalogue = catalogue::catalogue();
    let findings = validate(&text, &LintOptions { parse, catalogue: &catalogue, unresolved: &unresolved });
    let errors = findings.iter().filter(|finding| finding.issue.severity() == Severity::Error).count();
    let text = match format {
        Format::Json => pretty(&findings.iter().map(finding_json).collect::<Vec<_>>()),
        Format::Text if findings.is_empty() => "No findings.".to_owned(),
        Format::Text => findings.iter().map(|finding| finding_line(finding, file)).collect::<Vec<_>>().join("\n"),
    };
    if errors == 0 { Ok(text) } else { Err(CommandError::Findings { text, errors }) }
}

fn standard_input() -> io::Result<String> {
    /// Much more than any policy may have.
    const MOST: u64 = 1 << 20;
    let mut text = String::new();
    io::stdin().lock().take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

/// `FILE:LINE:COLUMN: SEVERITY CODE: details (at PATH)`. Columns count from 1 here, as compilers have it.
fn finding_line(finding: &Finding, file: &Path) -> String {
    let place = finding.span.map(|span| format!(":{}:{}", span.start.line, span.start.column.saturating_add(1)));
    let path = finding.path.to_string();
    let at = if path.is_empty() { String::new() } else { format!(" (at {path})") };
    let (place, severity) = (place.unwrap_or_default(), finding.issue.severity().name());
    format!("{}{place}: {severity} {}: {}{at}", file.display(), finding.issue.code(), finding.details)
}

fn finding_json(finding: &Finding) -> Value {
    let position = |at: crate::policy::Position| json!({"line": at.line, "column": at.column, "offset": at.offset});
    json!({
        "findingType": finding.issue.severity().name(),
        "issueCode": finding.issue.code(),
        "findingDetails": finding.details,
        "path": finding.path.to_string(),
        "span": finding.span.map(|span| json!({"start": position(span.start), "end": position(span.end)})),
    })
}

async fn simulate(admin: &Administration<'_>, asked: &Simulate, environment: &dyn Environment) -> Outcome {
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

/// Whether the key holds a list.
pub(super) fn is_list(key: &str, values: &[String]) -> bool {
    values.len() > 1 || catalogue::is_set(key)
}

fn evaluation_json(evaluation: &Evaluation) -> Value {
    let matched = evaluation.matched.iter().map(|matched| {
        let place = |at: Option<crate::policy::LineColumn>| at.map(|at| json!({"Line": at.line, "Column": at.column}));
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

#[derive(Serialize)]
struct PolicyOutput<'a> {
    id: &'a str,
    name: &'a str,
    path: &'a str,
    arn: &'a str,
    description: &'a str,
    create_date: String,
    update_date: String,
    default_version_id: String,
    attachment_count: usize,
    permissions_boundary_usage_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_document: Option<&'a str>,
}

impl<'a> PolicyOutput<'a> {
    fn new(shown: &'a Shown, policy_document: Option<&'a str>) -> Self {
        Self {
            id: &shown.id,
            name: &shown.name,
            path: &shown.path,
            arn: &shown.arn,
            description: &shown.description,
            create_date: Timestamp::from_millis(shown.created).iso8601_millis(),
            update_date: Timestamp::from_millis(shown.updated).iso8601_millis(),
            default_version_id: format!("v{}", shown.default_version),
            attachment_count: shown.attachments,
            permissions_boundary_usage_count: shown.boundaries,
            policy_document,
        }
    }
}

#[derive(Serialize)]
struct VersionOutput {
    version_id: String,
    is_default_version: bool,
    create_date: String,
}

impl From<&Version> for VersionOutput {
    fn from(version: &Version) -> Self {
        Self {
            version_id: format!("v{}", version.number),
            is_default_version: version.is_default,
            create_date: Timestamp::from_millis(version.created).iso8601_millis(),
        }
    }
}
