//! Why a command on the store was refused, and the exit status that says so.

use crate::entity::{InvalidCaps, NameError};
use crate::iam::access_key::ClaimError;
use crate::iam::simulate::ExplainError;
use crate::types::{AccessKeyId, AccountId, InvalidAccessKeyId, InvalidAccountId, Timestamp};
use crate::{iam, store};

/// A command was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No user of that name.
    #[error("there is no user {0}")]
    NoSuchUser(String),
    /// No role of that name.
    #[error("there is no role {0}")]
    NoSuchRole(String),
    /// Not a time.
    #[error("{0} is not a time; write it as 2026-11-22T04:00:00Z")]
    Time(String),
    /// A time after now: sessions that are yet to come would end with them.
    #[error("{0} is yet to come; only sessions that are there can be revoked")]
    TimeToCome(Timestamp),
    /// A long-term key has no session.
    #[error("the access key {0} is not that of a session, which begins with ASIA; remove it with `key rm`")]
    NotTemporary(AccessKeyId),
    /// A user of that name, case aside.
    #[error("there is a user {0} already")]
    UserExists(String),
    /// A tenant was given.
    #[error(
        "the user name {0} names a tenant, but users are named without it; give the account's id with --account-id"
    )]
    Tenant(String),
    /// The user still owns something.
    #[error("the user {user} owns the {kind} {name}; delete that first")]
    UserOwns {
        /// The user.
        user: String,
        /// `bucket` or `role`.
        kind: &'static str,
        /// What it owns.
        name: String,
    },
    /// Not an access key id.
    #[error(transparent)]
    KeyId(#[from] InvalidAccessKeyId),
    /// An access key id cannot be claimed.
    #[error(transparent)]
    Claim(ClaimError),
    /// Not an account id.
    #[error(transparent)]
    AccountId(#[from] InvalidAccountId),
    /// No account of that id.
    #[error("there is no account `{0}`; make it with `rolegate account create`")]
    NoSuchAccount(AccountId),
    /// No account of that name.
    #[error("there is no account with the name {0}")]
    NoAccountNamed(String),
    /// An account of that id or name.
    #[error("there is an account {0} already")]
    AccountExists(String),
    /// An account's name is for people, but not any.
    #[error("the name of an account must be 1 to 64 characters, without control characters")]
    AccountName,
    /// The configured account cannot be removed.
    #[error("the account `{0}` is the configured one (identity.account_id) and stays")]
    DefaultAccount(AccountId),
    /// The account still has something.
    #[error("the account `{account}` has the {kind} {name}; delete that first")]
    AccountHas {
        /// The account.
        account: AccountId,
        /// What.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// No such key.
    #[error("there is no access key {0}")]
    NoSuchKey(AccessKeyId),
    /// Another user's key.
    #[error("the access key {key} is not one of the user {user}")]
    ForeignKey {
        /// The key.
        key: AccessKeyId,
        /// The user named.
        user: String,
    },
    /// As many keys as a user may have.
    #[error("the user {user} has {max} access keys, which is the most; remove one first", max = super::KEYS_QUOTA)]
    KeysQuota {
        /// The user.
        user: String,
    },
    /// Caps are not written so.
    #[error(transparent)]
    Caps(#[from] InvalidCaps),
    /// A name or another value outside its constraint.
    #[error(transparent)]
    Name(#[from] NameError),
    /// IAM users get their rights by policies.
    #[error("{0} is a user of IAM, who gets rights by policies; only standalone users have caps")]
    NotStandalone(String),
    /// Changed by someone else again and again.
    #[error("the record was changed by someone else at the same time; try again")]
    Conflict,
    /// The store failed.
    #[error("{0}")]
    Store(#[source] store::Error),
    /// There is nothing to explain.
    #[error(transparent)]
    Explain(Box<ExplainError>),
    /// A call of IAM was refused.
    #[error(transparent)]
    Role(iam::Error),
    /// Records and answer do not fit together: a mistake in the program.
    #[error("the answer is not the one of the call")]
    WrongAnswer,
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict(_) => Self::Conflict,
            other => Self::Store(other),
        }
    }
}

impl From<ClaimError> for Error {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Store(error) => Self::from(error),
            other => Self::Claim(other),
        }
    }
}

impl From<iam::Error> for Error {
    fn from(error: iam::Error) -> Self {
        match error {
            // The API hides the store's own words from strangers; the operator needs them.
            iam::Error::Store(error) => Self::from(error),
            other => Self::Role(other),
        }
    }
}

impl From<ExplainError> for Error {
    fn from(error: ExplainError) -> Self {
        Self::Explain(Box::new(error))
    }
}

impl Error {
    /// The exit status, by the numbers of Linux's errors as Ceph's tools use them.
    pub fn exit_status(&self) -> u8 {
        const ENOENT: u8 = 2;
        const EIO: u8 = 5;
        const EAGAIN: u8 = 11;
        const EEXIST: u8 = 17;
        const EINVAL: u8 = 22;
        const ENOTEMPTY: u8 = 39;
        const EDQUOT: u8 = 122;
        match self {
            Self::NoSuchUser(_)
            | Self::NoSuchRole(_)
            | Self::NoSuchKey(_)
            | Self::NoSuchAccount(_)
            | Self::NoAccountNamed(_) => ENOENT,
            Self::UserExists(_) | Self::AccountExists(_) | Self::Claim(ClaimError::Taken(_)) => EEXIST,
            Self::UserOwns { .. } | Self::AccountHas { .. } => ENOTEMPTY,
            Self::KeysQuota { .. } => EDQUOT,
            Self::Conflict => EAGAIN,
            Self::Explain(error) => match **error {
                ExplainError::NotAPrincipal(_) | ExplainError::NotAResource(_) => EINVAL,
                ExplainError::NoSuchPrincipal(_) | ExplainError::NoSuchBucket(_) => ENOENT,
                ExplainError::Lookup(_) => EIO,
            },
            Self::Store(_) | Self::WrongAnswer => EIO,
            Self::Tenant(_)
            | Self::Time(_)
            | Self::TimeToCome(_)
            | Self::NotTemporary(_)
            | Self::KeyId(_)
            | Self::Claim(_)
            | Self::AccountId(_)
            | Self::AccountName
            | Self::DefaultAccount(_)
            | Self::ForeignKey { .. }
            | Self::Caps(_)
            | Self::Name(_)
            | Self::NotStandalone(_) => EINVAL,
            Self::Role(error) => match error.code() {
                "NoSuchEntity" => ENOENT,
                "EntityAlreadyExists" => EEXIST,
                "DeleteConflict" => ENOTEMPTY,
                "LimitExceeded" => EDQUOT,
                "ConcurrentModification" => EAGAIN,
                _ => EINVAL,
            },
        }
    }
}
