//! Who signed a request: credential lookup and signature verification.
//!
//! [`Authenticated`] has private fields; it is made by [`anonymous`] from the absence of any claim, and by
//! [`Credential::verify`] from a signature that fits. Order of work for strangers (security rule 28): the
//! claim's syntax and times first (a [`CheckedClaim`] proves it), then the lookup ([`find`]), then the
//! signature.

mod directory;
mod grants;
mod identity;
mod last_used;
mod session;
mod web_identity;

pub use directory::{
    Answer, BucketEntry, CompiledPolicy, Directory, Found, KeyEntry, LookupError, ProviderEntry, RoleEntry,
    SessionEntry, SigningKeySlot, StrangerLimit, Tally, UserEntry,
};
pub use grants::{Grants, GroupEntry, PolicyEntry, PolicyRef, References};
pub use identity::Identity;
pub use last_used::{LastUsedRecorder, UseMark};
pub(crate) use web_identity::web_principal;
pub use web_identity::{WebIdentity, WebRules};

use crate::entity::{KeyStatus, LastUsed, Used};
use crate::sigv4::{self, CheckedClaim, SignatureClaim, SigningKey, VerifiedSignature};
use crate::token::{self, Link, LinkKind, SessionKind};
use crate::types::{AccessKeyId, Principal, Secret, Timestamp};
use session::find_session;
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

/// Proof that the caller is who it says, or that it said nothing at all.
#[derive(Debug)]
pub struct Authenticated {
    principal: Arc<Principal>,
    identity: Identity,
    signature: Option<(VerifiedSignature, Arc<SigningKey>)>,
    source: Option<Source>,
    describes_denials: bool,
}

impl Authenticated {
    /// With whether denials of S3 requests are described for DecodeAuthorizationMessage (security rule 30).
    #[must_use]
    pub fn describing_denials(self, describes_denials: bool) -> Self {
        Self { describes_denials, ..self }
    }

    /// Whether denials of S3 requests are described.
    pub fn describes_denials(&self) -> bool {
        self.describes_denials
    }

    /// The caller.
    pub fn principal(&self) -> &Arc<Principal> {
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
        match self.identity.session() {
            None => self.signature().map(VerifiedSignature::access_key),
            Some(session) => session.opened.claims.parent_key.as_ref(),
        }
    }

    /// The name of the user who signed with a long-term key: what "the caller" means where a call of IAM leaves out
    /// UserName (security rule 16).
    pub fn user_name(&self) -> Option<&str> {
        match &self.identity {
            Identity::User(entry, _) => Some(&entry.user.name),
            _ => None,
        }
    }

    /// What this request is to be noted as a use of; none if that was noted in this minute already.
    pub fn last_used(&self, now: Timestamp) -> Option<LastUsed> {
        let (mark, account, subject) = match self.source.as_ref()? {
            Source::Key(key) => (&key.used, &key.record.account, Used::Key(key.record.id.clone())),
            Source::Session(session) if session.opened.claims.kind == SessionKind::Role => {
                let role = &session.opened.claims.subject;
                (&session.used, &role.account, Used::Role(role.id.clone()))
            }
            Source::Session(_) => return None,
        };
        let scope = self.signature()?.scope();
        mark.is_news(now).then(|| LastUsed {
            account: account.clone(),
            subject,
            date: now.millis(),
            region: scope.region().to_owned(),
            service: scope.service().to_owned(),
        })
    }

    /// The links that a session minted by this caller carries: those before it, then its own.
    pub fn chain(&self) -> Vec<Link> {
        match &self.identity {
            Identity::Anonymous => Vec::new(),
            Identity::User(entry, _) => vec![Link {
                kind: LinkKind::User,
                account: entry.user.account.clone(),
                name: entry.user.name.clone(),
                id: entry.user.id.clone(),
                epoch: entry.user.epoch,
                minted: None,
            }],
            Identity::Role(_, session, _)
            | Identity::UserSession(_, session, _)
            | Identity::Federated(_, session, _) => {
                session.opened.claims.chain.iter().cloned().chain(std::iter::once(session.as_link())).collect()
            }
        }
    }
}

/// The caller of a request without any claim.
pub fn anonymous() -> Authenticated {
    let (principal, identity) = (Arc::new(Principal::Anonymous), Identity::Anonymous);
    Authenticated { principal, identity, signature: None, source: None, describes_denials: false }
}

/// A live credential that a claim names. Nothing is proven yet.
#[derive(Debug)]
pub struct Credential {
    principal: Arc<Principal>,
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
    let grants = user.references.resolve(directory).await?;
    let principal = Arc::clone(user.principal());
    Ok(Credential { principal, identity: Identity::User(user, grants), source: Source::Key(key) })
}

/// The user of an active key: there, the same as when the key was made, and listing the key.
async fn owner_of_key(key: &KeyEntry, directory: &dyn Directory) -> Result<Option<Arc<UserEntry>>, LookupError> {
    if key.record.status != KeyStatus::Active {
        return Ok(None);
    }
    for name in key.record.user_names() {
        let user = directory.user(&key.record.account, name).await?;
        if let Some(user) = user.filter(|entry| key.record.is_of(&entry.user)) {
            return Ok(Some(user));
        }
    }
    Ok(None)
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
        Ok(Authenticated {
            principal: self.principal,
            identity: self.identity,
            signature: Some(signature),
            source: Some(self.source),
            describes_denials: false,
        })
    }
}
