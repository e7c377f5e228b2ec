//! Access keys of users: making, listing, switching, removing.
//!
//! A key is a global record, its user one of the account: two scopes, and a commit is in one. What ends or gives
//! rights is in the user's commit, under the decision's evidence (security rule 17): a key that the user does not list
//! is nobody's.

use super::{Answer, ClaimError, Claims, IssuedKey, owner};
use crate::entity::{AccessKey, KeyStatus, LastUsed, Used, User, quota};
use crate::iam::about::anything;
use crate::iam::answer::Body;
use crate::iam::target::{ATTEMPTS, Call};
use crate::iam::{Error, Page, Scene};
use crate::store::{self, Changes, RecordKey, Versioned};
use crate::types::{AccessKeyId, ResourceName};

fn claims<'a>(scene: &Scene<'a>) -> Claims<'a> {
    Claims { records: scene.records, entropy: scene.entropy, now: scene.now }
}

pub(super) async fn create(call: &Call<'_>, name: &str) -> Result<Body, Error> {
    let user = call.entity::<User>(name).await?.value;
    has_room(&user)?;
    let issued = claims(call.scene).claim(&user, None, None).await.map_err(not_claimed)?;
    let listed = call
        .change::<User>(name, |found| {
            if found.id != user.id {
                return Err(Error::ConcurrentModification);
            }
            has_room(found)?;
            found.access_keys.push(issued.id.to_string());
            Ok(())
        })
        .await;
    match listed {
        Ok(user) => {
            (call.scene.committed)(&RecordKey::access_key(&issued.id));
            Ok(Body::AccessKey(created(&user, issued, call)))
        }
        // The user may list it all the same: the record stays, and can be removed as any key.
        Err(error @ Error::Store(_)) => Err(error),
        Err(error) => {
            release(call, &issued.id, &user).await?;
            Err(error)
        }
    }
}

/// Id and secret are made here, so that only the store or a random id that is taken can refuse.
fn not_claimed(error: ClaimError) -> Error {
    match error {
        ClaimError::Store(store::Error::Conflict(_)) => Error::ConcurrentModification,
        ClaimError::Store(error) => Error::Store(error),
        ClaimError::Id(_) | ClaimError::Temporary(_) | ClaimError::Secret | ClaimError::Taken(_) => {
            Error::ConcurrentModification
        }
    }
}

fn created(user: &User, issued: IssuedKey, call: &Call<'_>) -> Answer {
    Answer::Created { user_name: user.name.clone(), issued, created: call.scene.now.millis() }
}

fn has_room(user: &User) -> Result<(), Error> {
    if user.access_keys.len() < quota::ACCESS_KEYS {
        Ok(())
    } else {
        Err(Error::Quota { name: "AccessKeysPerUser", limit: quota::ACCESS_KEYS })
    }
}

async fn release(call: &Call<'_>, id: &AccessKeyId, user: &User) -> Result<(), Error> {
    let released = claims(call.scene).release(id, &user.id).await;
    (call.scene.committed)(&RecordKey::access_key(id));
    match released {
        // Someone else has changed or removed it meanwhile: nobody lists it, so it is dead all the same.
        Err(store::Error::Conflict(_)) => Ok(()),
        other => Ok(other?),
    }
}

pub(super) async fn list(call: &Call<'_>, name: &str, page: &Page) -> Result<Body, Error> {
    let user = call.entity::<User>(name).await?.value;
    let mut keys = Vec::with_capacity(user.access_keys.len());
    for id in user.access_keys.iter().filter_map(|id| AccessKeyId::parse(id).ok()) {
        let found: Option<Versioned<AccessKey>> = call.scene.records.get(&RecordKey::access_key(&id)).await?;
        keys.extend(found.map(|found| found.value).filter(|key| key.is_of(&user)));
    }
    let (keys, marker) = page.by_place(&keys)?;
    Ok(Body::AccessKey(Answer::Page { user_name: user.name, keys, marker }))
}

/// Sessions that were minted from the key end with it, and live again with it (security rule 14).
pub(super) async fn update(call: &Call<'_>, name: &str, id: &AccessKeyId, status: KeyStatus) -> Result<Body, Error> {
    let user = listing(call, name, id).await?.value;
    // The decision is of the account's scope, the key is global: what the decision read is compared just before.
    if !call.commit(Changes::new()).await? {
        return Err(Error::ConcurrentModification);
    }
    let found = change(call, id, &user, |key| key.status = status).await?;
    if found { Ok(Body::Empty) } else { Err(Error::NoSuchAccessKey(id.clone())) }
}

/// First off its user's list, which ends it, then its record.
pub(super) async fn delete(call: &Call<'_>, name: &str, id: &AccessKeyId) -> Result<Body, Error> {
    for _ in 0..ATTEMPTS {
        let old = listing(call, name, id).await?;
        let mut new = old.value.clone();
        new.access_keys.retain(|listed| listed != id.as_str());
        let mut changes = Changes::new().update(&old, &new);
        let used = RecordKey::last_used(call.account(), &Used::Key(id.clone()));
        if let Some(used) = call.scene.records.get::<LastUsed>(&used).await? {
            changes = changes.delete(&used);
        }
        if call.commit(changes).await? {
            release(call, id, &new).await?;
            return Ok(Body::Empty);
        }
    }
    Err(Error::ConcurrentModification)
}

/// The user, if it lists the key.
async fn listing(call: &Call<'_>, name: &str, id: &AccessKeyId) -> Result<Versioned<User>, Error> {
    let user = call.entity::<User>(name).await?;
    let listed = user.value.access_keys.iter().any(|listed| listed == id.as_str());
    if listed { Ok(user) } else { Err(Error::NoSuchAccessKey(id.clone())) }
}

pub(super) async fn last_used(call: &Call<'_>, id: &AccessKeyId) -> Result<Body, Error> {
    let Some((_, user)) = owner(id, call.account(), call.scene.records).await? else {
        call.covers(call.action, &anything())?;
        return Err(Error::NoSuchAccessKey(id.clone()));
    };
    call.covers(call.action, &ResourceName::new(user.value.arn()))?;
    call.reached(&user.value)?;
    let key = RecordKey::last_used(call.account(), &Used::Key(id.clone()));
    let used = call.scene.records.get::<LastUsed>(&key).await?;
    Ok(Body::AccessKey(Answer::LastUsed { user_name: user.value.name, used: used.map(|used| used.value) }))
}

/// Has the user's keys lead to the name that the user is about to get, beside the present one.
pub(in crate::iam) async fn lead_to_both(call: &Call<'_>, user: &User, next: &str) -> Result<(), Error> {
    each(call, user, |key| {
        key.user_name.clone_from(&user.name);
        key.next_user_name = Some(next.to_owned());
    })
    .await
}

/// Has the user's keys lead to its name alone. A key that this does not reach leads to both names, which does no harm.
pub(in crate::iam) async fn lead_to(call: &Call<'_>, user: &User) {
    let _ = each(call, user, |key| {
        key.user_name.clone_from(&user.name);
        key.next_user_name = None;
    })
    .await;
}

async fn each(call: &Call<'_>, user: &User, how: impl Fn(&mut AccessKey)) -> Result<(), Error> {
    for id in user.access_keys.iter().filter_map(|id| AccessKeyId::parse(id).ok()) {
        change(call, &id, user, &how).await?;
    }
    Ok(())
}

/// Changes the record of a key of the user; `false` if there is none.
async fn change(call: &Call<'_>, id: &AccessKeyId, user: &User, how: impl Fn(&mut AccessKey)) -> Result<bool, Error> {
    let record_key = RecordKey::access_key(id);
    for _ in 0..ATTEMPTS {
        let found: Option<Versioned<AccessKey>> = call.scene.records.get(&record_key).await?;
        let Some(old) = found.filter(|found| found.value.user_id == user.id) else { return Ok(false) };
        let mut new = old.value.clone();
        how(&mut new);
        let result = call.scene.records.commit(Changes::new().update(&old, &new)).await;
        // Also after an error: an ambiguous commit may have happened.
        (call.scene.committed)(&record_key);
        match result {
            Ok(()) => return Ok(true),
            Err(store::Error::Conflict(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(Error::ConcurrentModification)
}
