//! Calls about providers against a store in memory.

mod lifecycle;
mod parameters;
mod reach;

use super::Answer as Providers;
use super::*;
use crate::authz::Permit;
use crate::entity::Owner;
use crate::iam::testing::{Racing, World, code};
use crate::iam::{Answer, Request as Any, execute};
use crate::store::RecordKey;
use crate::types::{AccountId, Context, Principal, Requirement, UniqueId};
use std::sync::Arc;
use std::sync::atomic::Ordering;

const URL: &str = "https://idp.example.com/realms/demo";
const ARN: &str = "arn:aws:iam:::oidc-provider/idp.example.com/realms/demo";
const PRINT: &str = "EB74AB8D00D943EC9507E2763090932DF2B09C77";
const DELETE: &str = "DeleteOpenIDConnectProvider";

/// The calls on one provider with what they need, but for the one that removes it.
const ON_ONE: [(&str, &[(&str, &str)]); 7] = [
    ("GetOpenIDConnectProvider", &[]),
    ("AddClientIDToOpenIDConnectProvider", &[("ClientID", "a")]),
    ("RemoveClientIDFromOpenIDConnectProvider", &[("ClientID", "a")]),
    ("UpdateOpenIDConnectProviderThumbprint", &[("ThumbprintList.member.1", PRINT)]),
    ("TagOpenIDConnectProvider", &[("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]),
    ("UntagOpenIDConnectProvider", &[("TagKeys.member.1", "a")]),
    ("ListOpenIDConnectProviderTags", &[]),
];

impl World {
    async fn registered(&self, url: &str, more: &[(&str, &str)]) -> Result<Answer, Error> {
        let pairs: Vec<_> = std::iter::once(("Url", url)).chain(more.iter().copied()).collect();
        self.call("CreateOpenIDConnectProvider", &pairs).await
    }

    async fn at(&self, action: &str, more: &[(&str, &str)]) -> Result<Answer, Error> {
        let pairs: Vec<_> = std::iter::once(("OpenIDConnectProviderArn", ARN)).chain(more.iter().copied()).collect();
        self.call(action, &pairs).await
    }

    async fn provider(&self) -> Option<OidcProvider> {
        self.record(&RecordKey::oidc_provider(&AccountId::empty(), "idp.example.com/realms/demo")).await
    }

    async fn clients(&self) -> Vec<(String, u64)> {
        self.provider().await.unwrap().client_ids.into_iter().map(|client| (client.name, client.serial)).collect()
    }
}

fn arns(answer: Answer) -> Vec<String> {
    match answer.body {
        Body::Provider(Providers::Listed(providers)) => providers.iter().map(OidcProvider::arn).collect(),
        other => panic!("{other:?}"),
    }
}

fn listed(name: &str, values: impl IntoIterator<Item = String>) -> Vec<(String, String)> {
    values.into_iter().enumerate().map(|(at, value)| (format!("{name}.member.{}", at + 1), value)).collect()
}

fn refs(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn tester(name: &str) -> Owner {
    Owner::User { id: UniqueId::parse("AIDAJQABLZS4A3QDU576Q").unwrap(), name: name.to_owned() }
}
