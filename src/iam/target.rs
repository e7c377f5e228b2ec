//! Finding and changing the entity of a call: under the permit, in its account, with its evidence.

use super::nouns::Entity;
use super::{Error, Page, Scene};
use crate::authz::Permit;
use crate::entity::{ManagedPolicy, folded};
use crate::store::{self, Changes, Expect, RecordKey, Scope, Versioned};
use crate::types::{AccountId, Principal, ResourceName};

/// How often a change is tried anew when only what it changes was changed by someone else meanwhile.
pub(super) const ATTEMPTS: usize = 5;
/// How many records a listing reads at a time.
const BATCH: usize = 200;

/// One call in execution.
pub(super) struct Call<'a> {
    pub(super) action: &'static str,
    pub(super) permit: &'a Permit,
    pub(super) scene: &'a Scene<'a>,
}

impl Call<'_> {
    /// The account in which the call acts (security rule 16).
    pub(super) fn account(&self) -> &AccountId {
        self.permit.account()
    }

    /// Refuses a permit that is not for `action` on `resource`. Another resource of the right action means
    /// that the entity has become another one since the decision.
    pub(super) fn covers(&self, action: &'static str, resource: &ResourceName) -> Result<(), Error> {
        let mut allowed = self.permit.requirements().iter().filter(|allowed| allowed.action == action).peekable();
        if allowed.peek().is_none() {
            Err(Error::NotPermitted(action))
        } else if allowed.any(|allowed| allowed.resource == *resource) {
            Ok(())
        } else {
            Err(Error::ConcurrentModification)
        }
    }

    /// The entity that the call is about, if the permit is for it and the caller's rights reach it.
    pub(super) async fn entity<E: Entity>(&self, name: &str) -> Result<Versioned<E>, Error> {
        let found: Option<Versioned<E>> = self.scene.records.get(&E::key(self.account(), name)).await?;
        let entity = found.ok_or_else(|| E::missing(self.account(), name))?;
        self.covers(self.action, &ResourceName::new(entity.value.arn()))?;
        self.reached(&entity.value)?;
        Ok(entity)
    }

    /// An entity beside the one that the call is about and asked for, if the caller's rights reach it.
    pub(super) async fn other<E: Entity>(&self, name: &str) -> Result<Versioned<E>, Error> {
        let found: Option<Versioned<E>> = self.scene.records.get(&E::key(self.account(), name)).await?;
        let entity = found.ok_or_else(|| E::missing(self.account(), name))?;
        self.reached(&entity.value)?;
        Ok(entity)
    }

    /// Refuses what the caller's rights do not reach.
    pub(super) fn reached<E: Entity>(&self, entity: &E) -> Result<(), Error> {
        let out_of_reach = || Error::OutOfReach { noun: E::NOUN, name: entity.name().to_owned() };
        if self.reaches(entity) { Ok(()) } else { Err(out_of_reach()) }
    }

    /// Root is reached by root alone, as with AWS, where it is no user of IAM: whoever may make access keys could
    /// become root otherwise, past any boundary (security rule 17).
    fn reaches<E: Entity>(&self, entity: &E) -> bool {
        let by_root = matches!(self.permit.principal(), Principal::Root { .. });
        entity.is_within(self.permit.reach()) && (by_root || !entity.is_account_root())
    }

    /// A managed policy of the account beside the entity that the call is about, by its very ARN.
    pub(super) async fn own_policy(&self, arn: &str) -> Result<Option<Versioned<ManagedPolicy>>, Error> {
        let key = RecordKey::policy(self.account(), super::policy_arn::name_of(arn));
        let found: Option<Versioned<ManagedPolicy>> = self.scene.records.get(&key).await?;
        Ok(found.filter(|found| found.value.arn() == arn))
    }

    /// Changes the entity of that name as `change` says, which sees it as it is at each attempt. Returns what it is
    /// now.
    pub(super) async fn change<E: Entity>(
        &self,
        name: &str,
        change: impl Fn(&mut E) -> Result<(), Error>,
    ) -> Result<E, Error> {
        for _ in 0..ATTEMPTS {
            let old = self.entity::<E>(name).await?;
            let mut new = old.value.clone();
            change(&mut new)?;
            if self.commit(Changes::new().update(&old, &new)).await? {
                return Ok(new);
            }
        }
        Err(Error::ConcurrentModification)
    }

    /// Makes an entity. `further` are changes of other records that belong to it.
    ///
    /// Two calls at once may both make the last one.
    pub(super) async fn create<E: Entity>(&self, entity: &E, further: Changes) -> Result<(), Error> {
        let key = entity.record_key();
        if self.scene.records.get::<E>(&key).await?.is_some() {
            return Err(entity.taken());
        }
        self.has_room::<E>().await?;
        match self.try_commit(further.create(entity)).await? {
            Ok(()) => Ok(()),
            Err(lost) if lost == key => Err(entity.taken()),
            Err(_) => Err(Error::ConcurrentModification),
        }
    }

    /// Refuses one more than the quota. Reads all the account's entities of the kind, to count them: only here. The
    /// account's root is none of its users.
    async fn has_room<E: Entity>(&self) -> Result<(), Error> {
        let scope = Scope::Account(self.account().clone());
        let (name, limit) = E::QUOTA;
        let (mut room, mut after) = (limit, None::<String>);
        while room > 0 {
            let batch: Vec<Versioned<E>> = self.scene.records.list(&scope, after.as_deref(), room).await?;
            if batch.len() < room {
                return Ok(());
            }
            after = batch.last().map(|entity| entity.value.record_key().name);
            room -= batch.iter().filter(|entity| !entity.value.is_account_root()).count();
        }
        Err(Error::Quota { name, limit })
    }

    /// The entities whose paths begin so, by name without regard to case, and where the next page begins. Those that
    /// the caller's rights do not reach are not shown.
    pub(super) async fn list<E: Entity>(
        &self,
        path_prefix: &str,
        page: &Page,
    ) -> Result<(Vec<E>, Option<String>), Error> {
        self.covers(self.action, &E::NOUN.resource(self.account(), path_prefix, ""))?;
        let scope = Scope::Account(self.account().clone());
        let mut after = page.after.as_deref().map(folded);
        let mut found: Vec<E> = Vec::new();
        loop {
            let batch: Vec<Versioned<E>> = self.scene.records.list(&scope, after.as_deref(), BATCH).await?;
            let ended = batch.len() < BATCH;
            after = batch.last().map(|entity| entity.value.record_key().name);
            let wanted = |entity: &E| entity.path().starts_with(path_prefix) && self.reaches(entity);
            found.extend(batch.into_iter().map(|entity| entity.value).filter(wanted));
            if found.len() > page.max_items {
                found.truncate(page.max_items);
                let marker = found.last().map(|last| super::page::marker(last.name()));
                return Ok((found, marker));
            }
            if ended {
                return Ok((found, None));
            }
        }
    }

    /// Commits under the decision's evidence (security rule 17). `false`: one of the records to be written was
    /// changed meanwhile, nothing was done, and the caller tries anew. All that is written counts at once on this
    /// gate.
    pub(super) async fn commit(&self, changes: Changes) -> Result<bool, Error> {
        Ok(self.try_commit(changes).await?.is_ok())
    }

    /// The same, telling which record it was.
    pub(super) async fn try_commit(&self, changes: Changes) -> Result<Result<(), RecordKey>, Error> {
        let written: Vec<(RecordKey, Expect)> = changes.written().map(|(key, expect)| (key.clone(), expect)).collect();
        let mut guarded = changes;
        for (key, seen) in self.permit.evidence() {
            match written.iter().find(|(written, _)| written == key) {
                None => guarded = guarded.check(key.clone(), Expect::Revision(*seen)),
                // The commit compares that record anyway; what the decision saw is compared here.
                Some((_, expect)) if *expect == Expect::Revision(*seen) => {}
                Some(_) => return Err(self.overtaken(key)),
            }
        }
        let result = self.scene.records.commit(guarded).await;
        // Also after an error: an ambiguous commit may have happened.
        for (key, _) in &written {
            (self.scene.committed)(key);
        }
        match result {
            Ok(()) => Ok(Ok(())),
            Err(store::Error::Conflict(key)) if written.iter().any(|(written, _)| *written == key) => Ok(Err(key)),
            Err(store::Error::Conflict(key)) => Err(self.overtaken(&key)),
            Err(other) => Err(other.into()),
        }
    }

    /// What the decision read is not so any more. Who decides anew must not be shown it again by a cache.
    fn overtaken(&self, key: &RecordKey) -> Error {
        (self.scene.committed)(key);
        Error::ConcurrentModification
    }
}
