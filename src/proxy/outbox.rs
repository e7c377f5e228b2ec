//! Bytes on their way to the backend: the head, and after it one piece of the body at a time with its framing.

use super::coding;
use super::framing::Length;
use bytes::Bytes;
use std::io::IoSlice;

/// A piece up to this size is copied behind the head, so that both go in one write.
const JOINED_BYTES: usize = 16 * 1024;

/// What is to be written next.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    front: Vec<u8>,
    piece: Bytes,
    tail: &'static [u8],
    /// How much of the three has been written.
    at: usize,
    /// Whether something was written that may still lie in a buffer.
    unflushed: bool,
    given_up: bool,
}

impl Outbox {
    /// An outbox with a head.
    pub(super) fn new(head: Vec<u8>) -> Self {
        Self { front: head, unflushed: true, ..Self::default() }
    }

    /// Whether a piece can be taken: none is there, and the head has not begun to go.
    pub(super) fn has_room(&self) -> bool {
        !self.given_up && self.piece.is_empty() && self.tail.is_empty() && (self.at == 0 || !self.is_unwritten())
    }

    /// Whether something is left to write.
    pub(super) fn is_unwritten(&self) -> bool {
        self.at < self.front.len() + self.piece.len() + self.tail.len()
    }

    /// Whether all is on its way.
    pub(super) fn is_idle(&self) -> bool {
        !self.is_unwritten() && !self.unflushed
    }

    /// Adds a piece of the body, framed. INVARIANT: `end` is only said when the body was verified.
    pub(super) fn load(&mut self, piece: Bytes, length: Option<Length>, end: bool) {
        if !self.is_unwritten() {
            self.front.clear();
            (self.piece, self.tail, self.at) = (Bytes::new(), &[], 0);
        }
        let coded = length == Some(Length::Chunked);
        if coded && !piece.is_empty() {
            coding::write_size(&mut self.front, piece.len());
        }
        self.tail = match (coded, piece.is_empty(), end) {
            (false, _, _) | (true, true, false) => b"",
            (true, true, true) => coding::LAST_CHUNK,
            (true, false, false) => b"\r\n",
            (true, false, true) => b"\r\n0\r\n\r\n",
        };
        if piece.len() <= JOINED_BYTES {
            self.front.extend_from_slice(&piece);
            self.front.extend_from_slice(self.tail);
            self.tail = b"";
        } else {
            self.piece = piece;
        }
        self.unflushed |= self.is_unwritten();
    }

    /// What is left, in order.
    pub(super) fn slices(&self) -> [IoSlice<'_>; 3] {
        let mut skip = self.at;
        [&*self.front, &*self.piece, self.tail].map(|part| {
            let rest = part.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            IoSlice::new(rest)
        })
    }

    /// So many bytes were written.
    pub(super) fn written(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
        self.unflushed = true;
        if !self.is_unwritten() {
            self.front.clear();
            (self.piece, self.tail, self.at) = (Bytes::new(), &[], 0);
        }
    }

    /// Nothing lies in a buffer any more.
    pub(super) fn flushed(&mut self) {
        self.unflushed = false;
    }

    /// Gives up what is left: it cannot be written.
    pub(super) fn give_up(&mut self) {
        *self = Self { given_up: true, ..Self::default() };
    }

    /// Whether writing was given up.
    pub(super) fn is_given_up(&self) -> bool {
        self.given_up
    }

    /// Whether all that was loaded has gone out.
    pub(super) fn is_sent(&self) -> bool {
        self.is_idle() && !self.given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything, written `step` bytes at a time.
    fn drain(outbox: &mut Outbox, step: usize) -> String {
        let mut out = Vec::new();
        while outbox.is_unwritten() {
            let all: Vec<u8> = outbox.slices().iter().flat_map(|part| part.to_vec()).collect();
            let count = step.min(all.len());
            out.extend_from_slice(&all[..count]);
            outbox.written(count);
        }
        outbox.flushed();
        assert!(outbox.is_idle());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn head_and_pieces_go_out_whole_however_they_are_written() {
        let big = "x".repeat(JOINED_BYTES + 1);
        for step in [1, 7, usize::MAX] {
            let mut outbox = Outbox::new(b"head;".to_vec());
            assert!(outbox.has_room() && !outbox.is_idle());
            outbox.load(Bytes::from("one"), Some(Length::Known(9)), false);
            assert_eq!(drain(&mut outbox, step), "head;one");
            outbox.load(Bytes::from(big.clone()), Some(Length::Known(9)), true);
            assert!(!outbox.has_room());
            assert_eq!(drain(&mut outbox, step), big);
        }
    }

    #[test]
    fn the_coding_is_written_around_pieces_and_ends_once() {
        let big = "x".repeat(JOINED_BYTES + 1);
        for step in [1, usize::MAX] {
            let mut outbox = Outbox::new(b"head;".to_vec());
            let coded = Some(Length::Chunked);
            outbox.load(Bytes::from("one"), coded, false);
            outbox.load(Bytes::new(), coded, false);
            assert_eq!(drain(&mut outbox, step), "head;3\r\none\r\n");
            outbox.load(Bytes::from(big.clone()), coded, true);
            assert_eq!(drain(&mut outbox, step), format!("4001\r\n{big}\r\n0\r\n\r\n"));
            outbox.load(Bytes::new(), coded, true);
            assert_eq!(drain(&mut outbox, step), "0\r\n\r\n");
        }
    }
}
