//! Claiming access key ids: a global record, made before the user lists it (security rule 1). A key is one of the
//! user's only once the user lists it, so a claim alone opens nothing.

use crate::entity::{AccessKey, KeyStatus, User};
use crate::store::{self, Changes, RecordKey, Records, Versioned};
use crate::types::{AccessKeyId, AccountId, Entropy, IdKind, InvalidAccessKeyId, Secret, Timestamp, UniqueId};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// A claim without a user that lists it may be the first half of a call that is running. After this many
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

/// An id cannot be claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Not an access key id.
    #[error(transparent)]
    Id(#[from] InvalidAccessKeyId),
    /// A temporary id (security rule 19).
    #[error("the access key id {0} begins with ASIA, as only temporary credentials do; choose another")]
    Temporary(AccessKeyId),
    /// The secret cannot be one. It is not repeated.
    #[error("a secret must be 3 to 128 visible ASCII characters, without white space")]
    Secret,
    /// The id is taken.
    #[error("there is an access key {0} already")]
    Taken(AccessKeyId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The key ids of a store.
#[derive(Clone, Copy)]
pub struct Claims<'a> {
    /// The typed store.
    pub records: &'a Records,
    /// For ids and secrets.
    pub entropy: &'a dyn Entropy,
    /// The present time.
    pub now: Timestamp,
}

impl Claims<'_> {
    /// Claims a key id for `user`, whether it is stored yet or not. What is not given is made.
    pub async fn claim(
        &self,
        user: &User,
        id: Option<AccessKeyId>,
        secret: Option<Secret>,
    ) -> Result<IssuedKey, ClaimError> {
        let id = match id {
            Some(id) if id.is_temporary() => return Err(ClaimError::Temporary(id)),
            Some(id) => id,
            None => AccessKeyId::parse(UniqueId::generate(IdKind::LongTermKey, self.entropy).as_str())?,
        };
        let secret = match secret {
            Some(secret) if is_secret(&secret) => secret,
            Some(_) => return Err(ClaimError::Secret),
            None => self.new_secret(),
        };
        let record = AccessKey {
            account: user.account.clone(),
            user_name: user.name.clone(),
            next_user_name: None,
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

    /// Replaces a claim that a broken-off call left behind; any other key of that id stands.
    async fn take_over(&self, new: &AccessKey) -> Result<(), ClaimError> {
        let taken = || ClaimError::Taken(new.id.clone());
        let old = self.records.get::<AccessKey>(&RecordKey::access_key(&new.id)).await?.ok_or_else(taken)?;
        let fresh = old.value.created > self.now.millis().saturating_sub(CLAIM_MILLIS);
        if fresh || owner_of(&old.value, self.records).await?.is_some() {
            return Err(taken());
        }
        Ok(self.records.commit(Changes::new().update(&old, new)).await?)
    }

    /// Removes the record of a key of the user with this id, if it is there.
    pub async fn release(&self, id: &AccessKeyId, user: &UniqueId) -> Result<(), store::Error> {
        let found = self.records.get::<AccessKey>(&RecordKey::access_key(id)).await?;
        match found.filter(|found| found.value.user_id == *user) {
            Some(found) => self.records.commit(Changes::new().delete(&found)).await,
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

fn is_secret(secret: &Secret) -> bool {
    (3..=128).contains(&secret.len()) && secret.expose().iter().all(u8::is_ascii_graphic)
}

/// The user of a key, who must list it.
async fn owner_of(key: &AccessKey, records: &Records) -> Result<Option<Versioned<User>>, store::Error> {
    for name in key.user_names() {
        let found: Option<Versioned<User>> = records.get(&RecordKey::user(&key.account, name)).await?;
        if let Some(user) = found.filter(|user| key.is_of(&user.value)) {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// The key of that id in the account, with its user.
pub async fn owner(
    id: &AccessKeyId,
    account: &AccountId,
    records: &Records,
) -> Result<Option<(Versioned<AccessKey>, Versioned<User>)>, store::Error> {
    let found: Option<Versioned<AccessKey>> = records.get(&RecordKey::access_key(id)).await?;
    let Some(key) = found.filter(|key| key.value.account == *account) else { return Ok(None) };
    Ok(owner_of(&key.value, records).await?.map(|user| (key, user)))
}
