//! `[backend]` from the file.

use super::backend::{AwsChunked, Backend, KeyHandling, KeyId, UnrecordedOwner};
use super::endpoint::Endpoint;
use super::file::{DAY, path, region, seconds};
use super::reader::Section;
use super::{Mistake, Reference};
use crate::entity::user_name;
use std::path::Path;
use toml::Value;

pub(super) fn backend(root: &mut Section<'_>, folder: &Path) -> Backend {
    if let Some(several) = root.several("backend") {
        root.mistake(several);
        return Backend::default();
    }
    let mut section = root.section("backend");
    for (key, why) in [
        ("endpoint", "write the URL of the S3 server, such as http://127.0.0.1:9000"),
        ("access_key", "write the gate's access key id at the S3 server, or env:NAME or file:PATH where it is"),
        ("secret_key", "write env:NAME or file:PATH where the S3 server's secret is"),
    ] {
        if !section.has(key) {
            section.mistake(Mistake::Missing { key: section.key(key), why });
        }
    }
    let default = Backend::default();
    let backend = Backend {
        endpoint: section.parsed("endpoint", Endpoint::parse).unwrap_or(default.endpoint),
        region: section.parsed("region", region).unwrap_or(default.region),
        access_key: section.parsed("access_key", |text| key_id(text, folder)).unwrap_or(default.access_key),
        secret_key: section.reference("secret_key").unwrap_or(default.secret_key),
        ca_file: path(&mut section, "ca_file", folder),
        keys: section
            .choice("keys", &[("filesystem", KeyHandling::Filesystem), ("exact", KeyHandling::Exact)])
            .unwrap_or(default.keys),
        relaxed_names: section.boolean("relaxed_names").unwrap_or(default.relaxed_names),
        reserved_buckets: section.list("reserved_buckets", bucket_name).unwrap_or_default(),
        unrecorded_bucket_owner: section.parsed("unrecorded_bucket_owner", unrecorded_owner),
        aws_chunked: section
            .choice(
                "aws_chunked",
                &[("pass", AwsChunked::Pass), ("announce", AwsChunked::Announce), ("decode", AwsChunked::Decode)],
            )
            .unwrap_or(default.aws_chunked),
        connect_timeout: seconds(&mut section, "connect_timeout_seconds", 300, default.connect_timeout),
        read_timeout: seconds(&mut section, "read_timeout_seconds", DAY, default.read_timeout),
        write_timeout: seconds(&mut section, "write_timeout_seconds", DAY, default.write_timeout),
        idle_timeout: seconds(&mut section, "idle_timeout_seconds", DAY, default.idle_timeout),
    };
    // Read so that it is known; the gate's own bucket policies are the only kind of this version.
    section.parsed("bucket_policy", |text| match text {
        "gate" => Ok(()),
        "backend" => {
            Err("\"backend\" is not available in this version: bucket policies are the gate's, write \"gate\"")
        }
        _ => Err("must be \"gate\""),
    });
    section.finish();
    backend
}

fn bucket_name(text: &str) -> Result<String, &'static str> {
    let fits = (1..=255).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    if fits { Ok(text.to_owned()) } else { Err("must be a bucket name: letters, digits, `.`, `-` and `_`") }
}

fn key_id(text: &str, folder: &Path) -> Result<KeyId, &'static str> {
    let fits = (3..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    match Reference::parse(text, folder) {
        Some(reference) => Ok(KeyId::At(reference)),
        None if fits => Ok(KeyId::Given(text.to_owned())),
        None => Err("must be an access key id, or env:NAME or file:PATH where it is"),
    }
}

fn unrecorded_owner(text: &str) -> Result<UnrecordedOwner, &'static str> {
    match text.split_once(':') {
        None if text == "account" => Ok(UnrecordedOwner::Account),
        Some(("user", name)) if user_name(name).is_ok() => Ok(UnrecordedOwner::User(name.to_owned())),
        _ => Err("must be `account` (the default account) or `user:NAME` (a standalone user of it)"),
    }
}

impl Section<'_> {
    /// `[[backend]]`, which a later version may have, is told apart from a mere wrong type.
    fn several(&mut self, key: &'static str) -> Option<Mistake> {
        match self.peek(key) {
            Some(Value::Array(_)) => {
                self.take(key);
                let reason = "this version has one backend: write a single [backend] table instead of [[backend]]";
                Some(Mistake::Conflict { key: self.key(key), reason })
            }
            _ => None,
        }
    }
}
