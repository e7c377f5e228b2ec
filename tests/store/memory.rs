//! The memory adapter.

use crate::conformance::{Fixture, conformance};
use async_trait::async_trait;
use rolegate::store::{MemoryStore, Store};
use std::sync::Arc;

/// All connections are the same store.
struct Memory(Arc<MemoryStore>);

#[async_trait]
impl Fixture for Memory {
    async fn connect(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0) as Arc<dyn Store>
    }
}

conformance!(Memory(Arc::new(MemoryStore::new())));
