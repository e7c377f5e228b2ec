//! Wiring: builds everything in order from the configuration, runs it, stops it.

mod admin;
mod certificate;
mod check_backend;
mod clock;
mod find_bucket;
mod gate;
mod last_used;
mod open_files;
mod parts;
mod readiness;
mod reload;
mod stop;

pub use clock::{DrawnEntropy, SystemClock, SystemEntropy};

use crate::cli::{self, HookError, Hooks, ServeOptions};
use crate::conf::{self, Config, ProcessEnvironment, WEAK_SECRET_BYTES};
use crate::directory::{self, CachedDirectory, Epochs};
use crate::gateway::{CommitListener, Gateway};
use crate::oidc::Fetcher;
use crate::proxy::{ProxyParts, ProxyService, proxy_service};
use crate::store::{RecordKey, Records};
use crate::telemetry::{self, Metrics, Telemetry};
use crate::types::{Clock, Entropy};
use certificate::Certificate;
use gate::{Gatekeeper, InFlight, Recording};
use last_used::LastUses;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::server::{RunArgs, Server};
use pingora::services::listening::Service;
use readiness::Readiness;
use reload::{Kept, TokenKeys};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// What the command line calls.
pub fn hooks() -> Hooks {
    Hooks {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        serve,
        check_backend: check_backend::run,
        has_bucket: find_bucket::has_bucket,
    }
}

/// The gate cannot start. Each says which configuration key is concerned.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("{key}: cannot listen on {address}: {reason}")]
    Bind { key: &'static str, address: SocketAddr, reason: std::io::Error },
    #[error("listen.tls_cert, listen.tls_key: {0}")]
    Tls(String),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Secrets(Vec<conf::Mistake>),
}

/// Drops what this gate's own commits have made out of date, at once.
struct Forget(Arc<Epochs>);

impl CommitListener for Forget {
    fn committed(&self, key: &RecordKey) {
        self.0.forget(key);
    }
}

/// Serves until stopped.
fn serve(config: Config, options: ServeOptions) -> Result<(), HookError> {
    telemetry::init_logging(&config.logs)?;
    let secrets = config.serve_secrets(&ProcessEnvironment).map_err(StartError::Secrets)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    free_to_bind("listen.address", config.listen.address)?;
    free_to_bind("admin.address", config.admin.address)?;

    // The store's connections and the feed live on a runtime of their own, beside pingora's.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (records, token_keys, weak) = runtime.block_on(open(&config, &clock, &entropy))?;
    conf::may_listen(&config, records.is_demo(), weak, options.allow_weak)?;
    open_files::allow_for(config.listen.max_connections);
    for warning in conf::listen_warnings(&config, records.is_demo() || weak) {
        tracing::warn!("{warning}");
    }
    let epochs = Arc::new(Epochs::default());
    // Either store is heard of all the time: should its feed be off already, nobody would say so.
    epochs.heard(clock.ticks());
    runtime.spawn(directory::follow(records.clone(), Arc::clone(&epochs), Arc::clone(&clock)));
    let ring = Arc::clone(token_keys.ring());
    let certificate = config.listen.tls.clone().map(Certificate::open).transpose().map_err(StartError::Tls)?;
    let tls = certificate.as_ref().map(Certificate::acceptor).transpose().map_err(StartError::Tls)?;
    let token_keys: Box<dyn Kept> = Box::new(token_keys);
    let certificate = certificate.map(|certificate| Box::new(certificate) as Box<dyn Kept>);
    runtime.spawn(reload::follow(std::iter::once(token_keys).chain(certificate).collect()));
    let directory = Arc::new(CachedDirectory::new(
        records.clone(),
        Arc::clone(&ring),
        config.identity.account_id.clone(),
        Arc::clone(&clock),
        Arc::clone(&epochs),
        &parts::directory_settings(&config),
    ));
    let last_uses = Arc::new(LastUses::default());
    runtime.spawn(Arc::clone(&last_uses).write_down(records.clone()));
    let metrics = Arc::new(Metrics::new()?);
    let telemetry = Arc::new(Telemetry::start(&config.logs, config.audit.required, Arc::clone(&metrics))?);
    let in_flight = Arc::new(InFlight::default());
    let readiness = Arc::new(Readiness::new(records.clone(), Arc::clone(&telemetry)));
    let web_keys = Arc::new(Fetcher::new(&config.oidc, Arc::clone(&clock))?);
    let backend = parts::Backend::new(&config, &secrets, &clock)?;

    let gateway = Gateway {
        directory: Arc::clone(&directory) as Arc<dyn crate::authn::Directory>,
        records: records.clone(),
        last_used: Arc::clone(&last_uses) as Arc<dyn crate::authn::LastUsedRecorder>,
        listener: Arc::new(Forget(epochs)),
        strangers: Arc::new(directory::Strangers::default()),
        web_keys: Arc::clone(&web_keys) as Arc<dyn crate::gateway::WebKeys>,
        backend: backend.client(&config, &clock)?,
        ring,
        clock: Arc::clone(&clock),
        entropy,
        settings: parts::gateway_settings(&config),
    };
    let service = ProxyService::new(ProxyParts {
        gate: Arc::new(Gatekeeper { gateway, telemetry: Arc::clone(&telemetry), in_flight: Arc::clone(&in_flight) }),
        recorder: Arc::new(Recording { telemetry: Arc::clone(&telemetry), in_flight: Arc::clone(&in_flight) }),
        clock,
        entropy: Arc::new(DrawnEntropy),
        signer: Arc::clone(&backend.signer),
        tls,
        settings: parts::proxy_settings(&config),
        upstream: backend.upstream(&config)?,
    })?;
    let conf = parts::server_conf(&config);
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let mut listening = proxy_service(service);
    let address = config.listen.address.to_string();
    listening.add_listener(ListenerConfig::tcp(address).l4_buffer(L4BufferSettings::unbuffered()));
    server.add_service(listening);
    let admin = admin::Admin { metrics, directory, web_keys, readiness: Arc::clone(&readiness) };
    let mut admin_service = Service::new("admin".to_owned(), admin);
    admin_service.add_tcp(&config.admin.address.to_string());
    server.add_service(stop::UntilTheEnd::new(admin_service));
    tracing::info!(address = %config.listen.address, admin = %config.admin.address, "serving");
    let delay = config.listen.stop_delay;
    let handle = runtime.handle().clone();
    let at_end: Arc<dyn Fn() + Send + Sync> = Arc::new(move || last_uses.flush_at_end(&records, &handle));
    let signals = stop::StopSignals {
        readiness,
        in_flight,
        telemetry: Arc::clone(&telemetry),
        delay,
        at_end: Arc::clone(&at_end),
    };
    server.run(RunArgs { shutdown_signal: Box::new(signals) });
    at_end();
    telemetry.flush();
    runtime.shutdown_background();
    Ok(())
}

/// Opens the store, applies the configured import to an empty one, reads the key ring; also says whether a user has
/// a weak secret.
async fn open(
    config: &Config,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<(Records, TokenKeys, bool), HookError> {
    let (records, _store) = cli::open_store(config, &ProcessEnvironment, &hooks()).await?;
    let admin = cli::Administration {
        records: &records,
        account: &config.identity.account_id,
        default_account: &config.identity.account_id,
        entropy: &**entropy,
        now: clock.now(),
    };
    if cli::import_once(config, &ProcessEnvironment, &admin).await? {
        tracing::info!("the configured import was applied to the empty store");
    }
    let weak = admin.has_weak_secret(WEAK_SECRET_BYTES).await?;
    let text = cli::token_keys(config, &ProcessEnvironment, &**entropy)?;
    Ok((records, TokenKeys::new(config.clone(), text)?, weak))
}

/// pingora tries a taken address for half a minute and then lives on without a listener: asked here instead.
fn free_to_bind(key: &'static str, address: SocketAddr) -> Result<(), StartError> {
    TcpListener::bind(address).map(drop).map_err(|reason| StartError::Bind { key, address, reason })
}
