//! Callers who come with a token of an OpenID Connect provider.
//!
//! [`WebIdentity`] has private fields; it is made from a token that verified against keys and record of its provider
//! (security rule 25). Which provider that is, and where its keys come from, is the gateway's business.

use super::ProviderEntry;
use crate::entity::OidcProvider;
use crate::token::WebOrigin;
use crate::token::jwt::{self, KeySet, Rules, WebClaims, WebToken};
use crate::types::{Principal, Timestamp};
use std::sync::Arc;

/// What the configuration lets tokens be (`[oidc]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebRules {
    /// Whether a provider without client ids admits nobody.
    pub require_client_ids: bool,
    /// Whether access tokens are taken: `typ: at+jwt`, and a match by `azp` or `client_id` alone.
    pub accept_access_tokens: bool,
}

impl Default for WebRules {
    fn default() -> Self {
        Self { require_client_ids: true, accept_access_tokens: false }
    }
}

/// Proof that a provider vouched for the caller: its token's signature, issuer, audience and times were verified.
#[derive(Debug)]
pub struct WebIdentity {
    provider: Arc<ProviderEntry>,
    claims: WebClaims,
    principal: Arc<Principal>,
}

impl WebIdentity {
    /// Verifies a token of `provider`.
    pub fn verify(
        token: &WebToken<'_>,
        provider: Arc<ProviderEntry>,
        keys: &KeySet,
        rules: WebRules,
        now: Timestamp,
    ) -> Result<Self, jwt::Error> {
        let client_ids: Vec<&str> = provider.provider.client_ids.iter().map(|client| client.name.as_str()).collect();
        let rules = Rules {
            issuer: &provider.provider.url,
            client_ids: &client_ids,
            require_client_ids: rules.require_client_ids,
            accept_access_tokens: rules.accept_access_tokens,
        };
        let claims = token.verify(keys, &rules, now)?;
        let principal = Arc::new(web_principal(&provider.provider));
        Ok(Self { provider, claims, principal })
    }

    /// Who this is for policies: the provider, and nobody's account.
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// The provider as it was when the token was verified.
    pub fn provider(&self) -> &ProviderEntry {
        &self.provider
    }

    /// The token's claims.
    pub fn claims(&self) -> &WebClaims {
        &self.claims
    }

    /// What a session records of its beginning (security rule 21). None if the client id is not the provider's, or if
    /// the token met none although the provider has some: such a session could not be ended by removing it.
    pub fn origin(&self) -> Option<WebOrigin> {
        let provider = &self.provider.provider;
        let numbered = |name: &str| Some((name.to_owned(), provider.client_id(name)?.serial));
        let client = match self.claims.client() {
            Some(name) => Some(numbered(name)?),
            None if provider.client_ids.is_empty() => None,
            None => return None,
        };
        let also = match self.claims.also() {
            Some(name) => Some(numbered(name)?),
            None => None,
        };
        Some(WebOrigin {
            account: provider.account.clone(),
            provider: provider.name().to_owned(),
            id: provider.id.clone(),
            epoch: provider.epoch,
            client,
            also,
            subject: self.claims.subject().to_owned(),
            audience: self.claims.audience().to_owned(),
        })
    }
}

/// Who the callers of a provider are for policies.
pub(crate) fn web_principal(provider: &OidcProvider) -> Principal {
    Principal::WebIdentity { provider: provider.arn().into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{ClientId, Owner};
    use crate::token::jwt::testing;
    use crate::types::{AccountId, UniqueId};
    use serde_json::json;

    const NOW: i64 = 1_795_301_624;

    fn caller(client_ids: &[(&str, u64)], rules: WebRules) -> Result<WebIdentity, jwt::Error> {
        caller_with(client_ids, rules, &json!({}))
    }

    fn caller_with(
        client_ids: &[(&str, u64)],
        rules: WebRules,
        more: &serde_json::Value,
    ) -> Result<WebIdentity, jwt::Error> {
        let id = UniqueId::parse("AOIPJQABLZS4A3QDU576Q").unwrap();
        let clients = client_ids.iter().map(|(name, serial)| ClientId { name: (*name).to_owned(), serial: *serial });
        let provider = OidcProvider {
            client_ids: clients.collect(),
            epoch: 7,
            ..OidcProvider::new(AccountId::empty(), "https://idp.test/x", id, Owner::Account, 0)
        };
        let mut claims =
            json!({"iss": "https://idp.test/x", "sub": "alice", "aud": ["other", "app"], "iat": NOW, "exp": NOW + 60});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let text = testing::token(&claims);
        let token = WebToken::parse(&text)?;
        let entry = Arc::new(ProviderEntry { provider, revision: 3 });
        WebIdentity::verify(&token, entry, &testing::key_set(&["rsa"]), rules, Timestamp::from_seconds(NOW))
    }

    #[test]
    fn rule_21_a_session_records_provider_client_id_and_epoch() {
        let caller = caller(&[("web", 1), ("app", 5)], WebRules::default()).unwrap();
        assert_eq!(caller.principal().arn().as_deref(), Some("arn:aws:iam:::oidc-provider/idp.test/x"));
        let origin = caller.origin().unwrap();
        assert_eq!((origin.provider.as_str(), origin.epoch, origin.subject.as_str()), ("idp.test/x", 7, "alice"));
        assert_eq!((origin.client, origin.audience.as_str()), (Some(("app".to_owned(), 5)), "app"));
    }

    #[test]
    fn rule_21_a_session_records_both_client_ids_that_its_token_needed() {
        let ids = [("web", 1), ("app", 5)];
        let both = caller_with(&ids, WebRules::default(), &json!({"azp": "web"})).unwrap().origin().unwrap();
        assert_eq!((both.client, both.also), (Some(("web".to_owned(), 1)), Some(("app".to_owned(), 5))));
        let one = caller_with(&ids, WebRules::default(), &json!({"azp": "app"})).unwrap().origin().unwrap();
        assert_eq!((one.client, one.also), (Some(("app".to_owned(), 5)), None));
        let lax = WebRules { accept_access_tokens: true, ..WebRules::default() };
        let access = caller_with(&ids, lax, &json!({"azp": "web", "aud": "account"})).unwrap().origin().unwrap();
        assert_eq!((access.client, access.also), (Some(("web".to_owned(), 1)), None));
    }

    #[test]
    fn rule_25_a_provider_without_client_ids_admits_nobody_unless_it_is_let() {
        assert!(caller(&[], WebRules::default()).is_err());
        assert!(caller(&[("nobody", 0)], WebRules::default()).is_err());
        let lax = WebRules { require_client_ids: false, ..WebRules::default() };
        assert_eq!(caller(&[], lax).unwrap().origin().unwrap().client, None);
        assert!(caller(&[("nobody", 0)], lax).is_err());
    }
}
