//! The configuration file, which is read by the shell alone.

use rolegate::conf::{Config, Environment};
use std::io;
use std::path::Path;

struct Nothing;

impl Environment for Nothing {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Configurations: read the same each time, or refused with what is wrong, one line a mistake.
pub(crate) fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = || Config::parse(text, Path::new("/etc/rolegate"), &Nothing);
    let first = read();
    assert_eq!(first, read());
    if let Err(mistakes) = first {
        assert!(!mistakes.is_empty());
        assert!(mistakes.iter().all(|mistake| !mistake.to_string().is_empty()));
    }
}
