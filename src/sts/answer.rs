//! Answers in AWS's XML (WIRE sections 1 and 2).

use super::{Error, NAMESPACE};
use crate::token::SessionClaims;
use crate::types::{AccessKeyId, AccountId, Principal, Secret, Timestamp, UniqueId};
use crate::wire::aws_query;
use crate::wire::xml::XmlWriter;

/// Temporary credentials and whose they are. Secret and token are live credentials: `Debug` hides both.
#[derive(Clone, Debug)]
pub struct AssumedRole {
    /// `ASIA…`
    pub access_key: AccessKeyId,
    /// The secret access key.
    pub secret: Secret,
    /// The session token.
    pub token: Secret,
    /// When they end.
    pub expires: Timestamp,
    /// The role's account.
    pub account: AccountId,
    /// The role's name.
    pub role_name: String,
    /// The role's unique id.
    pub role_id: UniqueId,
    /// RoleSessionName.
    pub session_name: String,
    /// PackedPolicySize in percent.
    pub packed: usize,
}

/// What a call answers, as data.
#[derive(Clone, Debug)]
pub enum Answer {
    /// AssumeRole.
    AssumeRole(Box<AssumedRole>),
    /// GetCallerIdentity.
    CallerIdentity {
        /// Unique id, with `:session` for a role session.
        user_id: String,
        /// Account, possibly empty.
        account: AccountId,
        /// ARN.
        arn: String,
    },
}

/// The answer to GetCallerIdentity. A principal without account, which comes without a verified signature, has
/// none.
pub fn caller_identity(principal: &Principal) -> Result<Answer, Error> {
    match (principal.user_id(), principal.account(), principal.arn()) {
        (Some(user_id), Some(account), Some(arn)) => {
            Ok(Answer::CallerIdentity { user_id, account: account.clone(), arn })
        }
        _ => Err(Error::NoIdentity),
    }
}

impl AssumedRole {
    pub(super) fn new(claims: SessionClaims, secret: Secret, token: String, packed: usize) -> Self {
        Self {
            access_key: claims.access_key,
            secret,
            token: Secret::new(token),
            expires: claims.expires,
            account: claims.subject.account,
            role_name: claims.subject.name,
            role_id: claims.subject.id,
            session_name: claims.session_name,
            packed,
        }
    }

    /// The session's ARN, without the role's path.
    pub fn arn(&self) -> String {
        format!("arn:aws:sts::{}:assumed-role/{}/{}", self.account, self.role_name, self.session_name)
    }

    fn write(&self, w: &mut XmlWriter) {
        w.element("AssumedRoleUser", |w| {
            w.text("AssumedRoleId", &format!("{}:{}", self.role_id, self.session_name)).text("Arn", &self.arn());
        });
        w.element("Credentials", |w| {
            w.text("AccessKeyId", self.access_key.as_str());
            w.text("SecretAccessKey", self.secret.expose_str().unwrap_or_default());
            w.text("SessionToken", self.token.expose_str().unwrap_or_default());
            w.text("Expiration", &self.expires.iso8601());
        });
        w.text("PackedPolicySize", &self.packed.to_string());
    }
}

impl Answer {
    /// The operation's name.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::AssumeRole(_) => "AssumeRole",
            Self::CallerIdentity { .. } => "GetCallerIdentity",
        }
    }

    /// The answer's document.
    pub fn to_xml(&self, request_id: &str) -> String {
        let result = |w: &mut XmlWriter| match self {
            Self::AssumeRole(assumed) => assumed.write(w),
            Self::CallerIdentity { user_id, account, arn } => {
                w.text("Arn", arn).text("UserId", user_id).text("Account", account.as_str());
            }
        };
        aws_query::answer(self.operation(), NAMESPACE, request_id, Some(&result))
    }
}
