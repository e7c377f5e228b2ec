//! What commands on the store have in common, and those on roles: each a call into [`Administration`] and a text for
//! standard output.

use super::administration::{self, Administration};
use super::args::{Command, Role, RoleName, RolePolicy, RoleTrustPolicy, TrustDocument};
use super::people::InSomeAccount;
use super::state_commands::{Bucket, Export, Import};
use super::{output, people, policy_commands, token_keys};
use crate::conf::Environment;
use std::io;
use std::path::{Path, PathBuf};

/// A command on the store was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// By the store or its rules.
    #[error(transparent)]
    Refused(#[from] administration::Error),
    /// The file with the policy cannot be read.
    #[error("the file {path} cannot be read: {reason}", path = .path.display())]
    Infile {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// The ring of token keys.
    #[error(transparent)]
    TokenKey(#[from] token_keys::Error),
    /// A policy has errors.
    #[error("the policy has {errors} {}", if *errors == 1 { "error" } else { "errors" })]
    Findings {
        /// What was found, for standard output.
        text: String,
        /// How many errors.
        errors: usize,
    },
    /// Not `KEY=VALUE`.
    #[error("--context {0} must have the form KEY=VALUE")]
    ContextEntry(String),
    /// Not `KEY=VALUE`.
    #[error("--tag {0} must have the form KEY=VALUE")]
    Tag(String),
    /// Neither a question nor a request id.
    #[error("give PRINCIPAL ACTION RESOURCE, or the id of one request")]
    Question,
    /// There is no log to look into.
    #[error("the configuration names no file for logs.audit, so there is no request to look up")]
    NoAuditFile,
    /// The log does not have it.
    #[error("the audit log has no request {0}")]
    NotLogged(String),
    /// No request asks for it.
    #[error("no request here asks for the action {0}; write one such as s3:GetObject, without wildcards")]
    UnknownAction(String),
    /// No document at all.
    #[error("give the policy document, or a file with --infile")]
    NoDocument,
}

impl CommandError {
    /// See [`administration::Error::exit_status`].
    pub(super) fn exit_status(&self) -> u8 {
        match self {
            Self::Refused(error) => error.exit_status(),
            Self::Infile { reason, .. } if reason.kind() == io::ErrorKind::NotFound => 2,
            Self::Infile { .. } => 5,
            Self::TokenKey(error) => error.exit_status(),
            Self::Findings { .. } => 1,
            Self::NotLogged(_) => 2,
            Self::UnknownAction(_) => 22,
            Self::NoDocument | Self::ContextEntry(_) | Self::Tag(_) | Self::Question | Self::NoAuditFile => 22,
        }
    }
}

pub(super) type Outcome = Result<String, CommandError>;

/// What a command changes, for its audit line: its words and what it is about. None for one that only reads.
pub(super) fn change(command: &Command) -> Option<(&'static str, String)> {
    Some(match command {
        Command::Policy(command) => return policy_commands::change(command),
        Command::Account(command) => return people::change::account(command),
        Command::User(command) => return people::change::user(command),
        Command::UserPolicy(command) => return people::change::policy(command),
        Command::Key(command) => return people::change::key(command),
        Command::Caps(command) => return people::change::caps(command),
        Command::Group(command) => return people::change::group(command),
        Command::GroupPolicy(command) => return people::change::policy(command),
        Command::Role(command) => return change_of_role(command),
        Command::RoleTrustPolicy(RoleTrustPolicy::Modify { name, .. }) => ("role-trust-policy modify", name.shown()),
        Command::RolePolicy(command) => return change_of_role_policy(command),
        Command::OidcProvider(command) => return command.change(),
        Command::Session(command) => command.change(),
        Command::TokenKey(command) => return command.change(),
        Command::Bucket(Bucket::Link { name, .. }) => ("bucket link", name.bucket.clone()),
        Command::Bucket(Bucket::Unlink(name)) => ("bucket unlink", name.bucket.clone()),
        // It changes nothing, but takes secrets along.
        Command::Export(Export { with_secrets: true, .. }) => ("export", "with secrets".to_owned()),
        Command::Import(Import { apply: true, file, .. }) => ("import", file.display().to_string()),
        Command::Explain(_)
        | Command::Bucket(Bucket::List(_) | Bucket::Info(_))
        | Command::Export(_)
        | Command::Import(_)
        | Command::Completions { .. }
        | Command::Serve { .. }
        | Command::CheckConf
        | Command::CheckBackend => return None,
    })
}

fn change_of_role(command: &Role) -> Option<(&'static str, String)> {
    Some(match command {
        Role::Create { name, .. } => ("role create", name.shown()),
        Role::Update { name, .. } => ("role update", name.shown()),
        Role::Delete(name) => ("role delete", name.shown()),
        Role::Get(_) | Role::List { .. } => return None,
    })
}

fn change_of_role_policy(command: &RolePolicy) -> Option<(&'static str, String)> {
    let (words, name, what) = match command {
        RolePolicy::Put { name, policy_name, .. } => ("role-policy put", name, policy_name),
        RolePolicy::Delete { name, policy_name } => ("role-policy delete", name, policy_name),
        RolePolicy::Attach { name, policy_arn } => ("role-policy attach", name, policy_arn),
        RolePolicy::Detach { name, policy_arn } => ("role-policy detach", name, policy_arn),
        RolePolicy::List(_) | RolePolicy::ListAttached(_) | RolePolicy::Get { .. } => return None,
    };
    Some((words, people::change::of(&format!("{} {what}", name.role_name), name.account.account_id())))
}

impl RoleName {
    /// For audit lines.
    fn shown(&self) -> String {
        people::change::of(&self.role_name, self.account.account_id())
    }
}

impl InSomeAccount for Role {
    fn account_id(&self) -> Option<&str> {
        match self {
            Self::Create { name, .. } | Self::Update { name, .. } | Self::Get(name) | Self::Delete(name) => {
                &name.account
            }
            Self::List { account, .. } => account,
        }
        .account_id()
    }
}

impl InSomeAccount for RoleTrustPolicy {
    fn account_id(&self) -> Option<&str> {
        let Self::Modify { name, .. } = self;
        name.account.account_id()
    }
}

impl InSomeAccount for RolePolicy {
    fn account_id(&self) -> Option<&str> {
        match self {
            Self::Put { name, .. }
            | Self::Get { name, .. }
            | Self::List(name)
            | Self::Attach { name, .. }
            | Self::Detach { name, .. }
            | Self::ListAttached(name)
            | Self::Delete { name, .. } => name.account.account_id(),
        }
    }
}

/// Runs a command on roles.
pub(super) async fn role(admin: &Administration<'_>, command: Role, environment: &dyn Environment) -> Outcome {
    match command {
        Role::Create { name, path, trust, max_session_duration, description } => {
            let document = trust_document(trust, environment)?;
            let (duration, description) = (max_session_duration.as_deref(), description.as_deref());
            Ok(output::role(&admin.create_role(&name.role_name, &path, &document, duration, description).await?))
        }
        Role::Update { name, max_session_duration, description } => {
            let (duration, text) = (max_session_duration.as_deref(), description.as_deref());
            admin.update_role(&name.role_name, duration, text).await?;
            let what = if duration.is_some() { "Max session duration" } else { "Description" };
            Ok(format!("{what} updated successfully for role: {}", name.role_name))
        }
        Role::Get(name) => Ok(output::role(&admin.get_role(&name.role_name).await?)),
        Role::List { path_prefix, .. } => Ok(output::roles(&admin.list_roles(&path_prefix).await?)),
        Role::Delete(name) => {
            admin.delete_role(&name.role_name).await?;
            Ok(format!("role: {} successfully deleted", name.role_name))
        }
    }
}

/// Runs a command on trust policies.
pub(super) async fn trust_policy(
    admin: &Administration<'_>,
    command: RoleTrustPolicy,
    environment: &dyn Environment,
) -> Outcome {
    let RoleTrustPolicy::Modify { name, trust } = command;
    let document = trust_document(trust, environment)?;
    admin.put_trust_policy(&name.role_name, &document).await?;
    Ok(format!("Assume role policy document updated successfully for role: {}", name.role_name))
}

/// Runs a command on inline policies and attached ones.
pub(super) async fn role_policy(
    admin: &Administration<'_>,
    command: RolePolicy,
    environment: &dyn Environment,
) -> Outcome {
    match command {
        RolePolicy::Put { name, policy_name, policy_doc, infile } => {
            let document = document(policy_doc, infile, environment)?;
            admin.put_role_policy(&name.role_name, &policy_name, &document).await?;
            Ok("Permission policy attached successfully".to_owned())
        }
        RolePolicy::Get { name, policy_name: Some(policy_name) } => {
            Ok(output::policy(&admin.get_role_policy(&name.role_name, &policy_name).await?))
        }
        // Ceph's page lists with `role policy get`.
        RolePolicy::List(name) | RolePolicy::Get { name, policy_name: None } => {
            Ok(output::names(&admin.list_role_policies(&name.role_name).await?))
        }
        RolePolicy::Attach { name, policy_arn } => {
            admin.attach_role_policy(&name.role_name, &policy_arn).await?;
            Ok("Policy attached successfully".to_owned())
        }
        RolePolicy::Detach { name, policy_arn } => {
            admin.detach_role_policy(&name.role_name, &policy_arn).await?;
            Ok("Policy detached successfully".to_owned())
        }
        RolePolicy::ListAttached(name) => Ok(output::names(&admin.get_role(&name.role_name).await?.attached)),
        RolePolicy::Delete { name, policy_name } => {
            admin.delete_role_policy(&name.role_name, &policy_name).await?;
            Ok(format!("Policy: {policy_name} successfully deleted for role: {}", name.role_name))
        }
    }
}

fn trust_document(trust: TrustDocument, environment: &dyn Environment) -> Result<String, CommandError> {
    document(trust.assume_role_policy_doc, trust.infile, environment)
}

pub(super) fn document(
    text: Option<String>,
    file: Option<PathBuf>,
    environment: &dyn Environment,
) -> Result<String, CommandError> {
    match (text, file) {
        (Some(text), _) => Ok(text),
        (None, Some(path)) => read(&path, environment).map_err(|reason| CommandError::Infile { path, reason }),
        (None, None) => Err(CommandError::NoDocument),
    }
}

pub(super) fn read(path: &Path, environment: &dyn Environment) -> io::Result<String> {
    let text = String::from_utf8(environment.read(path)?).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
