//! The client's connection: its bytes, its address, and writing to it in time.

use super::deadline::within;
use super::settings::ProxySettings;
use super::stream::ClientStream;
use crate::types::{Clock, Entropy, Timestamp};
use crate::wire::TlsVersion;
use bytes::BytesMut;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Room for a head, which rarely needs more.
pub(super) const HEAD_ROOM: usize = 8 * 1024;
/// Room for a piece of a body.
pub(super) const BODY_ROOM: usize = 64 * 1024;
/// Buffers larger than this are given back between requests.
const KEPT_ROOM: usize = 16 * 1024;
const ID_BYTES: usize = 8;
const IDS_AT_ONCE: usize = 16;
/// How long the last words of TLS may take.
const CLOSING: Duration = Duration::from_secs(1);

/// One connection of a client.
pub(super) struct Client {
    stream: ClientStream,
    /// What came and is not used yet.
    pub(super) input: BytesMut,
    /// What is to be written.
    pub(super) output: Vec<u8>,
    /// The socket's address.
    pub(super) peer: IpAddr,
    /// TLS version, if the connection is encrypted.
    pub(super) tls: Option<TlsVersion>,
    clock: Arc<dyn Clock>,
    date: (i64, String),
    /// Randomness for request ids that is not used yet.
    random: Vec<u8>,
}

/// The client cannot be written to: it is gone, or takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

impl Client {
    pub(super) fn new(stream: ClientStream, clock: Arc<dyn Clock>) -> Self {
        Self {
            peer: stream.peer(),
            tls: stream.tls(),
            stream,
            input: BytesMut::new(),
            output: Vec::new(),
            clock,
            date: (i64::MIN, String::new()),
            random: Vec::new(),
        }
    }

    /// A moment, to measure from.
    pub(super) fn ticks(&self) -> u64 {
        self.clock.ticks()
    }

    /// The time since a moment.
    pub(super) fn since(&self, ticks: u64) -> Duration {
        Duration::from_nanos(self.clock.ticks().saturating_sub(ticks))
    }

    /// The id of the next request: 16 upper-case hex digits, as S3 writes its own. Randomness is fetched for several.
    pub(super) fn request_id(&mut self, entropy: &dyn Entropy) -> String {
        let rest = self.random.len().saturating_sub(ID_BYTES);
        let mut id = self.random.split_off(rest);
        if id.len() < ID_BYTES {
            self.random = vec![0; ID_BYTES * IDS_AT_ONCE];
            entropy.fill(&mut self.random);
            id = self.random.split_off(ID_BYTES * (IDS_AT_ONCE - 1));
        }
        hex::encode_upper(id)
    }

    /// HTTP's date of a time; made anew when the second changes.
    pub(super) fn set_date(&mut self, now: Timestamp) {
        if self.date.0 != now.seconds() {
            self.date = (now.seconds(), now.http_date());
        }
    }

    /// The date that was set, and the buffer of the answer.
    pub(super) fn date_and_output(&mut self) -> (&str, &mut Vec<u8>) {
        (&self.date.1, &mut self.output)
    }

    /// Reads more input; 0 is the end.
    pub(super) async fn fill(&mut self, room: usize) -> io::Result<usize> {
        std::future::poll_fn(|cx| self.poll_fill(cx, room)).await
    }

    /// [`Self::fill`], polled.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<usize>> {
        make_room(&mut self.input, room);
        pin!(self.stream.read_buf(&mut self.input)).poll(cx)
    }

    /// Writes the output.
    pub(super) async fn send(&mut self, settings: &ProxySettings) -> Result<(), Gone> {
        let Self { stream, output, .. } = self;
        let sent = write_all(stream, output, settings).await;
        output.clear();
        sent
    }

    /// Writes bytes that are not in the output.
    pub(super) async fn send_bytes(&mut self, bytes: &[u8], settings: &ProxySettings) -> Result<(), Gone> {
        write_all(&mut self.stream, bytes, settings).await
    }

    /// Closes so that the last answer can be read: the end of our side first, then what still comes is thrown away
    /// until the client closes too or the time is over. Closing at once would reset the connection, and the reset can
    /// overtake the answer.
    pub(super) async fn linger(&mut self, limit: Duration) {
        let drain = async {
            if AsyncWriteExt::shutdown(&mut self.stream).await.is_err() {
                return;
            }
            self.input.clear();
            while let Ok(count) = self.fill(BODY_ROOM).await {
                if count == 0 {
                    return;
                }
                self.input.clear();
            }
        };
        // However it ends, the connection is closed.
        let _ = within(limit, drain).await;
    }

    /// Closes in good order.
    pub(super) async fn close(&mut self) {
        // However it ends, the connection is closed.
        let _ = within(CLOSING, AsyncWriteExt::shutdown(&mut self.stream)).await;
    }

    /// Gives back what only large requests need.
    pub(super) fn shrink(&mut self) {
        if self.input.is_empty() && self.input.capacity() > KEPT_ROOM {
            self.input = BytesMut::new();
        }
        if self.output.capacity() > KEPT_ROOM {
            self.output = Vec::new();
        }
    }
}

/// Makes room for a read where little is left. Not sooner: pieces of a body that is held keep their buffers alive, and
/// one of a few bytes must not keep a whole one.
pub(super) fn make_room(input: &mut BytesMut, room: usize) {
    // A buffer that nobody else holds is used from its beginning again.
    if !input.try_reclaim(room) && input.capacity().saturating_sub(input.len()) < room / 4 {
        input.reserve(room);
    }
}

/// Writes in the time that the lowest rate allows, and at least that of a read.
async fn write_all(stream: &mut ClientStream, bytes: &[u8], settings: &ProxySettings) -> Result<(), Gone> {
    let writing = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    let written = match bytes.len().checked_div(settings.min_send_rate) {
        Some(seconds) => {
            let slow = Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX));
            within(slow.max(settings.body_read_timeout), writing).await.map_err(|_| Gone)?
        }
        None => writing.await,
    };
    written.map_err(|_| Gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_28_small_pieces_that_are_held_share_their_buffer() {
        let (mut input, mut held, mut buffers) = (BytesMut::new(), Vec::new(), 0);
        for _ in 0..10_000 {
            let before = input.capacity();
            make_room(&mut input, BODY_ROOM);
            buffers += usize::from(input.capacity() > before);
            input.extend_from_slice(b"x");
            held.push(input.split().freeze());
        }
        assert_eq!(buffers, 1);
    }
}
