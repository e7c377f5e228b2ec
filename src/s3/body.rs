//! Bodies that decide (rule 8): read whole, parsed strictly, forwarded as written anew.

use super::address::AddressingRules;
use super::delete::{DeleteBody, MAX_BODY_BYTES};
use super::error::Error;
use super::operation::Operation;
use super::request::S3Request;
use super::schema::{NAMESPACE, child, filled, only, root};
use super::tags::{MAX_BUCKET_TAGS, MAX_OBJECT_TAGS, Tags};
use crate::wire::xml::{XmlLimits, XmlWriter};

/// Small documents: 50 tags of 128 and 256 characters, each escaped, with room.
const SMALL_BYTES: usize = 256 * 1024;
/// A bucket policy (AWS: 20 KB).
pub const MAX_POLICY_BYTES: usize = 20 * 1024;
const SMALL: XmlLimits = XmlLimits { bytes: SMALL_BYTES, depth: 4, elements: 256 };

/// What happens to a request's body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyRule {
    /// The operation has none; whatever comes is not forwarded.
    None,
    /// Streamed under the body plan.
    Stream,
    /// Read whole, up to `limit` bytes, and forwarded as [`Body::to_xml`] writes it; a bucket policy is kept by the
    /// gate.
    Decides {
        /// The largest body in bytes.
        limit: usize,
    },
}

/// The parsed body of an operation whose body decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// DeleteObjects.
    Delete(DeleteBody),
    /// PutObjectTagging and PutBucketTagging.
    Tagging(Tags),
    /// CreateBucket; all absent where the body is empty.
    CreateBucket(CreateBucketBody),
    /// PutBucketVersioning.
    Versioning(VersioningBody),
}

/// `CreateBucketConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateBucketBody {
    /// The region asked for; `s3:LocationConstraint`.
    pub location: Option<String>,
    /// The bucket's tags; none where the body has no such element.
    pub tags: Option<Tags>,
}

/// `VersioningConfiguration`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersioningBody {
    /// `Enabled` or `Suspended`.
    pub status: Option<String>,
    /// `Enabled` or `Disabled`.
    pub mfa_delete: Option<String>,
}

impl S3Request {
    /// What happens to the body. Operations that are not carried yet are `None`.
    pub fn body_rule(&self) -> BodyRule {
        match self.operation() {
            Operation::DeleteObjects => BodyRule::Decides { limit: MAX_BODY_BYTES },
            Operation::PutObjectTagging
            | Operation::PutBucketTagging
            | Operation::CreateBucket
            | Operation::PutBucketVersioning => BodyRule::Decides { limit: SMALL_BYTES },
            Operation::PutBucketPolicy => BodyRule::Decides { limit: MAX_POLICY_BYTES },
            Operation::PutObject | Operation::UploadPart | Operation::CompleteMultipartUpload => BodyRule::Stream,
            _ => BodyRule::None,
        }
    }

    /// Parses the body of an operation whose body decides; none for the others, and for a bucket policy, which is no
    /// XML.
    pub fn parse_body(&self, body: &[u8], rules: &AddressingRules) -> Result<Option<Body>, Error> {
        let parsed = match self.operation() {
            Operation::DeleteObjects => Body::Delete(DeleteBody::parse(body, rules.keys)?),
            Operation::PutObjectTagging => Body::Tagging(tagging(body, MAX_OBJECT_TAGS)?),
            Operation::PutBucketTagging => Body::Tagging(tagging(body, MAX_BUCKET_TAGS)?),
            Operation::CreateBucket => Body::CreateBucket(create_bucket(body)?),
            Operation::PutBucketVersioning => Body::Versioning(versioning(body)?),
            _ => return Ok(None),
        };
        Ok(Some(parsed))
    }
}

impl Body {
    /// The body that is forwarded. A batch delete gives all its entries; see [`DeleteBody::to_xml`].
    pub fn to_xml(&self) -> String {
        let mut writer = XmlWriter::document();
        match self {
            Self::Delete(delete) => return delete.to_xml(|_| true),
            Self::CreateBucket(body) if body.location.is_none() && body.tags.is_none() => return String::new(),
            Self::Tagging(tags) => {
                writer.element_ns("Tagging", NAMESPACE, |w| tags.write("TagSet", w));
            }
            Self::CreateBucket(body) => {
                writer.element_ns("CreateBucketConfiguration", NAMESPACE, |w| {
                    w.optional("LocationConstraint", body.location.as_deref());
                    if let Some(tags) = &body.tags {
                        tags.write("Tags", w);
                    }
                });
            }
            Self::Versioning(body) => {
                writer.element_ns("VersioningConfiguration", NAMESPACE, |w| {
                    w.optional("Status", body.status.as_deref()).optional("MfaDelete", body.mfa_delete.as_deref());
                });
            }
        }
        writer.finish()
    }
}

fn tagging(body: &[u8], most: usize) -> Result<Tags, Error> {
    let tagging = root(body, "Tagging", SMALL)?;
    only(&tagging, &["TagSet"])?;
    Tags::from_element(child(&tagging, "TagSet")?.ok_or(Error::MissingElement("TagSet"))?, most)
}

fn create_bucket(body: &[u8]) -> Result<CreateBucketBody, Error> {
    if body.trim_ascii().is_empty() {
        return Ok(CreateBucketBody::default());
    }
    // `Location` and `Bucket` make directory buckets, which are never forwarded (rule 8).
    let configuration = root(body, "CreateBucketConfiguration", SMALL)?;
    only(&configuration, &["LocationConstraint", "Tags"])?;
    let tags = child(&configuration, "Tags")?.map(|tags| Tags::from_element(tags, MAX_BUCKET_TAGS)).transpose()?;
    let location = filled(&configuration, "LocationConstraint")?;
    // A condition compares it as it is; a backend may not.
    if location.as_deref().is_some_and(|location| location.contains(|c: char| c.is_whitespace() || c.is_control())) {
        return Err(Error::ElementValue("LocationConstraint"));
    }
    Ok(CreateBucketBody { location, tags })
}

fn versioning(body: &[u8]) -> Result<VersioningBody, Error> {
    let configuration = root(body, "VersioningConfiguration", SMALL)?;
    only(&configuration, &["Status", "MfaDelete"])?;
    let one_of = |name: &'static str, values: [&str; 2]| match filled(&configuration, name)? {
        Some(value) if !values.contains(&value.as_str()) => Err(Error::ElementValue(name)),
        value => Ok(value),
    };
    Ok(VersioningBody {
        status: one_of("Status", ["Enabled", "Suspended"])?,
        mfa_delete: one_of("MfaDelete", ["Enabled", "Disabled"])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_08_tagging_is_strict_and_round_trips() {
        let document = b"<Tagging><TagSet><Tag><Key>a</Key><Value> b </Value></Tag><Tag><Key>c</Key><Value/></Tag>\
                         </TagSet></Tagging>";
        let tags = tagging(document, 10).unwrap();
        assert_eq!(tags.pairs()[0], ("a".to_owned(), " b ".to_owned()));
        assert_eq!(tagging(Body::Tagging(tags.clone()).to_xml().as_bytes(), 10).unwrap(), tags);
        for bad in [
            "<Tagging/>",
            "<Tagging><TagSet/><TagSet/></Tagging>",
            "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>",
            "<Tagging><TagSet><Tag><Key>a</Key><Key>b</Key><Value/></Tag></TagSet></Tagging>",
            "<Tagging><TagSet><Tag><Key>a</Key><Value/></Tag><Tag><Key>a</Key><Value/></Tag></TagSet></Tagging>",
            "<Tagging><TagSet><Other/></TagSet></Tagging>",
        ] {
            assert!(tagging(bad.as_bytes(), 10).is_err(), "{bad}");
        }
    }

    #[test]
    fn rule_08_create_bucket_takes_a_region_and_tags_only() {
        assert_eq!(create_bucket(b" ").unwrap(), CreateBucketBody::default());
        assert_eq!(Body::CreateBucket(CreateBucketBody::default()).to_xml(), "");
        let document = "<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint><Tags><Tag><Key>k</Key>\
                        <Value>v</Value></Tag></Tags></CreateBucketConfiguration>";
        let body = create_bucket(document.as_bytes()).unwrap();
        assert_eq!(body.location.as_deref(), Some("eu"));
        let again = create_bucket(Body::CreateBucket(body.clone()).to_xml().as_bytes()).unwrap();
        assert_eq!(again, body);
        for blank in [" eu", "eu\n", "e u"] {
            let document = document.replace(">eu<", &format!(">{blank}<"));
            assert_eq!(create_bucket(document.as_bytes()), Err(Error::ElementValue("LocationConstraint")));
        }
        let directory =
            "<CreateBucketConfiguration><Bucket><Type>Directory</Type></Bucket></CreateBucketConfiguration>";
        assert!(matches!(create_bucket(directory.as_bytes()), Err(Error::UnexpectedElement(_))));
    }

    #[test]
    fn rule_08_versioning_has_closed_values() {
        let document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        let body = versioning(document.as_bytes()).unwrap();
        assert_eq!(versioning(Body::Versioning(body.clone()).to_xml().as_bytes()).unwrap(), body);
        for bad in ["<Status>enabled</Status>", "<Status>Enabled</Status><Status>Suspended</Status>", "<X/>"] {
            let document = format!("<VersioningConfiguration>{bad}</VersioningConfiguration>");
            assert!(versioning(document.as_bytes()).is_err(), "{bad}");
        }
    }
}
