//! `[bootstrap] import`: a file of `rolegate export`, or of users and roles, for a store that is still empty.

use super::administration::{self, Administration, NewUser};
use super::state::{self, ImportOptions, StateError};
use super::state_commands::{bucket_name, scene};
use crate::conf::{Config, ConfigErrors, Environment, Import, ImportedRole, ImportedUser, ReferenceError};
use crate::entity::{Account, Role, User, UserKind};
use crate::iam::access_key::ClaimError;
use crate::iam::role::CreateRole;
use crate::store::{self, Changes, Kind, RecordKey, Records, Scope, Stored, Versioned};
use crate::types::{AccessKeyId, AccountId, Secret};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Accounts read at once.
const BATCH: usize = 200;

/// How far the store's import has come. Without this mark, one that a crash broke off would be taken for one that is
/// done, its policies that deny missing for ever; and one that is done would be done again, what was revoked since
/// with it, as soon as the store looks empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Progress {
    /// Nothing is left to do, ever.
    done: bool,
}

impl Stored for Progress {
    const KIND: Kind = Kind::Meta;

    fn record_key(&self) -> RecordKey {
        Self::key()
    }
}

impl Progress {
    fn key() -> RecordKey {
        RecordKey { kind: Kind::Meta, scope: Scope::Global, name: "import".to_owned() }
    }

    async fn read(records: &Records) -> Result<Option<Versioned<Self>>, store::Error> {
        records.get(&Self::key()).await
    }

    /// Marks the store before the first change. Another gate may have done so at the same time.
    async fn begin(records: &Records) -> Result<(), store::Error> {
        match records.commit(Changes::new().create(&Self { done: false })).await {
            Err(store::Error::Conflict(_)) => Ok(()),
            other => other,
        }
    }

    /// Marks it after the last one.
    async fn end(records: &Records) -> Result<(), store::Error> {
        let Some(old) = Self::read(records).await?.filter(|mark| !mark.value.done) else { return Ok(()) };
        match records.commit(Changes::new().update(&old, &Self { done: true })).await {
            // The other gate was faster: what it did, this one has found done.
            Err(store::Error::Conflict(_)) => Ok(()),
            other => other,
        }
    }
}

/// Whether anybody is in the store.
async fn is_used(records: &Records, default_account: &AccountId) -> Result<bool, store::Error> {
    if has_people(records, default_account).await? {
        return Ok(true);
    }
    let mut after = None::<String>;
    loop {
        let batch: Vec<Versioned<Account>> = records.list(&Scope::Global, after.as_deref(), BATCH).await?;
        for account in &batch {
            if has_people(records, &account.value.id).await? {
                return Ok(true);
            }
        }
        if batch.len() < BATCH {
            return Ok(false);
        }
        after = batch.last().map(|account| account.value.record_key().name);
    }
}

async fn has_people(records: &Records, account: &AccountId) -> Result<bool, store::Error> {
    let scope = Scope::Account(account.clone());
    Ok(!records.list::<User>(&scope, None, 1).await?.is_empty()
        || !records.list::<Role>(&scope, None, 1).await?.is_empty())
}

/// The import was not applied, or not wholly.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file has mistakes. Nothing was changed.
    #[error("bootstrap.import: {0}")]
    File(#[from] ConfigErrors),
    /// A key's secret is not there. Nothing was changed.
    #[error("bootstrap.import: the secret of the access key {key}: {reason}")]
    Secret {
        /// The key.
        key: AccessKeyId,
        /// Why.
        reason: ReferenceError,
    },
    /// A user or role was refused. Those before it in the file are there; the next start goes on.
    #[error("bootstrap.import: {kind} {name}: {reason}")]
    Refused {
        /// `user` or `role`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Why.
        reason: administration::Error,
    },
    /// The file is an exported state that cannot be imported, or not without a passphrase.
    #[error("bootstrap.import: {0}")]
    State(#[from] StateError),
    /// The passphrase of an exported state is not there.
    #[error("bootstrap.passphrase: {0}")]
    Passphrase(#[source] ReferenceError),
    /// The store does not answer.
    #[error("bootstrap.import: {0}")]
    Store(#[from] store::Error),
}

/// Applies the configured import if there is one and the store has neither users nor roles, or if one that was begun
/// was not finished; says whether it did. Once it is done it is never done again.
///
/// Two gates that start at once on an empty store may both apply it: what the other has made already is left as it is.
pub async fn import_once(
    config: &Config,
    environment: &dyn Environment,
    admin: &Administration<'_>,
) -> Result<bool, ImportError> {
    let Some(path) = &config.bootstrap.import else { return Ok(false) };
    match Progress::read(admin.records).await? {
        Some(mark) if mark.value.done => return Ok(false),
        Some(_) => tracing::warn!("the import was broken off before it was done: it goes on"),
        None if is_used(admin.records, admin.account).await? => return Ok(false),
        None => {}
    }
    apply(path, config, environment, admin).await?;
    Progress::end(admin.records).await?;
    Ok(true)
}

async fn apply(
    path: &Path,
    config: &Config,
    environment: &dyn Environment,
    admin: &Administration<'_>,
) -> Result<(), ImportError> {
    if let Some(bytes) = environment.read(path).ok().filter(|bytes| state::is_state(bytes)) {
        return import_state(config, environment, admin, &bytes).await;
    }
    let import = Import::load(path, environment)?;
    // Every secret before the first change: most mistakes leave the store empty, so that it can be tried again.
    let users: Vec<(ImportedUser, Vec<(AccessKeyId, Secret)>)> = import
        .users
        .into_iter()
        .map(|user| secrets(&user, environment).map(|keys| (user, keys)))
        .collect::<Result<_, _>>()?;
    Progress::begin(admin.records).await?;
    for (user, keys) in users {
        let name = user.name.clone();
        let refused = |reason| ImportError::Refused { kind: "user", name, reason };
        apply_user(admin, user, keys).await.map_err(refused)?;
    }
    for role in import.roles {
        let name = role.name.clone();
        let refused = |reason| ImportError::Refused { kind: "role", name, reason };
        apply_role(admin, role).await.map_err(refused)?;
    }
    Ok(())
}

/// Imports a file of `rolegate export`. Of two gates that do so at once, each does what the other has not done yet.
async fn import_state(
    config: &Config,
    environment: &dyn Environment,
    admin: &Administration<'_>,
    bytes: &[u8],
) -> Result<(), ImportError> {
    let passphrase = config.bootstrap.passphrase.as_ref();
    let passphrase = passphrase.map(|at| at.resolve(environment)).transpose().map_err(ImportError::Passphrase)?;
    let name_rules = bucket_name(config);
    let scene = scene(admin, &name_rules);
    let options = ImportOptions { apply: true, prune: false, passphrase: passphrase.as_ref() };
    // What cannot be imported leaves the store as it is.
    state::import(&scene, bytes, ImportOptions { apply: false, ..options }).await?;
    Progress::begin(admin.records).await?;
    let mut tries = 3;
    loop {
        tries -= 1;
        match state::import(&scene, bytes, options).await {
            Err(StateError::Store(store::Error::Conflict(_))) if tries > 0 => {}
            ended => return Ok(ended.map(drop)?),
        }
    }
}

fn secrets(user: &ImportedUser, environment: &dyn Environment) -> Result<Vec<(AccessKeyId, Secret)>, ImportError> {
    let fetch = |key: &crate::conf::ImportedKey| match key.secret.resolve(environment) {
        Ok(secret) => Ok((key.id.clone(), secret)),
        Err(reason) => Err(ImportError::Secret { key: key.id.clone(), reason }),
    };
    user.keys.iter().map(fetch).collect()
}

async fn apply_user(
    admin: &Administration<'_>,
    user: ImportedUser,
    keys: Vec<(AccessKeyId, Secret)>,
) -> Result<(), administration::Error> {
    let name = user.name.clone();
    let new = NewUser {
        name: user.name,
        display_name: user.display_name,
        caps: user.caps,
        kind: UserKind::Standalone,
        account_root: false,
    };
    match admin.create_user_without_key(new).await {
        Ok(_) | Err(administration::Error::UserExists(_)) => {}
        Err(error) => return Err(error),
    }
    for (id, secret) in keys {
        if admin.user_info(&name).await?.access_keys.iter().any(|listed| listed == id.as_str()) {
            continue;
        }
        match admin.create_key(&name, Some(id), Some(secret)).await {
            Ok(_) => {}
            // Made before, or claimed for this user by an import that was broken off then.
            Err(administration::Error::Claim(ClaimError::Taken(id))) => admin.adopt_key(&name, &id).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn apply_role(admin: &Administration<'_>, role: ImportedRole) -> Result<(), administration::Error> {
    let name = role.name.clone();
    let create = CreateRole {
        role_name: role.name,
        path: role.path,
        trust: role.trust,
        description: role.description,
        max_session_duration: role.max_session_duration,
        tags: Vec::new(),
        boundary: None,
    };
    match admin.create_full_role(create).await {
        Ok(_) | Err(administration::Error::Role(crate::iam::Error::EntityAlreadyExists { .. })) => {}
        Err(error) => return Err(error),
    }
    for (policy, document) in role.policies {
        admin.put_role_policy(&name, &policy, &document).await?;
    }
    Ok(())
}
