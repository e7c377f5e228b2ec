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
    principal: Principal,
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
        let principal = web_principal(&provider.provider);
        Ok(Self { provider, claims, principal })
    }

    /// Who this is for policies: the provider, and nobody's account.
    pub fn principal(&self) -> &Principal {
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
        let client = match self.claims.client() {
            Some(name) => Some((name.to_owned(), provider.client_id(name)?.serial)),
            None if provider.client_ids.is_empty() => None,
            None => return None,
        };
        Some(WebOrigin {
            account: provider.account.clone(),
            provider: provider.name().to_owned(),
            id: provider.id.clone(),
            epoch: provider.epoch,
            client,
            subject: self.claims.subject().to_owned(),
            audience: self.claims.audience().to_owned(),
        })
    }
}

/// Who the callers of a provider are for policies.
pub(crate) fn web_principal(provider: &OidcProvider) -> Principal {
    Principal::WebIdentity { provider: provider.arn().into() }
}
