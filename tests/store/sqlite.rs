//! The SQLite adapter: the suite over two connections to one file, its place's rules, and a killed process.

use crate::conformance::{Fixture, conformance, create, heard, key, opened, put, record, writes};
use async_trait::async_trait;
use rolegate::store::sqlite::{OpenError, PlaceError, SqliteStore};
use rolegate::store::{Change, Error, Expect, Notice, Record, RecordKey, Store};
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// A file in a folder of its own; each connection is a store as another process would open it.
struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("store").join("rolegate.db")
    }
}

#[async_trait]
impl Fixture for File {
    async fn connect(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.path()).unwrap())
    }
}

conformance!(File::new());

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn rule_27_files_are_0600_in_a_0700_folder() {
    let file = File::new();
    let store = file.connect().await;
    create(store.as_ref(), "a", 1).await;
    assert_eq!(mode(file.path().parent().unwrap()), 0o700);
    let mut names: Vec<_> = fs::read_dir(file.path().parent().unwrap()).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().all(|path| mode(path) == 0o600), "{names:?}");
}

#[test]
fn rule_27_a_place_that_others_reach_is_refused() {
    let file = File::new();
    let (path, folder) = (file.path(), file.path().parent().unwrap().to_owned());
    drop(SqliteStore::open(&path).unwrap());

    chmod(&path, 0o640);
    let error = SqliteStore::open(&path).err().unwrap();
    assert!(matches!(&error, OpenError::Place(PlaceError::Open { mode: 0o640, wanted: 0o600, .. })), "{error}");
    assert!(error.to_string().contains("chmod 600"), "{error}");
    chmod(&path, 0o600);

    chmod(&folder, 0o755);
    let error = SqliteStore::open(&path).err().unwrap();
    assert!(matches!(&error, OpenError::Place(PlaceError::Open { mode: 0o755, wanted: 0o700, .. })), "{error}");
    chmod(&folder, 0o700);

    let wal = folder.join("rolegate.db-wal");
    fs::write(&wal, "").unwrap();
    chmod(&wal, 0o644);
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Place(PlaceError::Open { .. }))));
    fs::remove_file(&wal).unwrap();
    assert!(SqliteStore::open(&path).is_ok());
}

#[test]
fn rule_27_a_link_or_another_users_file_is_refused() {
    let file = File::new();
    let (path, folder) = (file.path(), file.path().parent().unwrap().to_owned());
    drop(SqliteStore::open(&path).unwrap());
    let link = folder.join("link.db");
    symlink(&path, &link).unwrap();
    assert!(matches!(SqliteStore::open(&link), Err(OpenError::Place(PlaceError::NotPlainFile(_)))));
    // Only root can give files away.
    if std::os::unix::fs::chown(&path, Some(12345), None).is_ok() {
        let error = SqliteStore::open(&path).err().unwrap();
        assert!(matches!(&error, OpenError::Place(PlaceError::Owner { owner: 12345, .. })), "{error}");
    }
}

#[test]
fn a_database_of_another_program_or_layout_is_refused() {
    let file = File::new();
    let path = file.path();
    fs::create_dir(path.parent().unwrap()).unwrap();
    chmod(path.parent().unwrap(), 0o700);
    fs::write(
        &path,
        "this is no database, but long enough to have a header of one hundred bytes or more, as they have",
    )
    .unwrap();
    chmod(&path, 0o600);
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Sqlite { .. })));
    fs::remove_file(&path).unwrap();

    let foreign = rusqlite::Connection::open(&path).unwrap();
    chmod(&path, 0o600);
    foreign.execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Foreign(_))));
    foreign.execute_batch("DROP TABLE theirs").unwrap();
    drop(foreign);

    drop(SqliteStore::open(&path).unwrap());
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 2).unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Layout { found: 2, .. })));
}

#[tokio::test]
async fn rule_18_a_file_that_was_replaced_is_not_the_store() {
    let file = File::new();
    let store = file.connect().await;
    let records = opened(Arc::clone(&store), 1).await.unwrap();
    create(store.as_ref(), "a", 1).await;
    let mut feed = store.subscribe();
    let aside = file.path().with_extension("aside");
    fs::rename(file.path(), &aside).unwrap();
    heard(&mut feed, |notice| *notice == Notice::Lost).await;
    assert_eq!(store.load(&key("a")).await, Err(Error::OtherStore));
    let late = writes(vec![(key("b"), Expect::Absent, Change::Put(record(1)))]);
    assert_eq!(store.commit(late).await, Err(Error::OtherStore));
    assert_eq!(records.verify_identity().await, Err(Error::OtherStore));
    fs::rename(&aside, file.path()).unwrap();
    heard(&mut feed, |notice| *notice == Notice::Restored).await;
    assert_eq!(store.load(&key("a")).await, Ok(Some(record(1))));
}

#[tokio::test]
async fn own_changes_are_named_and_do_not_drop_everything() {
    let file = File::new();
    let store = file.connect().await;
    let mut feed = store.subscribe();
    for revision in 1..6 {
        let expect = if revision == 1 { Expect::Absent } else { Expect::Revision(revision - 1) };
        store.commit(writes(vec![(key("a"), expect, Change::Put(record(revision)))])).await.unwrap();
        // Longer than the watching thread's period, so that it has looked in between.
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    }
    let told: Vec<Notice> =
        std::iter::from_fn(|| feed.try_recv().ok()).filter(|notice| *notice != Notice::Heard).collect();
    assert_eq!(told, vec![Notice::Changed(key("a")); 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_22_what_others_commit_is_seen_while_a_commit_of_our_own_waits_for_them() {
    let file = File::new();
    let store = file.connect().await;
    create(store.as_ref(), "a", 1).await;
    create(store.as_ref(), "b", 1).await;
    let mut feed = store.subscribe();
    let busy = rusqlite::Connection::open(file.path()).unwrap();
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit(writes(vec![put("a", Expect::Revision(1), 2)])).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    // The other process goes on committing, and leaves us no time between.
    let mut seen = 0;
    for _ in 0..20 {
        busy.execute_batch("UPDATE record SET value = randomblob(9) WHERE name = 'b'; COMMIT; BEGIN IMMEDIATE")
            .unwrap();
        let told = tokio::time::timeout(std::time::Duration::from_millis(100), async {
            while feed.recv().await != Ok(Notice::Restored) {}
        });
        seen += u32::from(told.await.is_ok());
    }
    assert!(seen >= 18, "{seen} of 20 were seen in time");
    busy.execute_batch("COMMIT").unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn rule_22_a_feed_that_is_on_says_so() {
    let file = File::new();
    let store = file.connect().await;
    let mut feed = store.subscribe();
    for _ in 0..2 {
        heard(&mut feed, |notice| *notice == Notice::Heard).await;
    }
    fs::rename(file.path(), file.path().with_extension("aside")).unwrap();
    heard(&mut feed, |notice| *notice == Notice::Lost).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert!(feed.try_recv().is_err(), "nothing is heard of another file");
}

const CHILD: &str = "ROLEGATE_TEST_KILLED_WRITER";

/// Not a case of its own: the process that `what_was_confirmed_outlives_a_killed_process` kills.
#[tokio::test]
async fn killed_writer() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = SqliteStore::open(Path::new(&path)).unwrap();
    for number in 1u64.. {
        let value = Record { value: vec![b'x'; 2000], revision: number };
        let counter = key("counter");
        let expect = if number == 1 { Expect::Absent } else { Expect::Revision(number - 1) };
        let each = (key(&format!("{number:06}")), Expect::Absent, Change::Put(value.clone()));
        store.commit(writes(vec![each, (counter, expect, Change::Put(value))])).await.unwrap();
        // One line a confirmed commit.
        let line = format!("\n{number}\n");
        std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
    }
}

#[tokio::test]
async fn what_was_confirmed_outlives_a_killed_process() {
    let file = File::new();
    for round in 0..3 {
        let path = file.0.path().join(format!("round{round}")).join("rolegate.db");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sqlite::killed_writer", "--nocapture", "--test-threads=1"])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut confirmed = 0u64;
        while confirmed < 20 + round * 7 {
            let line = lines.next().expect("the writer ended early").unwrap();
            confirmed = line.parse().unwrap_or(confirmed);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        confirmed = lines.filter_map(|line| line.ok()?.parse().ok()).last().unwrap_or(confirmed);

        let store = SqliteStore::open(&path).unwrap();
        let counter = store.load(&key("counter")).await.unwrap().unwrap().revision;
        assert!(counter == confirmed || counter == confirmed + 1, "{counter} after {confirmed}");
        for number in 1..=counter {
            assert!(store.load(&key(&format!("{number:06}"))).await.unwrap().is_some(), "{number} of {counter}");
        }
        assert!(store.load(&key(&format!("{:06}", counter + 1))).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn dropping_the_store_ends_its_thread_and_closes_the_file() {
    let file = File::new();
    let store = SqliteStore::open(&file.path()).unwrap();
    create(&store, "a", 1).await;
    let mut feed = store.subscribe();
    drop(store);
    // The last sender goes with the thread.
    let end = tokio::time::timeout(std::time::Duration::from_secs(5), async { while feed.recv().await.is_ok() {} });
    end.await.expect("the thread is still there");
    assert_eq!(SqliteStore::open(&file.path()).unwrap().load(&RecordKey { ..key("a") }).await, Ok(Some(record(1))));
}
