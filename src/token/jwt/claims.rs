//! The claims of a verified token.

use super::Error;
use super::audience::{self, Audience};
use super::conditions::{Condition, conditions};
use super::json::Object;
use super::tags::{self, WebTags};
use std::fmt;

/// OpenID Connect Core 1.0 section 2, and AWS's limit of `SubjectFromWebIdentityToken`; of audiences likewise.
const MAX_LENGTH: usize = 255;

/// The claims of a token whose signature, issuer, audience and times were verified.
#[derive(Clone, PartialEq, Eq)]
pub struct WebClaims {
    subject: String,
    audience: Audience,
    conditions: Vec<Condition>,
    all: Object,
}

/// Claims are personal data: shown is what the answer shows.
impl fmt::Debug for WebClaims {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebClaims").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl WebClaims {
    /// Claims that were verified.
    pub(super) fn read(claims: &Object, audience: Audience) -> Result<Self, Error> {
        let wanted =
            Error::Claim { claim: "sub", wanted: "a string of 1 to 255 characters without control characters" };
        let subject = claims.get("sub").ok_or(Error::MissingClaim { claim: "sub" })?;
        let subject = subject.as_text().filter(|text| is_showable(text)).ok_or(wanted)?.to_owned();
        if !is_showable(&audience.shown) {
            let wanted = "of 1 to 255 characters without control characters";
            return Err(Error::Claim { claim: "aud", wanted });
        }
        let conditions = conditions(claims, &audience::audiences(claims)?)?;
        Ok(Self { subject, audience, conditions, all: claims.clone() })
    }

    /// `sub`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The registered client id that the token met: `azp`, else the first of `aud` that is in the list, else of an
    /// access token `client_id`. None only where the provider has no client ids and the configuration lets that be.
    pub fn client(&self) -> Option<&str> {
        self.audience.client.as_deref()
    }

    /// The client id in `aud` that the token met besides [`Self::client`], where that is another `azp`: the token
    /// needs both.
    pub fn also(&self) -> Option<&str> {
        self.audience.also.as_deref()
    }

    /// What the answer's `Audience` shows: `azp`, else the `aud` that is in the list (without a list the first), else
    /// of an access token `client_id`.
    pub fn audience(&self) -> &str {
        &self.audience.shown
    }

    /// Every claim as a condition key without the issuer, and its values: nested claims by their path joined with `/`
    /// (`realm_access/roles`), lists as several values, numbers and booleans as they are written in the token, `app_id`
    /// with the values of `aud`. No two keys differ by case alone.
    pub fn conditions(&self) -> Vec<(String, Vec<Vec<u8>>)> {
        self.conditions.clone()
    }

    /// The session tags of the claim `https://aws.amazon.com/tags`; that their form is right, not their limits.
    pub fn tags(&self) -> Result<WebTags, Error> {
        tags::tags(&self.all)
    }

    /// The claim `https://aws.amazon.com/source_identity`; that it is text, not its characters.
    pub fn source_identity(&self) -> Result<Option<&str>, Error> {
        tags::source_identity(&self.all)
    }
}

/// It is written into answers (XML has no control characters), tokens and logs.
fn is_showable(text: &str) -> bool {
    (1..=MAX_LENGTH).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
