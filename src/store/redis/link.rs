//! The connection for commands: made when needed, checked before it is used, replaced when it fails.
//!
//! The crate's own connection manager reconnects out of sight, and a server that came back without its data
//! would be believed; here no command passes before [`Server::connect`] found the server fit.

use super::server::{OpenError, PATIENCE, Server};
use crate::store::Error;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, RedisFuture};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Why a primary takes no writes: its memory is full, its disk, or too few replicas follow it.
const TAKES_NO_WRITES: [&str; 3] = ["OOM", "MISCONF", "NOREPLICAS"];

pub(super) struct Link {
    pub(super) server: Arc<Server>,
    slot: Mutex<Slot>,
    /// Connections live on the runtime they were made on: always the one the store was opened on.
    runtime: Handle,
}

#[derive(Default)]
struct Slot {
    connection: Option<MultiplexedConnection>,
    /// Which connection it is, so that a failed one is not taken for its successor.
    number: u64,
}

impl Link {
    pub(super) fn new(server: Arc<Server>, runtime: Handle) -> Self {
        Self { server, slot: Mutex::default(), runtime }
    }

    /// Does one command. It fails rather than being done twice: whether a command that got no answer was
    /// done is not known.
    pub(super) async fn run<T>(
        &self,
        command: impl for<'a> FnOnce(&'a mut MultiplexedConnection) -> RedisFuture<'a, T>,
    ) -> Result<T, Error> {
        let (mut connection, number) = match timeout(PATIENCE, self.connection()).await {
            Ok(found) => found?,
            Err(_) => return Err(self.server.silent().into()),
        };
        let failed = match timeout(PATIENCE, command(&mut connection)).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) if error.is_io_error() || error.is_unrecoverable_error() => self.server.unreachable(&error),
            Ok(Err(error)) => return Err(self.server.unreachable(&error).into()),
            Err(_) => self.server.silent(),
        };
        let mut slot = self.slot.lock().await;
        if slot.number == number {
            slot.connection = None;
        }
        Err(failed.into())
    }

    /// Does one command; whether the server refused it as one that writes, and takes no such now. A replica's refusal
    /// is none of these: it takes writes elsewhere.
    pub(super) async fn refuses(&self, command: Cmd) -> Result<bool, Error> {
        self.run(|connection| {
            Box::pin(async move {
                match command.exec_async(connection).await {
                    Ok(()) => Ok(false),
                    Err(error) if error.code().is_some_and(|code| TAKES_NO_WRITES.contains(&code)) => Ok(true),
                    Err(error) => Err(error),
                }
            })
        })
        .await
    }

    /// Has the next command make a new connection, with all checks.
    pub(super) async fn forget(&self) {
        self.slot.lock().await.connection = None;
    }

    async fn connection(&self) -> Result<(MultiplexedConnection, u64), OpenError> {
        // Held while connecting: those who wait take the connection that was made meanwhile.
        let mut slot = self.slot.lock().await;
        if let Some(connection) = &slot.connection {
            return Ok((connection.clone(), slot.number));
        }
        let server = Arc::clone(&self.server);
        let connecting = self.runtime.spawn(async move { server.connect(AsyncConnectionConfig::new()).await });
        let connection = connecting.await.map_err(|_| self.server.silent())??;
        slot.number += 1;
        slot.connection = Some(connection.clone());
        Ok((connection, slot.number))
    }
}
