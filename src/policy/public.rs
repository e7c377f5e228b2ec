//! Whether a bucket policy is public, as GetBucketPolicyStatus tells it.
//!
//! Source: "The meaning of public" in Amazon S3's user guide. A policy counts as public until every Allow speaks of
//! fixed principals alone, or is held to fixed values of one of the keys listed there. It is a reading of the text,
//! no decision: Deny statements do not count, nor whether anybody is there who could come.
//!
//! Choices where the page is silent: `IfExists`, `ForAllValues` and negated operators hold where the key is absent or
//! another, so they limit nothing; a `*`, `?` or `${` in a value is a wildcard with every operator; `aws:PrincipalArn`
//! and `aws:PrincipalAccount` are principals as `aws:PrincipalOrgID` is.

use super::Policy;
use super::condition::{Family, Operator, Quantifier};
use super::source::{SourceCondition, SourceDocument, SourceStatement};

/// Keys whose fixed values keep a statement from being public.
const FIXING: [&str; 12] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOwner",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:userid",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// The shortest prefix of a block of addresses that is not taken for everybody: version 4, version 6.
const SHORTEST_PREFIX: [u8; 2] = [8, 32];

impl Policy {
    /// Whether a bucket policy with this document is public as Amazon S3 means it.
    pub fn is_public(&self) -> bool {
        // INVARIANT: the document was accepted, so it can be read; what cannot be read would count as public.
        let Some(source) = SourceDocument::read(self.document()) else { return true };
        source.statements.iter().any(|statement| statement.allows && is_open(statement))
    }
}

fn is_open(statement: &SourceStatement) -> bool {
    let anybody = statement.principals.iter().any(|principal| match principal.kind.as_str() {
        "AWS" | "" => principal.entry.text == "*",
        "Service" | "CanonicalUser" => false,
        // Users of an identity provider are whoever it lets in.
        _ => true,
    });
    anybody && !statement.conditions.iter().any(limits)
}

/// Whether the condition holds for fixed values alone.
fn limits(condition: &SourceCondition) -> bool {
    let Some(operator) = Operator::parse(&condition.operator) else { return false };
    if operator.negated || operator.if_exists || operator.quantifier == Quantifier::All {
        return false;
    }
    let key = condition.key.as_str();
    let mut values = condition.values.iter().map(|entry| entry.text.as_str());
    match operator.family {
        Family::Ip => key.eq_ignore_ascii_case("aws:SourceIp") && values.all(is_narrow),
        Family::String(_) | Family::Arn if key.eq_ignore_ascii_case("s3:DataAccessPointArn") => {
            values.all(has_fixed_account)
        }
        Family::String(_) | Family::Arn => {
            FIXING.iter().any(|fixing| fixing.eq_ignore_ascii_case(key)) && values.all(is_fixed)
        }
        Family::Numeric(_) | Family::Date(_) | Family::Bool | Family::Binary | Family::Null => false,
    }
}

fn is_fixed(value: &str) -> bool {
    !value.contains(['*', '?']) && !value.contains("${")
}

/// Whether a block of addresses is not so wide that AWS takes it for everybody.
fn is_narrow(block: &str) -> bool {
    let (address, prefix) = block.split_once('/').map_or((block, None), |(address, prefix)| (address, Some(prefix)));
    let [version_4, version_6] = SHORTEST_PREFIX;
    let shortest = if address.contains(':') { version_6 } else { version_4 };
    prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|prefix| prefix >= shortest))
}

/// Whether an access point's ARN leaves nothing open but the access point's name.
fn has_fixed_account(arn: &str) -> bool {
    match arn.rsplit_once(":accesspoint/") {
        Some((start, name)) => is_fixed(start) && start.split(':').count() == 5 && !name.contains("${"),
        None => is_fixed(arn),
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
    use crate::types::AccountId;

    fn is_public(statements: &str) -> bool {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
        let options =
            ParseOptions { kind: PolicyKind::Bucket, default_account: &AccountId::empty(), bindings: &Bindings::new() };
        Policy::parse(&document, &options).unwrap_or_else(|error| panic!("{document}: {error}")).is_public()
    }

    fn allow(principal: &str) -> String {
        format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#)
    }

    fn everybody_if(condition: &str) -> bool {
        let statement = allow(r#""*""#).replace(r#""Action""#, &format!(r#""Condition":{condition},"Action""#));
        is_public(&statement)
    }

    #[test]
    fn everybody_and_identity_providers_are_public_and_fixed_principals_are_not() {
        for (principal, public) in [
            (r#""*""#, true),
            (r#"{"AWS":"*"}"#, true),
            (r#"{"AWS":["arn:aws:iam:::user/U","*"]}"#, true),
            (r#"{"Federated":"graph.facebook.com"}"#, true),
            (r#"{"AWS":"123456789012"}"#, false),
            (r#"{"AWS":["arn:aws:iam::123456789012:root","arn:aws:iam:::user/U","arn:aws:iam:::role/R"]}"#, false),
            (r#"{"Service":"cloudtrail.amazonaws.com"}"#, false),
            (r#"{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#, false),
        ] {
            assert_eq!(is_public(&allow(principal)), public, "{principal}");
        }
    }

    #[test]
    fn one_open_allow_is_enough_and_denies_do_not_count() {
        let (open, fixed) = (allow(r#""*""#), allow(r#"{"AWS":"123456789012"}"#));
        let deny = open.replace("Allow", "Deny");
        let all_but = deny.replace("Principal", "NotPrincipal");
        for (statements, public) in [
            (format!("[{fixed},{open}]"), true),
            (format!("[{open},{deny}]"), true),
            (format!("[{deny},{fixed}]"), false),
            (format!("[{all_but}]"), false),
        ] {
            assert_eq!(is_public(&statements), public, "{statements}");
        }
    }

    #[test]
    fn fixed_values_of_the_listed_keys_are_not_public() {
        for condition in [
            r#"{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#,
            r#"{"StringLike":{"AWS:SOURCEVPCE":["vpce-1","vpce-2"]}}"#,
            r#"{"ForAnyValue:StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b"}}"#,
            r#"{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#,
            r#"{"StringEquals":{"aws:SourceOwner":"123456789012"}}"#,
            r#"{"StringEquals":{"aws:userid":"AIDAAAAAAAAAAAAAAAAAA"}}"#,
            r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/R"}}"#,
            r#"{"StringEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:us-east-1:1:key/k"}}"#,
            r#"{"StringEquals":{"s3:DataAccessPointAccount":"123456789012"}}"#,
            r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:123456789012:accesspoint/*"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","10.0.0.0/8","198.51.100.7","2001:db8::/32"]}}"#,
            r#"{"StringEquals":{"aws:SourceVpc":"vpc-1"},"Bool":{"aws:SecureTransport":"true"}}"#,
        ] {
            assert!(!everybody_if(condition), "{condition}");
        }
    }

    #[test]
    fn all_other_conditions_leave_it_public() {
        for condition in [
            r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#,
            r#"{"StringEquals":{"aws:SourceVpc":["vpc-1","vpc-?"]}}"#,
            r#"{"StringEquals":{"aws:SourceVpc":"${aws:PrincipalTag/vpc}"}}"#,
            r#"{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}"#,
            r#"{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}"#,
            r#"{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"}}"#,
            r#"{"Null":{"aws:SourceVpc":"false"}}"#,
            r#"{"StringLike":{"aws:userid":"AROAAAAAAAAAAAAAAAAAA:*"}}"#,
            r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/a"}}"#,
            r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:*:accesspoint/a"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}"#,
            r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","::/0"]}}"#,
            r#"{"IpAddress":{"aws:SourceIp":"2001::/31"}}"#,
            r#"{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#,
            r#"{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}}"#,
            r#"{"StringEquals":{"aws:Referer":"http://example.com/"}}"#,
            r#"{"StringEquals":{"s3:ExistingObjectTag/public":"yes"}}"#,
            r#"{"Bool":{"aws:SecureTransport":"true"}}"#,
        ] {
            assert!(everybody_if(condition), "{condition}");
        }
    }
}
