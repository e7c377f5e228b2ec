//! Records of the store: bytes that someone else may have written.

use rolegate::entity::{AccessKey, Account, BucketRecord, Group, LastUsed, ManagedPolicy, Role, User};
use rolegate::store::{
    Change, Commit, Error, Expect, MemoryStore, Record, RecordKey, Records, Scope, Store, StoreKey, Stored,
};
use rolegate::types::{AccessKeyId, AccountId, Entropy, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(9);
    }
}

/// Records: what is read is written as the same; bytes without the gate's MAC are damage, in a record and in the
/// store's own.
pub fn record(data: &[u8]) {
    round_trip::<User>(data);
    round_trip::<Role>(data);
    round_trip::<BucketRecord>(data);
    round_trip::<AccessKey>(data);
    round_trip::<Account>(data);
    round_trip::<Group>(data);
    round_trip::<ManagedPolicy>(data);
    round_trip::<LastUsed>(data);

    let account = AccountId::parse("123456789012").expect("an account");
    let key_id = AccessKeyId::parse("AKIAFUZZ").expect("an id");
    let store = Arc::new(MemoryStore::new());
    let records = now(open(&store)).expect("an empty store");
    is_damaged::<User>(&store, &records, &RecordKey::user(&account, "alice"), data);
    is_damaged::<Role>(&store, &records, &RecordKey::role(&account, "R"), data);
    is_damaged::<BucketRecord>(&store, &records, &RecordKey::bucket("bkt"), data);
    is_damaged::<AccessKey>(&store, &records, &RecordKey::access_key(&key_id), data);
    is_damaged::<Group>(&store, &records, &RecordKey::group(&account, "G"), data);
    is_damaged::<ManagedPolicy>(&store, &records, &RecordKey::policy(&account, "P"), data);
    let users = now(records.list::<User>(&Scope::Account(account), None, 10));
    assert!(matches!(users, Err(Error::Damaged(_))));

    let meta = RecordKey::meta();
    let old = now(store.load(&meta)).expect("memory").expect("the store's record");
    put(&store, &meta, Expect::Revision(old.revision), data, old.revision);
    assert!(now(open(&store)).is_err() && now(records.verify_identity()).is_err());
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else { return };
    let written = serde_json::to_vec(&value).expect("a record is JSON");
    assert_eq!(serde_json::from_slice::<T>(&written).expect("what was written is read"), value);
}

async fn open(store: &Arc<MemoryStore>) -> Result<Records, Error> {
    let key = StoreKey::parse(&"a".repeat(64)).expect("a store key");
    let time = Timestamp::from_seconds(1_780_000_000);
    Records::open(Arc::clone(store) as Arc<dyn Store>, key, Arc::new(Fixed), time, false).await
}

fn put(store: &MemoryStore, key: &RecordKey, expect: Expect, data: &[u8], revision: u64) {
    let record = Record { value: data.to_vec(), revision };
    let writes = vec![(key.clone(), expect, Change::Put(record))];
    now(store.commit(Commit { checks: Vec::new(), writes })).expect("memory");
}

fn is_damaged<T: Stored>(store: &MemoryStore, records: &Records, key: &RecordKey, data: &[u8]) {
    put(store, key, Expect::Absent, data, 7);
    assert!(matches!(now(records.get::<T>(key)), Err(Error::Damaged(_))), "bytes without a MAC");
}

/// What a future gives at once, as those of the store in memory do.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the store in memory waits for nothing"),
    }
}
