//! What refers to an entity by name follows its renaming, in the same commit (security rule 14: recognised by id).

use super::Error;
use super::nouns::Policied;
use super::target::Call;
use crate::entity::{PolicyUse, UseKind};
use crate::store::Changes;
use crate::types::UniqueId;
use std::collections::BTreeSet;

/// Puts the new name into the lists of the managed policies that are attached to `old` or are its boundary.
pub(super) async fn in_policies<E: Policied>(
    call: &Call<'_>,
    mut changes: Changes,
    old: &E,
    new: &E,
) -> Result<Changes, Error> {
    // One that is both attached and the boundary is written once.
    let arns: BTreeSet<&str> = old.attached().iter().map(String::as_str).chain(old.boundary()).collect();
    for arn in arns {
        let Some(used) = call.own_policy(arn).await? else { continue };
        let mut changed = used.value.clone();
        for uses in [&mut changed.attachments, &mut changed.boundary_of] {
            rename(uses, E::USE, old.id(), &new.as_use());
        }
        changes = changes.update(&used, &changed);
    }
    Ok(changes)
}

fn rename(uses: &mut BTreeSet<PolicyUse>, kind: UseKind, id: &UniqueId, new: &PolicyUse) {
    let before = uses.len();
    uses.retain(|one| (one.kind, &one.id) != (kind, id));
    if uses.len() < before {
        uses.insert(new.clone());
    }
}
