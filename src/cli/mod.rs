//! The command line: `serve`, the checks, and the administration of users and roles (DESIGN section 11).
//!
//! Commands work on the store that the configuration names, whether a server runs or not. They print JSON as Ceph's
//! documents show it on standard output; an error is one line on standard error and an exit status by the numbers of
//! Linux's errors, as Ceph's tools have them. What commands change is audited with the uid of who ran them.

mod administration;
mod args;
mod argv;
mod catalogue;
mod check;
mod commands;
mod help;
mod import;
mod open;
mod output;
mod people;
mod policy_args;
mod policy_commands;
mod providers;
mod sessions;
pub mod state;
mod state_commands;
mod token_keys;

pub use administration::{
    Administration, BucketError, Error as AdministrationError, IssuedKey, KEYS_QUOTA, NewProvider, NewUser,
    ProviderChange, SessionsOf, WhichSessions,
};
pub use import::{ImportError, import_once};
pub use open::{OpenError, open_store, present_token_keys, token_keys};

use crate::conf::{Config, Environment, Sink, own_uid};
use crate::telemetry::{self, CommandRecord};
use crate::types::{AccountId, Clock, Entropy};
use args::{Args, Command};
use argv::ArgvError;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};
use commands::CommandError;
use policy_args::Policy;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An error of what the command line calls, shown as it is.
pub type HookError = Box<dyn std::error::Error + Send + Sync>;

/// What the command line calls outside of it.
pub struct Hooks {
    /// The present time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Serves until stopped. Called outside of any runtime.
    pub serve: fn(Config, ServeOptions) -> Result<(), HookError>,
    /// Proves what the gate relies on at the backend, and writes a report. Called outside of any runtime.
    pub check_backend: fn(Config, &mut dyn Write) -> Result<(), HookError>,
    /// Whether the backend has a bucket of this name. Called outside of any runtime.
    pub has_bucket: fn(&Config, &str) -> Result<bool, HookError>,
}

/// Options of `serve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeOptions {
    /// `--allow-weak` (security rule 32).
    pub allow_weak: bool,
}

/// A command ended without success.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Argv(#[from] ArgvError),
    /// clap's own words, in one line.
    #[error("{0}")]
    Usage(String),
    #[error(
        "there is no configuration file {path}; name one with --config FILE or in the environment variable ROLEGATE_CONFIG",
        path = .0.display()
    )]
    NoConfig(PathBuf),
    #[error(transparent)]
    Config(#[from] crate::conf::ConfigErrors),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Command(#[from] commands::CommandError),
    #[error(transparent)]
    State(#[from] state_commands::StateCommandError),
    #[error("the command cannot be audited, and audit.required is set, so nothing was changed: {0}")]
    CannotAudit(io::Error),
    #[error("the change was made, but its audit line could not be written: {0}")]
    NotAudited(io::Error),
    #[error("the runtime cannot be started: {0}")]
    Runtime(io::Error),
    #[error("{0}")]
    Hook(HookError),
    #[error("the answer cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    fn exit_status(&self) -> u8 {
        match self {
            Self::Argv(_) | Self::Usage(_) | Self::Config(_) => 22,
            Self::NoConfig(_) => 2,
            Self::Command(error) => error.exit_status(),
            Self::State(error) => error.exit_status(),
            Self::Open(_) | Self::CannotAudit(_) | Self::NotAudited(_) | Self::Output(_) => 5,
            Self::Runtime(_) | Self::Hook(_) => 1,
        }
    }
}

/// Runs the command line `args`, the program's name first, and returns the exit status.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    environment: &dyn Environment,
    hooks: &Hooks,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let result = parse(args).and_then(|parsed| match parsed {
        Parsed::Help(text) => Ok(out.write_all(text.as_bytes())?),
        Parsed::Command(args) => dispatch(*args, environment, hooks, out),
    });
    match result {
        Ok(()) => 0,
        Err(failure) => {
            // Who closes the pipe, as `head` does, has read enough.
            if !matches!(&failure, Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe) {
                // Nobody is left to be told if this fails too.
                let _ = writeln!(err, "rolegate: {failure}");
            }
            failure.exit_status()
        }
    }
}

enum Parsed {
    Help(String),
    Command(Box<Args>),
}

fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed, Failure> {
    let args: Vec<String> =
        args.into_iter().map(OsString::into_string).collect::<Result<_, _>>().map_err(|_| ArgvError::NotText)?;
    let command = help::teach(Args::command());
    let arranged = argv::arrange(args, &command)?;
    let parsed = command.try_get_matches_from(arranged).and_then(|matches| Args::from_arg_matches(&matches));
    match parsed {
        Ok(args) => Ok(Parsed::Command(Box::new(args))),
        Err(error) if !error.use_stderr() => Ok(Parsed::Help(error.render().to_string())),
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Err(Failure::Usage("a command is missing; run `rolegate help`".to_owned()))
        }
        Err(error) => {
            let text = error.render().to_string();
            let first: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            let line = first.join(" ");
            Err(Failure::Usage(line.strip_prefix("error: ").map(str::to_owned).unwrap_or(line)))
        }
    }
}

fn dispatch(args: Args, environment: &dyn Environment, hooks: &Hooks, out: &mut dyn Write) -> Result<(), Failure> {
    if let Command::Completions { shell } = args.command {
        return Ok(out.write_all(&help::completions(shell))?);
    }
    let is_named = args.config.is_some() || environment.variable("ROLEGATE_CONFIG").is_some();
    let path = args
        .config
        .or_else(|| environment.variable("ROLEGATE_CONFIG").map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("rolegate.toml"));
    let config = match (load(&path, environment), &args.command) {
        // A document can be judged without a store; only its principals cannot be looked up.
        (Err(Failure::NoConfig(_)), Command::Policy(Policy::Validate { file, kind, format })) if !is_named => {
            let account = AccountId::empty();
            let checked = policy_commands::check(None, &account, file, *kind, *format, environment);
            let runtime = runtime()?;
            return print(runtime.block_on(checked).map_err(Failure::from), out);
        }
        (config, _) => config?,
    };
    match args.command {
        Command::Serve { allow_weak } => (hooks.serve)(config, ServeOptions { allow_weak }).map_err(Failure::Hook),
        Command::CheckBackend => (hooks.check_backend)(config, out).map_err(Failure::Hook),
        Command::CheckConf => Ok(out.write_all(check::check_conf(&path, &config, environment)?.as_bytes())?),
        command => administer(&config, command, environment, hooks, out),
    }
}

fn load(path: &Path, environment: &dyn Environment) -> Result<Config, Failure> {
    match environment.read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::NoConfig(path.to_owned())),
        _ => Ok(Config::load(path, environment)?),
    }
}

/// Runs a command on the store, and audits it if it changes something.
fn administer(
    config: &Config,
    command: Command,
    environment: &dyn Environment,
    hooks: &Hooks,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let change = commands::change(&command);
    let audit = match (&config.logs.audit, &change) {
        (Sink::File(path), Some(_)) => Some(path.as_path()),
        _ => None,
    };
    if let (Some(path), true) = (audit, config.audit.required) {
        telemetry::check_audit(path).map_err(Failure::CannotAudit)?;
    }
    let asked = match &command {
        Command::Bucket(command) => state_commands::ask_backend(command, config, hooks.has_bucket),
        _ => Ok(()),
    };
    let result = match asked {
        Ok(()) => runtime()?.block_on(on_store(config, command, environment, hooks)),
        Err(error) => Err(error.into()),
    };
    if let (Some(path), Some((command, target))) = (audit, change) {
        let outcome = result.as_ref().map_or_else(ToString::to_string, |_| "done".to_owned());
        let record = CommandRecord { time: hooks.clock.now(), uid: own_uid(), command, target, outcome };
        let audited = telemetry::append_command(path, &record);
        if result.is_ok() {
            audited.map_err(Failure::NotAudited)?;
        }
    }
    print(result, out)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)
}

/// Writes the answer of a command; findings are an answer and a failure.
fn print(result: Result<String, Failure>, out: &mut dyn Write) -> Result<(), Failure> {
    let (text, failure) = match result {
        Ok(text) => (text, None),
        Err(Failure::Command(CommandError::Findings { text, errors })) => {
            (text, Some(Failure::Command(CommandError::Findings { text: String::new(), errors })))
        }
        Err(failure) => return Err(failure),
    };
    if !text.is_empty() {
        writeln!(out, "{text}")?;
    }
    failure.map_or(Ok(()), Err)
}

async fn on_store(
    config: &Config,
    command: Command,
    environment: &dyn Environment,
    hooks: &Hooks,
) -> Result<String, Failure> {
    // The ring is no part of the store.
    let command = match command {
        Command::TokenKey(command) => {
            let done = token_keys::run(config, command, environment, hooks.entropy.as_ref(), hooks.clock.now());
            return Ok(done.map_err(commands::CommandError::from)?);
        }
        other => other,
    };
    let (records, _store) = open_store(config, environment, hooks).await?;
    let default_account = &config.identity.account_id;
    let admin = Administration {
        records: &records,
        account: default_account,
        default_account,
        entropy: hooks.entropy.as_ref(),
        now: hooks.clock.now(),
    };
    let text = match command {
        Command::Account(command) => people::account(&admin, command).await?,
        Command::User(command) => people::user(&inside(&admin, &account(&command, &admin).await?), command).await?,
        Command::Key(command) => people::key(&inside(&admin, &account(&command, &admin).await?), command).await?,
        Command::Caps(command) => people::caps(&inside(&admin, &account(&command, &admin).await?), command).await?,
        Command::Group(command) => people::group(&inside(&admin, &account(&command, &admin).await?), command).await?,
        Command::UserPolicy(command) => {
            people::policy(&inside(&admin, &account(&command, &admin).await?), command, environment).await?
        }
        Command::GroupPolicy(command) => {
            people::policy(&inside(&admin, &account(&command, &admin).await?), command, environment).await?
        }
        Command::Role(command) => {
            commands::role(&inside(&admin, &account(&command, &admin).await?), command, environment).await?
        }
        Command::RoleTrustPolicy(command) => {
            commands::trust_policy(&inside(&admin, &account(&command, &admin).await?), command, environment).await?
        }
        Command::RolePolicy(command) => {
            commands::role_policy(&inside(&admin, &account(&command, &admin).await?), command, environment).await?
        }
        Command::OidcProvider(command) => {
            providers::provider(&inside(&admin, &account(&command, &admin).await?), command).await?
        }
        Command::Session(command) => {
            sessions::session(&inside(&admin, &account(&command, &admin).await?), command).await?
        }
        Command::Policy(command) => {
            policy_commands::policy(&inside(&admin, &account(&command, &admin).await?), command, environment).await?
        }
        Command::Explain(asked) => {
            let audit = match &config.logs.audit {
                Sink::File(path) => Some(path.as_path()),
                Sink::Off | Sink::Stdout => None,
            };
            policy_commands::explain(&admin, &asked, audit, environment).await?
        }
        Command::Bucket(command) => state_commands::bucket(&admin, config, command).await?,
        Command::Export(command) => state_commands::export(&admin, config, command, environment).await?,
        Command::Import(command) => state_commands::import(&admin, config, command, environment).await?,
        // Not commands on the store; they have been taken before.
        Command::Serve { .. }
        | Command::CheckConf
        | Command::CheckBackend
        | Command::TokenKey(_)
        | Command::Completions { .. } => String::new(),
    };
    Ok(text)
}

/// The account that a command works in.
async fn account(
    command: &impl people::InSomeAccount,
    admin: &Administration<'_>,
) -> Result<AccountId, commands::CommandError> {
    Ok(people::account_of(command, admin).await?)
}

/// The same store, in this account.
fn inside<'a>(admin: &Administration<'a>, account: &'a AccountId) -> Administration<'a> {
    Administration { account, ..*admin }
}

#[cfg(test)]
mod tests;
