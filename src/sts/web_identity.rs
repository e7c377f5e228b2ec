//! What AssumeRoleWithWebIdentity asks for, and what the token adds to it.
//!
//! Tags and source identity come from the token, never from the parameters, and keep to the limits that AssumeRole's
//! keep to. A verified token whose claims do not is rejected whole: to leave a tag out could allow too much.

use super::issue::{Wanted, permitted};
use super::role_session::{Carried, RoleSession};
use super::session_input::{is_reserved, spelt_as_tags};
use super::{Answer, Caller, Error, Mint, SessionInput};
use crate::authn::WebIdentity;
use crate::authz::Permit;
use crate::entity::{NameError, Role, quota, required, same_tag_key, source_identity, tag_key, tag_value};
use crate::token::jwt::{MAX_TOKEN_LENGTH, WebTags};
use crate::types::{AccountId, Context, Requirement, ResourceName};
use crate::wire::aws_query::Parameters;
use std::fmt;

const ASSUME: &str = "sts:AssumeRoleWithWebIdentity";
/// The claims that a session's tags and source identity come from.
const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// The parameters of an AssumeRoleWithWebIdentity call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleWithWebIdentity {
    session: RoleSession,
    token: Presented,
}

/// A token as presented: a live credential, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
struct Presented(String);

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented(…)")
    }
}

impl AssumeRoleWithWebIdentity {
    pub(super) fn parse(parameters: &Parameters) -> Result<Self, Error> {
        if parameters.has("ProviderId") {
            return Err(Error::ProviderId);
        }
        let session = RoleSession::parse(parameters, SessionInput::parse_policies)?;
        let field = "webIdentityToken";
        let token = required(field, parameters.get("WebIdentityToken"))?;
        match token.chars().count() {
            0..4 => return Err(NameError::TooShort { field, min: 4 }.into()),
            count if count > MAX_TOKEN_LENGTH => {
                return Err(NameError::TooLong { field, max: MAX_TOKEN_LENGTH }.into());
            }
            _ => {}
        }
        Ok(Self { session, token: Presented(token.to_owned()) })
    }

    /// The role and its session.
    pub fn session(&self) -> &RoleSession {
        &self.session
    }

    /// The token. Each caller is a place where a live credential is used.
    pub fn token(&self) -> &str {
        &self.token.0
    }

    /// What is needed in any case, on the role's ARN with the default account filled in: what denials name before
    /// the token is verified.
    pub fn requirement(&self, default_account: &AccountId) -> Requirement {
        Requirement::new(ASSUME, ResourceName::new(self.session.role_arn(default_account)))
    }

    /// The session that this caller asks for.
    pub fn of<'a>(&'a self, caller: &'a WebIdentity) -> Result<WebSession<'a>, Error> {
        let rejected = |claim, reason: Error| Error::RejectedClaim { claim, reason: Box::new(reason) };
        let WebTags { principal: tags, transitive } = caller.claims().tags()?;
        let transitive = check_tags(&tags, &transitive).map_err(|reason| rejected(TAGS, reason))?;
        let identity = caller.claims().source_identity()?.map(ToOwned::to_owned);
        if let Some(identity) = &identity {
            check_source_identity(identity).map_err(|reason| rejected(SOURCE_IDENTITY, reason))?;
        }
        Ok(WebSession { request: self, caller, carried: Carried { source_identity: identity, tags, transitive } })
    }
}

/// A session as parameters and verified token together ask for it.
#[derive(Debug)]
pub struct WebSession<'a> {
    request: &'a AssumeRoleWithWebIdentity,
    caller: &'a WebIdentity,
    carried: Carried,
}

impl WebSession<'_> {
    /// The source identity that the token gives.
    pub fn source_identity(&self) -> Option<&str> {
        self.carried.source_identity.as_deref()
    }

    /// What must be allowed by the role's trust policy, on the role's ARN with the default account filled in:
    /// `sts:AssumeRoleWithWebIdentity`, with tags `sts:TagSession`, with a source identity `sts:SetSourceIdentity`.
    pub fn requirements(&self, default_account: &AccountId) -> Vec<Requirement> {
        self.request.session.requirements(ASSUME, &self.carried, default_account)
    }

    /// The keys that parameters and tags give to the trust policy's conditions.
    pub fn trust_context(&self, context: &mut Context) {
        self.request.session.context(&self.carried, context);
        let tags = &self.carried.tags;
        for (key, values) in tags {
            let values = values.iter().map(|value| value.clone().into_bytes()).collect();
            context.set_values(format!("aws:RequestTag/{key}"), values);
        }
        context.set_many("aws:TagKeys", tags.iter().map(|(key, _)| key.clone().into_bytes()).collect());
    }
}

/// Mints credentials for `role`. The permit must be the caller's own for the session's requirements, and the role the
/// one that the request names, of the provider's account; its managed session policies must have been found.
pub fn issue_with_web_identity(
    session: WebSession<'_>,
    role: &Role,
    permit: &Permit,
    mint: &Mint<'_>,
) -> Result<Answer, Error> {
    let needed = session.requirements(mint.default_account);
    let WebSession { request, caller, carried } = session;
    let wanted = Wanted { session: &request.session, needed: &needed, carried };
    permitted(&wanted, role, permit, mint)?;
    let provider = &caller.provider().provider;
    let origin = caller.origin().ok_or(Error::NotPermitted)?;
    if *permit.principal() != **caller.principal() || provider.account != role.account {
        return Err(Error::NotPermitted);
    }
    // The chain begins here: nobody's key and nobody's session stands behind it.
    let first = Caller {
        is_role_session: false,
        chain: Vec::new(),
        parent_key: None,
        web: Some(Box::new(origin)),
        source_identity: None,
        transitive: Vec::new(),
    };
    Ok(Answer::AssumeRoleWithWebIdentity {
        minted: Box::new(mint.role(wanted, role, &first)?),
        subject: caller.claims().subject().to_owned(),
        audience: caller.claims().audience().to_owned(),
        provider: provider.url.clone(),
    })
}

/// The limits of a session's tags; the transitive keys as the tags spell them.
fn check_tags(tags: &[(String, Vec<String>)], transitive: &[String]) -> Result<Vec<String>, Error> {
    let too_many = |field| Error::from(NameError::TooLong { field, max: quota::TAGS });
    if tags.len() > quota::TAGS {
        return Err(too_many("tags"));
    }
    if transitive.len() > quota::TAGS {
        return Err(too_many("transitiveTagKeys"));
    }
    for (at, (key, values)) in tags.iter().enumerate() {
        tag_key(key)?;
        if is_reserved(key) {
            return Err(Error::ReservedTagKey);
        }
        if tags.iter().take(at).any(|(known, _)| same_tag_key(known, key)) {
            return Err(Error::DuplicateTagKeys);
        }
        if values.is_empty() {
            return Err(NameError::Missing { field: "tags.member.value" }.into());
        }
        values.iter().try_for_each(|value| tag_value(value))?;
    }
    spelt_as_tags(transitive, tags.iter().map(|(key, _)| key.as_str()))
}

fn check_source_identity(identity: &str) -> Result<(), Error> {
    source_identity(identity)?;
    if is_reserved(identity) { Err(Error::ReservedSourceIdentity) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: [(&str, &str); 3] = [
        ("RoleArn", "arn:aws:iam:::role/p/Web"),
        ("RoleSessionName", "Bob"),
        ("WebIdentityToken", "a-live-credential"),
    ];

    fn parse(more: &[(&str, &str)]) -> Result<AssumeRoleWithWebIdentity, Error> {
        AssumeRoleWithWebIdentity::parse(&Parameters::from_pairs([&NEEDED[..], more].concat()))
    }

    #[test]
    fn reads_what_it_serves_and_nothing_of_assume_roles_own() {
        let asked = parse(&[
            ("DurationSeconds", "900"),
            ("Policy", "{}"),
            ("Tags.member.1.Key", "Team"),
            ("Tags.member.1.Value", "red"),
            ("TransitiveTagKeys.member.1", "Other"),
            ("SourceIdentity", "x"),
            ("ExternalId", "?"),
            ("SerialNumber", "x"),
        ]);
        let asked = asked.unwrap();
        assert_eq!((asked.session().name(), asked.session().duration()), ("Bob", Some(900)));
        assert_eq!((asked.session().input().policy(), asked.session().input().tags()), (Some("{}"), &[][..]));
        assert_eq!(asked.token(), "a-live-credential");
        let tenant = AccountId::parse("tenant").unwrap();
        let requirement = asked.requirement(&tenant);
        assert_eq!(requirement.action, "sts:AssumeRoleWithWebIdentity");
        assert_eq!(requirement.resource.to_string(), "arn:aws:iam::tenant:role/p/Web");
        assert!(matches!(parse(&[("ProviderId", "www.amazon.com")]), Err(Error::ProviderId)));
    }

    #[test]
    fn rule_29_a_token_is_not_printed() {
        assert!(!format!("{:?}", parse(&[]).unwrap()).contains("a-live-credential"));
    }

    #[test]
    fn tags_keep_to_the_limits_of_session_tags() {
        let tags = |pairs: &[(&str, &[&str])]| -> Vec<(String, Vec<String>)> {
            let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
            pairs.iter().map(|(key, values)| ((*key).to_owned(), owned(values))).collect()
        };
        let keys = |keys: &[&str]| -> Vec<String> { keys.iter().map(|key| (*key).to_owned()).collect() };
        let two = tags(&[("Team", &["red", "blue"]), ("Cost", &[""])]);
        assert_eq!(check_tags(&two, &keys(&["team", "TEAM", "Cost"])).unwrap(), ["Team", "Cost"]);
        assert!(matches!(check_tags(&two, &keys(&["other"])), Err(Error::TransitiveTagMissing)));
        assert!(matches!(check_tags(&tags(&[("aws:k", &["v"])]), &[]), Err(Error::ReservedTagKey)));
        assert!(matches!(
            check_tags(&tags(&[("\u{e4}", &["v"]), ("\u{c4}", &["v"])]), &[]),
            Err(Error::DuplicateTagKeys)
        ));
        assert!(matches!(check_tags(&tags(&[("k", &[])]), &[]), Err(Error::Constraint(_))));
        assert!(matches!(check_tags(&tags(&[("k", &["v", "*"])]), &[]), Err(Error::Constraint(_))));
        let names: Vec<String> = (0..51).map(|at| format!("k{at}")).collect();
        let many: Vec<(String, Vec<String>)> = names.iter().map(|name| (name.clone(), vec!["v".to_owned()])).collect();
        assert!(check_tags(&many[..50], &names[..50]).is_ok() && check_tags(&many, &[]).is_err());
        assert!(check_tags(&many[..50], &names).is_err());
    }
}
