//! What the tests stand on: a provider on a real socket, certificates good and bad, names and a clock of the test's own.

mod certificates;
mod idp;

pub(super) use certificates::{Made, Wish};
pub(super) use idp::{Act, Idp, key_set, metadata};

use super::Fetcher;
use super::resolve::Resolver;
use super::source::Source;
use crate::conf::{AllowedHost, Endpoint, Oidc, ProviderAccess};
use crate::entity::{OidcProvider, Owner};
use crate::gateway::{WebKeys, WebKeysError};
use crate::token::jwt::{Algorithm, KeyHint};
use crate::types::{AccountId, Clock, Timestamp, UniqueId};
use async_trait::async_trait;
use rustls::RootCertStore;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// The wall clock of all tests; the ticks go on as the test says.
#[derive(Default)]
pub(super) struct TestClock(AtomicU64);

impl TestClock {
    pub(super) fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1_000_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::parse_iso8601("2026-11-22T12:00:00Z").unwrap()
    }

    fn ticks(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Names of the test; all others are 127.0.0.1.
#[derive(Default)]
pub(super) struct Names {
    pub(super) known: HashMap<&'static str, Vec<IpAddr>>,
    pub(super) asked: AtomicUsize,
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, endpoint: &Endpoint) -> io::Result<Vec<SocketAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let known = self.known.get(endpoint.host.as_str()).cloned();
        let addresses = known.unwrap_or_else(|| vec![Ipv4Addr::LOCALHOST.into()]);
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, endpoint.port)).collect())
    }
}

/// A fetcher in its surroundings.
pub(super) struct Bench {
    pub(super) clock: Arc<TestClock>,
    pub(super) names: Arc<Names>,
    pub(super) fetcher: Fetcher,
}

/// What the surroundings are to be.
pub(super) struct Setting {
    pub(super) oidc: Oidc,
    pub(super) names: Names,
    pub(super) system: RootCertStore,
    pub(super) limit: Duration,
}

impl Default for Setting {
    fn default() -> Self {
        let names = Names::default();
        Self { oidc: Oidc::default(), names, system: RootCertStore::empty(), limit: Duration::from_secs(5) }
    }
}

impl Setting {
    pub(super) fn allow(mut self, hosts: &[&str]) -> Self {
        self.oidc.allow_hosts.extend(hosts.iter().map(|host| AllowedHost::parse(host).unwrap()));
        self
    }

    pub(super) fn system(mut self, anchor: &Made) -> Self {
        self.system.add(anchor.der()).unwrap();
        self
    }

    pub(super) fn name(mut self, name: &'static str, addresses: &[&str]) -> Self {
        self.names.known.insert(name, addresses.iter().map(|address| address.parse().unwrap()).collect());
        self
    }

    pub(super) fn provider(mut self, url: &str, ca_file: Option<PathBuf>, bearer_token_file: Option<PathBuf>) -> Self {
        self.oidc.providers.push(ProviderAccess { url: url.to_owned(), ca_file, bearer_token_file });
        self
    }

    pub(super) fn times(mut self, refresh: u64, keep: u64) -> Self {
        (self.oidc.refresh, self.oidc.keep) = (Duration::from_secs(refresh), Duration::from_secs(keep));
        self
    }

    pub(super) fn limit(mut self, millis: u64) -> Self {
        self.limit = Duration::from_millis(millis);
        self
    }

    pub(super) fn bench(self) -> Bench {
        let (clock, names) = (Arc::new(TestClock::default()), Arc::new(self.names));
        let shown: Arc<dyn Clock> = clock.clone();
        let source = Source::new(&self.oidc, Arc::clone(&shown)).unwrap();
        let source = source.in_test(names.clone(), self.system, self.limit);
        Bench { clock, names, fetcher: Fetcher::with(source, &self.oidc, shown) }
    }
}

impl Bench {
    /// How many keys there are for a token with this key id.
    pub(super) async fn ask(&self, provider: &OidcProvider, kid: &str) -> Result<usize, WebKeysError> {
        let hint = KeyHint { kid: Some(kid), algorithm: Algorithm::Es256 };
        self.fetcher.keys(provider, &hint).await.map(|keys| keys.len())
    }

    /// Lets what goes on in the background come to its end.
    pub(super) async fn settle(&self) {
        self.fetcher.settle().await;
    }
}

pub(super) fn provider(url: &str, thumbprints: &[String]) -> OidcProvider {
    provider_of(AccountId::empty(), url, thumbprints)
}

pub(super) fn provider_of(account: AccountId, url: &str, thumbprints: &[String]) -> OidcProvider {
    let id = UniqueId::parse("AOIPJQABLZS4A3QDU576Q").unwrap();
    let mut provider = OidcProvider::new(account, url, id, Owner::Account, 0);
    provider.thumbprints = thumbprints.to_vec();
    provider
}
