//! Who signed a request: credential lookup and signature verification.
//!
//! [`Authenticated`] has private fields; it is made by [`anonymous`] from the absence of any claim, and by
//! [`Credential::verify`] from a signature that fits. Order of work for strangers (security rule 28): the
//! claim's syntax and times first (a [`CheckedClaim`] proves it), then the lookup ([`find`]), then the
//! signature.

mod directory;

pub use directory::{
    BucketEntry, CompiledPolicy, Directory, KeyEntry, LookupError, RoleEntry, SessionEntry, SigningKeySlot, UserEntry,
};

use crate::entity::KeyStatus;
use crate::sigv4::{self, CheckedClaim, SignatureClaim, SigningKey, VerifiedSignature};
use crate::token::{self, Link, LinkKind};
use crate::types::{AccessKeyId, Principal, Secret, Timestamp};
use std::net::IpAddr;
use std::sync::Arc;

/// Why a request was not authenticated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The signature or its form.
    #[error(transparent)]
    Signature(#[from] sigv4::Error),
    /// No such key, an inactive one, or one whose user is gone.
    #[error("The AWS Access Key Id you provided does not exist in our records.")]
    UnknownKey(AccessKeyId),
    /// The session token.
    #[error(transparent)]
    Token(#[from] token::Error),
    /// A token beside a long-term key id.
    #[error(
        "The provided token is malformed or otherwise invalid: a session token was sent with a long-term access key id."
    )]
    TokenWithLongTermKey,
    /// `ASIA…` without a token.
    #[error("The provided access key id is temporary and needs its session token.")]
    TokenMissing(AccessKeyId),
    /// The role, user or key behind the session was removed, made again, or revoked (security rules 14, 21).
    #[error(
        "The provided token is no longer valid: the identity it was issued for has been removed or its sessions have been revoked."
    )]
    SessionRevoked,
    /// A stored secret that no key can be derived from.
    #[error("the stored secret of the access key cannot be used")]
    UnusableSecret,
    /// The directory has no answer.
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

/// Whose policies apply.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Nobody signed.
    Anonymous,
    /// A user with a long-term key.
    User(Arc<UserEntry>),
    /// A session of a role.
    Role(Arc<RoleEntry>, Arc<SessionEntry>),
}

/// Proof that the caller is who it says, or that it said nothing at all.
#[derive(Debug)]
pub struct Authenticated {
    principal: Principal,
    identity: Identity,
    signature: Option<(VerifiedSignature, Arc<SigningKey>)>,
}

impl Authenticated {
    /// The caller.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Where its policies are.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The verified signature; none for Anonymous.
    pub fn signature(&self) -> Option<&VerifiedSignature> {
        self.signature.as_ref().map(|(signature, _)| signature)
    }

    /// The signature and the key that verified it, which verifies the body's chunks too.
    pub fn signature_and_key(&self) -> Option<(&VerifiedSignature, &SigningKey)> {
        self.signature.as_ref().map(|(signature, key)| (signature, &**key))
    }

    /// The long-term key behind the caller: its own, or the one its session came from.
    pub fn long_term_key(&self) -> Option<&AccessKeyId> {
        match &self.identity {
            Identity::Anonymous => None,
            Identity::User(_) => self.signature().map(VerifiedSignature::access_key),
            Identity::Role(_, session) => session.opened.claims.parent_key.as_ref(),
        }
    }

    /// The links that a session minted by this caller carries: those before it, then its own.
    pub fn chain(&self) -> Vec<Link> {
        match &self.identity {
            Identity::Anonymous => Vec::new(),
            Identity::User(entry) => vec![Link {
                kind: LinkKind::User,
                account: entry.user.account.clone(),
                name: entry.user.name.clone(),
                id: entry.user.id.clone(),
                epoch: entry.user.epoch,
            }],
            Identity::Role(_, session) => {
                let claims = &session.opened.claims;
                claims.chain.iter().cloned().chain(std::iter::once(claims.subject.clone())).collect()
            }
        }
    }
}

/// The caller of a request without any claim.
pub fn anonymous() -> Authenticated {
    Authenticated { principal: Principal::Anonymous, identity: Identity::Anonymous, signature: None }
}

/// A live credential that a claim names. Nothing is proven yet.
#[derive(Debug)]
pub struct Credential {
    principal: Principal,
    identity: Identity,
    source: Source,
}

/// Where the secret is.
#[derive(Debug)]
enum Source {
    Key(Arc<KeyEntry>),
    Session(Arc<SessionEntry>),
}

/// Looks up what the claim names: an active long-term key and its user, or a session whose role, chain and
/// parent key all still stand. `peer` is the client's address.
pub async fn find(
    claim: &SignatureClaim,
    now: Timestamp,
    peer: IpAddr,
    directory: &dyn Directory,
) -> Result<Credential, Error> {
    match (claim.access_key().is_temporary(), claim.session_token()) {
        (false, None) => find_key(claim.access_key(), peer, directory).await,
        (true, Some(token)) => find_session(claim.access_key(), token, now, directory).await,
        (false, Some(_)) => Err(Error::TokenWithLongTermKey),
        (true, None) => Err(Error::TokenMissing(claim.access_key().clone())),
    }
}

async fn find_key(id: &AccessKeyId, peer: IpAddr, directory: &dyn Directory) -> Result<Credential, Error> {
    let unknown = || Error::UnknownKey(id.clone());
    let key = directory.key(id, Some(peer)).await?.ok_or_else(unknown)?;
    let user = owner_of_key(&key, directory).await?.ok_or_else(unknown)?;
    let principal = Principal::User {
        account: user.user.account.clone(),
        path: user.user.path.as_str().into(),
        name: user.user.name.as_str().into(),
        id: user.user.id.clone(),
    };
    Ok(Credential { principal, identity: Identity::User(user), source: Source::Key(key) })
}

/// The user of an active key: there, the same as when the key was made, and listing the key.
async fn owner_of_key(key: &KeyEntry, directory: &dyn Directory) -> Result<Option<Arc<UserEntry>>, LookupError> {
    if key.record.status != KeyStatus::Active {
        return Ok(None);
    }
    let user = directory.user(&key.record.account, &key.record.user_name).await?;
    Ok(user.filter(|entry| {
        entry.user.id == key.record.user_id
            && entry.user.access_keys.iter().any(|listed| listed == key.record.id.as_str())
    }))
}

async fn find_session(
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
    let role = live_role(&claims.subject, directory).await?.ok_or(Error::SessionRevoked)?;
    for link in &claims.chain {
        if !is_live(link, directory).await? {
            return Err(Error::SessionRevoked);
        }
    }
    if let Some(parent) = &claims.parent_key {
        let key = directory.key(parent, None).await?.ok_or(Error::SessionRevoked)?;
        let user = owner_of_key(&key, directory).await?.ok_or(Error::SessionRevoked)?;
        // A key id that was given to another user since is not the parent any more (security rule 14).
        let first = claims.chain.first().filter(|link| link.kind == LinkKind::User);
        if first.is_none_or(|link| link.id != user.user.id) {
            return Err(Error::SessionRevoked);
        }
    }
    let principal = Principal::RoleSession {
        account: role.role.account.clone(),
        role_path: role.role.path.as_str().into(),
        role_name: role.role.name.as_str().into(),
        role_id: role.role.id.clone(),
        session: claims.session_name.as_str().into(),
    };
    let source = Source::Session(Arc::clone(&session));
    Ok(Credential { principal, identity: Identity::Role(role, session), source })
}

async fn live_role(link: &Link, directory: &dyn Directory) -> Result<Option<Arc<RoleEntry>>, LookupError> {
    if link.kind != LinkKind::Role {
        return Ok(None);
    }
    let role = directory.role(&link.account, &link.name).await?;
    Ok(role.filter(|entry| entry.role.id == link.id && entry.role.epoch == link.epoch))
}

async fn is_live(link: &Link, directory: &dyn Directory) -> Result<bool, LookupError> {
    match link.kind {
        LinkKind::Role => Ok(live_role(link, directory).await?.is_some()),
        LinkKind::User => {
            let user = directory.user(&link.account, &link.name).await?;
            Ok(user.is_some_and(|entry| entry.user.id == link.id && entry.user.epoch == link.epoch))
        }
    }
}

impl Credential {
    /// Verifies the claim's signature with this credential. `body_sha256` is the hash of the received body
    /// where it is at hand; IAM and STS need it.
    pub fn verify(self, checked: &CheckedClaim<'_>, body_sha256: Option<&[u8; 32]>) -> Result<Authenticated, Error> {
        let (secret, slot): (&Secret, &SigningKeySlot) = match &self.source {
            Source::Key(key) => (&key.secret, &key.signing),
            Source::Session(session) => (&session.opened.secret, &session.signing),
        };
        let scope = checked.claim().scope();
        let signature = match slot.get(scope.as_str()) {
            Some(key) => (sigv4::verify(checked, &key, body_sha256)?, key),
            None => {
                let key = Arc::new(SigningKey::derive(secret, scope).map_err(|_| Error::UnusableSecret)?);
                let verified = sigv4::verify(checked, &key, body_sha256)?;
                slot.keep(scope.as_str(), Arc::clone(&key));
                (verified, key)
            }
        };
        Ok(Authenticated { principal: self.principal, identity: self.identity, signature: Some(signature) })
    }
}
