//! Data corpora: every line of every file is a case. `ROLEGATE_CORPORA` names another folder of the same form.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test binary: a broken corpus line should end the run, with its place"
)]

#[path = "corpus/lint.rs"]
mod lint;
#[path = "corpus/policy.rs"]
mod policy;
#[path = "corpus/s3.rs"]
mod s3;
#[path = "corpus/sigv4.rs"]
mod sigv4;
