//! The options of the commands about policies.

use super::people::InSomeAccount;
use super::people::args::InAccount;
use clap::{ArgGroup, Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
pub(super) struct PolicyArn {
    /// The managed policy's ARN
    #[arg(long)]
    pub(super) policy_arn: String,
    #[command(flatten)]
    pub(super) account: InAccount,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Document {
    /// The policy: what it allows and denies
    #[arg(long, value_name = "JSON", required_unless_present = "infile")]
    pub(super) policy_doc: Option<String>,
    /// A file with the policy
    #[arg(long, value_name = "FILE", conflicts_with = "policy_doc")]
    pub(super) infile: Option<PathBuf>,
}

/// What a policy is attached to.
#[derive(Debug, ClapArgs)]
#[command(group(ArgGroup::new("entity").required(true).args(["role_name", "user_name", "group_name"])))]
pub(super) struct AttachedTo {
    /// The role
    #[arg(long)]
    pub(super) role_name: Option<String>,
    /// The user
    #[arg(long, alias = "uid")]
    pub(super) user_name: Option<String>,
    /// The group
    #[arg(long)]
    pub(super) group_name: Option<String>,
}

/// What a document is to be.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    Identity,
    Trust,
    Bucket,
    Session,
    Boundary,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

/// Questions put to policies.
#[derive(Debug, ClapArgs)]
pub(super) struct Simulate {
    /// The ARN of the user, role or group whose policies are asked
    #[arg(long, value_name = "ARN", required_unless_present = "policy_file")]
    pub(super) principal: Option<String>,
    /// A file with a policy that is asked too; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(super) policy_file: Vec<PathBuf>,
    /// A file with a permissions boundary, in place of the principal's
    #[arg(long, value_name = "FILE")]
    pub(super) boundary_file: Option<PathBuf>,
    /// A file with the bucket policy, or for calls to STS the trust policy
    #[arg(long, value_name = "FILE")]
    pub(super) resource_policy_file: Option<PathBuf>,
    /// The account that owns the resources
    #[arg(long, value_name = "ACCOUNT")]
    pub(super) resource_owner: Option<String>,
    /// The ARN of the caller that a resource policy speaks of
    #[arg(long, value_name = "ARN")]
    pub(super) caller: Option<String>,
    /// An action such as s3:GetObject; may be given several times
    #[arg(long, required = true)]
    pub(super) action: Vec<String>,
    /// The ARN of a resource; may be given several times
    #[arg(long, value_name = "ARN")]
    pub(super) resource: Vec<String>,
    /// A value of the request's context; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) context: Vec<String>,
    #[command(flatten)]
    pub(super) account: InAccount,
}

#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Make a managed policy of the account
    Create {
        /// The policy's name
        #[arg(long)]
        policy_name: String,
        /// The path in the policy's ARN
        #[arg(long, default_value = "/")]
        path: String,
        /// A text for people
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        document: Document,
        #[command(flatten)]
        account: InAccount,
    },
    /// Show a managed policy with the document that counts
    Get(PolicyArn),
    /// List managed policies
    List {
        /// Whose policies: All, AWS or Local
        #[arg(long, default_value = "Local")]
        scope: String,
        /// Only policies whose path begins so
        #[arg(long, default_value = "/")]
        path_prefix: String,
        #[command(flatten)]
        account: InAccount,
    },
    /// Remove a managed policy that nothing uses
    #[command(alias = "rm")]
    Delete(PolicyArn),
    /// Attach a managed policy to a role, user or group
    Attach {
        #[command(flatten)]
        policy: PolicyArn,
        #[command(flatten)]
        to: AttachedTo,
    },
    /// Detach a managed policy
    Detach {
        #[command(flatten)]
        policy: PolicyArn,
        #[command(flatten)]
        to: AttachedTo,
    },
    /// Make a version of a managed policy
    CreateVersion {
        #[command(flatten)]
        policy: PolicyArn,
        #[command(flatten)]
        document: Document,
        /// Let it count at once
        #[arg(long)]
        set_as_default: bool,
    },
    /// List the versions of a managed policy, the newest first
    ListVersions(PolicyArn),
    /// Let another version count
    SetDefaultVersion {
        #[command(flatten)]
        policy: PolicyArn,
        /// Such as v2
        #[arg(long)]
        version_id: String,
    },
    /// Remove a version that does not count
    DeleteVersion {
        #[command(flatten)]
        policy: PolicyArn,
        /// Such as v2
        #[arg(long)]
        version_id: String,
    },
    /// Check a policy document: errors, warnings and their places
    Validate {
        /// The file, or - for standard input
        file: PathBuf,
        /// What the document is to be
        #[arg(long = "type", value_enum, default_value = "identity")]
        kind: Kind,
        /// How findings are shown
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Ask what policies would allow
    Simulate(Simulate),
}

impl InSomeAccount for Policy {
    fn account_id(&self) -> Option<&str> {
        match self {
            Self::Create { account, .. } | Self::List { account, .. } => account,
            Self::Get(policy) | Self::Delete(policy) | Self::ListVersions(policy) => &policy.account,
            Self::Attach { policy, .. }
            | Self::Detach { policy, .. }
            | Self::CreateVersion { policy, .. }
            | Self::SetDefaultVersion { policy, .. }
            | Self::DeleteVersion { policy, .. } => &policy.account,
            Self::Simulate(asked) => &asked.account,
            Self::Validate { .. } => return None,
        }
        .account_id()
    }
}

/// One question, or the id of a request that was logged.
#[derive(Debug, ClapArgs)]
pub(super) struct Explain {
    /// PRINCIPAL ACTION RESOURCE, or the id of a request in the audit log
    #[arg(required = true, num_args = 1..=3, value_name = "PRINCIPAL ACTION RESOURCE | REQUEST_ID")]
    pub(super) what: Vec<String>,
    /// A value of the request's context; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) context: Vec<String>,
}
