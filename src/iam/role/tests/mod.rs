//! Calls about roles against a store in memory.

mod evidence;
mod lifecycle;
mod listings;
mod parameters;
mod reach;

use super::Answer as Roles;
use super::*;
use crate::authz::Permit;
use crate::entity::{Owner, Role, User, UserKind};
use crate::iam::testing::{POLICY, Racing, TRUST, World, code, principal, user};
use crate::iam::{Answer, Asked, Body, Caller, Error, Request as Any, VERSION, execute};
use crate::policy::{Bindings, Policy, PolicyKind};
use crate::store::{Changes, RecordKey};
use crate::types::{AccountId, Context, Principal, Requirement, UniqueId};
use crate::wire::aws_query::Parameters;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl World {
    async fn create(&self, name: &str, path: &str) -> Result<Answer, Error> {
        let pairs = [("RoleName", name), ("Path", path), ("AssumeRolePolicyDocument", TRUST)];
        self.call("CreateRole", &pairs).await
    }

    async fn role(&self, name: &str) -> Option<Role> {
        self.record(&RecordKey::role(&AccountId::empty(), name)).await
    }
}

fn page(answer: Answer) -> (Vec<Role>, Option<String>) {
    match answer.body {
        Body::Role(Roles::Page { roles, marker }) => (roles, marker),
        other => panic!("{other:?}"),
    }
}

fn changed(answer: Answer) -> Role {
    match answer.body {
        Body::Role(Roles::Changed(role)) => *role,
        other => panic!("{other:?}"),
    }
}

async fn asked(world: &World, request: &Any, account: &AccountId) -> Asked {
    request.ask(account, &world.records, &mut Context::new()).await.unwrap()
}

fn list(path_prefix: &str) -> Any {
    Any::Role(Request::ListRoles { path_prefix: path_prefix.into(), page: Page::default() })
}
