//! Inline policies of roles: PutRolePolicy, GetRolePolicy, ListRolePolicies, DeleteRolePolicy.

use super::target::{Call, Outcome};
use super::{Answer, Error, Page, ROLE_POLICIES_QUOTA, page};
use crate::entity::{Role, StoredPolicy};
use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
use std::ops::Bound;

pub(super) async fn put(call: &Call<'_>, role: &str, name: &str, document: &str) -> Result<Answer, Error> {
    if size(document) > ROLE_POLICIES_QUOTA {
        return Err(Error::RolePoliciesQuota(role.to_owned()));
    }
    let bindings = Bindings::new();
    let options =
        ParseOptions { kind: PolicyKind::Identity, default_account: call.scene.default_account, bindings: &bindings };
    Policy::parse(document, &options).map_err(Error::MalformedPolicyDocument)?;
    let change = |role: &Role| {
        let mut new = role.clone();
        let stored = StoredPolicy { document: document.to_owned(), bindings: Bindings::new() };
        new.policies.insert(name.to_owned(), stored);
        let sum: usize = new.policies.values().map(|policy| size(&policy.document)).sum();
        if sum > ROLE_POLICIES_QUOTA {
            return Err(Error::RolePoliciesQuota(role.name.clone()));
        }
        Ok(Outcome::Update(new))
    };
    call.change(role, change).await?;
    Ok(Answer::Empty { operation: call.operation })
}

/// Characters that count: AWS leaves out white space.
fn size(document: &str) -> usize {
    document.chars().filter(|character| !character.is_whitespace()).count()
}

pub(super) async fn get(call: &Call<'_>, role: &str, name: &str) -> Result<Answer, Error> {
    let role = call.role(role).await?.value;
    let policy = role.policies.get(name).ok_or_else(|| Error::NoSuchRolePolicy(name.to_owned()))?;
    let document = policy.document.clone();
    Ok(Answer::RolePolicy { role_name: role.name, policy_name: name.to_owned(), document })
}

pub(super) async fn list(call: &Call<'_>, role: &str, page: &Page) -> Result<Answer, Error> {
    let role = call.role(role).await?.value;
    let from = page.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = role.policies.range::<str, _>((from, Bound::Unbounded)).map(|(name, _)| name.clone());
    let names: Vec<String> = rest.by_ref().take(page.max_items).collect();
    let marker = rest.next().and(names.last()).map(|last| page::marker(last));
    Ok(Answer::PolicyNames { names, marker })
}

pub(super) async fn delete(call: &Call<'_>, role: &str, name: &str) -> Result<Answer, Error> {
    let change = |role: &Role| {
        let mut new = role.clone();
        match new.policies.remove(name) {
            Some(_) => Ok(Outcome::Update(new)),
            None => Err(Error::NoSuchRolePolicy(name.to_owned())),
        }
    };
    call.change(role, change).await?;
    Ok(Answer::Empty { operation: call.operation })
}
