//! A client that writes raw bytes and reads answers.

use super::tls::client_config;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
    buffer: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the body was as long as announced.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        found.filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }
}

impl Client<TlsStream<TcpStream>> {
    pub(crate) async fn over_tls(address: SocketAddr) -> Self {
        let tcp = Client::connect(address).await.stream;
        let handshake = TlsConnector::from(client_config()).connect("localhost".try_into().unwrap(), tcp);
        let stream = timeout(PATIENCE, handshake).await.expect("the handshake took too long").unwrap();
        Self { stream, buffer: Vec::new() }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await.expect("sending took too long").unwrap();
        self
    }

    /// Sends without caring whether the other side has gone.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        matches!(timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await, Ok(Ok(())))
    }

    /// The next answer, 1xx too.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.answer_to("GET").await
    }

    /// The next answer to a method; HEAD has no body.
    pub(crate) async fn answer_to(&mut self, method: &str) -> Answer {
        self.try_answer_to(method).await.expect("the connection closed without an answer")
    }

    /// The next answer; none if the connection is closed first.
    pub(crate) async fn try_answer_to(&mut self, method: &str) -> Option<Answer> {
        timeout(PATIENCE, self.read_answer(method)).await.expect("no answer in time")
    }

    async fn fill(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.buffer).await, Ok(count) if count > 0)
    }

    async fn read_answer(&mut self, method: &str) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.fill().await {
                return None;
            }
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).unwrap();
        let status: u16 = head[9..12].parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new(), complete: true };
        if method == "HEAD" || (100..200).contains(&status) || matches!(status, 204 | 304) {
            return Some(answer);
        }
        if answer.header("transfer-encoding").is_some() {
            self.read_chunked(&mut answer).await;
        } else if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.buffer.len() < length {
                if !self.fill().await {
                    answer.complete = false;
                    break;
                }
            }
            let take = length.min(self.buffer.len());
            answer.body = self.buffer.drain(..take).collect();
        }
        Some(answer)
    }

    async fn read_chunked(&mut self, answer: &mut Answer) {
        loop {
            let Some(at) = self.buffer.windows(2).position(|window| window == b"\r\n") else {
                if !self.fill().await {
                    answer.complete = false;
                    return;
                }
                continue;
            };
            let size = usize::from_str_radix(std::str::from_utf8(&self.buffer[..at]).unwrap(), 16).unwrap();
            while self.buffer.len() < at + 4 + size {
                if !self.fill().await {
                    answer.complete = false;
                    return;
                }
            }
            answer.body.extend_from_slice(&self.buffer[at + 2..at + 2 + size]);
            self.buffer.drain(..at + 4 + size);
            if size == 0 {
                return;
            }
        }
    }

    /// Whether the server closes the connection, without another byte.
    pub(crate) async fn is_closed(&mut self) -> bool {
        assert!(self.buffer.is_empty(), "unread bytes: {}", String::from_utf8_lossy(&self.buffer));
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await;
        matches!(read.expect("the connection stays open"), Ok(0) | Err(_))
    }

    /// All that still comes, until the server closes the connection.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let read = async { while self.fill().await {} };
        timeout(PATIENCE, read).await.expect("the connection stays open");
        std::mem::take(&mut self.buffer)
    }
}
