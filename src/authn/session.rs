//! Sessions: the token opened, and everything behind it still standing (security rules 14 and 21).

use super::grants::resolve_all;
use super::{
    Credential, Directory, Error, Identity, LookupError, RoleEntry, SessionEntry, Source, UserEntry, owner_of_key,
};
use crate::entity::Revocations;
use crate::token::{self, Link, LinkKind, SessionClaims, SessionKind};
use crate::types::{AccessKeyId, Principal, Timestamp};
use std::sync::Arc;

/// The credential of a session, if every link of its chain and its first key still stand.
pub(super) async fn find_session(
    id: &AccessKeyId,
    token: &str,
    now: Timestamp,
    directory: &dyn Directory,
) -> Result<Credential, Error> {
    let session = directory.session(token, id, now)?;
    let claims = &session.opened.claims;
    // The cache of opened tokens may hold one that has run out since.
    if claims.expires <= now {
        return Err(token::Error::Expired { expired_at: claims.expires }.into());
    }
    web_origin_stands(claims, directory).await?;
    let first = first_key_stands(claims, directory).await?;
    chain_stands(claims, first.as_ref(), directory).await?;
    let (principal, identity) = match claims.kind {
        SessionKind::Role => {
            let role = live_role(&claims.subject, (&claims.access_key, claims.issued), directory).await?;
            let role = role.ok_or(Error::SessionRevoked)?;
            let mut grants = role.references.resolve(directory).await?;
            grants.session = resolve_all(&session.managed, directory).await?;
            (
                Arc::new(role.session_principal(Arc::clone(&session.name))),
                Identity::Role(role, Arc::clone(&session), grants),
            )
        }
        SessionKind::User | SessionKind::Federated => {
            let by = (&claims.access_key, claims.issued);
            let user = live_user(&claims.subject, by, first.as_ref(), directory).await?;
            let user = user.ok_or(Error::SessionRevoked)?;
            let mut grants = user.references.resolve(directory).await?;
            grants.session = resolve_all(&session.managed, directory).await?;
            if claims.kind == SessionKind::User {
                (Arc::clone(user.principal()), Identity::UserSession(user, Arc::clone(&session), grants))
            } else {
                (Arc::new(federated_user(&user, &session)), Identity::Federated(user, Arc::clone(&session), grants))
            }
        }
    };
    Ok(Credential { principal, identity, source: Source::Session(session) })
}

/// Whether the links before the subject stand. Each is judged by the session through which it minted: its own, or,
/// for a long-term key, the next one.
async fn chain_stands(
    claims: &SessionClaims,
    first: Option<&Arc<UserEntry>>,
    directory: &dyn Directory,
) -> Result<(), Error> {
    let mut by = (&claims.access_key, claims.issued);
    for link in claims.chain.iter().rev() {
        if let Some(minted) = &link.minted {
            by = (&minted.access_key, minted.issued);
        }
        let live = match link.kind {
            LinkKind::Role => live_role(link, by, directory).await?.is_some(),
            LinkKind::User => live_user(link, by, first, directory).await?.is_some(),
        };
        if !live {
            return Err(Error::SessionRevoked);
        }
    }
    Ok(())
}

/// Whether the web identity's provider is still the one that vouched, and still knows the client ids.
async fn web_origin_stands(claims: &SessionClaims, directory: &dyn Directory) -> Result<(), Error> {
    let Some(origin) = &claims.web else { return Ok(()) };
    let found = directory.provider(&origin.account, &origin.provider).await?.ok_or(Error::SessionRevoked)?;
    let provider = &found.provider;
    let mut clients = origin.client.iter().chain(&origin.also);
    let known = clients.all(|(name, serial)| provider.client_id(name).is_some_and(|client| client.serial == *serial));
    let stands = provider.id == origin.id && provider.epoch == origin.epoch && known;
    if stands { Ok(()) } else { Err(Error::SessionRevoked) }
}

/// The user of the long-term key at the beginning, which must be active and of the user that begins the chain.
async fn first_key_stands(claims: &SessionClaims, directory: &dyn Directory) -> Result<Option<Arc<UserEntry>>, Error> {
    let Some(parent) = &claims.parent_key else { return Ok(None) };
    let key = directory.key(parent, None).await?.ok_or(Error::SessionRevoked)?;
    let user = owner_of_key(&key, directory).await?.ok_or(Error::SessionRevoked)?;
    // A key id that was given to another user since is not the parent any more (security rule 14).
    let first = claims.chain.first().unwrap_or(&claims.subject);
    let same = first.kind == LinkKind::User && first.id == user.user.id && first.account == user.user.account;
    if same { Ok(Some(user)) } else { Err(Error::SessionRevoked) }
}

/// The session that a link is judged by: its key and when it was minted.
type By<'a> = (&'a AccessKeyId, Timestamp);

fn ended(revoked: &Revocations, (key, issued): By<'_>) -> bool {
    !revoked.is_empty() && revoked.ends(key, issued)
}

async fn live_role(link: &Link, by: By<'_>, directory: &dyn Directory) -> Result<Option<Arc<RoleEntry>>, LookupError> {
    let role = directory.role(&link.account, &link.name).await?;
    Ok(role.filter(|entry| {
        let role = &entry.role;
        link.kind == LinkKind::Role && role.id == link.id && role.epoch == link.epoch && !ended(&role.revoked, by)
    }))
}

/// `first` is the user of the key at the beginning: found by that key, it is known under another name too, if it was
/// renamed since.
async fn live_user(
    link: &Link,
    by: By<'_>,
    first: Option<&Arc<UserEntry>>,
    directory: &dyn Directory,
) -> Result<Option<Arc<UserEntry>>, LookupError> {
    let user = match first.filter(|first| first.user.id == link.id) {
        Some(first) => Some(Arc::clone(first)),
        None => directory.user(&link.account, &link.name).await?,
    };
    Ok(user.filter(|entry| {
        let user = &entry.user;
        link.kind == LinkKind::User && user.id == link.id && user.epoch == link.epoch && !ended(&user.revoked, by)
    }))
}

fn federated_user(entry: &UserEntry, session: &SessionEntry) -> Principal {
    Principal::FederatedUser {
        account: entry.user.account.clone(),
        name: Arc::clone(&session.name),
        user_path: entry.user.path.as_str().into(),
        user_name: entry.user.name.as_str().into(),
        user_id: entry.user.id.clone(),
    }
}

impl SessionEntry {
    /// The link that a session minted by this one carries of it.
    pub(super) fn as_link(&self) -> Link {
        let claims = &self.opened.claims;
        let minted = token::Minted { access_key: claims.access_key.clone(), issued: claims.issued };
        Link { minted: Some(minted), ..claims.subject.clone() }
    }
}
