//! Managed policies, simulations and explanations: the calls of IAM, under the operator's permit.

use super::{Administration, Error};
use crate::authz::LiveDirectory;
use crate::entity::{Role, User};
use crate::iam::Body;
use crate::iam::managed::{self, Shown, Version};
use crate::iam::simulate::{self, Evaluation, Question};
use crate::store::RecordKey;
use crate::types::{AccountId, Arn};

impl Administration<'_> {
    /// Makes a managed policy of the account.
    pub async fn create_policy(&self, pairs: &[(&str, &str)]) -> Result<Shown, Error> {
        one(self.call("CreatePolicy", pairs).await?)
    }

    /// A managed policy, the account's or AWS's, and the document of the version that counts.
    pub async fn get_policy(&self, arn: &str) -> Result<(Shown, String), Error> {
        let shown = one(self.call("GetPolicy", &[("PolicyArn", arn)]).await?)?;
        let version = format!("v{}", shown.default_version);
        let pairs = [("PolicyArn", arn), ("VersionId", version.as_str())];
        match self.call("GetPolicyVersion", &pairs).await? {
            Body::Managed(managed::Answer::Version(Version { document: Some(document), .. })) => Ok((shown, document)),
            _ => Err(Error::WrongAnswer),
        }
    }

    /// Managed policies by name, AWS's last. `scope`: All, AWS or Local.
    pub async fn list_policies(&self, scope: &str, path_prefix: &str) -> Result<Vec<Shown>, Error> {
        let mut all = Vec::new();
        let mut from: Option<String> = None;
        loop {
            let mut pairs = vec![("Scope", scope), ("PathPrefix", path_prefix), ("MaxItems", "1000")];
            pairs.extend(from.as_deref().map(|marker| ("Marker", marker)));
            match self.call("ListPolicies", &pairs).await? {
                Body::Managed(managed::Answer::Page { policies, marker }) => {
                    all.extend(policies);
                    from = marker;
                }
                _ => return Err(Error::WrongAnswer),
            }
            if from.is_none() {
                return Ok(all);
            }
        }
    }

    /// Makes a call that answers nothing of interest.
    pub async fn change_policy(&self, action: &str, pairs: &[(&str, &str)]) -> Result<(), Error> {
        self.call(action, pairs).await.map(|_| ())
    }

    /// Makes a version.
    pub async fn create_policy_version(&self, arn: &str, document: &str, default: bool) -> Result<Version, Error> {
        let default = if default { "true" } else { "false" };
        let pairs = [("PolicyArn", arn), ("PolicyDocument", document), ("SetAsDefault", default)];
        match self.call("CreatePolicyVersion", &pairs).await? {
            Body::Managed(managed::Answer::Version(version)) => Ok(version),
            _ => Err(Error::WrongAnswer),
        }
    }

    /// The versions, the newest first.
    pub async fn list_policy_versions(&self, arn: &str) -> Result<Vec<Version>, Error> {
        match self.call("ListPolicyVersions", &[("PolicyArn", arn)]).await? {
            Body::Managed(managed::Answer::Versions { versions, .. }) => Ok(versions),
            _ => Err(Error::WrongAnswer),
        }
    }

    /// SimulatePrincipalPolicy, or SimulateCustomPolicy where no principal is among `pairs`: all pages.
    pub async fn simulate(&self, pairs: &[(&str, &str)]) -> Result<Vec<Evaluation>, Error> {
        let of_principal = pairs.iter().any(|(name, _)| *name == "PolicySourceArn");
        let action = if of_principal { "SimulatePrincipalPolicy" } else { "SimulateCustomPolicy" };
        let mut all = Vec::new();
        let mut from: Option<String> = None;
        loop {
            let mut pairs = pairs.to_vec();
            pairs.push(("MaxItems", "1000"));
            pairs.extend(from.as_deref().map(|marker| ("Marker", marker)));
            match self.call(action, &pairs).await? {
                Body::Simulated(simulate::Answer::Evaluations { evaluations, marker }) => {
                    all.extend(evaluations);
                    from = marker;
                }
                _ => return Err(Error::WrongAnswer),
            }
            if from.is_none() {
                return Ok(all);
            }
        }
    }

    /// Says in plain words how a request would be decided now.
    pub async fn explain(&self, question: &Question<'_>) -> Result<String, Error> {
        let directory = LiveDirectory { records: self.records, default_account: self.account };
        let (_, text) = simulate::explain(question, &directory, self.now).await?;
        Ok(text)
    }

    /// Whether a user or role of that ARN, or the role of that session, is in the store (security rule 14).
    pub async fn resolves(&self, arn: &str) -> Result<bool, Error> {
        let Ok(parsed) = Arn::parse(arn) else { return Ok(false) };
        let Ok(account) = AccountId::parse(&parsed.account) else { return Ok(false) };
        let Some((kind, rest)) = parsed.resource.split_once('/') else { return Ok(false) };
        let name = rest.rsplit('/').next().unwrap_or_default();
        Ok(match kind {
            "user" => {
                let found = self.records.get::<User>(&RecordKey::user(&account, name)).await?;
                found.is_some_and(|found| found.value.arn() == arn)
            }
            "role" => {
                let found = self.records.get::<Role>(&RecordKey::role(&account, name)).await?;
                found.is_some_and(|found| found.value.arn() == arn)
            }
            "assumed-role" => {
                let role = rest.split('/').next().unwrap_or_default();
                self.records.get::<Role>(&RecordKey::role(&account, role)).await?.is_some()
            }
            _ => false,
        })
    }
}

fn one(body: Body) -> Result<Shown, Error> {
    match body {
        Body::Managed(managed::Answer::Made(policy) | managed::Answer::Shown(policy)) => Ok(*policy),
        _ => Err(Error::WrongAnswer),
    }
}
