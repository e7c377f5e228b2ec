//! `Resource` and `NotResource`: patterns over the bytes of the whole resource name.
//!
//! Choices where AWS's pages are silent or loose: an ARN has six parts, or fewer if it ends in `*` (which also
//! crosses colons); the service part is literal, as AWS demands; the partition is `aws` or a wildcard; an empty
//! account in an IAM or STS ARN means the default account (DESIGN section 3).

use super::error::Fault;
use super::variable::{Lookup, Pattern, Piece, Syntax, parse_pieces, shorten};
use crate::types::AccountId;

/// One entry of `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourcePattern(Pattern);

impl ResourcePattern {
    /// Parses `*` or an ARN with wildcards and, where the version has them, variables.
    pub(super) fn parse(text: &str, variables: bool, default_account: &AccountId) -> Result<Self, Fault> {
        let syntax = Syntax { variables, wildcards: true };
        if text == "*" {
            return Pattern::parse(text, syntax).map(Self);
        }
        let completed = with_default_account(text, default_account);
        let pieces = parse_pieces(&completed, syntax)?;
        check_arn(text, &pieces)?;
        Ok(Self(Pattern::from_pieces(pieces)))
    }

    /// Whether `resource` matches.
    pub(super) fn matches<'p>(&'p self, resource: &[u8], lookup: &mut Lookup<'_, 'p>) -> bool {
        self.0.matches(resource, lookup)
    }

    /// The keys of its variables, as spelled.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys()
    }

    /// The [`root_of`] every match has, if all matches have the same.
    pub(super) fn root(&self) -> Option<&[u8]> {
        let (prefix, whole) = self.0.literal_prefix();
        (whole || prefix.contains(&b'/')).then(|| root_of(prefix))
    }
}

/// The part of a resource name before its first slash: of an S3 resource the bucket's ARN.
pub(super) fn root_of(resource: &[u8]) -> &[u8] {
    resource.split(|byte| *byte == b'/').next().unwrap_or_default()
}

/// Fills the empty account field of an IAM or STS ARN.
pub(super) fn with_default_account(text: &str, default_account: &AccountId) -> String {
    for service in ["arn:aws:iam::", "arn:aws:sts::"] {
        if let Some(resource) = text.strip_prefix(service).and_then(|rest| rest.strip_prefix(':')) {
            return format!("{service}{default_account}:{resource}");
        }
    }
    text.to_owned()
}

fn check_arn(text: &str, pieces: &[Piece]) -> Result<(), Fault> {
    let bad = || Fault::BadResource(shorten(text));
    let parts = split_parts(pieces);
    let [scheme, partition, service, ..] = parts.as_slice() else { return Err(bad()) };
    if literal(scheme) != Some(&b"arn"[..]) {
        return Err(bad());
    }
    if partition.is_empty() || service.is_empty() || parts.last().is_none_or(Vec::is_empty) {
        return Err(bad());
    }
    match literal(partition) {
        Some(name) if name != b"aws" => return Err(Fault::ForeignPartition(shorten(text))),
        _ => {}
    }
    if literal(service).is_none() {
        return Err(Fault::WildcardService(shorten(text)));
    }
    let open_ended = matches!(pieces.last(), Some(Piece::Any));
    if parts.len() < 6 && !open_ended { Err(bad()) } else { Ok(()) }
}

/// Splits pieces at the first five literal colons, as the parts of an ARN.
pub(super) fn split_parts(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut parts = vec![Vec::new()];
    for piece in pieces {
        let Piece::Literal(bytes) = piece else {
            push(&mut parts, piece.clone());
            continue;
        };
        let splits = 6usize.saturating_sub(parts.len()) + 1;
        for (index, segment) in bytes.splitn(splits, |byte| *byte == b':').enumerate() {
            if index > 0 {
                parts.push(Vec::new());
            }
            if !segment.is_empty() {
                push(&mut parts, Piece::Literal(segment.into()));
            }
        }
    }
    parts
}

fn push(parts: &mut [Vec<Piece>], piece: Piece) {
    if let Some(last) = parts.last_mut() {
        last.push(piece);
    }
}

fn literal(part: &[Piece]) -> Option<&[u8]> {
    match part {
        [Piece::Literal(bytes)] => Some(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Context;

    fn parse(text: &str) -> Result<ResourcePattern, Fault> {
        ResourcePattern::parse(text, true, &AccountId::parse("123456789012").unwrap())
    }

    fn matches(pattern: &str, resource: &[u8]) -> bool {
        parse(pattern).unwrap().matches(resource, &mut Lookup::new(&Context::new()))
    }

    #[test]
    fn resources_match_whole_names_with_case() {
        for (pattern, resource, wanted) in [
            ("*", "arn:aws:s3:::b/k", true),
            ("arn:aws:s3:::b", "arn:aws:s3:::b", true),
            ("arn:aws:s3:::b", "arn:aws:s3:::b/k", false),
            ("arn:aws:s3:::B", "arn:aws:s3:::b", false),
            ("arn:aws:s3:::b*", "arn:aws:s3:::bucket/k/l", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
            ("arn:aws:s3:::b/a*z", "arn:aws:s3:::b/a/y:/z", true),
            ("arn:aws:s3:*", "arn:aws:s3:::b/k", true),
            ("arn:*:s3:::b", "arn:aws:s3:::b", true),
            ("arn:aws:iam:::role/R", "arn:aws:iam::123456789012:role/R", true),
            ("arn:aws:iam:::role/R", "arn:aws:iam:::role/R", false),
            ("arn:aws:iam::*:role/R", "arn:aws:iam::123456789012:role/R", true),
            ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", true),
            ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", false),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/*", true),
        ] {
            assert_eq!(matches(pattern, resource.as_bytes()), wanted, "{pattern} on {resource}");
        }
        assert!(matches("arn:aws:s3:::b/a?c", b"arn:aws:s3:::b/a\xffc"));
    }

    #[test]
    fn the_empty_default_account_stays_empty() {
        let pattern = ResourcePattern::parse("arn:aws:iam:::role/R", true, &AccountId::empty()).unwrap();
        assert!(pattern.matches(b"arn:aws:iam:::role/R", &mut Lookup::new(&Context::new())));
    }

    #[test]
    fn what_is_no_resource_is_refused() {
        for bad in ["", "b", "b/*", "arn", "arn:", "arn:aws", "arn:aws:s3", "arn:aws:s3:::", "arn:aws:s3::b", "s3:::b"]
        {
            assert!(matches!(parse(bad), Err(Fault::BadResource(_))), "{bad}");
        }
        for bad in ["arn:aws:*:::b", "arn:aws:s?:::b", "arn:aws:${aws:x}:::b", "arn:aws:s3*"] {
            assert!(matches!(parse(bad), Err(Fault::WildcardService(_))), "{bad}");
        }
        assert!(matches!(parse("arn:aws-cn:s3:::b"), Err(Fault::ForeignPartition(_))));
        assert!(matches!(parse("arn:*"), Err(Fault::BadResource(_))));
    }

    #[test]
    fn roots_are_known_only_where_all_matches_share_them() {
        for (pattern, root) in [
            ("arn:aws:s3:::b", Some("arn:aws:s3:::b")),
            ("arn:aws:s3:::b/*", Some("arn:aws:s3:::b")),
            ("arn:aws:s3:::b/${aws:username}", Some("arn:aws:s3:::b")),
            ("arn:aws:s3:::b*", None),
            ("arn:aws:s3:::b${aws:username}", None),
            ("*", None),
        ] {
            assert_eq!(parse(pattern).unwrap().root(), root.map(str::as_bytes), "{pattern}");
        }
    }
}
