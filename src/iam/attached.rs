//! Managed policies attached to roles, users and groups. Both sides change in one commit: the entity lists the
//! policy's ARN, the policy's record lists the entity (security rule 18).

use super::answer::Body;
use super::nouns::Policied;
use super::policy_arn::name_of;
use super::target::{ATTEMPTS, Call};
use super::{Error, Page, PolicyArn};
use crate::entity::{AwsManagedPolicy, ManagedPolicy, quota};
use crate::store::{Changes, Versioned};

/// Attaches one; one that is attached already stays.
pub(super) async fn attach<E: Policied>(call: &Call<'_>, name: &str, policy: &PolicyArn) -> Result<Body, Error> {
    for _ in 0..ATTEMPTS {
        let old = call.entity::<E>(name).await?;
        let used = find(call, policy).await?.ok_or_else(|| Error::NotAttachable(policy.as_str().to_owned()))?;
        if old.value.attached().iter().any(|arn| arn == policy.as_str()) {
            return Ok(Body::Empty);
        }
        if old.value.attached().len() >= quota::ATTACHED_POLICIES {
            return Err(Error::Quota { name: E::ATTACHED_QUOTA, limit: quota::ATTACHED_POLICIES });
        }
        let mut new = old.value.clone();
        new.attached_mut().push(policy.as_str().to_owned());
        let mut changes = Changes::new().update(&old, &new);
        if let Used::Own(used) = used {
            let mut changed = used.value.clone();
            changed.attachments.insert(old.value.as_use());
            changes = changes.update(&used, &changed);
        }
        if call.commit(changes).await? {
            return Ok(Body::Empty);
        }
    }
    Err(Error::ConcurrentModification)
}

/// Detaches one.
pub(super) async fn detach<E: Policied>(call: &Call<'_>, name: &str, policy: &PolicyArn) -> Result<Body, Error> {
    for _ in 0..ATTEMPTS {
        let old = call.entity::<E>(name).await?;
        let mut new = old.value.clone();
        new.attached_mut().retain(|arn| arn != policy.as_str());
        if new.attached().len() == old.value.attached().len() {
            return Err(Error::PolicyNotFound(policy.as_str().to_owned()));
        }
        let mut changes = Changes::new().update(&old, &new);
        if let Some(Used::Own(used)) = find(call, policy).await? {
            let mut changed = used.value.clone();
            changed.attachments.retain(|one| (one.kind, &one.id) != (E::USE, old.value.id()));
            changes = changes.update(&used, &changed);
        }
        if call.commit(changes).await? {
            return Ok(Body::Empty);
        }
    }
    Err(Error::ConcurrentModification)
}

/// Lists those whose path begins so, by name.
pub(super) async fn list<E: Policied>(
    call: &Call<'_>,
    name: &str,
    path_prefix: &str,
    page: &Page,
) -> Result<Body, Error> {
    let entity = call.entity::<E>(name).await?.value;
    let path = |arn: &str| arn.find(":policy/").and_then(|at| arn.get(at + ":policy".len()..)).map(str::to_owned);
    let mut found: Vec<(String, String)> = entity
        .attached()
        .iter()
        .filter(|arn| path(arn).is_some_and(|path| path.starts_with(path_prefix)))
        .map(|arn| (order(arn), arn.clone()))
        .collect();
    found.sort();
    let (found, marker) = page.by_name(found, |(order, _)| order);
    let policies = found.into_iter().map(|(_, arn)| (name_of(&arn).to_owned(), arn)).collect();
    Ok(Body::AttachedPolicies { policies, marker })
}

/// By name; AWS's after the account's own of the same name.
fn order(arn: &str) -> String {
    let of_aws = arn.starts_with("arn:aws:iam::aws:");
    format!("{}{}", name_of(arn), if of_aws { ",aws" } else { "" })
}

/// A managed policy that is there.
pub(super) enum Used {
    /// AWS's, which no record has.
    Aws,
    /// The account's.
    Own(Box<Versioned<ManagedPolicy>>),
}

/// The policy of that very ARN.
pub(super) async fn find(call: &Call<'_>, policy: &PolicyArn) -> Result<Option<Used>, Error> {
    match policy.own_name() {
        None => Ok(AwsManagedPolicy::find(policy.as_str()).map(|_| Used::Aws)),
        Some(_) => Ok(call.own_policy(policy.as_str()).await?.map(|found| Used::Own(Box::new(found)))),
    }
}
