//! The configuration as the settings of each module.

use crate::authn::WebRules;
use crate::backend::{BackendClientSettings, BackendSigner, HttpBackend};
use crate::cli::HookError;
use crate::conf::{AwsChunked, Config, KeyHandling, ServeSecrets, UnrecordedOwner};
use crate::directory;
use crate::gateway;
use crate::proxy::{self, HeadLimits, ProxySettings, UpstreamSettings, UpstreamTls};
use crate::s3::{AddressingRules, KeyRules};
use crate::sigv4::ChunkLimits;
use crate::types::{Clock, Secret};
use pingora::server::configuration::ServerConf;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Absences are remembered for as long as a user who has just made something will wait.
const ABSENCE_SECONDS: u64 = 5;
/// The largest answer of the backend that is read whole: a page of 1000 keys with long names and owners.
const ANSWER_BYTES: usize = 16 << 20;

pub(super) fn directory_settings(config: &Config) -> directory::Settings {
    directory::Settings {
        max_entries: config.cache.max_entries,
        lifetime_seconds: config.cache.lifetime.as_secs(),
        absence_seconds: ABSENCE_SECONDS,
        stale_grace_seconds: config.cache.stale_grace.as_secs(),
    }
}

pub(super) fn gateway_settings(config: &Config) -> gateway::Settings {
    let account = &config.identity.account_id;
    gateway::Settings {
        addressing: AddressingRules {
            domains: config.listen.domains.clone(),
            keys: match config.backend.keys {
                KeyHandling::Exact => KeyRules::Exact,
                KeyHandling::Filesystem => KeyRules::Filesystem,
            },
            buckets: config.backend.bucket_rules(),
        },
        default_account: account.clone(),
        region: config.sigv4.region.clone(),
        max_skew_seconds: i64::try_from(config.sigv4.max_skew.as_secs()).unwrap_or(0),
        unrecorded_owner: config.backend.unrecorded_bucket_owner.as_ref().map(|owner| match owner {
            UnrecordedOwner::Account => gateway::UnrecordedOwner::Account(account.clone()),
            UnrecordedOwner::User(name) => gateway::UnrecordedOwner::User(account.clone(), name.clone()),
        }),
        form_body_bytes: config.limits.form_body_bytes,
        delete_body_bytes: config.limits.delete_body_bytes,
        answer_bytes: ANSWER_BYTES,
        chunks: ChunkLimits { max_chunk: config.limits.max_chunk_bytes as u64, ..ChunkLimits::default() },
        backend_region: config.backend.region.clone(),
        encoded_messages: config.denials.encoded_messages,
        web: WebRules {
            require_client_ids: config.oidc.require_client_ids,
            accept_access_tokens: config.oidc.accept_access_tokens,
        },
    }
}

pub(super) fn proxy_settings(config: &Config) -> ProxySettings {
    let listen = &config.listen;
    ProxySettings {
        head: HeadLimits { head_bytes: listen.max_header_bytes, ..HeadLimits::default() },
        trusted_proxies: listen.trusted_proxies.clone(),
        max_connections: listen.max_connections,
        keepalive: listen.idle_timeout,
        head_timeout: listen.head_timeout,
        body_read_timeout: listen.read_timeout,
        min_receive_rate: listen.min_upload_rate,
        buffered_bytes: config.limits.buffered_bytes,
        ..ProxySettings::default()
    }
}

pub(super) fn server_conf(config: &Config) -> ServerConf {
    ServerConf {
        // One thread for each core that is there: the caches are shared, so more threads cost little.
        threads: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        grace_period_seconds: Some(config.listen.grace.as_secs()),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    }
}

/// What leads to the backend.
pub(super) struct Backend {
    pub(super) signer: Arc<BackendSigner>,
    ca: Vec<Vec<u8>>,
}

impl Backend {
    pub(super) fn new(config: &Config, secrets: &ServeSecrets, clock: &Arc<dyn Clock>) -> Result<Self, HookError> {
        let access_key = secrets.backend_access_key.as_str();
        let secret: Secret = secrets.backend_secret_key.clone();
        let signer = BackendSigner::new(access_key, secret, config.backend.region.clone(), clock.now())
            .map_err(|error| format!("backend.region, backend.access_key, backend.secret_key: {error}"))?;
        let ca = match &config.backend.ca_file {
            Some(path) => {
                let text = std::fs::read(path)
                    .map_err(|error| format!("backend.ca_file: {} cannot be read: {error}", path.display()))?;
                certificates(path, &text).map_err(|reason| format!("backend.ca_file: {reason}"))?
            }
            None => Vec::new(),
        };
        Ok(Self { signer: Arc::new(signer), ca })
    }

    pub(super) fn client(&self, config: &Config, clock: &Arc<dyn Clock>) -> Result<Arc<HttpBackend>, HookError> {
        let backend = &config.backend;
        let settings = BackendClientSettings {
            tls: backend.endpoint.tls,
            authority: backend.endpoint.authority(),
            ca: self.ca.clone(),
            connect_timeout: backend.connect_timeout,
            total_timeout: backend.connect_timeout.saturating_add(backend.read_timeout),
            idle_timeout: backend.idle_timeout,
        };
        Ok(Arc::new(HttpBackend::new(settings, Arc::clone(&self.signer), Arc::clone(clock))?))
    }

    pub(super) fn upstream(&self, config: &Config) -> Result<UpstreamSettings, HookError> {
        let backend = &config.backend;
        let endpoint = &backend.endpoint;
        let mut addresses = (endpoint.host.as_str(), endpoint.port)
            .to_socket_addrs()
            .map_err(|error| format!("backend.endpoint: {} cannot be resolved: {error}", endpoint.host))?;
        let address = addresses.next().ok_or_else(|| format!("backend.endpoint: {} has no address", endpoint.host))?;
        Ok(UpstreamSettings {
            address,
            authority: endpoint.authority(),
            tls: endpoint.tls.then(|| UpstreamTls { server_name: endpoint.host.clone(), ca: self.ca.clone() }),
            aws_chunked: match backend.aws_chunked {
                AwsChunked::Pass => proxy::AwsChunked::Pass,
                AwsChunked::Announce => proxy::AwsChunked::Announce,
                AwsChunked::Decode => proxy::AwsChunked::Decode,
            },
            connect_timeout: backend.connect_timeout,
            total_connect_timeout: backend.connect_timeout + Duration::from_secs(5),
            read_timeout: backend.read_timeout,
            write_timeout: backend.write_timeout,
            idle_timeout: backend.idle_timeout,
        })
    }
}

/// The certificates of `text`, which is that of a PEM file at `path`, in DER.
pub(super) fn certificates(path: &Path, text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let found: Result<Vec<Vec<u8>>, _> =
        CertificateDer::pem_slice_iter(text).map(|found| found.map(|der| der.to_vec())).collect();
    match found {
        Ok(found) if found.is_empty() => Err(format!("{} holds no certificate in PEM form", path.display())),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("{} holds no certificates in PEM form: {error}", path.display())),
    }
}
