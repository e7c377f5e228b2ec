//! Error documents of the backend, on their way to the client.
//!
//! Code and message pass, and what S3's own documents tell besides of the request. All else could name the backend's
//! host, key or node and stays behind; the ids are the gate's, by which its log is searched (DESIGN section 7).

use crate::wire::Response;
use crate::wire::percent;
use crate::wire::xml::{XmlLimits, XmlWriter, parse};

/// An error document.
pub(super) const ERROR: XmlLimits = XmlLimits { bytes: 64 * 1024, depth: 4, elements: 64 };

/// Elements that are about the client's own request.
const PASSING: [&str; 22] = [
    "Code",
    "Message",
    "Resource",
    "Key",
    "BucketName",
    "VersionId",
    "UploadId",
    "Condition",
    "ArgumentName",
    "ArgumentValue",
    "Header",
    "Method",
    "ResourceType",
    "AllowedMethods",
    "RangeRequested",
    "ActualObjectSize",
    "MinSizeAllowed",
    "MaxSizeAllowed",
    "ProposedSize",
    "PartNumber",
    "ETag",
    "StorageClass",
];

/// What a 404 may say to whom the missing object is hidden: these are about something else.
const TOLD: [&str; 2] = ["NoSuchUpload", "NoSuchBucket"];

/// An error document, written anew for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorDocument {
    /// The backend's code.
    pub code: String,
    /// What the client gets.
    pub body: String,
}

impl ErrorDocument {
    /// Reads a backend's document; none if it is not S3's error.
    pub fn read(document: &[u8], request_id: &str) -> Option<Self> {
        let root = parse(document, ERROR).ok().filter(|root| root.name == "Error")?;
        let code = root.child_text("Code")?.to_owned();
        let mut writer = XmlWriter::document();
        writer.element("Error", |w| {
            for child in root.children.iter().filter(|child| PASSING.contains(&child.name.as_str())) {
                w.text(&child.name, &child.text);
            }
            w.text("RequestId", request_id).text("HostId", &percent::encode(request_id.as_bytes()));
        });
        Some(Self { code, body: writer.finish() })
    }

    /// Whether a 404 with this document says that an object is missing, as far as can be known.
    pub fn hides_object(&self) -> bool {
        !TOLD.contains(&self.code.as_str())
    }
}

/// An answer that the gate has read whole, with its error document written anew.
pub(super) fn told(mut response: Response, request_id: &str) -> Response {
    if response.status >= 300
        && let Some(document) = ErrorDocument::read(&response.body, request_id)
    {
        response.body = document.body.into();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_the_backend_stays_behind_and_the_ids_are_the_gates() {
        let document = "<?xml version=\"1.0\"?>\n<Error xmlns=\"urn:x\"><Code>NoSuchKey</Code><Message>a &lt; b</Message>\
                        <Key>k&amp;</Key><Resource>/b/k</Resource><RequestId>backend-7</RequestId><HostId>node-3</HostId>\
                        <Endpoint>10.0.0.5:8333</Endpoint><AWSAccessKeyId>AK</AWSAccessKeyId><Region>r</Region></Error>";
        let read = ErrorDocument::read(document.as_bytes(), "R 1").unwrap();
        assert_eq!(read.code, "NoSuchKey");
        assert_eq!(
            read.body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>a &lt; b</Message>\
             <Key>k&amp;</Key><Resource>/b/k</Resource><RequestId>R 1</RequestId><HostId>R%201</HostId></Error>"
        );
        let again = ErrorDocument::read(read.body.as_bytes(), "R 1").unwrap();
        assert_eq!(again, read);
    }

    #[test]
    fn what_is_no_error_of_s3s_is_not_read() {
        for document in
            ["", "x", "<html/>", "<Error/>", "<Error><Code>a</Code>", "<!DOCTYPE Error><Error><Code>a</Code></Error>"]
        {
            assert_eq!(ErrorDocument::read(document.as_bytes(), "R"), None, "{document}");
        }
    }

    #[test]
    fn only_what_is_about_something_else_is_told_of_a_hidden_object() {
        let hides = |code: &str| {
            let document = format!("<Error><Code>{code}</Code></Error>");
            ErrorDocument::read(document.as_bytes(), "R").unwrap().hides_object()
        };
        for code in ["NoSuchKey", "NoSuchVersion", "NotFound", "NoSuchTagSet", ""] {
            assert!(hides(code), "{code}");
        }
        assert!(!hides("NoSuchUpload") && !hides("NoSuchBucket"));
    }
}
