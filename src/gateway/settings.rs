//! What the configuration says to the gateway.

use crate::authn::WebRules;
use crate::s3::AddressingRules;
use crate::sigv4::ChunkLimits;
use crate::types::AccountId;

/// Who owns buckets that have no record (security rule 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnrecordedOwner {
    /// The account.
    Account(AccountId),
    /// A standalone user of the account, by name.
    User(AccountId, String),
}

/// Limits and names.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bucket names, keys, virtual-host domains.
    pub addressing: AddressingRules,
    /// What an empty account field in an ARN means (DESIGN section 3).
    pub default_account: AccountId,
    /// The only region accepted in a credential scope; none accepts any.
    pub region: Option<String>,
    /// Allowed difference of clocks in seconds, 900 at most.
    pub max_skew_seconds: i64,
    /// Owner of buckets without a record; none: nobody reaches them.
    pub unrecorded_owner: Option<UnrecordedOwner>,
    /// Largest form body of an IAM or STS call in bytes.
    pub form_body_bytes: usize,
    /// Largest Delete document in bytes.
    pub delete_body_bytes: usize,
    /// Largest answer of the backend that the gate reads whole, in bytes.
    pub answer_bytes: usize,
    /// Limits of aws-chunked bodies.
    pub chunks: ChunkLimits,
    /// The region that the backend is addressed in; shown where a bucket's region is asked for.
    pub backend_region: String,
    /// What tokens of web identities may be.
    pub web: WebRules,
    /// Whether S3 denials carry an encoded message; those of IAM and STS always do (security rule 30).
    pub encoded_messages: bool,
}
