//! The Redis adapter, for more than one gate.
//!
//! Needs Redis 6 or newer (RESP3, client tracking), a primary with `maxmemory-policy noeviction`, and for its
//! user `~rolegate:* ~rolegate-index:* +@connection +info +get +set +del +zadd +zrem +zcard +zrangebylex +scan +eval +evalsha
//! +script|load`. Commits are one script each, so they are atomic; they are as durable as Redis is told to be
//! (`appendonly yes`, `appendfsync always` for every confirmed commit). Everything is read from the primary.
//! Who can write to Redis can remove records, bring back old ones, or hide them from listings; they cannot
//! make or change any without the store key.
//!
//! That there is no record decides as much as one that there is: a bucket without one is its configured owner's. So
//! an absence is believed only if the index does not name the record either, and the store's own record is still there
//! afterwards: of an emptied database and of evicted keys this one learns sooner than from the feed.

mod feed;
mod layout;
mod link;
mod server;

pub use server::{OpenError, RedisOptions};

use super::{Change, Commit, Error, Expect, Kind, Notice, Record, RecordKey, Scope, Store};
use async_trait::async_trait;
use feed::Task;
use link::Link;
use redis::{Script, ScriptInvocation, cmd};
use server::Server;
use std::sync::{Arc, LazyLock};
use tokio::runtime::Handle;
use tokio::sync::broadcast;

/// Notices kept for a receiver that is slow.
const FEED_LENGTH: usize = 4096;

static COMMIT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("commit.lua")));
static ABSENT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("absent.lua")));
static LIST: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("list.lua")));

/// A store in Redis. Dropping it ends its tasks and connections.
pub struct RedisStore {
    link: Arc<Link>,
    feed: broadcast::Sender<Notice>,
    _feed_task: Task,
}

impl RedisStore {
    /// Connects, checks the server and starts the change feed. Must be called on the runtime that the
    /// connections are to live on; the store may then be used from any.
    pub async fn open(options: &RedisOptions) -> Result<Self, OpenError> {
        let link = Arc::new(Link::new(Arc::new(Server::new(options)?), Handle::current()));
        let feed = broadcast::Sender::new(FEED_LENGTH);
        let feed_task = feed::start(Arc::clone(&link), feed.clone()).await?;
        Ok(Self { link, feed, _feed_task: feed_task })
    }

    /// The store's own record, when first seen, is what every new connection is checked against.
    fn identify(&self, key: &RecordKey, record: &Record) {
        if *key == RecordKey::meta() {
            self.link.server.identify(&layout::encode(record));
        }
    }

    async fn get(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, Error> {
        let mut get = cmd("GET");
        get.arg(layout::record_key(key));
        self.link.run(|connection| Box::pin(async move { get.query_async(connection).await })).await
    }

    /// The value of a record that was not found a moment ago: it may have been made meanwhile. None if it is certain
    /// that the store has none.
    async fn missing(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, Error> {
        let mut script = ABSENT.prepare_invoke();
        script.key(layout::record_key(key)).key(layout::index_key(key.kind, &key.scope)).arg(key.name.as_str());
        let found: (Option<Vec<u8>>, usize) =
            self.link.run(|connection| Box::pin(async move { script.invoke_async(connection).await })).await?;
        match found {
            (Some(value), _) => Ok(Some(value)),
            // Evicted, run out, or removed by someone else.
            (None, 1..) => Err(Error::Damaged(key.clone())),
            (None, 0) => self.still_there().await.map(|()| None),
        }
    }

    /// Whether the store's own record is as it was when the store was opened: asked after nothing was found.
    async fn still_there(&self) -> Result<(), Error> {
        if !self.link.server.is_identified() {
            return Ok(());
        }
        let meta = self.get(&RecordKey::meta()).await?;
        if self.link.server.is_ours(meta.as_deref()) { Ok(()) } else { Err(Error::OtherStore) }
    }
}

fn commit_script(commit: &Commit) -> ScriptInvocation<'static> {
    let mut script = COMMIT.prepare_invoke();
    let expectations: Vec<_> = commit.expectations().collect();
    script.arg(expectations.len()).arg(commit.writes.len());
    for (key, expect) in expectations {
        script.key(layout::record_key(key)).arg(match expect {
            Expect::Absent => String::new(),
            Expect::Revision(revision) => revision.to_string(),
        });
    }
    for (key, _, change) in &commit.writes {
        script.key(layout::index_key(key.kind, &key.scope)).arg(key.name.as_str()).arg(match change {
            Change::Put(record) => layout::encode(record),
            Change::Delete => Vec::new(),
        });
    }
    script
}

#[async_trait]
impl Store for RedisStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, Error> {
        let found = match self.get(key).await? {
            None => self.missing(key).await?,
            found => found,
        };
        let Some(value) = found else { return Ok(None) };
        let record = layout::decode(&value).ok_or_else(|| Error::Damaged(key.clone()))?;
        self.identify(key, &record);
        Ok(Some(record))
    }

    async fn list(
        &self,
        kind: Kind,
        scope: &Scope,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, Record)>, Error> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut script = LIST.prepare_invoke();
        script.key(layout::index_key(kind, scope)).arg(layout::record_prefix(kind, scope));
        script
            .arg(after.map_or_else(|| "-".to_owned(), |name| format!("({name}")))
            .arg(isize::try_from(limit).unwrap_or(-1));
        let found: Vec<(Vec<u8>, Option<Vec<u8>>)> =
            self.link.run(|connection| Box::pin(async move { script.invoke_async(connection).await })).await?;
        if found.is_empty() {
            self.still_there().await?;
        }
        found
            .into_iter()
            .map(|(name, value)| {
                let damaged = |name: String| Error::Damaged(RecordKey { kind, scope: scope.clone(), name });
                let name = String::from_utf8(name)
                    .map_err(|error| damaged(String::from_utf8_lossy(error.as_bytes()).into_owned()))?;
                // A name without a record is a record that someone removed behind the index: not to be skipped.
                let record = value.as_deref().and_then(layout::decode).ok_or_else(|| damaged(name.clone()))?;
                Ok((RecordKey { kind, scope: scope.clone(), name }, record))
            })
            .collect()
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        commit.check_form()?;
        let script = commit_script(&commit);
        let failed: usize =
            self.link.run(|connection| Box::pin(async move { script.invoke_async(connection).await })).await?;
        if let Some(position) = failed.checked_sub(1) {
            let conflict = commit.expectations().nth(position).map(|(key, _)| Error::Conflict(key.clone()));
            return Err(conflict.unwrap_or_else(|| Error::Unavailable("the commit script is not ours".to_owned())));
        }
        for (key, _, change) in commit.writes {
            if let Change::Put(record) = &change {
                self.identify(&key, record);
            }
            // The feed tells it too, a little later. Without a receiver nobody waits for the news.
            let _ = self.feed.send(Notice::Changed(key));
        }
        Ok(())
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        let mut cursor = 0u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(layout::ALL_RECORDS).arg("COUNT").arg(1000);
            let (next, keys): (u64, Vec<Vec<u8>>) =
                self.link.run(|connection| Box::pin(async move { scan.query_async(connection).await })).await?;
            match (next, keys.is_empty()) {
                (_, false) => return Ok(false),
                (0, true) => return Ok(true),
                (next, true) => cursor = next,
            }
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.feed.subscribe()
    }
}
