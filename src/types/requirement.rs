//! What an operation needs: one IAM action on one resource.

use std::borrow::Cow;
use std::fmt;

/// A concrete resource name. Bytes, because an object key need not be UTF-8 and policies must match
/// the key's own bytes, never a lossy reading of them (security rule 4). Never a pattern.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceName(Vec<u8>);

impl ResourceName {
    /// A resource from its ARN's bytes.
    pub fn new(arn: impl Into<Vec<u8>>) -> Self {
        Self(arn.into())
    }

    /// `arn:aws:s3:::*`: "no single bucket".
    pub fn any_bucket() -> Self {
        Self(b"arn:aws:s3:::*".to_vec())
    }

    /// `arn:aws:s3:::BUCKET`.
    pub fn bucket(bucket: &str) -> Self {
        Self(["arn:aws:s3:::", bucket].concat().into_bytes())
    }

    /// `arn:aws:s3:::BUCKET/KEY` with the decoded key's bytes.
    pub fn object(bucket: &str, key: &[u8]) -> Self {
        let mut arn = Vec::with_capacity(14 + bucket.len() + key.len());
        arn.extend_from_slice(b"arn:aws:s3:::");
        arn.extend_from_slice(bucket.as_bytes());
        arn.push(b'/');
        arn.extend_from_slice(key);
        Self(arn)
    }

    /// The ARN's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For messages and logs only: bytes that are not UTF-8 show as U+FFFD.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceName({self})")
    }
}

/// One (action, resource) pair that must be allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// IAM action as AWS spells it, such as `s3:GetObject`.
    pub action: Cow<'static, str>,
    /// The resource it is asked for.
    pub resource: ResourceName,
}

impl Requirement {
    /// Pairs an action with a resource.
    pub fn new(action: impl Into<Cow<'static, str>>, resource: ResourceName) -> Self {
        Self { action: action.into(), resource }
    }
}
