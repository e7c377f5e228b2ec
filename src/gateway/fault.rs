//! Everything that can end a request before its answer.

use super::{BackendError, BodyError, FactFault, PolicyFault, Trace, WebKeysError};
use crate::authn::{self, LookupError};
use crate::authz::Denied;
use crate::s3::Operation;
use crate::wire::InvalidQuery;
use crate::wire::aws_query::QueryError;
use crate::{iam, s3, sigv4, store, sts};

/// A fault, by the rule that was broken. `rescue` maps each to an answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Authentication.
    #[error(transparent)]
    Authn(#[from] authn::Error),
    /// The query string.
    #[error(transparent)]
    Query(InvalidQuery),
    /// Parameters of an IAM or STS call.
    #[error(transparent)]
    Parameters(#[from] QueryError),
    /// A form call whose content type is not a form's.
    #[error("the body of an IAM or STS call must be application/x-www-form-urlencoded")]
    NotAForm,
    /// Parameters in the query and in the body.
    #[error("parameters may stand in the query string or in the body, not in both")]
    ParametersTwice,
    /// No Action.
    #[error("the Action parameter is missing")]
    MissingAction,
    /// An unsigned call.
    #[error("the request must contain a valid (registered) AWS access key id and a signature")]
    Unsigned,
    /// A scope of a service that is neither IAM nor STS.
    #[error("an IAM or STS call must be signed for the service iam or sts, not for `{0}`")]
    ForeignScope(String),
    /// IAM.
    #[error(transparent)]
    Iam(#[from] iam::Error),
    /// STS.
    #[error(transparent)]
    Sts(#[from] sts::Error),
    /// No keys to verify a web identity's token with.
    #[error(transparent)]
    WebKeys(#[from] WebKeysError),
    /// Too many web identities of one source were refused (security rule 28).
    #[error("too many web identities were refused that came from one address")]
    TooManyRefused,
    /// A denial.
    #[error("{}", .0.message())]
    Denied(Box<Denied>),
    /// A denial without a decision: nothing was required, so nothing can be allowed.
    #[error("Access Denied")]
    NothingRequired,
    /// S3 syntax.
    #[error(transparent)]
    S3(#[from] s3::Error),
    /// An operation that the gate does not carry yet.
    #[error("{} is not supported by this gate yet", .0.name())]
    NotImplemented(Operation),
    /// The bucket has no record and no owner is configured for such.
    #[error("The specified bucket does not exist")]
    NoSuchBucket {
        /// The bucket.
        bucket: String,
    },
    /// The name is someone else's, or the backend has it without a record.
    #[error("The requested bucket name is not available. Please select a different name and try again.")]
    BucketTaken,
    /// Another change of the bucket is under way.
    #[error("A conflicting conditional operation is currently in progress against this resource. Please try again.")]
    BucketBusy,
    /// The bucket has no policy.
    #[error("The bucket policy does not exist")]
    NoSuchBucketPolicy {
        /// The bucket.
        bucket: String,
    },
    /// The document is no policy for the bucket.
    #[error(transparent)]
    Policy(#[from] PolicyFault),
    /// A policy is read and changed by identities of the bucket's account only, whoever else it allows.
    #[error("The specified method is not allowed against this resource.")]
    PolicyOfAnotherAccount,
    /// There is no record to keep the policy in.
    #[error(
        "the bucket {bucket} has no record at this gate, which could keep a policy: give it an owner with \
         `rolegate bucket link --bucket {bucket}` first"
    )]
    PolicyWithoutRecord {
        /// The bucket.
        bucket: String,
    },
    /// The caller could not put the policy again.
    #[error(
        "this policy would take from you the right to put the bucket's policy again: confirm with \
         x-amz-confirm-remove-self-bucket-access: true if that is meant"
    )]
    PolicyRemovesOwnAccess,
    /// `x-amz-expected-bucket-owner` names another account.
    #[error("Access Denied: the bucket is not owned by the account named in {0}")]
    OtherOwner(&'static str),
    /// A body without a length.
    #[error("You must provide the Content-Length HTTP header.")]
    MissingLength,
    /// A Content-Length that is not a number.
    #[error("the Content-Length header is not a number")]
    BadLength,
    /// A body where the operation has none.
    #[error("{} takes no request body", .0.name())]
    UnexpectedBody(Operation),
    /// `response-*` without a signature.
    #[error("Request specific response headers cannot be used for anonymous GET requests.")]
    UnsignedOverride,
    /// aws-chunked framing without a signature.
    #[error("an unsigned request cannot have a streaming payload: send the body as it is")]
    StreamingUnsigned,
    /// The body is not what was signed.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentSha256,
    /// aws-chunked framing of a body that was read whole.
    #[error(transparent)]
    Chunks(#[from] sigv4::BodyError),
    /// The client's body could not be read.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The backend gave no answer.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The backend's answer is not what S3 answers.
    #[error("the backend's answer cannot be read")]
    BackendAnswer,
    /// The backend refuses the gate's own credentials; its code.
    #[error(
        "the backend refuses the gate's own request with {0}: check backend.access_key, backend.secret_key, \
         backend.region and both clocks (`rolegate check-backend` tells more)"
    )]
    BackendRefusesGate(&'static str),
    /// A fact that the decision needs could not be had from the backend (security rule 11).
    #[error("the backend did not tell the tags that the decision needs")]
    FactUnknown(#[source] FactFault),
    /// Another object took the place of the one whose tags were judged.
    #[error("The object was changed while the request was decided. Please try again.")]
    FactChanged,
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The directory.
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

impl Fault {
    /// A fault of the signature itself.
    pub fn signature(error: sigv4::Error) -> Self {
        Self::Authn(authn::Error::Signature(error))
    }

    /// What the fault says. Denials, the commonest, without the detour through a formatter.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Denied(denied) => denied.message(),
            other => other.to_string(),
        }
    }

    /// Whether a caller with a web identity was refused for what it presented, and not for want of an answer.
    pub(super) fn refuses_web_identity(&self) -> bool {
        match self {
            Self::Denied(_) | Self::Sts(_) => true,
            Self::WebKeys(error) => *error == WebKeysError::UnknownKey,
            _ => false,
        }
    }

    /// Writes what the audit record wants to know of a denial.
    pub(super) fn note(&self, trace: &mut Trace) {
        if let Self::NothingRequired | Self::OtherOwner(_) | Self::PolicyOfAnotherAccount = self {
            trace.decision = "implicit_deny";
        }
        if let Self::Denied(denied) = self {
            trace.decision = match denied.outcome {
                crate::policy::Outcome::ExplicitDeny => "explicit_deny",
                crate::policy::Outcome::ImplicitDeny | crate::policy::Outcome::Allow => "implicit_deny",
            };
            let requirement = &denied.requirement;
            trace.decided.push((requirement.action.clone(), requirement.resource.to_text().into_owned()));
            trace.statements.clone_from(&denied.statements);
        } else if matches!(self, Self::NothingRequired | Self::OtherOwner(_)) {
            trace.decision = "implicit_deny";
        }
    }
}

impl From<Box<Denied>> for Fault {
    fn from(denied: Box<Denied>) -> Self {
        Self::Denied(denied)
    }
}
