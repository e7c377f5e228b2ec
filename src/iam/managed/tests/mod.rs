//! Calls about managed policies against a store in memory.

mod lifecycle;
mod listings;
mod reach;

use super::{Answer as Managed, Shown, Version};
use crate::entity::{Group, ManagedPolicy, Owner, PolicyUse, User, UserKind, quota};
use crate::iam::testing::{POLICY, TRUST, World, code, user};
use crate::iam::{Answer, Body, Error};
use crate::store::{Changes, RecordKey};
use crate::types::{AccountId, Context, UniqueId};
use crate::wire::percent;

const ARN: &str = "arn:aws:iam:::policy/team/Read";
const FULL: &str = "arn:aws:iam::aws:policy/AmazonS3FullAccess";

impl World {
    async fn made(&self) -> Shown {
        let pairs = [("PolicyName", "Read"), ("Path", "/team/"), ("PolicyDocument", POLICY), ("Description", "reads")];
        match self.call("CreatePolicy", &pairs).await.unwrap().body {
            Body::Managed(Managed::Made(policy)) => *policy,
            other => panic!("{other:?}"),
        }
    }

    async fn policy(&self) -> ManagedPolicy {
        self.record(&RecordKey::policy(&AccountId::empty(), "Read")).await.unwrap()
    }

    async fn on(&self, action: &str, more: &[(&str, &str)]) -> Result<Answer, Error> {
        let pairs: Vec<_> = std::iter::once(("PolicyArn", ARN)).chain(more.iter().copied()).collect();
        self.call(action, &pairs).await
    }

    async fn bounded_role(&self, name: &str, path: &str, boundary: Option<&str>) {
        let mut pairs = vec![("RoleName", name), ("Path", path), ("AssumeRolePolicyDocument", TRUST)];
        pairs.extend(boundary.map(|arn| ("PermissionsBoundary", arn)));
        self.call("CreateRole", &pairs).await.unwrap();
    }

    async fn attach(&self, role: &str, arn: &str) {
        self.call("AttachRolePolicy", &[("RoleName", role), ("PolicyArn", arn)]).await.unwrap();
    }

    async fn listed(&self, pairs: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
        match self.call("ListPolicies", pairs).await.unwrap().body {
            Body::Managed(Managed::Page { policies, marker }) => {
                (policies.into_iter().map(|policy| policy.name).collect(), marker)
            }
            other => panic!("{other:?}"),
        }
    }

    async fn entities(&self, pairs: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
        match self.call("ListEntitiesForPolicy", pairs).await.unwrap().body {
            Body::Managed(Managed::Entities { uses, marker }) => {
                (uses.into_iter().map(|one| one.name).collect(), marker)
            }
            other => panic!("{other:?}"),
        }
    }

    async fn versions(&self) -> Vec<Version> {
        match self.on("ListPolicyVersions", &[]).await.unwrap().body {
            Body::Managed(Managed::Versions { versions, marker: None }) => versions,
            other => panic!("{other:?}"),
        }
    }
}
