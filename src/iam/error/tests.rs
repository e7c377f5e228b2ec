//! Each error with its code, its status and its words.

use super::*;
use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
use std::collections::HashSet;
use std::mem::discriminant;

fn malformed() -> policy::Error {
    let options =
        ParseOptions { kind: PolicyKind::Identity, default_account: &AccountId::empty(), bindings: &Bindings::new() };
    Policy::parse("hello", &options).unwrap_err()
}

#[test]
fn every_error_has_awss_code_and_status() {
    let inner = store::Error::Unavailable("redis at 10.0.0.1".into());
    let (noun, name) = (Noun::Role, || "R".to_owned());
    let mut seen = HashSet::new();
    for (error, code, status) in [
        (Error::InvalidAction { action: "X".into(), version: "Y".into() }, "InvalidAction", 400),
        (Error::Query(QueryError::BadList("Tags".into())), "ValidationError", 400),
        (Error::Constraint(NameError::Missing { field: "roleName" }), "ValidationError", 400),
        (Error::InvalidMarker, "ValidationError", 400),
        (Error::NoCallerUser, "ValidationError", 400),
        (Error::TooManyTags("tags"), "ValidationError", 400),
        (Error::UnsupportedParameter { parameter: "P", action: "A" }, "InvalidInput", 400),
        (Error::InvalidArn("x".into()), "InvalidInput", 400),
        (Error::ForeignArn("x".into()), "InvalidInput", 400),
        (Error::DuplicateTagKeys, "InvalidInput", 400),
        (Error::ReservedTagKey, "InvalidInput", 400),
        (Error::MalformedPolicyDocument(malformed()), "MalformedPolicyDocument", 400),
        (Error::EntityAlreadyExists { noun, name: name() }, "EntityAlreadyExists", 409),
        (Error::NoSuchEntity { noun, name: name() }, "NoSuchEntity", 404),
        (Error::NoSuchInlinePolicy { noun, name: name() }, "NoSuchEntity", 404),
        (Error::PolicyNotFound("P".into()), "NoSuchEntity", 404),
        (Error::NotAttachable("P".into()), "NoSuchEntity", 404),
        (Error::NoSuchBoundary("P".into()), "NoSuchEntity", 404),
        (Error::DeleteConflict(Remains::InlinePolicies), "DeleteConflict", 409),
        (Error::DeleteConflict(Remains::AttachedPolicies), "DeleteConflict", 409),
        (Error::NoSuchVersion { policy: "P".into(), version: 2 }, "NoSuchEntity", 404),
        (Error::PolicyOfAws("P".into()), "AccessDenied", 403),
        (Error::PolicyInUse, "DeleteConflict", 409),
        (Error::PolicyHasVersions, "DeleteConflict", 409),
        (Error::DefaultVersion, "DeleteConflict", 409),
        (Error::VersionsQuota, "LimitExceeded", 409),
        (Error::DeleteConflict(Remains::Possessions), "DeleteConflict", 409),
        (Error::AccessKeyId(InvalidAccessKeyId), "ValidationError", 400),
        (Error::NoSuchAccessKey(AccessKeyId::parse("AKIA1").unwrap()), "NoSuchEntity", 404),
        (Error::NoLoginProfile(name()), "NoSuchEntity", 404),
        (Error::NoPasswordPolicy(AccountId::empty()), "NoSuchEntity", 404),
        (Error::Provider(ProviderRule::Scheme), "InvalidInput", 400),
        (Error::Provider(ProviderRule::Thumbprints), "InvalidInput", 400),
        (Error::Provider(NameError::Missing { field: "url" }.into()), "ValidationError", 400),
        (Error::InvalidProviderArn("x".into()), "InvalidInput", 400),
        (Error::ProviderNotFound("x".into()), "NoSuchEntity", 404),
        (Error::TagsQuota, "LimitExceeded", 409),
        (Error::Quota { name: "RolesPerAccount", limit: 1000 }, "LimitExceeded", 409),
        (Error::InlineQuota { noun, name: name(), limit: 10_240 }, "LimitExceeded", 409),
        (Error::ConcurrentModification, "ConcurrentModification", 409),
        (Error::NotPermitted("iam:GetRole"), "AccessDenied", 403),
        (Error::OutOfReach { noun, name: name() }, "AccessDenied", 403),
        (Refused::CallerMissing.into(), "InvalidInput", 400),
        (Refused::PoliciesTooLong { max: 1 }.into(), "ValidationError", 400),
        (Error::Lookup(LookupError::Stale), "ServiceUnavailable", 503),
        (Error::Store(inner), "ServiceUnavailable", 503),
    ] {
        assert_eq!((error.code(), error.status()), (code, status), "{error}");
        assert!(!error.to_string().is_empty() && !error.to_string().contains("10.0.0.1"));
        seen.insert(discriminant(&error));
    }
    let (_, source) = include_str!("../error.rs").split_once("pub enum Error {\n").unwrap();
    let (variants, _) = source.split_once("\n}\n").unwrap();
    let is_variant = |line: &&str| line.strip_prefix("    ").is_some_and(|name| name.starts_with(char::is_uppercase));
    assert_eq!(seen.len(), variants.lines().filter(is_variant).count(), "each variant is in the table");
}

#[test]
fn messages_are_awss() {
    let name = || "X".to_owned();
    for (error, message) in [
        (Error::EntityAlreadyExists { noun: Noun::Role, name: name() }, "Role with name X already exists."),
        (Error::EntityAlreadyExists { noun: Noun::User, name: name() }, "User with name X already exists."),
        (
            Error::EntityAlreadyExists { noun: Noun::Policy, name: name() },
            "A policy called X already exists. Duplicate names are not allowed.",
        ),
        (Error::NoSuchEntity { noun: Noun::Role, name: name() }, "The role with name X cannot be found."),
        (Error::NoSuchEntity { noun: Noun::User, name: name() }, "The user with name X cannot be found."),
        (Error::NoSuchEntity { noun: Noun::Group, name: name() }, "The group with name X cannot be found."),
        (Error::NoSuchInlinePolicy { noun: Noun::Role, name: name() }, "The role policy with name X cannot be found."),
        (Error::NotAttachable("arn:x".into()), "Policy arn:x does not exist or is not attachable."),
        (Error::Quota { name: "ACLSizePerRole", limit: 2048 }, "Cannot exceed quota for ACLSizePerRole: 2048"),
        (
            Error::InlineQuota { noun: Noun::Role, name: name(), limit: 10_240 },
            "Maximum policy size of 10240 bytes exceeded for role X",
        ),
        (Error::DeleteConflict(Remains::AttachedPolicies), "Cannot delete entity, must detach all policies first."),
        (Error::DeleteConflict(Remains::InlinePolicies), "Cannot delete entity, must delete policies first."),
        (Error::DeleteConflict(Remains::AccessKeys), "Cannot delete entity, must delete access keys first."),
        (Error::DeleteConflict(Remains::Members), "Cannot delete entity, must remove users from group first."),
        (Error::NoSuchAccessKey(AccessKeyId::parse("AKIA1").unwrap()), "The Access Key with id AKIA1 cannot be found."),
        (Error::NoLoginProfile(name()), "Login Profile for User X cannot be found."),
    ] {
        assert_eq!(error.to_string(), message);
    }
}
