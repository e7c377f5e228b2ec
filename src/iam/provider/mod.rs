//! OpenID Connect providers: who else may say who somebody is (security rules 13, 16, 21, 24 to 26).
//!
//! Follows the IAM API reference, "CreateOpenIDConnectProvider" and the nine further actions about providers, with
//! these choices. A provider's name is its URL without scheme, byte for byte: a trailing slash, letters of another
//! case or a written default port make another provider, as with AWS. Unlike AWS, ports and `http://` are taken, as by
//! Ceph; whether plain HTTP is used is decided where keys are fetched. Removing a provider that is not there is
//! `NoSuchEntity`, as AWS's list of errors and Ceph have it (AWS's description says otherwise).

mod answer;
mod arn;
mod entity;

pub use answer::Answer;

use super::about::{About, Target};
use super::answer::Body;
use super::fields::Fields;
use super::nouns::Noun;
use super::target::Call;
use super::{Error, Page, tags};
use crate::entity::{NameError, OidcProvider, ProviderRule, Tag, client_id, provider_url, quota, required, thumbprint};

/// What CreateOpenIDConnectProvider asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateProvider {
    /// Url, with its scheme.
    pub url: String,
    /// ClientIDList.
    pub client_ids: Vec<String>,
    /// ThumbprintList, in lower case.
    pub thumbprints: Vec<String>,
    /// Tags.
    pub tags: Vec<Tag>,
}

impl CreateProvider {
    fn name(&self) -> &str {
        self.url.split_once("://").map_or(self.url.as_str(), |(_, name)| name)
    }
}

/// A call about providers. Names are URLs without scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields carry the names of AWS's parameters")]
pub enum Request {
    /// Makes a provider.
    Create(CreateProvider),
    /// Shows a provider.
    Get { name: String },
    /// Lists all providers.
    List,
    /// Removes a provider.
    Delete { name: String },
    /// Adds a client id.
    AddClientId { name: String, client_id: String },
    /// Removes a client id.
    RemoveClientId { name: String, client_id: String },
    /// Replaces the thumbprints.
    UpdateThumbprints { name: String, thumbprints: Vec<String> },
    /// Sets tags.
    Tag { name: String, tags: Vec<Tag> },
    /// Removes tags.
    Untag { name: String, keys: Vec<String> },
    /// Lists the tags.
    ListTags { name: String, page: Page },
}

/// The request of `action`; none if the action is not about providers.
pub(super) fn parse(action: &str, fields: &Fields<'_>) -> Option<Result<Request, Error>> {
    let read: fn(&Fields<'_>) -> Result<Request, Error> = match action {
        "CreateOpenIDConnectProvider" => create,
        "GetOpenIDConnectProvider" => |fields| Ok(Request::Get { name: name(fields)? }),
        "ListOpenIDConnectProviders" => |_| Ok(Request::List),
        "DeleteOpenIDConnectProvider" => |fields| Ok(Request::Delete { name: name(fields)? }),
        "AddClientIDToOpenIDConnectProvider" => {
            |fields| Ok(Request::AddClientId { name: name(fields)?, client_id: one_client_id(fields)? })
        }
        "RemoveClientIDFromOpenIDConnectProvider" => {
            |fields| Ok(Request::RemoveClientId { name: name(fields)?, client_id: one_client_id(fields)? })
        }
        "UpdateOpenIDConnectProviderThumbprint" => |fields| {
            let name = name(fields)?;
            if !fields.parameters().has("ThumbprintList") {
                return Err(NameError::Missing { field: "thumbprintList" }.into());
            }
            Ok(Request::UpdateThumbprints { name, thumbprints: thumbprints(fields)? })
        },
        "TagOpenIDConnectProvider" => |fields| Ok(Request::Tag { name: name(fields)?, tags: fields.required_tags()? }),
        "UntagOpenIDConnectProvider" => |fields| Ok(Request::Untag { name: name(fields)?, keys: fields.tag_keys()? }),
        "ListOpenIDConnectProviderTags" => |fields| Ok(Request::ListTags { name: name(fields)?, page: fields.page()? }),
        _ => return None,
    };
    Some(read(fields))
}

fn create(fields: &Fields<'_>) -> Result<Request, Error> {
    let url = required("url", fields.raw("Url"))?;
    provider_url(url)?;
    let mut client_ids: Vec<String> = Vec::new();
    for client in fields.parameters().list("ClientIDList")? {
        client_id(client)?;
        if !client_ids.iter().any(|known| known == client) {
            client_ids.push(client.to_owned());
        }
    }
    if client_ids.len() > quota::CLIENT_IDS {
        return Err(Error::Quota { name: entity::CLIENT_IDS_QUOTA, limit: quota::CLIENT_IDS });
    }
    let (thumbprints, tags) = (thumbprints(fields)?, fields.tags()?);
    Ok(Request::Create(CreateProvider { url: url.to_owned(), client_ids, thumbprints, tags }))
}

fn name(fields: &Fields<'_>) -> Result<String, Error> {
    let text = required("openIDConnectProviderArn", fields.raw("OpenIDConnectProviderArn"))?;
    let caller = fields.caller();
    arn::name(text, caller.account, caller.default_account)
}

fn one_client_id(fields: &Fields<'_>) -> Result<String, Error> {
    let text = required("clientID", fields.raw("ClientID"))?;
    client_id(text)?;
    Ok(text.to_owned())
}

/// Of both calls that have it. An empty list is one: what is pinned then is nothing.
fn thumbprints(fields: &Fields<'_>) -> Result<Vec<String>, Error> {
    let given = fields.parameters().list("ThumbprintList")?;
    if given.len() > quota::THUMBPRINTS {
        return Err(ProviderRule::Thumbprints.into());
    }
    Ok(given.into_iter().map(thumbprint).collect::<Result<_, _>>()?)
}

impl Request {
    /// The IAM action that must be allowed.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Create(_) => "iam:CreateOpenIDConnectProvider",
            Self::Get { .. } => "iam:GetOpenIDConnectProvider",
            Self::List => "iam:ListOpenIDConnectProviders",
            Self::Delete { .. } => "iam:DeleteOpenIDConnectProvider",
            Self::AddClientId { .. } => "iam:AddClientIDToOpenIDConnectProvider",
            Self::RemoveClientId { .. } => "iam:RemoveClientIDFromOpenIDConnectProvider",
            Self::UpdateThumbprints { .. } => "iam:UpdateOpenIDConnectProviderThumbprint",
            Self::Tag { .. } => "iam:TagOpenIDConnectProvider",
            Self::Untag { .. } => "iam:UntagOpenIDConnectProvider",
            Self::ListTags { .. } => "iam:ListOpenIDConnectProviderTags",
        }
    }

    /// What the call is about.
    pub(super) fn about(&self) -> About<'_> {
        match self {
            Self::Create(create) => {
                let target = Target::New { noun: Noun::Provider, path: "/", name: create.name() };
                About::new(target).made_with_tags(&create.tags, "iam:TagOpenIDConnectProvider")
            }
            Self::List => About::new(Target::Anything),
            Self::Tag { name, tags } => About::new(Target::Provider(name)).tags(tags),
            Self::Untag { name, keys } => About::new(Target::Provider(name)).tag_keys(keys),
            Self::Get { name }
            | Self::Delete { name }
            | Self::AddClientId { name, .. }
            | Self::RemoveClientId { name, .. }
            | Self::UpdateThumbprints { name, .. }
            | Self::ListTags { name, .. } => About::new(Target::Provider(name)),
        }
    }

    pub(super) async fn execute(&self, call: &Call<'_>) -> Result<Body, Error> {
        match self {
            Self::Create(create) => entity::create(call, create).await,
            Self::Get { name } => entity::get(call, name).await,
            Self::List => entity::list(call).await,
            Self::Delete { name } => entity::delete(call, name).await,
            Self::AddClientId { name, client_id } => entity::add_client_id(call, name, client_id).await,
            Self::RemoveClientId { name, client_id } => entity::remove_client_id(call, name, client_id).await,
            Self::UpdateThumbprints { name, thumbprints } => entity::update_thumbprints(call, name, thumbprints).await,
            Self::Tag { name, tags } => tags::set::<OidcProvider>(call, name, tags).await,
            Self::Untag { name, keys } => tags::unset::<OidcProvider>(call, name, keys).await,
            Self::ListTags { name, page } => tags::list::<OidcProvider>(call, name, page).await,
        }
    }
}

#[cfg(test)]
mod tests;
