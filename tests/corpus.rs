//! The data corpora: every `*.jsonl` under the folder named by `ROLEGATE_CORPORA` (default: the copy here).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test binary: a broken corpus line should end the run, with its place"
)]

#[path = "corpus/s3.rs"]
mod s3;
