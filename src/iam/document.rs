//! Identity policies as they are stored, and how their size is counted.

use super::{Error, Scene};
use crate::entity::StoredPolicy;
use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};

/// A document for an identity policy, inline or managed, that the policy engine takes.
pub(super) fn identity(document: &str, scene: &Scene<'_>) -> Result<StoredPolicy, Error> {
    let bindings = Bindings::new();
    let options =
        ParseOptions { kind: PolicyKind::Identity, default_account: scene.default_account, bindings: &bindings };
    Policy::parse(document, &options).map_err(Error::MalformedPolicyDocument)?;
    Ok(StoredPolicy { document: document.to_owned(), bindings })
}

/// Characters that count: AWS leaves out white space.
pub fn size(document: &str) -> usize {
    document.chars().filter(|character| !character.is_whitespace()).count()
}
