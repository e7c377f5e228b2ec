//! OpenID Connect providers: the calls of IAM, under the operator's permit, and ending the sessions that began with them.

use super::{ATTEMPTS, Administration, Error};
use crate::entity::{OidcProvider, ProviderRule, Tag, client_id, thumbprint};
use crate::iam::{Body, provider};
use crate::store::{self, Changes, RecordKey, Versioned};
use crate::types::Arn;

/// A provider to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProvider {
    /// With its scheme.
    pub url: String,
    /// Audiences of its tokens.
    pub client_ids: Vec<String>,
    /// SHA-1 of certificates, in hexadecimal digits.
    pub thumbprints: Vec<String>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// What becomes of a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderChange {
    /// Client ids that go.
    pub remove_client_ids: Vec<String>,
    /// Client ids that come.
    pub add_client_ids: Vec<String>,
    /// The thumbprints from now on; none leaves them as they are.
    pub thumbprints: Option<Vec<String>>,
}

impl Administration<'_> {
    /// Makes a provider of the account.
    pub async fn create_provider(&self, new: &NewProvider) -> Result<OidcProvider, Error> {
        let mut pairs = vec![("Url".to_owned(), new.url.clone())];
        pairs.extend(members("ClientIDList", &new.client_ids));
        pairs.extend(members("ThumbprintList", &new.thumbprints));
        for (index, tag) in (1..).zip(&new.tags) {
            pairs.push((format!("Tags.member.{index}.Key"), tag.key.clone()));
            pairs.push((format!("Tags.member.{index}.Value"), tag.value.clone()));
        }
        one(self.call("CreateOpenIDConnectProvider", &borrowed(&pairs)).await?)
    }

    /// The provider of that URL, with or without scheme, or of that ARN.
    pub async fn get_provider(&self, url: &str) -> Result<OidcProvider, Error> {
        let arn = self.provider_arn(url);
        one(self.call("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &arn)]).await?)
    }

    /// The providers, by name.
    pub async fn list_providers(&self) -> Result<Vec<OidcProvider>, Error> {
        match self.call("ListOpenIDConnectProviders", &[]).await? {
            Body::Provider(provider::Answer::Listed(providers)) => Ok(providers),
            _ => Err(Error::WrongAnswer),
        }
    }

    /// Removes a provider, and with it the sessions that began with its tokens. Unlike the call of IAM, it says so if
    /// there is none: who mistypes a name wants to know.
    pub async fn delete_provider(&self, url: &str) -> Result<(), Error> {
        self.get_provider(url).await?;
        let arn = self.provider_arn(url);
        self.call("DeleteOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &arn)]).await.map(|_| ())
    }

    /// Changes a provider, one call after the other: what values cannot be is told before the first.
    pub async fn update_provider(&self, url: &str, change: &ProviderChange) -> Result<OidcProvider, Error> {
        change.check().map_err(crate::iam::Error::from)?;
        let arn = self.provider_arn(url);
        let provider = ("OpenIDConnectProviderArn", arn.as_str());
        for client in &change.remove_client_ids {
            self.call("RemoveClientIDFromOpenIDConnectProvider", &[provider, ("ClientID", client)]).await?;
        }
        for client in &change.add_client_ids {
            self.call("AddClientIDToOpenIDConnectProvider", &[provider, ("ClientID", client)]).await?;
        }
        if let Some(thumbprints) = &change.thumbprints {
            let listed = members("ThumbprintList", thumbprints);
            let mut pairs = vec![provider, ("ThumbprintList", "")];
            pairs.extend(borrowed(&listed));
            self.call("UpdateOpenIDConnectProviderThumbprint", &pairs).await?;
        }
        self.get_provider(url).await
    }

    /// Ends all sessions that began with a token of the provider (security rule 21). In force on every gate as soon as
    /// it hears of the change.
    pub async fn revoke_provider(&self, url: &str) -> Result<OidcProvider, Error> {
        // Whatever names a provider elsewhere names it here.
        let name = self.get_provider(url).await?.name().to_owned();
        let key = RecordKey::oidc_provider(self.account, &name);
        for _ in 0..ATTEMPTS {
            let found: Option<Versioned<OidcProvider>> = self.records.get(&key).await?;
            let old = found.ok_or(Error::Conflict)?;
            let mut new = old.value.clone();
            new.epoch = new.epoch.wrapping_add(1);
            match self.records.commit(Changes::new().update(&old, &new)).await {
                Ok(()) => return Ok(new),
                Err(store::Error::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Conflict)
    }

    fn provider_arn(&self, url: &str) -> String {
        if url.starts_with("arn:") {
            return url.to_owned();
        }
        let name = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url);
        Arn::iam(self.account.as_str(), format!("oidc-provider/{name}")).to_string()
    }
}

impl ProviderChange {
    fn check(&self) -> Result<(), ProviderRule> {
        self.remove_client_ids.iter().chain(&self.add_client_ids).try_for_each(|client| client_id(client))?;
        self.thumbprints.iter().flatten().try_for_each(|print| thumbprint(print).map(drop))
    }
}

fn members(list: &str, values: &[String]) -> Vec<(String, String)> {
    (1..).zip(values).map(|(index, value): (usize, _)| (format!("{list}.member.{index}"), value.clone())).collect()
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn one(body: Body) -> Result<OidcProvider, Error> {
    match body {
        Body::Provider(provider::Answer::Made(provider) | provider::Answer::Shown(provider)) => Ok(*provider),
        _ => Err(Error::WrongAnswer),
    }
}
