//! Whether the backend has a bucket, for `bucket link`.

use super::{SystemClock, parts};
use crate::cli::HookError;
use crate::conf::{Config, ProcessEnvironment};
use crate::gateway::{Backend as _, BackendRequest};
use crate::types::Clock;
use crate::wire::{Method, percent};
use std::sync::Arc;

/// The backend's answer to HEAD was neither yes nor no.
#[derive(Debug, thiserror::Error)]
#[error("it answers {0}, where 200 or 404 was expected; see `rolegate check-backend`")]
struct Unclear(u16);

/// Asks with the gate's own credentials. Called outside of any runtime.
pub(super) fn has_bucket(config: &Config, name: &str) -> Result<bool, HookError> {
    let secrets = config.serve_secrets(&ProcessEnvironment).map_err(super::StartError::Secrets)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = parts::Backend::new(config, &secrets, &clock)?.client(config, &clock)?;
        let target = format!("/{}", percent::encode(name.as_bytes()));
        let request = BackendRequest { method: Method::Head, target, headers: Vec::new(), body: bytes::Bytes::new() };
        match client.call(request, 0).await?.status {
            200..=299 => Ok(true),
            404 => Ok(false),
            other => Err(Unclear(other).into()),
        }
    })
}
