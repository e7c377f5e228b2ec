//! The bodies of the targets, as `tests/fuzz_smoke.rs` has them too.

#[path = "../../tests/fuzz/targets.rs"]
pub mod targets;
