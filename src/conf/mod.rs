//! The configuration: one typed, complete [`Config`], read from one TOML file.
//!
//! Unknown keys are errors; all mistakes come in one report with the paths of their keys; secrets are
//! references, never values (DESIGN section 11). [`Config::default`] is what `conf/rolegate.toml` says, which
//! a test holds. Nothing here opens a socket; the files named are read through an [`Environment`].

mod backend;
mod backend_file;
mod bootstrap;
mod endpoint;
mod file;
mod key_file;
mod key_file_edit;
mod listening;
mod mistake;
mod oidc;
mod reader;
mod secrets;
mod store_url;

pub use backend::{AwsChunked, Backend, KeyHandling, KeyId, UnrecordedOwner};
pub use bootstrap::{Import, ImportedKey, ImportedRole, ImportedUser};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use key_file::{KeyFileError, fetch_or_make, own_uid};
pub use key_file_edit::KeyFileEdit;
pub use listening::{ListenError, ListenWarning, WEAK_SECRET_BYTES, listen_warnings, may_listen};
pub use mistake::{ConfigErrors, Mistake};
pub use oidc::{AllowedHost, Oidc, ProviderAccess};
pub use secrets::{Environment, ProcessEnvironment, Reference, ReferenceError};
pub use store_url::{InvalidStoreUrl, StoreUrl};

use crate::proxy::AddressRange;
use crate::types::{AccountId, Secret};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// `[listen]`
    pub listen: Listen,
    /// `[admin]`
    pub admin: Admin,
    /// `[backend]`
    pub backend: Backend,
    /// `[store]`
    pub store: Store,
    /// `[identity]`
    pub identity: Identity,
    /// `[token]`
    pub token: Token,
    /// `[sigv4]`
    pub sigv4: SigV4,
    /// `[oidc]`
    pub oidc: Oidc,
    /// `[cache]`
    pub cache: Cache,
    /// `[limits]`
    pub limits: Limits,
    /// `[logs]`
    pub logs: Logs,
    /// `[audit]`
    pub audit: Audit,
    /// `[denials]`
    pub denials: Denials,
    /// `[bootstrap]`
    pub bootstrap: Bootstrap,
}

/// `[listen]`: the listener for S3, IAM and STS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// `address`
    pub address: SocketAddr,
    /// `tls_cert` and `tls_key`, which come together.
    pub tls: Option<TlsFiles>,
    /// `domains`: under these, `BUCKET.DOMAIN` names a bucket. Lower case.
    pub domains: Vec<String>,
    /// `trusted_proxies` (security rule 31).
    pub trusted_proxies: Vec<AddressRange>,
    /// `max_header_bytes`: the most a request head may have.
    pub max_header_bytes: usize,
    /// `max_connections`: connections at once.
    pub max_connections: usize,
    /// `head_timeout_seconds`: how long a whole request head may take.
    pub head_timeout: Duration,
    /// `min_upload_bytes_per_second`: how fast a client must send its body at least; 0 for no such limit.
    pub min_upload_rate: u64,
    /// `idle_timeout_seconds`: how long a connection may wait for its next request.
    pub idle_timeout: Duration,
    /// `read_timeout_seconds`: how long the client may stay silent inside a request.
    pub read_timeout: Duration,
    /// `stop_delay_seconds`: how long requests are still accepted after a stop signal, while `/readyz` says no.
    pub stop_delay: Duration,
    /// `grace_seconds`: how long requests in flight may go on when the server stops.
    pub grace: Duration,
}

/// A certificate chain and its private key, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// `tls_cert`
    pub certificate: PathBuf,
    /// `tls_key`
    pub key: PathBuf,
}

/// `[admin]`: health, readiness and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// `address`; always loopback (security rule 32).
    pub address: SocketAddr,
}

/// `[store]`: where users, keys, roles and bucket records are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// `url`
    pub url: StoreUrl,
    /// `key`: the key that encrypts secrets and proves records (security rule 27). With SQLite, a file that
    /// is missing is made at first start.
    pub key: Reference,
    /// `ca_file`: PEM with the only certificate authorities trusted for `rediss://`; the system's if none.
    pub ca_file: Option<PathBuf>,
    /// `demo`: marks a new store as one with well-known secrets (security rule 32).
    pub demo: bool,
}

/// `[identity]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `account_id`: the default account.
    pub account_id: AccountId,
}

/// `[token]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// `keys`: the key ring of session tokens. With SQLite, a file that is missing is made at first start.
    pub keys: Reference,
}

/// `[sigv4]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigV4 {
    /// `region`: the only region accepted in credential scopes; any if none.
    pub region: Option<String>,
    /// `max_skew_seconds`: how far a client's clock may be off; never beyond 15 minutes.
    pub max_skew: Duration,
}

/// `[cache]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// `stale_grace_seconds`: how long a gate without its store answers from what it knows.
    pub stale_grace: Duration,
    /// `lifetime_seconds`: the longest life of an entry; never beyond 5 minutes (security rule 22).
    pub lifetime: Duration,
    /// `max_entries`: bound of each cache.
    pub max_entries: u64,
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `max_chunk_bytes`: the largest chunk of a signed upload, which is held until it is verified.
    pub max_chunk_bytes: usize,
    /// `form_body_bytes`: the largest IAM or STS form.
    pub form_body_bytes: usize,
    /// `delete_body_bytes`: the largest Delete document.
    pub delete_body_bytes: usize,
    /// `buffered_bytes`: all that is held of request bodies at once.
    pub buffered_bytes: usize,
}

/// `[logs]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// `format`
    pub format: LogFormat,
    /// `level`
    pub level: LogLevel,
    /// `access`: one line a request.
    pub access: Sink,
    /// `audit`: one line a decision.
    pub audit: Sink,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// `key=value` text.
    Text,
}

/// The least severity that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Errors only.
    Error,
    /// And warnings.
    Warn,
    /// And what happens rarely and matters.
    Info,
    /// And what helps to find a fault.
    Debug,
    /// Everything.
    Trace,
}

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// Appended to this file.
    File(PathBuf),
}

/// `[audit]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// `required`: a gate that cannot write audit lines answers 503 (security rule 29).
    pub required: bool,
}

/// `[denials]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Denials {
    /// `encoded_messages`: S3 denials carry an encoded message too (security rule 30).
    pub encoded_messages: bool,
}

/// `[bootstrap]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bootstrap {
    /// `import`: a file applied once to an empty store.
    pub import: Option<PathBuf>,
    /// `passphrase`: where that of the file's secrets is, if it is a file of `rolegate export` that has any.
    pub passphrase: Option<Reference>,
}

/// The secrets that a serving gate needs, fetched. Commands on the store do without.
#[derive(Debug, Clone)]
pub struct ServeSecrets {
    /// Access key id at the backend.
    pub backend_access_key: String,
    /// Its secret.
    pub backend_secret_key: Secret,
}

impl Config {
    /// Reads the file at `path`. Relative paths in it are taken from its folder.
    pub fn load(path: &Path, environment: &dyn Environment) -> Result<Self, ConfigErrors> {
        let read = environment.read(path).map_err(|error| Mistake::Unreadable { reason: error.to_string() });
        let text = read.and_then(|bytes| {
            String::from_utf8(bytes).map_err(|_| Mistake::Syntax { reason: "it is not UTF-8 text".to_owned() })
        });
        let folder = path.parent().unwrap_or(Path::new(""));
        text.map_err(|mistake| vec![mistake])
            .and_then(|text| Self::parse(&text, folder, environment))
            .map_err(|mistakes| ConfigErrors { file: path.to_owned(), mistakes })
    }

    /// Parses the text of a configuration file that stands in `folder`.
    pub fn parse(text: &str, folder: &Path, environment: &dyn Environment) -> Result<Self, Vec<Mistake>> {
        file::parse(text, folder, environment)
    }

    /// Fetches what only a serving gate needs; every reference that leads nowhere is reported.
    pub fn serve_secrets(&self, environment: &dyn Environment) -> Result<ServeSecrets, Vec<Mistake>> {
        let backend = &self.backend;
        let unresolved = |key: &str, reason| Mistake::Unresolved { key: key.to_owned(), reason };
        let id = backend.access_key.resolve(environment).map_err(|e| unresolved("backend.access_key", e));
        let secret = backend.secret_key.resolve(environment).map_err(|e| unresolved("backend.secret_key", e));
        match (id, secret) {
            (Ok(backend_access_key), Ok(backend_secret_key)) => {
                Ok(ServeSecrets { backend_access_key, backend_secret_key })
            }
            (id, secret) => Err([id.err(), secret.err()].into_iter().flatten().collect()),
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: loopback(9080),
            tls: None,
            domains: Vec::new(),
            trusted_proxies: Vec::new(),
            max_header_bytes: 16 << 10,
            max_connections: 10_000,
            head_timeout: Duration::from_secs(30),
            min_upload_rate: 1024,
            idle_timeout: Duration::from_secs(75),
            read_timeout: Duration::from_secs(60),
            stop_delay: Duration::from_secs(1),
            grace: Duration::from_secs(30),
        }
    }
}

impl Default for Admin {
    fn default() -> Self {
        Self { address: loopback(9081) }
    }
}

impl Default for Store {
    fn default() -> Self {
        let database = Path::new("state/rolegate.db");
        Self {
            key: Reference::File(file::beside(database, "store.key")),
            url: StoreUrl::Sqlite(database.to_owned()),
            ca_file: None,
            demo: false,
        }
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self { account_id: AccountId::empty() }
    }
}

impl Default for Token {
    fn default() -> Self {
        Self { keys: Reference::File(file::beside(Path::new("state/rolegate.db"), "token.keys")) }
    }
}

impl Default for SigV4 {
    fn default() -> Self {
        Self { region: None, max_skew: Duration::from_secs(900) }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self { stale_grace: Duration::from_secs(60), lifetime: Duration::from_secs(300), max_entries: 100_000 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_chunk_bytes: 8 << 20,
            form_body_bytes: 1 << 20,
            delete_body_bytes: 2 << 20,
            buffered_bytes: 256 << 20,
        }
    }
}

impl Default for Logs {
    fn default() -> Self {
        Self { format: LogFormat::Json, level: LogLevel::Info, access: Sink::Stdout, audit: Sink::Stdout }
    }
}

#[cfg(test)]
mod tests;
