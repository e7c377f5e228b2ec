//! One Redis server: how it is reached, and what must be true of it before a connection is used.

use super::layout;
use crate::store::{Error, RecordKey};
use crate::types::Secret;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, IntoConnectionInfo, ProtocolVersion, RedisError,
};
use redis::{TlsCertificates, cmd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long any one answer, or a new connection, may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Where the store's Redis is.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    url: Secret,
    password: Option<Secret>,
    ca_pem: Option<Vec<u8>>,
}

impl RedisOptions {
    /// `redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]`, `rediss://…` for TLS, or `unix:///PATH[?db=DB]`.
    pub fn new(url: &str) -> Self {
        Self { url: Secret::new(url), password: None, ca_pem: None }
    }

    /// The password, if it is not in the URL.
    #[must_use]
    pub fn password(mut self, password: Secret) -> Self {
        self.password = Some(password);
        self
    }

    /// The certificates (PEM) to trust for `rediss://` in place of the system's.
    #[must_use]
    pub fn ca_pem(mut self, pem: Vec<u8>) -> Self {
        self.ca_pem = Some(pem);
        self
    }
}

/// Why a Redis server cannot be the store. The texts name the server, never the URL: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The URL is none.
    #[error(
        "the Redis URL cannot be read: write redis://USER@HOST:PORT/DB, rediss://… for TLS, or unix:///PATH (encode odd characters of a password as %XX)"
    )]
    Url,
    /// The URL's scheme is not one of ours.
    #[error("Redis URLs begin with redis://, rediss:// or unix://, not with `{0}://`")]
    Scheme(String),
    /// Sentinel is not supported yet.
    #[error("Redis Sentinel is not supported yet: name the primary itself, or an address that follows it")]
    Sentinel,
    /// The password or certificates given cannot be used.
    #[error("the password or the CA certificates for {0} cannot be read")]
    Credentials(String),
    /// It does not answer as it should.
    #[error("{server} {what}")]
    Unreachable {
        /// Host and port, or path.
        server: String,
        /// What it does.
        what: String,
    },
    /// A replica lags and takes no writes (security rule 22).
    #[error("{0} is not a primary: the store must be one")]
    Replica(String),
    /// It may drop records when memory is short (security rule 18).
    #[error("{server} may drop records: set `maxmemory-policy noeviction` there (it is `{policy}`)")]
    Evicts {
        /// Host and port, or path.
        server: String,
        /// Its policy.
        policy: String,
    },
    /// It does not hold the store that was opened (security rule 18).
    #[error("{0} does not hold the store that was opened: its id is missing or another")]
    OtherStore(String),
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::OtherStore(_) => Self::OtherStore,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// The server and the store's identity, once it is known.
pub(super) struct Server {
    client: Client,
    name: String,
    /// The bytes of the store's own record as they were first seen; they never change.
    identity: Mutex<Option<Vec<u8>>>,
}

impl Server {
    pub(super) fn new(options: &RedisOptions) -> Result<Self, OpenError> {
        let url = options.url.expose_str().ok_or(OpenError::Url)?;
        let (scheme, rest) = url.split_once("://").ok_or(OpenError::Url)?;
        match scheme {
            "redis" | "rediss" | "unix" => {}
            other if other.contains("sentinel") => return Err(OpenError::Sentinel),
            other if other.len() <= 20 && other.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'+') => {
                return Err(OpenError::Scheme(other.to_owned()));
            }
            // What stands there may be anything, a password too.
            _ => return Err(OpenError::Url),
        }
        // A fragment would switch the check of the certificate off.
        if rest.contains('#') {
            return Err(OpenError::Url);
        }
        let info = url.into_connection_info().map_err(|_| OpenError::Url)?;
        let name = format!("Redis at {}", info.addr());
        let client = client(info, options).ok_or_else(|| OpenError::Credentials(name.clone()))?;
        Ok(Self { client, name, identity: Mutex::default() })
    }

    /// A new connection to a server that was found fit: a primary, without eviction, with our store.
    pub(super) async fn connect(&self, config: AsyncConnectionConfig) -> Result<MultiplexedConnection, OpenError> {
        let config = config.set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await.map_err(|error| self.unreachable(&error))?;
        self.check(&mut connection).await?;
        Ok(connection)
    }

    /// Whether the server is fit: a primary, without eviction, with our store.
    pub(super) async fn check(&self, connection: &mut MultiplexedConnection) -> Result<(), OpenError> {
        let info: String = cmd("INFO").query_async(connection).await.map_err(|error| self.unreachable(&error))?;
        let field = |name: &str| field(&info, name).unwrap_or_default();
        if field("role") != "master" {
            return Err(OpenError::Replica(self.name.clone()));
        }
        if field("maxmemory_policy") != "noeviction" {
            let policy = field("maxmemory_policy").chars().take(40).collect();
            return Err(OpenError::Evicts { server: self.name.clone(), policy });
        }
        self.check_identity(connection).await
    }

    /// Which run of which server this INFO is of.
    pub(super) fn run_id(info: &str) -> Option<&str> {
        field(info, "run_id")
    }

    /// Whether the store's own record is as it was first seen, if it was (security rule 18).
    pub(super) async fn check_identity(&self, connection: &mut MultiplexedConnection) -> Result<(), OpenError> {
        if !self.is_identified() {
            return Ok(());
        }
        let key = layout::record_key(&RecordKey::meta());
        let found: Option<Vec<u8>> =
            cmd("GET").arg(key).query_async(connection).await.map_err(|error| self.unreachable(&error))?;
        if self.is_ours(found.as_deref()) { Ok(()) } else { Err(self.other_store()) }
    }

    /// Whether it is known which store this is.
    pub(super) fn is_identified(&self) -> bool {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether this is the store's own record as it was first seen.
    pub(super) fn is_ours(&self, meta: Option<&[u8]>) -> bool {
        let identity = self.identity.lock().unwrap_or_else(PoisonError::into_inner);
        identity.is_some() && identity.as_deref() == meta
    }

    /// Takes the store's own record for its identity, if none is known.
    pub(super) fn identify(&self, meta: &[u8]) {
        let mut identity = self.identity.lock().unwrap_or_else(PoisonError::into_inner);
        identity.get_or_insert_with(|| meta.to_vec());
    }

    pub(super) fn unreachable(&self, error: &RedisError) -> OpenError {
        OpenError::Unreachable { server: self.name.clone(), what: describe(error) }
    }

    pub(super) fn other_store(&self) -> OpenError {
        OpenError::OtherStore(self.name.clone())
    }

    pub(super) fn silent(&self) -> OpenError {
        OpenError::Unreachable { server: self.name.clone(), what: SILENT.to_owned() }
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

fn client(info: ConnectionInfo, options: &RedisOptions) -> Option<Client> {
    let mut settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    if let Some(password) = &options.password {
        settings = settings.set_password(password.expose_str()?);
    }
    let info = info.set_redis_settings(settings);
    match &options.ca_pem {
        Some(pem) => {
            Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) }).ok()
        }
        None => Client::open(info).ok(),
    }
}

const REFUSED: &str = "refuses the user name or the password";
const SILENT: &str = "does not answer in time";

/// What the server did. Its own words are left out but for the code before them: they may repeat what was sent.
fn describe(error: &RedisError) -> String {
    match error.code() {
        _ if error.kind() == ErrorKind::AuthenticationFailed => REFUSED.to_owned(),
        Some("WRONGPASS" | "NOAUTH") => REFUSED.to_owned(),
        _ if error.is_connection_refusal() => "refuses connections".to_owned(),
        _ if error.is_timeout() => SILENT.to_owned(),
        _ if error.is_connection_dropped() => "closed the connection".to_owned(),
        Some(code) => format!("answered {code}"),
        None => match std::error::Error::source(error).filter(|_| error.is_io_error()) {
            Some(source) => format!("cannot be talked to: {source}"),
            None => format!("failed: {}", error.category()),
        },
    }
}
