//! Data corpora: every line of every file is a case. `ROLEGATE_CORPORA` names another folder of the same form.

#[path = "corpus/policy.rs"]
mod policy;
