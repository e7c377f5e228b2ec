//! When keys and roles were last used: kept in memory, written down once a minute.
//!
//! What a gate has in memory when it is killed is lost. Several gates write to the same records; the later use stays.

use crate::authn::LastUsedRecorder;
use crate::entity::{LastUsed, Used};
use crate::store::{self, Changes, RecordKey, Records, Stored as _, Versioned};
use crate::types::AccountId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

/// Seconds between two writings.
const PERIOD: Duration = Duration::from_secs(60);
/// How long the last writing before the end may take.
const AT_END: Duration = Duration::from_secs(2);
/// Uses kept while the store does not answer. Beyond, new ones are dropped.
const MOST: usize = 100_000;

/// The uses since the last writing.
#[derive(Debug, Default)]
pub(super) struct LastUses(Mutex<HashMap<(AccountId, Used), LastUsed>>);

impl LastUsedRecorder for LastUses {
    fn used(&self, used: LastUsed) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (used.account.clone(), used.subject.clone());
        let full = uses.len() >= MOST;
        match uses.get_mut(&place) {
            Some(known) if known.date > used.date => {}
            Some(known) => *known = used,
            None if full => {}
            None => drop(uses.insert(place, used)),
        }
    }
}

impl LastUses {
    /// Writes down what was used, every minute for ever.
    pub(super) async fn write_down(self: Arc<Self>, records: Records) {
        let mut period = tokio::time::interval(PERIOD);
        loop {
            period.tick().await;
            self.flush(&records).await;
        }
    }

    /// Writes down what was used, before the process ends; gives up where the store does not answer.
    pub(super) fn flush_at_end(&self, records: &Records, runtime: &Handle) {
        if runtime.block_on(async { tokio::time::timeout(AT_END, self.flush(records)).await }).is_err() {
            tracing::warn!("the last uses of keys and roles were not written down: the store does not answer");
        }
    }

    /// Writes down what was used. What the store does not take is kept for the next time.
    pub(super) async fn flush(&self, records: &Records) {
        let uses = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut failed = 0_usize;
        for used in uses.into_values() {
            if write(records, &used).await.is_err() {
                failed += 1;
                self.used(used);
            }
        }
        if failed > 0 {
            tracing::warn!(failed, "last uses of keys and roles could not be written down yet");
        }
    }
}

async fn write(records: &Records, used: &LastUsed) -> Result<(), store::Error> {
    let key: RecordKey = used.record_key();
    let old: Option<Versioned<LastUsed>> = records.get(&key).await?;
    let changes = match &old {
        Some(old) if old.value.date >= used.date => return Ok(()),
        Some(old) => Changes::new().update(old, used),
        None => Changes::new().create(used),
    };
    records.commit(changes).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::SystemEntropy;
    use crate::store::{MemoryStore, StoreKey};
    use crate::types::{Timestamp, UniqueId};

    fn used(date: i64) -> LastUsed {
        let subject = Used::Role(UniqueId::parse("AROAJQABLZS4A3QDU576Q").unwrap());
        LastUsed { account: AccountId::empty(), subject, date, region: "us-east-1".into(), service: "s3".into() }
    }

    #[tokio::test]
    async fn the_latest_use_is_written_down_and_stays() {
        let key = StoreKey::parse(&"a".repeat(64)).unwrap();
        let store = Arc::new(MemoryStore::new());
        let records =
            Records::open(store, key, Arc::new(SystemEntropy), Timestamp::from_seconds(0), false).await.unwrap();
        let read = async || records.get::<LastUsed>(&used(0).record_key()).await.unwrap().map(|found| found.value.date);
        let uses = LastUses::default();
        for (told, wanted) in [(&[][..], None), (&[5, 9, 7], Some(9)), (&[8], Some(9)), (&[12], Some(12))] {
            told.iter().for_each(|date| uses.used(used(*date)));
            uses.flush(&records).await;
            assert_eq!(read().await, wanted, "{told:?}");
        }
        assert!(uses.0.lock().unwrap().is_empty());
    }
}
