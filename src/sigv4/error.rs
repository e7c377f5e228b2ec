//! Why a request's signature is refused, and the code each plane answers with.
//!
//! One table for both planes: S3's codes from its list of error responses, IAM's and STS's from their common
//! errors (WIRE.md sections 5 and 6). Every message names the thing, what was wrong and what to do.

use super::payload::InvalidPayload;
use crate::types::{AccessKeyId, Timestamp};

/// Where the claim stands in the request; S3 has a code for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The Authorization header.
    Header,
    /// The query of a presigned request.
    Query,
}

/// What S3's answer to a wrong signature shows: bytes the client sent and what follows from them, no secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mismatch {
    /// The canonical request, as the gate built it. Header values may hold any bytes.
    pub canonical_request: Vec<u8>,
    /// The string to sign.
    pub string_to_sign: String,
    /// The signature as sent.
    pub signature_provided: Box<str>,
    /// The access key id as sent.
    pub access_key: AccessKeyId,
}

/// A request is not properly signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A header field that decides is there more than once.
    #[error("the header {0} is given more than once; send it once")]
    RepeatedHeader(&'static str),
    /// A query key that decides is there more than once.
    #[error("the query parameter {0} is given more than once; send it once")]
    RepeatedQueryKey(Box<str>),
    /// A key of the signature's own in another case.
    #[error("the query parameter {0} must be written exactly so, upper and lower case included")]
    QueryKeyCase(&'static str),
    /// Both an Authorization header and query authentication, or two kinds of the latter.
    #[error("only one way of authentication is allowed: the Authorization header or the query string, not both")]
    TwoClaims,
    /// An Authorization header of another scheme (Basic, Bearer, …).
    #[error("the authorization type is not supported; sign with AWS4-HMAC-SHA256")]
    UnsupportedAuthorization,
    /// A signature of version 2.
    #[error(
        "Signature Version 2 is not supported; use AWS4-HMAC-SHA256 (boto3: Config(signature_version='s3v4'), \
         also for presigned URLs)"
    )]
    SignatureVersion2(Place),
    /// An asymmetric signature (SigV4a).
    #[error("asymmetric signatures (SigV4a, AWS4-ECDSA-P256-SHA256) are not supported; sign with AWS4-HMAC-SHA256")]
    SignatureVersion4a(Place),
    /// Another algorithm of the AWS4 family, or none.
    #[error("the signing algorithm is not supported; sign with AWS4-HMAC-SHA256")]
    UnsupportedAlgorithm(Place),
    /// A security token without a signature beside it.
    #[error("a security token is given but the request is not signed; sign it with the token's own key")]
    TokenWithoutSignature,
    /// A token of S3 Express sessions (CreateSession).
    #[error("S3 Express session tokens are not supported; sign with the credentials themselves")]
    ExpressSession,
    /// In a presigned request the token is a query parameter.
    #[error("the security token of a presigned request must be the query parameter X-Amz-Security-Token")]
    TokenOutsideQuery,
    /// The security token is not text.
    #[error("the security token must be printable ASCII text and not empty")]
    MalformedToken(Place),
    /// The Authorization header is longer than any valid one.
    #[error("the Authorization header is longer than {0} bytes")]
    AuthorizationTooLong(usize),
    /// The text after the algorithm is not a list of `Name=value`.
    #[error(
        "the authorization header is malformed: after the algorithm it must have Credential=…, SignedHeaders=…, \
         Signature=… and nothing else"
    )]
    MalformedAuthorization,
    /// A part of the claim is absent.
    #[error("the authorization lacks {name}")]
    MissingField {
        /// Where it should be.
        place: Place,
        /// The field or query key.
        name: &'static str,
    },
    /// A part of the claim is there twice.
    #[error("the authorization has {name} more than once")]
    RepeatedField {
        /// Where it is.
        place: Place,
        /// The field.
        name: &'static str,
    },
    /// A part of the claim that is not text.
    #[error("the value of {name} is not printable ASCII text")]
    FieldNotText {
        /// Where it is.
        place: Place,
        /// The field or query key.
        name: &'static str,
    },
    /// The credential does not have its five parts.
    #[error("the credential must be ACCESS_KEY_ID/YYYYMMDD/REGION/SERVICE/aws4_request")]
    MalformedCredential(Place),
    /// The credential does not end in `aws4_request`.
    #[error("the credential must end in aws4_request")]
    ScopeTerminator(Place),
    /// The access key id cannot exist.
    #[error("the access key id does not exist: ids are 3 to 128 letters, digits and underscores")]
    MalformedAccessKeyId,
    /// The list of signed headers is empty or has something that is not a lower-case header name.
    #[error("SignedHeaders must be lower-case header names with semicolons between")]
    MalformedSignedHeaders(Place),
    /// The list of signed headers is not in order or has a name twice.
    #[error("SignedHeaders must be sorted and have no name twice")]
    UnsortedSignedHeaders,
    /// No time of signing.
    #[error("the request has no valid x-amz-date (YYYYMMDDTHHMMSSZ) or Date header")]
    MissingDate,
    /// The time of signing cannot be read.
    #[error("the signing time must be written as YYYYMMDDTHHMMSSZ")]
    MalformedDate(Place),
    /// `X-Amz-Expires` is no number from 1 to 604800.
    #[error("X-Amz-Expires must be a number of seconds from 1 to 604800 (a week)")]
    MalformedExpires,
    /// `x-amz-content-sha256` has a value that is none of those allowed.
    #[error(transparent)]
    Payload(#[from] InvalidPayload),
    /// `x-amz-content-sha256` stands in the query and in a header.
    #[error("x-amz-content-sha256 is given in the query and as a header; send one")]
    PayloadTwice,
    /// The scope is for another service.
    #[error("the credential is scoped to another service; this request needs the service {expected}")]
    ScopeService {
        /// Where the claim stands.
        place: Place,
        /// The service of this request.
        expected: &'static str,
    },
    /// The scope has another region than the pinned one.
    #[error("the region '{provided}' is wrong; expecting '{expected}'")]
    ScopeRegion {
        /// Where the claim stands.
        place: Place,
        /// The region of the scope, as sent.
        provided: Box<str>,
        /// The region to sign for; S3 shows it as `<Region>`.
        expected: Box<str>,
    },
    /// The scope's date is not the date of signing.
    #[error("the credential's date is not the date of the signing time")]
    ScopeDate(Place),
    /// The clocks differ too much.
    #[error("the difference between the request time and the server's time is too large")]
    RequestTimeTooSkewed {
        /// When the client says it signed.
        request_time: Timestamp,
        /// The gate's time.
        server_time: Timestamp,
        /// The allowed difference in seconds.
        max_skew_seconds: i64,
    },
    /// A presigned request signed for the future.
    #[error("the request is not yet valid")]
    NotYetValid {
        /// When it was signed for.
        request_time: Timestamp,
        /// The gate's time.
        server_time: Timestamp,
    },
    /// A presigned request past its life.
    #[error("Request has expired")]
    Expired {
        /// When it expired.
        expires: Timestamp,
        /// The gate's time.
        server_time: Timestamp,
        /// The life it had, in seconds.
        expires_seconds: u32,
    },
    /// No Host header.
    #[error("the request has no Host header")]
    MissingHost,
    /// Headers that must be signed and are not.
    #[error("there were headers present in the request which were not signed: {}", .0.join(", "))]
    UnsignedHeaders(Vec<Box<str>>),
    /// A header in the signed list that the request does not have.
    #[error("the header {0} is in SignedHeaders but not in the request")]
    SignedHeaderAbsent(Box<str>),
    /// S3 needs the header `x-amz-content-sha256` beside an Authorization header.
    #[error("missing required header for this request: x-amz-content-sha256")]
    MissingContentSha256,
    /// A presigned request with a `STREAMING-…` payload.
    #[error("a presigned request cannot have a streaming payload; use UNSIGNED-PAYLOAD or the body's SHA-256")]
    StreamingPresigned,
    /// An IAM or STS call whose payload is not hashed.
    #[error("IAM and STS calls must sign the SHA-256 of their body")]
    UnsignedControlCall,
    /// An IAM or STS call on another path.
    #[error("IAM and STS calls go to the path /")]
    PathNotRoot,
    /// A presigned IAM or STS call that is not a GET without a body.
    #[error("a presigned IAM or STS call must be a GET with an empty body")]
    PresignedControlCall,
    /// The hash of the received body was not given to the verifier of an IAM or STS call.
    #[error("the body's hash is not known; this is a fault of the gate")]
    BodyHashUnknown,
    /// The body received is not the one that was signed.
    #[error("the provided x-amz-content-sha256 does not match what was received")]
    ContentSha256Mismatch {
        /// The hash that the client signed.
        claimed: [u8; 32],
        /// The hash of the body.
        received: [u8; 32],
    },
    /// A header name that stands in the query as a hoisted parameter and as a header.
    #[error("{0} is given in the query and as a header; send one")]
    HoistedTwice(Box<str>),
    /// The path has a `%` without two hex digits.
    #[error("the path has a % that is not followed by two hexadecimal digits")]
    MalformedPath,
    /// The signature is wrong.
    #[error(
        "the request signature we calculated does not match the signature you provided; check your key and signing \
         method"
    )]
    SignatureDoesNotMatch(Box<Mismatch>),
}

impl Error {
    /// S3's error code and HTTP status.
    pub fn s3_code(&self) -> (&'static str, u16) {
        use Error as E;
        match self {
            E::TwoClaims | E::UnsupportedAuthorization | E::RepeatedHeader(_) | E::RepeatedQueryKey(_) => {
                ("InvalidArgument", 400)
            }
            E::PayloadTwice | E::HoistedTwice(_) | E::Payload(InvalidPayload::Unknown) => ("InvalidArgument", 400),
            E::SignatureVersion2(_) | E::UnsupportedAlgorithm(Place::Header) | E::ExpressSession => {
                ("InvalidRequest", 400)
            }
            E::MissingContentSha256 | E::StreamingPresigned | E::MissingHost => ("InvalidRequest", 400),
            E::SignatureVersion4a(_) | E::Payload(InvalidPayload::Ecdsa) => ("UnsupportedSignature", 400),
            E::MalformedToken(_) => ("InvalidToken", 400),
            E::AuthorizationTooLong(_) | E::MalformedAuthorization => ("AuthorizationHeaderMalformed", 400),
            E::QueryKeyCase(_) | E::TokenOutsideQuery | E::MalformedExpires | E::UnsupportedAlgorithm(Place::Query) => {
                ("AuthorizationQueryParametersError", 400)
            }
            E::MissingField { place, .. } | E::RepeatedField { place, .. } | E::FieldNotText { place, .. } => {
                malformed(*place)
            }
            E::MalformedCredential(place) | E::ScopeTerminator(place) | E::MalformedSignedHeaders(place) => {
                malformed(*place)
            }
            E::ScopeService { place, .. } | E::ScopeRegion { place, .. } | E::ScopeDate(place) => malformed(*place),
            E::MissingDate | E::MalformedDate(Place::Header) => ("AccessDenied", 403),
            E::MalformedDate(Place::Query) => ("AuthorizationQueryParametersError", 400),
            E::MalformedAccessKeyId => ("InvalidAccessKeyId", 403),
            E::RequestTimeTooSkewed { .. } => ("RequestTimeTooSkewed", 403),
            E::TokenWithoutSignature | E::UnsignedHeaders(_) | E::NotYetValid { .. } | E::Expired { .. } => {
                ("AccessDenied", 403)
            }
            E::UnsignedControlCall | E::PresignedControlCall | E::PathNotRoot => ("InvalidRequest", 400),
            E::ContentSha256Mismatch { .. } => ("XAmzContentSHA256Mismatch", 400),
            E::MalformedPath => ("InvalidURI", 400),
            E::UnsortedSignedHeaders | E::SignedHeaderAbsent(_) | E::SignatureDoesNotMatch(_) => {
                ("SignatureDoesNotMatch", 403)
            }
            E::BodyHashUnknown => ("InternalError", 500),
        }
    }

    /// IAM's and STS's error code and HTTP status.
    pub fn iam_code(&self) -> (&'static str, u16) {
        use Error as E;
        match self {
            E::RepeatedHeader(_) | E::RepeatedQueryKey(_) | E::QueryKeyCase(_) | E::TwoClaims => {
                ("IncompleteSignature", 400)
            }
            E::UnsupportedAuthorization | E::SignatureVersion2(_) | E::SignatureVersion4a(_) => {
                ("IncompleteSignature", 400)
            }
            E::UnsupportedAlgorithm(_) | E::AuthorizationTooLong(_) | E::MalformedAuthorization => {
                ("IncompleteSignature", 400)
            }
            E::MissingField { .. } | E::RepeatedField { .. } | E::FieldNotText { .. } | E::MalformedCredential(_) => {
                ("IncompleteSignature", 400)
            }
            E::MalformedSignedHeaders(_) | E::MissingDate | E::MalformedDate(_) | E::MalformedExpires => {
                ("IncompleteSignature", 400)
            }
            E::TokenOutsideQuery | E::PayloadTwice | E::HoistedTwice(_) | E::MissingHost => {
                ("IncompleteSignature", 400)
            }
            E::TokenWithoutSignature | E::ExpressSession => ("MissingAuthenticationToken", 403),
            E::MalformedAccessKeyId | E::MalformedToken(_) => ("InvalidClientTokenId", 403),
            E::Expired { .. } => ("RequestExpired", 400),
            E::PathNotRoot => ("InvalidAction", 400),
            E::BodyHashUnknown => ("InternalFailure", 500),
            E::ScopeTerminator(_) | E::ScopeService { .. } | E::ScopeRegion { .. } | E::ScopeDate(_) => {
                ("SignatureDoesNotMatch", 403)
            }
            E::RequestTimeTooSkewed { .. } | E::NotYetValid { .. } | E::MalformedPath => ("SignatureDoesNotMatch", 403),
            E::Payload(_) | E::MissingContentSha256 | E::StreamingPresigned | E::UnsignedControlCall => {
                ("SignatureDoesNotMatch", 403)
            }
            E::PresignedControlCall | E::ContentSha256Mismatch { .. } | E::UnsortedSignedHeaders => {
                ("SignatureDoesNotMatch", 403)
            }
            E::UnsignedHeaders(_) | E::SignedHeaderAbsent(_) | E::SignatureDoesNotMatch(_) => {
                ("SignatureDoesNotMatch", 403)
            }
        }
    }
}

fn malformed(place: Place) -> (&'static str, u16) {
    match place {
        Place::Header => ("AuthorizationHeaderMalformed", 400),
        Place::Query => ("AuthorizationQueryParametersError", 400),
    }
}
