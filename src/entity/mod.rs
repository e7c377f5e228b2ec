//! IAM's nouns as data: accounts, users, access keys, groups, roles, managed policies, providers, bucket records,
//! and the rules for their names and sizes.
//!
//! These are the shapes that are stored (serde, unknown members refused) and shown in answers. Policies
//! are kept as documents beside the unique ids of the principals they name (security rule 14) and are
//! compiled by those who load them.

mod access_key;
mod account;
mod aws_managed;
mod bucket_record;
mod caps;
mod group;
mod last_used;
mod managed_policy;
mod names;
mod oidc_provider;
mod provider_rules;
pub mod quota;
mod revocations;
mod role;
mod stored_policy;
mod user;

pub use access_key::{AccessKey, KeyStatus};
pub use account::Account;
pub use aws_managed::AwsManagedPolicy;
pub use bucket_record::{BucketRecord, BucketState};
pub use caps::{CapPermission, CapType, Caps, InvalidCaps};
pub use group::{Group, Named};
pub use last_used::{LastUsed, Used};
pub use managed_policy::{ManagedPolicy, PolicyUse, PolicyVersion, UseKind};
pub use names::{
    NameError, arn, description, external_id, federated_name, folded, group_name, number, path, path_prefix,
    policy_document, policy_name, required, role_name, role_session_name, same_tag_key, session_policy,
    source_identity, tag_key, tag_value, user_name,
};
pub use oidc_provider::{ClientId, OidcProvider};
pub use provider_rules::{ProviderRule, client_id, provider_url, thumbprint};
pub use revocations::Revocations;
pub use role::{Role, Tag};
pub use stored_policy::StoredPolicy;
pub use user::{Owner, User, UserKind};
