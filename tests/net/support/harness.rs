//! The proxy in this process: its application behind an accept loop of our own on a port of the system's choice.

use super::sign::BACKEND;
use super::{NOW, TestGate};
use pingora::apps::ServerApp;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::{GetSocketDigest, SocketDigest};
use rolegate::backend::BackendSigner;
use rolegate::proxy::{AwsChunked, ProxyParts, ProxyService, ProxySettings, Record, Recorder, UpstreamSettings};
use rolegate::types::{Clock, Entropy, Secret, Timestamp};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio_rustls::TlsAcceptor;

pub(crate) struct TestClock;

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::parse_basic(NOW).unwrap()
    }

    /// The time stands still, durations do not.
    fn ticks(&self) -> u64 {
        static BEGIN: OnceLock<tokio::time::Instant> = OnceLock::new();
        BEGIN.get_or_init(tokio::time::Instant::now).elapsed().as_nanos().try_into().unwrap()
    }
}

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for eight in buffer.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            for (to, from) in eight.iter_mut().zip(number) {
                *to = from;
            }
        }
    }
}

/// A record, owned.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) request_id: String,
    pub(crate) target: Option<String>,
    pub(crate) status: u16,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) backend_status: Option<u16>,
    pub(crate) backend_request_id: Option<String>,
    pub(crate) upstream_nanos: Option<u64>,
    pub(crate) fault: Option<String>,
    pub(crate) peer: String,
}

#[derive(Default)]
struct Records {
    list: Mutex<Vec<Ended>>,
    changed: Notify,
}

impl Recorder for Records {
    fn record(&self, record: Record) {
        self.list.lock().unwrap().push(Ended {
            request_id: record.request_id,
            target: record.head.as_ref().map(|head| String::from_utf8_lossy(head.raw_path()).into_owned()),
            status: record.status,
            bytes_in: record.bytes_in,
            bytes_out: record.bytes_out,
            backend_status: record.backend_status,
            backend_request_id: record.backend_request_id,
            upstream_nanos: record.upstream_nanos,
            fault: record.fault.map(|fault| fault.to_string()),
            peer: record.peer.to_string(),
        });
        self.changed.notify_waiters();
    }
}

pub(crate) struct Harness {
    pub(crate) address: SocketAddr,
    records: Arc<Records>,
    stop: watch::Sender<bool>,
}

pub(crate) fn signer() -> Arc<BackendSigner> {
    Arc::new(BackendSigner::new(BACKEND.access_key, Secret::new(BACKEND.secret), "us-east-1", TestClock.now()).unwrap())
}

impl Harness {
    pub(crate) async fn start(backend: SocketAddr) -> Self {
        Self::with(backend, |_, _| {}).await
    }

    pub(crate) async fn with(
        backend: SocketAddr,
        tune: impl FnOnce(&mut ProxySettings, &mut UpstreamSettings),
    ) -> Self {
        Self::with_tls(backend, None, tune).await
    }

    pub(crate) async fn with_tls(
        backend: SocketAddr,
        tls: Option<TlsAcceptor>,
        tune: impl FnOnce(&mut ProxySettings, &mut UpstreamSettings),
    ) -> Self {
        let mut settings = ProxySettings { drain_timeout: Duration::from_millis(500), ..ProxySettings::default() };
        let mut upstream = UpstreamSettings {
            address: backend,
            authority: backend.to_string(),
            tls: None,
            aws_chunked: AwsChunked::Pass,
            connect_timeout: Duration::from_secs(2),
            total_connect_timeout: Duration::from_secs(2),
            read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(10),
        };
        tune(&mut settings, &mut upstream);
        let records = Arc::new(Records::default());
        let service = ProxyService::new(ProxyParts {
            gate: Arc::new(TestGate),
            recorder: Arc::clone(&records) as Arc<dyn Recorder>,
            clock: Arc::new(TestClock),
            entropy: Arc::new(Counter(AtomicU64::new(1))),
            signer: signer(),
            tls,
            settings,
            upstream,
        });
        let proxy = Arc::new(service.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (proxy, stopped) = (Arc::clone(&proxy), stopped.clone());
                tokio::spawn(async move {
                    tcp.set_nodelay(true).unwrap();
                    let digest = SocketDigest::from_raw_fd(tcp.as_raw_fd());
                    let mut stream = Stream::from(tcp);
                    stream.set_socket_digest(digest);
                    proxy.process_new(Box::new(stream), &stopped).await;
                });
            }
        });
        Self { address, records, stop }
    }

    /// Tells the proxy that the server stops.
    pub(crate) fn stop(&self) {
        self.stop.send(true).unwrap();
    }

    /// Waits until so many requests have been recorded.
    pub(crate) async fn records(&self, count: usize) -> Vec<Ended> {
        let waiting = async {
            loop {
                let changed = self.records.changed.notified();
                let list = self.records.list.lock().unwrap().clone();
                if list.len() >= count {
                    return list;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("too few records")
    }
}
