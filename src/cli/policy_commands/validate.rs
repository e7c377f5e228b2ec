//! `policy validate`: what is wrong with a document, and where.

use super::super::administration::Administration;
use super::super::catalogue;
use super::super::commands::{CommandError, Outcome, read};
use super::super::output::pretty;
use super::super::policy_args::{Format, Kind};
use crate::conf::Environment;
use crate::policy::lint::{Finding, LintOptions, Severity, validate};
use crate::policy::{Bindings, ParseOptions, Policy as Parsed, PolicyKind, Position};
use crate::types::AccountId;
use serde_json::{Value, json};
use std::io::{self, Read};
use std::path::Path;

/// Validates a document. Without a store nothing is said about principals that do not resolve.
pub(in crate::cli) async fn check(
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
    let position = |at: Position| json!({"line": at.line, "column": at.column, "offset": at.offset});
    json!({
        "findingType": finding.issue.severity().name(),
        "issueCode": finding.issue.code(),
        "findingDetails": finding.details,
        "path": finding.path.to_string(),
        "span": finding.span.map(|span| json!({"start": position(span.start), "end": position(span.end)})),
    })
}
