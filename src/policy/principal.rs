//! `Principal` and `NotPrincipal`: who a statement of a resource or trust policy speaks of.
//!
//! Principals match exactly (rule 15): `*` alone, or no wildcard. A principal whose ARN was bound to a unique id
//! when the policy was stored matches that id and no name (rule 14).

use super::document::{Json, Place};
use super::error::{Error, Fault};
use super::variable::shorten;
use super::{Bindings, ParseOptions};
use crate::types::{AccountId, Arn, Principal, UniqueId};

/// How closely an Allow names the caller; decides what else must allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grant {
    /// The caller's account as a whole.
    Account,
    /// The role behind the caller's session, or the user for whom a federated session stands: what limits that one
    /// limits the session too.
    Behind,
    /// Everybody.
    Everyone,
    /// The caller itself.
    Caller,
}

/// One entry of the element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PrincipalPattern {
    /// `*`
    Everyone,
    Account(AccountId),
    /// Account, and path with name (`/path/name`).
    User(AccountId, Box<str>),
    Role(AccountId, Box<str>),
    /// Account, role name, session name.
    Session(AccountId, Box<str>, Box<str>),
    /// Account, and the name given to GetFederationToken. It stands for no id: whoever may federate chooses the name.
    FederatedSession(AccountId, Box<str>),
    BoundUser(UniqueId),
    BoundRole(UniqueId),
    /// The role's id and the session name.
    BoundSession(UniqueId, Box<str>),
    /// A web identity's provider.
    Provider(Box<str>),
    /// A service or canonical user: parsed, and nobody here.
    Nobody,
}

/// The element with its sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PrincipalElement {
    Only(Box<[PrincipalPattern]>),
    AllBut(Box<[PrincipalPattern]>),
}

impl PrincipalElement {
    /// How closely an Allow statement names `caller`; none if it does not.
    pub(super) fn grant(&self, caller: &Principal) -> Option<Grant> {
        match self {
            Self::Only(patterns) => patterns.iter().filter_map(|pattern| pattern.grant(caller)).max(),
            Self::AllBut(_) => None,
        }
    }

    /// Whether a Deny statement reaches `caller`. `bounded`: the caller has a permissions boundary, which makes
    /// `NotPrincipal` reach it always, as AWS documents.
    pub(super) fn denies(&self, caller: &Principal, bounded: bool) -> bool {
        match self {
            // Rule 15 keeps `*` from granting to web identities; a Deny for everybody is for them too.
            Self::Only(patterns) => {
                patterns.iter().any(|p| *p == PrincipalPattern::Everyone || p.grant(caller).is_some())
            }
            Self::AllBut(patterns) => bounded || !spares(patterns, caller),
        }
    }
}

impl PrincipalPattern {
    fn grant(&self, caller: &Principal) -> Option<Grant> {
        match (self, caller) {
            (Self::Everyone, Principal::WebIdentity { .. }) => None,
            (Self::Everyone, _) => Some(Grant::Everyone),
            (Self::Account(account), Principal::Root { account: own }) => (account == own).then_some(Grant::Caller),
            (Self::Account(account), _) => (caller.account() == Some(account)).then_some(Grant::Account),
            (Self::Role(..) | Self::BoundRole(_), _)
            | (Self::User(..) | Self::BoundUser(_), Principal::FederatedUser { .. }) => {
                self.names(caller).then_some(Grant::Behind)
            }
            _ => self.names(caller).then_some(Grant::Caller),
        }
    }

    /// Whether the entry is the user, role, session or provider of `caller`.
    fn names(&self, caller: &Principal) -> bool {
        match (self, caller) {
            (Self::User(account, full_name), Principal::User { account: own, path, name, .. }) => {
                account == own && full_name.strip_prefix(&**path) == Some(&**name)
            }
            (Self::BoundUser(bound), Principal::User { id, .. }) => bound == id,
            // The session of a federated user is the user's: what is denied to the user is denied to it.
            (Self::User(account, full_name), Principal::FederatedUser { account: own, user_path, user_name, .. }) => {
                account == own && full_name.strip_prefix(&**user_path) == Some(&**user_name)
            }
            (Self::BoundUser(bound), Principal::FederatedUser { user_id, .. }) => bound == user_id,
            (Self::FederatedSession(account, named), Principal::FederatedUser { account: own, name, .. }) => {
                account == own && **named == **name
            }
            (Self::Role(account, full_name), Principal::RoleSession { account: own, role_path, role_name, .. }) => {
                account == own && full_name.strip_prefix(&**role_path) == Some(&**role_name)
            }
            (Self::BoundRole(bound), Principal::RoleSession { role_id, .. }) => bound == role_id,
            (Self::Session(account, role, name), Principal::RoleSession { account: own, role_name, session, .. }) => {
                account == own && **role == **role_name && **name == **session
            }
            (Self::BoundSession(bound, name), Principal::RoleSession { role_id, session, .. }) => {
                bound == role_id && **name == **session
            }
            (Self::Provider(named), Principal::WebIdentity { provider }) => **named == **provider,
            _ => false,
        }
    }
}

/// Whether `NotPrincipal` lists all that the caller is: account, and user or role and session.
fn spares(patterns: &[PrincipalPattern], caller: &Principal) -> bool {
    use PrincipalPattern as P;
    let listed = |wanted: fn(&P) -> bool| patterns.iter().any(|p| wanted(p) && p.names(caller));
    let account_listed =
        || patterns.iter().any(|p| matches!(p, P::Account(account) if caller.account() == Some(account)));
    let everyone = patterns.contains(&P::Everyone);
    match caller {
        Principal::WebIdentity { .. } => listed(|p| matches!(p, P::Provider(_))),
        Principal::Anonymous => everyone,
        Principal::Root { .. } => everyone || account_listed(),
        Principal::User { .. } | Principal::FederatedUser { .. } => {
            everyone
                || account_listed() && listed(|p| matches!(p, P::User(..) | P::BoundUser(_) | P::FederatedSession(..)))
        }
        Principal::RoleSession { .. } => {
            everyone
                || account_listed()
                    && listed(|p| matches!(p, P::Role(..) | P::BoundRole(_)))
                    && listed(|p| matches!(p, P::Session(..) | P::BoundSession(..)))
        }
    }
}

/// Parses one principal; an ARN that can be bound is added to the list.
type ParseEntry = fn(&str, &ParseOptions<'_>, &mut Vec<Box<str>>) -> Result<PrincipalPattern, Fault>;

/// Parses the value of `Principal` or `NotPrincipal`; ARNs that can be bound are added to `arns`.
pub(super) fn parse_principals(
    json: &Json,
    place: &Place<'_>,
    options: &ParseOptions<'_>,
    arns: &mut Vec<Box<str>>,
) -> Result<Box<[PrincipalPattern]>, Error> {
    if let Json::String(text) = json {
        return match text.as_str() {
            "*" => Ok([PrincipalPattern::Everyone].into()),
            other => Err(place.refuse(Fault::BadPrincipal(shorten(other)))),
        };
    }
    let members = json.members(place)?;
    if members.is_empty() {
        return Err(place.refuse(Fault::Empty));
    }
    let mut patterns = Vec::new();
    for (kind, values) in members {
        let parse: ParseEntry = match kind.as_str() {
            "AWS" => parse_aws,
            "Federated" => |text, options, _| parse_provider(text, options.default_account),
            "Service" | "CanonicalUser" => |text, _, _| exact(text).map(|()| PrincipalPattern::Nobody),
            other => return Err(place.refuse(Fault::UnknownPrincipalType(shorten(other)))),
        };
        let parsed = values.each(&place.member(kind), |value, place| {
            parse(value.string(place)?, options, arns).map_err(|fault| place.refuse(fault))
        })?;
        patterns.extend(parsed);
    }
    Ok(patterns.into())
}

fn exact(text: &str) -> Result<(), Fault> {
    match text {
        "" => Err(Fault::BadPrincipal(String::new())),
        _ if text.contains(['*', '?']) => Err(Fault::WildcardPrincipal(shorten(text))),
        _ if text.contains(['$', ' ', '"']) => Err(Fault::BadPrincipal(shorten(text))),
        _ => Ok(()),
    }
}

fn parse_provider(text: &str, default_account: &AccountId) -> Result<PrincipalPattern, Fault> {
    exact(text)?;
    if !text.starts_with("arn:") {
        return Ok(PrincipalPattern::Provider(text.into()));
    }
    let (arn, _) = parse_arn(text, default_account)?;
    let known = ["oidc-provider/", "saml-provider/"].iter().any(|kind| arn.resource.starts_with(kind));
    if arn.service != "iam" || !known {
        return Err(Fault::BadPrincipal(shorten(text)));
    }
    Ok(PrincipalPattern::Provider(arn.to_string().into()))
}

fn parse_aws(text: &str, options: &ParseOptions<'_>, arns: &mut Vec<Box<str>>) -> Result<PrincipalPattern, Fault> {
    if text == "*" {
        return Ok(PrincipalPattern::Everyone);
    }
    exact(text)?;
    let bad = || Fault::BadPrincipal(shorten(text));
    if !text.starts_with("arn:") {
        return AccountId::parse(text).map(PrincipalPattern::Account).map_err(|_| bad());
    }
    let (arn, account) = parse_arn(text, options.default_account)?;
    let (kind, full_name) = match arn.resource.find('/') {
        Some(slash) => arn.resource.split_at_checked(slash).ok_or_else(bad)?,
        None => (arn.resource.as_str(), ""),
    };
    let pattern = match (arn.service.as_str(), kind) {
        ("iam", "root") if full_name.is_empty() => return Ok(PrincipalPattern::Account(account)),
        ("iam", "user") if is_full_name(full_name) => PrincipalPattern::User(account, full_name.into()),
        ("iam", "role") if is_full_name(full_name) => PrincipalPattern::Role(account, full_name.into()),
        ("sts", "federated-user") => match full_name.strip_prefix('/') {
            Some(name) if is_name(name) => return Ok(PrincipalPattern::FederatedSession(account, name.into())),
            _ => return Err(bad()),
        },
        ("sts", "assumed-role") => match full_name.split('/').collect::<Vec<_>>().as_slice() {
            ["", role, session] if is_name(role) && is_name(session) => {
                PrincipalPattern::Session(account, (*role).into(), (*session).into())
            }
            _ => return Err(bad()),
        },
        _ => return Err(bad()),
    };
    let written = arn.to_string();
    let bound = bind(pattern, &written, options.bindings);
    arns.push(written.into());
    Ok(bound)
}

fn bind(pattern: PrincipalPattern, arn: &str, bindings: &Bindings) -> PrincipalPattern {
    match (bindings.get(arn), pattern) {
        (Some(id), PrincipalPattern::User(..)) => PrincipalPattern::BoundUser(id.clone()),
        (Some(id), PrincipalPattern::Role(..)) => PrincipalPattern::BoundRole(id.clone()),
        (Some(id), PrincipalPattern::Session(_, _, session)) => PrincipalPattern::BoundSession(id.clone(), session),
        (_, unbound) => unbound,
    }
}

/// An IAM or STS ARN with its account, the default account filled in for an empty field.
fn parse_arn(text: &str, default_account: &AccountId) -> Result<(Arn, AccountId), Fault> {
    let bad = || Fault::BadPrincipal(shorten(text));
    let mut arn = Arn::parse(text).map_err(|_| bad())?;
    if arn.partition != "aws" {
        return Err(Fault::ForeignPartition(shorten(text)));
    }
    if !arn.region.is_empty() {
        return Err(bad());
    }
    let mut account = AccountId::parse(&arn.account).map_err(|_| bad())?;
    if account.is_empty() {
        account = default_account.clone();
        arn.account = account.to_string();
    }
    Ok((arn, account))
}

/// `/name` or `/path/…/name`.
fn is_full_name(text: &str) -> bool {
    let Some((path, name)) = text.rsplit_once('/') else { return false };
    is_name(name) && path.len() <= 511 && path.bytes().all(|b| matches!(b, b'!'..=b'~'))
}

/// IAM's name grammar `[\w+=,.@-]+`; the entity's own length limit is not the policy's business.
fn is_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'=' | b',' | b'.' | b'@' | b'-');
    (1..=128).contains(&text.len()) && text.bytes().all(fits)
}
