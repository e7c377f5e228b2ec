//! The data corpora: every `*.jsonl` under the folder named by `ROLEGATE_CORPORA` (default: the copy here).

#[path = "corpus/s3.rs"]
mod s3;
