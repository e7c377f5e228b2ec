//! The commands and their options.

use super::people::args::{Account, Caps, EntityPolicy, Group, GroupName, InAccount, Key, Uid, User};
use super::policy_args::{Explain, Policy};
use super::providers::OidcProvider;
use super::sessions::Session;
use super::state_commands::{Bucket, Export, Import};
use super::token_keys::TokenKey;
use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;

/// IAM and STS for S3 servers that have none: a reverse-proxy authorization sidecar.
#[derive(Debug, Parser)]
#[command(name = "rolegate", version)]
pub(super) struct Args {
    /// The configuration file [default: $ROLEGATE_CONFIG, else rolegate.toml in the current folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve S3, IAM and STS in front of the backend
    Serve {
        /// Listen beyond loopback even with a demo store or with short secrets
        #[arg(long)]
        allow_weak: bool,
    },
    /// Check the configuration file and name every mistake
    CheckConf,
    /// Check that the backend keeps what the gate relies on
    CheckBackend,
    /// Accounts beside the configured one
    #[command(subcommand)]
    Account(Account),
    /// Users
    #[command(subcommand)]
    User(User),
    /// Policies of users, inline and attached (also written `user policy`)
    #[command(subcommand)]
    UserPolicy(EntityPolicy<Uid>),
    /// Access keys of users
    #[command(subcommand)]
    Key(Key),
    /// Administration rights of users
    #[command(subcommand)]
    Caps(Caps),
    /// Groups of users
    #[command(subcommand)]
    Group(Group),
    /// Policies of groups, inline and attached (also written `group policy`)
    #[command(subcommand)]
    GroupPolicy(EntityPolicy<GroupName>),
    /// Roles
    #[command(subcommand)]
    Role(Role),
    /// Trust policies of roles
    #[command(subcommand)]
    RoleTrustPolicy(RoleTrustPolicy),
    /// Inline policies of roles (also written `role policy`)
    #[command(subcommand)]
    RolePolicy(RolePolicy),
    /// OpenID Connect providers
    #[command(subcommand)]
    OidcProvider(OidcProvider),
    /// Sessions of roles, users and providers
    #[command(subcommand)]
    Session(Session),
    /// Keys that seal session tokens
    #[command(subcommand)]
    TokenKey(TokenKey),
    /// Managed policies; checking and simulating policies
    #[command(subcommand)]
    Policy(Policy),
    /// Say in plain words how a request would be decided, or was
    Explain(Explain),
    /// Which bucket belongs to whom
    #[command(subcommand)]
    Bucket(Bucket),
    /// Write accounts, users, groups, roles, policies, providers and bucket records into one readable file
    Export(Export),
    /// Show what a file of `export` would change, and with --apply change it
    Import(Import),
    /// Print a script that completes commands and options in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct RoleName {
    /// The role's name
    #[arg(long)]
    pub(super) role_name: String,
    #[command(flatten)]
    pub(super) account: InAccount,
}

#[derive(Debug, ClapArgs)]
pub(super) struct TrustDocument {
    /// The trust policy: who may assume the role
    #[arg(long, value_name = "JSON", required_unless_present = "infile")]
    pub(super) assume_role_policy_doc: Option<String>,
    /// A file with the policy
    #[arg(long, value_name = "FILE", conflicts_with = "assume_role_policy_doc")]
    pub(super) infile: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Role {
    /// Make a role of the account
    Create {
        #[command(flatten)]
        name: RoleName,
        /// The path in the role's ARN
        #[arg(long, default_value = "/")]
        path: String,
        #[command(flatten)]
        trust: TrustDocument,
        /// Seconds that a session of the role may last: 3600 to 43200
        #[arg(long)]
        max_session_duration: Option<String>,
        /// A text for people
        #[arg(long)]
        description: Option<String>,
    },
    /// Change the longest duration of a role's sessions, or its description
    Update {
        #[command(flatten)]
        name: RoleName,
        /// Seconds that a session of the role may last: 3600 to 43200
        #[arg(long, required_unless_present = "description")]
        max_session_duration: Option<String>,
        /// A text for people
        #[arg(long)]
        description: Option<String>,
    },
    /// Show a role
    Get(RoleName),
    /// List roles
    List {
        /// Only roles whose path begins so
        #[arg(long, default_value = "/")]
        path_prefix: String,
        #[command(flatten)]
        account: InAccount,
    },
    /// Remove a role that has no policies
    #[command(alias = "rm")]
    Delete(RoleName),
}

#[derive(Debug, Subcommand)]
pub(super) enum RoleTrustPolicy {
    /// Replace the trust policy
    Modify {
        #[command(flatten)]
        name: RoleName,
        #[command(flatten)]
        trust: TrustDocument,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum RolePolicy {
    /// Add or replace an inline policy
    Put {
        #[command(flatten)]
        name: RoleName,
        /// The policy's name
        #[arg(long)]
        policy_name: String,
        /// The policy: what sessions of the role may do
        #[arg(long, value_name = "JSON", required_unless_present = "infile")]
        policy_doc: Option<String>,
        /// A file with the policy
        #[arg(long, value_name = "FILE", conflicts_with = "policy_doc")]
        infile: Option<PathBuf>,
    },
    /// List the names of the inline policies
    List(RoleName),
    /// Show an inline policy; without a name, list the names
    Get {
        #[command(flatten)]
        name: RoleName,
        /// The policy's name
        #[arg(long)]
        policy_name: Option<String>,
    },
    /// Attach a managed policy
    Attach {
        #[command(flatten)]
        name: RoleName,
        /// The managed policy's ARN
        #[arg(long)]
        policy_arn: String,
    },
    /// Detach a managed policy
    Detach {
        #[command(flatten)]
        name: RoleName,
        /// The managed policy's ARN
        #[arg(long)]
        policy_arn: String,
    },
    /// List the ARNs of the attached managed policies
    ListAttached(RoleName),
    /// Remove an inline policy
    #[command(alias = "rm")]
    Delete {
        #[command(flatten)]
        name: RoleName,
        /// The policy's name
        #[arg(long)]
        policy_name: String,
    },
}
