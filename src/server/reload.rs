//! What a running gate reads again: files that are changed under it.
//!
//! Every two seconds, and at once with SIGHUP, each is looked at; what changed takes the place of what was in force.
//! A file that is missing or refused changes nothing but the log, which says so once.

use crate::cli;
use crate::conf::{Config, ProcessEnvironment};
use crate::token::{KeyRing, RingError};
use crate::types::Secret;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How often the files are looked at. [`crate::token::SPREAD_SECONDS`] is many times as long.
const LOOK: Duration = Duration::from_secs(2);

/// Something that is kept outside of the gate and can change there.
pub(super) trait Kept: Send {
    /// What it is, as the log calls it.
    fn what(&self) -> &'static str;

    /// Reads it again. If it changed, the new one is in force, and its text for the log comes back; the error is for the
    /// operator, and leaves all as it was.
    fn look(&mut self) -> Result<Option<String>, String>;
}

/// Follows all of them for ever.
pub(super) async fn follow(all: Vec<Box<dyn Kept>>) {
    // Taken in any case: by itself the signal would end the process.
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::error!("SIGHUP cannot be handled: files are read again only when the gate starts");
        return;
    };
    let mut all: Vec<(Box<dyn Kept>, Option<String>)> = all.into_iter().map(|kept| (kept, None)).collect();
    loop {
        for (kept, complaint) in &mut all {
            look(&mut **kept, complaint);
        }
        tokio::select! {
            _ = hangup.recv() => tracing::info!("SIGHUP: looking at the files that may have changed"),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// One look; `complaint` is what was said of it last, so that it is not said every two seconds.
fn look(kept: &mut dyn Kept, complaint: &mut Option<String>) {
    match kept.look() {
        Ok(changed) => {
            if let Some(now) = changed {
                tracing::info!(now, "{} changed and were read", kept.what());
            }
            *complaint = None;
        }
        Err(error) => {
            if complaint.as_ref() != Some(&error) {
                tracing::error!(%error, "{} cannot be used; the gate goes on with those it has", kept.what());
            }
            *complaint = Some(error);
        }
    }
}

/// The ring of token keys (security rule 20), and where it is kept. Every opened token is opened anew after a change.
pub(super) struct TokenKeys {
    config: Config,
    ring: Arc<KeyRing>,
    known: Secret,
}

impl TokenKeys {
    /// The ring that `text` holds, which was read at the start.
    pub(super) fn new(config: Config, text: Secret) -> Result<Self, RingError> {
        let ring = Arc::new(KeyRing::parse(text.expose_str().unwrap_or_default())?);
        Ok(Self { config, ring, known: text })
    }

    pub(super) fn ring(&self) -> &Arc<KeyRing> {
        &self.ring
    }
}

impl Kept for TokenKeys {
    fn what(&self) -> &'static str {
        "the token keys"
    }

    fn look(&mut self) -> Result<Option<String>, String> {
        let text = cli::present_token_keys(&self.config, &ProcessEnvironment).map_err(|error| error.to_string())?;
        if self.known.same_as(text.expose()) {
            return Ok(None);
        }
        self.ring.replace(text.expose_str().unwrap_or_default()).map_err(|error| error.to_string())?;
        self.known = text;
        Ok(Some(format!("{:?}", self.ring)))
    }
}
