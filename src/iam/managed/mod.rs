//! Managed policies: the account's own, with their versions, and AWS's, which everyone may read and nobody change.

mod answer;
mod entities;
mod entity;
mod versions;

pub use answer::{Answer, Shown, Version};

use super::about::{About, Target};
use super::answer::Body;
use super::fields::Fields;
use super::nouns::Noun;
use super::target::Call;
use super::{Error, Page, PolicyArn};
use crate::entity::{NameError, Tag, UseKind, description};

/// What CreatePolicy asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatePolicy {
    /// PolicyName.
    pub policy_name: String,
    /// Path, `/` if none was given.
    pub path: String,
    /// PolicyDocument.
    pub document: String,
    /// Description, possibly empty.
    pub description: String,
    /// Tags in the order given.
    pub tags: Vec<Tag>,
}

/// Whose policies are listed: Scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// AWS's and the account's.
    #[default]
    All,
    /// AWS's.
    Aws,
    /// The account's.
    Local,
}

/// As what a policy is used: PolicyUsageFilter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Attached.
    Permissions,
    /// As a boundary.
    Boundary,
}

/// Which uses are listed: EntityFilter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityFilter {
    /// Entities of a kind.
    Kind(UseKind),
    /// Policies, which no policy is attached to.
    Policies,
}

/// What ListPolicies asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPolicies {
    /// Scope.
    pub scope: Scope,
    /// OnlyAttached.
    pub only_attached: bool,
    /// PathPrefix, `/` if none was given.
    pub path_prefix: String,
    /// PolicyUsageFilter.
    pub usage: Option<Usage>,
    /// Marker and MaxItems.
    pub page: Page,
}

/// What ListEntitiesForPolicy asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntities {
    /// PolicyArn.
    pub policy: PolicyArn,
    /// EntityFilter.
    pub filter: Option<EntityFilter>,
    /// PathPrefix of the entities, `/` if none was given.
    pub path_prefix: String,
    /// PolicyUsageFilter.
    pub usage: Option<Usage>,
    /// Marker and MaxItems.
    pub page: Page,
}

/// A call about managed policies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields carry the names of AWS's parameters")]
pub enum Request {
    /// Makes a policy.
    CreatePolicy(CreatePolicy),
    /// Shows a policy, without its document.
    GetPolicy { policy: PolicyArn },
    /// Lists policies.
    ListPolicies(ListPolicies),
    /// Removes a policy that nothing uses, with its default version.
    DeletePolicy { policy: PolicyArn },
    /// Makes a version.
    CreatePolicyVersion { policy: PolicyArn, document: String, set_as_default: bool },
    /// Shows a version, with its document.
    GetPolicyVersion { policy: PolicyArn, version: u32 },
    /// Lists the versions, the newest first.
    ListPolicyVersions { policy: PolicyArn, page: Page },
    /// Makes another version count.
    SetDefaultPolicyVersion { policy: PolicyArn, version: u32 },
    /// Removes a version that is not the default.
    DeletePolicyVersion { policy: PolicyArn, version: u32 },
    /// Lists what a policy is attached to or the boundary of.
    ListEntitiesForPolicy(ListEntities),
    /// Sets tags.
    TagPolicy { policy: PolicyArn, tags: Vec<Tag> },
    /// Removes tags.
    UntagPolicy { policy: PolicyArn, keys: Vec<String> },
    /// Lists the tags.
    ListPolicyTags { policy: PolicyArn, page: Page },
}

/// The request of `action`; none if the action is not about managed policies.
pub(super) fn parse(action: &str, fields: &Fields<'_>) -> Option<Result<Request, Error>> {
    let read: fn(&Fields<'_>) -> Result<Request, Error> = match action {
        "CreatePolicy" => create_policy,
        "GetPolicy" => |fields| Ok(Request::GetPolicy { policy: fields.policy_arn()? }),
        "ListPolicies" => list_policies,
        "DeletePolicy" => |fields| Ok(Request::DeletePolicy { policy: fields.policy_arn()? }),
        "CreatePolicyVersion" => |fields| {
            let policy = fields.policy_arn()?;
            let document = fields.document("policyDocument", "PolicyDocument")?;
            let set_as_default = fields.boolean("setAsDefault", "SetAsDefault")?.unwrap_or(false);
            Ok(Request::CreatePolicyVersion { policy, document, set_as_default })
        },
        "GetPolicyVersion" => {
            |fields| Ok(Request::GetPolicyVersion { policy: fields.policy_arn()?, version: version_id(fields)? })
        }
        "ListPolicyVersions" => {
            |fields| Ok(Request::ListPolicyVersions { policy: fields.policy_arn()?, page: fields.page()? })
        }
        "SetDefaultPolicyVersion" => {
            |fields| Ok(Request::SetDefaultPolicyVersion { policy: fields.policy_arn()?, version: version_id(fields)? })
        }
        "DeletePolicyVersion" => {
            |fields| Ok(Request::DeletePolicyVersion { policy: fields.policy_arn()?, version: version_id(fields)? })
        }
        "ListEntitiesForPolicy" => list_entities,
        "TagPolicy" => |fields| Ok(Request::TagPolicy { policy: fields.policy_arn()?, tags: fields.required_tags()? }),
        "UntagPolicy" => |fields| Ok(Request::UntagPolicy { policy: fields.policy_arn()?, keys: fields.tag_keys()? }),
        "ListPolicyTags" => |fields| Ok(Request::ListPolicyTags { policy: fields.policy_arn()?, page: fields.page()? }),
        _ => return None,
    };
    Some(read(fields))
}

fn create_policy(fields: &Fields<'_>) -> Result<Request, Error> {
    Ok(Request::CreatePolicy(CreatePolicy {
        policy_name: fields.policy_name()?,
        path: fields.path()?,
        document: fields.document("policyDocument", "PolicyDocument")?,
        description: fields.optional("Description", description)?.unwrap_or_default(),
        tags: fields.tags()?,
    }))
}

fn list_policies(fields: &Fields<'_>) -> Result<Request, Error> {
    let scope = match fields.raw("Scope") {
        None | Some("All") => Scope::All,
        Some("AWS") => Scope::Aws,
        Some("Local") => Scope::Local,
        Some(_) => return Err(NameError::NotOneOf { field: "scope", words: "All, AWS, Local" }.into()),
    };
    Ok(Request::ListPolicies(ListPolicies {
        scope,
        only_attached: fields.boolean("onlyAttached", "OnlyAttached")?.unwrap_or(false),
        path_prefix: fields.path_prefix()?,
        usage: usage(fields)?,
        page: fields.page()?,
    }))
}

fn list_entities(fields: &Fields<'_>) -> Result<Request, Error> {
    const FILTERS: &str = "User, Role, Group, LocalManagedPolicy, AWSManagedPolicy";
    let filter = match fields.raw("EntityFilter") {
        None => None,
        Some("User") => Some(EntityFilter::Kind(UseKind::User)),
        Some("Role") => Some(EntityFilter::Kind(UseKind::Role)),
        Some("Group") => Some(EntityFilter::Kind(UseKind::Group)),
        Some("LocalManagedPolicy" | "AWSManagedPolicy") => Some(EntityFilter::Policies),
        Some(_) => return Err(NameError::NotOneOf { field: "entityFilter", words: FILTERS }.into()),
    };
    Ok(Request::ListEntitiesForPolicy(ListEntities {
        policy: fields.policy_arn()?,
        filter,
        path_prefix: fields.path_prefix()?,
        usage: usage(fields)?,
        page: fields.page()?,
    }))
}

fn usage(fields: &Fields<'_>) -> Result<Option<Usage>, Error> {
    const USAGES: &str = "PermissionsPolicy, PermissionsBoundary";
    match fields.raw("PolicyUsageFilter") {
        None => Ok(None),
        Some("PermissionsPolicy") => Ok(Some(Usage::Permissions)),
        Some("PermissionsBoundary") => Ok(Some(Usage::Boundary)),
        Some(_) => Err(NameError::NotOneOf { field: "policyUsageFilter", words: USAGES }.into()),
    }
}

/// The number `n` of `vn`.
fn version_id(fields: &Fields<'_>) -> Result<u32, Error> {
    let text = fields.required("versionId", "VersionId", |_| Ok(()))?;
    let digits = text.strip_prefix('v').filter(|digits| {
        !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let digits = digits.ok_or(NameError::Pattern { field: "versionId", pattern: "v[1-9][0-9]*" })?;
    // A number that does not fit is that of no version.
    Ok(digits.parse().unwrap_or(u32::MAX))
}

impl Request {
    /// The IAM action that must be allowed.
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreatePolicy(_) => "iam:CreatePolicy",
            Self::GetPolicy { .. } => "iam:GetPolicy",
            Self::ListPolicies(_) => "iam:ListPolicies",
            Self::DeletePolicy { .. } => "iam:DeletePolicy",
            Self::CreatePolicyVersion { .. } => "iam:CreatePolicyVersion",
            Self::GetPolicyVersion { .. } => "iam:GetPolicyVersion",
            Self::ListPolicyVersions { .. } => "iam:ListPolicyVersions",
            Self::SetDefaultPolicyVersion { .. } => "iam:SetDefaultPolicyVersion",
            Self::DeletePolicyVersion { .. } => "iam:DeletePolicyVersion",
            Self::ListEntitiesForPolicy(_) => "iam:ListEntitiesForPolicy",
            Self::TagPolicy { .. } => "iam:TagPolicy",
            Self::UntagPolicy { .. } => "iam:UntagPolicy",
            Self::ListPolicyTags { .. } => "iam:ListPolicyTags",
        }
    }

    /// What the call is about.
    pub(super) fn about(&self) -> About<'_> {
        match self {
            Self::CreatePolicy(create) => {
                let target = Target::New { noun: Noun::Policy, path: &create.path, name: &create.policy_name };
                About::new(target).made_with_tags(&create.tags, "iam:TagPolicy")
            }
            Self::ListPolicies(list) => About::new(Target::List { noun: Noun::Policy, path_prefix: &list.path_prefix }),
            Self::ListEntitiesForPolicy(list) => About::new(Target::Policy(&list.policy)),
            Self::TagPolicy { policy, tags } => About::new(Target::Policy(policy)).tags(tags),
            Self::UntagPolicy { policy, keys } => About::new(Target::Policy(policy)).tag_keys(keys),
            Self::GetPolicy { policy }
            | Self::DeletePolicy { policy }
            | Self::CreatePolicyVersion { policy, .. }
            | Self::GetPolicyVersion { policy, .. }
            | Self::ListPolicyVersions { policy, .. }
            | Self::SetDefaultPolicyVersion { policy, .. }
            | Self::DeletePolicyVersion { policy, .. }
            | Self::ListPolicyTags { policy, .. } => About::new(Target::Policy(policy)),
        }
    }

    pub(super) async fn execute(&self, call: &Call<'_>) -> Result<Body, Error> {
        match self {
            Self::CreatePolicy(create) => entity::create(call, create).await,
            Self::GetPolicy { policy } => entity::get(call, policy).await,
            Self::ListPolicies(list) => entity::list(call, list).await,
            Self::DeletePolicy { policy } => entity::delete(call, policy).await,
            Self::CreatePolicyVersion { policy, document, set_as_default } => {
                versions::create(call, policy, document, *set_as_default).await
            }
            Self::GetPolicyVersion { policy, version } => versions::get(call, policy, *version).await,
            Self::ListPolicyVersions { policy, page } => versions::list(call, policy, page).await,
            Self::SetDefaultPolicyVersion { policy, version } => versions::set_default(call, policy, *version).await,
            Self::DeletePolicyVersion { policy, version } => versions::delete(call, policy, *version).await,
            Self::ListEntitiesForPolicy(list) => entities::list(call, list).await,
            Self::TagPolicy { policy, tags } => entity::tag(call, policy, tags).await,
            Self::UntagPolicy { policy, keys } => entity::untag(call, policy, keys).await,
            Self::ListPolicyTags { policy, page } => entity::list_tags(call, policy, page).await,
        }
    }
}

#[cfg(test)]
mod tests;
