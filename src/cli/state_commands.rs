//! `export`, `import` and the commands on buckets: their options, and what they print.

use super::administration::{Administration, BucketError};
use super::open::OpenError;
use super::state::{self, ImportOptions, StateError};
use super::{HookError, output};
use crate::conf::{Config, Environment, Reference, UnrecordedOwner};
use crate::entity::{BucketRecord, BucketState};
use crate::store;
use crate::types::Secret;
use clap::{Args, Subcommand};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file to write, mode 0600; without it, standard output
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// With the secrets of access keys, encrypted with the passphrase
    #[arg(long, requires = "passphrase_file")]
    pub(super) with_secrets: bool,
    /// A file whose first line is the passphrase, of 12 bytes or more
    #[arg(long, value_name = "FILE", requires = "with_secrets")]
    pub(super) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// A file of `rolegate export`
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Change the store; without it the changes are only shown
    #[arg(long)]
    pub(super) apply: bool,
    /// Remove what the file does not have
    #[arg(long)]
    pub(super) prune: bool,
    /// A file whose first line is the passphrase of the file's secrets
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct BucketName {
    /// The bucket's name
    #[arg(long)]
    pub(super) bucket: String,
}

#[derive(Debug, Args)]
pub(super) struct BucketOwner {
    /// The standalone user who owns it; of --account-id if that is given too
    #[arg(long, alias = "user-name")]
    pub(super) uid: Option<String>,
    /// The account that owns it
    #[arg(long)]
    pub(super) account_id: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Bucket {
    /// List the records of buckets
    List(BucketOwner),
    /// Show the record of a bucket
    Info(BucketName),
    /// Give an owner to a bucket that the server has and the gate has no record of
    #[command(group(clap::ArgGroup::new("owner").required(true).multiple(true).args(["uid", "account_id"])))]
    Link {
        #[command(flatten)]
        name: BucketName,
        #[command(flatten)]
        owner: BucketOwner,
    },
    /// Remove the record of a bucket; the bucket and its objects stay at the server
    Unlink(BucketName),
}

/// One of these commands failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateCommandError {
    /// A file cannot be read or written.
    #[error("the file {path} cannot be used: {reason}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// There is no passphrase.
    #[error("the passphrase: {0}")]
    Passphrase(#[from] crate::conf::ReferenceError),
    /// By the state or the store.
    #[error("{0}")]
    State(#[from] StateError),
    /// On buckets.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The backend does not say whether it has the bucket.
    #[error("the backend cannot be asked: {0}")]
    Backend(HookError),
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl StateCommandError {
    /// See [`super::administration::Error::exit_status`].
    pub(super) fn exit_status(&self) -> u8 {
        match self {
            Self::File { reason, .. } if reason.kind() == io::ErrorKind::NotFound => 2,
            Self::State(StateError::Store(store::Error::Conflict(_))) => 11,
            Self::File { .. } | Self::Backend(_) | Self::Open(_) | Self::State(StateError::Store(_)) => 5,
            Self::State(_) | Self::Passphrase(_) => 22,
            Self::Bucket(error) => error.exit_status(),
        }
    }
}

type Outcome = Result<String, StateCommandError>;

/// Runs `export`.
pub(super) async fn export(
    admin: &Administration<'_>,
    config: &Config,
    command: Export,
    environment: &dyn Environment,
) -> Outcome {
    let passphrase = passphrase(command.passphrase_file, environment)?;
    let text = state::export(&scene(admin, &bucket_name(config)), passphrase.as_ref()).await?;
    match command.out {
        None => Ok(text),
        Some(path) => match write_private(&path, &text) {
            Ok(()) => Ok(String::new()),
            Err(reason) => Err(StateCommandError::File { path, reason }),
        },
    }
}

/// Runs `import`.
pub(super) async fn import(
    admin: &Administration<'_>,
    config: &Config,
    command: Import,
    environment: &dyn Environment,
) -> Outcome {
    let passphrase = passphrase(command.passphrase_file, environment)?;
    let bytes = environment.read(&command.file);
    let bytes = bytes.map_err(|reason| StateCommandError::File { path: command.file, reason })?;
    let options = ImportOptions { apply: command.apply, prune: command.prune, passphrase: passphrase.as_ref() };
    Ok(state::import(&scene(admin, &bucket_name(config)), &bytes, options).await?)
}

/// What an import or export of this store works with.
pub(super) fn scene<'a>(
    admin: &Administration<'a>,
    bucket_name: &'a dyn Fn(&str) -> Result<(), String>,
) -> state::Scene<'a> {
    let Administration { records, account, entropy, now, .. } = *admin;
    state::Scene { records, default_account: account, bucket_name, entropy, now }
}

/// Judges bucket names by the configuration (security rule 2).
pub(super) fn bucket_name(config: &Config) -> impl Fn(&str) -> Result<(), String> {
    let backend = config.backend.clone();
    move |name| backend.check_bucket_name(name).map_err(|error| error.to_string())
}

fn passphrase(file: Option<PathBuf>, environment: &dyn Environment) -> Result<Option<Secret>, StateCommandError> {
    Ok(file.map(|path| Reference::File(path).resolve(environment)).transpose()?)
}

/// Written whole under another name first: who finds the file finds all of it, and nobody else can read it.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = path.with_file_name(name);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all());
    let moved = written.and_then(|()| std::fs::rename(&draft, path));
    if moved.is_err() {
        // What is left of a draft is of no use to anybody, and the error says what matters.
        let _ = std::fs::remove_file(&draft);
    }
    moved
}

/// Asks the backend about the bucket that is to be linked. Called outside of any runtime.
pub(super) fn ask_backend(
    command: &Bucket,
    config: &Config,
    has_bucket: fn(&Config, &str) -> Result<bool, HookError>,
) -> Result<(), StateCommandError> {
    let Bucket::Link { name, .. } = command else { return Ok(()) };
    bucket_name(config)(&name.bucket).map_err(BucketError::Name)?;
    match has_bucket(config, &name.bucket) {
        Ok(true) => Ok(()),
        Ok(false) => Err(BucketError::NotAtBackend(name.bucket.clone()).into()),
        Err(error) => Err(StateCommandError::Backend(error)),
    }
}

/// Runs a command on buckets.
pub(super) async fn bucket(admin: &Administration<'_>, config: &Config, command: Bucket) -> Outcome {
    Ok(match command {
        Bucket::List(owner) => {
            output::buckets(&admin.list_buckets(owner.account_id.as_deref(), owner.uid.as_deref()).await?)
        }
        Bucket::Info(name) => {
            let record = admin.bucket(&name.bucket).await?;
            output::bucket(&record, meaning(record.state))
        }
        Bucket::Link { name, owner } => {
            let (account, uid) = (owner.account_id.as_deref(), owner.uid.as_deref());
            output::bucket(&admin.link_bucket(&name.bucket, account, uid).await?, None)
        }
        Bucket::Unlink(name) => unlinked(&admin.unlink_bucket(&name.bucket).await?, config),
    })
}

/// What it means that a record is in this state; nothing if it is in use.
fn meaning(state: BucketState) -> Option<&'static str> {
    match state {
        BucketState::Active => None,
        BucketState::Claimed => {
            Some("its name is claimed and the server was not yet asked to make it; who claimed it can try again")
        }
        BucketState::Creating => Some(
            "the server was asked to make it and did not say that it did; out of reach until the owner makes it again",
        ),
        BucketState::Deleting => Some(
            "the server was asked to delete it and did not say that it did; out of reach until the owner deletes it again",
        ),
    }
}

fn unlinked(record: &BucketRecord, config: &Config) -> String {
    let name = &record.name;
    let owner = match &config.backend.unrecorded_bucket_owner {
        None => "nobody reaches it until it is linked again".to_owned(),
        Some(UnrecordedOwner::Account) => "it belongs to the account (backend.unrecorded_bucket_owner)".to_owned(),
        Some(UnrecordedOwner::User(user)) => format!("it belongs to {user} (backend.unrecorded_bucket_owner)"),
    };
    let mut lines = vec![match meaning(record.state) {
        None => format!("The bucket {name} has no record any more. It is still at the server, and {owner}."),
        Some(meaning) => {
            format!("warning: {meaning}. The record is removed; if the server has the bucket {name}, {owner}.")
        }
    }];
    if record.state == BucketState::Creating || record.state == BucketState::Deleting {
        lines.push("warning: a request that is still on its way can yet make or delete it.".to_owned());
    }
    if record.policy.is_some() {
        lines.push("Its bucket policy went with the record.".to_owned());
    }
    lines.join("\n")
}
