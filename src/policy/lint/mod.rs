//! The linter behind `policy validate`: what a document says that its writer may not have meant.
//!
//! Modelled on Access Analyzer's ValidatePolicy. Errors are the refusals of [`Policy::parse`](super::Policy::parse),
//! as many as can be told apart; only a document without errors is looked at further. The tables of actions and keys
//! are arguments. Every check stands in [`CHECKS`], every finding in [`Issue`].

mod actions;
mod bucket;
mod catalogue;
mod conditions;
mod issue;
mod overlap;
mod principals;
mod redundancy;
mod refusal;
mod resources;
mod subject;
mod version;

pub use bucket::{BucketRefusal, bucket_refusal};
pub use catalogue::{Catalogue, KeyType, KnownAction, KnownKey, ResourceForm};
pub use issue::{Issue, Severity};
pub use overlap::asked_for;

use self::subject::Subject;
use super::ParseOptions;
use super::parse::all_refusals;
use super::source::{Entry, SourceDocument};
use super::span::{ElementPath, Span, span_of};

/// Most findings of one document.
const MAX_FINDINGS: usize = 200;

/// What the linter goes by.
#[derive(Debug, Clone, Copy)]
pub struct LintOptions<'a> {
    /// The kind of policy and how it is read.
    pub parse: ParseOptions<'a>,
    /// The actions and keys there are.
    pub catalogue: &'a Catalogue,
    /// Those of [`Policy::principal_arns`](super::Policy::principal_arns) that do not resolve (rule 14).
    pub unresolved: &'a [&'a str],
}

/// Something found in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is; gives code and severity.
    pub issue: Issue,
    /// What was found and what to do, in a sentence.
    pub details: String,
    /// Where: the way to the element.
    pub path: ElementPath,
    /// Where in the text. None if the document is too long to be read.
    pub span: Option<Span>,
}

/// All checks of documents without errors.
const CHECKS: &[fn(&Subject<'_>, &mut Findings<'_>)] = &[
    version::version,
    version::empty_sids,
    version::variables,
    principals::public,
    principals::federated_without_condition,
    principals::unresolved,
    principals::unused_types,
    principals::mismatched_actions,
    actions::inverted,
    actions::unknown,
    actions::foreign,
    actions::overly_wide,
    resources::inverted,
    resources::without_match,
    conditions::keys,
    conditions::operators,
    conditions::qualifiers,
    conditions::wildcards,
    conditions::networks,
    redundancy::entries,
    redundancy::statements,
];

/// All findings of a document, at most 200: the errors, or else what the checks find, sorted by place and then by
/// severity. A document that is clean has none.
pub fn validate(document: &str, options: &LintOptions<'_>) -> Vec<Finding> {
    let refusals = all_refusals(document, &options.parse);
    if !refusals.is_empty() {
        return refusals.into_iter().map(refusal::finding).collect();
    }
    let Some(source) = SourceDocument::read(document) else { return Vec::new() };
    let subject = Subject::new(&source, options);
    let mut findings = Findings { document, list: Vec::new() };
    for check in CHECKS {
        check(&subject, &mut findings);
    }
    let place = |finding: &Finding| finding.span.map_or(0, |span| span.start.offset);
    findings.list.sort_by_key(|finding| (place(finding), finding.issue.severity()));
    findings.list
}

/// What the checks have found.
struct Findings<'d> {
    document: &'d str,
    list: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, issue: Issue, path: &ElementPath, details: impl Into<String>) {
        if self.list.len() < MAX_FINDINGS {
            let span = span_of(self.document, path.steps());
            self.list.push(Finding { issue, details: details.into(), path: path.clone(), span });
        }
    }

    /// A finding about one value of a list.
    fn add_at(&mut self, issue: Issue, entry: &Entry, details: impl Into<String>) {
        self.add(issue, &entry.path, details);
    }
}
