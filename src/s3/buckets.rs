//! ListBuckets: the backend's answer in, the gate's own answer out, page by page.

use super::error::Error;
use super::request::S3Request;
use super::schema::NAMESPACE;
use crate::wire::xml::{Element, XmlLimits, XmlWriter, parse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A backend with more than about 100,000 buckets is beyond AWS's own quota.
const ANSWER: XmlLimits = XmlLimits { bytes: 32 * 1024 * 1024, depth: 5, elements: 500_000 };
/// AWS's largest page, and the page where `max-buckets` is absent.
const MAX_BUCKETS: usize = 10_000;

/// One bucket of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBucket {
    /// The name, as the backend has it.
    pub name: String,
    /// The creation date as the backend writes it, ISO 8601.
    pub created: String,
    /// The region, if the backend tells it.
    pub region: Option<String>,
}

/// Parses a backend's `ListAllMyBucketsResult`; the second value is its continuation token, if there is more.
pub fn parse_bucket_list(answer: &[u8]) -> Result<(Vec<ListedBucket>, Option<String>), Error> {
    let root = parse(answer, ANSWER).map_err(|_| Error::BackendAnswer)?;
    if root.name != "ListAllMyBucketsResult" {
        return Err(Error::BackendAnswer);
    }
    let own = |element: &Element, name: &str| element.child_text(name).map(|text| text.trim().to_owned());
    let mut buckets = Vec::new();
    for item in root.child("Buckets").map(|list| list.children.as_slice()).unwrap_or_default() {
        let name = own(item, "Name").filter(|name| !name.is_empty()).ok_or(Error::BackendAnswer)?;
        let created = own(item, "CreationDate").unwrap_or_default();
        buckets.push(ListedBucket { name, created, region: own(item, "BucketRegion") });
    }
    Ok((buckets, own(&root, "ContinuationToken").filter(|token| !token.is_empty())))
}

/// What a ListBuckets request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketQuery {
    prefix: Option<String>,
    region: Option<String>,
    after: Option<String>,
    most: usize,
}

impl BucketQuery {
    /// Reads `prefix`, `bucket-region`, `max-buckets` and `continuation-token`.
    pub fn parse(request: &S3Request) -> Result<Self, Error> {
        let text =
            |key: &'static str| request.query_value(key).map(|value| String::from_utf8_lossy(value).into_owned());
        let most = match text("max-buckets") {
            None => MAX_BUCKETS,
            Some(number) => {
                let number = number.parse().ok().filter(|number| (1..=MAX_BUCKETS).contains(number));
                number.ok_or(Error::MaxBuckets(MAX_BUCKETS))?
            }
        };
        let after = match text("continuation-token") {
            None => None,
            Some(token) => {
                let name = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                Some(name.ok_or(Error::ContinuationToken)?)
            }
        };
        Ok(Self { prefix: text("prefix"), region: text("bucket-region"), after, most })
    }

    /// The answer: the page of `buckets` (which the caller may see) in the order of their names. A bucket
    /// without a region is in `default_region`.
    pub fn answer(&self, owner: (&str, &str), mut buckets: Vec<ListedBucket>, default_region: &str) -> String {
        let region = |bucket: &ListedBucket| bucket.region.clone().unwrap_or_else(|| default_region.to_owned());
        buckets.retain(|bucket| {
            self.prefix.as_ref().is_none_or(|prefix| bucket.name.starts_with(prefix))
                && self.after.as_ref().is_none_or(|after| bucket.name > *after)
                && self.region.as_ref().is_none_or(|wanted| region(bucket) == *wanted)
        });
        buckets.sort_by(|one, other| one.name.cmp(&other.name));
        let more = buckets.len() > self.most;
        buckets.truncate(self.most);
        let token = buckets.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(&last.name));
        let mut writer = XmlWriter::document();
        writer.element_ns("ListAllMyBucketsResult", NAMESPACE, |w| {
            w.element("Owner", |w| {
                w.text("ID", owner.0).text("DisplayName", owner.1);
            });
            w.element("Buckets", |w| {
                for bucket in &buckets {
                    w.element("Bucket", |w| {
                        w.text("Name", &bucket.name).text("CreationDate", &bucket.created);
                        w.optional("BucketRegion", Some(region(bucket).as_str()).filter(|region| !region.is_empty()));
                    });
                }
            });
            w.optional("ContinuationToken", token.as_deref()).optional("Prefix", self.prefix.as_deref());
        });
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(name: &str, region: Option<&str>) -> ListedBucket {
        ListedBucket { name: name.into(), created: "2026-01-02T03:04:05.000Z".into(), region: region.map(Into::into) }
    }

    fn query(prefix: Option<&str>, after: Option<&str>, most: usize) -> BucketQuery {
        BucketQuery { prefix: prefix.map(Into::into), region: None, after: after.map(Into::into), most }
    }

    #[test]
    fn an_answer_can_be_read_back() {
        let all = vec![bucket("b&", None), bucket("a", Some("eu"))];
        let text = query(None, None, 10).answer(("id", "name"), all, "us-east-1");
        assert!(text.contains("<Owner><ID>id</ID><DisplayName>name</DisplayName></Owner>"), "{text}");
        let (read, token) = parse_bucket_list(text.as_bytes()).unwrap();
        assert_eq!((read, token), (vec![bucket("a", Some("eu")), bucket("b&", Some("us-east-1"))], None));
    }

    #[test]
    fn pages_follow_one_another_without_gaps() {
        let all: Vec<_> = ["x-3", "x-1", "y", "x-2"].iter().map(|name| bucket(name, None)).collect();
        let text = query(Some("x-"), None, 2).answer(("i", "n"), all.clone(), "");
        let (page, token) = parse_bucket_list(text.as_bytes()).unwrap();
        assert_eq!(page.iter().map(|bucket| bucket.name.as_str()).collect::<Vec<_>>(), ["x-1", "x-2"]);
        let after = String::from_utf8(URL_SAFE_NO_PAD.decode(token.unwrap()).unwrap()).unwrap();
        let text = query(Some("x-"), Some(&after), 2).answer(("i", "n"), all, "");
        let (page, token) = parse_bucket_list(text.as_bytes()).unwrap();
        assert_eq!((page[0].name.as_str(), page.len(), token), ("x-3", 1, None));
    }

    #[test]
    fn other_answers_are_refused() {
        for bad in
            [&b""[..], b"<Error/>", b"<ListAllMyBucketsResult><Buckets><Bucket/></Buckets></ListAllMyBucketsResult>"]
        {
            assert_eq!(parse_bucket_list(bad), Err(Error::BackendAnswer));
        }
        assert_eq!(parse_bucket_list(b"<ListAllMyBucketsResult/>"), Ok((vec![], None)));
    }
}
