//! Long-term access keys: the id is a global record, claimed before the user lists it (security rule 1).

use super::{ATTEMPTS, Administration, BATCH, Error, IssuedKey, KEYS_QUOTA};
use crate::entity::{AccessKey, KeyStatus, User, folded};
use crate::iam::access_key::owner;
use crate::store::{self, Changes, RecordKey, Scope, Versioned};
use crate::types::{AccessKeyId, Secret};

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
        let issued = self.claims().claim(&found, id, secret).await?;
        let listed = self
            .change_user(user, |user| {
                if user.id != found.id {
                    return Err(Error::NoSuchUser(user.name.clone()));
                }
                list(user, &issued.id)
            })
            .await;
        match listed {
            Ok(user) => Ok((user, issued)),
            Err(error) => {
                self.claims().release(&issued.id, &found.id).await?;
                Err(error)
            }
        }
    }

    /// Has the user list a key that is claimed for it; a key of somebody else is left alone.
    pub(in crate::cli) async fn adopt_key(&self, user: &str, id: &AccessKeyId) -> Result<(), Error> {
        let Some(key) = self.records.get::<AccessKey>(&RecordKey::access_key(id)).await? else { return Ok(()) };
        let found = self.user(user).await?.value;
        if key.value.user_id != found.id || lists(&found, id) {
            return Ok(());
        }
        let same = |user: &mut User| if user.id == found.id { list(user, id) } else { Ok(()) };
        self.change_user(user, same).await.map(drop)
    }

    /// Removes a key: first off its user's list, which ends it, then its record. With `user`, only that user's.
    pub async fn remove_key(&self, id: &AccessKeyId, user: Option<&str>) -> Result<Option<User>, Error> {
        let (record, owner) = self.key_of(id, user).await?;
        let user = match owner {
            None => None,
            Some(owner) => {
                let changed = self.change_user(&owner.name, |user| {
                    if user.id == record.user_id {
                        user.access_keys.retain(|listed| listed != id.as_str());
                    }
                    Ok(())
                });
                match changed.await {
                    Ok(user) => Some(user),
                    Err(Error::NoSuchUser(_)) => None,
                    Err(error) => return Err(error),
                }
            }
        };
        self.claims().release(id, &record.user_id).await?;
        Ok(user)
    }

    /// Switches a key on or off. With `user`, only that user's.
    pub async fn set_key_status(
        &self,
        id: &AccessKeyId,
        user: Option<&str>,
        status: KeyStatus,
    ) -> Result<Option<User>, Error> {
        let (_, owner) = self.key_of(id, user).await?;
        for _ in 0..ATTEMPTS {
            let key = RecordKey::access_key(id);
            let old = self.records.get::<AccessKey>(&key).await?.ok_or_else(|| Error::NoSuchKey(id.clone()))?;
            let new = AccessKey { status, ..old.value.clone() };
            match self.records.commit(Changes::new().update(&old, &new)).await {
                Ok(()) => return Ok(owner),
                Err(store::Error::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Conflict)
    }

    /// Those of the user's keys that are switched off.
    pub async fn inactive_keys(&self, user: &User) -> Result<Vec<AccessKeyId>, Error> {
        let mut inactive = Vec::new();
        for id in user.access_keys.iter().filter_map(|id| AccessKeyId::parse(id).ok()) {
            let found = self.records.get::<AccessKey>(&RecordKey::access_key(&id)).await?;
            if found.is_some_and(|found| found.value.status == KeyStatus::Inactive) {
                inactive.push(id);
            }
        }
        Ok(inactive)
    }

    /// The record of a key of this account and the user that lists it; with `user`, only that user's.
    async fn key_of(&self, id: &AccessKeyId, user: Option<&str>) -> Result<(AccessKey, Option<User>), Error> {
        let found = self.records.get::<AccessKey>(&RecordKey::access_key(id)).await?;
        let record = found.map(|found| found.value).filter(|record| record.account == *self.account);
        let record = record.ok_or_else(|| Error::NoSuchKey(id.clone()))?;
        let owner = owner(id, self.account, self.records).await?.map(|(_, user)| user.value);
        let name = owner.as_ref().map_or(&record.user_name, |owner| &owner.name);
        match user.filter(|user| folded(user) != folded(name)) {
            Some(user) => Err(Error::ForeignKey { key: id.clone(), user: user.to_owned() }),
            None => Ok((record, owner)),
        }
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
}

fn list(user: &mut User, id: &AccessKeyId) -> Result<(), Error> {
    if !lists(user, id) {
        has_room(user)?;
        user.access_keys.push(id.to_string());
    }
    Ok(())
}

fn lists(user: &User, id: &AccessKeyId) -> bool {
    user.access_keys.iter().any(|listed| listed == id.as_str())
}

fn has_room(user: &User) -> Result<(), Error> {
    if user.access_keys.len() < KEYS_QUOTA { Ok(()) } else { Err(Error::KeysQuota { user: user.name.clone() }) }
}
