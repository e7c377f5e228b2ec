//! (interim: what the command line needs of the server, until the server is wired)

mod clock;

pub use clock::{SystemClock, SystemEntropy};

use crate::cli::Hooks;
use std::sync::Arc;

/// What the command line calls.
pub fn hooks() -> Hooks {
    Hooks {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        serve: |_, _| Err("the server is not wired".into()),
        check_backend: |_, _| Err("the check is not wired".into()),
    }
}
