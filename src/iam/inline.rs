//! Inline policies of roles, users and groups.

use super::answer::Body;
use super::nouns::Policied;
use super::target::Call;
use super::{Error, Page, document};

/// Makes or replaces one.
pub(super) async fn put<E: Policied>(call: &Call<'_>, name: &str, policy: &str, text: &str) -> Result<Body, Error> {
    let quota = |name: &str| Error::InlineQuota { noun: E::NOUN, name: name.to_owned(), limit: E::INLINE_QUOTA };
    if document::size(text) > E::INLINE_QUOTA {
        return Err(quota(name));
    }
    let stored = document::identity(text, call.scene)?;
    let change = |entity: &mut E| {
        entity.policies_mut().insert(policy.to_owned(), stored.clone());
        let sum: usize = entity.policies().values().map(|policy| document::size(&policy.document)).sum();
        if sum > E::INLINE_QUOTA { Err(quota(entity.name())) } else { Ok(()) }
    };
    call.change(name, change).await?;
    Ok(Body::Empty)
}

/// Shows one.
pub(super) async fn get<E: Policied>(call: &Call<'_>, name: &str, policy: &str) -> Result<Body, Error> {
    let entity = call.entity::<E>(name).await?.value;
    let stored = entity.policies().get(policy).ok_or_else(|| missing::<E>(policy))?;
    Ok(Body::InlinePolicy {
        noun: E::NOUN,
        name: entity.name().to_owned(),
        policy: policy.to_owned(),
        document: stored.document.clone(),
    })
}

/// Lists their names.
pub(super) async fn list<E: Policied>(call: &Call<'_>, name: &str, page: &Page) -> Result<Body, Error> {
    let entity = call.entity::<E>(name).await?.value;
    let names: Vec<&String> = entity.policies().keys().collect();
    let (names, marker) = page.by_name(names, |name| name);
    Ok(Body::PolicyNames { names: names.into_iter().cloned().collect(), marker })
}

/// Removes one.
pub(super) async fn delete<E: Policied>(call: &Call<'_>, name: &str, policy: &str) -> Result<Body, Error> {
    let change = |entity: &mut E| entity.policies_mut().remove(policy).map(|_| ()).ok_or_else(|| missing::<E>(policy));
    call.change(name, change).await?;
    Ok(Body::Empty)
}

fn missing<E: Policied>(policy: &str) -> Error {
    Error::NoSuchInlinePolicy { noun: E::NOUN, name: policy.to_owned() }
}
