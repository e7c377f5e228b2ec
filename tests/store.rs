//! The store's adapters against one conformance suite, and what only one of them can get wrong.

#[cfg(test)]
#[path = "store/conformance/mod.rs"]
mod conformance;
#[cfg(test)]
#[path = "store/memory.rs"]
mod memory;
#[cfg(test)]
#[cfg(feature = "shell")]
#[path = "store/redis.rs"]
mod redis;
#[cfg(test)]
#[cfg(feature = "shell")]
#[path = "store/redis_server.rs"]
mod redis_server;
#[cfg(test)]
#[cfg(feature = "shell")]
#[path = "store/redis_unfit.rs"]
mod redis_unfit;
#[cfg(test)]
#[cfg(feature = "shell")]
#[path = "store/sqlite.rs"]
mod sqlite;
