//! Roles: the calls of IAM, under the operator's permit.

use super::{Administration, Error};
use crate::authz;
use crate::entity::Role;
use crate::iam::role::{self, CreateRole};
use crate::iam::{self, Body, Caller, Page, Request, Scene};
use crate::types::Context;
use crate::wire::aws_query::Parameters;

impl Administration<'_> {
    /// Makes a role of the account.
    pub async fn create_role(
        &self,
        name: &str,
        path: &str,
        trust: &str,
        duration: Option<&str>,
        description: Option<&str>,
    ) -> Result<Role, Error> {
        let mut pairs = vec![("RoleName", name), ("Path", path), ("AssumeRolePolicyDocument", trust)];
        pairs.extend(duration.map(|seconds| ("MaxSessionDuration", seconds)));
        pairs.extend(description.map(|text| ("Description", text)));
        one(self.call("CreateRole", &pairs).await?)
    }

    /// Changes the longest session in seconds, the description, or both.
    pub async fn update_role(
        &self,
        name: &str,
        duration: Option<&str>,
        description: Option<&str>,
    ) -> Result<(), Error> {
        let mut pairs = vec![("RoleName", name)];
        pairs.extend(duration.map(|seconds| ("MaxSessionDuration", seconds)));
        pairs.extend(description.map(|text| ("Description", text)));
        self.call("UpdateRole", &pairs).await.map(|_| ())
    }

    /// Attaches a managed policy.
    pub async fn attach_role_policy(&self, role: &str, arn: &str) -> Result<(), Error> {
        self.call("AttachRolePolicy", &[("RoleName", role), ("PolicyArn", arn)]).await.map(|_| ())
    }

    /// Detaches a managed policy.
    pub async fn detach_role_policy(&self, role: &str, arn: &str) -> Result<(), Error> {
        self.call("DetachRolePolicy", &[("RoleName", role), ("PolicyArn", arn)]).await.map(|_| ())
    }

    /// Makes a role with description and longest session in seconds, as an import has them.
    pub async fn create_full_role(&self, create: CreateRole) -> Result<Role, Error> {
        let duration = create.max_session_duration.to_string();
        let description = Some(create.description.as_str()).filter(|text| !text.is_empty());
        self.create_role(&create.role_name, &create.path, &create.trust, Some(&duration), description).await
    }

    /// The role of that name.
    pub async fn get_role(&self, name: &str) -> Result<Role, Error> {
        one(self.call("GetRole", &[("RoleName", name)]).await?)
    }

    /// The roles whose paths begin so, by name without regard to case.
    pub async fn list_roles(&self, path_prefix: &str) -> Result<Vec<Role>, Error> {
        let mut request = self.parse("ListRoles", &[("PathPrefix", path_prefix), ("MaxItems", "1000")])?;
        let mut all: Vec<Role> = Vec::new();
        loop {
            let Body::Role(role::Answer::Page { roles, marker }) = self.execute(&request).await? else {
                return Err(Error::WrongAnswer);
            };
            all.extend(roles);
            if marker.is_none() {
                return Ok(all);
            }
            let page = Page { after: all.last().map(|role| role.name.clone()), max_items: 1000 };
            request = Request::Role(role::Request::ListRoles { path_prefix: path_prefix.to_owned(), page });
        }
    }

    /// Removes a role that has no policies.
    pub async fn delete_role(&self, name: &str) -> Result<(), Error> {
        self.call("DeleteRole", &[("RoleName", name)]).await.map(|_| ())
    }

    /// Replaces the trust policy.
    pub async fn put_trust_policy(&self, role: &str, document: &str) -> Result<(), Error> {
        let pairs = [("RoleName", role), ("PolicyDocument", document)];
        self.call("UpdateAssumeRolePolicy", &pairs).await.map(|_| ())
    }

    /// Adds or replaces an inline policy.
    pub async fn put_role_policy(&self, role: &str, name: &str, document: &str) -> Result<(), Error> {
        let pairs = [("RoleName", role), ("PolicyName", name), ("PolicyDocument", document)];
        self.call("PutRolePolicy", &pairs).await.map(|_| ())
    }

    /// The document of an inline policy, byte for byte as it was put.
    pub async fn get_role_policy(&self, role: &str, name: &str) -> Result<String, Error> {
        match self.call("GetRolePolicy", &[("RoleName", role), ("PolicyName", name)]).await? {
            Body::InlinePolicy { document, .. } => Ok(document),
            _ => Err(Error::WrongAnswer),
        }
    }

    /// The names of the inline policies, in order.
    pub async fn list_role_policies(&self, role: &str) -> Result<Vec<String>, Error> {
        // No page: a role's quota bounds what there can be.
        Ok(self.get_role(role).await?.policies.into_keys().collect())
    }

    /// Removes an inline policy.
    pub async fn delete_role_policy(&self, role: &str, name: &str) -> Result<(), Error> {
        self.call("DeleteRolePolicy", &[("RoleName", role), ("PolicyName", name)]).await.map(|_| ())
    }

    /// Makes a call of IAM as root of the account.
    pub(super) async fn call(&self, action: &str, pairs: &[(&str, &str)]) -> Result<Body, Error> {
        self.execute(&self.parse(action, pairs)?).await
    }

    pub(super) fn parse(&self, action: &str, pairs: &[(&str, &str)]) -> Result<Request, Error> {
        let caller = Caller { account: self.account, user: None, default_account: self.default_account };
        Ok(iam::parse(action, &Parameters::from_pairs(pairs.iter().copied()), &caller)?)
    }

    pub(super) async fn execute(&self, request: &Request) -> Result<Body, Error> {
        // Nothing is decided, so nobody reads the context.
        let asked = request.ask(self.account, self.records, &mut Context::new()).await?;
        let permit = authz::operator(self.account, asked.requirements);
        let scene = Scene {
            records: self.records,
            now: self.now,
            entropy: self.entropy,
            default_account: self.default_account,
            // Servers hear of it by the change feed.
            committed: &|_| {},
        };
        Ok(iam::execute(request, &permit, &scene).await?.body)
    }
}

fn one(body: Body) -> Result<Role, Error> {
    match body {
        Body::Role(role::Answer::Changed(role) | role::Answer::Shown(role, _)) => Ok(*role),
        _ => Err(Error::WrongAnswer),
    }
}
