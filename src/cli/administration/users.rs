//! Users, and the caps of standalone ones.

use super::{ATTEMPTS, Administration, BATCH, Error, IssuedKey};
use crate::entity::{self, Caps, User, UserKind, folded};
use crate::iam::user::possession;
use crate::store::{self, Changes, RecordKey, Versioned};
use crate::types::{AccessKeyId, IdKind, Secret, UniqueId};

/// A user to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// Its caps.
    pub caps: Caps,
    /// Standalone, or of the account.
    pub kind: UserKind,
    /// Whether it is the account's root.
    pub account_root: bool,
}

impl Administration<'_> {
    /// Makes a user with one key. What is not given of the key is made.
    pub async fn create_user(
        &self,
        new: NewUser,
        id: Option<AccessKeyId>,
        secret: Option<Secret>,
    ) -> Result<(User, IssuedKey), Error> {
        let mut user = self.new_user(new)?;
        let key = RecordKey::user(self.account, &user.name);
        if self.records.get::<User>(&key).await?.is_some() {
            return Err(Error::UserExists(user.name));
        }
        // The id is claimed first: a user never lists a key that is someone else's.
        let issued = self.claims().claim(&user, id, secret).await?;
        user.access_keys.push(issued.id.to_string());
        match self.records.commit(Changes::new().create(&user)).await {
            Ok(()) => Ok((user, issued)),
            Err(error) => {
                self.claims().release(&issued.id, &user.id).await?;
                Err(match error {
                    store::Error::Conflict(_) => Error::UserExists(user.name),
                    other => other.into(),
                })
            }
        }
    }

    /// Makes a user without a key.
    pub async fn create_user_without_key(&self, new: NewUser) -> Result<User, Error> {
        let user = self.new_user(new)?;
        match self.records.commit(Changes::new().create(&user)).await {
            Ok(()) => Ok(user),
            Err(store::Error::Conflict(_)) => Err(Error::UserExists(user.name)),
            Err(other) => Err(other.into()),
        }
    }

    fn new_user(&self, new: NewUser) -> Result<User, Error> {
        check_name(&new.name)?;
        let id = UniqueId::generate(IdKind::User, self.entropy);
        let user = User::new(self.account.clone(), new.name, id, new.kind, self.now.millis());
        let NewUser { display_name, caps, account_root, .. } = new;
        let user = User { display_name, caps, account_root, ..user };
        if user.caps.is_empty() { Ok(user) } else { standalone(&user).map(|()| user) }
    }

    /// The user of that name.
    pub async fn user_info(&self, name: &str) -> Result<User, Error> {
        self.user(name).await.map(|found| found.value)
    }

    /// The names of all users, by name without regard to case.
    pub async fn list_users(&self) -> Result<Vec<String>, Error> {
        let (scope, mut after, mut names) = (self.scope(), None, Vec::new());
        loop {
            let batch: Vec<Versioned<User>> = self.records.list(&scope, after.as_deref(), BATCH).await?;
            let ended = batch.len() < BATCH;
            after = batch.last().map(|user| folded(&user.value.name));
            names.extend(batch.into_iter().map(|user| user.value.name));
            if ended {
                return Ok(names);
            }
        }
    }

    /// Changes the name for people.
    pub async fn modify_user(&self, name: &str, display_name: &str) -> Result<User, Error> {
        self.change_user(name, |user| {
            display_name.clone_into(&mut user.display_name);
            Ok(())
        })
        .await
    }

    /// Removes a user with its keys, and takes it out of its groups and off its policies. One who owns buckets or
    /// roles stays: they would be out of anyone's reach.
    pub async fn remove_user(&self, name: &str) -> Result<(), Error> {
        let found = self.user(name).await?.value;
        if let Some((kind, owned)) = possession(self.records, self.account, &found.id).await? {
            return Err(Error::UserOwns { user: found.name, kind, name: owned });
        }
        for group in &found.groups {
            let pairs = [("GroupName", group.name.as_str()), ("UserName", &found.name)];
            self.call("RemoveUserFromGroup", &pairs).await?;
        }
        for arn in &found.attached {
            self.call("DetachUserPolicy", &[("UserName", &found.name), ("PolicyArn", arn)]).await?;
        }
        if found.boundary.is_some() {
            self.call("DeleteUserPermissionsBoundary", &[("UserName", &found.name)]).await?;
        }
        let left = self.user(name).await?;
        if !left.value.groups.is_empty() || !left.value.attached.is_empty() || left.value.boundary.is_some() {
            return Err(Error::Conflict);
        }
        self.records.commit(Changes::new().delete(&left)).await?;
        // Nobody lists the keys any more, so they are dead; what follows makes their ids free again.
        for id in left.value.access_keys.iter().filter_map(|id| AccessKeyId::parse(id).ok()) {
            self.claims().release(&id, &left.value.id).await?;
        }
        Ok(())
    }

    /// Adds caps to a standalone user.
    pub async fn add_caps(&self, name: &str, caps: &Caps) -> Result<User, Error> {
        self.change_user(name, |user| {
            standalone(user)?;
            user.caps.add(caps);
            Ok(())
        })
        .await
    }

    /// Takes caps from a standalone user.
    pub async fn remove_caps(&self, name: &str, caps: &Caps) -> Result<User, Error> {
        self.change_user(name, |user| {
            standalone(user)?;
            user.caps.remove(caps);
            Ok(())
        })
        .await
    }

    pub(super) async fn user(&self, name: &str) -> Result<Versioned<User>, Error> {
        check_name(name)?;
        let found = self.records.get(&RecordKey::user(self.account, name)).await?;
        found.ok_or_else(|| Error::NoSuchUser(name.to_owned()))
    }

    /// Changes a user; `change` sees the record as it is at each attempt.
    pub(super) async fn change_user(
        &self,
        name: &str,
        change: impl Fn(&mut User) -> Result<(), Error>,
    ) -> Result<User, Error> {
        for _ in 0..ATTEMPTS {
            let old = self.user(name).await?;
            let mut new = old.value.clone();
            change(&mut new)?;
            match self.records.commit(Changes::new().update(&old, &new)).await {
                Ok(()) => return Ok(new),
                Err(store::Error::Conflict(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Conflict)
    }
}

fn standalone(user: &User) -> Result<(), Error> {
    match user.kind {
        UserKind::Standalone => Ok(()),
        UserKind::Iam => Err(Error::NotStandalone(user.name.clone())),
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.contains('$') { Err(Error::Tenant(name.to_owned())) } else { Ok(entity::user_name(name)?) }
}
