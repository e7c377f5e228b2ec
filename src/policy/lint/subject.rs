//! A document as the checks see it.

use super::LintOptions;
use super::catalogue::KnownAction;
use crate::policy::PolicyKind;
use crate::policy::source::{Entry, SourceDocument, SourceStatement};
use crate::policy::variable::{Piece, Syntax, parse_pieces};

/// The document with what is known about it.
pub(super) struct Subject<'a> {
    pub(super) options: &'a LintOptions<'a>,
    pub(super) source: &'a SourceDocument,
    /// The version has variables.
    pub(super) variables: bool,
    pub(super) statements: Vec<Checked<'a>>,
}

/// A statement with the actions it speaks of.
pub(super) struct Checked<'a> {
    pub(super) source: &'a SourceStatement,
    /// For each entry of `Action` or `NotAction` the known actions it matches.
    pub(super) matched: Vec<(&'a Entry, Vec<&'a KnownAction>)>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(source: &'a SourceDocument, options: &'a LintOptions<'a>) -> Self {
        let check = |source: &'a SourceStatement| {
            let entries = source.actions.values.iter();
            let matching = |entry: &'a Entry| options.catalogue.matching(&entry.text.to_ascii_lowercase());
            Checked { source, matched: entries.map(|entry| (entry, matching(entry))).collect() }
        };
        Self {
            options,
            source,
            variables: source.version.as_ref().is_some_and(|version| version.text == "2012-10-17"),
            statements: source.statements.iter().map(check).collect(),
        }
    }

    pub(super) fn kind(&self) -> PolicyKind {
        self.options.parse.kind
    }

    /// A text that was accepted, in pieces.
    pub(super) fn pieces(&self, text: &str, wildcards: bool) -> Vec<Piece> {
        parse_pieces(text, Syntax { variables: self.variables, wildcards }).unwrap_or_default()
    }
}

impl Checked<'_> {
    /// Whether `Action` (not `NotAction`) has an entry that matches the action, in lower case.
    pub(super) fn allows_action(&self, action: &str) -> bool {
        let listed = &self.source.actions;
        self.source.allows && !listed.inverted && listed.values.iter().any(|entry| matches_action(entry, action))
    }
}

/// Whether an entry of `Action` matches the action, in lower case.
pub(super) fn matches_action(entry: &Entry, action: &str) -> bool {
    entry.text == "*:*" || crate::types::Glob::parse(&entry.text.to_ascii_lowercase()).matches(action.as_bytes())
}
