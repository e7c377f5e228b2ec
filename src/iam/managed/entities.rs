//! What uses a policy: ListEntitiesForPolicy, and the uses of AWS's policies, which have no record of their own.

use super::entity::{Found, find};
use super::{Answer, EntityFilter, ListEntities, Shown, Usage};
use crate::authz::Reach;
use crate::entity::{AwsManagedPolicy, Group, PolicyUse, Role, UseKind, User, folded};
use crate::iam::Error;
use crate::iam::answer::Body;
use crate::iam::nouns::{Entity, Policied};
use crate::iam::page::marker;
use crate::iam::target::Call;
use crate::store::{Scope, Versioned};
use std::collections::{BTreeMap, BTreeSet};

/// How many records are read at a time.
const BATCH: usize = 200;

/// What uses one policy.
#[derive(Default)]
struct Uses {
    attachments: BTreeSet<PolicyUse>,
    boundary_of: BTreeSet<PolicyUse>,
}

/// What uses AWS's policies in the account, by ARN.
#[derive(Default)]
pub(super) struct UsesOfAws(BTreeMap<String, Uses>);

impl UsesOfAws {
    /// A policy with the number of its uses.
    pub(super) fn shown(&self, policy: &AwsManagedPolicy) -> Shown {
        let count = |uses: &Uses| (uses.attachments.len(), uses.boundary_of.len());
        let (attachments, boundaries) = self.0.get(&policy.arn()).map(count).unwrap_or_default();
        Shown::of_aws(policy, attachments, boundaries)
    }

    fn note<E: Policied>(&mut self, entity: &E) {
        let of_aws = |arn: &&str| AwsManagedPolicy::find(arn).is_some();
        for arn in entity.attached().iter().map(String::as_str).filter(of_aws) {
            self.0.entry(arn.to_owned()).or_default().attachments.insert(entity.as_use());
        }
        if let Some(arn) = entity.boundary().filter(of_aws) {
            self.0.entry(arn.to_owned()).or_default().boundary_of.insert(entity.as_use());
        }
    }
}

/// Reads all groups, roles and users of the account, whose quotas bound them.
pub(super) async fn uses_of_aws(call: &Call<'_>) -> Result<UsesOfAws, Error> {
    let mut uses = UsesOfAws::default();
    read_all::<Group>(call, &mut uses).await?;
    read_all::<Role>(call, &mut uses).await?;
    read_all::<User>(call, &mut uses).await?;
    Ok(uses)
}

async fn read_all<E: Policied>(call: &Call<'_>, uses: &mut UsesOfAws) -> Result<(), Error> {
    let scope = Scope::Account(call.account().clone());
    let mut after: Option<String> = None;
    loop {
        let batch: Vec<Versioned<E>> = call.scene.records.list(&scope, after.as_deref(), BATCH).await?;
        batch.iter().for_each(|entity| uses.note(&entity.value));
        after = batch.last().map(|entity| folded(entity.value.name()));
        if batch.len() < BATCH {
            return Ok(());
        }
    }
}

/// Groups, roles, users, each by name without regard to case; a marker is kind and name.
pub(super) async fn list(call: &Call<'_>, list: &ListEntities) -> Result<Body, Error> {
    let uses = match find(call, &list.policy).await? {
        Found::Own(found) => Uses { attachments: found.value.attachments, boundary_of: found.value.boundary_of },
        Found::Aws(_) => uses_of_aws(call).await?.0.remove(list.policy.as_str()).unwrap_or_default(),
    };
    let uses = match list.usage {
        None => uses.attachments.union(&uses.boundary_of).cloned().collect(),
        Some(Usage::Permissions) => uses.attachments,
        Some(Usage::Boundary) => uses.boundary_of,
    };
    let wanted = |one: &PolicyUse| match list.filter {
        None => true,
        Some(EntityFilter::Kind(kind)) => one.kind == kind,
        Some(EntityFilter::Policies) => false,
    };
    let mut uses: Vec<(String, PolicyUse)> = uses.into_iter().filter(wanted).map(|one| (place(&one), one)).collect();
    uses.sort();
    let after = list.page.after.as_deref().map(folded);
    let mut shown: Vec<PolicyUse> = Vec::new();
    for (place, one) in uses {
        if after.as_ref().is_some_and(|after| place <= *after) || !is_shown(call, &one, &list.path_prefix).await? {
            continue;
        }
        if shown.len() == list.page.max_items {
            let marker = shown.last().map(|last| marker(&self::place(last)));
            return Ok(Body::Managed(Answer::Entities { uses: shown, marker }));
        }
        shown.push(one);
    }
    Ok(Body::Managed(Answer::Entities { uses: shown, marker: None }))
}

fn place(one: &PolicyUse) -> String {
    let kind = match one.kind {
        UseKind::Group => "group",
        UseKind::Role => "role",
        UseKind::User => "user",
    };
    format!("{kind}/{}", folded(&one.name))
}

/// Whether an entity is under the path and within the caller's reach.
async fn is_shown(call: &Call<'_>, one: &PolicyUse, path_prefix: &str) -> Result<bool, Error> {
    if path_prefix == "/" && *call.permit.reach() == Reach::Account {
        return Ok(true);
    }
    match one.kind {
        UseKind::Group => fits::<Group>(call, one, path_prefix).await,
        UseKind::Role => fits::<Role>(call, one, path_prefix).await,
        UseKind::User => fits::<User>(call, one, path_prefix).await,
    }
}

async fn fits<E: Entity>(call: &Call<'_>, one: &PolicyUse, path_prefix: &str) -> Result<bool, Error> {
    let found = call.scene.records.get::<E>(&E::key(call.account(), &one.name)).await?.map(|found| found.value);
    Ok(found.is_some_and(|entity| {
        *entity.id() == one.id && entity.path().starts_with(path_prefix) && entity.is_within(call.permit.reach())
    }))
}
