//! The bodies of the fuzz targets: one function a parser of untrusted bytes.
//!
//! Each takes any bytes, must not panic but for a broken promise, and asserts what the parser promises besides:
//! round trips, refusals, the same result however the input is cut. `tests/fuzz_smoke.rs` runs them over mutated
//! seeds on stable Rust, `fuzz/` under libFuzzer.

pub mod body;
pub mod chunks;
pub mod control;
pub mod encoding;
pub mod message;
pub mod records;
pub mod request;
pub mod signature;
pub mod web_identity;

/// The body of a target.
pub type Target = fn(&[u8]);

/// Every target that needs the cores alone, by the name of its seeds and of its file in `fuzz/fuzz_targets`.
pub const TARGETS: [(&str, Target); 22] = [
    ("arn", control::arn),
    ("aws_query", control::aws_query),
    ("backend_answer", body::backend_answer),
    ("chunks", chunks::chunks),
    ("chunks_framed", chunks::chunks_framed),
    ("claim", signature::claim),
    ("copy_source", request::copy_source),
    ("glob", encoding::glob),
    ("key_ring", control::key_ring),
    ("key_set", web_identity::key_set),
    ("percent", encoding::percent),
    ("policy", control::policy),
    ("presigned", signature::presigned),
    ("record", records::record),
    ("request_head", request::request_head),
    ("s3_body", body::s3_body),
    ("signed_anew", signature::signed_anew),
    ("timestamp", encoding::timestamp),
    ("token", control::token),
    ("web_claims", web_identity::web_claims),
    ("web_token", web_identity::web_token),
    ("xml", body::xml),
];
