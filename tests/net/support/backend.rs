//! A backend that records the raw bytes it got, and does as told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What to do with the next request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Read the body, then write this.
    Answer(Vec<u8>),
    /// Write this after the head, then read on.
    AnswerEarly(Vec<u8>),
    /// Read the body, write this, close.
    AnswerAndClose(Vec<u8>),
    /// Read nothing of the body and say nothing.
    Stall,
    /// Read the body and say nothing.
    StallAfterBody,
    /// Close after the head.
    Cut,
    /// Reset after the head.
    Reset,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) body_length: u64,
    /// Whether the body was there as the head announced it.
    pub(crate) complete: bool,
}

impl Seen {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        found.filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut names: Vec<String> = lines.map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    }
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Act>>,
    seen: Mutex<Vec<Seen>>,
    opened: Mutex<usize>,
    changed: Notify,
}

#[derive(Clone)]
pub(crate) struct FakeBackend {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl FakeBackend {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let backend = Self { address, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                let number = {
                    let mut opened = shared.opened.lock().unwrap();
                    *opened += 1;
                    *opened
                };
                tokio::spawn(async move { serve(stream, number, &shared).await });
            }
        });
        backend
    }

    /// Adds an act; without any, the answer is 200 with `ok`.
    pub(crate) fn then(&self, act: Act) -> &Self {
        self.shared.script.lock().unwrap().push_back(act);
        self
    }

    pub(crate) fn answers(&self, raw: &str) -> &Self {
        self.then(Act::Answer(raw.as_bytes().to_vec()))
    }

    pub(crate) fn connections(&self) -> usize {
        *self.shared.opened.lock().unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// What was seen, once nothing more of it can be on its way.
    pub(crate) async fn settled(&self) -> Vec<Seen> {
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.seen()
    }

    /// Waits until so many requests have ended, well or not.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Seen> {
        let waiting = async {
            loop {
                let changed = self.shared.changed.notified();
                let seen = self.seen();
                if seen.len() >= count {
                    return seen;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the backend saw too few requests")
    }
}

async fn serve(mut stream: TcpStream, connection: usize, shared: &Shared) {
    let mut buffer = Vec::new();
    while let Some(end) = read_head(&mut stream, &mut buffer).await {
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        buffer.drain(..end);
        let act = shared.script.lock().unwrap().pop_front();
        let text = if head.starts_with("HEAD") { "" } else { "ok" };
        let plain = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{text}");
        let act = act.unwrap_or_else(|| Act::Answer(plain.into_bytes()));
        let mut seen = Seen { connection, head, body: Vec::new(), body_length: 0, complete: false };
        let note = |seen: &Seen| {
            shared.seen.lock().unwrap().push(seen.clone());
            shared.changed.notify_waiters();
        };
        match &act {
            Act::Cut => return note(&seen),
            Act::Reset => {
                note(&seen);
                stream.set_zero_linger().unwrap();
                return;
            }
            Act::Stall => {
                note(&seen);
                std::future::pending::<()>().await;
            }
            Act::AnswerEarly(raw) => stream.write_all(raw).await.unwrap(),
            _ => {}
        }
        read_body(&mut stream, &mut buffer, &mut seen).await;
        note(&seen);
        if !seen.complete {
            return;
        }
        match act {
            Act::Answer(raw) => stream.write_all(&raw).await.unwrap_or_default(),
            Act::AnswerAndClose(raw) => return stream.write_all(&raw).await.unwrap_or_default(),
            Act::StallAfterBody => std::future::pending().await,
            _ => {}
        }
    }
}

async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<usize> {
    loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            return Some(at + 4);
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// Bodies beyond this are counted, not kept.
const KEPT: usize = 32 << 20;

async fn read_body(stream: &mut TcpStream, buffer: &mut Vec<u8>, seen: &mut Seen) {
    if seen.header("transfer-encoding").is_some() {
        return read_chunked(stream, buffer, seen).await;
    }
    let mut left: u64 = seen.header("content-length").map_or(0, |text| text.parse().unwrap());
    while left > 0 {
        if buffer.is_empty() && !matches!(stream.read_buf(buffer).await, Ok(count) if count > 0) {
            return;
        }
        let take = buffer.len().min(usize::try_from(left).unwrap());
        let piece: Vec<u8> = buffer.drain(..take).collect();
        keep(seen, &piece);
        left -= take as u64;
    }
    seen.complete = true;
}

fn keep(seen: &mut Seen, piece: &[u8]) {
    seen.body_length += piece.len() as u64;
    if seen.body.len() < KEPT {
        seen.body.extend_from_slice(piece);
    }
}

async fn read_chunked(stream: &mut TcpStream, buffer: &mut Vec<u8>, seen: &mut Seen) {
    loop {
        let line_end = loop {
            if let Some(at) = buffer.windows(2).position(|window| window == b"\r\n") {
                break at;
            }
            if !matches!(stream.read_buf(buffer).await, Ok(count) if count > 0) {
                return;
            }
        };
        let line = String::from_utf8(buffer.drain(..line_end + 2).collect()).unwrap();
        let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
        while buffer.len() < size + 2 {
            if !matches!(stream.read_buf(buffer).await, Ok(count) if count > 0) {
                return;
            }
        }
        let piece: Vec<u8> = buffer.drain(..size + 2).collect();
        keep(seen, &piece[..size]);
        if size == 0 {
            seen.complete = true;
            return;
        }
    }
}
