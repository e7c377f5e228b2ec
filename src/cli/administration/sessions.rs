//! Ending sessions before their time (security rule 21).

use super::{ATTEMPTS, Administration, Error};
use crate::entity::{Revocations, Role, User};
use crate::store::{Changes, RecordKey, Stored};
use crate::types::{AccessKeyId, Timestamp};

/// Seconds for which the key id of an ended session is remembered: three days. No session lives longer than 36 hours,
/// and none that came of one through a chain of eight links ends more than 18 hours after it.
const REMEMBERED_SECONDS: i64 = 259_200;

/// Whose sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionsOf {
    /// Of a role.
    Role(String),
    /// Of a user, and those that came of them.
    User(String),
}

/// Which sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichSessions {
    /// All that there are.
    All,
    /// Those issued before a time that is over.
    Before(Timestamp),
    /// One, and those that came of it.
    One(AccessKeyId),
}

impl Administration<'_> {
    /// Ends sessions for good. In force on every gate as soon as it hears of the change.
    pub async fn revoke_sessions(&self, of: &SessionsOf, which: &WhichSessions) -> Result<(), Error> {
        match which {
            WhichSessions::Before(time) if *time > self.now => return Err(Error::TimeToCome(*time)),
            WhichSessions::One(key) if !key.is_temporary() => return Err(Error::NotTemporary(key.clone())),
            _ => {}
        }
        for _ in 1..ATTEMPTS {
            match self.revoke_once(of, which).await {
                Err(Error::Conflict) => {}
                ended => return ended,
            }
        }
        self.revoke_once(of, which).await
    }

    async fn revoke_once(&self, of: &SessionsOf, which: &WhichSessions) -> Result<(), Error> {
        match of {
            SessionsOf::Role(name) => {
                let key = RecordKey::role(self.account, name);
                let mark = |role: &mut Role| self.mark(&mut role.epoch, &mut role.revoked, which);
                self.change(&key, mark).await?.ok_or_else(|| Error::NoSuchRole(name.clone()))
            }
            SessionsOf::User(name) => {
                let key = RecordKey::user(self.account, name);
                let mark = |user: &mut User| self.mark(&mut user.epoch, &mut user.revoked, which);
                self.change(&key, mark).await?.ok_or_else(|| Error::NoSuchUser(name.clone()))
            }
        }
    }

    async fn change<T: Stored>(&self, key: &RecordKey, mark: impl Fn(&mut T)) -> Result<Option<()>, Error> {
        let Some(old) = self.records.get::<T>(key).await? else { return Ok(None) };
        let mut new = old.value.clone();
        mark(&mut new);
        self.records.commit(Changes::new().update(&old, &new)).await?;
        Ok(Some(()))
    }

    fn mark(&self, epoch: &mut u64, revoked: &mut Revocations, which: &WhichSessions) {
        let now = self.now.millis();
        revoked.keys.retain(|_, until| *until > now);
        match which {
            WhichSessions::All => {
                *epoch = epoch.wrapping_add(1);
                // Whatever these say is of sessions of earlier epochs.
                *revoked = Revocations::default();
            }
            WhichSessions::Before(time) => {
                revoked.before = Some(revoked.before.map_or(time.millis(), |known| known.max(time.millis())));
            }
            WhichSessions::One(key) => {
                revoked.keys.insert(key.to_string(), self.now.plus_seconds(REMEMBERED_SECONDS).millis());
            }
        }
    }
}
