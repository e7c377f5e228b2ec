//! What a running gate reads again: the ring of token keys (security rule 20).
//!
//! Every two seconds, and at once with SIGHUP, the ring's file is looked at; a text that changed takes the place of the
//! ring, and every opened token is opened anew. A file that is missing or refused changes nothing but the log.

use crate::cli;
use crate::conf::{Config, ProcessEnvironment, Reference};
use crate::token::{KeyRing, RingError};
use crate::types::Secret;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How often the file is looked at. [`crate::token::SPREAD_SECONDS`] is many times as long.
const LOOK: Duration = Duration::from_secs(2);

/// Follows the ring's file for ever. An environment variable cannot change: there is nothing to follow then.
pub(super) async fn follow_ring(config: Config, ring: Arc<KeyRing>) {
    // Taken in any case: by itself the signal would end the process.
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::error!("SIGHUP cannot be handled: the token keys are read again only when the gate starts");
        return;
    };
    let from_file = matches!(config.token.keys, Reference::File(_));
    let mut known = read(&config).ok();
    // The first look replaces what may have changed since the ring was read at the start.
    if let Some(Err(error)) = known.as_ref().map(|text| ring.replace(text.expose_str().unwrap_or_default())) {
        refused(&error);
    }
    let mut complained = false;
    loop {
        tokio::select! {
            _ = hangup.recv() => tracing::info!("SIGHUP: reading the token keys"),
            () = tokio::time::sleep(LOOK), if from_file => {}
        }
        match read(&config) {
            Ok(text) if known.as_ref().is_some_and(|known| known.same_as(text.expose())) => complained = false,
            Ok(text) => {
                replace(&ring, &text);
                (known, complained) = (Some(text), false);
            }
            Err(error) if !complained => {
                tracing::error!(%error, "the token keys cannot be read; the gate goes on with those it has");
                complained = true;
            }
            Err(_) => {}
        }
    }
}

fn read(config: &Config) -> Result<Secret, cli::OpenError> {
    cli::present_token_keys(config, &ProcessEnvironment)
}

fn replace(ring: &KeyRing, text: &Secret) {
    match ring.replace(text.expose_str().unwrap_or_default()) {
        Ok(()) => tracing::info!(?ring, "the token keys were read"),
        Err(error) => refused(&error),
    }
}

fn refused(error: &RingError) {
    tracing::error!(%error, "the token keys are refused; the gate goes on with those it has");
}
