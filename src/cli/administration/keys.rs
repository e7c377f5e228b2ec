//! Long-term access keys: the id is a global record, claimed before the user lists it (security rule 1).

use super::{Administration, BATCH, Error, KEYS_QUOTA};
use crate::entity::{AccessKey, KeyStatus, User, folded};
use crate::store::{self, Changes, RecordKey, Scope, Versioned};
use crate::types::{AccessKeyId, IdKind, Secret, UniqueId};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// A claim without a user that lists it may be the first half of a command that is running. After this many
/// milliseconds it is taken to be one that was broken off.
const CLAIM_MILLIS: i64 = 60_000;

/// A key that was just made, with its secret: the only time that it is shown.
#[derive(Debug, Clone)]
pub struct IssuedKey {
    /// The id.
    pub id: AccessKeyId,
    /// The secret.
    pub secret: Secret,
}

impl Administration<'_> {
    /// Gives a user a further key. What is not given is made.
    pub async fn create_key(
        &self,
        user: &str,
        id: Option<AccessKeyId>,
        secret: Option<Secret>,
    ) -> Result<(User, IssuedKey), Error> {
        let found = self.user(user).await?.value;
        has_room(&found)?;
        let issued = self.claim_key(&found, id, secret).await?;
        let listed = self
            .change_user(user, |user| {
                if user.id != found.id {
                    return Err(Error::NoSuchUser(user.name.clone()));
                }
                has_room(user)?;
                user.access_keys.push(issued.id.to_string());
                Ok(())
            })
            .await;
        match listed {
            Ok(user) => Ok((user, issued)),
            Err(error) => {
                self.release_key(&issued.id, &found.id).await?;
                Err(error)
            }
        }
    }

    /// Removes a key: first off its user's list, which ends it, then its record. With `user`, only that user's.
    pub async fn remove_key(&self, id: &AccessKeyId, user: Option<&str>) -> Result<Option<User>, Error> {
        let Some(record) = self.records.get::<AccessKey>(&RecordKey::access_key(id)).await? else {
            return Err(Error::NoSuchKey(id.clone()));
        };
        let record = record.value;
        let foreign = |user: &str| Error::ForeignKey { key: id.clone(), user: user.to_owned() };
        if record.account != *self.account {
            return Err(Error::NoSuchKey(id.clone()));
        }
        if let Some(user) = user
            && folded(user) != folded(&record.user_name)
        {
            return Err(foreign(user));
        }
        let changed = self.change_user(&record.user_name, |user| {
            if user.id == record.user_id {
                user.access_keys.retain(|listed| listed != id.as_str());
            }
            Ok(())
        });
        let user = match changed.await {
            Ok(user) => Some(user),
            Err(Error::NoSuchUser(_)) => None,
            Err(error) => return Err(error),
        };
        self.release_key(id, &record.user_id).await?;
        Ok(user)
    }

    /// Whether a key's secret is shorter than `bytes` (security rule 32). Reads every key.
    pub async fn has_weak_secret(&self, bytes: usize) -> Result<bool, Error> {
        let mut after: Option<String> = None;
        loop {
            let batch: Vec<Versioned<AccessKey>> = self.records.list(&Scope::Global, after.as_deref(), BATCH).await?;
            for key in &batch {
                if self.records.open_secret(&key.value)?.len() < bytes {
                    return Ok(true);
                }
            }
            if batch.len() < BATCH {
                return Ok(false);
            }
            after = batch.last().map(|key| key.value.id.to_string());
        }
    }

    /// Claims a key id for `user`, whether it is stored yet or not.
    pub(super) async fn claim_key(
        &self,
        user: &User,
        id: Option<AccessKeyId>,
        secret: Option<Secret>,
    ) -> Result<IssuedKey, Error> {
        let id = match id {
            Some(id) if id.is_temporary() => return Err(Error::TemporaryKeyId(id)),
            Some(id) => id,
            None => AccessKeyId::parse(UniqueId::generate(IdKind::LongTermKey, self.entropy).as_str())?,
        };
        let secret = match secret {
            Some(secret) if is_secret(&secret) => secret,
            Some(_) => return Err(Error::Secret),
            None => self.new_secret(),
        };
        let record = AccessKey {
            account: self.account.clone(),
            user_name: user.name.clone(),
            user_id: user.id.clone(),
            status: KeyStatus::Active,
            sealed_secret: self.records.seal_secret(&user.id, &id, &secret),
            created: self.now.millis(),
            id: id.clone(),
        };
        match self.records.commit(Changes::new().create(&record)).await {
            Ok(()) => {}
            Err(store::Error::Conflict(_)) => self.take_over(&record).await?,
            Err(other) => return Err(other.into()),
        }
        Ok(IssuedKey { id, secret })
    }

    /// Replaces a claim that a broken-off command left behind; any other key of that id stands.
    async fn take_over(&self, new: &AccessKey) -> Result<(), Error> {
        let exists = || Error::KeyExists(new.id.clone());
        let old = self.records.get::<AccessKey>(&RecordKey::access_key(&new.id)).await?.ok_or(Error::Conflict)?;
        if old.value.created > self.now.millis().saturating_sub(CLAIM_MILLIS) {
            return Err(exists());
        }
        let owner = RecordKey::user(&old.value.account, &old.value.user_name);
        let listed = self.records.get::<User>(&owner).await?.is_some_and(|user| {
            user.value.id == old.value.user_id && user.value.access_keys.iter().any(|id| id == new.id.as_str())
        });
        if listed {
            return Err(exists());
        }
        Ok(self.records.commit(Changes::new().update(&old, new)).await?)
    }

    /// Removes the record of a key of the user with this id, if it is there.
    pub(super) async fn release_key(&self, id: &AccessKeyId, user: &UniqueId) -> Result<(), Error> {
        let found = self.records.get::<AccessKey>(&RecordKey::access_key(id)).await?;
        match found.filter(|found| found.value.user_id == *user) {
            Some(found) => Ok(self.records.commit(Changes::new().delete(&found)).await?),
            None => Ok(()),
        }
    }

    /// 30 random bytes in base64: 40 characters.
    fn new_secret(&self) -> Secret {
        let mut random = zeroize::Zeroizing::new([0u8; 30]);
        self.entropy.fill(random.as_mut_slice());
        Secret::new(STANDARD_NO_PAD.encode(random.as_slice()))
    }
}

fn has_room(user: &User) -> Result<(), Error> {
    if user.access_keys.len() < KEYS_QUOTA { Ok(()) } else { Err(Error::KeysQuota { user: user.name.clone() }) }
}

fn is_secret(secret: &Secret) -> bool {
    (3..=128).contains(&secret.len()) && secret.expose().iter().all(u8::is_ascii_graphic)
}
