//! S3's error codes with their statuses and default messages (WIRE section 6), and the error document.

use crate::wire::xml::XmlWriter;

macro_rules! codes {
    ($($name:ident $status:literal $message:literal)*) => {
        /// An error code of S3. The variant is the code as it stands in the document.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        pub enum ErrorCode {
            $(#[doc = concat!("HTTP ", stringify!($status), ": ", $message)] $name,)*
        }

        impl ErrorCode {
            /// Every code the gate can answer.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as AWS spells it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The code by its name, with case.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// HTTP status.
            pub fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                }
            }

            /// AWS's message for the code, for answers that have nothing closer to say.
            pub fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)*
                }
            }
        }
    };
}

codes! {
    AccessDenied 403 "Access Denied"
    AllAccessDisabled 403 "All access to this resource has been disabled."
    InvalidAccessKeyId 403 "The AWS Access Key Id you provided does not exist in our records."
    InvalidChunkSizeError 403 "Only the last chunk is allowed to have a size less than 8192 bytes"
    InvalidObjectState 403 "The operation is not valid for the current state of the object."
    InvalidSecurity 403 "The provided security credentials are not valid."
    NotSignedUp 403 "Your account is not signed up for the S3 service."
    RequestTimeTooSkewed 403 "The difference between the request time and the current time is too large."
    SignatureDoesNotMatch 403 "The request signature we calculated does not match the signature you provided. Check your key and signing method."
    AuthorizationHeaderMalformed 400 "The authorization header you provided is invalid."
    AuthorizationQueryParametersError 400 "The authorization query parameters that you provided are not valid."
    BadDigest 400 "The Content-MD5 or checksum you specified did not match what we received."
    CredentialsNotSupported 400 "This request does not support credentials."
    EntityTooLarge 400 "Your proposed upload exceeds the maximum allowed object size."
    EntityTooSmall 400 "Your proposed upload is smaller than the minimum allowed object size."
    ExpiredToken 400 "The provided token has expired."
    IncompleteBody 400 "You did not provide the number of bytes specified by the Content-Length HTTP header."
    InvalidArgument 400 "Invalid Argument"
    InvalidBucketName 400 "The specified bucket is not valid."
    InvalidDigest 400 "The Content-MD5 or checksum value that you specified is not valid."
    InvalidPolicyDocument 400 "The content of the form does not meet the conditions specified in the policy document."
    InvalidRequest 400 "Invalid Request"
    InvalidTag 400 "The tag provided was not a valid tag."
    InvalidToken 400 "The provided token is malformed or otherwise not valid."
    InvalidURI 400 "Couldn't parse the specified URI."
    KeyTooLongError 400 "Your key is too long"
    MalformedPOSTRequest 400 "The body of your POST request is not well-formed multipart/form-data."
    MalformedPolicy 400 "Your policy contains a principal that is not valid."
    MalformedTrailerError 400 "The request contained trailing data that was not well-formed or did not conform to our published schema."
    MalformedXML 400 "The XML you provided was not well-formed or did not validate against our published schema"
    MaxMessageLengthExceeded 400 "Your request was too large."
    MetadataTooLarge 400 "Your metadata headers exceed the maximum allowed metadata size."
    MissingSecurityElement 400 "The request is missing a security element."
    MissingSecurityHeader 400 "Your request was missing a required header."
    RequestHeaderSectionTooLarge 400 "Your request header section exceeds the maximum allowed request header section size."
    RequestTimeout 400 "Your socket connection to the server was not read from or written to within the timeout period."
    TokenRefreshRequired 400 "The provided token must be refreshed."
    UnsupportedSignature 400 "The provided request is signed with an unsupported STS Token version or the signature version is not supported."
    XAmzContentSHA256Mismatch 400 "The provided 'x-amz-content-sha256' header does not match what was computed."
    NoSuchBucket 404 "The specified bucket does not exist"
    NoSuchBucketPolicy 404 "The bucket policy does not exist"
    NoSuchKey 404 "The specified key does not exist."
    NoSuchUpload 404 "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    NoSuchVersion 404 "The specified version does not exist."
    MethodNotAllowed 405 "The specified method is not allowed against this resource."
    BucketAlreadyExists 409 "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."
    BucketAlreadyOwnedByYou 409 "Your previous request to create the named bucket succeeded and you already own it."
    BucketNotEmpty 409 "The bucket you tried to delete is not empty"
    OperationAborted 409 "A conflicting conditional operation is currently in progress against this resource. Please try again."
    MissingContentLength 411 "You must provide the Content-Length HTTP header."
    PreconditionFailed 412 "At least one of the pre-conditions you specified did not hold"
    InternalError 500 "We encountered an internal error. Please try again."
    NotImplemented 501 "A header or operation you provided implies functionality that is not implemented"
    ServiceUnavailable 503 "Service is unable to handle request."
    SlowDown 503 "Please reduce your request rate."
}

/// S3's error document, without a namespace: code, message, further elements, resource and the ids.
pub fn error_document(
    code: ErrorCode,
    message: &str,
    resource: &str,
    request_id: &str,
    host_id: &str,
    extra: &[(&str, &str)],
) -> String {
    let mut writer = XmlWriter::document();
    writer.element("Error", |w| {
        w.text("Code", code.as_str()).text("Message", message);
        for (name, value) in extra {
            w.text(name, value);
        }
        w.text("Resource", resource).text("RequestId", request_id).text("HostId", host_id);
    });
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_statuses_of_the_published_table() {
        for (name, status) in [
            ("AccessDenied", 403),
            ("ExpiredToken", 400),
            ("NoSuchKey", 404),
            ("MethodNotAllowed", 405),
            ("OperationAborted", 409),
            ("MissingContentLength", 411),
            ("NotImplemented", 501),
            ("SlowDown", 503),
        ] {
            assert_eq!(ErrorCode::from_name(name).map(ErrorCode::status), Some(status), "{name}");
        }
        assert_eq!(ErrorCode::from_name("accessdenied"), None);
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_name(code.as_str()), Some(*code));
        }
    }

    #[test]
    fn the_document_has_s3s_shape_and_escapes() {
        let text = error_document(ErrorCode::NoSuchKey, "a<b", "/b/k&", "R", "H", &[("Key", "k&")]);
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>a&lt;b</Message>\
             <Key>k&amp;</Key><Resource>/b/k&amp;</Resource><RequestId>R</RequestId><HostId>H</HostId></Error>"
        );
    }
}
