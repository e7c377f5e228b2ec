//! The change feed: client tracking in broadcast mode on a connection of its own (security rules 18, 22).
//!
//! Tracking ends without a word when its connection does, so each session sets it up anew: connect with all
//! checks, tracking on, identity once more, the first beat heard; only then [`Notice::Restored`]. A beat is a key that
//! the *command* connection writes every half second and whose invalidation must come back here: it proves
//! that both connections reach the same server and that pushes flow. Without one for two seconds the
//! session is over and [`Notice::Lost`] goes out, unless the server says that it takes no writes now, as when its memory
//! or disk is full: then both connections are asked which server they reach, and that the feed's answers shows that
//! every push before was delivered. Who can still read must not be cut off because nobody can write.

use super::layout;
use super::link::Link;
use super::server::{OpenError, PATIENCE, Server};
use crate::store::{Error, Notice, RecordKey};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, PushInfo, PushKind, Value, cmd};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Time between beats.
const BEAT: Duration = Duration::from_millis(500);
/// Without a beat for this long, changes may have gone unheard.
const TRUST: Duration = Duration::from_secs(2);
/// Beats of a gate that is gone leave by themselves.
const BEAT_LIFE: Duration = Duration::from_secs(10);
/// So many beats, and the server is asked anew whether it is fit: what was true of it can be changed while it runs.
const CHECKED_BEATS: u32 = 10;
/// Time before a new session is tried, first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A task that ends when this is dropped.
pub(super) struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A feed connection on which tracking is on.
struct Session {
    connection: MultiplexedConnection,
    pushes: mpsc::UnboundedReceiver<PushInfo>,
    beat: String,
    _beats: Task,
}

/// Why a session is over. It makes no difference: all that was heard before may be out of date.
enum Over {
    Disconnected,
    Flushed,
    Silent,
    OtherStore,
    Unfit,
}

/// Starts the feed. It is on when this returns.
pub(super) async fn start(link: Arc<Link>, feed: broadcast::Sender<Notice>) -> Result<Task, OpenError> {
    let first = Session::begin(&link, &feed).await?;
    Ok(Task(tokio::spawn(keep(link, feed, first))))
}

/// Holds one session after the other.
async fn keep(link: Arc<Link>, feed: broadcast::Sender<Notice>, first: Session) {
    let mut session = first;
    loop {
        let over = session.listen(&link, &feed).await;
        tracing::warn!(reason = over.reason(), "the store's change feed is lost");
        tell(&feed, Notice::Lost);
        // What ended this session may have ended the other connection too: it is made anew, with its checks.
        link.forget().await;
        drop(session);
        let mut pause = PAUSES.0;
        session = loop {
            match Session::begin(&link, &feed).await {
                Ok(session) => break session,
                Err(error) => tracing::warn!(%error, "the store's change feed cannot be restored yet"),
            }
            tokio::time::sleep(pause).await;
            pause = PAUSES.1.min(pause.saturating_mul(2));
        };
        tracing::info!("the store's change feed is restored");
        tell(&feed, Notice::Restored);
    }
}

impl Session {
    async fn begin(link: &Arc<Link>, feed: &broadcast::Sender<Notice>) -> Result<Self, OpenError> {
        let (sender, pushes) = mpsc::unbounded_channel();
        let server = &link.server;
        let mut connection = server.connect(AsyncConnectionConfig::new().set_push_sender(sender)).await?;
        let failed = |error| server.unreachable(&error);
        cmd("CLIENT").arg("SETNAME").arg("rolegate-feed").exec_async(&mut connection).await.map_err(failed)?;
        let client: u64 = cmd("CLIENT").arg("ID").query_async(&mut connection).await.map_err(failed)?;
        let mut tracking = cmd("CLIENT");
        tracking.arg("TRACKING").arg("ON").arg("BCAST").arg("PREFIX").arg(layout::PREFIX);
        tracking.exec_async(&mut connection).await.map_err(failed)?;
        // From here on a change of the identity is heard of; it may have changed since the connection was made.
        server.check_identity(&mut connection).await?;
        let beat = layout::beat_key(client);
        let beats = Task(tokio::spawn(beats(Arc::clone(link), beat.clone())));
        let mut session = Self { connection, pushes, beat, _beats: beats };
        match session.hear(link, feed).await {
            Ok(()) => Ok(session),
            Err(Over::OtherStore) => Err(server.other_store()),
            Err(_) => Err(server.silent()),
        }
    }

    /// Passes changes on until the session is over.
    async fn listen(&mut self, link: &Link, feed: &broadcast::Sender<Notice>) -> Over {
        loop {
            for _ in 0..CHECKED_BEATS {
                match self.hear(link, feed).await {
                    Ok(()) => tell(feed, Notice::Heard),
                    Err(over) => return over,
                }
            }
            match timeout(TRUST, link.server.check(&mut self.connection)).await {
                Ok(Ok(())) => {}
                Ok(Err(OpenError::OtherStore(_))) => return Over::OtherStore,
                Ok(Err(OpenError::Unreachable { .. })) => return Over::Disconnected,
                Ok(Err(error)) => {
                    tracing::error!(%error, "the store cannot be used any more");
                    return Over::Unfit;
                }
                Err(_) => return Over::Silent,
            }
        }
    }

    /// Passes changes on until all that happened before now was passed on.
    async fn hear(&mut self, link: &Link, feed: &broadcast::Sender<Notice>) -> Result<(), Over> {
        match timeout(TRUST, self.until_beat(link, feed)).await {
            Ok(heard) => heard,
            Err(_) => match timeout(TRUST, self.without_beat(link, feed)).await {
                Ok(heard) => heard,
                Err(_) => Err(Over::Silent),
            },
        }
    }

    /// Passes changes on until our own beat comes back.
    async fn until_beat(&mut self, link: &Link, feed: &broadcast::Sender<Notice>) -> Result<(), Over> {
        loop {
            let push = self.pushes.recv().await.ok_or(Over::Disconnected)?;
            if self.take_all(&push, link, feed).await? {
                return Ok(());
            }
        }
    }

    /// The same where the server takes no beats, because it takes no writes.
    async fn without_beat(&mut self, link: &Link, feed: &broadcast::Sender<Notice>) -> Result<(), Over> {
        let refuses = link.refuses(beat_command(&self.beat)).await.map_err(|_| Over::Silent)?;
        if !refuses {
            return Err(Over::Silent);
        }
        let there = link.run(|connection| Box::pin(async move { cmd("INFO").query_async::<String>(connection).await }));
        let there = there.await.map_err(|_| Over::Silent)?;
        let here: String = cmd("INFO").query_async(&mut self.connection).await.map_err(|_| Over::Disconnected)?;
        if Server::run_id(&here).is_none() || Server::run_id(&here) != Server::run_id(&there) {
            return Err(Over::Silent);
        }
        // What was pushed before the answer has come before it.
        while let Ok(push) = self.pushes.try_recv() {
            self.take_all(&push, link, feed).await?;
        }
        Ok(())
    }

    /// Takes the keys of a push; whether our beat is among them.
    async fn take_all(&mut self, push: &PushInfo, link: &Link, feed: &broadcast::Sender<Notice>) -> Result<bool, Over> {
        match push.kind {
            PushKind::Invalidate => {}
            PushKind::Disconnection => return Err(Over::Disconnected),
            _ => return Ok(false),
        }
        let mut beaten = false;
        for value in &push.data {
            let Value::Array(keys) = value else { return Err(Over::Flushed) };
            for key in keys {
                beaten |= self.take(key, link, feed).await?;
            }
        }
        Ok(beaten)
    }

    /// Takes one invalidated key; whether it is our beat.
    async fn take(&mut self, key: &Value, link: &Link, feed: &broadcast::Sender<Notice>) -> Result<bool, Over> {
        // Names are UTF-8: a key that is not is nobody's record.
        let Value::BulkString(key) = key else { return Err(Over::Flushed) };
        let Ok(key) = std::str::from_utf8(key) else { return Ok(false) };
        if key == self.beat {
            return Ok(true);
        }
        let Some(key) = layout::parse_key(key) else { return Ok(false) };
        if key == RecordKey::meta() {
            link.server.check_identity(&mut self.connection).await.map_err(|error| match error {
                OpenError::OtherStore(_) => Over::OtherStore,
                _ => Over::Disconnected,
            })?;
        }
        tell(feed, Notice::Changed(key));
        Ok(false)
    }
}

impl Over {
    fn reason(&self) -> &'static str {
        match self {
            Self::Disconnected => "the connection ended",
            Self::Flushed => "the database was emptied",
            Self::Silent => "no beat came back for two seconds",
            Self::OtherStore => "the store's id changed",
            Self::Unfit => "the server is not fit to hold the store any more",
        }
    }
}

/// Writes the beat until aborted. One that fails is simply missing.
async fn beats(link: Arc<Link>, key: String) {
    let mut interval = tokio::time::interval(BEAT);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let set = beat_command(&key);
        let written: Result<(), Error> =
            link.run(|connection| Box::pin(async move { set.exec_async(connection).await })).await;
        if let Err(error) = written {
            tracing::debug!(%error, "a beat was not written");
        }
    }
}

fn beat_command(key: &str) -> Cmd {
    let mut set = cmd("SET");
    set.arg(key).arg("").arg("PX").arg(millis(BEAT_LIFE));
    set
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn tell(feed: &broadcast::Sender<Notice>, notice: Notice) {
    // Without a receiver nobody waits for the news.
    let _ = feed.send(notice);
}

// A beat may take one connection attempt and still come back in time.
const _: () = assert!(PATIENCE.as_millis() <= TRUST.as_millis() && BEAT.as_millis() < TRUST.as_millis());
