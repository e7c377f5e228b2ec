//! The one encoder (rule 4): what goes to the backend is written from the routed request, path style, and
//! never from the client's bytes.

use super::address::Target;
use super::body::BodyRule;
use super::error::Error;
use super::headers::HeaderName;
use super::names::{BucketName, BucketRules};
use super::request::S3Request;
use crate::wire::percent;

/// An encoded request target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundTarget {
    /// The encoded path, beginning with `/`.
    pub path: String,
    /// Encoded keys and values in order; a sub-resource has no value.
    pub query: Vec<(String, Option<String>)>,
}

impl OutboundTarget {
    /// The same at one version of the object, where the request named none.
    pub fn pin_version(&mut self, version: &[u8]) {
        if !self.query.iter().any(|(key, _)| key == "versionId") {
            self.query.push(("versionId".to_owned(), Some(percent::encode(version))));
        }
    }

    /// Path and query in origin form.
    pub fn to_origin_form(&self) -> String {
        let mut out = self.path.clone();
        for (at, (key, value)) in self.query.iter().enumerate() {
            out.push(if at == 0 { '?' } else { '&' });
            out.push_str(key);
            if let Some(value) = value {
                out.push('=');
                out.push_str(value);
            }
        }
        out
    }
}

impl S3Request {
    /// The target at a backend that keeps this account's buckets below `bucket_prefix` (empty for none).
    pub fn outbound_target(&self, bucket_prefix: &str, rules: &BucketRules) -> Result<OutboundTarget, Error> {
        let mut path = String::from("/");
        match &self.target {
            Target::Service => {}
            Target::Bucket(bucket) => path.push_str(prefixed(bucket, bucket_prefix, rules)?.as_str()),
            Target::Object(bucket, key) => {
                path.push_str(prefixed(bucket, bucket_prefix, rules)?.as_str());
                path.push('/');
                percent::encode_path_into(key.as_bytes(), &mut path);
            }
        }
        let query = self.query.iter().map(|(key, value)| {
            let bare = self.row.marker == Some(*key) && value.is_empty();
            (percent::encode(key.as_bytes()), (!bare).then(|| percent::encode(value)))
        });
        Ok(OutboundTarget { path, query: query.collect() })
    }

    /// The headers to forward, the copy source encoded anew. Checksums of a body that the gate writes anew
    /// are left out: they are those of the client's bytes.
    pub fn outbound_headers(
        &self,
        bucket_prefix: &str,
        rules: &BucketRules,
    ) -> Result<Vec<(HeaderName, Vec<u8>)>, Error> {
        let rebuilt = matches!(self.body_rule(), BodyRule::Decides { .. });
        let kept = self.headers.iter().filter(|(name, _)| !(rebuilt && covers_body(name)));
        let mut headers: Vec<(HeaderName, Vec<u8>)> = kept.cloned().collect();
        if let Some(source) = &self.copy_source {
            let bucket = prefixed(&source.bucket, bucket_prefix, rules)?;
            headers.push(("x-amz-copy-source".into(), source.header_value(&bucket).into_bytes()));
        }
        Ok(headers)
    }
}

fn covers_body(name: &str) -> bool {
    name == "content-md5" || name == "x-amz-sdk-checksum-algorithm" || name.starts_with("x-amz-checksum-")
}

fn prefixed(bucket: &BucketName, prefix: &str, rules: &BucketRules) -> Result<BucketName, Error> {
    if prefix.is_empty() { Ok(bucket.clone()) } else { bucket.with_prefix(prefix, rules) }
}
