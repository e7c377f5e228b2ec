//! From the file's text to a [`Config`]: one function a table, every key named once.

use super::backend_file;
use super::endpoint::is_domain;
use super::oidc::oidc;
use super::reader::{Report, Section};
use super::{
    Admin, Audit, Bootstrap, Cache, Config, Denials, Environment, Identity, Limits, Listen, LogFormat, LogLevel, Logs,
    Mistake, Reference, SigV4, Sink, Store, StoreUrl, TlsFiles, Token,
};
use crate::proxy::AddressRange;
use crate::types::AccountId;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

const MIB: u64 = 1 << 20;
/// The longest time that a key in seconds may say: a day.
pub(super) const DAY: u64 = 86_400;

/// Parses the whole file; with mistakes, all of them.
pub(super) fn parse(text: &str, folder: &Path, environment: &dyn Environment) -> Result<Config, Vec<Mistake>> {
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| vec![Mistake::Syntax { reason: error.to_string().trim_end().to_owned() }])?;
    let report = Report::default();
    let mut root = Section::root(table, folder, &report);
    let store = store(&mut root, folder, environment);
    let config = Config {
        listen: listen(&mut root, folder),
        admin: admin(&mut root),
        backend: backend_file::backend(&mut root, folder),
        token: token(&mut root, store.as_ref()),
        store: store.unwrap_or_default(),
        identity: identity(&mut root),
        sigv4: sigv4(&mut root),
        oidc: oidc(&mut root, folder),
        cache: cache(&mut root),
        limits: limits(&mut root),
        logs: logs(&mut root, folder),
        audit: audit(&mut root),
        denials: denials(&mut root),
        bootstrap: bootstrap(&mut root, folder),
    };
    if config.audit.required && config.logs.audit == Sink::Off {
        root.mistake(Mistake::Conflict {
            key: "audit.required".to_owned(),
            reason: "audit lines are required, but logs.audit is \"off\"; set logs.audit to \"stdout\" or \"file:PATH\"",
        });
    }
    root.finish();
    let mistakes = report.into_inner();
    if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
}

/// `name` in the folder of `database`.
pub(super) fn beside(database: &Path, name: &str) -> PathBuf {
    database.parent().unwrap_or(Path::new("")).join(name)
}

pub(super) fn seconds(section: &mut Section<'_>, key: &'static str, max: u64, default: Duration) -> Duration {
    section.number(key, 1, max).map_or(default, Duration::from_secs)
}

fn count(section: &mut Section<'_>, key: &'static str, min: u64, max: u64, default: usize) -> usize {
    section.number(key, min, max).and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(default)
}

pub(super) fn path(section: &mut Section<'_>, key: &'static str, folder: &Path) -> Option<PathBuf> {
    section.parsed(key, |text| if text.is_empty() { Err("must be the path of a file") } else { Ok(folder.join(text)) })
}

fn socket_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "must be an IP address and a port, such as 127.0.0.1:9080, 0.0.0.0:9080 or [::1]:9080")
}

fn listen(root: &mut Section<'_>, folder: &Path) -> Listen {
    let mut section = root.section("listen");
    let default = Listen::default();
    let listen = Listen {
        address: section.parsed("address", socket_address).unwrap_or(default.address),
        tls: tls(&mut section, folder),
        domains: section.list("domains", domain).unwrap_or_default(),
        trusted_proxies: section.list("trusted_proxies", AddressRange::parse).unwrap_or_default(),
        max_header_bytes: count(&mut section, "max_header_bytes", 4 << 10, MIB, default.max_header_bytes),
        max_connections: count(&mut section, "max_connections", 1, 1 << 20, default.max_connections),
        head_timeout: seconds(&mut section, "head_timeout_seconds", 3600, default.head_timeout),
        min_upload_rate: section.number("min_upload_bytes_per_second", 0, MIB).unwrap_or(default.min_upload_rate),
        idle_timeout: seconds(&mut section, "idle_timeout_seconds", DAY, default.idle_timeout),
        read_timeout: seconds(&mut section, "read_timeout_seconds", DAY, default.read_timeout),
        stop_delay: section.number("stop_delay_seconds", 0, DAY).map_or(default.stop_delay, Duration::from_secs),
        grace: seconds(&mut section, "grace_seconds", DAY, default.grace),
    };
    section.finish();
    listen
}

fn tls(section: &mut Section<'_>, folder: &Path) -> Option<TlsFiles> {
    match (path(section, "tls_cert", folder), path(section, "tls_key", folder)) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        (certificate, _) => {
            let (missing, why) = match certificate {
                Some(_) => ("tls_key", "tls_cert is set, and the certificate needs its private key"),
                None => ("tls_cert", "tls_key is set, and the private key needs its certificate"),
            };
            section.mistake(Mistake::Missing { key: section.key(missing), why });
            None
        }
    }
}

fn domain(text: &str) -> Result<String, &'static str> {
    if is_domain(text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("must be a DNS name such as s3.example.com, without port or wildcard")
    }
}

fn admin(root: &mut Section<'_>) -> Admin {
    let mut section = root.section("admin");
    let address = section.parsed("address", |text| {
        let address = socket_address(text)?;
        if address.ip().to_canonical().is_loopback() {
            Ok(address)
        } else {
            Err("must be a loopback address: health, readiness and metrics are for this host only; let an agent on it pass them on")
        }
    });
    section.finish();
    address.map_or_else(Admin::default, |address| Admin { address })
}

pub(super) fn region(text: &str) -> Result<String, &'static str> {
    let fits = !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits { Ok(text.to_owned()) } else { Err("must be a region name such as us-east-1: letters, digits and `-`") }
}

fn store(root: &mut Section<'_>, folder: &Path, environment: &dyn Environment) -> Option<Store> {
    let mut section = root.section("store");
    let url = match section.text("url") {
        None => Some(StoreUrl::Sqlite(folder.join("state/rolegate.db"))),
        Some(text) => store_url(&section, &text, folder, environment),
    };
    let given = section.has("key");
    let key = section.reference("key");
    let ca_file = path(&mut section, "ca_file", folder);
    let demo = section.boolean("demo").unwrap_or(false);
    let key = key_or_beside(&section, key, given, "key", url.as_ref(), "store.key");
    section.finish();
    Some(Store { url: url?, key: key?, ca_file, demo })
}

fn store_url(section: &Section<'_>, text: &str, folder: &Path, environment: &dyn Environment) -> Option<StoreUrl> {
    let url = match Reference::parse(text, folder) {
        None => StoreUrl::parse_public(text, folder),
        Some(reference) => match reference.resolve_text(environment) {
            Ok(text) => StoreUrl::parse(&text, folder),
            Err(reason) => {
                section.mistake(Mistake::Unresolved { key: section.key("url"), reason });
                return None;
            }
        },
    };
    url.map_err(|error| section.malformed("url", error)).ok()
}

/// The reference given, or with SQLite the file next to the database.
fn key_or_beside(
    section: &Section<'_>,
    reference: Option<Reference>,
    given: bool,
    key: &'static str,
    url: Option<&StoreUrl>,
    file: &str,
) -> Option<Reference> {
    match (reference, url) {
        (Some(reference), _) => Some(reference),
        (None, Some(StoreUrl::Sqlite(database))) => Some(Reference::File(beside(database, file))),
        (None, Some(StoreUrl::Redis(_))) if !given => {
            let why = "with Redis it must be given, the same for every gate: write env:NAME or file:PATH";
            section.mistake(Mistake::Missing { key: section.key(key), why });
            None
        }
        (None, _) => None,
    }
}

fn token(root: &mut Section<'_>, store: Option<&Store>) -> Token {
    let mut section = root.section("token");
    let given = section.has("keys");
    let keys = section.reference("keys");
    let keys = key_or_beside(&section, keys, given, "keys", store.map(|store| &store.url), "token.keys");
    section.finish();
    keys.map_or_else(Token::default, |keys| Token { keys })
}

fn identity(root: &mut Section<'_>) -> Identity {
    let mut section = root.section("identity");
    let account_id = section.parsed("account_id", AccountId::parse).unwrap_or_else(AccountId::empty);
    section.finish();
    Identity { account_id }
}

fn sigv4(root: &mut Section<'_>) -> SigV4 {
    let mut section = root.section("sigv4");
    let default = SigV4::default();
    let sigv4 = SigV4 {
        region: section.parsed("region", region),
        max_skew: seconds(&mut section, "max_skew_seconds", 900, default.max_skew),
    };
    section.finish();
    sigv4
}

fn cache(root: &mut Section<'_>) -> Cache {
    let mut section = root.section("cache");
    let default = Cache::default();
    let cache = Cache {
        stale_grace: section.number("stale_grace_seconds", 0, 3600).map_or(default.stale_grace, Duration::from_secs),
        lifetime: seconds(&mut section, "lifetime_seconds", 300, default.lifetime),
        max_entries: section.number("max_entries", 100, 100_000_000).unwrap_or(default.max_entries),
    };
    section.finish();
    cache
}

fn limits(root: &mut Section<'_>) -> Limits {
    let mut section = root.section("limits");
    let default = Limits::default();
    let limits = Limits {
        max_chunk_bytes: count(&mut section, "max_chunk_bytes", 64 << 10, 64 * MIB, default.max_chunk_bytes),
        form_body_bytes: count(&mut section, "form_body_bytes", 64 << 10, 16 * MIB, default.form_body_bytes),
        delete_body_bytes: count(&mut section, "delete_body_bytes", 64 << 10, 16 * MIB, default.delete_body_bytes),
        buffered_bytes: count(&mut section, "buffered_bytes", MIB, 1 << 40, default.buffered_bytes),
    };
    if limits.buffered_bytes < limits.max_chunk_bytes.max(limits.form_body_bytes).max(limits.delete_body_bytes) {
        let reason =
            "must be at least as large as each of the other limits, or requests within those could never be taken";
        section.mistake(Mistake::Conflict { key: section.key("buffered_bytes"), reason });
    }
    section.finish();
    limits
}

fn logs(root: &mut Section<'_>, folder: &Path) -> Logs {
    let mut section = root.section("logs");
    let default = Logs::default();
    let levels = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    let sink = |text: &str| match (text, text.strip_prefix("file:")) {
        ("off", _) => Ok(Sink::Off),
        ("stdout", _) => Ok(Sink::Stdout),
        (_, Some(path)) if !path.is_empty() => Ok(Sink::File(folder.join(path))),
        _ => Err("must be \"stdout\", \"off\" or \"file:PATH\""),
    };
    let logs = Logs {
        format: section
            .choice("format", &[("json", LogFormat::Json), ("text", LogFormat::Text)])
            .unwrap_or(default.format),
        level: section.choice("level", &levels).unwrap_or(default.level),
        access: section.parsed("access", sink).unwrap_or(default.access),
        audit: section.parsed("audit", sink).unwrap_or(default.audit),
    };
    section.finish();
    logs
}

fn audit(root: &mut Section<'_>) -> Audit {
    let mut section = root.section("audit");
    let required = section.boolean("required").unwrap_or(false);
    section.finish();
    Audit { required }
}

fn denials(root: &mut Section<'_>) -> Denials {
    let mut section = root.section("denials");
    let encoded_messages = section.boolean("encoded_messages").unwrap_or(false);
    section.finish();
    Denials { encoded_messages }
}

fn bootstrap(root: &mut Section<'_>, folder: &Path) -> Bootstrap {
    let mut section = root.section("bootstrap");
    let import = path(&mut section, "import", folder);
    let passphrase = section.reference("passphrase");
    section.finish();
    Bootstrap { import, passphrase }
}
