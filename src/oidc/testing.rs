//! What the tests stand on: a provider on a real socket, certificates good and bad, names and a clock of the test's own.

use super::Fetcher;
use super::resolve::Resolver;
use super::source::Source;
use crate::conf::{AllowedHost, Endpoint, Oidc, ProviderAccess};
use crate::entity::{OidcProvider, Owner};
use crate::gateway::{WebKeys, WebKeysError};
use crate::token::jwt::{Algorithm, KeyHint};
use crate::types::{AccountId, Clock, Timestamp, UniqueId};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha1::{Digest, Sha1};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

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

/// What a provider does when it is asked.
#[derive(Clone)]
pub(super) enum Act {
    /// Sends these bytes and closes.
    Raw(Vec<u8>),
    /// Sends these bytes and then nothing.
    Hang(Vec<u8>),
    /// Sends a byte each 20 ms, without an end.
    Trickle(Vec<u8>),
}

impl Act {
    /// A whole answer.
    pub(super) fn answer(status: &str, headers: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
        Self::Raw([head.as_bytes(), body.as_bytes()].concat())
    }

    pub(super) fn json(body: &str) -> Self {
        Self::answer("200 OK", "Content-Type: application/json\r\n", body)
    }
}

/// A provider on a real socket.
pub(super) struct Idp {
    pub(super) address: SocketAddr,
    acts: Arc<Mutex<HashMap<String, Act>>>,
    heads: Arc<Mutex<Vec<String>>>,
    pub(super) connections: Arc<AtomicUsize>,
    pause: Arc<AtomicU64>,
}

impl Idp {
    pub(super) async fn plain() -> Self {
        Self::listen(None).await
    }

    pub(super) async fn tls(chain: &[&Made], key: &KeyPair) -> Self {
        Self::tls_with(chain, key, &[&rustls::version::TLS13, &rustls::version::TLS12]).await
    }

    pub(super) async fn tls_with(
        chain: &[&Made],
        key: &KeyPair,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = chain.iter().map(|made| made.der()).collect();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        Self::listen(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    /// One that shows a certificate and signs with the key of another.
    pub(super) async fn tls_stolen(
        shown: &Made,
        key: &KeyPair,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let both = rustls::sign::CertifiedKey::new(vec![shown.der()], key);
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(both)));
        Self::listen(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let idp = Self {
            address: listener.local_addr().unwrap(),
            acts: Arc::default(),
            heads: Arc::default(),
            connections: Arc::default(),
            pause: Arc::default(),
        };
        let (acts, heads, connections) = (Arc::clone(&idp.acts), Arc::clone(&idp.heads), Arc::clone(&idp.connections));
        let pause = Arc::clone(&idp.pause);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (acts, heads, tls, pause) =
                    (Arc::clone(&acts), Arc::clone(&heads), tls.clone(), Arc::clone(&pause));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &acts, &heads, &pause).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &acts, &heads, &pause).await;
                            }
                        }
                    }
                });
            }
        });
        idp
    }

    /// A URL of this provider.
    pub(super) fn url(&self, scheme: &str, host: &str, path: &str) -> String {
        format!("{scheme}://{host}:{}{path}", self.address.port())
    }

    pub(super) fn act(&self, path: &str, act: Act) {
        self.acts.lock().unwrap().insert(path.to_owned(), act);
    }

    /// Each answer waits for so long.
    pub(super) fn wait(&self, millis: u64) {
        self.pause.store(millis, Ordering::SeqCst);
    }

    /// Serves discovery and keys of the provider with this URL.
    pub(super) fn serve(&self, url: &str, kids: &[&str]) {
        let path = url.split_once("://").unwrap().1.split_once('/').map_or("", |(_, path)| path);
        let path = format!("/{path}");
        let below = path.strip_suffix('/').unwrap_or(&path);
        let keys = format!("{}/keys", url.strip_suffix('/').unwrap_or(url));
        self.act(&format!("{below}/.well-known/openid-configuration"), Act::json(&metadata(url, &keys)));
        self.act(&format!("{below}/keys"), Act::json(&key_set(kids)));
    }

    /// The request heads so far.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// How many requests for a path there were.
    pub(super) fn count(&self, path: &str) -> usize {
        let start = format!("GET {path} HTTP/1.1\r\n");
        self.heads().iter().filter(|head| head.starts_with(&start)).count()
    }

    /// How many connections there were.
    pub(super) fn connected(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    acts: &Mutex<HashMap<String, Act>>,
    heads: &Mutex<Vec<String>>,
    pause: &AtomicU64,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    heads.lock().unwrap().push(head);
    tokio::time::sleep(Duration::from_millis(pause.load(Ordering::SeqCst))).await;
    let act = acts.lock().unwrap().get(&path).cloned();
    match act.unwrap_or_else(|| Act::answer("404 Not Found", "", "")) {
        Act::Raw(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Act::Hang(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Act::Trickle(bytes) => {
            for byte in bytes.iter().cycle() {
                if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

pub(super) fn metadata(issuer: &str, keys: &str) -> String {
    format!(r#"{{"issuer":"{issuer}","jwks_uri":"{keys}","response_types_supported":["id_token"]}}"#)
}

/// A set of keys for ES256 with these ids.
pub(super) fn key_set(kids: &[&str]) -> String {
    let keys: Vec<String> = kids
        .iter()
        .map(|kid| {
            let pair = KeyPair::generate().unwrap();
            let (x, y) = pair.public_key_raw()[1..].split_at(32);
            let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
            format!(r#"{{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"{kid}","x":"{x}","y":"{y}"}}"#)
        })
        .collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

/// A certificate and who can issue with it.
pub(super) struct Made {
    pub(super) certificate: Certificate,
    pub(super) key: KeyPair,
}

/// What a certificate is to be.
pub(super) struct Wish<'a> {
    pub(super) name: &'a str,
    pub(super) authority: bool,
    /// Whether it is for the name as a server's.
    pub(super) server: bool,
    /// Years in which it is valid.
    pub(super) years: (i32, i32),
}

impl<'a> Wish<'a> {
    pub(super) fn server(name: &'a str) -> Self {
        Self { name, authority: false, server: true, years: (2020, 2040) }
    }

    pub(super) fn authority(name: &'a str) -> Self {
        Self { name, authority: true, server: false, years: (2020, 2040) }
    }

    /// As `openssl req -x509` makes a server's: an authority too.
    pub(super) fn both(name: &'a str) -> Self {
        Self { name, authority: true, server: true, years: (2020, 2040) }
    }

    pub(super) fn years(mut self, from: i32, to: i32) -> Self {
        self.years = (from, to);
        self
    }
}

impl Made {
    pub(super) fn new(wish: &Wish<'_>, issuer: Option<&Self>) -> Self {
        let names = if wish.server { vec![wish.name.to_owned()] } else { Vec::new() };
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, wish.name);
        params.is_ca = if wish.authority { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
        params.not_before = date_time_ymd(wish.years.0, 1, 1);
        params.not_after = date_time_ymd(wish.years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = match issuer {
            None => params.self_signed(&key),
            Some(issuer) => params.signed_by(&key, &issuer.certificate, &issuer.key),
        };
        Self { certificate: certificate.unwrap(), key }
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    pub(super) fn thumbprint(&self) -> String {
        hex::encode(Sha1::digest(self.certificate.der()))
    }

    pub(super) fn pem(&self) -> String {
        let body = STANDARD.encode(self.certificate.der());
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
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
