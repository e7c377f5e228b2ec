//! Roles themselves: making, showing, listing, changing, removing.

use super::{Answer, CreateRole};
use crate::entity::{LastUsed, Role, StoredPolicy, Used};
use crate::iam::about::anything;
use crate::iam::answer::Body;
use crate::iam::nouns::Noun;
use crate::iam::target::{ATTEMPTS, Call};
use crate::iam::{Error, Page, Remains, boundary, trust};
use crate::store::{Changes, RecordKey};
use crate::types::{IdKind, UniqueId};

/// Costs, besides what making any entity costs, one look at each name in the trust policy.
pub(super) async fn create(call: &Call<'_>, create: &CreateRole) -> Result<Body, Error> {
    let resource = Noun::Role.resource(call.account(), &create.path, &create.role_name);
    call.covers("iam:CreateRole", &resource)?;
    if !create.tags.is_empty() {
        call.covers("iam:TagRole", &resource)?;
    }
    let trust = trust::checked(&create.trust, call.scene).await?;
    let role = new_role(call, create, trust);
    let mut further = Changes::new();
    if let Some(policy) = &create.boundary {
        further = boundary::taken(call, further, &role, policy).await?;
    }
    call.create(&role, further).await?;
    Ok(Body::Role(Answer::Changed(Box::new(role))))
}

fn new_role(call: &Call<'_>, create: &CreateRole, trust: StoredPolicy) -> Role {
    let id = UniqueId::generate(IdKind::Role, call.scene.entropy);
    Role {
        path: create.path.clone(),
        description: create.description.clone(),
        max_session_duration: create.max_session_duration,
        tags: create.tags.clone(),
        owner: call.permit.owner().clone(),
        boundary: create.boundary.as_ref().map(|policy| policy.as_str().to_owned()),
        ..Role::new(call.account().clone(), &create.role_name, id, trust, call.scene.now.millis())
    }
}

pub(super) async fn get(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    let role = call.entity::<Role>(name).await?.value;
    let key = RecordKey::last_used(call.account(), &Used::Role(role.id.clone()));
    let last_used = call.scene.records.get::<LastUsed>(&key).await?;
    Ok(Body::Role(Answer::Shown(Box::new(role), last_used.map(|found| found.value))))
}

pub(super) async fn list(call: &Call<'_>, path_prefix: &str, page: &Page) -> Result<Body, Error> {
    let (roles, marker) = call.list::<Role>(path_prefix, page).await?;
    Ok(Body::Role(Answer::Page { roles, marker }))
}

pub(super) async fn update(
    call: &Call<'_>,
    name: &str,
    description: Option<&str>,
    max_session_duration: Option<u32>,
) -> Result<Body, Error> {
    let change = |role: &mut Role| {
        if let Some(text) = description {
            text.clone_into(&mut role.description);
        }
        role.max_session_duration = max_session_duration.unwrap_or(role.max_session_duration);
        Ok(())
    };
    call.change(name, change).await?;
    Ok(Body::EmptyResult)
}

pub(super) async fn describe(call: &Call<'_>, name: &str, description: &str) -> Result<Body, Error> {
    let change = |role: &mut Role| {
        description.clone_into(&mut role.description);
        Ok(())
    };
    let role = call.change(name, change).await?;
    Ok(Body::Role(Answer::Changed(Box::new(role))))
}

/// The policy that was the boundary and the record of the last use change with it.
pub(super) async fn delete(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    for _ in 0..ATTEMPTS {
        let old = call.entity::<Role>(name).await?;
        if !old.value.attached.is_empty() {
            return Err(Error::DeleteConflict(Remains::AttachedPolicies));
        }
        if !old.value.policies.is_empty() {
            return Err(Error::DeleteConflict(Remains::InlinePolicies));
        }
        let mut changes = boundary::released(call, Changes::new().delete(&old), &old.value).await?;
        let used = RecordKey::last_used(call.account(), &Used::Role(old.value.id.clone()));
        if let Some(used) = call.scene.records.get::<LastUsed>(&used).await? {
            changes = changes.delete(&used);
        }
        if call.commit(changes).await? {
            return Ok(Body::Empty);
        }
    }
    Err(Error::ConcurrentModification)
}

pub(super) async fn update_trust(call: &Call<'_>, name: &str, document: &str) -> Result<Body, Error> {
    let trust = trust::checked(document, call.scene).await?;
    let change = |role: &mut Role| {
        role.trust.clone_from(&trust);
        Ok(())
    };
    call.change(name, change).await?;
    Ok(Body::Empty)
}

pub(super) async fn instance_profiles(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    call.entity::<Role>(name).await?;
    Ok(Body::Role(Answer::NoInstanceProfiles))
}

pub(super) fn all_instance_profiles(call: &Call<'_>) -> Result<Body, Error> {
    call.covers(call.action, &anything())?;
    Ok(Body::Role(Answer::NoInstanceProfiles))
}
