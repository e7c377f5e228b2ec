//! What is known of a request, for the access log, the audit record and the metrics.

use crate::authn::{Authenticated, WebIdentity};
use crate::authz::{Denied, Permit};
use crate::policy::Outcome;
use std::borrow::Cow;

/// The plane that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Plane {
    /// Not told yet: the head was refused before.
    #[default]
    None,
    /// S3.
    S3,
    /// IAM.
    Iam,
    /// STS.
    Sts,
}

impl Plane {
    /// The label used in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::S3 => "s3",
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }
}

/// Filled by the gateway on the way; read by the shell when the request has ended.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The plane.
    pub plane: Plane,
    /// S3 operation or IAM/STS action name, out of the closed sets; empty if not told.
    pub operation: &'static str,
    /// Bucket, if the request names one with valid syntax.
    pub bucket: Option<String>,
    /// The key id the client claimed, before verification.
    pub claimed_key: Option<String>,
    /// The caller's ARN, after verification only.
    pub principal: Option<String>,
    /// RoleSessionName of a session.
    pub session_name: Option<String>,
    /// Source identity of a session.
    pub source_identity: Option<String>,
    /// The identity provider of a web identity, and of a session that began with one: its URL without scheme.
    pub provider: Option<String>,
    /// `sub` of its token, after verification only.
    pub token_subject: Option<String>,
    /// The (action, resource) pairs that were decided.
    pub decided: Vec<(Cow<'static, str>, String)>,
    /// Those of `decided` that were denied, where each part of a batch was decided by itself.
    pub denied: Vec<(Cow<'static, str>, String)>,
    /// `allow`, `explicit_deny`, `implicit_deny`, of a batch also `partial`; empty if it never came to a decision.
    pub decision: &'static str,
    /// The statements that decided, as `policy#sid-or-index`.
    pub statements: Vec<String>,
    /// The error code of an answer of the gate's own, if it was an error.
    pub error_code: Option<&'static str>,
    /// Nanoseconds spent on verifying the signature and the token.
    pub verify_nanos: u64,
    /// Nanoseconds spent on deciding.
    pub decide_nanos: u64,
}

impl Trace {
    /// Notes who the caller is. Only after verification (security rule 29).
    pub(super) fn identify(&mut self, caller: &Authenticated) {
        self.principal = caller.principal().arn();
        if let Some(session) = caller.identity().session() {
            let name = &session.opened.claims.session_name;
            self.session_name = Some(name.clone()).filter(|name| !name.is_empty());
            self.source_identity.clone_from(&session.opened.claims.source_identity);
            if let Some(origin) = &session.opened.claims.web {
                self.provider = Some(origin.provider.clone());
                self.token_subject = Some(origin.subject.clone());
            }
        }
    }

    /// Notes the web identity for which a session named `session_name` is asked. Only after verification.
    pub(super) fn identify_web(&mut self, caller: &WebIdentity, session_name: &str) {
        self.principal = caller.principal().arn();
        self.provider = Some(caller.provider().provider.name().to_owned());
        self.token_subject = Some(caller.claims().subject().to_owned());
        self.session_name = Some(session_name.to_owned());
        self.source_identity = None;
    }

    /// Notes what was allowed. After a denial of another part it is a partial success.
    pub(super) fn allowed(&mut self, permit: &Permit) {
        self.decision = if self.denied.is_empty() { "allow" } else { "partial" };
        let decided = permit.requirements().iter();
        self.decided.extend(decided.map(|need| (need.action.clone(), need.resource.to_text().into_owned())));
        self.statements.extend(permit.statements().iter().cloned());
    }

    /// Notes that one part of a batch was denied.
    pub(super) fn partly_denied(&mut self, denied: &Denied) {
        self.decision = match (self.decision, denied.outcome) {
            ("allow" | "partial", _) => "partial",
            ("explicit_deny", _) | (_, Outcome::ExplicitDeny) => "explicit_deny",
            (_, Outcome::ImplicitDeny | Outcome::Allow) => "implicit_deny",
        };
        let decided = (denied.requirement.action.clone(), denied.requirement.resource.to_text().into_owned());
        self.decided.push(decided.clone());
        self.denied.push(decided);
        self.statements.extend(denied.statements.iter().cloned());
    }
}
