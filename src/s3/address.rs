//! Addressing: which bucket and key a request names, in path style or virtual-hosted style.
//!
//! The raw path is split at its first raw `/` and each half decoded, so that `%2F` never separates
//! (rule 4). The host labels `iam`, `sts` and `s3` are never buckets (rule 6). A host below none of the
//! configured domains is path style.

use super::error::Error;
use super::names::{BucketName, BucketRules, KeyRules, ObjectKey};
use super::table::Shape;
use crate::wire::{RequestHead, percent};

/// How targets are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressingRules {
    /// Domains below which a host's labels are a bucket, such as `s3.example.test`. A port is ignored.
    pub domains: Vec<String>,
    /// How keys are checked.
    pub keys: KeyRules,
    /// How bucket names are checked.
    pub buckets: BucketRules,
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The service: `/`.
    Service,
    /// A bucket.
    Bucket(BucketName),
    /// An object.
    Object(BucketName, ObjectKey),
}

impl Target {
    /// The bucket, if one is named.
    pub fn bucket(&self) -> Option<&BucketName> {
        match self {
            Self::Service => None,
            Self::Bucket(bucket) | Self::Object(bucket, _) => Some(bucket),
        }
    }

    /// The key, if one is named.
    pub fn key(&self) -> Option<&ObjectKey> {
        match self {
            Self::Object(_, key) => Some(key),
            Self::Service | Self::Bucket(_) => None,
        }
    }

    pub(crate) fn shape(&self) -> Shape {
        match self {
            Self::Service => Shape::Service,
            Self::Bucket(_) => Shape::Bucket,
            Self::Object(..) => Shape::Object,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Service => "the service",
            Self::Bucket(_) => "a bucket",
            Self::Object(..) => "an object",
        }
    }
}

/// Labels that stand for a service.
const SERVICE_LABELS: [&str; 3] = ["iam", "sts", "s3"];

/// Reads bucket and key from host and path.
pub fn address(head: &RequestHead, rules: &AddressingRules) -> Result<Target, Error> {
    let path = head.raw_path().strip_prefix(b"/").unwrap_or(head.raw_path());
    match head.host().and_then(|host| bucket_label(host, &rules.domains)) {
        Some(label) => {
            let bucket = BucketName::parse(label.to_ascii_lowercase().as_bytes(), &rules.buckets)?;
            with_key(bucket, path, rules)
        }
        None if path.is_empty() => Ok(Target::Service),
        None => {
            let mut halves = path.splitn(2, |byte| *byte == b'/');
            let bucket = percent::decode(halves.next().unwrap_or_default()).map_err(|_| Error::PathEscape)?;
            let bucket = BucketName::parse(&bucket, &rules.buckets)?;
            with_key(bucket, halves.next().unwrap_or_default(), rules)
        }
    }
}

fn with_key(bucket: BucketName, raw_key: &[u8], rules: &AddressingRules) -> Result<Target, Error> {
    if raw_key.is_empty() {
        return Ok(Target::Bucket(bucket));
    }
    let key = percent::decode(raw_key).map_err(|_| Error::PathEscape)?;
    Ok(Target::Object(bucket, ObjectKey::parse(key, rules.keys)?))
}

/// Whether the host names a bucket below one of the domains, so that it cannot be IAM's or STS's.
pub fn is_bucket_host(host: &str, domains: &[String]) -> bool {
    bucket_label(host, domains).is_some()
}

/// The labels before the longest domain that the host ends in, as they were sent; none for path style.
fn bucket_label<'a>(host: &'a str, domains: &[String]) -> Option<&'a str> {
    if domains.is_empty() {
        return None;
    }
    let host = without_port(host);
    let mut found: Option<&str> = None;
    for domain in domains {
        let domain = without_port(domain);
        if host.eq_ignore_ascii_case(domain) {
            return None;
        }
        let before = host.len().checked_sub(domain.len() + 1).and_then(|at| host.split_at_checked(at));
        if let Some((label, rest)) = before
            && rest.strip_prefix('.').is_some_and(|rest| rest.eq_ignore_ascii_case(domain))
            && found.is_none_or(|known| label.len() < known.len())
        {
            found = Some(label);
        }
    }
    found.filter(|label| !SERVICE_LABELS.iter().any(|service| service.eq_ignore_ascii_case(label)))
}

/// The host without its port and without the dot that ends an absolute name.
fn without_port(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;
    use std::net::{IpAddr, Ipv4Addr};

    fn read(host: &str, target: &[u8], domains: &[&str]) -> Result<Target, Error> {
        let rules = AddressingRules {
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            keys: KeyRules::Exact,
            ..AddressingRules::default()
        };
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        address(&RequestHead::new(Method::Get, target, [("host", host)], peer, None).unwrap(), &rules)
    }

    fn shown(target: Result<Target, Error>) -> String {
        match target {
            Ok(Target::Service) => "-".to_owned(),
            Ok(Target::Bucket(bucket)) => bucket.to_string(),
            Ok(Target::Object(bucket, key)) => format!("{bucket} {}", String::from_utf8_lossy(key.as_bytes())),
            Err(error) => format!("{:?}", error.code()),
        }
    }

    #[test]
    fn path_style() {
        for (target, wanted) in [
            ("/", "-"),
            ("/bkt", "bkt"),
            ("/bkt/", "bkt"),
            ("/bkt/a%20b+c", "bkt a b+c"),
            ("/bkt//a", "bkt /a"),
            ("/%62kt/a", "bkt a"),
            ("/bkt/a%zz", "InvalidURI"),
            ("//bkt/a", "InvalidBucketName"),
            ("/minio/health", "InvalidBucketName"),
        ] {
            assert_eq!(shown(read("127.0.0.1:9000", target.as_bytes(), &["s3.test"])), wanted, "{target}");
        }
    }

    #[test]
    fn rule_04_an_encoded_slash_never_separates() {
        assert_eq!(shown(read("h", b"/bkt%2Fa", &[])), "InvalidBucketName");
        assert_eq!(shown(read("h", b"/bkt%2F/a", &[])), "InvalidBucketName");
        assert_eq!(shown(read("h", b"/bkt/%2Fa%2Fb", &[])), "bkt /a/b");
        assert_eq!(shown(read("bkt.s3.test", b"/%2Fa", &["s3.test"])), "bkt /a");
    }

    #[test]
    fn virtual_hosted_style_takes_the_longest_domain() {
        let domains = &["example.test:8080", "s3.example.test"];
        for (host, target, wanted) in [
            ("bkt.s3.example.test:8080", "/k", "bkt k"),
            ("BKT.S3.Example.Test", "/k", "bkt k"),
            ("bkt.s3.example.test.", "/", "bkt"),
            ("a.b.s3.example.test", "//k", "a.b /k"),
            ("bkt.example.test", "/", "bkt"),
            ("s3.example.test", "/bkt/k", "bkt k"),
            ("example.test", "/bkt", "bkt"),
            ("xs3.example.test", "/k", "xs3 k"),
            ("bkt.other.test", "/bkt2/k", "bkt2 k"),
            ("[::1]:9000", "/bkt", "bkt"),
            ("b_t.example.test", "/k", "InvalidBucketName"),
            ("minio.example.test", "/k", "InvalidBucketName"),
            (".example.test", "/k", "InvalidBucketName"),
        ] {
            assert_eq!(shown(read(host, target.as_bytes(), domains)), wanted, "{host}{target}");
        }
    }

    #[test]
    fn rule_06_service_labels_are_never_buckets() {
        for label in ["iam", "sts", "s3", "IAM"] {
            let host = format!("{label}.example.test");
            assert_eq!(shown(read(&host, b"/bkt/k", &["example.test"])), "bkt k", "{label}");
            assert!(!is_bucket_host(&host, &["example.test".to_owned()]));
        }
        assert!(is_bucket_host("bkt.example.test", &["example.test".to_owned()]));
    }
}
