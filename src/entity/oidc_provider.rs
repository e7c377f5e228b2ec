//! OpenID Connect providers: who else may say who somebody is.

use super::{Owner, Tag};
use crate::types::{AccountId, UniqueId};
use serde::{Deserialize, Serialize};

/// A client id (audience) that a provider's tokens may be for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientId {
    /// The id, compared byte for byte.
    pub name: String,
    /// The provider's serial when the id was added: one that was removed and added again has another, so that the
    /// sessions of before do not come back (security rule 21).
    pub serial: u64,
}

/// A provider record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// The provider's account.
    pub account: AccountId,
    /// The URL with its scheme, to which `iss` of its tokens is byte-equal (security rule 25).
    pub url: String,
    /// A provider made again has another.
    pub id: UniqueId,
    /// Client ids, in the order in which they were added.
    #[serde(default)]
    pub client_ids: Vec<ClientId>,
    /// Serial of the client id that is added next.
    #[serde(default)]
    pub next_serial: u64,
    /// SHA-1 of certificates, 40 lower-case hexadecimal digits each (security rule 24).
    #[serde(default)]
    pub thumbprints: Vec<String>,
    /// Tags in the order in which they were set.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Who made it: caps reach only the providers of standalone users (security rule 13).
    pub owner: Owner,
    /// Raised to end all sessions that began with its tokens (security rule 21).
    #[serde(default)]
    pub epoch: u64,
    /// Milliseconds since 1970.
    pub created: i64,
}

impl OidcProvider {
    /// A provider of the account without client ids, thumbprints and tags.
    pub fn new(account: AccountId, url: impl Into<String>, id: UniqueId, owner: Owner, created: i64) -> Self {
        Self {
            account,
            url: url.into(),
            id,
            client_ids: Vec::new(),
            next_serial: 0,
            thumbprints: Vec::new(),
            tags: Vec::new(),
            owner,
            epoch: 0,
            created,
        }
    }

    /// The URL without its scheme: the provider's name in ARNs, answers and condition keys.
    pub fn name(&self) -> &str {
        self.url.split_once("://").map_or(self.url.as_str(), |(_, name)| name)
    }

    /// `arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH`.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:oidc-provider/{}", self.account, self.name())
    }

    /// Adds a client id, if it is not there: one that is keeps its serial.
    pub fn add_client_id(&mut self, name: &str) {
        if self.client_id(name).is_none() {
            self.client_ids.push(ClientId { name: name.to_owned(), serial: self.next_serial });
            self.next_serial += 1;
        }
    }

    /// The client id of that name.
    pub fn client_id(&self, name: &str) -> Option<&ClientId> {
        self.client_ids.iter().find(|client| client.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_21_a_client_id_that_was_away_has_another_serial() {
        let id = UniqueId::parse("AOIPJQABLZS4A3QDU576Q").unwrap();
        let mut provider = OidcProvider::new(AccountId::empty(), "https://a", id, Owner::Account, 5);
        for name in ["one", "two", "one"] {
            provider.add_client_id(name);
        }
        let serials = |provider: &OidcProvider| provider.client_ids.iter().map(|c| c.serial).collect::<Vec<_>>();
        assert_eq!(serials(&provider), [0, 1]);
        provider.client_ids.retain(|client| client.name != "two");
        provider.add_client_id("two");
        assert_eq!(serials(&provider), [0, 2]);
    }

    #[test]
    fn the_name_is_the_url_without_its_scheme() {
        let id = UniqueId::parse("AOIPJQABLZS4A3QDU576Q").unwrap();
        let account = AccountId::empty();
        for url in ["https://localhost:8080/auth/realms/demo", "http://localhost:8080/auth/realms/demo"] {
            let provider = OidcProvider::new(account.clone(), url, id.clone(), Owner::Account, 5);
            assert_eq!(provider.arn(), "arn:aws:iam:::oidc-provider/localhost:8080/auth/realms/demo");
            let text = serde_json::to_string(&provider).unwrap();
            assert_eq!(serde_json::from_str::<OidcProvider>(&text).unwrap(), provider);
        }
    }
}
