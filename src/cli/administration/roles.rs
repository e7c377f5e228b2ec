//! Roles: the calls of IAM, under the operator's permit.

use super::{Administration, Error};
use crate::authz;
use crate::entity::Role;
use crate::iam::{self, Answer, CreateRole, Page, Request, Scene};
use crate::wire::aws_query::Parameters;

impl Administration<'_> {
    /// Makes a role of the account.
    pub async fn create_role(&self, name: &str, path: &str, trust: &str) -> Result<Role, Error> {
        let pairs = [("RoleName", name), ("Path", path), ("AssumeRolePolicyDocument", trust)];
        role(self.call("CreateRole", &pairs).await?)
    }

    /// Makes a role with description and longest session in seconds, as an import has them.
    pub async fn create_full_role(&self, create: CreateRole) -> Result<Role, Error> {
        let duration = create.max_session_duration.to_string();
        let mut pairs = vec![
            ("RoleName", create.role_name.as_str()),
            ("Path", create.path.as_str()),
            ("AssumeRolePolicyDocument", create.trust.as_str()),
            ("MaxSessionDuration", duration.as_str()),
        ];
        if !create.description.is_empty() {
            pairs.push(("Description", create.description.as_str()));
        }
        role(self.call("CreateRole", &pairs).await?)
    }

    /// The role of that name.
    pub async fn get_role(&self, name: &str) -> Result<Role, Error> {
        role(self.call("GetRole", &[("RoleName", name)]).await?)
    }

    /// The roles whose paths begin so, by name without regard to case.
    pub async fn list_roles(&self, path_prefix: &str) -> Result<Vec<Role>, Error> {
        let first =
            iam::parse("ListRoles", &Parameters::from_pairs([("PathPrefix", path_prefix), ("MaxItems", "1000")]))?;
        let mut request = first;
        let mut all: Vec<Role> = Vec::new();
        loop {
            let Answer::Roles { roles, marker } = self.execute(&request).await? else { return Err(Error::WrongAnswer) };
            all.extend(roles);
            if marker.is_none() {
                return Ok(all);
            }
            let page = Page { after: all.last().map(|role| role.name.clone()), max_items: 1000 };
            request = Request::ListRoles { path_prefix: path_prefix.to_owned(), page };
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
            Answer::RolePolicy { document, .. } => Ok(document),
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

    async fn call(&self, action: &str, pairs: &[(&str, &str)]) -> Result<Answer, Error> {
        let request = iam::parse(action, &Parameters::from_pairs(pairs.iter().copied()))?;
        self.execute(&request).await
    }

    async fn execute(&self, request: &Request) -> Result<Answer, Error> {
        let requirements = request.requirements(self.account, self.records).await?;
        let permit = authz::operator(self.account, requirements);
        let scene =
            Scene { records: self.records, now: self.now, entropy: self.entropy, default_account: self.account };
        Ok(iam::execute(request, &permit, &scene).await?)
    }
}

fn role(answer: Answer) -> Result<Role, Error> {
    match answer {
        Answer::Role { role, .. } => Ok(*role),
        _ => Err(Error::WrongAnswer),
    }
}
