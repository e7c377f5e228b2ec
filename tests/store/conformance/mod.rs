//! What every adapter promises. A fixture gives connections to one fresh store; each case takes one.

mod races;
mod records;

pub(crate) use races::*;
pub(crate) use records::*;

use async_trait::async_trait;
use rolegate::store::{
    Change, Commit, Error, Expect, Kind, Notice, Record, RecordKey, Records, Scope, Store, StoreKey,
};
use rolegate::types::{AccountId, Entropy, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::timeout;

/// One fresh store.
#[async_trait]
pub(crate) trait Fixture: Send + Sync {
    /// Another connection to it, as another process has one.
    async fn connect(&self) -> Arc<dyn Store>;
}

pub(crate) fn key(name: &str) -> RecordKey {
    RecordKey { kind: Kind::User, scope: account(""), name: name.to_owned() }
}

pub(crate) fn account(text: &str) -> Scope {
    Scope::Account(AccountId::parse(text).unwrap())
}

pub(crate) fn record(revision: u64) -> Record {
    Record { value: format!("value {revision}").into_bytes(), revision }
}

pub(crate) fn put(name: &str, expect: Expect, revision: u64) -> (RecordKey, Expect, Change) {
    (key(name), expect, Change::Put(record(revision)))
}

pub(crate) fn writes(writes: Vec<(RecordKey, Expect, Change)>) -> Commit {
    Commit { checks: vec![], writes }
}

pub(crate) async fn create(store: &dyn Store, name: &str, revision: u64) {
    store.commit(writes(vec![put(name, Expect::Absent, revision)])).await.unwrap();
}

async fn revision(store: &dyn Store, name: &str) -> Option<u64> {
    store.load(&key(name)).await.unwrap().map(|record| record.revision)
}

/// Waits for the first notice that `wanted` takes, for as long as a notice may take on a busy machine.
pub(crate) async fn heard(feed: &mut broadcast::Receiver<Notice>, wanted: impl Fn(&Notice) -> bool) -> Notice {
    let search = async {
        loop {
            match feed.recv().await {
                Ok(notice) if wanted(&notice) => return notice,
                Ok(_) => {}
                Err(error) => panic!("the feed ended: {error}"),
            }
        }
    };
    timeout(Duration::from_secs(15), search).await.expect("no such notice came")
}

/// A different value with every call.
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn starting_at(seed: u64) -> Arc<dyn Entropy> {
        Arc::new(Self(AtomicU64::new(seed)))
    }
}

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        buffer.iter_mut().zip(next.iter().cycle()).for_each(|(byte, next)| *byte = *next);
    }
}

pub(crate) async fn opened(store: Arc<dyn Store>, seed: u64) -> Result<Records, Error> {
    let key = StoreKey::parse(&"a".repeat(64)).unwrap();
    Records::open(store, key, Counter::starting_at(seed), Timestamp::from_seconds(0), false).await
}

/// Runs every case against fresh fixtures that `$fixture` makes.
macro_rules! conformance {
    ($fixture:expr) => {
        $crate::conformance::conformance!(@cases $fixture;
            what_is_written_is_read, expectations_decide, a_commit_happens_whole_or_not_at_all, deleted_is_gone,
            a_commit_keeps_to_one_scope, lists_are_in_byte_order, places_are_apart, one_of_many_writers_wins,
            rule_01_a_name_is_claimed_once, no_update_is_lost, what_stays_is_listed_while_the_rest_changes, records_outlive_their_connection,
            changes_are_told, a_cache_kept_by_the_feed_ends_up_right,
            rule_18_all_who_open_a_new_store_agree_on_its_id);
    };
    (@cases $fixture:expr; $($case:ident),+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            $crate::conformance::$case(&$fixture).await;
        })+
    };
}
pub(crate) use conformance;
