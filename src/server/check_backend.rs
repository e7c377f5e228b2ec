//! `check-backend`: proves at the real server what the gate relies on.

use crate::cli::HookError;
use crate::conf::Config;
use std::io::Write;

/// Runs the checks and writes a report; an error if the gate must not be run before this backend.
pub(super) fn run(_config: Config, _out: &mut dyn Write) -> Result<(), HookError> {
    Err("check-backend is not there yet".into())
}
