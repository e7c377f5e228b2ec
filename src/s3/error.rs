//! Why an S3 request is refused before anybody is asked: one variant for each rule broken.

use super::codes::ErrorCode;
use super::operation::Operation;
use crate::wire::xml::XmlError;
use crate::wire::{InvalidQuery, Method};

/// Text of the client that an error repeats: cut short and readable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown(Box<str>);

impl Shown {
    /// At most 128 characters of `bytes`; what is not UTF-8 or is a control character shows as U+FFFD.
    pub fn new(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        Self(text.chars().take(128).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a name folds onto another one on a filesystem backend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Folding {
    /// A segment `.` or `..`.
    DotSegment,
    /// A leading `/`, a `//`, or a key that ends in `/`.
    EmptySegment,
    /// A `\`.
    Backslash,
    /// A NUL.
    Nul,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A segment `.uploads` or one that ends in `.versions`.
    Private,
}

impl std::fmt::Display for Folding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::DotSegment => "a segment that is `.` or `..`",
            Self::EmptySegment => "an empty segment (a leading, double or trailing `/`)",
            Self::Backslash => "a backslash",
            Self::Nul => "a NUL",
            Self::NotUtf8 => "bytes that are not UTF-8",
            Self::Private => "a segment (`.uploads`, `….versions`) that the storage uses for itself",
        })
    }
}

/// Why `x-amz-copy-source` cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CopySourceFault {
    /// A `%` without two hexadecimal digits.
    Escape,
    /// No `/` between bucket and key, or no key.
    Form,
    /// An ARN: access points are never forwarded (rule 8).
    AccessPoint,
    /// Something else than `?versionId=VERSION` after the key.
    Suffix,
}

impl std::fmt::Display for CopySourceFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Escape => "is not properly URL-encoded",
            Self::Form => "must have the form BUCKET/KEY, URL-encoded",
            Self::AccessPoint => "names an access point, which is not supported: name the bucket",
            Self::Suffix => "may be followed only by ?versionId=VERSION; a `?` of the key must be encoded as %3F",
        })
    }
}

/// The request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Rule 2.
    #[error(
        "`{0}` is not a bucket name: 3 to 63 of a-z, 0-9, `.` and `-`, beginning and ending with a letter or digit"
    )]
    BucketName(Shown),
    /// Rule 2: a path of the backend's private API.
    #[error("the bucket name `{0}` is reserved")]
    ReservedBucket(Shown),
    /// A bad `%` in the path.
    #[error("the path has a `%` that is not followed by two hexadecimal digits")]
    PathEscape,
    /// A key of more than 1024 bytes.
    #[error("a key may have at most 1024 bytes; this one has {0}")]
    KeyTooLong(usize),
    /// An empty key in a body.
    #[error("a key must have at least one byte")]
    EmptyKey,
    /// Rule 4, `keys = "filesystem"`.
    #[error("`{name}` has {folding}, which this storage does not keep apart from other names")]
    FoldedName {
        /// The key, prefix or marker.
        name: Shown,
        /// What is wrong with it.
        folding: Folding,
    },
    /// The query string cannot be read.
    #[error(transparent)]
    Query(#[from] InvalidQuery),
    /// Rule 3.
    #[error("the query parameter `{0}` is not known")]
    UnknownQueryKey(Shown),
    /// Rule 3.
    #[error("the query parameter `{key}` does not go with {}", operation.name())]
    UnexpectedQueryKey {
        /// The parameter.
        key: Shown,
        /// What the rest of the request is.
        operation: Operation,
    },
    /// Rule 3.
    #[error("the query parameter `{0}` is given more than once")]
    RepeatedQueryKey(Shown),
    /// Rule 3.
    #[error("the sub-resources `{0}` and `{1}` cannot be asked for at once")]
    SeveralSubresources(Shown, Shown),
    /// A sub-resource with a value.
    #[error("the sub-resource `{0}` takes no value")]
    SubresourceValue(&'static str),
    /// A parameter with one possible value.
    #[error("the query parameter `{key}` must be `{wanted}`")]
    FixedQueryValue {
        /// The parameter.
        key: &'static str,
        /// Its only value.
        wanted: &'static str,
    },
    /// A parameter that may not be empty.
    #[error("the query parameter `{0}` may not be empty")]
    EmptyQueryValue(&'static str),
    /// A parameter that must be a whole number.
    #[error("the query parameter `{0}` must be a whole number from 0 to 2147483647")]
    NotANumber(&'static str),
    /// A part number outside S3's bounds.
    #[error("the query parameter `partNumber` must be a whole number from 1 to 10000")]
    PartNumber,
    /// A parameter that the sub-resource needs.
    #[error("the query parameter `{0}` is missing")]
    MissingQueryKey(&'static str),
    /// No row for the method and the target.
    #[error("{} is not allowed on {}{}", method.as_str(), target, subresource.as_ref().map(|s| format!(" with the sub-resource `{s}`")).unwrap_or_default())]
    MethodNotAllowed {
        /// The method.
        method: Method,
        /// `the service`, `a bucket` or `an object`.
        target: &'static str,
        /// The sub-resource, if one was asked for.
        subresource: Option<Shown>,
    },
    /// POST on a bucket that is no form upload.
    #[error("a POST on a bucket must be of the enclosure-type multipart/form-data")]
    NotAForm,
    /// Rule 8.
    #[error("{} is not supported", .0.name())]
    NeverForwarded(Operation),
    /// Rule 3.
    #[error("the header `{0}` is not known")]
    UnknownHeader(Shown),
    /// Rule 3.
    #[error("the header `{name}` does not go with {}", operation.name())]
    UnexpectedHeader {
        /// The header.
        name: Shown,
        /// The operation.
        operation: Operation,
    },
    /// Rule 3.
    #[error("the header `{0}` is given more than once")]
    RepeatedHeader(Shown),
    /// Rule 3.
    #[error("`{0}` is given in the query and as a header: give it once")]
    HoistedAndSent(Shown),
    /// A value that the header cannot have.
    #[error("the header `{0}` has a value that it cannot have")]
    HeaderValue(Shown),
    /// A header that the operation needs.
    #[error("the header `{0}` is missing")]
    MissingHeader(&'static str),
    /// The copy source.
    #[error("x-amz-copy-source {0}")]
    CopySource(CopySourceFault),
    /// A body that is not XML, or too large.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Rule 8: an element that the body's schema does not have there.
    #[error("the element <{0}> is not expected there")]
    UnexpectedElement(Shown),
    /// Rule 8.
    #[error("the element <{0}> is given more than once")]
    RepeatedElement(Shown),
    /// An element that must be there.
    #[error("the element <{0}> is missing")]
    MissingElement(&'static str),
    /// An element with a value that it cannot have.
    #[error("the element <{0}> has a value that it cannot have")]
    ElementValue(&'static str),
    /// A Delete without objects.
    #[error("the list of objects to delete is empty")]
    EmptyDelete,
    /// More entries than AWS takes.
    #[error("at most {0} objects can be deleted at once")]
    TooManyObjects(usize),
    /// A tag outside AWS's bounds.
    #[error(
        "the tag `{0}` is not valid: keys have 1 to 128 characters and do not begin with aws:, values have at most 256"
    )]
    BadTag(Shown),
    /// A tag key given twice, perhaps in another case.
    #[error("the tag key `{0}` is given more than once (keys that differ by case alone count as one)")]
    RepeatedTag(Shown),
    /// Too many tags.
    #[error("at most {0} tags can be given")]
    TooManyTags(usize),
    /// `x-amz-tagging` is not URL-encoded pairs.
    #[error("x-amz-tagging must be URL-encoded pairs of UTF-8 text: key=value&key=value")]
    TaggingHeader,
    /// A digest of the body that is not the body's.
    #[error("the digest in `{0}` does not match what was received")]
    DigestMismatch(Shown),
    /// A digest that is not Base64 of the right length.
    #[error("the digest in `{0}` is not valid")]
    DigestForm(Shown),
    /// A digest that cannot be computed here, over a body that must be checked.
    #[error(
        "the digest `{0}` is not supported for this operation: use CRC32, CRC32C, CRC64NVME, SHA1, SHA256 or Content-MD5"
    )]
    DigestUnsupported(Shown),
    /// `max-buckets` outside AWS's bounds.
    #[error("max-buckets must be a whole number from 1 to {0}")]
    MaxBuckets(usize),
    /// A token that no answer of ours gave.
    #[error("the continuation token provided is incorrect")]
    ContinuationToken,
    /// The backend's answer cannot be read.
    #[error("the storage gave an answer that cannot be read")]
    BackendAnswer,
}

impl Error {
    /// The S3 error code that tells the client.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::BucketName(_) | Self::ReservedBucket(_) => ErrorCode::InvalidBucketName,
            Self::PathEscape | Self::Query(_) => ErrorCode::InvalidURI,
            Self::KeyTooLong(_) => ErrorCode::KeyTooLongError,
            Self::FoldedName { .. }
            | Self::UnknownQueryKey(_)
            | Self::UnexpectedQueryKey { .. }
            | Self::RepeatedQueryKey(_)
            | Self::SeveralSubresources(..)
            | Self::SubresourceValue(_)
            | Self::FixedQueryValue { .. }
            | Self::EmptyQueryValue(_)
            | Self::NotANumber(_)
            | Self::PartNumber
            | Self::MissingQueryKey(_)
            | Self::UnknownHeader(_)
            | Self::UnexpectedHeader { .. }
            | Self::RepeatedHeader(_)
            | Self::HoistedAndSent(_)
            | Self::HeaderValue(_)
            | Self::MissingHeader(_)
            | Self::CopySource(_)
            | Self::MaxBuckets(_)
            | Self::ContinuationToken
            | Self::TaggingHeader => ErrorCode::InvalidArgument,
            Self::MethodNotAllowed { .. } => ErrorCode::MethodNotAllowed,
            Self::NotAForm => ErrorCode::PreconditionFailed,
            Self::NeverForwarded(_) => ErrorCode::NotImplemented,
            Self::Xml(_)
            | Self::EmptyKey
            | Self::UnexpectedElement(_)
            | Self::RepeatedElement(_)
            | Self::MissingElement(_)
            | Self::ElementValue(_)
            | Self::EmptyDelete
            | Self::TooManyObjects(_) => ErrorCode::MalformedXML,
            Self::BadTag(_) | Self::RepeatedTag(_) | Self::TooManyTags(_) => ErrorCode::InvalidTag,
            Self::DigestMismatch(_) => ErrorCode::BadDigest,
            Self::DigestForm(_) => ErrorCode::InvalidDigest,
            Self::DigestUnsupported(_) => ErrorCode::InvalidRequest,
            Self::BackendAnswer => ErrorCode::InternalError,
        }
    }
}
