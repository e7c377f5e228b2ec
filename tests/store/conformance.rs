//! What every adapter promises. A fixture gives connections to one fresh store; each case takes one.

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

/// Names that an adapter may trip over, in byte order.
const ODD_NAMES: [&str; 18] =
    ["", "\0", " ", "%", "%41", "*", "+", "/", ":", "A", "[a]", "a", "a:user:b", "g}", "user:{a:}", "{g}", "é", "日本"];

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

pub(crate) async fn what_is_written_is_read(fixture: &dyn Fixture) {
    let (store, other) = (fixture.connect().await, fixture.connect().await);
    assert!(store.is_empty().await.unwrap());
    assert_eq!(store.load(&key("a")).await, Ok(None));
    let every_byte: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    for (name, value) in [("a", every_byte), ("b", vec![])] {
        for revision in [0, u64::MAX, 1 << 63, 9_007_199_254_740_993] {
            let before = store.load(&key(name)).await.unwrap();
            let expect = before.map_or(Expect::Absent, |record| Expect::Revision(record.revision));
            let record = Record { value: value.clone(), revision };
            let change = Change::Put(record.clone());
            store.commit(writes(vec![(key(name), expect, change)])).await.unwrap();
            assert_eq!(store.load(&key(name)).await, Ok(Some(record.clone())));
            assert_eq!(other.load(&key(name)).await, Ok(Some(record)));
        }
    }
    assert!(!other.is_empty().await.unwrap());
    store.commit(Commit::default()).await.unwrap();
}

pub(crate) async fn expectations_decide(fixture: &dyn Fixture) {
    let store = fixture.connect().await;
    create(store.as_ref(), "a", 7).await;
    let conflict = Err(Error::Conflict(key("a")));
    // Numbers that a script's floating point, or a comparison of prefixes, would take for 7.
    for expect in [
        Expect::Absent,
        Expect::Revision(8),
        Expect::Revision(70),
        Expect::Revision(0),
        Expect::Revision(7 + (1 << 60)),
    ] {
        assert_eq!(store.commit(writes(vec![put("a", expect, 9)])).await, conflict);
        assert_eq!(store.commit(writes(vec![(key("a"), expect, Change::Delete)])).await, conflict);
        let checked = Commit { checks: vec![(key("a"), expect)], writes: vec![put("b", Expect::Absent, 1)] };
        assert_eq!(store.commit(checked).await, conflict);
    }
    assert_eq!((revision(store.as_ref(), "a").await, revision(store.as_ref(), "b").await), (Some(7), None));

    let absent = Commit { checks: vec![(key("b"), Expect::Revision(1))], writes: vec![] };
    assert_eq!(store.commit(absent).await, Err(Error::Conflict(key("b"))));
    let good = Commit {
        checks: vec![(key("a"), Expect::Revision(7)), (key("b"), Expect::Absent)],
        writes: vec![put("a", Expect::Revision(7), 8), put("b", Expect::Absent, 1)],
    };
    store.commit(good).await.unwrap();
    assert_eq!((revision(store.as_ref(), "a").await, revision(store.as_ref(), "b").await), (Some(8), Some(1)));
    // Neighbouring numbers beyond what a double holds.
    let big = 1u64 << 60;
    store.commit(writes(vec![put("a", Expect::Revision(8), big)])).await.unwrap();
    assert_eq!(store.commit(writes(vec![put("a", Expect::Revision(big + 1), 1)])).await, conflict);
}

pub(crate) async fn a_commit_happens_whole_or_not_at_all(fixture: &dyn Fixture) {
    let store = fixture.connect().await;
    for name in ["a", "b", "c"] {
        create(store.as_ref(), name, 1).await;
    }
    for bad in 0..4 {
        let mut all = vec![
            put("a", Expect::Revision(1), 2),
            (key("b"), Expect::Revision(1), Change::Delete),
            put("new", Expect::Absent, 2),
            put("c", Expect::Revision(1), 2),
        ];
        all[bad].1 = Expect::Revision(99);
        assert!(matches!(store.commit(writes(all)).await, Err(Error::Conflict(_))));
        let found = store.list(Kind::User, &account(""), None, 10).await.unwrap();
        let found: Vec<_> = found.iter().map(|(key, record)| (key.name.as_str(), record.revision)).collect();
        assert_eq!(found, [("a", 1), ("b", 1), ("c", 1)]);
    }
}

pub(crate) async fn deleted_is_gone(fixture: &dyn Fixture) {
    let store = fixture.connect().await;
    create(store.as_ref(), "a", 1).await;
    let delete = || writes(vec![(key("a"), Expect::Revision(1), Change::Delete)]);
    store.commit(delete()).await.unwrap();
    assert_eq!(store.load(&key("a")).await, Ok(None));
    assert_eq!(store.list(Kind::User, &account(""), None, 10).await, Ok(vec![]));
    assert_eq!(store.commit(delete()).await, Err(Error::Conflict(key("a"))));
    assert!(store.is_empty().await.unwrap());
    create(store.as_ref(), "a", 5).await;
    assert_eq!(revision(store.as_ref(), "a").await, Some(5));
}

pub(crate) async fn a_commit_keeps_to_one_scope(fixture: &dyn Fixture) {
    let store = fixture.connect().await;
    let elsewhere = [RecordKey::bucket("b"), RecordKey { scope: account("tenant"), ..key("a") }];
    for other in elsewhere {
        let change = Change::Put(record(1));
        let mixed = writes(vec![put("a", Expect::Absent, 1), (other.clone(), Expect::Absent, change)]);
        assert_eq!(store.commit(mixed).await, Err(Error::MixedScopes));
        let checked = Commit { checks: vec![(other, Expect::Absent)], writes: vec![put("a", Expect::Absent, 1)] };
        assert_eq!(store.commit(checked).await, Err(Error::MixedScopes));
    }
    let twice = writes(vec![put("a", Expect::Absent, 1), put("a", Expect::Absent, 2)]);
    assert_eq!(store.commit(twice).await, Err(Error::WrittenTwice(key("a"))));
    assert!(store.is_empty().await.unwrap());
}

pub(crate) async fn lists_are_in_byte_order(fixture: &dyn Fixture) {
    let store = fixture.connect().await;
    for (revision, name) in (1..).zip(ODD_NAMES.iter().rev()) {
        create(store.as_ref(), name, revision).await;
    }
    for limit in [1, 2, 5, 18, 100] {
        let (mut names, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = store.list(Kind::User, &account(""), after.as_deref(), limit).await.unwrap();
            assert!(page.len() <= limit);
            for (key, record) in &page {
                assert_eq!((key.kind, &key.scope), (Kind::User, &account("")));
                assert_eq!(store.load(key).await.unwrap().as_ref(), Some(record), "{key}");
            }
            names.extend(page.iter().map(|(key, _)| key.name.clone()));
            match page.last() {
                Some((key, _)) => after = Some(key.name.clone()),
                None => break,
            }
        }
        assert_eq!(names, ODD_NAMES, "pages of {limit}");
    }
    assert_eq!(store.list(Kind::User, &account(""), None, 0).await, Ok(vec![]));
    // A marker need not be a name that is there.
    let page = store.list(Kind::User, &account(""), Some("b"), 1).await.unwrap();
    assert_eq!(page.first().map(|(key, _)| key.name.as_str()), Some("g}"));
}

/// Rule 15: no name of one place is a name of another.
pub(crate) async fn places_are_apart(fixture: &dyn Fixture) {
    let store = fixture.connect().await;
    let scopes = [Scope::Global, account(""), account("g"), account("a"), account("user"), account("123456789012")];
    let mut places = Vec::new();
    for (kind, scope) in Kind::ALL.into_iter().flat_map(|kind| scopes.iter().map(move |scope| (kind, scope))) {
        for name in ["", "a", ":", "user:a", "}:user:a", "a:user:a"] {
            places.push(RecordKey { kind, scope: scope.clone(), name: name.to_owned() });
        }
    }
    for (revision, key) in (1..).zip(&places) {
        let change = Change::Put(record(revision));
        store.commit(writes(vec![(key.clone(), Expect::Absent, change)])).await.unwrap();
    }
    for (revision, key) in (1..).zip(&places) {
        assert_eq!(store.load(key).await, Ok(Some(record(revision))), "{key:?}");
        assert_eq!(store.list(key.kind, &key.scope, None, 100).await.unwrap().len(), 6, "{key:?}");
    }
}

pub(crate) async fn one_of_many_writers_wins(fixture: &dyn Fixture) {
    let connections = [fixture.connect().await, fixture.connect().await];
    create(connections[0].as_ref(), "a", 1).await;
    for round in 1..=5u64 {
        let tasks: Vec<_> = (0..16)
            .map(|writer| {
                let store = Arc::clone(&connections[writer % 2]);
                let value = Record { value: writer.to_string().into_bytes(), revision: round + 1 };
                let change = writes(vec![(key("a"), Expect::Revision(round), Change::Put(value))]);
                tokio::spawn(async move { store.commit(change).await.map(|()| writer) })
            })
            .collect();
        let mut winners = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok(writer) => winners.push(writer),
                Err(error) => assert_eq!(error, Error::Conflict(key("a"))),
            }
        }
        assert_eq!(winners.len(), 1);
        let left = connections[1].load(&key("a")).await.unwrap().unwrap();
        assert_eq!(left, Record { value: winners[0].to_string().into_bytes(), revision: round + 1 });
    }
}

/// Rule 1: of all who claim a name at once, one has it.
pub(crate) async fn rule_01_a_name_is_claimed_once(fixture: &dyn Fixture) {
    let connections = [fixture.connect().await, fixture.connect().await];
    let claims = (0..16).map(|claimant| {
        let store = Arc::clone(&connections[claimant % 2]);
        let claim = Change::Put(record(u64::try_from(claimant).unwrap()));
        let claim = writes(vec![(RecordKey::bucket("b"), Expect::Absent, claim)]);
        tokio::spawn(async move { store.commit(claim).await })
    });
    let mut claimed = 0;
    for claim in claims.collect::<Vec<_>>() {
        match claim.await.unwrap() {
            Ok(()) => claimed += 1,
            Err(error) => assert_eq!(error, Error::Conflict(RecordKey::bucket("b"))),
        }
    }
    assert_eq!(claimed, 1);
}

/// Counters that every task raises by compare-and-set: nothing is lost, and both halves of a commit stay equal.
pub(crate) async fn no_update_is_lost(fixture: &dyn Fixture) {
    const TASKS: u64 = 6;
    const RAISES: u64 = 10;
    let connections = [fixture.connect().await, fixture.connect().await];
    let both = |expect, revision| writes(vec![put("x", expect, revision), put("y", expect, revision)]);
    connections[0].commit(both(Expect::Absent, 1)).await.unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let store = Arc::clone(&connections[usize::try_from(task % 2).unwrap()]);
            tokio::spawn(async move {
                let mut won = 0;
                while won < RAISES {
                    let page = store.list(Kind::User, &account(""), None, 10).await.unwrap();
                    let [(_, x), (_, y)] = page.as_slice() else { panic!("two records were there: {page:?}") };
                    assert_eq!(x.revision, y.revision, "a page shows one moment");
                    match store.commit(both(Expect::Revision(x.revision), x.revision + 1)).await {
                        Ok(()) => won += 1,
                        Err(error) => assert!(matches!(error, Error::Conflict(_)), "{error}"),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(revision(connections[0].as_ref(), "x").await, Some(1 + TASKS * RAISES));
}

pub(crate) async fn what_stays_is_listed_while_the_rest_changes(fixture: &dyn Fixture) {
    let (store, other) = (fixture.connect().await, fixture.connect().await);
    let stable: Vec<String> = (0..20).map(|n| format!("n{n:02}")).collect();
    for name in &stable {
        create(store.as_ref(), name, 1).await;
    }
    let churn = tokio::spawn(async move {
        for round in 0.. {
            let name = format!("n{:02}+", round % 20);
            create(other.as_ref(), &name, round + 1).await;
            let delete = writes(vec![(key(&name), Expect::Revision(round + 1), Change::Delete)]);
            other.commit(delete).await.unwrap();
            // The memory adapter never waits, and a task that never waits cannot be aborted.
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..20 {
        let (mut seen, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = store.list(Kind::User, &account(""), after.as_deref(), 3).await.unwrap();
            let Some((last, _)) = page.last() else { break };
            after = Some(last.name.clone());
            seen.extend(page.into_iter().map(|(key, _)| key.name));
        }
        assert!(seen.is_sorted());
        seen.retain(|name| !name.ends_with('+'));
        assert_eq!(seen, stable);
    }
    churn.abort();
}

pub(crate) async fn records_outlive_their_connection(fixture: &dyn Fixture) {
    let store = fixture.connect().await;
    create(store.as_ref(), "a", 1).await;
    create(store.as_ref(), "b", 1).await;
    store.commit(writes(vec![(key("b"), Expect::Revision(1), Change::Delete)])).await.unwrap();
    drop(store);
    let store = fixture.connect().await;
    assert_eq!(store.load(&key("a")).await, Ok(Some(record(1))));
    assert_eq!(store.load(&key("b")).await, Ok(None));
    assert_eq!(store.list(Kind::User, &account(""), None, 9).await.unwrap().len(), 1);
}

pub(crate) async fn changes_are_told(fixture: &dyn Fixture) {
    let (store, other) = (fixture.connect().await, fixture.connect().await);
    let (mut here, mut there) = (store.subscribe(), other.subscribe());
    for (commit, names) in [
        (writes(vec![put("a", Expect::Absent, 1), put("}:é/", Expect::Absent, 1)]), &["a", "}:é/"][..]),
        (writes(vec![put("a", Expect::Revision(1), 2)]), &["a"]),
        (writes(vec![(key("a"), Expect::Revision(2), Change::Delete)]), &["a"]),
    ] {
        store.commit(commit).await.unwrap();
        let mut unheard: Vec<_> = names.iter().map(|name| key(name)).collect();
        for key in &unheard {
            heard(&mut here, |notice| *notice == Notice::Changed(key.clone())).await;
        }
        while !unheard.is_empty() {
            match heard(&mut there, |_| true).await {
                Notice::Changed(key) => unheard.retain(|name| *name != key),
                // It is not known what changed: everything may have.
                Notice::Restored => unheard.clear(),
                Notice::Lost => panic!("nothing ended the feed"),
            }
        }
    }
}

/// Rule 22's use of the feed: a cache that forgets what notices name, and all with `Restored`, ends up right.
pub(crate) async fn a_cache_kept_by_the_feed_ends_up_right(fixture: &dyn Fixture) {
    let (store, other) = (fixture.connect().await, fixture.connect().await);
    create(store.as_ref(), "a", 1).await;
    let mut feed = other.subscribe();
    let writer = tokio::spawn(async move {
        for old in 1..40 {
            store.commit(writes(vec![put("a", Expect::Revision(old), old + 1)])).await.unwrap();
        }
    });
    let mut cached = revision(other.as_ref(), "a").await;
    while cached != Some(40) {
        heard(&mut feed, |notice| *notice != Notice::Lost).await;
        cached = revision(other.as_ref(), "a").await;
    }
    writer.await.unwrap();
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

pub(crate) async fn rule_18_all_who_open_a_new_store_agree_on_its_id(fixture: &dyn Fixture) {
    let mut tasks = Vec::new();
    for gate in 0..6 {
        let store = fixture.connect().await;
        tasks.push(tokio::spawn(async move { opened(store, gate * 1000).await.unwrap() }));
    }
    let mut gates = Vec::new();
    for task in tasks {
        gates.push(task.await.unwrap());
    }
    assert!(gates.iter().all(|gate| gate.store_id() == gates[0].store_id()));
    for gate in &gates {
        assert_eq!(gate.verify_identity().await, Ok(()));
    }
    let raw = fixture.connect().await;
    let found = raw.load(&RecordKey::meta()).await.unwrap().unwrap();
    let gone = vec![(RecordKey::meta(), Expect::Revision(found.revision), Change::Delete)];
    raw.commit(writes(gone)).await.unwrap();
    for gate in &gates {
        assert_eq!(gate.verify_identity().await, Err(Error::OtherStore));
    }
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
