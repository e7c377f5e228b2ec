//! Tags: the `x-amz-tagging` header and the `Tagging` document, one checked form for both.

use super::error::{Error, Shown};
use super::schema::{container, leaf, only, text};
use crate::wire::percent;
use crate::wire::xml::{Element, XmlLimits, XmlWriter, parse};

/// At most this many tags on an object.
pub const MAX_OBJECT_TAGS: usize = 10;
/// At most this many tags on a bucket.
pub const MAX_BUCKET_TAGS: usize = 50;

/// Checked tags in the order given: keys of 1 to 128 characters, unique without regard to case, that do not begin with
/// `aws:`, values of at most 256 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    pairs: Vec<(String, String)>,
}

impl Tags {
    fn add(&mut self, key: String, value: String, most: usize) -> Result<(), Error> {
        let shown = Shown::new(key.as_bytes());
        let reserved = key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 || reserved {
            return Err(Error::BadTag(shown));
        }
        // S3 tells `Team` from `team`, condition keys do not: a statement about one would be met by the other's value.
        if self.pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(&key)) {
            return Err(Error::RepeatedTag(shown));
        }
        if self.pairs.len() == most {
            return Err(Error::TooManyTags(most));
        }
        self.pairs.push((key, value));
        Ok(())
    }

    /// Parses `x-amz-tagging`: URL-encoded pairs, where `+` is a space.
    pub fn from_header(value: &[u8]) -> Result<Self, Error> {
        let mut tags = Self::default();
        for piece in value.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
            let mut halves = piece.splitn(2, |byte| *byte == b'=');
            let mut next = || {
                let bytes =
                    percent::decode_form(halves.next().unwrap_or_default()).map_err(|_| Error::TaggingHeader)?;
                String::from_utf8(bytes).map_err(|_| Error::TaggingHeader)
            };
            let (key, value) = (next()?, next()?);
            tags.add(key, value, MAX_OBJECT_TAGS)?;
        }
        Ok(tags)
    }

    /// The header's value, encoded anew.
    pub fn to_header(&self) -> String {
        let mut out = String::new();
        for (key, value) in &self.pairs {
            if !out.is_empty() {
                out.push('&');
            }
            percent::encode_into(key.as_bytes(), &mut out);
            out.push('=');
            percent::encode_into(value.as_bytes(), &mut out);
        }
        out
    }

    /// Reads `<Tag>` children of an element (`TagSet`, `Tags`).
    pub(crate) fn from_element(set: &Element, most: usize) -> Result<Self, Error> {
        container(set)?;
        let mut tags = Self::default();
        for tag in &set.children {
            if tag.name != "Tag" {
                return Err(Error::UnexpectedElement(Shown::new(tag.name.as_bytes())));
            }
            only(tag, &["Key", "Value"])?;
            let key = text(leaf(tag, "Key")?.ok_or(Error::MissingElement("Key"))?, "Key")?;
            let value = text(leaf(tag, "Value")?.ok_or(Error::MissingElement("Value"))?, "Value")?;
            tags.add(key.to_owned(), value.to_owned(), most)?;
        }
        Ok(tags)
    }

    pub(crate) fn write(&self, set: &str, writer: &mut XmlWriter) {
        writer.element(set, |w| {
            for (key, value) in &self.pairs {
                w.element("Tag", |w| {
                    w.text("Key", key).text("Value", value);
                });
            }
        });
    }

    /// Keys and values in order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// A backend's `Tagging` document: more than the 50 tags of a bucket, each escaped, with room.
const STORED: XmlLimits = XmlLimits { bytes: 256 * 1024, depth: 5, elements: 512 };

/// The tags of a stored object or bucket as the backend tells them: whatever it lets be, `aws:` keys too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredTags {
    pairs: Vec<(String, String)>,
}

impl StoredTags {
    /// Reads the answer to GetObjectTagging or GetBucketTagging. What is not such a document whole is an error: tags
    /// that cannot be read are never none.
    pub fn parse(answer: &[u8]) -> Result<Self, Error> {
        let root = parse(answer, STORED).map_err(|_| Error::BackendAnswer)?;
        let mut sets = root.children.iter().filter(|child| child.name == "TagSet");
        let (Some(set), None, "Tagging") = (sets.next(), sets.next(), root.name.as_str()) else {
            return Err(Error::BackendAnswer);
        };
        let pairs = set.children.iter().map(|tag| {
            let key = leaf(tag, "Key")?.filter(|key| tag.name == "Tag" && !key.text.is_empty());
            let value = leaf(tag, "Value")?.map(|value| value.text.clone()).unwrap_or_default();
            Ok((key.ok_or(Error::BackendAnswer)?.text.clone(), value))
        });
        let pairs = pairs.collect::<Result<Vec<_>, Error>>().map_err(|_| Error::BackendAnswer)?;
        Ok(Self { pairs })
    }

    /// Keys and values in order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether no two keys are the same but for case. S3 tells `Team` from `team`, condition keys do not: which of
    /// two such tags a policy means cannot be known.
    pub fn are_distinct(&self) -> bool {
        let mut earlier = self.pairs.iter().enumerate();
        earlier.all(|(at, (key, _))| !self.pairs.iter().take(at).any(|(other, _)| other.eq_ignore_ascii_case(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_a_form_and_encoded_anew() {
        let tags = Tags::from_header(b"k1=v1&k%20two=v%2B2&three+3=a+b&four").unwrap();
        assert_eq!(tags.to_header(), "k1=v1&k%20two=v%2B2&three%203=a%20b&four=");
        assert!(Tags::from_header(b"").unwrap().is_empty());
    }

    #[test]
    fn rule_08_tags_outside_the_bounds_are_refused() {
        let many = (0..11).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join("&");
        let long_key = format!("{}=v", "k".repeat(129));
        let long_value = format!("k={}", "v".repeat(257));
        for bad in [
            "=v",
            "k=1&k=2",
            "team=a&Team=b",
            "%54eam=a&team=b",
            "aws:x=1",
            "AWS:x=1",
            "k=%zz",
            "k=%ff",
            &many,
            &long_key,
            &long_value,
        ] {
            assert!(Tags::from_header(bad.as_bytes()).is_err(), "{bad}");
        }
    }
    fn stored(tags: &str) -> Result<StoredTags, Error> {
        StoredTags::parse(format!("<Tagging xmlns=\"http://s3/\"><TagSet>{tags}</TagSet></Tagging>").as_bytes())
    }

    #[test]
    fn rule_11_tags_of_the_backend_are_read_as_they_are_or_not_at_all() {
        let tags = stored("<Tag><Key>aws:a b</Key><Value> x&amp;y </Value></Tag><Tag><Key>k</Key></Tag>").unwrap();
        assert_eq!(tags.pairs(), [("aws:a b".to_owned(), " x&y ".to_owned()), ("k".to_owned(), String::new())]);
        assert!(stored("").unwrap().is_empty() && tags.are_distinct());
        for bad in [
            "<Tag><Value>x</Value></Tag>",
            "<Tag><Key></Key><Value>x</Value></Tag>",
            "<Tag><Key>a</Key><Key>b</Key><Value>x</Value></Tag>",
            "<Tag><Key>a</Key><Value>x</Value><Value>y</Value></Tag>",
            "<Other><Key>a</Key><Value>x</Value></Other>",
        ] {
            assert!(stored(bad).is_err(), "{bad}");
        }
        for bad in ["", "<html/>", "<Tagging/>", "<Tagging><TagSet/><TagSet/></Tagging>", "<Other><TagSet/></Other>"] {
            assert!(StoredTags::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn rule_11_keys_that_differ_by_case_alone_are_told() {
        let pair = |one: &str, two: &str| stored(&format!("<Tag><Key>{one}</Key></Tag><Tag><Key>{two}</Key></Tag>"));
        assert!(pair("Team", "Teams").unwrap().are_distinct());
        assert!(!pair("Team", "team").unwrap().are_distinct() && !pair("a", "a").unwrap().are_distinct());
    }
}
