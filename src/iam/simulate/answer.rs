//! Answers of simulations.

use crate::iam::answer::{write_end, write_list};
use crate::policy::LineColumn;
use crate::wire::xml::XmlWriter;

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// SourcePolicyId.
    pub policy: String,
    /// SourcePolicyType.
    pub source: &'static str,
    /// StartPosition.
    pub start: Option<LineColumn>,
    /// EndPosition.
    pub end: Option<LineColumn>,
}

/// What one action on one resource comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// EvalActionName.
    pub action: String,
    /// EvalResourceName.
    pub resource: String,
    /// EvalDecision: `allowed`, `explicitDeny`, `implicitDeny`.
    pub decision: &'static str,
    /// MatchedStatements.
    pub matched: Vec<Matched>,
    /// MissingContextValues.
    pub missing: Vec<String>,
    /// AllowedByPermissionsBoundary; none without a boundary.
    pub allowed_by_boundary: Option<bool>,
    /// EvalDecisionDetails: kind of policy, and what its policies say on their own.
    pub details: Vec<(&'static str, &'static str)>,
}

/// What calls about simulation answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Each action on each resource.
    Evaluations {
        /// In the order of the actions, of each in the order of the resources.
        evaluations: Vec<Evaluation>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
    /// ContextKeyNames.
    Keys(Vec<String>),
}

impl Answer {
    pub(in crate::iam) fn write(&self, w: &mut XmlWriter) {
        match self {
            Self::Evaluations { evaluations, marker } => {
                write_list("EvaluationResults", evaluations, w, write_evaluation);
                write_end(marker.as_deref(), w);
            }
            Self::Keys(keys) => write_list("ContextKeyNames", keys, w, |key, w| w.push_text(key)),
        }
    }
}

fn write_evaluation(evaluation: &Evaluation, w: &mut XmlWriter) {
    w.text("EvalActionName", &evaluation.action).text("EvalResourceName", &evaluation.resource);
    w.text("EvalDecision", evaluation.decision);
    write_reasons(evaluation, w);
    if evaluation.resource == "*" {
        return;
    }
    write_list("ResourceSpecificResults", &[evaluation], w, |evaluation, w| {
        w.text("EvalResourceName", &evaluation.resource).text("EvalResourceDecision", evaluation.decision);
        write_reasons(evaluation, w);
    });
}

fn write_reasons(evaluation: &Evaluation, w: &mut XmlWriter) {
    write_list("MatchedStatements", &evaluation.matched, w, |matched, w| {
        w.text("SourcePolicyId", &matched.policy).text("SourcePolicyType", matched.source);
        for (name, position) in [("StartPosition", matched.start), ("EndPosition", matched.end)] {
            if let Some(position) = position {
                w.element(name, |w| {
                    w.text("Line", &position.line.to_string()).text("Column", &position.column.to_string());
                });
            }
        }
    });
    write_list("MissingContextValues", &evaluation.missing, w, |key, w| w.push_text(key));
    if let Some(allowed) = evaluation.allowed_by_boundary {
        w.element("PermissionsBoundaryDecisionDetail", |w| {
            w.text("AllowedByPermissionsBoundary", if allowed { "true" } else { "false" });
        });
    }
    if !evaluation.details.is_empty() {
        w.element("EvalDecisionDetails", |w| {
            for (kind, outcome) in &evaluation.details {
                w.element("entry", |w| {
                    w.text("key", kind).text("value", outcome);
                });
            }
        });
    }
}
