//! Groups themselves and their members. User and group list each other, and change in one commit.

use super::Answer;
use crate::entity::{Group, Named, User, folded, quota};
use crate::iam::answer::Body;
use crate::iam::nouns::{Entity as _, Noun};
use crate::iam::renamed::{self, Renamable};
use crate::iam::target::{ATTEMPTS, Call};
use crate::iam::{Error, Page, Remains};
use crate::store::{Changes, RecordKey, Versioned};
use crate::types::{IdKind, UniqueId};

pub(super) async fn create(call: &Call<'_>, name: &str, path: &str) -> Result<Body, Error> {
    call.covers("iam:CreateGroup", &Noun::Group.resource(call.account(), path, name))?;
    let group = Group {
        account: call.account().clone(),
        name: name.to_owned(),
        path: path.to_owned(),
        id: UniqueId::generate(IdKind::Group, call.scene.entropy),
        policies: Default::default(),
        attached: Vec::new(),
        members: Vec::new(),
        created: call.scene.now.millis(),
    };
    call.reached(&group)?;
    call.create(&group, Changes::new()).await?;
    Ok(Body::Group(Answer::Created(Box::new(group))))
}

pub(super) async fn get(call: &Call<'_>, name: &str, page: &Page) -> Result<Body, Error> {
    let group = call.entity::<Group>(name).await?.value;
    let mut members: Vec<(String, &Named)> = group.members.iter().map(|named| (folded(&named.name), named)).collect();
    members.sort();
    let folded_page = Page { after: page.after.as_deref().map(folded), ..page.clone() };
    let (members, marker) = folded_page.by_name(members, |(folded, _)| folded);
    let mut users = Vec::with_capacity(members.len());
    for (_, named) in members {
        let key = RecordKey::user(call.account(), &named.name);
        let found: Option<Versioned<User>> = call.scene.records.get(&key).await?;
        // One who is not there was removed or renamed since the group was read.
        users.extend(found.map(|found| found.value).filter(|user| user.id == named.id));
    }
    Ok(Body::Group(Answer::Shown { group: Box::new(group), users, marker }))
}

pub(super) async fn list(call: &Call<'_>, path_prefix: &str, page: &Page) -> Result<Body, Error> {
    let (groups, marker) = call.list::<Group>(path_prefix, page).await?;
    Ok(Body::Group(Answer::Page { groups, marker }))
}

pub(super) async fn update(
    call: &Call<'_>,
    name: &str,
    new_name: Option<&str>,
    new_path: Option<&str>,
) -> Result<Body, Error> {
    renamed::update::<Group>(call, name, new_name, new_path).await?;
    Ok(Body::Empty)
}

impl Renamable for Group {
    type Other = User;

    fn name_and_path_mut(&mut self) -> (&mut String, &mut String) {
        (&mut self.name, &mut self.path)
    }

    fn others(&self) -> &[Named] {
        &self.members
    }

    fn names_in(user: &mut User) -> &mut Vec<Named> {
        &mut user.groups
    }

    async fn before(_: &Call<'_>, _: &Self, _: &str) -> Result<(), Error> {
        Ok(())
    }
}

pub(super) async fn delete(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    for _ in 0..ATTEMPTS {
        let old = call.entity::<Group>(name).await?;
        let conditions = [
            (old.value.members.is_empty(), Remains::Members),
            (old.value.attached.is_empty(), Remains::AttachedPolicies),
            (old.value.policies.is_empty(), Remains::InlinePolicies),
        ];
        if let Some((_, remains)) = conditions.into_iter().find(|(gone, _)| !gone) {
            return Err(Error::DeleteConflict(remains));
        }
        if call.commit(Changes::new().delete(&old)).await? {
            return Ok(Body::Empty);
        }
    }
    Err(Error::ConcurrentModification)
}

/// Adds a user; one who is in it already stays.
pub(super) async fn add(call: &Call<'_>, group: &str, user: &str) -> Result<Body, Error> {
    member(call, group, user, |group, user| {
        if user.groups.iter().any(|one| one.id == group.id) {
            return Ok(false);
        }
        if user.groups.len() >= quota::GROUPS_OF_USER {
            return Err(Error::Quota { name: "GroupsPerUser", limit: quota::GROUPS_OF_USER });
        }
        user.groups.push(Named { name: group.name.clone(), id: group.id.clone() });
        group.members.push(Named { name: user.name.clone(), id: user.id.clone() });
        Ok(true)
    })
    .await
}

/// Removes a user; one who is not in it is no error.
pub(super) async fn remove(call: &Call<'_>, group: &str, user: &str) -> Result<Body, Error> {
    member(call, group, user, |group, user| {
        let before = user.groups.len();
        user.groups.retain(|one| one.id != group.id);
        group.members.retain(|one| one.id != user.id);
        Ok(user.groups.len() < before)
    })
    .await
}

/// Changes both sides of a membership; `change` says whether there is anything to change.
async fn member(
    call: &Call<'_>,
    group: &str,
    user: &str,
    change: impl Fn(&mut Group, &mut User) -> Result<bool, Error>,
) -> Result<Body, Error> {
    for _ in 0..ATTEMPTS {
        let old_group = call.entity::<Group>(group).await?;
        let old_user = call.other::<User>(user).await?;
        let (mut new_group, mut new_user) = (old_group.value.clone(), old_user.value.clone());
        if !change(&mut new_group, &mut new_user)? {
            return Ok(Body::Empty);
        }
        let changes = Changes::new().update(&old_group, &new_group).update(&old_user, &new_user);
        if call.commit(changes).await? {
            return Ok(Body::Empty);
        }
    }
    Err(Error::ConcurrentModification)
}

/// ListGroupsForUser.
pub(in crate::iam) async fn of_user(call: &Call<'_>, name: &str, page: &Page) -> Result<Body, Error> {
    let user = call.entity::<User>(name).await?.value;
    let mut groups: Vec<(String, Group)> = Vec::with_capacity(user.groups.len());
    for named in &user.groups {
        let found: Option<Versioned<Group>> = call.scene.records.get(&Group::key(call.account(), &named.name)).await?;
        let found = found.map(|found| found.value).filter(|group| group.id == named.id);
        groups.extend(found.map(|group| (folded(&group.name), group)));
    }
    groups.sort_by(|one, other| one.0.cmp(&other.0));
    let folded_page = Page { after: page.after.as_deref().map(folded), ..page.clone() };
    let (groups, marker) = folded_page.by_name(groups, |(folded, _)| folded);
    let groups = groups.into_iter().map(|(_, group)| group).collect();
    Ok(Body::Group(Answer::Page { groups, marker }))
}
