//! Minting the credentials of AssumeRole.

use super::{Answer, AssumeRole, AssumedRole, Error};
use crate::authz::Permit;
use crate::entity::Role;
use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
use crate::token::{self, KeyRing, Link, LinkKind, MAX_LINKS, SessionClaims, SessionKind};
use crate::types::{AccessKeyId, AccountId, Entropy, IdKind, Timestamp, UniqueId};

/// Seconds, if DurationSeconds is not given.
const DEFAULT_DURATION: u32 = 3600;
/// Most seconds of a session that a session mints.
const CHAINED_DURATION: u32 = 3600;
/// Bytes of a sealed token that are 100 % of the packed size.
const PACKED_SIZE: usize = 4096;

/// What the token records of the caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whether it is a session itself, so that this is role chaining.
    pub is_session: bool,
    /// The links before the new session: the caller's own chain, then the caller. Empty for root.
    pub chain: Vec<Link>,
    /// The long-term key at the beginning of the chain.
    pub parent_key: Option<AccessKeyId>,
}

/// What minting works with.
#[derive(Clone, Copy)]
pub struct Mint<'a> {
    /// The keys that seal.
    pub ring: &'a KeyRing,
    /// The store's id, to which tokens are bound.
    pub store_id: &'a str,
    /// The present time.
    pub now: Timestamp,
    /// For the access key id and the nonce.
    pub entropy: &'a dyn Entropy,
    /// What an empty account field in an ARN means.
    pub default_account: &'a AccountId,
}

/// Mints credentials for `role`. The permit must be for the request's requirement, and the role the one that the
/// request names. As with AWS, a chained session may outlive the session that minted it, by an hour at most;
/// the chain ends it when one of its links is revoked.
pub fn issue(
    request: &AssumeRole,
    role: &Role,
    caller: &Caller,
    permit: &Permit,
    mint: &Mint<'_>,
) -> Result<Answer, Error> {
    let allowed = permit.requirements().contains(&request.requirement(mint.default_account));
    if !allowed || !request.names(role, mint.default_account) {
        return Err(Error::NotPermitted);
    }
    if caller.chain.len() >= MAX_LINKS {
        return Err(Error::ChainTooLong(MAX_LINKS));
    }
    let duration = duration(request, role, caller)?;
    check_policy(request, mint)?;

    // Tokens count in whole seconds.
    let issued = Timestamp::from_seconds(mint.now.seconds());
    let claims = SessionClaims {
        access_key: temporary_key(mint.entropy)?,
        subject: subject(role),
        kind: SessionKind::Role,
        session_name: request.session_name().to_owned(),
        issued,
        expires: issued.plus_seconds(i64::from(duration)),
        policies: request.policy().map(ToOwned::to_owned).into_iter().collect(),
        policy_arns: Vec::new(),
        chain: caller.chain.clone(),
        parent_key: caller.parent_key.clone(),
        source_identity: None,
        tags: Vec::new(),
        transitive: Vec::new(),
    };
    let (token, secret) = match mint.ring.seal(&claims, mint.store_id, mint.entropy) {
        Err(token::Error::TooLong(most)) => return Err(Error::PackedPolicyTooLarge(percent(most))),
        sealed => sealed.map_err(Error::Token)?,
    };
    let packed = percent(token::sealed_length(&token));
    if packed > 100 {
        return Err(Error::PackedPolicyTooLarge(packed));
    }
    Ok(Answer::AssumeRole(Box::new(AssumedRole::new(claims, secret, token, packed))))
}

fn duration(request: &AssumeRole, role: &Role, caller: &Caller) -> Result<u32, Error> {
    let duration = request.duration().unwrap_or(DEFAULT_DURATION);
    if caller.is_session && duration > CHAINED_DURATION {
        Err(Error::DurationExceedsChaining)
    } else if duration > role.max_session_duration {
        Err(Error::DurationExceedsRole)
    } else {
        Ok(duration)
    }
}

/// A session policy is refused now rather than by every request of the session.
fn check_policy(request: &AssumeRole, mint: &Mint<'_>) -> Result<(), Error> {
    let Some(document) = request.policy() else { return Ok(()) };
    let options =
        ParseOptions { kind: PolicyKind::Session, default_account: mint.default_account, bindings: &Bindings::new() };
    Policy::parse(document, &options).map(|_| ()).map_err(Error::MalformedPolicyDocument)
}

fn subject(role: &Role) -> Link {
    Link {
        kind: LinkKind::Role,
        account: role.account.clone(),
        name: role.name.clone(),
        id: role.id.clone(),
        epoch: role.epoch,
        minted: None,
    }
}

fn temporary_key(entropy: &dyn Entropy) -> Result<AccessKeyId, Error> {
    let id = UniqueId::generate(IdKind::TemporaryKey, entropy);
    // INVARIANT: the alphabet of unique ids is within that of access key ids.
    AccessKeyId::parse(id.as_str()).map_err(|_| Error::Token(token::Error::MalformedClaims))
}

/// Of the packed size, rounded up.
fn percent(bytes: usize) -> usize {
    (bytes * 100).div_ceil(PACKED_SIZE)
}
