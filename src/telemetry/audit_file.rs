//! The chain of an audit log: each line has a number and the SHA-256 of the line before it.
//!
//! Whoever removes, changes or reorders lines breaks the chain. A server and commands may append to one file:
//! each append holds the file's lock and takes the chain up where the file's last line left it, so the chain
//! goes on over restarts too. A file that was moved away is made anew and goes on with the number and hash that
//! the writer knows; to a process that did not see the old file, a new file begins a new chain.

use super::line::push_number;
use super::log_file::LogFile;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// How much of the file's end is read first in search of the last line; doubled until it is found.
const TAIL_BYTES: u64 = 64 << 10;

/// Where the chain stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// Number of the last line; 0 before the first.
    pub(super) number: u64,
    /// SHA-256 of the last line in hexadecimal; 64 zeros before the first.
    pub(super) hash: [u8; 64],
}

impl Chain {
    /// Before the first line.
    pub(super) fn start() -> Self {
        Self { number: 0, hash: [b'0'; 64] }
    }

    /// Appends `fields` (a JSON object and a line break) to `out` as the next line, numbered and chained.
    pub(super) fn link(&mut self, fields: &[u8], out: &mut Vec<u8>) {
        self.number = self.number.saturating_add(1);
        let fields = fields.strip_suffix(b"\n").unwrap_or(fields);
        let start = out.len();
        out.extend_from_slice(b"{\"n\":");
        push_number(self.number, out);
        out.extend_from_slice(b",\"prev\":\"");
        out.extend_from_slice(&self.hash);
        out.extend_from_slice(b"\",");
        out.extend_from_slice(fields.strip_prefix(b"{").unwrap_or(fields));
        // INVARIANT: `start` was the end of `out`.
        self.hash = hash(out.get(start..).unwrap_or_default());
        out.push(b'\n');
    }
}

fn hash(line: &[u8]) -> [u8; 64] {
    let mut text = [b'0'; 64];
    // INVARIANT: 32 bytes are 64 digits.
    let _ = hex::encode_to_slice(Sha256::digest(line), &mut text);
    text
}

/// An audit file, open for appending.
pub(super) struct AuditFile {
    log: LogFile,
    chain: Chain,
    /// The length at which `chain` stands.
    length: u64,
    /// What is written, kept for its room.
    text: Vec<u8>,
}

/// More than this is not kept.
const KEPT_BYTES: usize = 4 << 20;

impl AuditFile {
    /// Opens or makes the file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut opened = Self { log: LogFile::open(path)?, chain: Chain::start(), length: 0, text: Vec::new() };
        opened.log.file.lock()?;
        let caught_up = opened.catch_up();
        opened.log.file.unlock()?;
        caught_up.map(|()| opened)
    }

    /// Appends each of `lines` (JSON objects, each with a line break) to the chain, all or, with an error, none.
    /// They are lasting after [`AuditFile::sync`].
    pub(super) fn append<'l>(&mut self, lines: impl Iterator<Item = &'l [u8]>) -> io::Result<()> {
        self.follow_move()?;
        self.log.file.lock()?;
        let written = self.catch_up().and_then(|()| self.append_locked(lines));
        self.log.file.unlock()?;
        written
    }

    /// Makes what was appended lasting.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.log.file.sync_data()
    }

    fn append_locked<'l>(&mut self, lines: impl Iterator<Item = &'l [u8]>) -> io::Result<()> {
        let mut chain = self.chain.clone();
        self.text.clear();
        for line in lines {
            chain.link(line, &mut self.text);
        }
        let written = self.log.file.write_all(&self.text);
        match written {
            Ok(()) => {
                self.chain = chain;
                self.length = self.length.saturating_add(self.text.len() as u64);
            }
            Err(_) => {
                // Half a line would end the chain. If this fails too, `catch_up` takes it as a line of its own.
                let _ = self.log.file.set_len(self.length);
            }
        }
        if self.text.capacity() > KEPT_BYTES {
            self.text = Vec::new();
        }
        written
    }

    /// Goes on in a new file if this one was moved away.
    fn follow_move(&mut self) -> io::Result<()> {
        if let Some(old) = self.log.follow_move()? {
            self.length = 0;
            // What is in the old file is no less to last.
            old.sync_data()?;
        }
        Ok(())
    }

    /// Reads what others have appended since.
    fn catch_up(&mut self) -> io::Result<()> {
        let length = self.log.file.metadata()?.len();
        if length == self.length {
            return Ok(());
        }
        let mut tail = self.tail(length, TAIL_BYTES)?;
        let mut wanted = TAIL_BYTES;
        let mut chain = last_link(&tail, wanted >= length);
        while chain.is_none() && wanted < length {
            wanted = wanted.saturating_mul(2);
            tail = self.tail(length, wanted)?;
            chain = last_link(&tail, wanted >= length);
        }
        if tail.last().is_some_and(|last| *last != b'\n') {
            // A line broken off by a crash: it stays, as a line of its own.
            self.log.file.write_all(b"\n")?;
        }
        if let Some(chain) = chain {
            self.chain = chain;
        }
        self.length = self.log.file.metadata()?.len();
        Ok(())
    }

    /// The last `wanted` bytes of the file, which is `length` long.
    fn tail(&mut self, length: u64, wanted: u64) -> io::Result<Vec<u8>> {
        let start = length.saturating_sub(wanted);
        let mut tail = Vec::new();
        self.log.file.seek(SeekFrom::Start(start))?;
        (&self.log.file).take(length.saturating_sub(start)).read_to_end(&mut tail)?;
        Ok(tail)
    }
}

/// Where the chain stands after these lines: the hash is the last line's, the number counts on from the last line
/// that has one. None if there is no such line here. Unless `whole`, the first line may lack its beginning.
fn last_link(tail: &[u8], whole: bool) -> Option<Chain> {
    let lines = tail.split(|byte| *byte == b'\n').skip(usize::from(!whole));
    let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).collect();
    let last = lines.last()?;
    let (after, number) = lines.iter().rev().enumerate().find_map(|(after, line)| Some((after, number_of(line)?)))?;
    Some(Chain { number: number.saturating_add(after as u64), hash: hash(last) })
}

fn number_of(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<serde_json::Value>(line).ok()?.get("n")?.as_u64()
}
