//! `x-amz-copy-source`: URL-encoded `BUCKET/KEY`, with or without a leading slash, with or without
//! `?versionId=VERSION`.
//!
//! A `+` is a space, as S3 reads it there. The forwarded value is encoded anew from the parsed form, so
//! the source that was judged is the source that is copied, however a backend would have read the client's.

use super::address::AddressingRules;
use super::error::{CopySourceFault, Error};
use super::names::{BucketName, ObjectKey, check_id};
use crate::wire::percent;

/// The source of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySource {
    /// Its bucket.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// Its version, if one was named.
    pub version: Option<Box<[u8]>>,
}

impl CopySource {
    /// Parses the header's value.
    pub fn parse(value: &[u8], rules: &AddressingRules) -> Result<Self, Error> {
        let fault = |fault| move || Error::CopySource(fault);
        let value = value.strip_prefix(b"/").unwrap_or(value);
        if value.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"arn:")) {
            return Err(Error::CopySource(CopySourceFault::AccessPoint));
        }
        let mut halves = value.splitn(2, |byte| *byte == b'?');
        let path = halves.next().unwrap_or_default();
        let version = halves.next().map(version).transpose()?;
        if let Some(version) = &version {
            check_id(version, rules.keys)?;
        }
        let slash = path.iter().position(|byte| *byte == b'/').ok_or_else(fault(CopySourceFault::Form))?;
        let (bucket, key) = path.split_at_checked(slash).ok_or_else(fault(CopySourceFault::Form))?;
        let decode = |raw| percent::decode_form(raw).map_err(|_| Error::CopySource(CopySourceFault::Escape));
        let bucket = BucketName::parse(&decode(bucket)?, &rules.buckets)?;
        let key = decode(key.strip_prefix(b"/").unwrap_or(key))?;
        if key.is_empty() {
            return Err(Error::CopySource(CopySourceFault::Form));
        }
        Ok(Self { bucket, key: ObjectKey::parse(key, rules.keys)?, version })
    }

    /// The value that is forwarded: everything but the unreserved bytes and the key's `/` is encoded.
    pub fn header_value(&self, bucket: &BucketName) -> String {
        let mut out = String::with_capacity(bucket.as_str().len() + self.key.as_bytes().len() + 16);
        out.push_str(bucket.as_str());
        out.push('/');
        percent::encode_path_into(self.key.as_bytes(), &mut out);
        if let Some(version) = &self.version {
            out.push_str("?versionId=");
            percent::encode_into(version, &mut out);
        }
        out
    }

    /// The value of `s3:x-amz-copy-source`: `BUCKET/KEY[?versionId=VERSION]`, decoded and without a leading
    /// slash, so that a deny cannot be escaped by writing the same source in another way.
    pub fn context_value(&self) -> Vec<u8> {
        let mut out = self.bucket.as_str().as_bytes().to_vec();
        out.push(b'/');
        out.extend_from_slice(self.key.as_bytes());
        if let Some(version) = &self.version {
            out.extend_from_slice(b"?versionId=");
            out.extend_from_slice(version);
        }
        out
    }
}

fn version(raw: &[u8]) -> Result<Box<[u8]>, Error> {
    let fault = Error::CopySource(CopySourceFault::Suffix);
    let value = raw.strip_prefix(b"versionId=").filter(|value| !value.iter().any(|byte| matches!(byte, b'&' | b'?')));
    let version =
        percent::decode(value.ok_or(fault.clone())?).map_err(|_| Error::CopySource(CopySourceFault::Escape))?;
    if version.is_empty() { Err(fault) } else { Ok(version.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::names::KeyRules;

    fn parse(value: &str, keys: KeyRules) -> Result<(String, String, Option<Vec<u8>>), Error> {
        CopySource::parse(value.as_bytes(), &AddressingRules { keys, ..AddressingRules::default() }).map(|source| {
            let key = String::from_utf8_lossy(source.key.as_bytes()).into_owned();
            (source.bucket.to_string(), key, source.version.map(Into::into))
        })
    }

    #[test]
    fn reads_what_sdks_send() {
        for (value, key, version) in [
            ("src/k", "k", None),
            ("/src/lead/slash.txt", "lead/slash.txt", None),
            ("src/a%20b%2Bc+d", "a b+c d", None),
            ("src//odd//key", "/odd//key", None),
            ("src/k%3FversionId=x", "k?versionId=x", None),
            ("src/k?versionId=a%2Bb", "k", Some(b"a+b".to_vec())),
        ] {
            let read = parse(value, KeyRules::Exact).unwrap();
            assert_eq!(read, ("src".to_owned(), key.to_owned(), version), "{value}");
        }
    }

    #[test]
    fn rule_02_rule_04_rule_08_refuses_other_sources() {
        for value in [
            "",
            "src",
            "src/",
            "/",
            "src%2Fk",
            "//src/k",
            "minio/k",
            "Src/k",
            "src/%zz",
            "src/k?",
            "src/k?versionId=",
            "src/k?x=1",
            "src/k?versionId=a&x=1",
            "src/k?versionId=a?b",
            "src/k?versionid=a",
            "arn:aws:s3:us-east-1:1:accesspoint/ap/object/k",
            "ARN:aws:s3:us-east-1:1:accesspoint/ap/object/k",
        ] {
            assert!(parse(value, KeyRules::Exact).is_err(), "{value}");
        }
        for value in [
            "src/a/../b",
            "src/%2e%2e/b",
            "src//a",
            "src/a/",
            "src/%2Fa",
            "src/a%5Cb",
            "src/a%00",
            "src/a?versionId=../b",
        ] {
            assert!(matches!(parse(value, KeyRules::Filesystem), Err(Error::FoldedName { .. })), "{value}");
        }
    }
}
