//! Roles: CreateRole, GetRole, ListRoles, DeleteRole, UpdateAssumeRolePolicy.

use super::requirements::{list_resource, role_name_resource};
use super::target::{Call, Outcome};
use super::{Answer, CreateRole, Error, Page, ROLES_QUOTA, page, trust};
use crate::entity::{Role, StoredPolicy, folded};
use crate::store::{self, Changes, RecordKey, Scope, Versioned};
use crate::types::{IdKind, UniqueId};

/// How many roles a listing reads at a time.
const BATCH: usize = 200;

/// Costs, besides the role's own record, one look at each name in the trust policy and a read of all the
/// account's roles, to count them: at most 1000 records, and only here. Two calls at once may both be the
/// thousandth.
pub(super) async fn create(call: &Call<'_>, create: &CreateRole) -> Result<Answer, Error> {
    let resource = role_name_resource(call.account(), &create.path, &create.role_name);
    call.covers("iam:CreateRole", &resource)?;
    if !create.tags.is_empty() {
        call.covers("iam:TagRole", &resource)?;
    }
    let trust = trust::checked(&create.trust, call.scene).await?;
    let role = new_role(call, create, trust);
    let key = RecordKey::role(&role.account, &role.name);
    let exists = || Error::RoleExists(role.name.clone());

    let records = call.scene.records;
    if records.get::<Role>(&key).await?.is_some() {
        return Err(exists());
    }
    let scope = Scope::Account(role.account.clone());
    if records.list::<Role>(&scope, None, ROLES_QUOTA).await?.len() >= ROLES_QUOTA {
        return Err(Error::RolesQuota);
    }
    let changes = call.guard(Changes::new().create(&role), &key, None)?;
    match records.commit(changes).await {
        Err(store::Error::Conflict(conflict)) if conflict == key => return Err(exists()),
        result => call.committed(result)?,
    }
    Ok(Answer::Role { operation: call.operation, role: Box::new(role) })
}

fn new_role(call: &Call<'_>, create: &CreateRole, trust: StoredPolicy) -> Role {
    let id = UniqueId::generate(IdKind::Role, call.scene.entropy);
    Role {
        path: create.path.clone(),
        description: create.description.clone(),
        max_session_duration: create.max_session_duration,
        tags: create.tags.clone(),
        owner: call.permit.owner().clone(),
        ..Role::new(call.account().clone(), &create.role_name, id, trust, call.scene.now.millis())
    }
}

pub(super) async fn get(call: &Call<'_>, name: &str) -> Result<Answer, Error> {
    let role = call.role(name).await?.value;
    Ok(Answer::Role { operation: call.operation, role: Box::new(role) })
}

pub(super) async fn delete(call: &Call<'_>, name: &str) -> Result<Answer, Error> {
    let change = |role: &Role| {
        if role.policies.is_empty() { Ok(Outcome::Delete) } else { Err(Error::RoleHasPolicies) }
    };
    call.change(name, change).await?;
    Ok(Answer::Empty { operation: call.operation })
}

pub(super) async fn update_trust(call: &Call<'_>, name: &str, document: &str) -> Result<Answer, Error> {
    let trust = trust::checked(document, call.scene).await?;
    let change = |role: &Role| Ok(Outcome::Update(Box::new(Role { trust: trust.clone(), ..role.clone() })));
    call.change(name, change).await?;
    Ok(Answer::Empty { operation: call.operation })
}

/// By name without regard to case. Roles that the caller's rights do not reach are not shown.
pub(super) async fn list(call: &Call<'_>, path_prefix: &str, page: &Page) -> Result<Answer, Error> {
    call.covers(call.action, &list_resource(call.account(), path_prefix))?;
    let scope = Scope::Account(call.account().clone());
    let mut after = page.after.as_deref().map(folded);
    let mut roles: Vec<Role> = Vec::new();
    let mut truncated = false;
    loop {
        let batch: Vec<Versioned<Role>> = call.scene.records.list(&scope, after.as_deref(), BATCH).await?;
        let ended = batch.len() < BATCH;
        after = batch.last().map(|role| folded(&role.value.name));
        let wanted =
            batch.into_iter().map(|role| role.value).filter(|r| r.path.starts_with(path_prefix) && call.reaches(r));
        roles.extend(wanted);
        if roles.len() > page.max_items {
            roles.truncate(page.max_items);
            truncated = true;
        }
        if truncated || ended {
            break;
        }
    }
    let marker = roles.last().filter(|_| truncated).map(|role| page::marker(&role.name));
    Ok(Answer::Roles { roles, marker })
}
