//! The options of commands on accounts, users, keys, caps and groups.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct InAccount {
    /// The account's id; the configured account if left out
    #[arg(long)]
    pub(in crate::cli) account_id: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Uid {
    /// The user's name
    #[arg(long, alias = "user-name")]
    pub(in crate::cli) uid: String,
    #[command(flatten)]
    pub(in crate::cli) account: InAccount,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct GroupName {
    /// The group's name
    #[arg(long)]
    pub(in crate::cli) group_name: String,
    #[command(flatten)]
    pub(in crate::cli) account: InAccount,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct NewKey {
    /// The access key id; made if none is given
    #[arg(long)]
    pub(in crate::cli) access_key: Option<String>,
    /// The secret; made if none is given
    #[arg(long, alias = "secret-key")]
    pub(in crate::cli) secret: Option<String>,
    /// As Ceph's lines have it: an id is made anyway if none is given
    #[arg(long, hide = true, conflicts_with = "access_key")]
    pub(in crate::cli) gen_access_key: bool,
    /// As Ceph's lines have it: a secret is made anyway if none is given
    #[arg(long, hide = true, conflicts_with = "secret")]
    pub(in crate::cli) gen_secret: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ThatKey {
    /// The user; checked if given
    #[arg(long, alias = "user-name")]
    pub(in crate::cli) uid: Option<String>,
    /// The access key id
    #[arg(long)]
    pub(in crate::cli) access_key: String,
    #[command(flatten)]
    pub(in crate::cli) account: InAccount,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CapsOf {
    #[command(flatten)]
    pub(in crate::cli) uid: Uid,
    /// Such as "roles=*;users=read"
    #[arg(long)]
    pub(in crate::cli) caps: String,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Account {
    /// Make an account
    Create {
        /// A name for people, unique without regard to case; the id if none is given
        #[arg(long)]
        account_name: Option<String>,
        /// 12 digits, RGW and 17 digits, or a name; made if none is given
        #[arg(long)]
        account_id: Option<String>,
    },
    /// Show an account, by id or by name
    Get {
        /// The account's id
        #[arg(long, required_unless_present = "account_name")]
        account_id: Option<String>,
        /// The account's name
        #[arg(long, conflicts_with = "account_id")]
        account_name: Option<String>,
    },
    /// List the ids of the accounts that were made
    List,
    /// Remove an account that has nothing any more
    #[command(alias = "delete")]
    Rm {
        /// The account's id
        #[arg(long)]
        account_id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum User {
    /// Make a user with one access key: with --account-id one of that account, else a standalone one
    Create {
        #[command(flatten)]
        uid: Uid,
        /// Make the root of the account, who may do all in it
        #[arg(long, requires = "account_id", conflicts_with = "caps")]
        account_root: bool,
        /// A name for people
        #[arg(long)]
        display_name: Option<String>,
        #[command(flatten)]
        key: NewKey,
        /// Administration rights of a standalone user, such as "roles=*;users=read"
        #[arg(long)]
        caps: Option<String>,
    },
    /// Change a user's name for people; users do not move between accounts
    Modify {
        #[command(flatten)]
        uid: Uid,
        /// A name for people
        #[arg(long)]
        display_name: String,
    },
    /// Show a user, without secrets
    Info(Uid),
    /// List the names of all users
    List(InAccount),
    /// Remove a user with its keys, from its groups and policies
    #[command(alias = "delete")]
    Rm(Uid),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Key {
    /// Give a user a further access key
    Create {
        #[command(flatten)]
        uid: Uid,
        #[command(flatten)]
        key: NewKey,
    },
    /// Switch an access key, and the sessions that came from it, on or off
    Modify {
        #[command(flatten)]
        key: ThatKey,
        /// Switch it on
        #[arg(long, required_unless_present = "inactive")]
        active: bool,
        /// Switch it off
        #[arg(long, conflicts_with = "active")]
        inactive: bool,
    },
    /// Remove an access key
    #[command(alias = "delete")]
    Rm(ThatKey),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Caps {
    /// Add administration rights
    Add(CapsOf),
    /// Take administration rights away
    #[command(alias = "delete")]
    Rm(CapsOf),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Group {
    /// Make a group
    Create {
        #[command(flatten)]
        name: GroupName,
        /// The path in the group's ARN
        #[arg(long, default_value = "/")]
        path: String,
    },
    /// Show a group with its members
    #[command(alias = "info")]
    Get(GroupName),
    /// List the names of groups
    List {
        /// Only groups whose path begins so
        #[arg(long, default_value = "/")]
        path_prefix: String,
        #[command(flatten)]
        account: InAccount,
    },
    /// Remove a group without members and policies
    #[command(alias = "delete")]
    Rm(GroupName),
    /// Add a user to a group
    AddUser(Membership),
    /// Remove a user from a group
    RemoveUser(Membership),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Membership {
    #[command(flatten)]
    pub(in crate::cli) group: GroupName,
    /// The user's name
    #[arg(long, alias = "user-name")]
    pub(in crate::cli) uid: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PolicyArn {
    /// The managed policy's ARN
    #[arg(long)]
    pub(in crate::cli) policy_arn: String,
}

/// Policies of users and groups.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EntityPolicy<N: Args> {
    /// Add or replace an inline policy
    Put {
        #[command(flatten)]
        of: N,
        /// The policy's name
        #[arg(long)]
        policy_name: String,
        /// The policy
        #[arg(long, value_name = "JSON", required_unless_present = "infile")]
        policy_doc: Option<String>,
        /// A file with the policy
        #[arg(long, value_name = "FILE", conflicts_with = "policy_doc")]
        infile: Option<PathBuf>,
    },
    /// Show an inline policy
    Get {
        #[command(flatten)]
        of: N,
        /// The policy's name
        #[arg(long)]
        policy_name: String,
    },
    /// List the names of the inline policies
    List(N),
    /// Remove an inline policy
    #[command(alias = "rm")]
    Delete {
        #[command(flatten)]
        of: N,
        /// The policy's name
        #[arg(long)]
        policy_name: String,
    },
    /// Attach a managed policy
    Attach {
        #[command(flatten)]
        of: N,
        #[command(flatten)]
        policy: PolicyArn,
    },
    /// Detach a managed policy
    Detach {
        #[command(flatten)]
        of: N,
        #[command(flatten)]
        policy: PolicyArn,
    },
    /// List the ARNs of the attached managed policies
    ListAttached(N),
}
