//! `session revoke`.

use super::administration::{self, Administration, SessionsOf, WhichSessions};
use super::commands::CommandError;
use super::people::InSomeAccount;
use crate::types::{AccessKeyId, Timestamp};
use clap::{ArgGroup, Args as ClapArgs, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// End sessions before their time, on every gate at once
    Revoke(Revoke),
}

#[derive(Debug, ClapArgs)]
#[command(group(ArgGroup::new("whose").required(true).args(["role_name", "user_name", "oidc_provider"])))]
pub(super) struct Revoke {
    /// Sessions of this role
    #[arg(long)]
    role_name: Option<String>,
    /// Sessions of this user, and those of roles that came of them
    #[arg(long, alias = "uid")]
    user_name: Option<String>,
    /// Sessions that began with a token of this provider: its URL, or its ARN
    #[arg(long, value_name = "URL", conflicts_with_all = ["before", "access_key_id"])]
    oidc_provider: Option<String>,
    /// The account of the role, user or provider, if it is not the default account
    #[arg(long)]
    account_id: Option<String>,
    /// Only sessions issued before this time, such as 2026-11-22T04:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "access_key_id")]
    before: Option<String>,
    /// Only the session with this key id, ASIA…, and those that came of it
    #[arg(long)]
    access_key_id: Option<String>,
}

impl Session {
    /// The command's words and what it is about, for its audit line.
    pub(super) fn change(&self) -> (&'static str, String) {
        let Self::Revoke(revoke) = self;
        let (kind, name) = revoke.whose();
        let mut target = format!("{kind} {name}");
        for (word, value) in
            [("account", &revoke.account_id), ("before", &revoke.before), ("key", &revoke.access_key_id)]
        {
            if let Some(value) = value {
                target.push_str(&format!(" {word} {value}"));
            }
        }
        ("session revoke", target)
    }
}

impl InSomeAccount for Session {
    fn account_id(&self) -> Option<&str> {
        let Self::Revoke(revoke) = self;
        revoke.account_id.as_deref()
    }
}

impl Revoke {
    fn whose(&self) -> (&'static str, &str) {
        match (&self.role_name, &self.oidc_provider, &self.user_name) {
            (Some(name), _, _) => ("role", name),
            (None, Some(url), _) => ("oidc-provider", url),
            (None, None, name) => ("user", name.as_deref().unwrap_or_default()),
        }
    }
}

/// Runs the command, in the account of `admin`.
pub(super) async fn session(admin: &Administration<'_>, command: Session) -> Result<String, CommandError> {
    let Session::Revoke(revoke) = command;
    let refused = CommandError::Refused;
    if let Some(url) = &revoke.oidc_provider {
        let provider = admin.revoke_provider(url).await?;
        return Ok(format!("Revoked for oidc-provider {}: all sessions", provider.name()));
    }
    let which = match (&revoke.before, &revoke.access_key_id) {
        (Some(time), _) => {
            let parsed = Timestamp::parse_iso8601(time);
            WhichSessions::Before(parsed.map_err(|_| refused(administration::Error::Time(time.clone())))?)
        }
        (None, Some(key)) => {
            WhichSessions::One(AccessKeyId::parse(key).map_err(|error| refused(administration::Error::KeyId(error)))?)
        }
        (None, None) => WhichSessions::All,
    };
    let (kind, name) = revoke.whose();
    let of = match kind {
        "role" => SessionsOf::Role(name.to_owned()),
        _ => SessionsOf::User(name.to_owned()),
    };
    admin.revoke_sessions(&of, &which).await?;
    let ended = match which {
        WhichSessions::All => "all sessions".to_owned(),
        WhichSessions::Before(time) => format!("sessions issued before {}", time.iso8601()),
        WhichSessions::One(key) => format!("session {key}"),
    };
    Ok(format!("Revoked for {kind} {name}: {ended}"))
}
