//! `Action` and `NotAction`: names without case, with wildcards.

use super::PolicyKind;
use super::error::Fault;
use super::variable::shorten;
use crate::types::Glob;

/// One entry of `Action` or `NotAction`, lower-cased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ActionPattern {
    /// `*` or `*:*`.
    Any,
    /// `vendor:name`, the name possibly with wildcards.
    Named { vendor: Box<str>, glob: Glob },
}

impl ActionPattern {
    /// Parses an entry. Wildcards may stand in the name; the vendor prefix is literal (but for `*:*`).
    pub(super) fn parse(text: &str, kind: PolicyKind) -> Result<Self, Fault> {
        if matches!(text, "*" | "*:*") {
            return Ok(Self::Any);
        }
        let lower = text.to_ascii_lowercase();
        let Some((vendor, name)) = lower.split_once(':') else { return Err(Fault::BadAction(shorten(text))) };
        let vendor_fits = !vendor.is_empty() && vendor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let name_fits = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'?' | b'-' | b'_' | b'.'));
        if !vendor_fits || !name_fits {
            return Err(Fault::BadAction(shorten(text)));
        }
        if kind == PolicyKind::Trust && vendor != "sts" {
            return Err(Fault::NotAnStsAction(shorten(text)));
        }
        Ok(Self::Named { vendor: vendor.into(), glob: Glob::parse(&lower) })
    }

    /// Whether the lower-cased `action` matches.
    pub(super) fn matches(&self, action: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Named { glob, .. } => glob.matches(action.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_match_without_case_and_with_wildcards() {
        for (pattern, action, wanted) in [
            ("*", "s3:getobject", true),
            ("*:*", "iam:createrole", true),
            ("S3:GetObject", "s3:getobject", true),
            ("s3:Get*", "s3:getobject", true),
            ("s3:?etObject", "s3:getobject", true),
            ("s3:*Object", "s3:getobjectacl", false),
            ("s3:*", "s3express:getobject", false),
            ("s3-object-lambda:*", "s3-object-lambda:getobject", true),
        ] {
            let parsed = ActionPattern::parse(pattern, PolicyKind::Identity).unwrap();
            assert_eq!(parsed.matches(action), wanted, "{pattern} on {action}");
        }
    }

    #[test]
    fn what_is_no_action_is_refused() {
        for bad in [
            "",
            "GetObject",
            "s3",
            "s3:",
            ":GetObject",
            "s*:GetObject",
            "*:GetObject",
            "?3:GetObject",
            "s3:Get:Object",
            "s3:Get Object",
            "s3:${aws:username}",
            " s3:GetObject",
            "s3:Gét",
        ] {
            assert!(matches!(ActionPattern::parse(bad, PolicyKind::Identity), Err(Fault::BadAction(_))), "{bad}");
        }
        assert!(matches!(ActionPattern::parse("s3:GetObject", PolicyKind::Trust), Err(Fault::NotAnStsAction(_))));
    }
}
