//! Why a simulation was refused.

use crate::policy;

/// A simulation was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// More questions than a call may put.
    #[error(
        "1 validation error detected: {actions} values at 'actionNames' and {resources} at 'resourceArns' failed to satisfy constraint: the product of their numbers must be less than or equal to {max}"
    )]
    TooManyQuestions {
        /// Actions.
        actions: usize,
        /// Resources.
        resources: usize,
        /// Most of them multiplied.
        max: usize,
    },
    /// A list that is too long.
    #[error(
        "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must have length less than or equal to {max}"
    )]
    TooManyMembers {
        /// The parameter.
        field: &'static str,
        /// Most members.
        max: usize,
    },
    /// The given policies are too long together.
    #[error(
        "1 validation error detected: the policies given to a simulation must have {max} characters together at most"
    )]
    PoliciesTooLong {
        /// Most characters.
        max: usize,
    },
    /// A given policy that is not one.
    #[error("Syntax errors in {input}: {error}")]
    Policy {
        /// Such as `PolicyInputList.1`.
        input: String,
        /// What is wrong with it.
        error: policy::Error,
    },
    /// Not the name of an action.
    #[error("Invalid Action: {0}. It must be a service, a colon and a name without wildcards, such as s3:GetObject.")]
    Action(String),
    /// Neither `*` nor an ARN.
    #[error("Invalid resource: {0}. It must be * or an ARN.")]
    Resource(String),
    /// Not the ARN of a user, role or group.
    #[error("Invalid PolicySourceArn: {0}. It must be the ARN of a user, role or group of your account.")]
    Source(String),
    /// Not the ARN of a caller.
    #[error("Invalid CallerArn: {0}. It must be the ARN of a user or of a role session.")]
    Caller(String),
    /// A resource policy speaks of callers, and none is known.
    #[error("CallerArn is required with ResourcePolicy, unless PolicySourceArn is of a user or role.")]
    CallerMissing,
    /// Not an account.
    #[error("Invalid ResourceOwner: {0}. It must be an account id or arn:aws:iam::ACCOUNT:root.")]
    Owner(String),
    /// Not a type of context keys.
    #[error("Invalid ContextKeyType: {0}.")]
    KeyType(String),
    /// Values that are not of the key's type.
    #[error("Invalid ContextKeyValues for {key}: they are not {wanted}.")]
    Values {
        /// The key.
        key: String,
        /// What they must be.
        wanted: &'static str,
    },
}

impl Refused {
    /// The code as AWS names it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooManyQuestions { .. } | Self::TooManyMembers { .. } | Self::PoliciesTooLong { .. } => {
                "ValidationError"
            }
            Self::Policy { .. }
            | Self::Action(_)
            | Self::Resource(_)
            | Self::Source(_)
            | Self::Caller(_)
            | Self::CallerMissing
            | Self::Owner(_)
            | Self::KeyType(_)
            | Self::Values { .. } => "InvalidInput",
        }
    }
}

/// The beginning of a value, for messages.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(256).collect()
}
