//! A log's file, which may be moved away while it is written: what comes after goes into a new one of the same path.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file that is open for appending, readable by its owner only.
pub(super) struct LogFile {
    path: PathBuf,
    pub(super) file: File,
}

impl LogFile {
    /// Opens or makes the file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: append(path)? })
    }

    /// Opens the path anew if the file was moved away or removed, and returns that one.
    pub(super) fn follow_move(&mut self) -> io::Result<Option<File>> {
        let ours = self.file.metadata()?;
        let moved = match std::fs::metadata(&self.path) {
            Ok(there) => (there.dev(), there.ino()) != (ours.dev(), ours.ino()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        if !moved {
            return Ok(None);
        }
        append(&self.path).map(|new| Some(std::mem::replace(&mut self.file, new)))
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)
}
