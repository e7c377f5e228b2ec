//! Amazon Resource Names: `arn:partition:service:region:account:resource`.
//!
//! The resource part keeps every further colon. Source: "IAM ARNs" in AWS's IAM user guide.

use std::fmt;

/// A parsed ARN. Fields may be empty; nothing is normalised.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Arn {
    /// Partition, `aws` as a rule.
    pub partition: String,
    /// Service, such as `iam`, `sts` or `s3`.
    pub service: String,
    /// Region; empty for IAM and S3.
    pub region: String,
    /// Account field as written, so possibly empty.
    pub account: String,
    /// All after the fifth colon.
    pub resource: String,
}

/// The text is not an ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ARN: it must have the form arn:partition:service:region:account:resource")]
pub struct InvalidArn(String);

impl Arn {
    /// Splits `text` into the six parts of an ARN.
    pub fn parse(text: &str) -> Result<Self, InvalidArn> {
        let mut parts = text.splitn(6, ':');
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("arn"), Some(partition), Some(service), Some(region), Some(account), Some(resource))
                if !partition.is_empty() && !service.is_empty() && !resource.is_empty() =>
            {
                Ok(Self {
                    partition: partition.into(),
                    service: service.into(),
                    region: region.into(),
                    account: account.into(),
                    resource: resource.into(),
                })
            }
            _ => Err(InvalidArn(text.chars().take(256).collect())),
        }
    }

    /// `arn:aws:iam::ACCOUNT:RESOURCE`.
    pub fn iam(account: &str, resource: impl Into<String>) -> Self {
        Self {
            partition: "aws".into(),
            service: "iam".into(),
            region: String::new(),
            account: account.into(),
            resource: resource.into(),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:{}:{}:{}:{}", self.partition, self.service, self.region, self.account, self.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arn_round_trips_and_keeps_colons_of_the_resource() {
        for text in ["arn:aws:s3:::bucket/a:b", "arn:aws:iam:::user/TESTER1", "arn:aws:iam::123456789012:role/p/R"] {
            assert_eq!(Arn::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn arn_refuses_what_is_short_or_foreign() {
        for bad in ["", "*", "arn:aws:s3", "arn:aws:s3:::", "ARN:aws:s3:::b", "urn:aws:s3:::b", "arn::s3:::b"] {
            assert!(Arn::parse(bad).is_err(), "{bad}");
        }
    }
}
