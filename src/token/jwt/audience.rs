//! Whom a token is for: `aud`, `azp` and `client_id` against the provider's client ids (security rule 25).

use super::json::{Json, Object};
use super::{Error, Rules};

/// Whom a verified token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Audience {
    /// The client id that was met.
    pub(super) client: Option<String>,
    /// Of `aud` the client id that was met, where `azp` is another.
    pub(super) also: Option<String>,
    /// What the answer shows.
    pub(super) shown: String,
}

/// One of `aud` must be a client id, and `azp`, if the token has it, too. Of an access token, whose `aud` is the
/// resource that it opens, `azp` or else `client_id` is enough, where the configuration takes them.
pub(super) fn check(claims: &Object, rules: &Rules<'_>) -> Result<Audience, Error> {
    let audiences = audiences(claims)?;
    let party = text(claims, "azp")?;
    let client = if rules.accept_access_tokens { text(claims, "client_id")? } else { None };
    if rules.client_ids.is_empty() {
        let shown = party.or(audiences.first().copied()).or(client);
        return match shown {
            _ if rules.require_client_ids => Err(Error::NoClientIds),
            Some(shown) => Ok(Audience { client: None, also: None, shown: shown.to_owned() }),
            None => Err(Error::MissingClaim { claim: "aud" }),
        };
    }
    let registered = |name: &&str| rules.client_ids.contains(name);
    if party.is_some_and(|party| !registered(&party)) {
        return Err(Error::AuthorizedParty);
    }
    let met = audiences.iter().copied().find(registered);
    let alone = if rules.accept_access_tokens { party.or(client.filter(registered)) } else { None };
    match met.map(|met| party.unwrap_or(met)).or(alone) {
        Some(client) => {
            let also = met.filter(|met| *met != client).map(ToOwned::to_owned);
            Ok(Audience { client: Some(client.to_owned()), also, shown: client.to_owned() })
        }
        None if audiences.is_empty() => Err(Error::MissingClaim { claim: "aud" }),
        None => Err(Error::Audience),
    }
}

/// The values of `aud`: a string, or a list of strings (RFC 7519 section 4.1.3). None without the claim.
pub(super) fn audiences(claims: &Object) -> Result<Vec<&str>, Error> {
    let values = match claims.get("aud") {
        None => return Ok(Vec::new()),
        Some(Json::Text(one)) => Some(vec![one.as_str()]),
        Some(several) => several.as_texts(),
    };
    values.ok_or(Error::Claim { claim: "aud", wanted: "a string or a list of strings" })
}

fn text<'a>(claims: &'a Object, claim: &'static str) -> Result<Option<&'a str>, Error> {
    let wanted = Error::Claim { claim, wanted: "a string" };
    claims.get(claim).map(|value| value.as_text().ok_or(wanted)).transpose()
}
