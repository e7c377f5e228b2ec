//! Minting: the credentials of AssumeRole, and what all minting shares.

use super::role_session::{Carried, RoleSession};
use super::{Answer, AssumeRole, Caller, Error, Minted, SessionInput};
use crate::authz::Permit;
use crate::entity::Role;
use crate::token::{self, KeyRing, Link, LinkKind, MAX_LINKS, SessionClaims, SessionKind};
use crate::types::{AccessKeyId, AccountId, Entropy, Requirement, Timestamp};

/// Seconds, if DurationSeconds is not given.
const DEFAULT_DURATION: u32 = 3600;
/// Most seconds of a session that a session of a role mints.
const CHAINED_DURATION: u32 = 3600;
/// Bytes of a sealed token that are 100 % of the packed size.
const PACKED_SIZE: usize = 4096;

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

/// Mints credentials for `role`. The permit must be for the request's requirements, and the role the one that the
/// request names; its managed session policies must have been found. As with AWS, a chained session may outlive the
/// session that minted it, by an hour at most; the chain ends it when one of its links is revoked.
pub fn issue(
    request: &AssumeRole,
    role: &Role,
    caller: &Caller,
    permit: &Permit,
    mint: &Mint<'_>,
) -> Result<Answer, Error> {
    let needed = request.requirements(caller, mint.default_account);
    let wanted = Wanted { session: request.session(), needed: &needed, carried: request.carried(caller) };
    permitted(&wanted, role, permit, mint)?;
    request.check_chain(caller)?;
    mint.role(wanted, role, caller).map(|minted| Answer::AssumeRole(Box::new(minted)))
}

/// A session of a role that a call asks for.
pub(super) struct Wanted<'a> {
    pub(super) session: &'a RoleSession,
    /// What must have been allowed for it.
    pub(super) needed: &'a [Requirement],
    pub(super) carried: Carried,
}

/// Whether the permit is for all that is needed, and the role the very one that is asked for.
pub(super) fn permitted(wanted: &Wanted<'_>, role: &Role, permit: &Permit, mint: &Mint<'_>) -> Result<(), Error> {
    let allowed = wanted.needed.iter().all(|requirement| permit.requirements().contains(requirement));
    if allowed && !wanted.needed.is_empty() && wanted.session.names(role, mint.default_account) {
        Ok(())
    } else {
        Err(Error::NotPermitted)
    }
}

impl Mint<'_> {
    /// Credentials of a session that [`permitted`] let pass.
    pub(super) fn role(&self, wanted: Wanted<'_>, role: &Role, caller: &Caller) -> Result<Minted, Error> {
        let Wanted { session, carried, .. } = wanted;
        if caller.chain.len() >= MAX_LINKS {
            return Err(Error::ChainTooLong(MAX_LINKS));
        }
        let duration = duration(session, role, caller)?;
        session.input().check_policy(self.default_account)?;
        self.seal(SessionClaims {
            session_name: session.name().to_owned(),
            chain: caller.chain.clone(),
            web: caller.web.clone(),
            source_identity: carried.source_identity,
            tags: carried.tags,
            transitive: carried.transitive,
            ..self.claims(SessionKind::Role, subject(role), caller.parent_key.clone(), duration, session.input())?
        })
    }

    /// Claims without name, chain and tags.
    pub(super) fn claims(
        &self,
        kind: SessionKind,
        subject: Link,
        parent_key: Option<AccessKeyId>,
        duration: u32,
        input: &SessionInput,
    ) -> Result<SessionClaims, Error> {
        let key = token::temporary_key(&subject.account, self.entropy);
        // Tokens count in whole seconds.
        let issued = Timestamp::from_seconds(self.now.seconds());
        Ok(SessionClaims {
            access_key: key.ok_or(Error::Token(token::Error::MalformedClaims))?,
            policy_arns: input.policy_arns(self.default_account),
            policies: input.policies(),
            expires: issued.plus_seconds(i64::from(duration)),
            subject,
            kind,
            session_name: String::new(),
            issued,
            chain: Vec::new(),
            parent_key,
            web: None,
            source_identity: None,
            tags: Vec::new(),
            transitive: Vec::new(),
        })
    }

    /// Seals claims, if they fit.
    pub(super) fn seal(&self, claims: SessionClaims) -> Result<Minted, Error> {
        let (token, secret) = match self.ring.seal(&claims, self.store_id, self.entropy) {
            // The token's longest form is in characters, four for three bytes.
            Err(token::Error::TooLong(most)) => return Err(Error::PackedPolicyTooLarge(percent(most / 4 * 3))),
            sealed => sealed.map_err(Error::Token)?,
        };
        let packed = percent(token::sealed_length(&token));
        if packed > 100 {
            return Err(Error::PackedPolicyTooLarge(packed));
        }
        Ok(Minted::new(claims, secret, token, packed))
    }
}

fn duration(session: &RoleSession, role: &Role, caller: &Caller) -> Result<u32, Error> {
    let duration = session.duration().unwrap_or(DEFAULT_DURATION);
    if caller.is_role_session && duration > CHAINED_DURATION {
        Err(Error::DurationExceedsChaining)
    } else if duration > role.max_session_duration {
        Err(Error::DurationExceedsRole)
    } else {
        Ok(duration)
    }
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

/// Of the packed size, rounded up.
fn percent(bytes: usize) -> usize {
    (bytes * 100).div_ceil(PACKED_SIZE)
}
