//! Accounts beside the configured one.

use super::{Administration, BATCH, Error};
use crate::entity::{Account, BucketRecord, Group, ManagedPolicy, OidcProvider, Role, User, folded};
use crate::store::{self, Changes, RecordKey, Scope, Versioned};
use crate::types::{AccountId, Entropy};

impl Administration<'_> {
    /// Makes an account. Without an id it gets one as Ceph's have: `RGW` and 17 digits; without a name, the id for one.
    pub async fn create_account(&self, name: Option<&str>, id: Option<AccountId>) -> Result<Account, Error> {
        let id = match id {
            Some(id) => id,
            None => new_id(self.entropy)?,
        };
        let name = name.unwrap_or(id.as_str()).to_owned();
        if !(1..=64).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(Error::AccountName);
        }
        let accounts = self.list_accounts().await?;
        if id.is_empty() || id == *self.default_account {
            return Err(Error::AccountExists(format!("`{id}`, the configured one,")));
        }
        if accounts.iter().any(|account| folded(&account.name) == folded(&name)) {
            return Err(Error::AccountExists(name));
        }
        let account = Account { id, name, created: self.now.millis() };
        match self.records.commit(Changes::new().create(&account)).await {
            Ok(()) => Ok(account),
            Err(store::Error::Conflict(_)) => Err(Error::AccountExists(account.id.to_string())),
            Err(other) => Err(other.into()),
        }
    }

    /// The account of that id. The configured one is there without a record, and is meant by the empty id.
    pub async fn account_by_id(&self, id: &AccountId) -> Result<Account, Error> {
        let id = if id.is_empty() { self.default_account } else { id };
        let found: Option<Versioned<Account>> = self.records.get(&RecordKey::account(id)).await?;
        match found {
            Some(found) => Ok(found.value),
            None if id == self.default_account => {
                Ok(Account { id: id.clone(), name: String::new(), created: self.records.made_at().millis() })
            }
            None => Err(Error::NoSuchAccount(id.clone())),
        }
    }

    /// The account of that name, without regard to case.
    pub async fn account_by_name(&self, name: &str) -> Result<Account, Error> {
        let found = self.list_accounts().await?.into_iter().find(|account| folded(&account.name) == folded(name));
        found.ok_or_else(|| Error::NoAccountNamed(name.to_owned()))
    }

    /// The accounts that were made, by id.
    pub async fn list_accounts(&self) -> Result<Vec<Account>, Error> {
        let (mut after, mut accounts) = (None, Vec::new());
        loop {
            let batch: Vec<Versioned<Account>> = self.records.list(&Scope::Global, after.as_deref(), BATCH).await?;
            let ended = batch.len() < BATCH;
            after = batch.last().map(|account| account.value.id.to_string());
            accounts.extend(batch.into_iter().map(|account| account.value));
            if ended {
                return Ok(accounts);
            }
        }
    }

    /// Removes an account that has nothing any more.
    pub async fn remove_account(&self, id: &AccountId) -> Result<(), Error> {
        if id == self.default_account {
            return Err(Error::DefaultAccount(id.clone()));
        }
        let found: Option<Versioned<Account>> = self.records.get(&RecordKey::account(id)).await?;
        let found = found.ok_or_else(|| Error::NoSuchAccount(id.clone()))?;
        match self.remains(id).await? {
            Some((kind, name)) => Err(Error::AccountHas { account: id.clone(), kind, name }),
            None => Ok(self.records.commit(Changes::new().delete(&found)).await?),
        }
    }

    /// Something that the account still has.
    async fn remains(&self, id: &AccountId) -> Result<Option<(&'static str, String)>, Error> {
        let scope = Scope::Account(id.clone());
        if let Some(user) = self.records.list::<User>(&scope, None, 1).await?.pop() {
            return Ok(Some(("user", user.value.name)));
        }
        if let Some(group) = self.records.list::<Group>(&scope, None, 1).await?.pop() {
            return Ok(Some(("group", group.value.name)));
        }
        if let Some(role) = self.records.list::<Role>(&scope, None, 1).await?.pop() {
            return Ok(Some(("role", role.value.name)));
        }
        if let Some(policy) = self.records.list::<ManagedPolicy>(&scope, None, 1).await?.pop() {
            return Ok(Some(("policy", policy.value.name)));
        }
        if let Some(provider) = self.records.list::<OidcProvider>(&scope, None, 1).await?.pop() {
            return Ok(Some(("oidc-provider", provider.value.url)));
        }
        let mut after = None;
        loop {
            let batch: Vec<Versioned<BucketRecord>> =
                self.records.list(&Scope::Global, after.as_deref(), BATCH).await?;
            if let Some(bucket) = batch.iter().find(|bucket| bucket.value.account == *id) {
                return Ok(Some(("bucket", bucket.value.name.clone())));
            }
            if batch.len() < BATCH {
                return Ok(None);
            }
            after = batch.last().map(|bucket| bucket.value.name.clone());
        }
    }
}

fn new_id(entropy: &dyn Entropy) -> Result<AccountId, Error> {
    let mut random = [0u8; 8];
    entropy.fill(&mut random);
    // 2^64 is 184 times 10^17, so that no number is likelier than another by more than a part in 184.
    let number = u64::from_be_bytes(random) % 100_000_000_000_000_000;
    Ok(AccountId::parse(&format!("RGW{number:017}"))?)
}
