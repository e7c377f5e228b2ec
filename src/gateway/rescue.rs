//! The only mapping from faults to answers: status, code, message and dialect (DESIGN section 10).
//!
//! No wildcard arm over faults: a new one does not compile until it has an answer. Texts of 5xx answers never
//! carry an inner message. A mismatch of signatures shows only bytes that the client sent, and is not stored
//! by caches (security rule 30).

use super::{BackendError, BodyError, Fault, Plane, WebKeysError};
use crate::authn;
use crate::s3::{ErrorCode, error_document};
use crate::sigv4;
use crate::token;
use crate::wire::{RequestHead, Response, aws_query, percent};
use crate::{iam, sts};
use std::borrow::Cow;

/// The form of an error document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// S3's bare `Error`.
    S3,
    /// IAM's `ErrorResponse`.
    Iam,
    /// STS's `ErrorResponse`.
    Sts,
}

impl Dialect {
    /// The dialect of a plane; S3's where it never came to a plane.
    pub fn of(plane: Plane) -> Self {
        match plane {
            Plane::Iam => Self::Iam,
            Plane::Sts => Self::Sts,
            Plane::S3 | Plane::None => Self::S3,
        }
    }
}

/// An answer and its code, for the log.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) code: &'static str,
}

/// What a fault says, before it is written in a dialect.
struct Saying {
    status: u16,
    code: &'static str,
    message: Cow<'static, str>,
    extra: Vec<(&'static str, String)>,
}

impl Saying {
    fn new(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), extra: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.extra.push((name, value.into()));
        self
    }
}

/// The answer to a fault.
pub(super) fn answer(fault: &Fault, dialect: Dialect, head: &RequestHead, request_id: &str) -> Answer {
    let saying = match dialect {
        Dialect::S3 => s3_saying(fault),
        Dialect::Iam | Dialect::Sts => control_saying(fault),
    };
    let resource = String::from_utf8_lossy(head.raw_path());
    let response = write(&saying, dialect, &resource, request_id);
    // Strangers can have SlowDown as often as they like: it is in the access log.
    if saying.status >= 500 && saying.code != "SlowDown" {
        // What the client is not told, such as which record is missing (security rule 18).
        let cause = std::error::Error::source(fault).map(ToString::to_string);
        tracing::error!(request_id, code = saying.code, fault = %fault, cause, "a request failed");
    }
    Answer { response, code: saying.code }
}

/// The answer to a fault on a plane.
pub fn fault_response(fault: &Fault, plane: Plane, head: &RequestHead, request_id: &str) -> Response {
    answer(fault, Dialect::of(plane), head, request_id).response
}

/// An error answer made outside the gateway: heads that were refused, forwards that failed.
pub fn error_response(
    status: u16,
    code: &'static str,
    message: &str,
    dialect: Dialect,
    resource: &str,
    request_id: &str,
) -> Response {
    write(&Saying::new(status, code, message.to_owned()), dialect, resource, request_id)
}

fn write(saying: &Saying, dialect: Dialect, resource: &str, request_id: &str) -> Response {
    let (content_type, body) = match dialect {
        Dialect::S3 => {
            let extra: Vec<(&str, &str)> = saying.extra.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let code = ErrorCode::from_name(saying.code).unwrap_or(ErrorCode::InternalError);
            let host_id = percent::encode(request_id.as_bytes());
            ("application/xml", error_document(code, &saying.message, resource, request_id, &host_id, &extra))
        }
        Dialect::Iam => (
            "text/xml",
            aws_query::error_answer(iam::NAMESPACE, request_id, saying.status, saying.code, &saying.message),
        ),
        Dialect::Sts => (
            "text/xml",
            aws_query::error_answer(sts::NAMESPACE, request_id, saying.status, saying.code, &saying.message),
        ),
    };
    Response::new(saying.status, content_type, body).with_header("cache-control", "no-store")
}

const UNAVAILABLE: &str = "The service cannot decide at the moment. Please try again.";
const SLOW_DOWN: &str = "Please reduce your request rate.";
const RATE_EXCEEDED: &str = "Rate exceeded";
const BACKEND_GONE: &str = "The storage behind this gate cannot be reached. Please try again.";
const BACKEND_REFUSES: &str = "The storage behind this gate cannot be used at the moment. The gate's log says why.";
const BACKEND_OPEN: &str =
    "The storage behind this gate gave no whole answer: the request may or may not have been carried out.";

fn s3_saying(fault: &Fault) -> Saying {
    let text = || fault.text();
    match fault {
        Fault::Authn(error) => s3_authn(error),
        Fault::Query(_) => Saying::new(400, "InvalidURI", text()),
        Fault::Parameters(_)
        | Fault::NotAForm
        | Fault::ParametersTwice
        | Fault::MissingAction
        | Fault::ForeignScope(_) => Saying::new(400, "InvalidRequest", text()),
        Fault::Unsigned | Fault::Denied(_) | Fault::NothingRequired | Fault::OtherOwner(_) => {
            Saying::new(403, "AccessDenied", text())
        }
        // These arise on the control plane only, which has its own dialect.
        Fault::Iam(_) | Fault::Sts(_) | Fault::WebKeys(_) | Fault::TooManyRefused => {
            Saying::new(500, "InternalError", UNAVAILABLE)
        }
        Fault::S3(error) => Saying::new(error.code().status(), error.code().as_str(), text()),
        Fault::NotImplemented(_) => Saying::new(501, "NotImplemented", text()),
        Fault::NoSuchBucket { bucket } => {
            Saying::new(404, "NoSuchBucket", no_such_bucket(bucket)).with("BucketName", bucket.clone())
        }
        Fault::NoSuchBucketPolicy { bucket } => {
            Saying::new(404, "NoSuchBucketPolicy", text()).with("BucketName", bucket.clone())
        }
        Fault::Policy(_) => Saying::new(400, "MalformedPolicy", text()),
        Fault::PolicyOfAnotherAccount => Saying::new(405, "MethodNotAllowed", text()),
        Fault::PolicyWithoutRecord { .. } | Fault::PolicyRemovesOwnAccess => Saying::new(400, "InvalidRequest", text()),
        Fault::BucketTaken => Saying::new(409, "BucketAlreadyExists", text()),
        Fault::BucketBusy => Saying::new(409, "OperationAborted", text()),
        Fault::MissingLength => Saying::new(411, "MissingContentLength", text()),
        Fault::BadLength => Saying::new(400, "InvalidArgument", text()),
        Fault::UnexpectedBody(_) | Fault::StreamingUnsigned | Fault::UnsignedOverride => {
            Saying::new(400, "InvalidRequest", text())
        }
        Fault::ContentSha256 => Saying::new(400, "XAmzContentSHA256Mismatch", text()),
        Fault::Chunks(error) => {
            let (code, status) = error.s3_code();
            Saying::new(status, code, text())
        }
        Fault::Body(BodyError::TooLarge { .. }) => Saying::new(400, "MaxMessageLengthExceeded", text()),
        Fault::Body(BodyError::Incomplete) => Saying::new(400, "IncompleteBody", text()),
        Fault::Body(BodyError::TimedOut) => Saying::new(400, "RequestTimeout", text()),
        Fault::Body(BodyError::Busy) => Saying::new(503, "SlowDown", SLOW_DOWN),
        Fault::Backend(BackendError::Unreachable) => Saying::new(503, "ServiceUnavailable", BACKEND_GONE),
        Fault::Backend(BackendError::Ambiguous | BackendError::TooLarge) | Fault::BackendAnswer => {
            Saying::new(502, "InternalError", BACKEND_OPEN)
        }
        Fault::BackendRefusesGate(_) => Saying::new(503, "ServiceUnavailable", BACKEND_REFUSES),
        Fault::Lookup(error) => s3_lookup(error),
        // Read by clients as "try again".
        Fault::FactChanged => Saying::new(503, "SlowDown", text()),
        Fault::FactUnknown(_) | Fault::Store(_) => Saying::new(503, "ServiceUnavailable", UNAVAILABLE),
    }
}

fn s3_lookup(error: &authn::LookupError) -> Saying {
    match error {
        authn::LookupError::TooManyUnknown => Saying::new(503, "SlowDown", SLOW_DOWN),
        authn::LookupError::Store(_)
        | authn::LookupError::BadPolicy(_)
        | authn::LookupError::Missing(_)
        | authn::LookupError::Stale => Saying::new(503, "ServiceUnavailable", UNAVAILABLE),
    }
}

fn control_lookup(error: &authn::LookupError) -> Saying {
    match error {
        authn::LookupError::TooManyUnknown => Saying::new(400, "Throttling", RATE_EXCEEDED),
        authn::LookupError::Store(_)
        | authn::LookupError::BadPolicy(_)
        | authn::LookupError::Missing(_)
        | authn::LookupError::Stale => Saying::new(503, "ServiceUnavailable", UNAVAILABLE),
    }
}

fn no_such_bucket(bucket: &str) -> String {
    format!(
        "The specified bucket does not exist: {bucket} was not made through this gate. A bucket that is at the storage \
         already must be given an owner first (configuration: backend.unrecorded_bucket_owner)."
    )
}

fn s3_authn(error: &authn::Error) -> Saying {
    let text = || error.to_string();
    match error {
        authn::Error::Signature(error) => s3_signature(error),
        authn::Error::UnknownKey(key) | authn::Error::TokenMissing(key) => {
            Saying::new(403, "InvalidAccessKeyId", text()).with("AWSAccessKeyId", key.as_str())
        }
        authn::Error::Token(token::Error::Expired { .. }) => Saying::new(400, "ExpiredToken", text()),
        authn::Error::Token(_) | authn::Error::TokenWithLongTermKey | authn::Error::SessionRevoked => {
            Saying::new(400, "InvalidToken", text())
        }
        authn::Error::Lookup(error) => s3_lookup(error),
        authn::Error::UnusableSecret => Saying::new(503, "ServiceUnavailable", UNAVAILABLE),
    }
}

fn s3_signature(error: &sigv4::Error) -> Saying {
    let (code, status) = error.s3_code();
    if status >= 500 {
        return Saying::new(status, code, UNAVAILABLE);
    }
    let saying = Saying::new(status, code, error.to_string());
    match error {
        sigv4::Error::SignatureDoesNotMatch(mismatch) => {
            let canonical = String::from_utf8_lossy(&mismatch.canonical_request).into_owned();
            saying
                .with("AWSAccessKeyId", mismatch.access_key.as_str())
                .with("StringToSign", mismatch.string_to_sign.clone())
                .with("SignatureProvided", &*mismatch.signature_provided)
                .with("StringToSignBytes", spaced_hex(mismatch.string_to_sign.as_bytes()))
                .with("CanonicalRequest", canonical)
                .with("CanonicalRequestBytes", spaced_hex(&mismatch.canonical_request))
        }
        sigv4::Error::RequestTimeTooSkewed { request_time, server_time, max_skew_seconds } => saying
            .with("RequestTime", request_time.basic())
            .with("ServerTime", server_time.iso8601())
            .with("MaxAllowedSkewMilliseconds", max_skew_seconds.saturating_mul(1000).to_string()),
        sigv4::Error::Expired { expires, server_time, expires_seconds } => saying
            .with("X-Amz-Expires", expires_seconds.to_string())
            .with("Expires", expires.iso8601())
            .with("ServerTime", server_time.iso8601()),
        sigv4::Error::ScopeRegion { expected, .. } => saying.with("Region", &**expected),
        _ => saying,
    }
}

fn spaced_hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&hex::encode([*byte]));
    }
    out
}

fn control_saying(fault: &Fault) -> Saying {
    let text = || fault.text();
    match fault {
        Fault::Authn(authn::Error::Signature(error)) => {
            let (code, status) = error.iam_code();
            Saying::new(status, code, if status >= 500 { UNAVAILABLE.to_owned() } else { text() })
        }
        Fault::Authn(authn::Error::Token(token::Error::Expired { .. })) => Saying::new(403, "ExpiredToken", text()),
        Fault::Authn(authn::Error::UnknownKey(_)) => {
            Saying::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        }
        Fault::Authn(
            authn::Error::Token(_)
            | authn::Error::TokenMissing(_)
            | authn::Error::TokenWithLongTermKey
            | authn::Error::SessionRevoked,
        ) => Saying::new(403, "InvalidClientTokenId", text()),
        Fault::Authn(authn::Error::Lookup(error)) | Fault::Lookup(error) => control_lookup(error),
        Fault::Authn(authn::Error::UnusableSecret) => Saying::new(503, "ServiceUnavailable", UNAVAILABLE),
        Fault::Query(_) => Saying::new(404, "MalformedQueryString", text()),
        Fault::Parameters(_) | Fault::NotAForm | Fault::BadLength => Saying::new(400, "ValidationError", text()),
        Fault::ParametersTwice => Saying::new(400, "InvalidParameterCombination", text()),
        Fault::MissingAction => Saying::new(400, "MissingAction", text()),
        Fault::Unsigned => Saying::new(403, "MissingAuthenticationToken", text()),
        Fault::ForeignScope(_) => Saying::new(403, "SignatureDoesNotMatch", text()),
        Fault::Iam(error) => Saying::new(error.status(), error.code(), text()),
        Fault::Sts(error) => Saying::new(error.status(), error.code(), text()),
        Fault::WebKeys(WebKeysError::Unreachable) => Saying::new(400, "IDPCommunicationError", text()),
        Fault::WebKeys(WebKeysError::Untrusted | WebKeysError::Unusable | WebKeysError::UnknownKey) => {
            Saying::new(400, "InvalidIdentityToken", text())
        }
        Fault::TooManyRefused => Saying::new(400, "Throttling", RATE_EXCEEDED),
        Fault::Denied(_) | Fault::NothingRequired | Fault::OtherOwner(_) => Saying::new(403, "AccessDenied", text()),
        Fault::Body(BodyError::TooLarge { .. }) => Saying::new(413, "RequestEntityTooLarge", text()),
        Fault::Body(BodyError::Incomplete | BodyError::TimedOut) => Saying::new(400, "RequestExpired", text()),
        Fault::Body(BodyError::Busy) => Saying::new(400, "Throttling", RATE_EXCEEDED),
        Fault::Backend(_)
        | Fault::BackendAnswer
        | Fault::BackendRefusesGate(_)
        | Fault::FactUnknown(_)
        | Fault::Store(_) => Saying::new(503, "ServiceUnavailable", UNAVAILABLE),
        // These arise on the S3 plane only, which has its own dialect.
        Fault::S3(_)
        | Fault::NotImplemented(_)
        | Fault::NoSuchBucket { .. }
        | Fault::NoSuchBucketPolicy { .. }
        | Fault::Policy(_)
        | Fault::PolicyOfAnotherAccount
        | Fault::PolicyWithoutRecord { .. }
        | Fault::PolicyRemovesOwnAccess
        | Fault::BucketTaken
        | Fault::BucketBusy
        | Fault::MissingLength
        | Fault::UnexpectedBody(_)
        | Fault::StreamingUnsigned
        | Fault::UnsignedOverride
        | Fault::ContentSha256
        | Fault::FactChanged
        | Fault::Chunks(_) => Saying::new(500, "InternalFailure", UNAVAILABLE),
    }
}
