//! The module against providers on real sockets.

mod asking;
mod certificates;
mod holding;
mod places;

use super::testing::{Act, Bench, Idp, Made, Setting, Wish, key_set, metadata, provider, provider_of};
use super::{Error, Fetcher};
use crate::conf::{Oidc, ProviderAccess};
use crate::gateway::WebKeysError;
use crate::types::AccountId;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// A plain provider at `localhost`, which is allowed, and how it is asked.
async fn plain() -> (Idp, String, Bench) {
    let idp = Idp::plain().await;
    let url = idp.url("http", "localhost", "");
    idp.serve(&url, &["a", "b"]);
    (idp, url, Setting::default().allow(&["localhost"]).bench())
}
