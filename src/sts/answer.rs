//! Answers in AWS's XML (WIRE sections 1 and 2).

use super::{Error, NAMESPACE};
use crate::token::{SessionClaims, SessionKind};
use crate::types::{AccessKeyId, AccountId, Principal, Secret, Timestamp, UniqueId};
use crate::wire::aws_query;
use crate::wire::xml::XmlWriter;

/// Temporary credentials and whose they are. Secret and token are live credentials: `Debug` hides both.
#[derive(Clone, Debug)]
pub struct Minted {
    /// `ASIA…`
    pub access_key: AccessKeyId,
    /// The secret access key.
    pub secret: Secret,
    /// The session token.
    pub token: Secret,
    /// When they end.
    pub expires: Timestamp,
    /// What kind of session it is.
    pub kind: SessionKind,
    /// The account of the role or user.
    pub account: AccountId,
    /// The name of the role or user.
    pub subject_name: String,
    /// Its unique id.
    pub subject_id: UniqueId,
    /// RoleSessionName, or the name of the federated user.
    pub session_name: String,
    /// The source identity that the session has.
    pub source_identity: Option<String>,
    /// PackedPolicySize in percent.
    pub packed: usize,
}

/// What a call answers, as data.
#[derive(Clone, Debug)]
pub enum Answer {
    /// AssumeRole.
    AssumeRole(Box<Minted>),
    /// AssumeRoleWithWebIdentity.
    AssumeRoleWithWebIdentity {
        /// The credentials.
        minted: Box<Minted>,
        /// `sub` of the token.
        subject: String,
        /// The client id that the token was for.
        audience: String,
        /// `iss` of the token.
        provider: String,
    },
    /// GetSessionToken.
    SessionToken(Box<Minted>),
    /// GetFederationToken.
    FederationToken(Box<Minted>),
    /// GetCallerIdentity.
    CallerIdentity {
        /// Unique id, with `:session` for a role session.
        user_id: String,
        /// Account, possibly empty.
        account: AccountId,
        /// ARN.
        arn: String,
    },
    /// GetAccessKeyInfo.
    AccessKeyInfo(AccountId),
    /// DecodeAuthorizationMessage: JSON text.
    DecodedMessage(String),
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

impl Minted {
    pub(super) fn new(claims: SessionClaims, secret: Secret, token: String, packed: usize) -> Self {
        Self {
            access_key: claims.access_key,
            secret,
            token: Secret::new(token),
            expires: claims.expires,
            kind: claims.kind,
            account: claims.subject.account,
            subject_name: claims.subject.name,
            subject_id: claims.subject.id,
            session_name: claims.session_name,
            source_identity: claims.source_identity,
            packed,
        }
    }

    /// The session's ARN: without the role's path, or of the federated user.
    pub fn arn(&self) -> String {
        match self.kind {
            SessionKind::Federated => format!("arn:aws:sts::{}:federated-user/{}", self.account, self.session_name),
            SessionKind::Role | SessionKind::User => {
                format!("arn:aws:sts::{}:assumed-role/{}/{}", self.account, self.subject_name, self.session_name)
            }
        }
    }

    fn write_credentials(&self, w: &mut XmlWriter) {
        w.element("Credentials", |w| {
            w.text("AccessKeyId", self.access_key.as_str());
            w.text("SecretAccessKey", self.secret.expose_str().unwrap_or_default());
            w.text("SessionToken", self.token.expose_str().unwrap_or_default());
            w.text("Expiration", &self.expires.iso8601());
        });
    }

    fn write_role_session(&self, w: &mut XmlWriter) {
        w.element("AssumedRoleUser", |w| {
            w.text("AssumedRoleId", &format!("{}:{}", self.subject_id, self.session_name)).text("Arn", &self.arn());
        });
        self.write_credentials(w);
        w.text("PackedPolicySize", &self.packed.to_string());
        w.optional("SourceIdentity", self.source_identity.as_deref());
    }

    fn write_federated(&self, w: &mut XmlWriter) {
        self.write_credentials(w);
        w.element("FederatedUser", |w| {
            w.text("FederatedUserId", &format!("{}:{}", self.account, self.session_name)).text("Arn", &self.arn());
        });
        w.text("PackedPolicySize", &self.packed.to_string());
    }
}

impl Answer {
    /// The operation's name.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::AssumeRole(_) => "AssumeRole",
            Self::AssumeRoleWithWebIdentity { .. } => "AssumeRoleWithWebIdentity",
            Self::SessionToken(_) => "GetSessionToken",
            Self::FederationToken(_) => "GetFederationToken",
            Self::CallerIdentity { .. } => "GetCallerIdentity",
            Self::AccessKeyInfo(_) => "GetAccessKeyInfo",
            Self::DecodedMessage(_) => "DecodeAuthorizationMessage",
        }
    }

    /// The answer's document.
    pub fn to_xml(&self, request_id: &str) -> String {
        let result = |w: &mut XmlWriter| match self {
            Self::AssumeRole(minted) => minted.write_role_session(w),
            Self::AssumeRoleWithWebIdentity { minted, subject, audience, provider } => {
                w.text("SubjectFromWebIdentityToken", subject).text("Audience", audience).text("Provider", provider);
                minted.write_role_session(w);
            }
            Self::SessionToken(minted) => minted.write_credentials(w),
            Self::FederationToken(minted) => minted.write_federated(w),
            Self::CallerIdentity { user_id, account, arn } => {
                w.text("Arn", arn).text("UserId", user_id).text("Account", account.as_str());
            }
            Self::AccessKeyInfo(account) => {
                w.text("Account", account.as_str());
            }
            Self::DecodedMessage(message) => {
                w.text("DecodedMessage", message);
            }
        };
        aws_query::answer(self.operation(), NAMESPACE, request_id, Some(&result))
    }
}
