//! What a session token says, and its encoding.
//!
//! JSON with short names, absent where empty, unknown members refused. The version byte of the token
//! covers the form: a change of it is a new version.

use super::Error;
use crate::types::{AccessKeyId, AccountId, Timestamp, UniqueId};
use serde::{Deserialize, Serialize};

/// Most links of a chain, the subject counted (security rule 21).
pub const MAX_LINKS: usize = 8;

/// What a link of a chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkKind {
    /// A user.
    #[serde(rename = "u")]
    User,
    /// A role.
    #[serde(rename = "r")]
    Role,
}

/// Which session a link was, where it was one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minted {
    /// Its temporary access key id.
    #[serde(rename = "k")]
    pub access_key: AccessKeyId,
    /// When it was minted, whole seconds.
    #[serde(rename = "i", with = "seconds")]
    pub issued: Timestamp,
}

/// Whose rights a session has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionKind {
    /// A role's: AssumeRole.
    #[default]
    #[serde(rename = "r")]
    Role,
    /// The user's own: GetSessionToken.
    #[serde(rename = "u")]
    User,
    /// The user's for someone else, within session policies: GetFederationToken.
    #[serde(rename = "f")]
    Federated,
}

impl SessionKind {
    fn is_role(&self) -> bool {
        *self == Self::Role
    }
}

/// A subject as it was when the token was minted. With another id or epoch, or none, the session is dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// User or role.
    #[serde(rename = "k")]
    pub kind: LinkKind,
    /// Its account.
    #[serde(rename = "a")]
    pub account: AccountId,
    /// Its name, by which it is looked up.
    #[serde(rename = "n")]
    pub name: String,
    /// Its unique id, by which it is recognised (security rule 14).
    #[serde(rename = "i")]
    pub id: UniqueId,
    /// Its session epoch, compared for equality (security rule 21).
    #[serde(rename = "e")]
    pub epoch: u64,
    /// Of a link before the subject: the session by which it minted the next. None for a long-term key, and for the
    /// subject itself, whose session is the token's own.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub minted: Option<Minted>,
}

/// The web identity with which a chain of sessions began. The provider and the client id must still stand
/// (security rule 21).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebOrigin {
    /// The provider's account: that of the role.
    #[serde(rename = "a")]
    pub account: AccountId,
    /// The provider's URL without scheme, by which it is looked up.
    #[serde(rename = "p")]
    pub provider: String,
    /// Its unique id.
    #[serde(rename = "i")]
    pub id: UniqueId,
    /// Its session epoch, compared for equality.
    #[serde(rename = "e")]
    pub epoch: u64,
    /// The client id that the token was for, and its serial; none where the provider has no client ids and the
    /// configuration lets that be.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub client: Option<(String, u64)>,
    /// Another client id that the token needed: the one in `aud`, where `azp` is the first.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub also: Option<(String, u64)>,
    /// `sub` of the token.
    #[serde(rename = "s")]
    pub subject: String,
    /// The audience: `azp`, or `aud` where there is none.
    #[serde(rename = "u")]
    pub audience: String,
}

/// All that is fixed when a session is minted. Permissions are not: they are looked up live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionClaims {
    /// The temporary access key id, `ASIA…`.
    #[serde(rename = "k")]
    pub access_key: AccessKeyId,
    /// Whose session it is.
    #[serde(rename = "s")]
    pub subject: Link,
    /// A role's session, or one of the user itself.
    #[serde(rename = "y", default, skip_serializing_if = "SessionKind::is_role")]
    pub kind: SessionKind,
    /// RoleSessionName, or the name of a federated user; empty for GetSessionToken.
    #[serde(rename = "n")]
    pub session_name: String,
    /// When it was minted, whole seconds.
    #[serde(rename = "i", with = "seconds")]
    pub issued: Timestamp,
    /// When it ends, whole seconds; at that second it is over.
    #[serde(rename = "x", with = "seconds")]
    pub expires: Timestamp,
    /// Inline session policies, as documents.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// ARNs of managed policies that are session policies too; looked up live, as AWS does.
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    pub policy_arns: Vec<String>,
    /// The links before the subject, the first minter first.
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<Link>,
    /// The long-term key at the beginning of the chain; the session ends with it (security rule 14).
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub parent_key: Option<AccessKeyId>,
    /// The web identity at the beginning of the chain; the session ends with its provider and client id.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub web: Option<Box<WebOrigin>>,
    /// Source identity, fixed for the chain.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// Session tags with their values.
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(String, Vec<String>)>,
    /// Keys of the tags that persist through a chain.
    #[serde(rename = "v", default, skip_serializing_if = "Vec::is_empty")]
    pub transitive: Vec<String>,
}

impl SessionClaims {
    /// The encoded claims; refuses claims that decoding would refuse.
    pub(super) fn encode(&self) -> Result<Vec<u8>, Error> {
        self.check()?;
        serde_json::to_vec(self).map_err(|_| Error::MalformedClaims)
    }

    /// Decodes claims whose authenticity was proven.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let claims: Self = serde_json::from_slice(bytes).map_err(|_| Error::MalformedClaims)?;
        claims.check()?;
        Ok(claims)
    }

    fn check(&self) -> Result<(), Error> {
        let subject = match self.kind {
            SessionKind::Role => LinkKind::Role,
            SessionKind::User | SessionKind::Federated => LinkKind::User,
        };
        // Sessions of users are minted with a long-term key, never from a session (security rule 16).
        let first = self.kind.is_role() || (self.chain.is_empty() && self.parent_key.is_some());
        // A chain has one beginning.
        let one_origin = self.parent_key.is_none() || self.web.is_none();
        let fits = self.access_key.is_temporary()
            && self.chain.len() < MAX_LINKS
            && self.issued < self.expires
            && self.subject.kind == subject
            && first
            && one_origin;
        if fits { Ok(()) } else { Err(Error::MalformedClaims) }
    }
}

mod seconds {
    use crate::types::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.seconds())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_seconds)
    }
}
