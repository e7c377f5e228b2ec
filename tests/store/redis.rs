//! The Redis adapter: the suite over two connections to one server, and everything that can happen to a server.

use crate::conformance::{Fixture, account, conformance, create, heard, key, opened, put, record, writes};
use crate::redis_server::{RedisServer, free_port};
use async_trait::async_trait;
use rolegate::store::redis::{OpenError, RedisOptions, RedisStore};
use rolegate::store::{Change, Error, Expect, Kind, Notice, RecordKey, Store};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::{sleep, timeout};

#[async_trait]
impl Fixture for RedisServer {
    async fn connect(&self) -> Arc<dyn Store> {
        Arc::new(RedisStore::open(&self.options()).await.unwrap())
    }
}

conformance!(RedisServer::start());

pub(crate) async fn open(server: &RedisServer) -> Arc<RedisStore> {
    Arc::new(RedisStore::open(&server.options()).await.unwrap())
}

/// Asks again until it is so; fails after a time that no working machine needs.
async fn until(mut so: impl FnMut() -> bool) {
    let asked = timeout(Duration::from_secs(15), async {
        while !so() {
            sleep(Duration::from_millis(10)).await;
        }
    });
    asked.await.expect("it did not become so");
}

#[tokio::test]
async fn a_killed_server_is_lost_and_restored_when_it_is_back_with_its_data() {
    let mut server = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let store = open(&server).await;
    let records = opened(Arc::clone(&store) as Arc<dyn Store>, 1).await.unwrap();
    create(store.as_ref(), "a", 1).await;
    let mut feed = store.subscribe();

    server.kill();
    heard(&mut feed, |notice| *notice == Notice::Lost).await;
    let change = || writes(vec![put("a", Expect::Revision(1), 2)]);
    let error = store.commit(change()).await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(_)), "{error}");
    assert!(matches!(store.load(&key("a")).await, Err(Error::Unavailable(_))));
    assert!(matches!(records.verify_identity().await, Err(Error::Unavailable(_))));
    assert_eq!(feed.try_recv(), Err(TryRecvError::Empty));

    server.restart();
    heard(&mut feed, |notice| *notice == Notice::Restored).await;
    assert_eq!(store.load(&key("a")).await, Ok(Some(record(1))));
    store.commit(change()).await.unwrap();
    assert_eq!(records.verify_identity().await, Ok(()));

    // Tracking is on again: another gate's change is heard by its name.
    let other = open(&server).await;
    while feed.try_recv().is_ok() {}
    other.commit(writes(vec![put("a", Expect::Revision(2), 3)])).await.unwrap();
    heard(&mut feed, |notice| *notice == Notice::Changed(key("a"))).await;
}

#[tokio::test]
async fn rule_18_a_server_that_came_back_empty_is_another_store() {
    let mut server = RedisServer::start();
    let store = open(&server).await;
    let records = opened(Arc::clone(&store) as Arc<dyn Store>, 1).await.unwrap();
    create(store.as_ref(), "a", 1).await;
    let mut feed = store.subscribe();
    server.kill();
    heard(&mut feed, |notice| *notice == Notice::Lost).await;
    server.restart();
    until(|| server.clients() > 0 || server.say(&["PING"]).contains("PONG")).await;
    // Never "there is no such record", never a commit into the void, and the feed stays lost.
    assert_eq!(store.load(&key("a")).await, Err(Error::OtherStore));
    assert_eq!(store.list(Kind::User, &account(""), None, 9).await, Err(Error::OtherStore));
    assert_eq!(store.commit(writes(vec![put("b", Expect::Absent, 1)])).await, Err(Error::OtherStore));
    assert_eq!(records.verify_identity().await, Err(Error::OtherStore));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(feed.try_recv(), Err(TryRecvError::Empty));
    assert!(server.say(&["GET", "rolegate:{a:}:user:b"]).starts_with("$-1"));
}

#[tokio::test]
async fn rule_22_a_feed_gap_is_lost_then_restored_and_what_changed_in_it_is_found() {
    let server = RedisServer::start();
    let (store, other) = (open(&server).await, open(&server).await);
    create(store.as_ref(), "a", 1).await;
    let (mut feed, mut others) = (store.subscribe(), other.subscribe());
    let feeds = server.feed_clients();
    assert_eq!(feeds.len(), 2);
    for id in &feeds {
        server.say(&["CLIENT", "KILL", "ID", id]);
    }
    other.commit(writes(vec![put("a", Expect::Revision(1), 2)])).await.unwrap();
    for feed in [&mut feed, &mut others] {
        heard(feed, |notice| *notice == Notice::Lost).await;
        heard(feed, |notice| *notice == Notice::Restored).await;
    }
    assert_eq!(store.load(&key("a")).await, Ok(Some(record(2))));
    other.commit(writes(vec![put("a", Expect::Revision(2), 3)])).await.unwrap();
    heard(&mut feed, |notice| *notice == Notice::Changed(key("a"))).await;
    let now = server.feed_clients();
    assert!(now.len() == 2 && now.iter().all(|id| !feeds.contains(id)));
}

#[tokio::test]
async fn rule_22_without_a_beat_for_two_seconds_the_feed_is_lost() {
    let server = RedisServer::start();
    let store = open(&server).await;
    create(store.as_ref(), "a", 1).await;
    let mut feed = store.subscribe();
    // Connections stay, nothing is answered.
    server.say(&["CLIENT", "PAUSE", "3500", "ALL"]);
    heard(&mut feed, |notice| *notice == Notice::Lost).await;
    let waited = timeout(Duration::from_secs(5), store.load(&key("a"))).await.expect("a command waits without end");
    assert!(matches!(waited, Err(Error::Unavailable(_)) | Ok(Some(_))), "{waited:?}");
    heard(&mut feed, |notice| *notice == Notice::Restored).await;
    assert_eq!(store.load(&key("a")).await, Ok(Some(record(1))));
}

#[tokio::test]
async fn rule_22_beats_keep_the_feed_and_name_no_record() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let mut feed = store.subscribe();
    sleep(Duration::from_secs(3)).await;
    let told: Vec<Notice> = std::iter::from_fn(|| feed.try_recv().ok()).collect();
    assert!(told.len() >= 3 && told.iter().all(|notice| *notice == Notice::Heard), "{told:?}");
}

#[tokio::test]
async fn rule_27_what_does_not_fit_behind_an_index_or_in_a_value_is_damage() {
    let server = RedisServer::start();
    let store = open(&server).await;
    create(store.as_ref(), "a", 1).await;
    create(store.as_ref(), "b", 1).await;
    server.say(&["DEL", "rolegate:{a:}:user:b"]);
    assert_eq!(store.list(Kind::User, &account(""), None, 9).await, Err(Error::Damaged(key("b"))));
    server.say(&["SET", "rolegate:{a:}:user:a", "nonsense"]);
    assert_eq!(store.load(&key("a")).await, Err(Error::Damaged(key("a"))));
    let taken = store.commit(writes(vec![put("a", Expect::Absent, 1)])).await;
    assert_eq!(taken, Err(Error::Conflict(key("a"))));
    // A key of another type stops a commit before it writes.
    server.say(&["SET", "rolegate-index:{a:}:role", "x"]);
    let role = RecordKey { kind: Kind::Role, ..key("r") };
    let commit = writes(vec![put("c", Expect::Absent, 1), (role, Expect::Absent, Change::Put(record(1)))]);
    assert!(matches!(store.commit(commit).await, Err(Error::Unavailable(_))));
    assert_eq!(store.load(&key("c")).await, Ok(None));
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_sent_again() {
    let server = RedisServer::start();
    let store = open(&server).await;
    create(store.as_ref(), "a", 1).await;
    server.say(&["SCRIPT", "FLUSH"]);
    assert_eq!(store.list(Kind::User, &account(""), None, 9).await.unwrap().len(), 1);
    create(store.as_ref(), "b", 1).await;
}

#[tokio::test]
async fn an_acl_user_with_the_documented_rights_and_a_unix_socket_suffice() {
    let server = RedisServer::start();
    let rights = "on >pass%word ~rolegate:* ~rolegate-index:* +@connection +info +get +set +del +zadd +zrem +zcard \
                  +zrangebylex +scan +eval +evalsha +script|load";
    let mut words = vec!["ACL", "SETUSER", "gate"];
    words.extend(rights.split_whitespace());
    assert!(server.say(&words).starts_with("+OK"));
    let url = format!("redis://gate:pass%25word@127.0.0.1:{}", server.port());
    let store = RedisStore::open(&RedisOptions::new(&url)).await.unwrap();
    let records = opened(Arc::new(store), 1).await.unwrap();
    assert_eq!(records.verify_identity().await, Ok(()));

    let wrong = RedisOptions::new(&format!("redis://gate:s3cr3t@127.0.0.1:{}", server.port()));
    let error = RedisStore::open(&wrong).await.err().unwrap();
    assert!(error.to_string().contains("password") && !error.to_string().contains("s3cr3t"), "{error}");
    assert!(!format!("{wrong:?}").contains("s3cr3t"));
    let apart = RedisOptions::new(&format!("redis://gate@127.0.0.1:{}", server.port()))
        .password(rolegate::types::Secret::new("pass%word"));
    let store = RedisStore::open(&apart).await.unwrap();
    create(&store, "a", 1).await;

    let socket = RedisOptions::new(&format!("unix://{}", server.socket().display()));
    let store = RedisStore::open(&socket).await.unwrap();
    assert_eq!(store.load(&key("a")).await, Ok(Some(record(1))));
}

/// A certificate of its own for `localhost` in the server's folder, made by openssl.
fn certificate(folder: &Path) -> Vec<u8> {
    let made = Command::new("openssl")
        .args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost".split(' '),
        )
        .args([
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ])
        .current_dir(folder)
        .output()
        .expect("openssl is not installed: it makes the test's certificate");
    assert!(made.status.success());
    std::fs::read(folder.join("cert.pem")).unwrap()
}

#[tokio::test]
async fn tls_is_spoken_to_a_server_whose_certificate_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let pem = certificate(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let port = free_port().to_string();
    let server = RedisServer::start_with(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &path("cert.pem"),
        "--tls-key-file",
        &path("key.pem"),
        "--tls-auth-clients",
        "no",
    ]);
    let options = RedisOptions::new(&format!("rediss://localhost:{port}"));
    let store = RedisStore::open(&options.clone().ca_pem(pem)).await.unwrap();
    create(&store, "a", 1).await;
    assert!(server.say(&["GET", "rolegate:{a:}:user:a"]).contains("1 value 1"));

    // Neither a server that nobody vouches for, nor another name.
    let error = RedisStore::open(&options).await.err().unwrap();
    assert!(error.to_string().contains("certificate"), "{error}");
    let other =
        RedisOptions::new(&format!("rediss://127.0.0.1:{port}")).ca_pem(std::fs::read(path("cert.pem")).unwrap());
    let error = RedisStore::open(&other).await.err().unwrap();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn urls_that_are_not_ours_are_refused_without_repeating_them() {
    for (url, wanted) in [
        ("redis-sentinel://:s3cr3t@h/x", OpenError::Sentinel),
        ("http://:s3cr3t@h", OpenError::Scheme("http".to_owned())),
        ("rediss://:s3cr3t@h/#insecure", OpenError::Url),
        ("redis://:s3cr3t@h:port", OpenError::Url),
        ("redis", OpenError::Url),
        (":s3cr3t@h://x", OpenError::Url),
    ] {
        let error = RedisStore::open(&RedisOptions::new(url)).await.err().unwrap();
        assert_eq!(error, wanted, "{url}");
        assert!(!error.to_string().contains("s3cr3t"));
    }
    let mut server = RedisServer::start();
    server.kill();
    let error = RedisStore::open(&server.options()).await.err().unwrap();
    assert_eq!(error.to_string(), format!("Redis at 127.0.0.1:{} refuses connections", server.port()));
}

#[tokio::test]
async fn dropping_the_store_ends_its_tasks_and_connections() {
    let server = RedisServer::start();
    let store = open(&server).await;
    create(store.as_ref(), "a", 1).await;
    let mut feed = store.subscribe();
    assert_eq!(server.clients(), 2);
    drop(store);
    until(|| server.clients() == 0).await;
    let end = timeout(Duration::from_secs(5), async { while feed.recv().await.is_ok() {} });
    end.await.expect("the feed's task is still there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_elsewhere_are_heard_within_a_tenth_of_a_second() {
    let server = RedisServer::start();
    let (store, other) = (open(&server).await, open(&server).await);
    create(store.as_ref(), "a", 1).await;
    let mut feed = other.subscribe();
    let mut late = 0;
    for old in 1..=100 {
        store.commit(writes(vec![put("a", Expect::Revision(old), old + 1)])).await.unwrap();
        let in_time = timeout(Duration::from_millis(100), heard(&mut feed, |notice| *notice != Notice::Heard)).await;
        late += u32::from(in_time.is_err());
    }
    // The promise is the 99th percentile; the machine that tests may be busy with other things.
    assert!(late <= 10, "{late} of 100 came late");
}
