//! The SQLite adapter: the embedded default, which the server and the commands share as one file.
//!
//! Write-ahead log with `synchronous=FULL`: a commit has reached the disk when it returns. SQLite's calls
//! block, so they run on the runtime's blocking threads, one connection for writing and one for reading.
//! Our own changes are announced as such; that another process changed the file is seen by polling its data
//! version, which does not say what changed, so it is announced as [`Notice::Restored`].

mod files;
mod watch;

pub use files::PlaceError;

use super::{Change, Commit, Error, Expect, Kind, Notice, Record, RecordKey, Scope, Store};
use async_trait::async_trait;
use files::FileId;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// How long opening waits for another process's commit.
const BUSY: Duration = Duration::from_secs(5);
/// How long a commit waits for it at a time, and how long it then leaves the connection to the watching thread, which
/// would not see meanwhile what the other process commits.
const TURN: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(1));
/// So often, which is as long as opening waits.
const TURNS: usize = 240;
/// Notices kept for a receiver that is slow.
const FEED_LENGTH: usize = 1024;
/// `RGat`: marks the file as ours.
const APPLICATION_ID: i32 = 0x5247_6174;
/// Version of the tables below.
const LAYOUT: i32 = 1;
const TABLES: &str = "CREATE TABLE record (
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, scope, name)
) STRICT, WITHOUT ROWID";

/// Why a database file cannot be the store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its place is not safe.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// SQLite refused.
    #[error("`{path}` cannot be opened: {error}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        error: rusqlite::Error,
    },
    /// A database of another program.
    #[error("`{0}` is a database of another program")]
    Foreign(PathBuf),
    /// Made by a newer version.
    #[error("`{path}` has layout {found}, this version reads layout {LAYOUT}: use the version that wrote it")]
    Layout {
        /// The file.
        path: PathBuf,
        /// Its layout's number.
        found: i32,
    },
    /// The file system cannot hold a write-ahead log.
    #[error("`{path}` cannot use a write-ahead log (journal mode is `{mode}`): put the store on a local disk")]
    NoWal {
        /// The file.
        path: PathBuf,
        /// The mode SQLite kept.
        mode: String,
    },
    /// The thread that watches the file could not be started.
    #[error("the store's watching thread cannot be started: {0}")]
    Thread(std::io::Error),
}

/// A store in an SQLite file. Dropping it ends its watching thread.
pub struct SqliteStore {
    inner: Arc<Inner>,
    _watch: watch::Watch,
}

struct Inner {
    path: PathBuf,
    file: FileId,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    feed: broadcast::Sender<Notice>,
}

impl SqliteStore {
    /// Opens the file, or makes it with its folder. Blocks for as long as the disk takes.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        files::prepare(path)?;
        let sqlite = |error| OpenError::Sqlite { path: path.to_owned(), error };
        let mut writer = connect(path)?;
        lay_tables(&mut writer, path)?;
        writer.busy_timeout(TURN.0).map_err(sqlite)?;
        let reader = connect(path)?;
        let file = FileId::of(path).ok_or_else(|| sqlite(rusqlite::Error::InvalidPath(path.to_owned())))?;
        // -wal and -shm exist now: what SQLite made is held to the same rule.
        files::prepare(path)?;
        let inner = Arc::new(Inner {
            path: path.to_owned(),
            file,
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            feed: broadcast::Sender::new(FEED_LENGTH),
        });
        let watch = watch::Watch::start(Arc::clone(&inner)).map_err(OpenError::Thread)?;
        Ok(Self { inner, _watch: watch })
    }

    /// Runs `work` on a blocking thread. It runs to its end even if the caller goes away.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(done) => done,
            Err(_) => Err(Error::Unavailable("the runtime is shutting down".to_owned())),
        }
    }
}

fn connect(path: &Path) -> Result<Connection, OpenError> {
    let sqlite = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    connection.busy_timeout(BUSY).map_err(sqlite)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(sqlite)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(OpenError::NoWal { path: path.to_owned(), mode });
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(sqlite)?;
    connection.pragma_update(None, "trusted_schema", "OFF").map_err(sqlite)?;
    Ok(connection)
}

fn lay_tables(writer: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let sqlite = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let number = |connection: &Connection, name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(sqlite)
    };
    // Immediate: of two processes that make the store, one waits and then finds it made.
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(sqlite)?;
    match (number(&transaction, "application_id")?, number(&transaction, "user_version")?) {
        (APPLICATION_ID, LAYOUT) => return Ok(()),
        (APPLICATION_ID, found) => return Err(OpenError::Layout { path: path.to_owned(), found }),
        (0, 0) if tables == 0 => {}
        _ => return Err(OpenError::Foreign(path.to_owned())),
    }
    transaction.execute_batch(TABLES).map_err(sqlite)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    transaction.pragma_update(None, "user_version", LAYOUT).map_err(sqlite)?;
    transaction.commit().map_err(sqlite)
}

impl Inner {
    /// The connection, if its file is still the one that the path names: a commit into a file that was
    /// removed or replaced would be lost (security rule 18).
    fn lock<'a>(&self, connection: &'a Mutex<Connection>) -> Result<MutexGuard<'a, Connection>, Error> {
        // A transaction that panicked was rolled back when it was dropped.
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_file().map(|()| connection)
    }

    fn check_file(&self) -> Result<(), Error> {
        if FileId::of(&self.path) == Some(self.file) { Ok(()) } else { Err(Error::OtherStore) }
    }

    fn load(&self, key: &RecordKey) -> Result<Option<Record>, Error> {
        let reader = self.lock(&self.reader)?;
        let mut query = reader
            .prepare_cached("SELECT revision, value FROM record WHERE kind = ?1 AND scope = ?2 AND name = ?3")
            .map_err(unavailable)?;
        let place = params![key.kind.as_str(), key.scope.to_text(), key.name];
        query.query_row(place, |row| record(row, 0)).optional().map_err(unavailable)
    }

    fn list(
        &self,
        kind: Kind,
        scope: &Scope,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, Record)>, Error> {
        let reader = self.lock(&self.reader)?;
        let mut query = reader
            .prepare_cached(
                "SELECT name, revision, value FROM record
                 WHERE kind = ?1 AND scope = ?2 AND (?3 IS NULL OR name > ?3) ORDER BY name LIMIT ?4",
            )
            .map_err(unavailable)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = query
            .query_map(params![kind.as_str(), scope.to_text(), after, limit], |row| {
                Ok((RecordKey { kind, scope: scope.clone(), name: row.get(0)? }, record(row, 1)?))
            })
            .map_err(unavailable)?;
        rows.collect::<Result<_, _>>().map_err(unavailable)
    }

    fn commit(&self, commit: Commit) -> Result<(), Error> {
        commit.check_form()?;
        let mut turn = 1;
        loop {
            match try_commit(&mut *self.lock(&self.writer)?, &commit) {
                Ok(()) => break,
                Err(Attempt::Busy(_)) if turn < TURNS => {}
                Err(Attempt::Busy(error)) => return Err(unavailable(error)),
                Err(Attempt::Refused(error)) => return Err(error),
            }
            turn += 1;
            std::thread::sleep(TURN.1);
        }
        for (key, _, _) in commit.writes {
            // Without a receiver nobody waits for the news.
            let _ = self.feed.send(Notice::Changed(key));
        }
        // A file that was replaced under the commit does not have it, and who asked for it must not think so.
        self.check_file()
    }

    fn is_empty(&self) -> Result<bool, Error> {
        let reader = self.lock(&self.reader)?;
        reader.query_row("SELECT NOT EXISTS (SELECT 1 FROM record)", [], |row| row.get(0)).map_err(unavailable)
    }
}

/// Why a commit was not done. In both cases nothing was changed.
enum Attempt {
    /// Another process is committing.
    Busy(rusqlite::Error),
    Refused(Error),
}

impl From<rusqlite::Error> for Attempt {
    fn from(error: rusqlite::Error) -> Self {
        Self::Refused(unavailable(error))
    }
}

fn try_commit(writer: &mut Connection, commit: &Commit) -> Result<(), Attempt> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| match error
        .sqlite_error_code()
    {
        Some(rusqlite::ErrorCode::DatabaseBusy) => Attempt::Busy(error),
        _ => error.into(),
    })?;
    for (key, expect) in commit.expectations() {
        let mut query =
            transaction.prepare_cached("SELECT revision FROM record WHERE kind = ?1 AND scope = ?2 AND name = ?3")?;
        let place = params![key.kind.as_str(), key.scope.to_text(), key.name];
        let found = query.query_row(place, |row| row.get::<_, i64>(0)).optional()?;
        let wanted = match expect {
            Expect::Absent => None,
            Expect::Revision(revision) => Some(revision.cast_signed()),
        };
        if found != wanted {
            return Err(Attempt::Refused(Error::Conflict(key.clone())));
        }
    }
    for (key, _, change) in &commit.writes {
        write(&transaction, key, change)?;
    }
    Ok(transaction.commit()?)
}

fn write(transaction: &Connection, key: &RecordKey, change: &Change) -> rusqlite::Result<usize> {
    let (kind, scope) = (key.kind.as_str(), key.scope.to_text());
    match change {
        Change::Put(record) => transaction
            .prepare_cached(
                "INSERT INTO record (kind, scope, name, revision, value) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET revision = excluded.revision, value = excluded.value",
            )?
            .execute(params![kind, scope, key.name, record.revision.cast_signed(), record.value]),
        Change::Delete => transaction
            .prepare_cached("DELETE FROM record WHERE kind = ?1 AND scope = ?2 AND name = ?3")?
            .execute(params![kind, scope, key.name]),
    }
}

/// Revision and value, from column `at` on. SQLite's integers are signed: a revision keeps its 64 bits.
fn record(row: &Row<'_>, at: usize) -> rusqlite::Result<Record> {
    Ok(Record { revision: row.get::<_, i64>(at)?.cast_unsigned(), value: row.get(at + 1)? })
}

/// SQLite's own words: values are bound, so none is in them.
fn unavailable(error: rusqlite::Error) -> Error {
    Error::Unavailable(format!("SQLite: {error}"))
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, key: &RecordKey) -> Result<Option<Record>, Error> {
        let key = key.clone();
        self.run(move |inner| inner.load(&key)).await
    }

    async fn list(
        &self,
        kind: Kind,
        scope: &Scope,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, Record)>, Error> {
        let (scope, after) = (scope.clone(), after.map(str::to_owned));
        self.run(move |inner| inner.list(kind, &scope, after.as_deref(), limit)).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        self.run(move |inner| inner.commit(commit)).await
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        self.run(Inner::is_empty).await
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.inner.feed.subscribe()
    }
}
