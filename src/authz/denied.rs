//! A denial, in AWS's words.

use super::TagFacts;
use crate::policy::{DecodedDenial, Outcome, PolicyKind};
use crate::types::{Principal, Requirement};
use std::sync::Arc;

/// Why a request was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Who asked.
    pub principal: Arc<Principal>,
    /// The first requirement that was not allowed.
    pub requirement: Requirement,
    /// Explicit or implicit.
    pub outcome: Outcome,
    /// The kind of policy that denied or lacked an allow; none where the caller may not know it
    /// (another account, Anonymous: security rule 30).
    pub cause: Option<PolicyKind>,
    /// The statements that denied, for the audit record.
    pub statements: Vec<String>,
    /// A fact of the backend that a statement reads and that is not known.
    pub unknown_key: Option<String>,
    /// The facts to fetch before the request is judged again. With none of them there, the denial is final.
    pub wanted: TagFacts,
    /// What DecodeAuthorizationMessage is to tell; none where the caller may not know it (security rule 30).
    pub report: Option<Box<DecodedDenial>>,
    /// The report, sealed for the caller's account.
    pub encoded: Option<String>,
}

impl Denied {
    /// The denial of a web identity before anything of its token was verified: no such role or provider, or a role that
    /// does not name it.
    pub fn of_web_identity(requirement: Requirement) -> Self {
        Self {
            principal: Arc::new(Principal::WebIdentity { provider: "".into() }),
            requirement,
            outcome: Outcome::ImplicitDeny,
            cause: None,
            statements: Vec::new(),
            unknown_key: None,
            wanted: TagFacts::default(),
            report: None,
            encoded: None,
        }
    }

    /// AWS's message: who, which action, which resource, and the kind of policy.
    ///
    /// Web identities are told the same whatever they lack, the role and the provider included (security rules 25, 30).
    pub fn message(&self) -> String {
        if let Principal::WebIdentity { .. } = *self.principal {
            return "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned();
        }
        let Some(arn) = self.principal.arn() else {
            return "Access Denied".to_owned();
        };
        let Requirement { action, resource } = &self.requirement;
        let resource = resource.to_text();
        // Room for the words around the names.
        let mut text = String::with_capacity(192 + arn.len() + resource.len());
        // S3 quotes the resource, whose key may hold anything; IAM and STS do not.
        let quote = if action.starts_with("s3:") { "\"" } else { "" };
        text.extend(["User: ", &arn, " is not authorized to perform: ", action, " on resource: "]);
        text.extend([quote, &resource, quote]);
        if let Some(cause) = self.cause {
            let named = cause.name();
            match self.outcome {
                Outcome::ExplicitDeny => text.extend([" with an explicit deny in ", named]),
                Outcome::ImplicitDeny | Outcome::Allow => {
                    let kind = named.split_once(' ').map_or(named, |(_, kind)| kind);
                    text.extend([" because no ", kind, " allows the ", action, " action"]);
                }
            }
        }
        if let Some(key) = &self.unknown_key {
            text.extend([
                ". A policy statement reads the condition key ",
                key,
                ", whose value cannot be known: tags there differ by case alone",
            ]);
        }
        if let Some(encoded) = &self.encoded {
            text.extend([". Encoded authorization failure message: ", encoded]);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{AccountId, ResourceName, UniqueId};

    fn denied(principal: Principal, outcome: Outcome, cause: Option<PolicyKind>) -> Denied {
        Denied {
            principal: Arc::new(principal),
            requirement: Requirement::new("s3:GetObject", ResourceName::object("b", b"k")),
            outcome,
            cause,
            statements: Vec::new(),
            unknown_key: None,
            wanted: TagFacts::default(),
            report: None,
            encoded: None,
        }
    }

    #[test]
    fn messages_have_awss_words() {
        let user = Principal::User {
            account: AccountId::empty(),
            path: "/".into(),
            name: "TESTER2".into(),
            id: UniqueId::parse("AIDAAAAAAAAAAAAAAAAAA").unwrap(),
        };
        assert_eq!(
            denied(user.clone(), Outcome::ImplicitDeny, Some(PolicyKind::Identity)).message(),
            "User: arn:aws:iam:::user/TESTER2 is not authorized to perform: s3:GetObject on resource: \
             \"arn:aws:s3:::b/k\" because no identity-based policy allows the s3:GetObject action"
        );
        assert!(
            denied(user.clone(), Outcome::ExplicitDeny, Some(PolicyKind::Session))
                .message()
                .ends_with("with an explicit deny in a session policy")
        );
        let plain = denied(user, Outcome::ExplicitDeny, None);
        assert!(plain.message().ends_with("\"arn:aws:s3:::b/k\""));
        let role = Requirement::new("sts:AssumeRole", ResourceName::new("arn:aws:iam:::role/R"));
        let of_sts = Denied { requirement: role, ..plain.clone() };
        assert!(of_sts.message().ends_with(" to perform: sts:AssumeRole on resource: arn:aws:iam:::role/R"));
        let sealed = Denied { encoded: Some("AbC-_".into()), ..plain };
        assert!(sealed.message().ends_with("\"arn:aws:s3:::b/k\". Encoded authorization failure message: AbC-_"));
    }

    #[test]
    fn rule_30_anonymous_learns_nothing() {
        let message = denied(Principal::Anonymous, Outcome::ExplicitDeny, Some(PolicyKind::Bucket)).message();
        assert_eq!(message, "Access Denied");
        let sealed = Denied { encoded: Some("x".into()), ..denied(Principal::Anonymous, Outcome::ExplicitDeny, None) };
        assert_eq!(sealed.message(), "Access Denied");
    }

    #[test]
    fn rule_30_all_denials_of_web_identities_are_one() {
        let requirement = Requirement::new("sts:AssumeRoleWithWebIdentity", ResourceName::new("arn:aws:iam:::role/R"));
        let before = Denied::of_web_identity(requirement).message();
        assert_eq!(before, "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        let principal = Principal::WebIdentity { provider: "arn:aws:iam:::oidc-provider/idp".into() };
        for outcome in [Outcome::ImplicitDeny, Outcome::ExplicitDeny] {
            let after =
                Denied { encoded: Some("x".into()), ..denied(principal.clone(), outcome, Some(PolicyKind::Trust)) };
            assert_eq!(after.message(), before);
        }
    }
}
