//! Managed policies themselves: making, showing, listing, removing, tagging.

use super::entities::{UsesOfAws, uses_of_aws};
use super::{Answer, CreatePolicy, ListPolicies, Scope, Shown, Usage};
use crate::authz::Reach;
use crate::entity::{AwsManagedPolicy, ManagedPolicy, StoredPolicy, Tag, folded, quota};
use crate::iam::answer::Body;
use crate::iam::nouns::Noun;
use crate::iam::page::marker;
use crate::iam::policy_arn::name_of;
use crate::iam::target::{ATTEMPTS, Call};
use crate::iam::{Error, Page, PolicyArn, document, tags};
use crate::store::{Changes, Versioned};
use crate::types::{IdKind, ResourceName, UniqueId};

/// A policy that is there.
pub(super) enum Found {
    /// AWS's.
    Aws(&'static AwsManagedPolicy),
    /// The account's.
    Own(Box<Versioned<ManagedPolicy>>),
}

/// The policy that the call is about, if the permit is for it.
pub(super) async fn find(call: &Call<'_>, policy: &PolicyArn) -> Result<Found, Error> {
    call.covers(call.action, &ResourceName::new(policy.as_str()))?;
    let found = match policy.own_name() {
        None => AwsManagedPolicy::find(policy.as_str()).map(Found::Aws),
        Some(_) => call.own_policy(policy.as_str()).await?.map(|found| Found::Own(Box::new(found))),
    };
    found.ok_or_else(|| Error::PolicyNotFound(policy.as_str().to_owned()))
}

/// The policy that the call changes: one of the account's own. Managed policies are the account's, and what they say
/// reaches all that they are attached to, so callers with a lesser reach do not change them (security rule 13).
async fn changeable(call: &Call<'_>, policy: &PolicyArn) -> Result<Versioned<ManagedPolicy>, Error> {
    match find(call, policy).await? {
        Found::Aws(_) => Err(Error::PolicyOfAws(policy.as_str().to_owned())),
        Found::Own(found) => {
            within_reach(call, &found.value.name)?;
            Ok(*found)
        }
    }
}

fn within_reach(call: &Call<'_>, name: &str) -> Result<(), Error> {
    match call.permit.reach() {
        Reach::Account => Ok(()),
        Reach::Standalone(_) => Err(Error::OutOfReach { noun: Noun::Policy, name: name.to_owned() }),
    }
}

/// Changes a policy of the account as `change` says, which sees it as it is at each attempt.
pub(super) async fn change<T>(
    call: &Call<'_>,
    policy: &PolicyArn,
    change: impl Fn(&mut ManagedPolicy) -> Result<T, Error>,
) -> Result<T, Error> {
    for _ in 0..ATTEMPTS {
        let old = changeable(call, policy).await?;
        let mut new = old.value.clone();
        let result = change(&mut new)?;
        if call.commit(Changes::new().update(&old, &new)).await? {
            return Ok(result);
        }
    }
    Err(Error::ConcurrentModification)
}

/// A document that may be a version of a managed policy.
pub(super) fn checked(call: &Call<'_>, text: &str) -> Result<StoredPolicy, Error> {
    let stored = document::identity(text, call.scene)?;
    if document::size(text) > quota::MANAGED_POLICY {
        return Err(Error::Quota { name: "PolicySize", limit: quota::MANAGED_POLICY });
    }
    Ok(stored)
}

pub(super) async fn create(call: &Call<'_>, create: &CreatePolicy) -> Result<Body, Error> {
    let resource = Noun::Policy.resource(call.account(), &create.path, &create.policy_name);
    call.covers("iam:CreatePolicy", &resource)?;
    if !create.tags.is_empty() {
        call.covers("iam:TagPolicy", &resource)?;
    }
    within_reach(call, &create.policy_name)?;
    let id = UniqueId::generate(IdKind::ManagedPolicy, call.scene.entropy);
    let document = checked(call, &create.document)?;
    let policy = ManagedPolicy {
        path: create.path.clone(),
        description: create.description.clone(),
        tags: create.tags.clone(),
        ..ManagedPolicy::new(call.account().clone(), &create.policy_name, id, document, call.scene.now.millis())
    };
    call.create(&policy, Changes::new()).await?;
    Ok(Body::Managed(Answer::Made(Box::new(Shown::from(&policy)))))
}

pub(super) async fn get(call: &Call<'_>, policy: &PolicyArn) -> Result<Body, Error> {
    let shown = match find(call, policy).await? {
        Found::Own(found) => Shown::from(&found.value),
        Found::Aws(found) => uses_of_aws(call).await?.shown(found),
    };
    Ok(Body::Managed(Answer::Shown(Box::new(shown))))
}

/// The account's own by name, then AWS's by name. What uses AWS's is counted where they are shown: that reads all
/// roles, users and groups of the account.
pub(super) async fn list(call: &Call<'_>, list: &ListPolicies) -> Result<Body, Error> {
    let wanted = |shown: &Shown| match list.usage {
        None => !list.only_attached || shown.attachments + shown.boundaries > 0,
        Some(Usage::Permissions) => shown.attachments > 0,
        Some(Usage::Boundary) => shown.boundaries > 0,
    };
    call.covers(call.action, &Noun::Policy.resource(call.account(), &list.path_prefix, ""))?;
    // A marker that leads into AWS's begins so; no name of a policy has the `/`.
    let after_aws = list.page.after.as_deref().and_then(|after| after.strip_prefix("aws/"));
    let mut policies: Vec<Shown> = Vec::new();
    let with_own = list.scope != Scope::Aws && after_aws.is_none();
    if with_own && let Some(marker) = own(call, list, wanted, &mut policies).await? {
        return Ok(Body::Managed(Answer::Page { policies, marker: Some(marker) }));
    }
    if list.scope == Scope::Local {
        return Ok(Body::Managed(Answer::Page { policies, marker: None }));
    }
    // All of them have the path `/`.
    let of_aws = if list.path_prefix == "/" { AwsManagedPolicy::ALL } else { &[] };
    let uses = if of_aws.is_empty() { UsesOfAws::default() } else { uses_of_aws(call).await? };
    let rest = of_aws.iter().filter(|policy| after_aws.is_none_or(|after| policy.name > after));
    let rest: Vec<Shown> = rest.map(|policy| uses.shown(policy)).filter(wanted).collect();
    let room = list.page.max_items.saturating_sub(policies.len());
    let more = rest.len() > room;
    policies.extend(rest.into_iter().take(room));
    let last = policies.last().filter(|_| more);
    // Where there was no room at all, the last one is the account's own, and its name the marker.
    let marker = last.map(|last| match last.arn.starts_with("arn:aws:iam::aws:") {
        true => marker(&format!("aws/{}", last.name)),
        false => marker(&last.name),
    });
    Ok(Body::Managed(Answer::Page { policies, marker }))
}

/// Puts a page of the account's own into `found`; where more remain, says where the next page begins.
async fn own(
    call: &Call<'_>,
    list: &ListPolicies,
    wanted: impl Fn(&Shown) -> bool,
    found: &mut Vec<Shown>,
) -> Result<Option<String>, Error> {
    let mut after = list.page.after.clone();
    loop {
        let page = Page { after: after.take(), max_items: 200 };
        let (batch, more) = call.list::<ManagedPolicy>(&list.path_prefix, &page).await?;
        for policy in &batch {
            let shown = Shown::from(policy);
            if !wanted(&shown) {
                continue;
            }
            if found.len() == list.page.max_items {
                return Ok(found.last().map(|last| marker(&last.name)));
            }
            found.push(shown);
        }
        after = batch.last().map(|last| folded(&last.name));
        if more.is_none() || after.is_none() {
            return Ok(None);
        }
    }
}

/// Only one that nothing uses and of which only the default version is left.
pub(super) async fn delete(call: &Call<'_>, policy: &PolicyArn) -> Result<Body, Error> {
    for _ in 0..ATTEMPTS {
        let old = changeable(call, policy).await?;
        if old.value.in_use() {
            return Err(Error::PolicyInUse);
        }
        if old.value.versions.len() > 1 {
            return Err(Error::PolicyHasVersions);
        }
        if call.commit(Changes::new().delete(&old)).await? {
            return Ok(Body::Empty);
        }
    }
    Err(Error::ConcurrentModification)
}

pub(super) async fn tag(call: &Call<'_>, policy: &PolicyArn, set: &[Tag]) -> Result<Body, Error> {
    changeable(call, policy).await?;
    tags::set::<ManagedPolicy>(call, name_of(policy.as_str()), set).await
}

pub(super) async fn untag(call: &Call<'_>, policy: &PolicyArn, keys: &[String]) -> Result<Body, Error> {
    changeable(call, policy).await?;
    tags::unset::<ManagedPolicy>(call, name_of(policy.as_str()), keys).await
}

pub(super) async fn list_tags(call: &Call<'_>, policy: &PolicyArn, page: &Page) -> Result<Body, Error> {
    match find(call, policy).await? {
        Found::Aws(_) => Ok(Body::Tags { tags: Vec::new(), marker: None }),
        Found::Own(found) => {
            let (tags, marker) = page.by_place(&found.value.tags)?;
            Ok(Body::Tags { tags, marker })
        }
    }
}
