//! Refusals as findings.

use super::{Finding, Issue};
use crate::policy::error::{Error, Fault};

pub(super) fn finding(error: Error) -> Finding {
    let issue = issue(&error.fault);
    Finding { issue, details: error.fault.to_string(), path: error.path().clone(), span: error.span() }
}

fn issue(fault: &Fault) -> Issue {
    match fault {
        Fault::TooLong { .. } => Issue::SizeExceeded,
        Fault::ForbiddenCharacter { .. } => Issue::UnsupportedCharacter,
        Fault::NotJson { .. } => Issue::JsonSyntax,
        Fault::WrongType { .. } => Issue::DataTypeMismatch,
        Fault::DuplicateMember(_) => Issue::DuplicateElement,
        Fault::UnknownElement(_) => Issue::InvalidElement,
        Fault::ProhibitedElement { .. } => Issue::UnsupportedElement,
        Fault::MissingElement("Action") => Issue::MissingAction,
        Fault::MissingElement("Effect") => Issue::MissingEffect,
        Fault::MissingElement("Principal") => Issue::MissingPrincipal,
        Fault::MissingElement("Resource") => Issue::MissingResource,
        Fault::MissingElement(_) => Issue::MissingStatement,
        Fault::BothForms(..) => Issue::UnsupportedElementCombination,
        Fault::NotPrincipalWithAllow => Issue::AllowWithNotPrincipal,
        Fault::Empty => Issue::EmptyElement,
        Fault::UnknownVersion(_) => Issue::InvalidVersion,
        Fault::UnknownEffect(_) => Issue::InvalidEffect,
        Fault::BadSid(_) => Issue::UnsupportedSid,
        Fault::DuplicateSid(_) => Issue::UniqueSidsRequired,
        Fault::BadAction(_) => Issue::InvalidAction,
        Fault::NotAnStsAction(_) => Issue::UnsupportedAction,
        Fault::BadResource(_) => Issue::InvalidResource,
        Fault::WildcardService(_) => Issue::InvalidArnService,
        Fault::ForeignPartition(_) => Issue::InvalidPartition,
        Fault::BadPrincipal(_) => Issue::InvalidPrincipal,
        Fault::WildcardPrincipal(_) => Issue::WildcardInPrincipal,
        Fault::UnknownPrincipalType(_) => Issue::InvalidPrincipalKey,
        Fault::BadVariable(_) => Issue::InvalidVariable,
        Fault::UnknownOperator(_) => Issue::InvalidOperator,
        Fault::BadConditionKey(_) => Issue::InvalidConditionKey,
        Fault::BadOperand { .. } => Issue::InvalidConditionValue,
    }
}
