//! Finding and changing the role of a call: under the permit, in its account, with its evidence.

use super::requirements::role_resource;
use super::{Error, Scene};
use crate::authz::Permit;
use crate::entity::{Owner, Role};
use crate::store::{self, Changes, Expect, RecordKey, Versioned};
use crate::types::{AccountId, ResourceName};

/// How often a change is tried anew when only the role itself was changed by someone else meanwhile.
const ATTEMPTS: usize = 5;

/// One call in execution.
pub(super) struct Call<'a> {
    pub(super) operation: &'static str,
    pub(super) action: &'static str,
    pub(super) permit: &'a Permit,
    pub(super) scene: &'a Scene<'a>,
}

/// What becomes of a role.
pub(super) enum Outcome {
    Update(Role),
    Delete,
}

impl Call<'_> {
    /// The account in which the call acts (security rule 16).
    pub(super) fn account(&self) -> &AccountId {
        self.permit.account()
    }

    /// Refuses a permit that is not for `action` on `resource`. Another resource of the right action means
    /// that the role has become another one since the decision.
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

    /// Whether the caller's rights reach a role of this owner (security rule 13): a standalone user, who
    /// administers by caps, reaches what standalone users own; everyone else reaches the account's roles.
    pub(super) fn reaches(&self, role: &Role) -> bool {
        match self.permit.owner() {
            Owner::Account => true,
            Owner::User { .. } => matches!(role.owner, Owner::User { .. }),
        }
    }

    /// The role of that name, if the permit is for it.
    pub(super) async fn role(&self, name: &str) -> Result<Versioned<Role>, Error> {
        let key = RecordKey::role(self.account(), name);
        let found: Option<Versioned<Role>> = self.scene.records.get(&key).await?;
        let role = found.ok_or_else(|| Error::NoSuchRole(name.to_owned()))?;
        self.covers(self.action, &role_resource(&role.value))?;
        if self.reaches(&role.value) { Ok(role) } else { Err(Error::OutOfReach(role.value.name)) }
    }

    /// Changes the role of that name as `change` says, which sees the role as it is at each attempt.
    pub(super) async fn change(
        &self,
        name: &str,
        change: impl Fn(&Role) -> Result<Outcome, Error>,
    ) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let old = self.role(name).await?;
            let changes = match change(&old.value)? {
                Outcome::Update(new) => Changes::new().update(&old, &new),
                Outcome::Delete => Changes::new().delete(&old),
            };
            let (key, revision) = old.evidence();
            let guarded = self.guard(changes, &key, Some(revision))?;
            match self.scene.records.commit(guarded).await {
                Err(store::Error::Conflict(conflict)) if conflict == key => {}
                result => return self.committed(result),
            }
        }
        Err(Error::ConcurrentModification)
    }

    /// Adds the decision's evidence to the changes of the record `written` (security rule 17). Evidence on that
    /// record itself is compared here, with the revision that was read; the commit compares that one anyway.
    pub(super) fn guard(
        &self,
        mut changes: Changes,
        written: &RecordKey,
        revision: Option<u64>,
    ) -> Result<Changes, Error> {
        for (key, seen) in self.permit.evidence() {
            if key != written {
                changes = changes.check(key.clone(), Expect::Revision(*seen));
            } else if revision != Some(*seen) {
                return Err(Error::ConcurrentModification);
            }
        }
        Ok(changes)
    }

    /// The result of a commit whose conflicts are not on the record written.
    pub(super) fn committed(&self, result: Result<(), store::Error>) -> Result<(), Error> {
        result.map_err(|error| match error {
            store::Error::Conflict(_) => Error::ConcurrentModification,
            other => Error::Store(other),
        })
    }
}
