//! Many who write at once, and the feed that tells them of each other.

use super::*;

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
    let rounds = Arc::new(AtomicU64::new(0));
    let done = Arc::clone(&rounds);
    let churn = tokio::spawn(async move {
        for round in 0.. {
            done.store(round, Ordering::Relaxed);
            let name = format!("n{:02}+", round % 20);
            create(other.as_ref(), &name, round + 1).await;
            let delete = writes(vec![(key(&name), Expect::Revision(round + 1), Change::Delete)]);
            other.commit(delete).await.unwrap();
            // The memory adapter never waits, and a task that never waits cannot be aborted.
            tokio::task::yield_now().await;
        }
    });
    let mut listings = 0;
    while listings < 20 || rounds.load(Ordering::Relaxed) < 20 {
        listings += 1;
        assert!(!churn.is_finished(), "the rest changes all the while");
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
            match heard(&mut there, |notice| *notice != Notice::Heard).await {
                Notice::Changed(key) => unheard.retain(|name| *name != key),
                // It is not known what changed: everything may have.
                Notice::Restored => unheard.clear(),
                Notice::Lost | Notice::Heard => panic!("nothing ended the feed"),
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
        heard(&mut feed, |notice| !matches!(notice, Notice::Lost | Notice::Heard)).await;
        cached = revision(other.as_ref(), "a").await;
    }
    writer.await.unwrap();
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
