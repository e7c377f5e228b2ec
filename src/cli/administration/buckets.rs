//! Bucket records in the operator's hands (security rule 1): who owns a bucket that the backend has.

use super::{Administration, BATCH};
use crate::entity::{Account, BucketRecord, BucketState, Owner, User, UserKind};
use crate::store::{self, Changes, RecordKey, Scope, Versioned};
use crate::types::{AccountId, InvalidAccountId};

/// A command on buckets was refused.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// Not a name that a bucket may have at the configured backend.
    #[error("{0}")]
    Name(String),
    /// Not an account id.
    #[error(transparent)]
    AccountId(#[from] InvalidAccountId),
    /// No such account.
    #[error("there is no account {0}")]
    NoSuchAccount(AccountId),
    /// No such user in the account.
    #[error("there is no user {0}")]
    NoSuchUser(String),
    /// A user of IAM owns nothing.
    #[error("{0} is a user of IAM, whose buckets are the account's; give --account-id without --uid")]
    NotStandalone(String),
    /// No record of that name.
    #[error("there is no record of a bucket {0}")]
    NotLinked(String),
    /// A record is there.
    #[error("the bucket {name} has a record already, which is {state}; see `rolegate bucket info --bucket {name}`", state = .state.as_str())]
    Linked {
        /// The bucket.
        name: String,
        /// Its state.
        state: BucketState,
    },
    /// The backend says that it has none.
    #[error("the backend has no bucket {0}; make it through the gate, then it belongs to who makes it")]
    NotAtBackend(String),
    /// Changed by someone else meanwhile.
    #[error("the record was changed by someone else at the same time; try again")]
    Conflict,
    /// The store failed.
    #[error("{0}")]
    Store(#[source] store::Error),
}

impl From<store::Error> for BucketError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict(_) => Self::Conflict,
            other => Self::Store(other),
        }
    }
}

impl BucketError {
    /// See [`super::Error::exit_status`].
    pub(in crate::cli) fn exit_status(&self) -> u8 {
        match self {
            Self::NoSuchAccount(_) | Self::NoSuchUser(_) | Self::NotLinked(_) | Self::NotAtBackend(_) => 2,
            Self::Store(_) => 5,
            Self::Conflict => 11,
            Self::Linked { .. } => 17,
            Self::Name(_) | Self::AccountId(_) | Self::NotStandalone(_) => 22,
        }
    }
}

impl Administration<'_> {
    /// The records of buckets by name: all, those of an account, or those of a standalone user.
    pub async fn list_buckets(
        &self,
        account: Option<&str>,
        uid: Option<&str>,
    ) -> Result<Vec<BucketRecord>, BucketError> {
        let wanted = match (account, uid) {
            (None, None) => None,
            (account, uid) => Some(self.bucket_owner(account, uid).await?),
        };
        let is_wanted = |record: &BucketRecord| match &wanted {
            None => true,
            Some((account, Owner::Account)) => record.account == *account,
            Some((account, owner @ Owner::User { .. })) => record.account == *account && record.owner == *owner,
        };
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let batch: Vec<Versioned<BucketRecord>> =
                self.records.list(&Scope::Global, after.as_deref(), BATCH).await?;
            let ended = batch.len() < BATCH;
            after = batch.last().map(|bucket| bucket.value.name.clone());
            found.extend(batch.into_iter().map(|bucket| bucket.value).filter(is_wanted));
            if ended {
                return Ok(found);
            }
        }
    }

    /// The record of a bucket.
    pub async fn bucket(&self, name: &str) -> Result<BucketRecord, BucketError> {
        Ok(self.bucket_record(name).await?.value)
    }

    /// Gives an owner to a bucket that the backend has and the gate has no record of.
    pub async fn link_bucket(
        &self,
        name: &str,
        account: Option<&str>,
        uid: Option<&str>,
    ) -> Result<BucketRecord, BucketError> {
        let (account, owner) = self.bucket_owner(account, uid).await?;
        let created = self.now.millis();
        let (name, state) = (name.to_owned(), BucketState::Active);
        let record = BucketRecord { name, state, account, owner, policy: None, created };
        match self.records.commit(Changes::new().create(&record)).await {
            Ok(()) => Ok(record),
            Err(store::Error::Conflict(_)) => {
                let there = self.bucket(&record.name).await?;
                Err(BucketError::Linked { name: there.name, state: there.state })
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Removes the record of a bucket, in whatever state it is; the bucket itself stays.
    pub async fn unlink_bucket(&self, name: &str) -> Result<BucketRecord, BucketError> {
        let found = self.bucket_record(name).await?;
        self.records.commit(Changes::new().delete(&found)).await?;
        Ok(found.value)
    }

    async fn bucket_record(&self, name: &str) -> Result<Versioned<BucketRecord>, BucketError> {
        let found = self.records.get(&RecordKey::bucket(name)).await?;
        found.ok_or_else(|| BucketError::NotLinked(name.to_owned()))
    }

    async fn bucket_owner(&self, account: Option<&str>, uid: Option<&str>) -> Result<(AccountId, Owner), BucketError> {
        // As in an ARN, an empty id is the configured account's.
        let account = account.filter(|id| !id.is_empty()).map(AccountId::parse).transpose()?;
        let account = account.unwrap_or_else(|| self.account.clone());
        if account != *self.account && self.records.get::<Account>(&RecordKey::account(&account)).await?.is_none() {
            return Err(BucketError::NoSuchAccount(account));
        }
        let Some(uid) = uid else { return Ok((account, Owner::Account)) };
        let found = self.records.get::<User>(&RecordKey::user(&account, uid)).await?;
        let user = found.ok_or_else(|| BucketError::NoSuchUser(uid.to_owned()))?.value;
        match user.kind {
            UserKind::Standalone => Ok((account, Owner::User { id: user.id, name: user.name })),
            UserKind::Iam => Err(BucketError::NotStandalone(user.name)),
        }
    }
}
