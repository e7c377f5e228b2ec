//! (interim: replaced by the policy engine)
#![allow(missing_docs, reason = "interim")]
pub type Bindings = std::collections::BTreeMap<String, crate::types::UniqueId>;
pub enum PolicyKind {
    Identity,
    Session,
    Boundary,
    Bucket,
    Trust,
}
pub struct ParseOptions<'a> {
    pub kind: PolicyKind,
    pub default_account: &'a crate::types::AccountId,
    pub bindings: &'a Bindings,
}
#[derive(Debug, thiserror::Error)]
#[error("interim")]
pub struct Error;
pub struct Policy;
impl Policy {
    pub fn parse(_document: &str, _options: &ParseOptions<'_>) -> Result<Policy, Error> {
        Err(Error)
    }
    pub fn principal_arns(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }
}
