//! Laws of the policy engine, over random policies and requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "laws/asking.rs"]
mod asking;
#[path = "laws/changes.rs"]
mod changes;
#[path = "laws/decisions.rs"]
mod decisions;
#[path = "laws/documents.rs"]
mod documents;
#[path = "laws/naive.rs"]
mod naive;
#[path = "laws/parsing.rs"]
mod parsing;
#[path = "laws/questions.rs"]
mod questions;

const A: &str = "111122223333";
const B: &str = "444455556666";
