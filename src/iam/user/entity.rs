//! Users themselves: making, showing, listing, changing, removing.

use super::{Answer, CreateUser, Nothing};
use crate::authz::Reach;
use crate::entity::{BucketRecord, Group, Named, OidcProvider, Owner, Role, User, UserKind};
use crate::iam::about::anything;
use crate::iam::answer::Body;
use crate::iam::nouns::Noun;
use crate::iam::renamed::{self, Renamable};
use crate::iam::target::{ATTEMPTS, Call};
use crate::iam::{Error, Page, Remains, access_key, boundary};
use crate::store::{self, Changes, Records, Scope, Stored, Versioned};
use crate::types::{AccountId, IdKind, UniqueId};

/// How many records are read at a time.
const BATCH: usize = 200;

/// Makes an IAM user of the account. Caps reach only standalone users (security rule 13), so who administers by caps
/// makes one of those, without caps, as in Ceph; it could not reach an IAM user again.
pub(super) async fn create(call: &Call<'_>, create: &CreateUser) -> Result<Body, Error> {
    let resource = Noun::User.resource(call.account(), &create.path, &create.user_name);
    call.covers("iam:CreateUser", &resource)?;
    if !create.tags.is_empty() {
        call.covers("iam:TagUser", &resource)?;
    }
    let kind = match call.permit.reach() {
        Reach::Account => UserKind::Iam,
        Reach::Standalone(_) => UserKind::Standalone,
    };
    let id = UniqueId::generate(IdKind::User, call.scene.entropy);
    let user = User {
        path: create.path.clone(),
        display_name: create.user_name.clone(),
        tags: create.tags.clone(),
        boundary: create.boundary.as_ref().map(|policy| policy.as_str().to_owned()),
        ..User::new(call.account().clone(), &create.user_name, id, kind, call.scene.now.millis())
    };
    let mut further = Changes::new();
    if let Some(policy) = &create.boundary {
        further = boundary::taken(call, further, &user, policy).await?;
    }
    call.create(&user, further).await?;
    Ok(Body::User(Answer::Shown(Box::new(user))))
}

pub(super) async fn get(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    let user = call.entity::<User>(name).await?.value;
    Ok(Body::User(Answer::Shown(Box::new(user))))
}

pub(super) async fn list(call: &Call<'_>, path_prefix: &str, page: &Page) -> Result<Body, Error> {
    let (users, marker) = call.list::<User>(path_prefix, page).await?;
    Ok(Body::User(Answer::Page { users, marker }))
}

/// Changes path and name. The user keeps keys, sessions and what it owns: all that names it follows in the same commit,
/// except for the keys, which lead to both names meanwhile.
pub(super) async fn update(
    call: &Call<'_>,
    name: &str,
    new_name: Option<&str>,
    new_path: Option<&str>,
) -> Result<Body, Error> {
    let (old, new) = renamed::update::<User>(call, name, new_name, new_path).await?;
    if old.name != new.name {
        access_key::lead_to(call, &new).await;
    }
    Ok(Body::Empty)
}

impl Renamable for User {
    type Other = Group;

    fn name_and_path_mut(&mut self) -> (&mut String, &mut String) {
        (&mut self.name, &mut self.path)
    }

    fn others(&self) -> &[Named] {
        &self.groups
    }

    fn names_in(group: &mut Group) -> &mut Vec<Named> {
        &mut group.members
    }

    async fn before(call: &Call<'_>, old: &Self, new_name: &str) -> Result<(), Error> {
        access_key::lead_to_both(call, old, new_name).await
    }
}

/// The policy that was the boundary changes with it.
pub(super) async fn delete(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    for _ in 0..ATTEMPTS {
        let old = call.entity::<User>(name).await?;
        if let Some(remains) = remains(&old.value) {
            return Err(Error::DeleteConflict(remains));
        }
        let standalone = old.value.kind == UserKind::Standalone;
        if standalone && possession(call.scene.records, call.account(), &old.value.id).await?.is_some() {
            return Err(Error::DeleteConflict(Remains::Possessions));
        }
        let changes = boundary::released(call, Changes::new().delete(&old), &old.value).await?;
        if call.commit(changes).await? {
            return Ok(Body::Empty);
        }
    }
    Err(Error::ConcurrentModification)
}

fn remains(user: &User) -> Option<Remains> {
    let conditions = [
        (user.access_keys.is_empty(), Remains::AccessKeys),
        (user.groups.is_empty(), Remains::Members),
        (user.attached.is_empty(), Remains::AttachedPolicies),
        (user.policies.is_empty(), Remains::InlinePolicies),
    ];
    conditions.into_iter().find(|(gone, _)| !gone).map(|(_, remains)| remains)
}

/// A role, provider or bucket that the user with this id owns: what it is, and its name. Without the user they would
/// be out of anyone's reach. Reads the account's roles and providers and all buckets.
pub async fn possession(
    records: &Records,
    account: &AccountId,
    user: &UniqueId,
) -> Result<Option<(&'static str, String)>, store::Error> {
    let owns = |owner: &Owner| matches!(owner, Owner::User { id, .. } if id == user);
    let scope = Scope::Account(account.clone());
    if let Some(role) = first(records, &scope, |role: &Role| owns(&role.owner)).await? {
        return Ok(Some(("role", role.name)));
    }
    if let Some(provider) = first(records, &scope, |provider: &OidcProvider| owns(&provider.owner)).await? {
        return Ok(Some(("oidc-provider", provider.url)));
    }
    let bucket = first(records, &Scope::Global, |bucket: &BucketRecord| owns(&bucket.owner)).await?;
    Ok(bucket.map(|bucket| ("bucket", bucket.name)))
}

/// The first record of a kind that `wanted` takes.
async fn first<T: Stored>(
    records: &Records,
    scope: &Scope,
    wanted: impl Fn(&T) -> bool,
) -> Result<Option<T>, store::Error> {
    let mut after = None;
    loop {
        let batch: Vec<Versioned<T>> = records.list(scope, after.as_deref(), BATCH).await?;
        let ended = batch.len() < BATCH;
        after = batch.last().map(|last| last.value.record_key().name);
        if let Some(found) = batch.into_iter().find(|record| wanted(&record.value)) {
            return Ok(Some(found.value));
        }
        if ended {
            return Ok(None);
        }
    }
}

/// Something that no user has here. The user must be there.
pub(super) async fn nothing(call: &Call<'_>, nothing: Nothing, name: &str) -> Result<Body, Error> {
    call.entity::<User>(name).await?;
    Ok(Body::User(Answer::Nothing(nothing)))
}

/// The same of the whole account.
pub(super) fn nothing_at_all(call: &Call<'_>, nothing: Nothing) -> Result<Body, Error> {
    call.covers(call.action, &anything())?;
    Ok(Body::User(Answer::Nothing(nothing)))
}

/// Users have no passwords.
pub(super) async fn no_login_profile(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    let user = call.entity::<User>(name).await?.value;
    Err(Error::NoLoginProfile(user.name))
}
