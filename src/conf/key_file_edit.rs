//! Changing a key file that a gate may be reading: whole or not at all, by one at a time.

use super::key_file::KeyFileError;
use crate::types::Secret;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A change of a key file under way. While it lives nobody else can begin one; dropped, it leaves no trace.
#[derive(Debug)]
pub struct KeyFileEdit {
    path: PathBuf,
    draft: PathBuf,
    file: File,
    /// The draft is in the file's place: what has its name now is another's.
    moved: bool,
}

impl KeyFileEdit {
    /// Begins a change. The draft beside the file, mode 0600, is the mark that one is under way.
    pub fn begin(path: &Path) -> Result<Self, KeyFileError> {
        // What a link leads to is replaced, not the link.
        let path = path.canonicalize().map_err(|reason| failed(path, reason))?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let draft = path.with_file_name(name);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft) {
            Ok(file) => Ok(Self { path, draft, file, moved: false }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(KeyFileError::Busy(draft)),
            Err(reason) => Err(failed(&draft, reason)),
        }
    }

    /// Puts `text` in the file's place.
    pub fn commit(mut self, text: &Secret) -> Result<(), KeyFileError> {
        let written = self.file.write_all(text.expose()).and_then(|()| self.file.sync_all());
        let renamed = written.and_then(|()| std::fs::rename(&self.draft, &self.path));
        self.moved = renamed.is_ok();
        let kept = renamed.and_then(|()| match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        });
        kept.map_err(|reason| failed(&self.path, reason))
    }
}

impl Drop for KeyFileEdit {
    fn drop(&mut self) {
        if !self.moved {
            // One that stays is named by the next command.
            let _ = std::fs::remove_file(&self.draft);
        }
    }
}

fn failed(path: &Path, reason: io::Error) -> KeyFileError {
    KeyFileError::Change { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_key_file_is_replaced_whole_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.keys");
        assert!(matches!(KeyFileEdit::begin(&path), Err(KeyFileError::Change { .. })));
        std::fs::write(&path, "old").unwrap();
        let first = KeyFileEdit::begin(&path).unwrap();
        assert!(matches!(KeyFileEdit::begin(&path), Err(KeyFileError::Busy(_))));
        drop(first);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        KeyFileEdit::begin(&path).unwrap().commit(&Secret::new("new")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
