//! What minting records of the caller.

use crate::authn::{Authenticated, Identity};
use crate::token::{Link, WebOrigin};
use crate::types::AccessKeyId;

/// What the token records of the caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whether it is a session of a role, so that this is role chaining.
    pub is_role_session: bool,
    /// The links before the new session: the caller's own chain, then the caller.
    pub chain: Vec<Link>,
    /// The long-term key at the beginning of the chain.
    pub parent_key: Option<AccessKeyId>,
    /// The web identity at the beginning of the chain.
    pub web: Option<Box<WebOrigin>>,
    /// The source identity, which no later session can change.
    pub source_identity: Option<String>,
    /// The tags that go on to later sessions.
    pub transitive: Vec<(String, Vec<String>)>,
}

impl Caller {
    /// The caller of a verified request.
    pub fn of(caller: &Authenticated) -> Self {
        let claims = caller.identity().session().map(|session| &session.opened.claims);
        let goes_on = |(key, _): &&(String, Vec<String>)| {
            claims.is_some_and(|claims| claims.transitive.iter().any(|known| known.eq_ignore_ascii_case(key)))
        };
        Self {
            is_role_session: matches!(caller.identity(), Identity::Role(..)),
            chain: caller.chain(),
            parent_key: caller.long_term_key().cloned(),
            web: claims.and_then(|claims| claims.web.clone()),
            source_identity: claims.and_then(|claims| claims.source_identity.clone()),
            transitive: claims.map(|claims| claims.tags.iter().filter(goes_on).cloned().collect()).unwrap_or_default(),
        }
    }
}
