//! Changing name and path: what refers to an entity by name follows its renaming, in the same commit (security rule 14:
//! recognised by id).

use super::Error;
use super::nouns::{Entity, Policied};
use super::target::{ATTEMPTS, Call};
use crate::entity::{Named, PolicyUse, UseKind};
use crate::store::{Changes, Versioned};
use crate::types::{ResourceName, UniqueId};
use std::collections::BTreeSet;
use std::future::Future;

/// What can be renamed: users, and the groups that they are in.
pub(super) trait Renamable: Policied + Clone {
    /// The other side of a membership, which names this one.
    type Other: Entity + Clone;

    fn name_and_path_mut(&mut self) -> (&mut String, &mut String);
    /// Those that name this one.
    fn others(&self) -> &[Named];
    /// Where one of those does so.
    fn names_in(other: &mut Self::Other) -> &mut Vec<Named>;

    /// What must be done before a commit with another name can be tried.
    fn before(call: &Call<'_>, old: &Self, new_name: &str) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Changes path and name. The id stays, and all that names the entity follows. Returns it as it was and as it is.
pub(super) async fn update<E: Renamable>(
    call: &Call<'_>,
    name: &str,
    new_name: Option<&str>,
    new_path: Option<&str>,
) -> Result<(E, E), Error> {
    for _ in 0..ATTEMPTS {
        let old = call.entity::<E>(name).await?;
        let mut new = old.value.clone();
        let (name_of_new, path_of_new) = new.name_and_path_mut();
        *name_of_new = new_name.unwrap_or(name_of_new).to_owned();
        *path_of_new = new_path.unwrap_or(path_of_new).to_owned();
        call.covers(call.action, &ResourceName::new(new.arn()))?;
        let (old_key, new_key) = (old.value.record_key(), new.record_key());
        if old_key != new_key && call.scene.records.get::<E>(&new_key).await?.is_some() {
            return Err(new.taken());
        }
        let mut changes = Changes::new();
        if old.value.name() != new.name() {
            E::before(call, &old.value, new.name()).await?;
            changes = in_policies(call, changes, &old.value, &new).await?;
            changes = in_others(call, changes, &old.value, &new).await?;
        }
        match call.try_commit(changes.update(&old, &new)).await? {
            Ok(()) => return Ok((old.value, new)),
            Err(lost) if lost == new_key && new_key != old_key => return Err(new.taken()),
            Err(_) => {}
        }
    }
    Err(Error::ConcurrentModification)
}

async fn in_others<E: Renamable>(call: &Call<'_>, mut changes: Changes, old: &E, new: &E) -> Result<Changes, Error> {
    for named in old.others() {
        let key = E::Other::key(call.account(), &named.name);
        let found: Option<Versioned<E::Other>> = call.scene.records.get(&key).await?;
        let Some(other) = found else { continue };
        let mut changed = other.value.clone();
        for name in E::names_in(&mut changed).iter_mut().filter(|name| name.id == *old.id()) {
            new.name().clone_into(&mut name.name);
        }
        changes = changes.update(&other, &changed);
    }
    Ok(changes)
}

/// Puts the new name into the lists of the managed policies that are attached to `old` or are its boundary.
async fn in_policies<E: Policied>(call: &Call<'_>, mut changes: Changes, old: &E, new: &E) -> Result<Changes, Error> {
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
