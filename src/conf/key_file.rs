//! Keys that are files next to an SQLite store: fetched, or made at first start (security rule 27).

use super::{Environment, Reference, ReferenceError};
use crate::types::Secret;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The reference leads nowhere.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The file is missing beside a store that is there: a new key would not open it.
    #[error("the key file {0} is missing, but the store that needs it is there; put the file back")]
    Lost(PathBuf),
    /// Others can read the file.
    #[error("the key file {path} can be read by others than its owner (mode {mode:o}); run chmod 600 on it", path = .path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to another user, who could exchange it.
    #[error("the key file {path} belongs to user {owner}, not to user {us} who runs this", path = .path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// Its owner's id.
        owner: u32,
        /// The id of this process.
        us: u32,
    },
    /// Somebody is changing the file, or was cut off while doing so.
    #[error("the key file is being changed: {path} is there; if no command is running, remove it", path = .0.display())]
    Busy(PathBuf),
    /// The file cannot be changed.
    #[error("{path} cannot be changed: {reason}", path = .path.display())]
    Change {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// The file cannot be made.
    #[error("the key file {path} cannot be made: {reason}", path = .path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
}

/// Fetches the key at `reference`. With `make`, a file that is missing is made of it, mode 0600, in a folder of mode
/// 0700; of two processes that do so at once, both end with the same key. `private` asks of a file that nobody but
/// its owner can read it.
pub fn fetch_or_make(
    reference: &Reference,
    environment: &dyn Environment,
    private: bool,
    make: Option<&dyn Fn() -> Secret>,
) -> Result<Secret, KeyFileError> {
    let missing = matches!(reference.resolve(environment), Err(ReferenceError::Unreadable(_, ErrorKind::NotFound)));
    if let (true, Reference::File(path), Some(make)) = (missing, reference, make) {
        make_file(path, &make()).map_err(|reason| KeyFileError::Make { path: path.clone(), reason })?;
    }
    if let (true, Reference::File(path)) = (private, reference) {
        check_private(path)?;
    }
    Ok(reference.resolve(environment)?)
}

/// Mode and owner of a key file. One that cannot be looked at cannot be read either, which says more.
fn check_private(path: &Path) -> Result<(), KeyFileError> {
    let Ok(found) = std::fs::metadata(path) else { return Ok(()) };
    if found.mode() & 0o077 != 0 {
        return Err(KeyFileError::Mode { path: path.to_owned(), mode: found.mode() & 0o7777 });
    }
    match own_uid() {
        Some(us) if us != found.uid() => Err(KeyFileError::Owner { path: path.to_owned(), owner: found.uid(), us }),
        _ => Ok(()),
    }
}

/// The user id of this process, where the system shows it without an unsafe call (Linux).
pub fn own_uid() -> Option<u32> {
    std::fs::metadata("/proc/self").ok().map(|found| found.uid())
}

fn make_file(path: &Path, key: &Secret) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Written whole under another name first: a process that finds the file finds all of it.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = folder.join(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(key.expose()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ProcessEnvironment;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn rule_27_a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/store.key");
        let reference = Reference::File(path.clone());
        let fetch = |make: Option<&dyn Fn() -> Secret>| fetch_or_make(&reference, &ProcessEnvironment, true, make);
        assert!(matches!(fetch(None), Err(KeyFileError::Reference(_))));
        assert!(fetch(Some(&|| Secret::new("one"))).unwrap().same_as(b"one"));
        assert!(fetch(Some(&|| Secret::new("two"))).unwrap().same_as(b"one"));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(fetch(None), Err(KeyFileError::Mode { mode: 0o640, .. })));
    }
}
