//! Where a request's bucket is: recorded, unrecorded with a configured owner, or out of reach (security rule 1).

use super::{Fault, Gateway, UnrecordedOwner};
use crate::authn::BucketEntry;
use crate::authz::Permit;
use crate::entity::{BucketRecord, BucketState, Owner};
use crate::s3::BucketName;
use std::sync::Arc;

/// The bucket of a request, as far as it may be reached.
#[derive(Debug)]
pub(super) enum Place {
    /// No bucket is named.
    Service,
    /// In use: recorded, or without a record and so the configured owner's.
    Bucket(Arc<BucketEntry>),
    /// Not there as far as anybody may know: no record and no configured owner, or not in use.
    Absent(String),
}

impl Place {
    pub(super) fn entry(&self) -> Option<&BucketEntry> {
        match self {
            Self::Bucket(entry) => Some(entry),
            Self::Service | Self::Absent(_) => None,
        }
    }
}

/// Whether the bucket is the permit's owner's own. Anonymous has no account and owns nothing (security rule 15).
pub(super) fn is_own(permit: &Permit, record: &BucketRecord) -> bool {
    permit.principal().account() == Some(&record.account) && *permit.owner() == record.owner
}

impl Gateway {
    /// Finds a bucket. While it is being made or deleted it is absent: only the owner's retry of that change, which
    /// asks elsewhere, goes on. A mere claim changes nothing: who claims the name of a bucket that the backend has
    /// without a record must not take it away from the owner of such buckets, not even for a moment.
    pub(super) async fn place(&self, bucket: Option<&BucketName>) -> Result<Place, Fault> {
        let Some(name) = bucket else { return Ok(Place::Service) };
        match self.directory.bucket(name.as_str()).await? {
            Some(entry) => match entry.record.state {
                BucketState::Active => Ok(Place::Bucket(entry)),
                BucketState::Creating | BucketState::Deleting => Ok(Place::Absent(name.as_str().to_owned())),
                BucketState::Claimed => self.unrecorded_place(name).await,
            },
            None => self.unrecorded_place(name).await,
        }
    }

    /// Where a bucket is that has no record in force.
    pub(super) async fn unrecorded_place(&self, name: &BucketName) -> Result<Place, Fault> {
        Ok(match self.unrecorded(name.as_str()).await? {
            Some(entry) => Place::Bucket(Arc::new(entry)),
            None => Place::Absent(name.as_str().to_owned()),
        })
    }

    /// The entry of a bucket without a record, if an owner for such is configured and exists.
    pub(super) async fn unrecorded(&self, name: &str) -> Result<Option<BucketEntry>, Fault> {
        let (account, owner) = match &self.settings.unrecorded_owner {
            None => return Ok(None),
            Some(UnrecordedOwner::Account(account)) => (account.clone(), Owner::Account),
            Some(UnrecordedOwner::User(account, user)) => match self.directory.user(account, user).await? {
                Some(entry) => {
                    (account.clone(), Owner::User { id: entry.user.id.clone(), name: entry.user.name.clone() })
                }
                None => return Ok(None),
            },
        };
        let record = BucketRecord {
            name: name.to_owned(),
            state: BucketState::Active,
            account,
            owner,
            policy: None,
            created: 0,
        };
        Ok(Some(BucketEntry { record, revision: 0, policy: None }))
    }

    /// Judges an expected-owner header against the bucket's account (security rule 8). Asked after the decision, or
    /// else anybody could find out by trying which account owns a bucket.
    pub(super) fn check_owner(
        &self,
        expected: Option<&[u8]>,
        place: &Place,
        header: &'static str,
    ) -> Result<(), Fault> {
        match (expected, place.entry()) {
            (Some(expected), Some(entry)) if expected != entry.record.account.as_str().as_bytes() => {
                Err(Fault::OtherOwner(header))
            }
            _ => Ok(()),
        }
    }
}
