//! The whole gate without a socket: head and body in, verdict out, over a store in memory and a fake backend.
#![cfg(feature = "shell")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is how a test fails, in its support too"
)]

#[path = "gateway/support/mod.rs"]
mod support;

#[path = "gateway/answers.rs"]
mod answers;
#[path = "gateway/bucket_policy/mod.rs"]
mod bucket_policy;
#[path = "gateway/buckets.rs"]
mod buckets;
#[path = "gateway/directory.rs"]
mod directory;
#[path = "gateway/escalation.rs"]
mod escalation;
#[path = "gateway/facts/mod.rs"]
mod facts;
#[path = "gateway/forwarding.rs"]
mod forwarding;
#[path = "gateway/grants.rs"]
mod grants;
#[path = "gateway/identities.rs"]
mod identities;
#[path = "gateway/objects.rs"]
mod objects;
#[path = "gateway/people.rs"]
mod people;
#[path = "gateway/planes.rs"]
mod planes;
#[path = "gateway/providers.rs"]
mod providers;
#[path = "gateway/roles.rs"]
mod roles;
#[path = "gateway/sessions.rs"]
mod sessions;
#[path = "gateway/sts/mod.rs"]
mod sts;
#[path = "gateway/told.rs"]
mod told;
#[path = "gateway/web_identity/mod.rs"]
mod web_identity;
#[path = "gateway/work.rs"]
mod work;
