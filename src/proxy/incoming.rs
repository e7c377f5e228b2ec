//! The client's body on its way in: how much of it is left, when it must come, and reading all of it for the gateway.

use super::buffer::Share;
use super::client::{BODY_ROOM, Client};
use super::coding::{BrokenCoding, ChunkedDecoder, Decoded};
use super::deadline::within;
use super::fault::ForwardFault;
use super::pace::Pace;
use super::settings::ProxySettings;
use crate::gateway::{BodyError, RequestBody};
use crate::wire::RequestHead;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

/// The body of one request.
#[derive(Debug)]
pub(super) struct Incoming {
    left: Left,
    /// Whether the client waits for a 100.
    waits: bool,
    /// Whether any body was announced, be it of no bytes.
    announced: bool,
    pub(super) pace: Pace,
    /// Bytes of content taken.
    pub(super) taken: u64,
}

#[derive(Debug)]
enum Left {
    Length(u64),
    Chunked(ChunkedDecoder),
}

/// A piece of a body, and whether the body ends with it. Only the end may be empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    pub(super) end: bool,
}

/// What is left of a body that nobody will read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing.
    None,
    /// So little that draining it is cheaper than a new connection.
    Short,
    /// Too much, of unknown length, or withheld until a 100 that will not come.
    Long,
}

impl Incoming {
    /// The body that a head announces. The head was checked: it has a length, or the coding, or neither.
    pub(super) fn of(head: &RequestHead, settings: &ProxySettings) -> Self {
        let chunked = head.header("transfer-encoding").is_some();
        let length = head.header_str("content-length").and_then(|text| text.parse().ok());
        Self {
            left: if chunked { Left::Chunked(ChunkedDecoder::new()) } else { Left::Length(length.unwrap_or(0)) },
            waits: head.header("expect").is_some(),
            announced: chunked || length.is_some_and(|length| length > 0),
            pace: Pace::new(settings.min_receive_rate, settings.body_read_timeout),
            taken: 0,
        }
    }

    /// Whether all of it was taken.
    pub(super) fn is_done(&self) -> bool {
        match &self.left {
            Left::Length(left) => *left == 0,
            Left::Chunked(decoder) => decoder.is_done(),
        }
    }

    /// Whether the head said that there is a body.
    pub(super) fn is_announced(&self) -> bool {
        self.announced
    }

    /// Takes the next piece out of the input; none if more must come first.
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Result<Option<Piece>, BrokenCoding> {
        let bytes = match &mut self.left {
            Left::Length(left) => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                if take == 0 && *left > 0 {
                    return Ok(None);
                }
                *left = left.saturating_sub(u64::try_from(take).unwrap_or(u64::MAX));
                input.split_to(take).freeze()
            }
            Left::Chunked(decoder) => match decoder.decode(input)? {
                Decoded::Data(bytes) => bytes,
                Decoded::End => Bytes::new(),
                Decoded::More => return Ok(None),
            },
        };
        self.taken = self.taken.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(Some(Piece { bytes, end: self.is_done() }))
    }

    /// The next piece, read if it must be.
    async fn next(&mut self, client: &mut Client) -> Result<Piece, ForwardFault> {
        loop {
            if let Some(piece) = self.take(&mut client.input)? {
                return Ok(piece);
            }
            let begun = client.ticks();
            match within(self.pace.patience(), client.fill(BODY_ROOM)).await {
                Ok(Ok(count)) if count > 0 => self.pace.came(client.since(begun), count),
                Ok(_) => return Err(ForwardFault::ClientGone),
                Err(_) => return Err(ForwardFault::ClientTimedOut),
            }
        }
    }

    /// Says 100, once, if the client waits for it and there is something to come.
    pub(super) async fn send_continue(
        &mut self,
        client: &mut Client,
        settings: &ProxySettings,
    ) -> Result<(), ForwardFault> {
        if !std::mem::take(&mut self.waits) || self.is_done() {
            return Ok(());
        }
        let line = b"HTTP/1.1 100 Continue\r\n\r\n";
        client.send_bytes(line, settings).await.map_err(|_| ForwardFault::ClientGone)
    }

    /// What is left, if nobody reads on.
    pub(super) fn rest(&self, settings: &ProxySettings) -> Rest {
        match &self.left {
            _ if self.is_done() => Rest::None,
            Left::Length(left) if !self.waits && *left <= settings.drain_bytes => Rest::Short,
            _ => Rest::Long,
        }
    }

    /// Reads a short rest and throws it away; false if it does not come.
    pub(super) async fn drain(&mut self, client: &mut Client, settings: &ProxySettings) -> bool {
        let drain = async {
            while !self.is_done() {
                if self.next(client).await.is_err() {
                    return false;
                }
            }
            true
        };
        within(settings.drain_timeout, drain).await.unwrap_or(false)
    }

    /// Reads all of it, if it is not larger than the limit.
    pub(super) async fn read_all(
        &mut self,
        client: &mut Client,
        share: &mut Share,
        limit: usize,
        settings: &ProxySettings,
    ) -> Result<Bytes, BodyError> {
        if matches!(&self.left, Left::Length(left) if usize::try_from(*left).is_ok_and(|left| left > limit)) {
            return Err(BodyError::TooLarge { limit });
        }
        self.send_continue(client, settings).await.map_err(|_| BodyError::Incomplete)?;
        let reading = async {
            let mut whole = BytesMut::new();
            while !self.is_done() {
                let Piece { bytes, .. } = self.next(client).await.map_err(|fault| match fault {
                    ForwardFault::ClientTimedOut => BodyError::TimedOut,
                    _ => BodyError::Incomplete,
                })?;
                if whole.len().saturating_add(bytes.len()) > limit {
                    return Err(BodyError::TooLarge { limit });
                }
                if !share.widen(bytes.len()) {
                    return Err(BodyError::Busy);
                }
                whole.extend_from_slice(&bytes);
            }
            Ok(whole.freeze())
        };
        within(settings.whole_body_timeout, reading).await.unwrap_or(Err(BodyError::TimedOut))
    }
}

impl From<BrokenCoding> for ForwardFault {
    fn from(_: BrokenCoding) -> Self {
        Self::TransferCoding
    }
}

/// The client's body, as the gateway may read it.
pub(super) struct Readable<'a> {
    pub(super) client: &'a mut Client,
    pub(super) incoming: &'a mut Incoming,
    pub(super) share: &'a mut Share,
    pub(super) settings: &'a ProxySettings,
}

#[async_trait]
impl RequestBody for Readable<'_> {
    async fn read_all(&mut self, limit: usize) -> Result<Bytes, BodyError> {
        self.incoming.read_all(self.client, self.share, limit, self.settings).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;

    fn incoming(fields: &[(&str, &str)]) -> Incoming {
        let head = RequestHead::new(Method::Put, b"/b", fields.to_vec(), "::1".parse().unwrap(), None).unwrap();
        Incoming::of(&head, &ProxySettings::default())
    }

    fn take(body: &mut Incoming, input: &mut BytesMut) -> Result<Option<(Vec<u8>, bool)>, BrokenCoding> {
        Ok(body.take(input)?.map(|piece| (piece.bytes.to_vec(), piece.end)))
    }

    #[test]
    fn a_body_ends_where_its_framing_says_and_the_next_request_stays() {
        let (mut body, mut input) = (incoming(&[("content-length", "5")]), BytesMut::from("abc"));
        assert_eq!(take(&mut body, &mut input), Ok(Some((b"abc".to_vec(), false))));
        assert_eq!(take(&mut body, &mut input), Ok(None));
        input.extend_from_slice(b"deGET");
        assert_eq!(take(&mut body, &mut input), Ok(Some((b"de".to_vec(), true))));
        assert!(body.is_done() && body.taken == 5 && &input[..] == b"GET");

        let (mut body, mut input) = (incoming(&[("transfer-encoding", "chunked")]), BytesMut::from("2\r\nab\r\n"));
        assert_eq!(take(&mut body, &mut input), Ok(Some((b"ab".to_vec(), false))));
        input.extend_from_slice(b"0\r\n\r\nGET");
        assert_eq!(take(&mut body, &mut input), Ok(Some((vec![], true))));
        assert!(body.is_done() && body.taken == 2 && &input[..] == b"GET");
    }

    #[test]
    fn only_a_short_rest_that_comes_by_itself_is_drained() {
        let settings = ProxySettings { drain_bytes: 9, ..ProxySettings::default() };
        for (fields, rest) in [
            (&[][..], Rest::None),
            (&[("content-length", "0")], Rest::None),
            (&[("content-length", "9")], Rest::Short),
            (&[("content-length", "10")], Rest::Long),
            (&[("transfer-encoding", "chunked")], Rest::Long),
            (&[("content-length", "9"), ("expect", "100-continue")], Rest::Long),
        ] {
            assert_eq!(incoming(fields).rest(&settings), rest, "{fields:?}");
        }
    }

    #[test]
    fn a_body_of_no_bytes_is_announced_by_the_coding_only() {
        assert!(!incoming(&[]).is_announced() && !incoming(&[("content-length", "0")]).is_announced());
        assert!(incoming(&[("content-length", "1")]).is_announced());
        assert!(incoming(&[("transfer-encoding", "chunked")]).is_announced());
    }
}
