//! Where keys come from: discovery, then the key set it names, in the way the configuration says for the provider.

use super::Error;
use super::document::keys_of;
use super::request::{Bearer, Way};
use super::resolve::{Resolver, SystemResolver};
use super::target::Target;
use super::trust::{Thumbprint, client_config};
use crate::conf::{AllowedHost, Oidc, ProcessEnvironment, ProviderAccess, Reference};
use crate::token::jwt::KeySet;
use crate::types::Clock;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// What a document may take (security rule 26).
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// The ways to all providers.
pub(super) struct Source {
    resolver: Arc<dyn Resolver>,
    allowed: Vec<AllowedHost>,
    providers: Vec<ProviderAccess>,
    clock: Arc<dyn Clock>,
    /// The system's trust anchors, read when they are needed first.
    system: OnceCell<Arc<RootCertStore>>,
    /// For each document.
    pub(super) limit: Duration,
}

/// One provider as it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) url: String,
    pub(super) thumbprints: Vec<Thumbprint>,
}

impl Source {
    /// Checks each CA file of the configuration, so that one that is of no use is found at start.
    pub(super) fn new(oidc: &Oidc, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        oidc.providers
            .iter()
            .filter_map(|provider| provider.ca_file.as_deref())
            .try_for_each(|path| anchors_of(path).map(drop))?;
        Ok(Self {
            resolver: Arc::new(SystemResolver),
            allowed: oidc.allow_hosts.clone(),
            providers: oidc.providers.clone(),
            clock,
            system: OnceCell::new(),
            limit: LIMIT,
        })
    }

    /// The provider's keys, as they are now.
    pub(super) async fn fetch(&self, asked: &Asked) -> Result<KeySet, Error> {
        let discovery = Target::discovery(&asked.url)?;
        let way = self.way(asked, &discovery).await?;
        let keys = keys_of(&way.get(&discovery).await?, &asked.url)?;
        KeySet::parse(&way.get(&keys).await?).map_err(|_| Error::NotKeys)
    }

    async fn way(&self, asked: &Asked, discovery: &Target) -> Result<Way<'_>, Error> {
        let access = self.providers.iter().find(|provider| provider.url == asked.url);
        let anchors = match access.and_then(|access| access.ca_file.clone()) {
            // Read each time: authorities inside of a cluster are renewed.
            Some(path) => blocking(move || anchors_of(&path)).await?,
            None => Arc::clone(self.system.get_or_try_init(|| blocking(|| Ok(system_anchors()))).await?),
        };
        let bearer = match access.and_then(|access| access.bearer_token_file.clone()) {
            // Read each time: tokens of service accounts are renewed.
            Some(path) => {
                let reference = Reference::File(path);
                let token = blocking(move || reference.resolve(&ProcessEnvironment).map_err(Error::BearerFile)).await?;
                Some(Bearer { origin: discovery.endpoint.clone(), token })
            }
            None => None,
        };
        // Who registers a provider does not choose who may see the operator's token.
        let thumbprints = if bearer.is_some() { Vec::new() } else { asked.thumbprints.clone() };
        let tls = client_config(anchors, thumbprints, Arc::clone(&self.clock))?;
        Ok(Way { resolver: &*self.resolver, allowed: &self.allowed, tls, bearer, limit: self.limit })
    }

    /// The same with other names, anchors and limit than the system's.
    #[cfg(test)]
    pub(super) fn in_test(mut self, resolver: Arc<dyn Resolver>, anchors: RootCertStore, limit: Duration) -> Self {
        self.resolver = resolver;
        self.system = OnceCell::new_with(Some(Arc::new(anchors)));
        self.limit = limit;
        self
    }
}

/// Work on files, on a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    // The task is neither cancelled nor does it panic; else there is nothing to go on with.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Busy))
}

/// The trust anchors of the system; perhaps none, and then certificates lead to none.
fn system_anchors() -> Arc<RootCertStore> {
    let mut anchors = RootCertStore::empty();
    anchors.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(anchors)
}

/// The trust anchors of a CA file: all of its certificates, and one at least.
fn anchors_of(path: &Path) -> Result<Arc<RootCertStore>, Error> {
    let unusable = || Error::CaFile(path.to_owned());
    let mut anchors = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unusable())? {
        anchors.add(certificate.map_err(|_| unusable())?).map_err(|_| unusable())?;
    }
    if anchors.is_empty() { Err(unusable()) } else { Ok(Arc::new(anchors)) }
}
