//! A policy document as stored, with the unique ids of the principals it names.

use crate::policy::{Bindings, Error, ParseOptions, Policy, PolicyKind};
use crate::types::AccountId;
use serde::{Deserialize, Serialize};

/// The document's text, byte for byte as it was given, and the bindings made when it was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredPolicy {
    /// The JSON text.
    pub document: String,
    /// Unique ids of the principals that resolved at write time (security rule 14).
    #[serde(default)]
    pub bindings: Bindings,
}

impl StoredPolicy {
    /// Compiles the document. It was checked before it was stored, so an error means that the record is
    /// damaged or from another version: callers answer 503, they never skip it (security rule 18).
    pub fn compile(&self, kind: PolicyKind, default_account: &AccountId) -> Result<Policy, Error> {
        Policy::parse(&self.document, &ParseOptions { kind, default_account, bindings: &self.bindings })
    }
}
