//! Permissions boundaries of roles and users. As with attachments, both sides change in one commit.

use super::answer::Body;
use super::attached::{Used, find};
use super::nouns::Bounded;
use super::target::{ATTEMPTS, Call};
use super::{Error, PolicyArn};
use crate::store::Changes;

/// Sets or replaces the boundary.
pub(super) async fn put<E: Bounded>(call: &Call<'_>, name: &str, policy: &PolicyArn) -> Result<Body, Error> {
    replace::<E>(call, name, Some(policy)).await
}

/// Removes the boundary; without one nothing happens.
pub(super) async fn delete<E: Bounded>(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    replace::<E>(call, name, None).await
}

async fn replace<E: Bounded>(call: &Call<'_>, name: &str, policy: Option<&PolicyArn>) -> Result<Body, Error> {
    for _ in 0..ATTEMPTS {
        let old = call.entity::<E>(name).await?;
        let wanted = policy.map(PolicyArn::as_str);
        let mut changes = Changes::new();
        if old.value.boundary() != wanted {
            changes = released(call, changes, &old.value).await?;
            if let Some(policy) = policy {
                changes = taken(call, changes, &old.value, policy).await?;
            }
        } else if let Some(policy) = policy {
            existing(call, policy).await?;
        }
        let mut new = old.value.clone();
        *new.boundary_mut() = wanted.map(ToOwned::to_owned);
        if call.commit(changes.update(&old, &new)).await? {
            return Ok(Body::Empty);
        }
    }
    Err(Error::ConcurrentModification)
}

async fn existing(call: &Call<'_>, policy: &PolicyArn) -> Result<Used, Error> {
    find(call, policy).await?.ok_or_else(|| Error::NoSuchBoundary(policy.as_str().to_owned()))
}

/// Lists the entity with the policy that becomes its boundary.
pub(super) async fn taken<E: Bounded>(
    call: &Call<'_>,
    changes: Changes,
    entity: &E,
    policy: &PolicyArn,
) -> Result<Changes, Error> {
    match existing(call, policy).await? {
        Used::Aws => Ok(changes),
        Used::Own(used) => {
            let mut changed = used.value.clone();
            changed.boundary_of.insert(entity.as_use());
            Ok(changes.update(&used, &changed))
        }
    }
}

/// Takes the entity off the list of the policy that was its boundary: for another boundary, or before it is removed.
pub(super) async fn released<E: Bounded>(call: &Call<'_>, changes: Changes, entity: &E) -> Result<Changes, Error> {
    let Some(arn) = entity.boundary() else { return Ok(changes) };
    match call.own_policy(arn).await? {
        None => Ok(changes),
        Some(used) => {
            let mut changed = used.value.clone();
            changed.boundary_of.retain(|one| (one.kind, &one.id) != (E::USE, entity.id()));
            Ok(changes.update(&used, &changed))
        }
    }
}
