//! Why an IAM call was refused, with AWS's codes (WIRE section 4).

use super::nouns::Noun;
use super::simulate::Refused;
use crate::authn::LookupError;
use crate::entity::{NameError, ProviderRule, quota};
use crate::types::{AccessKeyId, AccountId, InvalidAccessKeyId};
use crate::wire::aws_query::QueryError;
use crate::{policy, store};

/// What must go before an entity can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Inline policies.
    InlinePolicies,
    /// Attached managed policies.
    AttachedPolicies,
    /// Access keys of a user.
    AccessKeys,
    /// Membership: of a user in groups, or of users in a group.
    Members,
    /// Buckets, roles and providers that a standalone user owns.
    Possessions,
}

impl Remains {
    fn message(self) -> &'static str {
        match self {
            Self::InlinePolicies => "must delete policies first",
            Self::AttachedPolicies => "must detach all policies first",
            Self::AccessKeys => "must delete access keys first",
            Self::Members => "must remove users from group first",
            Self::Possessions => "must delete the buckets, roles and providers that the user owns first",
        }
    }
}

/// An IAM call was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An action that does not exist, or not yet here.
    #[error("Could not find operation {action} for version {version}")]
    InvalidAction {
        /// The action, cut to 128 characters.
        action: String,
        /// The version asked for, cut to 128 characters.
        version: String,
    },
    /// A list whose indices do not count from 1.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A value outside AWS's constraint.
    #[error(transparent)]
    Constraint(#[from] NameError),
    /// A marker that no listing gave.
    #[error("The specified value for marker is invalid. Use the Marker of the answer before, as it is.")]
    InvalidMarker,
    /// UserName was left out by a caller who is not a user with a long-term key (security rule 16).
    #[error("Must specify userName when calling with non-User credentials")]
    NoCallerUser,
    /// A parameter that AWS defines and this version does not serve.
    #[error("The parameter {parameter} of {action} is not supported yet. Leave it out.")]
    UnsupportedParameter {
        /// The parameter.
        parameter: &'static str,
        /// The action.
        action: &'static str,
    },
    /// Not the ARN of a managed policy.
    #[error("ARN {0} is not valid.")]
    InvalidArn(String),
    /// An ARN of another account (security rule 16).
    #[error("ARN {0} is not valid: it is of another account.")]
    ForeignArn(String),
    /// More tags in a call than an entity may have.
    #[error(
        "1 validation error detected: Value at '{0}' failed to satisfy constraint: Member must have length less than or equal to {max}",
        max = quota::TAGS
    )]
    TooManyTags(&'static str),
    /// More tags on an entity than it may have.
    #[error("The number of tags has reached the maximum limit.")]
    TagsQuota,
    /// Two tags whose keys differ in case at most.
    #[error("Duplicate tag keys found. Please note that Tag keys are case insensitive.")]
    DuplicateTagKeys,
    /// A tag key beginning `aws:`.
    #[error("Tag keys beginning with aws: are reserved and cannot be set.")]
    ReservedTagKey,
    /// The policy document is not one.
    #[error("{0}")]
    MalformedPolicyDocument(#[source] policy::Error),
    /// One of that name is there.
    #[error("{}", existing(*.noun, .name))]
    EntityAlreadyExists {
        /// What.
        noun: Noun,
        /// The name.
        name: String,
    },
    /// None of that name.
    #[error("The {} with name {name} cannot be found.", .noun.as_str())]
    NoSuchEntity {
        /// What.
        noun: Noun,
        /// The name.
        name: String,
    },
    /// No inline policy of that name.
    #[error("The {} policy with name {name} cannot be found.", .noun.as_str())]
    NoSuchInlinePolicy {
        /// Whose.
        noun: Noun,
        /// The policy's name.
        name: String,
    },
    /// No managed policy of that ARN, or it is not attached there.
    #[error("Policy {0} was not found.")]
    PolicyNotFound(String),
    /// The managed policy has no version of that number.
    #[error("Policy {policy} version v{version} does not exist or is not attachable.")]
    NoSuchVersion {
        /// The policy's ARN.
        policy: String,
        /// The number.
        version: u32,
    },
    /// AWS's own policies are for reading.
    #[error("Policy {0} is AWS's own and cannot be changed.")]
    PolicyOfAws(String),
    /// The managed policy is attached, or a boundary (security rule 18).
    #[error("Cannot delete a policy attached to entities.")]
    PolicyInUse,
    /// The managed policy has more versions than its default.
    #[error(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."
    )]
    PolicyHasVersions,
    /// The version that counts stays.
    #[error("Cannot delete the default version of a policy.")]
    DefaultVersion,
    /// The managed policy has all versions that it may have.
    #[error(
        "A managed policy can have up to {max} versions. Before you create a new version, you must delete an existing version.",
        max = quota::POLICY_VERSIONS
    )]
    VersionsQuota,
    /// No managed policy of that ARN to attach.
    #[error("Policy {0} does not exist or is not attachable.")]
    NotAttachable(String),
    /// No managed policy of that ARN to be a boundary.
    #[error("Scope ARN: {0} does not exist or is not attachable.")]
    NoSuchBoundary(String),
    /// Not an access key id.
    #[error(transparent)]
    AccessKeyId(#[from] InvalidAccessKeyId),
    /// No such access key, or not one of the user's.
    #[error("The Access Key with id {0} cannot be found.")]
    NoSuchAccessKey(AccessKeyId),
    /// A value that no provider can have.
    #[error(transparent)]
    Provider(#[from] ProviderRule),
    /// Not the ARN of a provider.
    #[error("ARN {0} is not the ARN of an OpenID Connect provider.")]
    InvalidProviderArn(String),
    /// No provider of that ARN.
    #[error("OpenIDConnect Provider not found for arn {0}")]
    ProviderNotFound(String),
    /// Users have no passwords here.
    #[error("Login Profile for User {0} cannot be found.")]
    NoLoginProfile(String),
    /// Accounts have no password policy here.
    #[error("The Password Policy with domain name {0} cannot be found.")]
    NoPasswordPolicy(AccountId),
    /// Something must be removed first.
    #[error("Cannot delete entity, {}.", .0.message())]
    DeleteConflict(Remains),
    /// A quota of AWS's.
    #[error("Cannot exceed quota for {name}: {limit}")]
    Quota {
        /// Its name.
        name: &'static str,
        /// The most.
        limit: usize,
    },
    /// The inline policies are over their quota.
    #[error("Maximum policy size of {limit} bytes exceeded for {} {name}", .noun.as_str())]
    InlineQuota {
        /// Whose.
        noun: Noun,
        /// Its name.
        name: String,
        /// Most characters.
        limit: usize,
    },
    /// What the decision rested on changed before the commit (security rule 17).
    #[error("The request conflicts with another change that happened at the same time. Try again.")]
    ConcurrentModification,
    /// The permit is not for this request. A mistake of the caller's code, answered as a denial.
    #[error("The request was not authorized for {0}.")]
    NotPermitted(&'static str),
    /// Caps of a user reach only what standalone users own, and users with no more caps (security rule 13).
    #[error("The {} with name {name} is beyond what the caps of a user reach.", .noun.as_str())]
    OutOfReach {
        /// What.
        noun: Noun,
        /// Its name.
        name: String,
    },
    /// A simulation outside its bounds, or of what is no policy.
    #[error(transparent)]
    Simulation(Box<Refused>),
    /// Policies of an entity cannot be read whole (security rule 18). The message is for the log.
    #[error("The policies of the entity cannot be read: something they refer to is missing or damaged.")]
    Lookup(#[source] LookupError),
    /// The store failed. Its own message is for the log.
    #[error("The request could not be completed because the store is not available. Try again later.")]
    Store(#[source] store::Error),
}

/// AWS words it in its own way for policies.
fn existing(noun: Noun, name: &str) -> String {
    match noun {
        Noun::Policy => format!("A policy called {name} already exists. Duplicate names are not allowed."),
        Noun::Provider => format!("Provider with url {name} already exists."),
        Noun::Group | Noun::Role | Noun::User => format!("{} with name {name} already exists.", noun.title()),
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Simulation(Box::new(refused))
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl Error {
    /// The code as AWS names it.
    pub fn code(&self) -> &'static str {
        self.answer().0
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.answer().1
    }

    fn answer(&self) -> (&'static str, u16) {
        match self {
            Self::InvalidAction { .. } => ("InvalidAction", 400),
            Self::Query(_)
            | Self::Constraint(_)
            | Self::InvalidMarker
            | Self::NoCallerUser
            | Self::TooManyTags(_)
            | Self::Provider(ProviderRule::Constraint(_))
            | Self::AccessKeyId(_) => ("ValidationError", 400),
            Self::UnsupportedParameter { .. }
            | Self::InvalidArn(_)
            | Self::ForeignArn(_)
            | Self::InvalidProviderArn(_)
            | Self::Provider(_)
            | Self::DuplicateTagKeys
            | Self::ReservedTagKey => ("InvalidInput", 400),
            Self::MalformedPolicyDocument(_) => ("MalformedPolicyDocument", 400),
            Self::EntityAlreadyExists { .. } => ("EntityAlreadyExists", 409),
            Self::NoSuchEntity { .. }
            | Self::NoSuchInlinePolicy { .. }
            | Self::PolicyNotFound(_)
            | Self::NoSuchVersion { .. }
            | Self::NotAttachable(_)
            | Self::NoSuchBoundary(_)
            | Self::NoSuchAccessKey(_)
            | Self::ProviderNotFound(_)
            | Self::NoLoginProfile(_)
            | Self::NoPasswordPolicy(_) => ("NoSuchEntity", 404),
            Self::DeleteConflict(_) | Self::PolicyInUse | Self::PolicyHasVersions | Self::DefaultVersion => {
                ("DeleteConflict", 409)
            }
            Self::TagsQuota | Self::VersionsQuota | Self::Quota { .. } | Self::InlineQuota { .. } => {
                ("LimitExceeded", 409)
            }
            Self::ConcurrentModification => ("ConcurrentModification", 409),
            Self::NotPermitted(_) | Self::OutOfReach { .. } | Self::PolicyOfAws(_) => ("AccessDenied", 403),
            Self::Simulation(refused) => (refused.code(), 400),
            Self::Lookup(_) | Self::Store(_) => ("ServiceUnavailable", 503),
        }
    }
}

#[cfg(test)]
mod tests;
