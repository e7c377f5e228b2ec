//! A decision on the store as it is now, in plain words: for the operator, who may read every policy.

use super::assembly::{Assembly, Held};
use super::input::{full_name, overlay};
use super::run::bucket_name;
use super::source::Source;
use crate::authn::{BucketEntry, Directory, LookupError, RoleEntry};
use crate::authz::{LiveDirectory, Subject, keeps_bucket_policy, principal_context, resource_context, unfetched_key};
use crate::policy::{self, AuthorizationRequest, Outcome};
use crate::types::{AccountId, Arn, Context, Principal, ResourceName, Timestamp};
use std::sync::Arc;

/// There is no decision to explain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// Not a principal.
    #[error(
        "{0} is not a principal: give the ARN of a user, a role or a role session, the name of a user, or anonymous"
    )]
    NotAPrincipal(String),
    /// No such user or role.
    #[error("there is no user or role {0}")]
    NoSuchPrincipal(String),
    /// Not a resource.
    #[error("{0} is not a resource: give an ARN such as arn:aws:s3:::photos/cat.jpg, or *")]
    NotAResource(String),
    /// The bucket is not known.
    #[error("the bucket {0} has no record, so nobody has rights in it but by backend.unrecorded_bucket_owner")]
    NoSuchBucket(String),
    /// The store, or something it refers to, cannot be read. A request would be answered 503.
    #[error("the decision cannot be made, and requests are answered 503: {0}")]
    Lookup(#[from] LookupError),
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The ARN of a user, role or role session, the name of a user, or `anonymous`.
    pub principal: &'a str,
    /// Such as `s3:GetObject`.
    pub action: &'a str,
    /// The ARN of the resource.
    pub resource: &'a str,
    /// What the request would have besides what follows from principal, resource and time.
    pub context: &'a Context,
}

/// Whether it would be allowed, and why, a sentence a line.
pub async fn explain(
    question: &Question<'_>,
    directory: &LiveDirectory<'_>,
    now: Timestamp,
) -> Result<(bool, String), ExplainError> {
    let (held, principal) = who(question.principal, directory).await?;
    let full_name = full_name(question.resource, directory.default_account);
    let question = &Question { resource: &full_name, ..question.clone() };
    let resource = resource(question, &principal, directory).await?;
    let subject = match principal {
        Principal::Anonymous => Subject::default(),
        _ => held.subject(),
    };
    let mut assembly = Assembly::of(&subject, resource.bucket.as_deref());
    match (&resource.bucket, &resource.role) {
        (_, Some(role)) => assembly.set_resource(&role.trust.name, &role.trust.policy),
        (Some(bucket), None) => {
            if let Some(policy) = &bucket.policy {
                assembly.set_resource(&policy.name, &policy.policy);
            }
        }
        (None, None) => {}
    }
    let context = context(question, &principal, &subject, &resource, now);
    let request = AuthorizationRequest {
        principal: &principal,
        action: question.action,
        resource: &ResourceName::new(question.resource),
        resource_account: resource.account.as_ref(),
        context: &context,
    };
    let explained = assembly.with_policies(|policies| told(question, &request, policies, resource.role.is_some()));
    // As requests are decided: their own policy does not keep owners from it.
    let owned = resource.bucket.as_deref().filter(|bucket| bucket.policy.is_some());
    let kept = owned.is_some_and(|bucket| keeps_bucket_policy(&principal, question.action, &bucket.record));
    if explained.0 || !kept {
        return Ok(explained);
    }
    let (allowed, text) = assembly
        .with_policies(|policies| told(question, &request, &policy::Policies { resource: None, ..*policies }, false));
    Ok((
        allowed,
        format!("{text}\nThe bucket's policy does not count here: its owner may always get, put and delete it."),
    ))
}

/// One decision, and why.
fn told(
    question: &Question<'_>,
    request: &AuthorizationRequest<'_>,
    policies: &policy::Policies<'_>,
    of_role: bool,
) -> (bool, String) {
    let decision = match of_role {
        true => policy::decide_trust(request, policies),
        false => policy::decide(request, policies),
    };
    let mut text = policy::explain(request, policies, &decision);
    let unknown = unfetched_key(question.action, &decision);
    if let Some(key) = unknown {
        text.push_str(&format!(
            "\nTaken as denied all the same: a statement reads {key}, a tag that the gate asks the backend for and this command does not. Give its value with --context."
        ));
    }
    (decision.outcome == Outcome::Allow && unknown.is_none(), text)
}

async fn who(text: &str, directory: &LiveDirectory<'_>) -> Result<(Held, Principal), ExplainError> {
    if text == "anonymous" {
        return Ok((Held::default(), Principal::Anonymous));
    }
    let unknown = || ExplainError::NotAPrincipal(text.chars().take(256).collect());
    let default_account = directory.default_account;
    let (source, account, session) = match Arn::parse(text) {
        Err(_) => {
            let found = directory.user(default_account, text).await?;
            let arn = found.map(|entry| entry.user.arn()).unwrap_or_default();
            (Source::User { name: text.to_owned(), arn }, default_account.clone(), None)
        }
        Ok(arn) => {
            let account = AccountId::parse(&arn.account).map_err(|_| unknown())?;
            let account = if account.is_empty() { default_account.clone() } else { account };
            let (kind, rest) = arn.resource.split_once('/').ok_or_else(unknown)?;
            let name = || rest.rsplit('/').next().unwrap_or_default().to_owned();
            let full = || Arn::iam(account.as_str(), arn.resource.as_str()).to_string();
            match (arn.service.as_str(), kind) {
                ("iam", "user") => (Source::User { name: name(), arn: full() }, account, None),
                ("iam", "role") => (Source::Role { name: name(), arn: full() }, account, None),
                ("sts", "assumed-role") => {
                    let (role, session) = rest.split_once('/').ok_or_else(unknown)?;
                    // The ARN of a session does not show the role's path.
                    let found = directory.role(&account, role).await?;
                    let arn = found.map(|entry| entry.role.arn()).unwrap_or_default();
                    (Source::Role { name: role.to_owned(), arn }, account, Some(session.to_owned()))
                }
                _ => return Err(unknown()),
            }
        }
    };
    let missing = || ExplainError::NoSuchPrincipal(text.chars().take(256).collect());
    let held = Held::load(&source, &account, directory).await?.ok_or_else(missing)?;
    let principal = held.principal(session.as_deref()).ok_or_else(missing)?;
    Ok((held, principal))
}

/// What is known of the resource.
#[derive(Default)]
struct Resource {
    account: Option<AccountId>,
    bucket: Option<Arc<BucketEntry>>,
    /// The role that is to be assumed.
    role: Option<Arc<RoleEntry>>,
}

async fn resource(
    question: &Question<'_>,
    principal: &Principal,
    directory: &LiveDirectory<'_>,
) -> Result<Resource, ExplainError> {
    let action = question.action.to_ascii_lowercase();
    if let Some(name) = bucket_name(question.resource) {
        let found = directory.bucket(name).await?;
        return match found {
            Some(bucket) => {
                Ok(Resource { account: Some(bucket.record.account.clone()), bucket: Some(bucket), role: None })
            }
            // A bucket to be made will be the caller's.
            None if action == "s3:createbucket" => {
                Ok(Resource { account: principal.account().cloned(), ..Resource::default() })
            }
            None => Err(ExplainError::NoSuchBucket(name.to_owned())),
        };
    }
    if question.resource == "*" {
        return Ok(Resource { account: principal.account().cloned(), ..Resource::default() });
    }
    let not_one = |_| ExplainError::NotAResource(question.resource.chars().take(256).collect());
    let arn = Arn::parse(question.resource).map_err(not_one)?;
    if arn.service == "s3" {
        return Ok(Resource::default());
    }
    let account = AccountId::parse(&arn.account).ok().filter(|account| !account.is_empty());
    let account = account.unwrap_or_else(|| directory.default_account.clone());
    let of_role = arn.resource.strip_prefix("role/").and_then(|full_name| full_name.rsplit('/').next());
    if let (true, Some(name)) = (action.starts_with("sts:"), of_role) {
        let missing = || ExplainError::NoSuchPrincipal(question.resource.chars().take(256).collect());
        let role = directory.role(&account, name).await?.ok_or_else(missing)?;
        return Ok(Resource { account: Some(account), bucket: None, role: Some(role) });
    }
    // AWS's own policies are judged as if they were the caller's.
    let account = if arn.account == "aws" { principal.account().cloned() } else { Some(account) };
    Ok(Resource { account, ..Resource::default() })
}

fn context(
    question: &Question<'_>,
    principal: &Principal,
    subject: &Subject<'_>,
    resource: &Resource,
    now: Timestamp,
) -> Context {
    let mut context = Context::new();
    principal_context(principal, subject, &mut context);
    if subject.role.is_some() {
        context.set("aws:MultiFactorAuthPresent", "false");
    }
    context.set("aws:CurrentTime", now.iso8601());
    context.set("aws:EpochTime", now.seconds().to_string());
    if let Some(account) = &resource.account {
        resource_context(account, &mut context);
        if question.action.to_ascii_lowercase().starts_with("s3:") {
            context.set("s3:ResourceAccount", account.as_str());
        }
    }
    overlay(&mut context, question.context);
    context
}
