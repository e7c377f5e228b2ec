//! Commands on accounts, users, keys, caps and groups: each a call into [`Administration`] and a text for standard
//! output.

pub(super) mod args;
pub(super) mod change;

use super::administration::{self, Administration, NewUser, PolicyOwner};
use super::commands::{Outcome, document};
use super::output;
use crate::conf::Environment;
use crate::entity::{self, KeyStatus, UserKind};
use crate::types::{AccessKeyId, AccountId, Secret};
use args::{Account, Caps, EntityPolicy, Group, GroupName, InAccount, Key, NewKey, Uid, User};
use clap::Args;

/// A command that works in the configured account unless another is named.
pub(super) trait InSomeAccount {
    /// The id that was named.
    fn account_id(&self) -> Option<&str>;
}

impl InSomeAccount for InAccount {
    fn account_id(&self) -> Option<&str> {
        self.account_id.as_deref()
    }
}

impl InSomeAccount for User {
    fn account_id(&self) -> Option<&str> {
        match self {
            Self::Create { uid, .. } | Self::Modify { uid, .. } | Self::Info(uid) | Self::Rm(uid) => &uid.account,
            Self::List(account) => account,
        }
        .account_id()
    }
}

impl InSomeAccount for Key {
    fn account_id(&self) -> Option<&str> {
        match self {
            Self::Create { uid, .. } => &uid.account,
            Self::Modify { key, .. } | Self::Rm(key) => &key.account,
        }
        .account_id()
    }
}

impl InSomeAccount for Caps {
    fn account_id(&self) -> Option<&str> {
        let (Self::Add(caps) | Self::Rm(caps)) = self;
        caps.uid.account.account_id()
    }
}

impl InSomeAccount for Group {
    fn account_id(&self) -> Option<&str> {
        match self {
            Self::Create { name, .. } | Self::Get(name) | Self::Rm(name) => &name.account,
            Self::List { account, .. } => account,
            Self::AddUser(of) | Self::RemoveUser(of) => &of.group.account,
        }
        .account_id()
    }
}

impl<N: Args + PolicyHolder> InSomeAccount for EntityPolicy<N> {
    fn account_id(&self) -> Option<&str> {
        match self {
            Self::Put { of, .. }
            | Self::Get { of, .. }
            | Self::List(of)
            | Self::Delete { of, .. }
            | Self::Attach { of, .. }
            | Self::Detach { of, .. }
            | Self::ListAttached(of) => of.account().account_id(),
        }
    }
}

/// Whose policies a command is about.
pub(super) trait PolicyHolder {
    /// The words of the commands that put, delete, attach and detach, for the audit.
    const CHANGES: [&'static str; 4];
    fn account(&self) -> &InAccount;
    fn name(&self) -> &str;
    fn owner(&self) -> PolicyOwner<'_>;
}

impl PolicyHolder for Uid {
    const CHANGES: [&'static str; 4] =
        ["user-policy put", "user-policy delete", "user-policy attach", "user-policy detach"];

    fn account(&self) -> &InAccount {
        &self.account
    }

    fn name(&self) -> &str {
        &self.uid
    }

    fn owner(&self) -> PolicyOwner<'_> {
        PolicyOwner::User(&self.uid)
    }
}

impl PolicyHolder for GroupName {
    const CHANGES: [&'static str; 4] =
        ["group-policy put", "group-policy delete", "group-policy attach", "group-policy detach"];

    fn account(&self) -> &InAccount {
        &self.account
    }

    fn name(&self) -> &str {
        &self.group_name
    }

    fn owner(&self) -> PolicyOwner<'_> {
        PolicyOwner::Group(&self.group_name)
    }
}

/// The account that the command names, which must be there; else the configured one.
pub(super) async fn account_of(
    command: &impl InSomeAccount,
    admin: &Administration<'_>,
) -> Result<AccountId, administration::Error> {
    match command.account_id() {
        // As in an ARN, an empty id is the configured account's.
        None | Some("") => Ok(admin.default_account.clone()),
        Some(id) => Ok(admin.account_by_id(&AccountId::parse(id)?).await?.id),
    }
}

/// Runs a command on accounts.
pub(super) async fn account(admin: &Administration<'_>, command: Account) -> Outcome {
    let parse = |id: &str| AccountId::parse(id).map_err(administration::Error::from);
    match command {
        Account::Create { account_name, account_id } => {
            let id = account_id.as_deref().map(parse).transpose()?;
            Ok(output::account(&admin.create_account(account_name.as_deref(), id).await?))
        }
        Account::Get { account_id: Some(id), .. } => Ok(output::account(&admin.account_by_id(&parse(&id)?).await?)),
        Account::Get { account_name, .. } => {
            Ok(output::account(&admin.account_by_name(&account_name.unwrap_or_default()).await?))
        }
        Account::List => {
            let ids = admin.list_accounts().await?.into_iter().map(|account| account.id.to_string());
            Ok(output::names(&ids.collect::<Vec<_>>()))
        }
        Account::Rm { account_id } => {
            admin.remove_account(&parse(&account_id)?).await?;
            Ok(String::new())
        }
    }
}

/// Runs a command on users.
pub(super) async fn user(admin: &Administration<'_>, command: User) -> Outcome {
    match command {
        User::Create { uid, account_root, display_name, key, caps } => {
            let caps = caps.map_or_else(|| Ok(entity::Caps::default()), |caps| entity::Caps::parse(&caps));
            let caps = caps.map_err(administration::Error::from)?;
            let (id, secret) = new_key(key)?;
            let display_name = display_name.unwrap_or_else(|| uid.uid.clone());
            let kind = if uid.account.account_id.is_some() { UserKind::Iam } else { UserKind::Standalone };
            let new = NewUser { name: uid.uid, display_name, caps, kind, account_root };
            let (user, issued) = admin.create_user(new, id, secret).await?;
            Ok(output::user(&user, Some(&issued), &[]))
        }
        User::Modify { uid, display_name } => show(admin, admin.modify_user(&uid.uid, &display_name).await?).await,
        User::Info(uid) => show(admin, admin.user_info(&uid.uid).await?).await,
        User::List(_) => Ok(output::names(&admin.list_users().await?)),
        User::Rm(uid) => {
            admin.remove_user(&uid.uid).await?;
            Ok(String::new())
        }
    }
}

/// A user without secrets.
async fn show(admin: &Administration<'_>, user: entity::User) -> Outcome {
    let inactive = admin.inactive_keys(&user).await?;
    Ok(output::user(&user, None, &inactive))
}

/// Runs a command on keys.
pub(super) async fn key(admin: &Administration<'_>, command: Key) -> Outcome {
    let parse = |id: &str| AccessKeyId::parse(id).map_err(administration::Error::from);
    let user = match command {
        Key::Create { uid, key } => {
            let (id, secret) = new_key(key)?;
            let (user, issued) = admin.create_key(&uid.uid, id, secret).await?;
            let inactive = admin.inactive_keys(&user).await?;
            return Ok(output::user(&user, Some(&issued), &inactive));
        }
        Key::Modify { key, inactive, .. } => {
            let status = if inactive { KeyStatus::Inactive } else { KeyStatus::Active };
            admin.set_key_status(&parse(&key.access_key)?, key.uid.as_deref(), status).await?
        }
        Key::Rm(key) => admin.remove_key(&parse(&key.access_key)?, key.uid.as_deref()).await?,
    };
    match user {
        Some(user) => show(admin, user).await,
        None => Ok(String::new()),
    }
}

/// Runs a command on caps.
pub(super) async fn caps(admin: &Administration<'_>, command: Caps) -> Outcome {
    let parse = |text: &str| entity::Caps::parse(text).map_err(administration::Error::from);
    let user = match command {
        Caps::Add(of) => admin.add_caps(&of.uid.uid, &parse(&of.caps)?).await?,
        Caps::Rm(of) => admin.remove_caps(&of.uid.uid, &parse(&of.caps)?).await?,
    };
    show(admin, user).await
}

/// Runs a command on groups.
pub(super) async fn group(admin: &Administration<'_>, command: Group) -> Outcome {
    match command {
        Group::Create { name, path } => Ok(output::group(&admin.create_group(&name.group_name, &path).await?, None)),
        Group::Get(name) => {
            let (group, members) = admin.get_group(&name.group_name).await?;
            Ok(output::group(&group, Some(&members)))
        }
        Group::List { path_prefix, .. } => Ok(output::names(&admin.list_groups(&path_prefix).await?)),
        Group::Rm(name) => {
            admin.delete_group(&name.group_name).await?;
            Ok(String::new())
        }
        Group::AddUser(of) => {
            admin.add_to_group(&of.group.group_name, &of.uid).await?;
            Ok(String::new())
        }
        Group::RemoveUser(of) => {
            admin.remove_from_group(&of.group.group_name, &of.uid).await?;
            Ok(String::new())
        }
    }
}

/// Runs a command on the policies of a user or group.
pub(super) async fn policy<N: Args + PolicyHolder>(
    admin: &Administration<'_>,
    command: EntityPolicy<N>,
    environment: &dyn Environment,
) -> Outcome {
    match command {
        EntityPolicy::Put { of, policy_name, policy_doc, infile } => {
            let document = document(policy_doc, infile, environment)?;
            admin.put_inline_policy(of.owner(), &policy_name, &document).await?;
            Ok(String::new())
        }
        EntityPolicy::Get { of, policy_name } => {
            Ok(output::policy(&admin.get_inline_policy(of.owner(), &policy_name).await?))
        }
        EntityPolicy::List(of) => Ok(output::names(&admin.list_inline_policies(of.owner()).await?)),
        EntityPolicy::Delete { of, policy_name } => {
            admin.delete_inline_policy(of.owner(), &policy_name).await?;
            Ok(String::new())
        }
        EntityPolicy::Attach { of, policy } => {
            admin.attach_policy(of.owner(), &policy.policy_arn).await?;
            Ok(String::new())
        }
        EntityPolicy::Detach { of, policy } => {
            admin.detach_policy(of.owner(), &policy.policy_arn).await?;
            Ok(String::new())
        }
        EntityPolicy::ListAttached(of) => Ok(output::names(&admin.attached_policies(of.owner()).await?)),
    }
}

fn new_key(key: NewKey) -> Result<(Option<AccessKeyId>, Option<Secret>), administration::Error> {
    let id = key.access_key.filter(|_| !key.gen_access_key).map(|id| AccessKeyId::parse(&id)).transpose()?;
    Ok((id, key.secret.filter(|_| !key.gen_secret).map(Secret::new)))
}
