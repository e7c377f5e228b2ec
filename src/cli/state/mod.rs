//! `export` and `import`: the whole IAM state of a store as one readable file.
//!
//! Unique ids are kept, so that owners and bound principals mean the same wherever the file is imported (security rule
//! 14). Secrets leave the store only under a passphrase (rule 27). An import is laid over what is there, shown, judged
//! as a whole as if the API made it, and then stored, an account at a time.

mod check;
mod diff;
mod file;
mod overlay;
mod passphrase;
mod provider;
mod snapshot;
mod steps;

pub use check::{Reason, Refusal};
pub use file::FileError;
pub use passphrase::PassphraseError;

use crate::store::{self, Records};
use crate::types::{AccessKeyId, AccountId, Entropy, Secret, Timestamp};
use check::Rules;
use diff::Difference;
use file::StateFile;
use overlay::Target;
use passphrase::Lock;
use snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use steps::Maker;

/// A state was not exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be read as one.
    #[error(transparent)]
    File(#[from] FileError),
    /// The passphrase does not do.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// A passphrase for a file without secrets.
    #[error("the file has no secrets, so no passphrase opens anything in it; leave out --passphrase-file")]
    NoSecrets,
    /// A file with secrets, and no passphrase.
    #[error("the file has secrets; give the passphrase that it was written with (--passphrase-file FILE)")]
    NoPassphrase,
    /// What the file says cannot be stored. Nothing was changed.
    #[error("{}", .0.iter().map(|refusal| diff::plain(&refusal.to_string())).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<Refusal>),
    /// The store failed. The same import, run again, finishes what was begun.
    #[error("{0}")]
    Store(#[from] store::Error),
}

/// The store and what is asked of the configuration.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The typed store.
    pub records: &'a Records,
    /// The account that needs no record.
    pub default_account: &'a AccountId,
    /// Whether a bucket may have this name at the configured backend.
    pub bucket_name: &'a dyn Fn(&str) -> Result<(), String>,
    /// For salts and nonces.
    pub entropy: &'a dyn Entropy,
    /// The present time.
    pub now: Timestamp,
}

/// How an import is to be done.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions<'a> {
    /// Whether anything is changed.
    pub apply: bool,
    /// Whether what the file does not have is removed.
    pub prune: bool,
    /// Opens the file's secrets.
    pub passphrase: Option<&'a Secret>,
}

/// Whether the bytes say that they are an exported state.
pub fn is_state(bytes: &[u8]) -> bool {
    file::is_state(bytes)
}

/// Reads the file as far as that can be done without a store: its form, and its secrets.
pub fn check_file(bytes: &[u8], passphrase: Option<&Secret>) -> Result<(), StateError> {
    opened(bytes, passphrase).map(drop)
}

fn opened(bytes: &[u8], passphrase: Option<&Secret>) -> Result<(StateFile, BTreeMap<AccessKeyId, Secret>), StateError> {
    let file = file::read(bytes)?;
    let smith = match (&file.secrets, passphrase) {
        (Some(lock), Some(passphrase)) => Some(lock.open(passphrase)?),
        (None, Some(_)) => return Err(StateError::NoSecrets),
        (Some(_), None) => return Err(StateError::NoPassphrase),
        (None, None) => None,
    };
    let secrets = overlay::secrets(&file, smith.as_ref()).map_err(StateError::Refused)?;
    Ok((file, secrets))
}

/// The state as a file, with secrets under the passphrase if there is one.
pub async fn export(scene: &Scene<'_>, passphrase: Option<&Secret>) -> Result<String, StateError> {
    let snapshot = Snapshot::read(scene.records, scene.default_account).await?;
    let mut state = snapshot.state();
    let Some(passphrase) = passphrase else { return Ok(file::write(state, None)) };
    let (lock, smith) = Lock::new(passphrase, scene.entropy)?;
    for account in &mut state.accounts {
        for user in &mut account.users {
            for key in &mut user.access_keys {
                let Some(record) = snapshot.keys.get(&key.id) else { continue };
                let secret = scene.records.open_secret(&record.value)?;
                key.secret = Some(smith.seal((&account.id, &user.id, &key.id), &secret, scene.entropy));
            }
        }
    }
    Ok(file::write(state, Some(lock)))
}

/// Shows what the file would change and, if asked to, changes it.
pub async fn import(scene: &Scene<'_>, bytes: &[u8], options: ImportOptions<'_>) -> Result<String, StateError> {
    let (file, secrets) = opened(bytes, options.passphrase)?;
    let snapshot = Snapshot::read(scene.records, scene.default_account).await?;
    let before = snapshot.state();
    let mut target = Target::new(&snapshot, &before, file, secrets, options.prune, scene.default_account);
    let rules = Rules { default_account: scene.default_account, bucket_name: scene.bucket_name };
    let mut refusals = std::mem::take(&mut target.refusals);
    refusals.extend(check::check(&before, &target.state, &rules));
    if !refusals.is_empty() {
        return Err(StateError::Refused(refusals));
    }
    let default_account = scene.default_account;
    let maker = Maker { records: scene.records, snapshot: &snapshot, target: &target, default_account, now: scene.now };
    let (steps, changed) = maker.steps()?;
    let difference = Difference::between(&before, &target.state, &changed);
    if options.apply {
        steps.apply(scene.records).await?;
    }
    Ok(report(difference, &target, options))
}

fn report(difference: Difference, target: &Target, options: ImportOptions<'_>) -> String {
    let Difference { mut lines, made, changed, removed } = difference;
    let mut users = BTreeSet::new();
    for (key, user) in &target.left_out {
        lines.push(format!("! the access key {key} of the user {user} is left out: the file has no secret for it"));
        users.insert(user);
    }
    for user in users {
        lines.push(format!("! give {user} a new key: rolegate key create --uid {user}"));
    }
    if target.kept > 0 {
        lines.push(format!("{} things that the file does not have stay; --prune removes them.", target.kept));
    }
    let nothing = made + changed + removed == 0;
    lines.push(match (options.apply, nothing) {
        (_, true) => "The store is as the file has it: nothing to change.".to_owned(),
        (true, _) => format!("Made {made}, changed {changed}, removed {removed}."),
        (false, _) => {
            format!("To make {made}, to change {changed}, to remove {removed}. Nothing was changed: --apply does it.")
        }
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests;
