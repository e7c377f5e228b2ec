//! What these commands change, for the audit line: the command's words and what it is about.

use super::args::{Account, Caps, EntityPolicy, Group, Key, User};
use super::{InSomeAccount, PolicyHolder};
use clap::Args;

type Change = Option<(&'static str, String)>;

/// The name, with the account if one is given.
pub(in crate::cli) fn of(name: &str, account: Option<&str>) -> String {
    match account {
        Some(account) => format!("{name} of account {account}"),
        None => name.to_owned(),
    }
}

pub(in crate::cli) fn account(command: &Account) -> Change {
    match command {
        Account::Create { account_name, account_id } => {
            Some(("account create", account_id.as_ref().or(account_name.as_ref()).cloned().unwrap_or_default()))
        }
        Account::Rm { account_id } => Some(("account rm", account_id.clone())),
        Account::Get { .. } | Account::List => None,
    }
}

pub(in crate::cli) fn user(command: &User) -> Change {
    let (words, uid) = match command {
        User::Create { uid, account_root: true, .. } => ("user create --account-root", uid),
        User::Create { uid, .. } => ("user create", uid),
        User::Modify { uid, .. } => ("user modify", uid),
        User::Rm(uid) => ("user rm", uid),
        User::Info(_) | User::List(_) => return None,
    };
    Some((words, of(&uid.uid, command.account_id())))
}

pub(in crate::cli) fn key(command: &Key) -> Change {
    let (words, about) = match command {
        Key::Create { uid, .. } => ("key create", &uid.uid),
        Key::Modify { key, inactive: true, .. } => ("key modify --inactive", &key.access_key),
        Key::Modify { key, .. } => ("key modify --active", &key.access_key),
        Key::Rm(key) => ("key rm", &key.access_key),
    };
    Some((words, of(about, command.account_id())))
}

pub(in crate::cli) fn caps(command: &Caps) -> Change {
    let (words, caps) = match command {
        Caps::Add(caps) => ("caps add", caps),
        Caps::Rm(caps) => ("caps rm", caps),
    };
    Some((words, format!("{} {}", of(&caps.uid.uid, command.account_id()), caps.caps)))
}

pub(in crate::cli) fn group(command: &Group) -> Change {
    let (words, about) = match command {
        Group::Create { name, .. } => ("group create", name.group_name.clone()),
        Group::Rm(name) => ("group rm", name.group_name.clone()),
        Group::AddUser(of) => ("group add-user", format!("{} {}", of.group.group_name, of.uid)),
        Group::RemoveUser(of) => ("group remove-user", format!("{} {}", of.group.group_name, of.uid)),
        Group::Get(_) | Group::List { .. } => return None,
    };
    Some((words, of(&about, command.account_id())))
}

pub(in crate::cli) fn policy<N: Args + PolicyHolder>(command: &EntityPolicy<N>) -> Change {
    let (index, whose, what) = match command {
        EntityPolicy::Put { of, policy_name, .. } => (0, of, policy_name),
        EntityPolicy::Delete { of, policy_name } => (1, of, policy_name),
        EntityPolicy::Attach { of, policy } => (2, of, &policy.policy_arn),
        EntityPolicy::Detach { of, policy } => (3, of, &policy.policy_arn),
        EntityPolicy::Get { .. } | EntityPolicy::List(_) | EntityPolicy::ListAttached(_) => return None,
    };
    let words = N::CHANGES.get(index).copied()?;
    Some((words, of(&format!("{} {what}", whose.name()), command.account_id())))
}
