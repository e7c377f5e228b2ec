//! Providers themselves: making, showing, listing, changing, removing.

use super::{Answer, CreateProvider};
use crate::entity::{OidcProvider, quota};
use crate::iam::Error;
use crate::iam::about::anything;
use crate::iam::answer::Body;
use crate::iam::nouns::Noun;
use crate::iam::target::{ATTEMPTS, Call};
use crate::store::{Changes, Scope, Stored as _, Versioned};
use crate::types::{IdKind, UniqueId};

/// AWS's name of the quota of client ids.
pub(super) const CLIENT_IDS_QUOTA: &str = "ClientIdsPerOpenIdConnectProvider";

/// Nothing is fetched: whether the URL is that of a provider shows when a token comes.
pub(super) async fn create(call: &Call<'_>, create: &CreateProvider) -> Result<Body, Error> {
    let resource = Noun::Provider.resource(call.account(), "/", create.name());
    call.covers("iam:CreateOpenIDConnectProvider", &resource)?;
    if !create.tags.is_empty() {
        call.covers("iam:TagOpenIDConnectProvider", &resource)?;
    }
    let id = UniqueId::generate(IdKind::OidcProvider, call.scene.entropy);
    let owner = call.permit.owner().clone();
    let mut provider = OidcProvider::new(call.account().clone(), &create.url, id, owner, call.scene.now.millis());
    for client in &create.client_ids {
        provider.add_client_id(client);
    }
    provider.thumbprints.clone_from(&create.thumbprints);
    provider.tags.clone_from(&create.tags);
    call.create(&provider, Changes::new()).await?;
    Ok(Body::Provider(Answer::Made(Box::new(provider))))
}

pub(super) async fn get(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    let provider = call.entity::<OidcProvider>(name).await?.value;
    Ok(Body::Provider(Answer::Shown(Box::new(provider))))
}

/// All that the caller's rights reach: AWS has no pages here, as the quota bounds how many there are.
pub(super) async fn list(call: &Call<'_>) -> Result<Body, Error> {
    call.covers(call.action, &anything())?;
    let scope = Scope::Account(call.account().clone());
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let batch: Vec<Versioned<OidcProvider>> =
            call.scene.records.list(&scope, after.as_deref(), quota::PROVIDERS).await?;
        let ended = batch.len() < quota::PROVIDERS;
        after = batch.last().map(|last| last.value.record_key().name);
        found
            .extend(batch.into_iter().map(|provider| provider.value).filter(|provider| call.reached(provider).is_ok()));
        if ended {
            return Ok(Body::Provider(Answer::Listed(found)));
        }
    }
}

/// Ends the sessions that began with the provider's tokens (security rule 21): they look for its record. As AWS
/// documents it, to remove one that is not there is no error.
pub(super) async fn delete(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    for _ in 0..ATTEMPTS {
        let old = match call.entity::<OidcProvider>(name).await {
            Err(Error::ProviderNotFound(_)) => return Ok(Body::Empty),
            found => found?,
        };
        if call.commit(Changes::new().delete(&old)).await? {
            return Ok(Body::Empty);
        }
    }
    Err(Error::ConcurrentModification)
}

/// One that is there keeps its serial, and so its sessions.
pub(super) async fn add_client_id(call: &Call<'_>, name: &str, client: &str) -> Result<Body, Error> {
    let change = |provider: &mut OidcProvider| {
        provider.add_client_id(client);
        if provider.client_ids.len() > quota::CLIENT_IDS {
            return Err(Error::Quota { name: CLIENT_IDS_QUOTA, limit: quota::CLIENT_IDS });
        }
        Ok(())
    };
    call.change(name, change).await?;
    Ok(Body::Empty)
}

/// Ends the sessions whose token was for it (security rule 21). One that is not there is no error.
pub(super) async fn remove_client_id(call: &Call<'_>, name: &str, client: &str) -> Result<Body, Error> {
    let change = |provider: &mut OidcProvider| {
        provider.client_ids.retain(|known| known.name != client);
        Ok(())
    };
    call.change(name, change).await?;
    Ok(Body::Empty)
}

/// Replaces the whole list.
pub(super) async fn update_thumbprints(call: &Call<'_>, name: &str, thumbprints: &[String]) -> Result<Body, Error> {
    let change = |provider: &mut OidcProvider| {
        provider.thumbprints = thumbprints.to_vec();
        Ok(())
    };
    call.change(name, change).await?;
    Ok(Body::Empty)
}
