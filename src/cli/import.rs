//! `[bootstrap] import`: a file of `rolegate export`, or of users and roles, for a store that is still empty.

use super::administration::{self, Administration, NewUser};
use super::state::{self, ImportOptions, StateError};
use super::state_commands::{bucket_name, scene};
use crate::conf::{Config, ConfigErrors, Environment, Import, ImportedRole, ImportedUser, ReferenceError};
use crate::entity::{Role, User, UserKind};
use crate::iam::access_key::ClaimError;
use crate::iam::role::CreateRole;
use crate::store::{self, Scope};
use crate::types::{AccessKeyId, Secret};

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
    /// A user or role was refused. Those before it in the file are there.
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

/// Applies the configured import if there is one and the account has neither users nor roles; says whether it did.
///
/// Two gates that start at once on an empty store may both apply it: what the other has made already is left as it is.
pub async fn import_once(
    config: &Config,
    environment: &dyn Environment,
    admin: &Administration<'_>,
) -> Result<bool, ImportError> {
    let Some(path) = &config.bootstrap.import else { return Ok(false) };
    let scope = Scope::Account(admin.account.clone());
    let used = !admin.records.list::<User>(&scope, None, 1).await?.is_empty()
        || !admin.records.list::<Role>(&scope, None, 1).await?.is_empty();
    if used {
        return Ok(false);
    }
    if let Some(bytes) = environment.read(path).ok().filter(|bytes| state::is_state(bytes)) {
        return import_state(config, environment, admin, &bytes).await.map(|()| true);
    }
    let import = Import::load(path, environment)?;
    // Every secret before the first change: most mistakes leave the store empty, so that it can be tried again.
    let users: Vec<(ImportedUser, Vec<(AccessKeyId, Secret)>)> = import
        .users
        .into_iter()
        .map(|user| secrets(&user, environment).map(|keys| (user, keys)))
        .collect::<Result<_, _>>()?;
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
    Ok(true)
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
        match admin.create_key(&name, Some(id), Some(secret)).await {
            Ok(_) | Err(administration::Error::Claim(ClaimError::Taken(_))) => {}
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
