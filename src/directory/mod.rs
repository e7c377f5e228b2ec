//! The directory's caches: compiled entities by name, one flight per miss, bounded, never silently stale.
//!
//! Security rule 22. Every cached entry carries the [`Stamp`] that was current before its load began. A
//! change notice moves the stamp of its key's shard, a broken feed moves all of them, so an entry that was
//! loaded before a change never compares equal after it: also one whose load was under way. Positive
//! entries live five minutes at most; absences are kept apart, and shortly. While the feed is off, entries
//! go on serving for the configured grace, then every lookup answers an error. The grace counts from when the feed was
//! last heard of.

mod epochs;
mod follow;
mod front;
mod sessions;
mod shelf;
mod strangers;

pub use epochs::{Epochs, Stamp};
pub use follow::follow;
pub use shelf::CacheCounters;
pub use strangers::Strangers;

use crate::authn::{
    Answer, BucketEntry, Directory, Found, GroupEntry, KeyEntry, LookupError, PolicyEntry, ProviderEntry, RoleEntry,
    SessionEntry, StrangerLimit as _, Tally, UserEntry,
};
use crate::authz::user_entry;
use crate::entity::{AccessKey, OidcProvider};
use crate::store::{RecordKey, Records, Stored, Versioned};
use crate::token::{self, KeyRing};
use crate::types::{AccessKeyId, AccountId, Clock, Timestamp};
use sessions::Sessions;
use shelf::{Cached, Name, Shelf, Source};
use std::net::IpAddr;
use std::sync::Arc;

/// Sizes and lives of the caches.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Entries of each cache.
    pub max_entries: u64,
    /// Seconds an entry may live, 300 at most (security rule 22).
    pub lifetime_seconds: u64,
    /// Seconds an absence is remembered.
    pub absence_seconds: u64,
    /// Seconds entries serve after the change feed has broken.
    pub stale_grace_seconds: u64,
}

/// The caching directory.
pub struct CachedDirectory {
    records: Records,
    ring: Arc<KeyRing>,
    default_account: AccountId,
    clock: Arc<dyn Clock>,
    epochs: Arc<Epochs>,
    grace_nanos: u64,
    strangers: Strangers,
    keys: Shelf<KeyEntry>,
    users: Shelf<UserEntry>,
    roles: Shelf<RoleEntry>,
    buckets: Shelf<BucketEntry>,
    policies: Shelf<PolicyEntry>,
    groups: Shelf<GroupEntry>,
    providers: Shelf<ProviderEntry>,
    sessions: Sessions,
}

impl CachedDirectory {
    /// Makes empty caches over `records`. [`follow`] must run for them to hear of changes elsewhere.
    pub fn new(
        records: Records,
        ring: Arc<KeyRing>,
        default_account: AccountId,
        clock: Arc<dyn Clock>,
        epochs: Arc<Epochs>,
        settings: &Settings,
    ) -> Self {
        Self {
            records,
            ring,
            default_account,
            clock,
            epochs,
            grace_nanos: settings.stale_grace_seconds.saturating_mul(1_000_000_000),
            strangers: Strangers::default(),
            keys: Shelf::new(settings),
            users: Shelf::new(settings),
            roles: Shelf::new(settings),
            buckets: Shelf::new(settings),
            policies: Shelf::new(settings),
            groups: Shelf::new(settings),
            providers: Shelf::new(settings),
            sessions: Sessions::new(settings),
        }
    }

    /// Hits and misses by cache, for the metrics.
    pub fn counters(&self) -> [(&'static str, (u64, u64)); 8] {
        [
            ("keys", self.keys.counters.read()),
            ("users", self.users.counters.read()),
            ("roles", self.roles.counters.read()),
            ("buckets", self.buckets.counters.read()),
            ("policies", self.policies.counters.read()),
            ("groups", self.groups.counters.read()),
            ("providers", self.providers.counters.read()),
            ("sessions", self.sessions.counters.read()),
        ]
    }

    /// Whether lookups may still be answered: the feed is on, or has been off for less than the grace.
    pub fn is_trusted(&self) -> bool {
        self.epochs.is_trusted(self.clock.ticks(), self.grace_nanos)
    }

    fn source(&self) -> Source<'_> {
        Source { epochs: &self.epochs, clock: &*self.clock, records: &self.records }
    }

    /// What can be said of `name` without waiting; none if it must be fetched.
    fn at_hand<T: Send + Sync + 'static>(&self, shelf: &Shelf<T>, name: Name<'_>) -> Option<Found<T>> {
        let now = self.clock.ticks();
        match self.epochs.is_trusted(now, self.grace_nanos) {
            true => shelf.recall(name, &self.epochs, now).map(Ok),
            false => Some(Err(LookupError::Stale)),
        }
    }

    /// An entity by name: its record is `key`'s.
    fn look_up<'a, S: Stored, T: Send + Sync + 'static>(
        &'a self,
        shelf: &'a Shelf<T>,
        name: Name<'a>,
        key: impl FnOnce() -> RecordKey + Send + 'a,
        compile: impl Fn(Versioned<S>) -> Result<T, LookupError> + Send + Sync + 'a,
    ) -> Answer<'a, T> {
        match self.at_hand(shelf, name) {
            Some(found) => Answer::at_hand(found),
            None => Answer::on_its_way(async move { shelf.get(name, key(), self.source(), compile).await }),
        }
    }

    async fn fetch_key(&self, id: &AccessKeyId, stranger: Option<IpAddr>) -> Found<KeyEntry> {
        let name = Name { account: "", name: id.as_str() };
        let key = RecordKey::access_key(id);
        // Only a lookup that must ask the store for a key nobody used lately is a stranger's.
        let stranger = match (stranger, self.keys.cached(&key, self.source()).await) {
            (Some(address), Cached::Unknown) => Some(address),
            _ => None,
        };
        if stranger.is_some_and(|address| !self.strangers.may_ask(Tally::Source(address), self.clock.ticks())) {
            return Err(LookupError::TooManyUnknown);
        }
        let compile = |stored: Versioned<AccessKey>| {
            let secret = self.records.open_secret(&stored.value)?;
            Ok(KeyEntry { record: stored.value, secret, signing: Default::default(), used: Default::default() })
        };
        let found = self.keys.get(name, key, self.source(), compile).await?;
        if let (Some(address), None) = (stranger, &found) {
            self.strangers.asked_in_vain(Tally::Source(address), self.clock.ticks());
        }
        Ok(found)
    }
}

/// A name within an account.
fn within<'a>(account: &'a AccountId, name: &'a str) -> Name<'a> {
    Name { account: account.as_str(), name }
}

impl Directory for CachedDirectory {
    fn key<'a>(&'a self, id: &'a AccessKeyId, stranger: Option<IpAddr>) -> Answer<'a, KeyEntry> {
        match self.at_hand(&self.keys, Name { account: "", name: id.as_str() }) {
            Some(found) => Answer::at_hand(found),
            None => Answer::on_its_way(self.fetch_key(id, stranger)),
        }
    }

    fn user<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, UserEntry> {
        let compile = |stored| user_entry(stored, &self.default_account);
        self.look_up(&self.users, within(account, name), || RecordKey::user(account, name), compile)
    }

    fn role<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, RoleEntry> {
        let compile = |stored| RoleEntry::new(stored, &self.default_account);
        self.look_up(&self.roles, within(account, name), || RecordKey::role(account, name), compile)
    }

    fn policy<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, PolicyEntry> {
        let compile = |stored| PolicyEntry::new(&stored, &self.default_account);
        self.look_up(&self.policies, within(account, name), || RecordKey::policy(account, name), compile)
    }

    fn group<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, GroupEntry> {
        let compile = |stored| GroupEntry::new(stored, &self.default_account);
        self.look_up(&self.groups, within(account, name), || RecordKey::group(account, name), compile)
    }

    fn provider<'a>(&'a self, account: &'a AccountId, name: &'a str) -> Answer<'a, ProviderEntry> {
        let compile =
            |stored: Versioned<OidcProvider>| Ok(ProviderEntry { provider: stored.value, revision: stored.revision });
        self.look_up(&self.providers, within(account, name), || RecordKey::oidc_provider(account, name), compile)
    }

    fn bucket<'a>(&'a self, name: &'a str) -> Answer<'a, BucketEntry> {
        let compile = |stored| BucketEntry::new(stored, &self.default_account);
        self.look_up(&self.buckets, Name { account: "", name }, || RecordKey::bucket(name), compile)
    }

    fn session(&self, token: &str, key: &AccessKeyId, now: Timestamp) -> Result<Arc<SessionEntry>, token::Error> {
        let hash = Sessions::hash(token);
        // Read before opening: a ring that is replaced meanwhile makes the entry one of an earlier ring.
        let generation = self.ring.generation();
        if let Some(found) = self.sessions.find(&hash, generation, &*self.clock) {
            // INVARIANT: a cached token serves only the key id it was sealed with.
            return if found.opened.claims.access_key == *key { Ok(found) } else { Err(token::Error::OtherAccessKey) };
        }
        let opened = self.ring.open(token, self.records.store_id(), key, now)?;
        let entry = Arc::new(SessionEntry::new(opened, &self.default_account)?);
        self.sessions.keep(hash, generation, &entry, &*self.clock);
        Ok(entry)
    }
}
