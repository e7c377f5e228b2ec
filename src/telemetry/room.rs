//! What a thread keeps from one record to the next: room for a line, and the text of the second.

use crate::types::Timestamp;

/// A thread keeps no more room than this for its lines.
const KEPT_BYTES: usize = 64 << 10;

/// Length of `YYYY-MM-DDTHH:MM:SS.`.
const SECOND_BYTES: usize = 20;

/// Room for lines, and for their time.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) line: Vec<u8>,
    /// ISO 8601 with milliseconds.
    pub(super) time: String,
    second: i64,
}

impl Room {
    pub(super) const fn new() -> Self {
        Self { line: Vec::new(), time: String::new(), second: i64::MIN }
    }

    /// Writes the time, whose second is mostly that of the record before.
    pub(super) fn set_time(&mut self, time: Timestamp) {
        if time.seconds() == self.second {
            self.time.truncate(SECOND_BYTES);
            let millis = time.millis().rem_euclid(1000);
            for digit in [millis / 100, millis / 10 % 10, millis % 10] {
                self.time.push(char::from(b'0' + u8::try_from(digit).unwrap_or(0)));
            }
            self.time.push('Z');
        } else {
            self.second = time.seconds();
            self.time = time.iso8601_millis();
        }
    }

    /// Gives back what only a very long line needs.
    pub(super) fn shrink(&mut self) {
        if self.line.capacity() > KEPT_BYTES {
            self.line = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_written_as_it_is_by_itself() {
        let mut room = Room::new();
        for millis in [0, 1, 10, 999, 1000, 1_795_000_000_999, 1_795_000_000_000, -1, -1000, i64::MIN, i64::MAX] {
            for millis in [millis, millis, millis.saturating_add(7)] {
                let time = Timestamp::from_millis(millis);
                room.set_time(time);
                assert_eq!(room.time, time.iso8601_millis());
            }
        }
    }
}
