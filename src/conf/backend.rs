//! `[backend]`: the S3 server behind the gate.

use super::{Endpoint, Environment, Reference, ReferenceError};
use crate::s3::{self, BucketName, BucketRules};
use std::path::PathBuf;
use std::time::Duration;

/// `[backend]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// `endpoint`
    pub endpoint: Endpoint,
    /// `region`: the region the gate signs for.
    pub region: String,
    /// `access_key`: the gate's access key id there.
    pub access_key: KeyId,
    /// `secret_key`: where its secret is.
    pub secret_key: Reference,
    /// `ca_file`: PEM with the only certificate authorities trusted for the backend; the system's if none.
    pub ca_file: Option<PathBuf>,
    /// `keys` (security rule 4).
    pub keys: KeyHandling,
    /// `relaxed_names`: bucket names may have upper case and `_`, up to 255 bytes (security rule 2).
    pub relaxed_names: bool,
    /// `reserved_buckets`: names that are never buckets, besides the built-in ones (security rule 2).
    pub reserved_buckets: Vec<String>,
    /// `unrecorded_bucket_owner` (security rule 1). None: nobody reaches a bucket without a record.
    pub unrecorded_bucket_owner: Option<UnrecordedOwner>,
    /// `aws_chunked` (DESIGN section 8).
    pub aws_chunked: AwsChunked,
    /// `connect_timeout_seconds`
    pub connect_timeout: Duration,
    /// `read_timeout_seconds`: how long the backend may stay silent.
    pub read_timeout: Duration,
    /// `write_timeout_seconds`: how long the backend may refuse to take bytes.
    pub write_timeout: Duration,
    /// `idle_timeout_seconds`: how long an unused connection is kept.
    pub idle_timeout: Duration,
}

/// An access key id at the backend. It is no secret, so it may stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyId {
    /// The id itself.
    Given(String),
    /// Where it is.
    At(Reference),
}

impl KeyId {
    /// The id, fetched where it is elsewhere.
    pub fn resolve(&self, environment: &dyn Environment) -> Result<String, ReferenceError> {
        match self {
            Self::Given(id) => Ok(id.clone()),
            Self::At(reference) => reference.resolve_text(environment),
        }
    }
}

/// Which object keys the backend keeps apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyHandling {
    /// It may fold `.`, `..`, empty segments and the like onto other objects: such keys are refused.
    Filesystem,
    /// Every key is an object of its own.
    Exact,
}

/// What becomes of `aws-chunked` bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsChunked {
    /// They pass in their framing.
    Pass,
    /// They pass in their framing, which Content-Encoding announces, as AWS asks for.
    Announce,
    /// They are decoded and sent with a plain length; checksum trailers are lost.
    Decode,
}

/// To whom buckets without a record belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnrecordedOwner {
    /// `account`: the default account.
    Account,
    /// `user:NAME`: this standalone user of the default account.
    User(String),
}

impl Backend {
    /// Which names buckets may have (security rule 2).
    pub fn bucket_rules(&self) -> BucketRules {
        let mut rules = BucketRules { relaxed: self.relaxed_names, ..BucketRules::default() };
        rules.reserved.extend(self.reserved_buckets.iter().cloned());
        rules
    }

    /// Whether a bucket may have this name.
    pub fn check_bucket_name(&self, name: &str) -> Result<(), s3::Error> {
        BucketName::parse(name.as_bytes(), &self.bucket_rules()).map(drop)
    }
}

impl Default for Backend {
    fn default() -> Self {
        Self {
            endpoint: Endpoint { tls: false, host: "127.0.0.1".to_owned(), port: 9000 },
            region: "us-east-1".to_owned(),
            access_key: KeyId::At(Reference::Variable("ROLEGATE_BACKEND_ACCESS_KEY".to_owned())),
            secret_key: Reference::Variable("ROLEGATE_BACKEND_SECRET_KEY".to_owned()),
            ca_file: None,
            keys: KeyHandling::Filesystem,
            relaxed_names: false,
            reserved_buckets: Vec::new(),
            unrecorded_bucket_owner: None,
            aws_chunked: AwsChunked::Pass,
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(60),
        }
    }
}
