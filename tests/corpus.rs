//! Runs the data corpora: the folder named by `ROLEGATE_CORPORA`, or `tests/corpus`.

#[cfg(test)]
#[path = "corpus/sigv4.rs"]
mod sigv4;
