//! Sessions of users: GetSessionToken and GetFederationToken (security rule 16).
//!
//! Both are minted with a long-term key alone. GetSessionToken needs no permission and no policy can forbid it, as
//! with AWS: its session has the user's own rights, less IAM.

use super::assume_role::refuse;
use super::{Answer, Caller, Error, Mint, SessionInput};
use crate::authz::Permit;
use crate::entity::{User, federated_name, number, required};
use crate::token::{Link, LinkKind, SessionClaims, SessionKind};
use crate::types::{AccountId, Context, Requirement, ResourceName};
use crate::wire::aws_query::Parameters;

/// Seconds, if DurationSeconds is not given.
const DEFAULT_DURATION: u32 = 43_200;
/// Most seconds.
const MAX_DURATION: u32 = 129_600;
/// Most seconds for the root of an account; more are cut to it, as AWS does.
const ROOT_DURATION: u32 = 3600;

/// The parameters of a GetSessionToken call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionToken {
    duration: Option<u32>,
}

impl SessionToken {
    pub(super) fn parse(parameters: &Parameters) -> Result<Self, Error> {
        refuse(parameters, &["SerialNumber", "TokenCode"])?;
        Ok(Self { duration: parse_duration(parameters)? })
    }
}

/// The parameters of a GetFederationToken call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederationToken {
    name: String,
    duration: Option<u32>,
    input: SessionInput,
}

impl FederationToken {
    pub(super) fn parse(parameters: &Parameters) -> Result<Self, Error> {
        let name = required("name", parameters.get("Name"))?;
        federated_name(name)?;
        let input = SessionInput::parse(parameters)?;
        Ok(Self { name: name.to_owned(), duration: parse_duration(parameters)?, input })
    }

    /// Session policies and tags.
    pub fn input(&self) -> &SessionInput {
        &self.input
    }

    /// What must be allowed, on the ARN of the federated user: `sts:GetFederationToken`, with tags `sts:TagSession`.
    pub fn requirements(&self, account: &AccountId) -> Vec<Requirement> {
        let arn = format!("arn:aws:sts::{account}:federated-user/{}", self.name);
        let tagged = (!self.input.tags().is_empty()).then_some("sts:TagSession");
        let actions = std::iter::once("sts:GetFederationToken").chain(tagged);
        actions.map(|action| Requirement::new(action, ResourceName::new(arn.as_str()))).collect()
    }

    /// The keys that the parameters give to conditions.
    pub fn context(&self, context: &mut Context) {
        self.input.context(context);
    }
}

/// Mints a session of `user` for itself. The caller must be that user with a long-term key.
pub fn issue_session_token(
    request: &SessionToken,
    user: &User,
    caller: &Caller,
    mint: &Mint<'_>,
) -> Result<Answer, Error> {
    let input = SessionInput::default();
    let claims = user_claims(SessionKind::User, user, caller, request.duration, &input, mint)?;
    mint.seal(claims).map(|minted| Answer::SessionToken(Box::new(minted)))
}

/// Mints a session of `user` for someone else. The permit must be for the request's requirements.
pub fn issue_federation_token(
    request: &FederationToken,
    user: &User,
    caller: &Caller,
    permit: &Permit,
    mint: &Mint<'_>,
) -> Result<Answer, Error> {
    let needed = request.requirements(&user.account);
    if !needed.iter().all(|requirement| permit.requirements().contains(requirement)) {
        return Err(Error::NotPermitted);
    }
    request.input.check_policy(mint.default_account)?;
    let claims = SessionClaims {
        session_name: request.name.clone(),
        tags: request.input.claimed_tags(),
        ..user_claims(SessionKind::Federated, user, caller, request.duration, &request.input, mint)?
    };
    mint.seal(claims).map(|minted| Answer::FederationToken(Box::new(minted)))
}

fn user_claims(
    kind: SessionKind,
    user: &User,
    caller: &Caller,
    duration: Option<u32>,
    input: &SessionInput,
    mint: &Mint<'_>,
) -> Result<SessionClaims, Error> {
    // INVARIANT: the caller is the user itself, with a long-term key: one link, and that one the user.
    let [own] = caller.chain.as_slice() else { return Err(Error::NotPermitted) };
    if own.kind != LinkKind::User || own.id != user.id || own.minted.is_some() || caller.parent_key.is_none() {
        return Err(Error::NotPermitted);
    }
    let most = if user.account_root { ROOT_DURATION } else { MAX_DURATION };
    let subject = Link {
        kind: LinkKind::User,
        account: user.account.clone(),
        name: user.name.clone(),
        id: user.id.clone(),
        epoch: user.epoch,
        minted: None,
    };
    let seconds = duration.unwrap_or(DEFAULT_DURATION).min(most);
    mint.claims(kind, subject, caller.parent_key.clone(), seconds, input)
}

fn parse_duration(parameters: &Parameters) -> Result<Option<u32>, Error> {
    Ok(number("durationSeconds", parameters.get("DurationSeconds"), 900, MAX_DURATION)?)
}
