//! The commands about policies.

mod explain;
mod simulate;
mod validate;

pub(super) use explain::explain;
pub(super) use validate::check;

use super::administration::Administration;
use super::commands::{Outcome, document};
use super::output::pretty;
use super::people::{InSomeAccount as _, change::of};
use super::policy_args::{AttachedTo, Policy};
use crate::conf::Environment;
use crate::iam::managed::{Shown, Version};
use crate::types::Timestamp;
use serde::Serialize;

/// What a command changes, for its audit line.
pub(super) fn change(command: &Policy) -> Option<(&'static str, String)> {
    let (words, target) = match command {
        Policy::Create { policy_name, .. } => ("policy create", policy_name.clone()),
        Policy::Delete(policy) => ("policy delete", policy.policy_arn.clone()),
        Policy::Attach { policy, to } => ("policy attach", format!("{} {}", policy.policy_arn, entity(to).1)),
        Policy::Detach { policy, to } => ("policy detach", format!("{} {}", policy.policy_arn, entity(to).1)),
        Policy::CreateVersion { policy, .. } => ("policy create-version", policy.policy_arn.clone()),
        Policy::SetDefaultVersion { policy, version_id } => {
            ("policy set-default-version", format!("{} {version_id}", policy.policy_arn))
        }
        Policy::DeleteVersion { policy, version_id } => {
            ("policy delete-version", format!("{} {version_id}", policy.policy_arn))
        }
        Policy::Get(_)
        | Policy::List { .. }
        | Policy::ListVersions(_)
        | Policy::Validate { .. }
        | Policy::Simulate(_) => {
            return None;
        }
    };
    Some((words, of(&target, command.account_id())))
}

/// Runs a command on policies.
pub(super) async fn policy(admin: &Administration<'_>, command: Policy, environment: &dyn Environment) -> Outcome {
    match command {
        Policy::Create { policy_name, path, description, document: given, .. } => {
            let text = document(given.policy_doc, given.infile, environment)?;
            let mut pairs = vec![("PolicyName", policy_name.as_str()), ("Path", &path), ("PolicyDocument", &text)];
            pairs.extend(description.as_deref().map(|description| ("Description", description)));
            Ok(pretty(&PolicyOutput::new(&admin.create_policy(&pairs).await?, None)))
        }
        Policy::Get(policy) => {
            let (shown, document) = admin.get_policy(&policy.policy_arn).await?;
            Ok(pretty(&PolicyOutput::new(&shown, Some(&document))))
        }
        Policy::List { scope, path_prefix, .. } => {
            let found = admin.list_policies(&scope, &path_prefix).await?;
            Ok(pretty(&found.iter().map(|shown| PolicyOutput::new(shown, None)).collect::<Vec<_>>()))
        }
        Policy::Delete(policy) => {
            admin.change_policy("DeletePolicy", &[("PolicyArn", &policy.policy_arn)]).await?;
            Ok(format!("Policy: {} successfully deleted", policy.policy_arn))
        }
        Policy::Attach { policy, to } => {
            let (noun, name, parameter) = attached(&to);
            let pairs = [(parameter, name), ("PolicyArn", policy.policy_arn.as_str())];
            admin.change_policy(&format!("Attach{noun}Policy"), &pairs).await?;
            Ok(format!("Policy: {} successfully attached to {}", policy.policy_arn, entity(&to).1))
        }
        Policy::Detach { policy, to } => {
            let (noun, name, parameter) = attached(&to);
            let pairs = [(parameter, name), ("PolicyArn", policy.policy_arn.as_str())];
            admin.change_policy(&format!("Detach{noun}Policy"), &pairs).await?;
            Ok(format!("Policy: {} successfully detached from {}", policy.policy_arn, entity(&to).1))
        }
        Policy::CreateVersion { policy, document: given, set_as_default } => {
            let text = document(given.policy_doc, given.infile, environment)?;
            let made = admin.create_policy_version(&policy.policy_arn, &text, set_as_default).await?;
            Ok(pretty(&VersionOutput::from(&made)))
        }
        Policy::ListVersions(policy) => {
            let found = admin.list_policy_versions(&policy.policy_arn).await?;
            Ok(pretty(&found.iter().map(VersionOutput::from).collect::<Vec<_>>()))
        }
        Policy::SetDefaultVersion { policy, version_id } => {
            let pairs = [("PolicyArn", policy.policy_arn.as_str()), ("VersionId", &version_id)];
            admin.change_policy("SetDefaultPolicyVersion", &pairs).await?;
            Ok(format!("Policy: {} now has the default version {version_id}", policy.policy_arn))
        }
        Policy::DeleteVersion { policy, version_id } => {
            let pairs = [("PolicyArn", policy.policy_arn.as_str()), ("VersionId", &version_id)];
            admin.change_policy("DeletePolicyVersion", &pairs).await?;
            Ok(format!("Policy: {} version {version_id} successfully deleted", policy.policy_arn))
        }
        Policy::Validate { file, kind, format } => {
            check(Some(admin), admin.account, &file, kind, format, environment).await
        }
        Policy::Simulate(asked) => simulate::simulate(admin, &asked, environment).await,
    }
}

/// The noun in the names of IAM's actions, the name, and the parameter that holds it.
fn attached(to: &AttachedTo) -> (&'static str, &str, &'static str) {
    match (&to.role_name, &to.user_name, &to.group_name) {
        (Some(name), _, _) => ("Role", name, "RoleName"),
        (None, Some(name), _) => ("User", name, "UserName"),
        (None, None, name) => ("Group", name.as_deref().unwrap_or_default(), "GroupName"),
    }
}

fn entity(to: &AttachedTo) -> (&'static str, String) {
    let (noun, name, _) = attached(to);
    (noun, format!("{} {name}", noun.to_ascii_lowercase()))
}

#[derive(Serialize)]
struct PolicyOutput<'a> {
    id: &'a str,
    name: &'a str,
    path: &'a str,
    arn: &'a str,
    description: &'a str,
    create_date: String,
    update_date: String,
    default_version_id: String,
    attachment_count: usize,
    permissions_boundary_usage_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_document: Option<&'a str>,
}

impl<'a> PolicyOutput<'a> {
    fn new(shown: &'a Shown, policy_document: Option<&'a str>) -> Self {
        Self {
            id: &shown.id,
            name: &shown.name,
            path: &shown.path,
            arn: &shown.arn,
            description: &shown.description,
            create_date: Timestamp::from_millis(shown.created).iso8601_millis(),
            update_date: Timestamp::from_millis(shown.updated).iso8601_millis(),
            default_version_id: format!("v{}", shown.default_version),
            attachment_count: shown.attachments,
            permissions_boundary_usage_count: shown.boundaries,
            policy_document,
        }
    }
}

#[derive(Serialize)]
struct VersionOutput {
    version_id: String,
    is_default_version: bool,
    create_date: String,
}

impl From<&Version> for VersionOutput {
    fn from(version: &Version) -> Self {
        Self {
            version_id: format!("v{}", version.number),
            is_default_version: version.is_default,
            create_date: Timestamp::from_millis(version.created).iso8601_millis(),
        }
    }
}
