//! A provider on a real socket.

use super::Made;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::KeyPair;
use rustls::pki_types::PrivateKeyDer;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What a provider does when it is asked.
#[derive(Clone)]
pub(in crate::oidc) enum Act {
    /// Sends these bytes and closes.
    Raw(Vec<u8>),
    /// Sends these bytes and then nothing.
    Hang(Vec<u8>),
    /// Sends a byte each 20 ms, without an end.
    Trickle(Vec<u8>),
}

impl Act {
    /// A whole answer.
    pub(in crate::oidc) fn answer(status: &str, headers: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
        Self::Raw([head.as_bytes(), body.as_bytes()].concat())
    }

    pub(in crate::oidc) fn json(body: &str) -> Self {
        Self::answer("200 OK", "Content-Type: application/json\r\n", body)
    }
}

/// A provider on a real socket.
pub(in crate::oidc) struct Idp {
    pub(in crate::oidc) address: SocketAddr,
    acts: Arc<Mutex<HashMap<String, Act>>>,
    heads: Arc<Mutex<Vec<String>>>,
    pub(in crate::oidc) connections: Arc<AtomicUsize>,
    pause: Arc<AtomicU64>,
}

impl Idp {
    pub(in crate::oidc) async fn plain() -> Self {
        Self::listen(None).await
    }

    pub(in crate::oidc) async fn tls(chain: &[&Made], key: &KeyPair) -> Self {
        Self::tls_with(chain, key, &[&rustls::version::TLS13, &rustls::version::TLS12]).await
    }

    pub(in crate::oidc) async fn tls_with(
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
    pub(in crate::oidc) async fn tls_stolen(
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
    pub(in crate::oidc) fn url(&self, scheme: &str, host: &str, path: &str) -> String {
        format!("{scheme}://{host}:{}{path}", self.address.port())
    }

    pub(in crate::oidc) fn act(&self, path: &str, act: Act) {
        self.acts.lock().unwrap().insert(path.to_owned(), act);
    }

    /// Each answer waits for so long.
    pub(in crate::oidc) fn wait(&self, millis: u64) {
        self.pause.store(millis, Ordering::SeqCst);
    }

    /// Serves discovery and keys of the provider with this URL.
    pub(in crate::oidc) fn serve(&self, url: &str, kids: &[&str]) {
        let path = url.split_once("://").unwrap().1.split_once('/').map_or("", |(_, path)| path);
        let path = format!("/{path}");
        let below = path.strip_suffix('/').unwrap_or(&path);
        let keys = format!("{}/keys", url.strip_suffix('/').unwrap_or(url));
        self.act(&format!("{below}/.well-known/openid-configuration"), Act::json(&metadata(url, &keys)));
        self.act(&format!("{below}/keys"), Act::json(&key_set(kids)));
    }

    /// The request heads so far.
    pub(in crate::oidc) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// How many requests for a path there were.
    pub(in crate::oidc) fn count(&self, path: &str) -> usize {
        let start = format!("GET {path} HTTP/1.1\r\n");
        self.heads().iter().filter(|head| head.starts_with(&start)).count()
    }

    /// How many connections there were.
    pub(in crate::oidc) fn connected(&self) -> usize {
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

pub(in crate::oidc) fn metadata(issuer: &str, keys: &str) -> String {
    format!(r#"{{"issuer":"{issuer}","jwks_uri":"{keys}","response_types_supported":["id_token"]}}"#)
}

/// A set of keys for ES256 with these ids.
pub(in crate::oidc) fn key_set(kids: &[&str]) -> String {
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
