//! Built-in rights, as policies (security rules 12 and 13).
//!
//! Root, ownership, caps and a standalone user's own rights stand in the identity slot like any stored
//! policy, so boundaries, session policies and explicit denies cut them too; the implicit boundary of a
//! standalone user's role stands among the boundaries. All are documents, parsed by the engine that parses
//! everyone's. Each is for resources of the caller's own account: the engine asks for a resource policy as
//! well where the account is another.

use crate::entity::{CapType, Caps};
use crate::policy::{Bindings, NamedPolicy, ParseOptions, Policy, PolicyKind};
use crate::types::AccountId;
use std::sync::LazyLock;

/// A document of this module with its name in decisions.
struct Builtin {
    name: &'static str,
    policy: Policy,
}

impl Builtin {
    #[allow(clippy::expect_used, reason = "constant documents of this file; a test parses each of them")]
    fn new(name: &'static str, kind: PolicyKind, document: &str) -> Self {
        let policy = parse(kind, document).expect("built-in policies parse");
        Self { name, policy }
    }

    fn named(&'static self) -> NamedPolicy<'static> {
        NamedPolicy { id: self.name, policy: &self.policy }
    }
}

/// May do all in its account.
const ROOT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

const OWNER: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::*","arn:aws:s3:::*/*"]}]}"#;

const STANDALONE: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["s3:CreateBucket","s3:ListAllMyBuckets"],"Resource":"*"}]}"#;

const NO_IAM: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}"#;

/// Sessions of GetSessionToken: no IAM while there are no one-time codes, and of STS only AssumeRole with what
/// belongs to it. GetCallerIdentity needs no permission (security rule 16).
const USER_SESSION: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","NotAction":["iam:*","sts:*"],"Resource":"*"},
    {"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Resource":"*"},
    {"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;

/// Sessions of GetFederationToken: no IAM, and of STS only GetCallerIdentity, which needs no permission. Allows
/// nothing: without session policies there is nothing (security rule 16).
const FEDERATED_SESSION: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Deny","Action":["iam:*","sts:*"],"Resource":"*"}]}"#;

/// The identity policy of an account's root.
pub fn root() -> NamedPolicy<'static> {
    static POLICY: LazyLock<Builtin> = LazyLock::new(|| Builtin::new("root", PolicyKind::Identity, ROOT));
    POLICY.named()
}

/// What a standalone user may do with a bucket that it owns: everything of S3. The policy names no bucket, so
/// it may only be put into decisions on the owner's own bucket.
pub fn owner() -> NamedPolicy<'static> {
    static POLICY: LazyLock<Builtin> = LazyLock::new(|| Builtin::new("bucket-owner", PolicyKind::Identity, OWNER));
    POLICY.named()
}

/// What every standalone user may do: make buckets and list its own.
pub fn standalone() -> NamedPolicy<'static> {
    static POLICY: LazyLock<Builtin> =
        LazyLock::new(|| Builtin::new("standalone-user", PolicyKind::Identity, STANDALONE));
    POLICY.named()
}

/// The boundary of sessions of a role that a standalone user owns: everything but IAM.
pub fn no_iam() -> NamedPolicy<'static> {
    static POLICY: LazyLock<Builtin> = LazyLock::new(|| Builtin::new("no-iam", PolicyKind::Boundary, NO_IAM));
    POLICY.named()
}

/// Stands among the session policies of a session of GetSessionToken. There and not among the boundaries, as a
/// boundary makes a Deny with `NotPrincipal` reach its holder.
pub fn user_session() -> NamedPolicy<'static> {
    static POLICY: LazyLock<Builtin> =
        LazyLock::new(|| Builtin::new("user-session", PolicyKind::Session, USER_SESSION));
    POLICY.named()
}

/// Stands among the session policies of a session of GetFederationToken.
pub fn federated_session() -> NamedPolicy<'static> {
    static POLICY: LazyLock<Builtin> =
        LazyLock::new(|| Builtin::new("federated-session", PolicyKind::Session, FEDERATED_SESSION));
    POLICY.named()
}

/// The identity policy that a user's caps stand for; none without caps.
pub fn caps_policy(caps: &Caps) -> Option<Policy> {
    // A document that did not parse would give no rights, which is the safe side.
    caps_document(caps).and_then(|document| parse(PolicyKind::Identity, &document))
}

/// The document of [`caps_policy`].
pub fn caps_document(caps: &Caps) -> Option<String> {
    let mut actions: Vec<&str> = Vec::new();
    for (cap, permission) in caps.iter() {
        let (read, write) = cap_actions(cap);
        actions.extend(read.iter().filter(|_| permission.read));
        actions.extend(write.iter().filter(|_| permission.write));
    }
    let actions: Vec<String> = actions.into_iter().map(|action| format!("\"iam:{action}\"")).collect();
    (!actions.is_empty()).then(|| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{}],"Resource":"*"}}]}}"#,
            actions.join(",")
        )
    })
}

fn parse(kind: PolicyKind, document: &str) -> Option<Policy> {
    let options = ParseOptions { kind, default_account: &AccountId::empty(), bindings: &Bindings::new() };
    Policy::parse(document, &options).ok()
}

/// The IAM actions, without `iam:`, that reading and writing of a cap stand for. Listed one by one: a wildcard
/// would take in actions that AWS adds later. No cap gives the right to give caps: they change by command only.
fn cap_actions(cap: CapType) -> (&'static [&'static str], &'static [&'static str]) {
    match cap {
        CapType::Roles => (
            &[
                "GetRole",
                "ListRoles",
                "GetRolePolicy",
                "ListRolePolicies",
                "ListAttachedRolePolicies",
                "ListRoleTags",
                "ListInstanceProfilesForRole",
            ],
            &[
                "CreateRole",
                "DeleteRole",
                "UpdateRole",
                "UpdateRoleDescription",
                "UpdateAssumeRolePolicy",
                "PutRolePolicy",
                "DeleteRolePolicy",
                "AttachRolePolicy",
                "DetachRolePolicy",
                "PutRolePermissionsBoundary",
                "DeleteRolePermissionsBoundary",
                "TagRole",
                "UntagRole",
            ],
        ),
        CapType::OidcProvider => (
            &["GetOpenIDConnectProvider", "ListOpenIDConnectProviders", "ListOpenIDConnectProviderTags"],
            &[
                "CreateOpenIDConnectProvider",
                "DeleteOpenIDConnectProvider",
                "AddClientIDToOpenIDConnectProvider",
                "RemoveClientIDFromOpenIDConnectProvider",
                "UpdateOpenIDConnectProviderThumbprint",
                "TagOpenIDConnectProvider",
                "UntagOpenIDConnectProvider",
            ],
        ),
        CapType::UserPolicy => (
            &["GetUserPolicy", "ListUserPolicies", "ListAttachedUserPolicies"],
            &["PutUserPolicy", "DeleteUserPolicy", "AttachUserPolicy", "DetachUserPolicy"],
        ),
        CapType::Users => (
            &[
                "GetUser",
                "ListUsers",
                "ListAccessKeys",
                "GetAccessKeyLastUsed",
                "ListUserTags",
                "ListGroupsForUser",
                "GetLoginProfile",
                "ListMFADevices",
                "ListServiceSpecificCredentials",
                "ListSSHPublicKeys",
                "ListSigningCertificates",
            ],
            &[
                "CreateUser",
                "UpdateUser",
                "DeleteUser",
                "CreateAccessKey",
                "UpdateAccessKey",
                "DeleteAccessKey",
                "DeleteLoginProfile",
                "TagUser",
                "UntagUser",
            ],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{AuthorizationRequest, Policies, decide};
    use crate::types::{Context, Principal, ResourceName, UniqueId};

    fn allows(identity: &[NamedPolicy<'_>], boundaries: &[NamedPolicy<'_>], action: &str, resource: &str) -> bool {
        let principal = Principal::User {
            account: AccountId::empty(),
            path: "/".into(),
            name: "TESTER1".into(),
            id: UniqueId::parse("AIDAJQABLZS4A3QDU576Q").unwrap(),
        };
        let request = AuthorizationRequest {
            principal: &principal,
            action,
            resource: &ResourceName::new(resource),
            resource_account: Some(&AccountId::empty()),
            context: &Context::new(),
        };
        decide(&request, &Policies { identity, boundaries, session: None, resource: None }).is_allowed()
    }

    fn cap_allows(caps: &str, action: &str) -> bool {
        let policy = caps_policy(&Caps::parse(caps).unwrap());
        let Some(policy) = policy else { return false };
        allows(&[NamedPolicy { id: "caps", policy: &policy }], &[], action, "arn:aws:iam:::role/R")
    }

    #[test]
    fn rule_12_built_in_rights_are_policies_that_parse() {
        for (named, kind) in [
            (root(), PolicyKind::Identity),
            (owner(), PolicyKind::Identity),
            (standalone(), PolicyKind::Identity),
            (no_iam(), PolicyKind::Boundary),
            (user_session(), PolicyKind::Session),
            (federated_session(), PolicyKind::Session),
        ] {
            assert_eq!(named.policy.kind(), kind, "{}", named.id);
        }
        assert!(allows(&[root()], &[], "iam:CreateRole", "arn:aws:iam:::role/R"));
        assert!(allows(&[root()], &[], "s3:DeleteBucket", "arn:aws:s3:::b"));
        assert!(allows(&[owner()], &[], "s3:DeleteBucket", "arn:aws:s3:::b"));
        assert!(allows(&[owner()], &[], "s3:GetObject", "arn:aws:s3:::b/a/k"));
        assert!(!allows(&[owner()], &[], "iam:CreateRole", "arn:aws:iam:::role/R"));
        assert!(allows(&[standalone()], &[], "s3:CreateBucket", "arn:aws:s3:::b"));
        assert!(allows(&[standalone()], &[], "s3:ListAllMyBuckets", "arn:aws:s3:::*"));
        for action in ["s3:GetObject", "s3:ListBucket", "s3:DeleteBucket"] {
            assert!(!allows(&[standalone()], &[], action, "arn:aws:s3:::b"), "{action}");
        }
    }

    #[test]
    fn rule_13_the_implicit_boundary_holds_back_iam_alone() {
        assert!(!allows(&[root()], &[no_iam()], "iam:CreateRole", "arn:aws:iam:::role/R"));
        assert!(!allows(&[root()], &[no_iam()], "IAM:GetRole", "arn:aws:iam:::role/R"));
        assert!(allows(&[root()], &[no_iam()], "s3:GetObject", "arn:aws:s3:::b/k"));
        assert!(allows(&[root()], &[no_iam()], "sts:AssumeRole", "arn:aws:iam:::role/R"));
        assert!(!allows(&[], &[no_iam()], "s3:GetObject", "arn:aws:s3:::b/k"), "a boundary gives nothing");
    }

    #[test]
    fn rule_12_caps_stand_for_their_actions_and_no_others() {
        assert!(caps_policy(&Caps::default()).is_none());
        assert!(cap_allows("roles=*", "iam:CreateRole") && cap_allows("roles=*", "iam:GetRole"));
        assert!(cap_allows("roles=read", "iam:ListRoles") && !cap_allows("roles=read", "iam:CreateRole"));
        assert!(cap_allows("roles=write", "iam:PutRolePolicy") && !cap_allows("roles=write", "iam:GetRole"));
        assert!(cap_allows("oidc-provider=*", "iam:CreateOpenIDConnectProvider"));
        assert!(!cap_allows("oidc-provider=*", "iam:CreateRole"));
        assert!(cap_allows("user-policy=write", "iam:PutUserPolicy") && !cap_allows("user-policy=*", "iam:CreateUser"));
        assert!(cap_allows("users=*", "iam:CreateAccessKey") && !cap_allows("users=*", "iam:PutUserPolicy"));
        for action in ["iam:PassRole", "iam:CreatePolicy", "sts:AssumeRole", "s3:GetObject", "iam:Nothing"] {
            assert!(!cap_allows("roles=*;users=*;user-policy=*;oidc-provider=*", action), "{action}");
        }
    }

    #[test]
    fn every_combination_of_caps_parses() {
        let permissions = ["", "read", "write", "*"];
        for index in 0..256usize {
            let texts: Vec<String> = ["oidc-provider", "roles", "user-policy", "users"]
                .iter()
                .enumerate()
                .map(|(place, cap)| (cap, permissions[index >> (2 * place) & 3]))
                .filter(|(_, permission)| !permission.is_empty())
                .map(|(cap, permission)| format!("{cap}={permission}"))
                .collect();
            let caps = Caps::parse(&texts.join(";")).unwrap();
            assert_eq!(caps_policy(&caps).is_some(), !caps.is_empty(), "{texts:?}");
        }
    }
}
