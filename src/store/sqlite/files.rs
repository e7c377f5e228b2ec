//! The database's folder and files: 0600 in a 0700 folder, all of our own user (security rule 27).
//!
//! The files are looked at, never opened here: closing a file that SQLite has open elsewhere in this process
//! would drop SQLite's locks on it.

use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a database's place is refused.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The path has no file name.
    #[error("`{0}` does not name a file for the store")]
    NoFile(PathBuf),
    /// Not a folder where one must be.
    #[error("`{0}` is not a folder")]
    NotFolder(PathBuf),
    /// Not a plain file (a link, a device, a folder).
    #[error("`{0}` is not a plain file; links are not followed")]
    NotPlainFile(PathBuf),
    /// Others can read or write it.
    #[error("others than its owner can reach `{path}` (mode {mode:04o}): run `chmod {wanted:03o} {path}`")]
    Open {
        /// Which file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The bits it must have.
        wanted: u32,
    },
    /// It belongs to another user.
    #[error("`{path}` belongs to user {owner}, but this process runs as user {us}: run it as the store's owner")]
    Owner {
        /// Which file or folder.
        path: PathBuf,
        /// Its owner's id.
        owner: u32,
        /// The id we run under.
        us: u32,
    },
    /// The system refused.
    #[error("`{path}` cannot be used: {error}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// What a file is, whatever its name becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of the file now under `path`.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let found = std::fs::symlink_metadata(path).ok()?;
        Some(Self { device: found.dev(), inode: found.ino() })
    }
}

/// Makes what is missing of folder and file, and checks owner and mode of what is there.
pub(super) fn prepare(path: &Path) -> Result<(), PlaceError> {
    let no_file = || PlaceError::NoFile(path.to_owned());
    let name = path.file_name().ok_or_else(no_file)?;
    let folder = match path.parent().ok_or_else(no_file)? {
        empty if empty.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| at(folder, error))?;
    let found = std::fs::metadata(folder).map_err(|error| at(folder, error))?;
    if !found.is_dir() {
        return Err(PlaceError::NotFolder(folder.to_owned()));
    }
    check_mode(folder, &found, 0o700)?;
    let us = own_user(folder)?;
    check_owner(folder, &found, us)?;
    make_file(path)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut file = name.to_owned();
        file.push(suffix);
        check_file(&folder.join(file), us)?;
    }
    Ok(())
}

fn make_file(path: &Path) -> Result<(), PlaceError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(at(path, error)),
    }
}

fn check_file(path: &Path, us: u32) -> Result<(), PlaceError> {
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at(path, error)),
    };
    if !found.is_file() {
        return Err(PlaceError::NotPlainFile(path.to_owned()));
    }
    check_owner(path, &found, us)?;
    check_mode(path, &found, 0o600)
}

fn check_owner(path: &Path, found: &Metadata, us: u32) -> Result<(), PlaceError> {
    if found.uid() == us { Ok(()) } else { Err(PlaceError::Owner { path: path.to_owned(), owner: found.uid(), us }) }
}

fn check_mode(path: &Path, found: &Metadata, wanted: u32) -> Result<(), PlaceError> {
    let mode = found.mode() & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(PlaceError::Open { path: path.to_owned(), mode, wanted }) }
}

/// The user id that files of this process get. There is no safe call that asks for it: a file is made and looked at.
fn own_user(folder: &Path) -> Result<u32, PlaceError> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let probe = folder.join(format!(".rolegate-owner-{}-{next}", std::process::id()));
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&probe);
    let found = made.and_then(|file| file.metadata()).map_err(|error| at(folder, error));
    // If it cannot be removed it is an empty file that does no harm.
    let _ = std::fs::remove_file(&probe);
    found.map(|metadata| metadata.uid())
}

fn at(path: &Path, error: io::Error) -> PlaceError {
    PlaceError::Io { path: path.to_owned(), error }
}
