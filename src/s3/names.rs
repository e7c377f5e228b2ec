//! Bucket names (rule 2) and object keys (rule 4).
//!
//! A key is bytes, never lossily decoded text. Under `filesystem` rules a key that a filesystem backend
//! would fold onto another object is refused, wherever it enters. A key that ends in `/` is among those:
//! SeaweedFS 4.48 reads `c.txt` for the copy source `c.txt/` and for GetObjectAttributes of `c.txt/`, and
//! stores `e/e` for a PutObject of `e/` with a body. Prefixes and markers of listings may end in `/`.
//! So are keys that are not UTF-8 (the copy source `%FE` gives it the object named U+FFFD), and segments
//! under which such a backend keeps other objects' bytes: SeaweedFS gives versions of `s.txt` for the key
//! `s.txt.versions/v_ID`, and reads and overwrites others' parts below `.uploads/`.

use super::error::{Error, Folding, Shown};

/// A checked bucket name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BucketName(Box<str>);

/// Which names a bucket may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketRules {
    /// Admits `[A-Z_]` and 255 characters, as the oldest region of AWS did.
    pub relaxed: bool,
    /// Paths of the backend's private APIs, compared without case.
    pub reserved: Vec<String>,
}

/// What every kind of backend may answer on paths of its own.
pub const RESERVED_BUCKETS: [&str; 9] =
    ["minio", "rustfs", "admin", "swift", "auth", "api", "status", "healthz", "metrics"];

/// What no name of a bucket begins with ("General purpose bucket naming rules"). `amzn-s3-demo-` is not among them:
/// examples have it, and it is kept for them only where buckets are the whole world's.
const RESERVED_STARTS: [&str; 2] = ["xn--", "sthree-"];

/// How names end by which S3 means something else than a bucket: access points, Object Lambda, Multi-Region Access
/// Points, directory buckets and table buckets. None of them is ever forwarded (rule 8): a backend that knows them
/// would take them to data of another bucket than the one that was judged.
const RESERVED_ENDS: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

impl Default for BucketRules {
    fn default() -> Self {
        Self { relaxed: false, reserved: RESERVED_BUCKETS.map(str::to_owned).to_vec() }
    }
}

impl BucketName {
    /// Checks a decoded name. Names that are not letters or digits at both ends, have `..`, or look like an
    /// IPv4 address are refused as S3 refuses them.
    pub fn parse(name: &[u8], rules: &BucketRules) -> Result<Self, Error> {
        let longest = if rules.relaxed { 255 } else { 63 };
        let relaxed = |byte: u8| rules.relaxed && (byte.is_ascii_uppercase() || byte == b'_');
        let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || relaxed(byte);
        let fits = (3..=longest).contains(&name.len())
            && name.iter().all(|&byte| alphanumeric(byte) || matches!(byte, b'.' | b'-'))
            && name.first().is_some_and(|&byte| alphanumeric(byte))
            && name.last().is_some_and(|&byte| alphanumeric(byte))
            && !name.windows(2).any(|pair| pair == b"..");
        let text = std::str::from_utf8(name).ok().filter(|text| fits && text.parse::<std::net::Ipv4Addr>().is_err());
        let text = text.ok_or_else(|| Error::BucketName(Shown::new(name)))?;
        let lower = text.to_ascii_lowercase();
        if rules.reserved.iter().any(|reserved| reserved.eq_ignore_ascii_case(text))
            || RESERVED_STARTS.iter().any(|start| lower.starts_with(start))
            || RESERVED_ENDS.iter().any(|end| lower.ends_with(end))
        {
            return Err(Error::ReservedBucket(Shown::new(name)));
        }
        Ok(Self(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name at a backend that keeps several accounts apart by a prefix; checked like any other name.
    pub fn with_prefix(&self, prefix: &str, rules: &BucketRules) -> Result<Self, Error> {
        Self::parse(format!("{prefix}{self}").as_bytes(), rules)
    }
}

impl std::fmt::Display for BucketName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the backend treats awkward keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KeyRules {
    /// Every key is its own object, as in AWS.
    Exact,
    /// The backend may fold keys like paths, so those are refused.
    #[default]
    Filesystem,
}

/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 1024;

/// A checked object key: 1 to 1024 bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey(Box<[u8]>);

impl ObjectKey {
    /// Checks decoded bytes.
    pub fn parse(key: Vec<u8>, rules: KeyRules) -> Result<Self, Error> {
        match key.len() {
            0 => return Err(Error::EmptyKey),
            1..=MAX_KEY_BYTES => {}
            longer => return Err(Error::KeyTooLong(longer)),
        }
        if rules == KeyRules::Filesystem {
            refuse_folding(&key, &key)?;
        }
        Ok(Self(key.into()))
    }

    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ObjectKey({:?})", String::from_utf8_lossy(&self.0))
    }
}

/// Checks a prefix or marker of a listing: as a key, but it may be empty and may end in `/`.
pub(crate) fn check_listing_name(name: &[u8], rules: KeyRules) -> Result<(), Error> {
    if name.len() > MAX_KEY_BYTES {
        return Err(Error::KeyTooLong(name.len()));
    }
    if rules == KeyRules::Exact || name.is_empty() {
        return Ok(());
    }
    let segments = name.strip_suffix(b"/").unwrap_or(name);
    refuse_folding(segments, name)
}

/// Checks an id that the backend gave: of an upload or a version. Backends that keep objects as files make paths of
/// them too.
pub(super) fn check_id(id: &[u8], rules: KeyRules) -> Result<(), Error> {
    if rules == KeyRules::Exact { Ok(()) } else { refuse_folding(id, id) }
}

/// Checks where a listing is to go on, which the backend said itself: it may be any name, but no way out of the bucket.
pub(super) fn check_token(token: &[u8], rules: KeyRules) -> Result<(), Error> {
    let leads_out = || token.split(|byte| matches!(byte, b'/' | b'\\')).any(|segment| matches!(segment, b"." | b".."));
    if rules == KeyRules::Filesystem && leads_out() {
        return Err(Error::FoldedName { name: Shown::new(token), folding: Folding::DotSegment });
    }
    Ok(())
}

/// A folder of the backend's own inside a bucket: parts of uploads, versions of a neighbour.
fn is_private(segment: &[u8]) -> bool {
    segment == b".uploads" || segment.ends_with(b".versions")
}

fn refuse_folding(segments: &[u8], shown: &[u8]) -> Result<(), Error> {
    let folding = if segments.contains(&0) {
        Some(Folding::Nul)
    } else if std::str::from_utf8(shown).is_err() {
        Some(Folding::NotUtf8)
    } else if segments.contains(&b'\\') {
        Some(Folding::Backslash)
    } else {
        segments.split(|byte| *byte == b'/').find_map(|segment| match segment {
            b"" => Some(Folding::EmptySegment),
            b"." | b".." => Some(Folding::DotSegment),
            private if is_private(private) => Some(Folding::Private),
            _ => None,
        })
    };
    match folding {
        Some(folding) => Err(Error::FoldedName { name: Shown::new(shown), folding }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_02_bucket_names() {
        let rules = BucketRules::default();
        for good in ["abc", "a.b-c", "logs.prod.example.com", "0-9", &"a".repeat(63)] {
            assert!(BucketName::parse(good.as_bytes(), &rules).is_ok(), "{good}");
        }
        let long = "a".repeat(64);
        for bad in [
            "", "ab", "Abc", "a_b", "a/b", "a:b", "a\\b", "a%b", "a b", "-ab", "ab-", ".ab", "ab.", "a..b", "1.2.3.4",
            "b\u{e9}e", &long,
        ] {
            assert!(matches!(BucketName::parse(bad.as_bytes(), &rules), Err(Error::BucketName(_))), "{bad}");
        }
        let relaxed = BucketRules { relaxed: true, ..BucketRules::default() };
        for (name, admitted) in [("A_b", true), (long.as_str(), true), ("a/b", false), ("a:b", false), ("a%b", false)] {
            assert_eq!(BucketName::parse(name.as_bytes(), &relaxed).is_ok(), admitted, "{name}");
        }
    }

    #[test]
    fn rule_02_reserved_names_are_refused_in_any_case() {
        for relaxed in [false, true] {
            let rules = BucketRules { relaxed, ..BucketRules::default() };
            for name in RESERVED_BUCKETS {
                assert!(matches!(BucketName::parse(name.as_bytes(), &rules), Err(Error::ReservedBucket(_))), "{name}");
            }
            for name in [
                "Minio",
                "xn--bcher-kva",
                "sthree-x",
                "a-s3alias",
                "a--ol-s3",
                "a.mrap",
                "a--use1-az4--x-s3",
                "a--table-s3",
            ] {
                let refused = BucketName::parse(name.as_bytes(), &rules);
                assert!(refused.is_err(), "{name}");
            }
            for name in ["a-xn--b", "asthree-", "s3alias", "a-s3alias-b", "a.mrap.b", "a-x-s3", "amzn-s3-demo-bucket"] {
                let name = name.trim_end_matches('-');
                assert!(BucketName::parse(name.as_bytes(), &rules).is_ok(), "{name}");
            }
            let prefixed = BucketName::parse(b"nio", &rules).unwrap().with_prefix("mi", &rules);
            assert!(matches!(prefixed, Err(Error::ReservedBucket(_))));
        }
    }

    #[test]
    fn rule_04_filesystem_keys_refuse_what_folds() {
        for bad in [
            "/a",
            "a//b",
            "a/",
            "/",
            ".",
            "..",
            "a/.",
            "a/..",
            "../a",
            "./a",
            "a/./b",
            "a/../b",
            "a\\b",
            "a\0",
            ".uploads/id/1.part",
            "s.txt.versions/v_1",
            "a/s.versions",
        ] {
            let key = bad.as_bytes().to_vec();
            let refused = ObjectKey::parse(key.clone(), KeyRules::Filesystem);
            assert!(matches!(refused, Err(Error::FoldedName { .. })), "{bad:?}");
            assert_eq!(ObjectKey::parse(key.clone(), KeyRules::Exact).unwrap().as_bytes(), key);
        }
        for good in [
            "a",
            "a/b",
            "...",
            "a/...",
            ".a",
            "a.",
            "a b",
            "\u{e9}",
            "%2F",
            "a?b",
            "a#b",
            "a/.b/..c",
            "uploads",
            "versions/x",
        ] {
            assert!(ObjectKey::parse(good.as_bytes().to_vec(), KeyRules::Filesystem).is_ok(), "{good:?}");
        }
        for bad in ["../b", "id/../../b", "id/..", "id/", "/", "a\\b", "a\0"] {
            assert!(check_id(bad.as_bytes(), KeyRules::Filesystem).is_err(), "{bad:?}");
            assert!(check_id(bad.as_bytes(), KeyRules::Exact).is_ok(), "{bad:?}");
        }
        for good in ["null", "3sL4kqtJlcpX+r.m_S-p", "VXBsb2FkIElE/+=32", "2~x", "id..", "..."] {
            assert!(check_id(good.as_bytes(), KeyRules::Filesystem).is_ok(), "{good:?}");
        }
        assert_eq!(ObjectKey::parse(vec![], KeyRules::Exact), Err(Error::EmptyKey));
        assert_eq!(ObjectKey::parse(vec![b'a'; 1025], KeyRules::Exact), Err(Error::KeyTooLong(1025)));
        assert!(ObjectKey::parse(vec![0xff; 1024], KeyRules::Exact).is_ok());
        assert!(ObjectKey::parse(vec![b'a', 0xff], KeyRules::Filesystem).is_err());
    }

    #[test]
    fn rule_04_prefixes_may_end_in_a_slash_but_not_fold() {
        for good in ["", "a/", "a/b", "a/b/", "..."] {
            assert!(check_listing_name(good.as_bytes(), KeyRules::Filesystem).is_ok(), "{good}");
        }
        for bad in ["/", "//", "a//", "../", "..", "a/..", "a/../", "./", "\\", "a\0", "/a"] {
            assert!(check_listing_name(bad.as_bytes(), KeyRules::Filesystem).is_err(), "{bad}");
            assert!(check_listing_name(bad.as_bytes(), KeyRules::Exact).is_ok(), "{bad}");
        }
        for (token, is_way_out) in [("../b/k", true), ("a/../../b", true), ("a\\..", true), ("..", true), ("./a", true)]
        {
            assert_eq!(check_token(token.as_bytes(), KeyRules::Filesystem).is_err(), is_way_out, "{token}");
            assert!(check_token(token.as_bytes(), KeyRules::Exact).is_ok(), "{token}");
        }
        for token in ["", "a/", "//a", "...", "a..b", "s.txt.versions/v_1", "W2xvbmddL/+=="] {
            assert!(check_token(token.as_bytes(), KeyRules::Filesystem).is_ok(), "{token}");
        }
    }
}
