//! The Redis adapter and a server that is not, or no longer, fit: emptied, evicting, full, another database.

use crate::conformance::{account, create, heard, key, opened, put, record, writes};
use crate::redis::open;
use crate::redis_server::RedisServer;
use rolegate::store::redis::{OpenError, RedisStore};
use rolegate::store::{Change, Error, Expect, Kind, Notice, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::{sleep, timeout};

#[tokio::test]
async fn rule_18_an_emptied_database_and_a_removed_id_are_noticed() {
    for words in [&["FLUSHALL"][..], &["DEL", "rolegate:{g}:meta:store"], &["SET", "rolegate:{g}:meta:store", "1 {}"]] {
        let server = RedisServer::start();
        let store = open(&server).await;
        opened(Arc::clone(&store) as Arc<dyn Store>, 1).await.unwrap();
        create(store.as_ref(), "a", 1).await;
        let mut feed = store.subscribe();
        server.say(words);
        heard(&mut feed, |notice| *notice == Notice::Lost).await;
        until_other_store(&store).await;
        assert_eq!(feed.try_recv(), Err(TryRecvError::Empty), "{words:?}");
    }
}

#[tokio::test]
async fn rule_18_a_server_that_evicts_and_a_replica_are_refused() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let mut feed = store.subscribe();
    server.say(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let error = RedisStore::open(&server.options()).await.err().unwrap();
    assert!(matches!(&error, OpenError::Evicts { policy, .. } if policy == "allkeys-lru"), "{error}");
    // One that was fit is asked again with every connection.
    server.say(&["CLIENT", "KILL", "ID", &server.feed_clients()[0]]);
    heard(&mut feed, |notice| *notice == Notice::Lost).await;
    assert!(matches!(store.load(&key("a")).await, Err(Error::Unavailable(text)) if text.contains("noeviction")));
    server.say(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    heard(&mut feed, |notice| *notice == Notice::Restored).await;

    let replica = RedisServer::start_with(&["--replicaof", "127.0.0.1", &server.port().to_string()]);
    assert!(matches!(RedisStore::open(&replica.options()).await, Err(OpenError::Replica(_))));
}

#[tokio::test]
async fn rule_18_a_record_is_absent_only_where_the_store_is_and_its_index_has_none() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let records = opened(Arc::clone(&store) as Arc<dyn Store>, 1).await.unwrap();
    create(store.as_ref(), "a", 1).await;
    create(store.as_ref(), "b", 1).await;
    assert_eq!(store.load(&key("c")).await, Ok(None));
    // Evicted, run out, or removed behind our back: not the same as never made.
    server.say(&["DEL", "rolegate:{a:}:user:b"]);
    assert_eq!(store.load(&key("b")).await, Err(Error::Damaged(key("b"))));
    // Another database in the place of ours: no connection ends, no key is invalidated, and beats come back.
    server.say(&["SWAPDB", "0", "1"]);
    for name in ["a", "b", "c"] {
        assert_eq!(store.load(&key(name)).await, Err(Error::OtherStore), "{name}");
    }
    assert_eq!(store.list(Kind::User, &account(""), None, 9).await, Err(Error::OtherStore));
    assert_eq!(records.verify_identity().await, Err(Error::OtherStore));
    server.say(&["SWAPDB", "0", "1"]);
    until_found(&store, "a").await;
    // Half of an emptied one: what is there can be read, what is not is not believed.
    server.say(&["DEL", "rolegate:{g}:meta:store"]);
    assert_eq!(store.load(&key("c")).await, Err(Error::OtherStore));
}

#[tokio::test]
async fn rule_18_a_server_that_was_fit_is_asked_again_while_it_is_in_use() {
    let changes: [(&[&str], &[&str]); 2] = [
        (&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"], &["CONFIG", "SET", "maxmemory-policy", "noeviction"]),
        (&["SWAPDB", "0", "1"], &["SWAPDB", "0", "1"]),
    ];
    for (change, back) in changes {
        let server = RedisServer::start();
        let store = open(&server).await;
        opened(Arc::clone(&store) as Arc<dyn Store>, 1).await.unwrap();
        create(store.as_ref(), "a", 1).await;
        let mut feed = store.subscribe();
        server.say(change);
        heard(&mut feed, |notice| *notice == Notice::Lost).await;
        let commit = store.commit(writes(vec![put("b", Expect::Absent, 1)])).await;
        assert!(matches!(commit, Err(Error::Unavailable(_) | Error::OtherStore)), "{change:?}");
        server.say(back);
        heard(&mut feed, |notice| *notice == Notice::Restored).await;
        assert_eq!(store.load(&key("a")).await, Ok(Some(record(1))));
    }
}

#[tokio::test]
async fn a_full_server_takes_no_part_of_a_commit() {
    let server = RedisServer::start();
    let store = open(&server).await;
    create(store.as_ref(), "a", 1).await;
    create(store.as_ref(), "b", 1).await;
    server.say(&["CONFIG", "SET", "maxmemory", "1"]);
    // The removal stands first: it alone would fit.
    let commit = || {
        writes(vec![
            (key("a"), Expect::Revision(1), Change::Delete),
            put("b", Expect::Revision(1), 2),
            put("c", Expect::Absent, 1),
        ])
    };
    let error = store.commit(commit()).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(text) if text.contains("OOM")), "{error}");
    let page = store.list(Kind::User, &account(""), None, 9).await.unwrap();
    assert_eq!(page, [(key("a"), record(1)), (key("b"), record(1))]);
    server.say(&["CONFIG", "SET", "maxmemory", "0"]);
    store.commit(commit()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_still_heard() {
    for (full, again) in [
        (&["CONFIG", "SET", "maxmemory", "1"], &["CONFIG", "SET", "maxmemory", "0"]),
        (&["CONFIG", "SET", "min-replicas-to-write", "1"], &["CONFIG", "SET", "min-replicas-to-write", "0"]),
    ] {
        let server = RedisServer::start();
        let store = open(&server).await;
        opened(Arc::clone(&store) as Arc<dyn Store>, 1).await.unwrap();
        create(store.as_ref(), "a", 1).await;
        let mut feed = store.subscribe();
        server.say(full);
        assert!(store.commit(writes(vec![put("b", Expect::Absent, 1)])).await.is_err());
        let mut told = Vec::new();
        for _ in 0..3 {
            told.push(heard(&mut feed, |notice| !matches!(notice, Notice::Changed(_))).await);
        }
        assert_eq!(told, vec![Notice::Heard; 3], "{full:?}");
        assert_eq!(store.load(&key("a")).await, Ok(Some(record(1))));
        // The feed is made anew under it too.
        server.say(&["CLIENT", "KILL", "ID", &server.feed_clients()[0]]);
        heard(&mut feed, |notice| *notice == Notice::Lost).await;
        heard(&mut feed, |notice| *notice == Notice::Restored).await;
        server.say(again);
        store.commit(writes(vec![put("b", Expect::Absent, 1)])).await.unwrap();
        assert_eq!(heard(&mut feed, |notice| *notice == Notice::Changed(key("b"))).await, Notice::Changed(key("b")));
    }
}

async fn until_other_store(store: &RedisStore) {
    let asked = timeout(Duration::from_secs(10), async {
        while store.load(&key("a")).await != Err(Error::OtherStore) {
            sleep(Duration::from_millis(10)).await;
        }
    });
    asked.await.expect("the store is still believed");
}

async fn until_found(store: &RedisStore, name: &str) {
    let asked = timeout(Duration::from_secs(10), async {
        while !matches!(store.load(&key(name)).await, Ok(Some(_))) {
            sleep(Duration::from_millis(10)).await;
        }
    });
    asked.await.expect("the store is not believed again");
}
