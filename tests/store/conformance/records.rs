//! Records as they are written, read, listed and deleted.

use super::*;

/// Names that an adapter may trip over, in byte order.
const ODD_NAMES: [&str; 18] =
    ["", "\0", " ", "%", "%41", "*", "+", "/", ":", "A", "[a]", "a", "a:user:b", "g}", "user:{a:}", "{g}", "é", "日本"];

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
