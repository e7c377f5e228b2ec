//! The commands and their options.

use super::state_commands::{Bucket, Export, Import};
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
    /// Users
    #[command(subcommand)]
    User(User),
    /// Access keys of users
    #[command(subcommand)]
    Key(Key),
    /// Administration rights of users
    #[command(subcommand)]
    Caps(Caps),
    /// Roles
    #[command(subcommand)]
    Role(Role),
    /// Trust policies of roles
    #[command(subcommand)]
    RoleTrustPolicy(RoleTrustPolicy),
    /// Inline policies of roles (also written `role policy`)
    #[command(subcommand)]
    RolePolicy(RolePolicy),
    /// Which bucket belongs to whom
    #[command(subcommand)]
    Bucket(Bucket),
    /// Write accounts, users, groups, roles, policies and bucket records into one readable file
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
pub(super) struct Uid {
    /// The user's name
    #[arg(long)]
    pub(super) uid: String,
}

#[derive(Debug, ClapArgs)]
pub(super) struct NewKey {
    /// The access key id; made if none is given
    #[arg(long)]
    pub(super) access_key: Option<String>,
    /// The secret; made if none is given
    #[arg(long, alias = "secret-key")]
    pub(super) secret: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct CapsOf {
    #[command(flatten)]
    pub(super) uid: Uid,
    /// Such as "roles=*;users=read"
    #[arg(long)]
    pub(super) caps: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make a standalone user with one access key
    Create {
        #[command(flatten)]
        uid: Uid,
        /// A name for people
        #[arg(long)]
        display_name: Option<String>,
        #[command(flatten)]
        key: NewKey,
        /// Administration rights, such as "roles=*;users=read"
        #[arg(long)]
        caps: Option<String>,
    },
    /// Show a user, without secrets
    Info(Uid),
    /// List the names of all users
    List,
    /// Remove a user and its keys
    #[command(alias = "delete")]
    Rm(Uid),
}

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Give a user a further access key
    Create {
        #[command(flatten)]
        uid: Uid,
        #[command(flatten)]
        key: NewKey,
    },
    /// Remove an access key
    #[command(alias = "delete")]
    Rm {
        /// The user; checked if given
        #[arg(long)]
        uid: Option<String>,
        /// The access key id
        #[arg(long)]
        access_key: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Caps {
    /// Add administration rights
    Add(CapsOf),
    /// Take administration rights away
    #[command(alias = "delete")]
    Rm(CapsOf),
}

#[derive(Debug, ClapArgs)]
pub(super) struct RoleName {
    /// The role's name
    #[arg(long)]
    pub(super) role_name: String,
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
