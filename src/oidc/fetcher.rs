//! [`Fetcher`]: keys that are held, and when they are fetched anew.

use super::Error;
use super::entry::{Entry, Held, Tally};
use super::source::{Asked, Source};
use super::trust::Thumbprint;
use crate::conf::Oidc;
use crate::entity::OidcProvider;
use crate::gateway::{WebKeys, WebKeysError};
use crate::token::jwt::{KeyHint, KeySet};
use crate::types::{AccountId, Clock};
use async_trait::async_trait;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, Semaphore};

/// Entries that are remembered. Beyond, those that were not used for longest are fetched again.
const MAX_ENTRIES: u64 = 4096;
/// Fetches at once, of all providers.
const MAX_FETCHES: usize = 32;
/// Fetches at once, of the providers of one account: whose providers are slow keeps no other account waiting.
const MAX_FETCHES_OF_ACCOUNT: usize = 8;

/// The keys of identity providers, fetched and held.
pub struct Fetcher {
    shared: Arc<Shared>,
}

struct Shared {
    source: Source,
    entries: Cache<EntryKey, Arc<Entry>>,
    fetches: Semaphore,
    fetches_of: Cache<AccountId, Arc<Semaphore>>,
    clock: Arc<dyn Clock>,
    refresh: u64,
    keep: u64,
    fetched: AtomicU64,
    failed: AtomicU64,
}

/// What keys were fetched for; another list of thumbprints is another trust, and sees nothing of what was fetched under
/// this one (security rule 24).
#[derive(Clone, PartialEq, Eq, Hash)]
struct EntryKey {
    account: AccountId,
    url: String,
    thumbprints: Vec<Thumbprint>,
}

impl EntryKey {
    fn of(provider: &OidcProvider) -> Self {
        // A text that is no thumbprint trusts nothing.
        let parse = |text: &String| {
            let mut thumbprint = Thumbprint::default();
            hex::decode_to_slice(text, &mut thumbprint).is_ok().then_some(thumbprint)
        };
        let mut thumbprints: Vec<Thumbprint> = provider.thumbprints.iter().filter_map(parse).collect();
        thumbprints.sort_unstable();
        thumbprints.dedup();
        Self { account: provider.account.clone(), url: provider.url.clone(), thumbprints }
    }
}

/// Why keys are fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// There are none, or they are old.
    Time,
    /// They do not have the one that a token asks for.
    UnknownKey,
}

impl Fetcher {
    /// A fetcher. Nothing is asked before the first token comes; fetches belong to the tokio runtime that asks for keys.
    pub fn new(oidc: &Oidc, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Source::new(oidc, Arc::clone(&clock)).map(|source| Self::with(source, oidc, clock))
    }

    /// Waits for the fetches that go on.
    #[cfg(test)]
    pub(super) async fn settle(&self) {
        for (_, entry) in &self.shared.entries {
            drop(entry.flight.lock().await);
        }
    }

    pub(super) fn with(source: Source, oidc: &Oidc, clock: Arc<dyn Clock>) -> Self {
        let entries = Cache::builder().max_capacity(MAX_ENTRIES).eviction_policy(EvictionPolicy::lru()).build();
        let (refresh, keep) = (nanos(oidc.refresh), nanos(oidc.keep));
        let (fetched, failed) = Default::default();
        let fetches = Semaphore::new(MAX_FETCHES);
        let fetches_of = Cache::new(MAX_ENTRIES);
        let shared = Shared { source, entries, fetches, fetches_of, clock, refresh, keep, fetched, failed };
        Self { shared: Arc::new(shared) }
    }

    /// How many fetches have brought keys since the start, and how many have not.
    pub fn counters(&self) -> (u64, u64) {
        (self.shared.fetched.load(Ordering::Relaxed), self.shared.failed.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl WebKeys for Fetcher {
    async fn keys(&self, provider: &OidcProvider, hint: &KeyHint<'_>) -> Result<Arc<KeySet>, WebKeysError> {
        let key = EntryKey::of(provider);
        let asked = Asked { url: key.url.clone(), thumbprints: key.thumbprints.clone() };
        let account = &provider.account;
        let call =
            Call { shared: &self.shared, entry: self.shared.entries.get_with(key, Arc::default), asked, account };
        call.keys(hint).await
    }
}

/// One call for the keys of one provider.
struct Call<'a> {
    shared: &'a Arc<Shared>,
    entry: Arc<Entry>,
    asked: Asked,
    account: &'a AccountId,
}

impl Call<'_> {
    async fn keys(&self, hint: &KeyHint<'_>) -> Result<Arc<KeySet>, WebKeysError> {
        let Some(held) = self.held() else {
            self.renew(self.entry.held.load_full(), Reason::Time).await?;
            return self.held_for(hint);
        };
        let age = self.shared.age(&held);
        if !held.keys.serves(hint) {
            self.renew(Some(held), Reason::UnknownKey).await?;
        } else if age >= self.shared.refresh.saturating_mul(2) {
            // A key that the provider took back long ago does not serve once more. If the provider is down, it does.
            let _ = self.renew(Some(held), Reason::Time).await;
        } else if age >= self.shared.refresh {
            self.renew_behind();
        }
        self.held_for(hint)
    }

    /// The keys at hand, unless they are too old for everything.
    fn held(&self) -> Option<Arc<Held>> {
        self.entry.held.load_full().filter(|held| self.shared.age(held) < self.shared.keep)
    }

    fn held_for(&self, hint: &KeyHint<'_>) -> Result<Arc<KeySet>, WebKeysError> {
        let held = self.held().ok_or(WebKeysError::Unreachable)?;
        if held.keys.serves(hint) { Ok(Arc::clone(&held.keys)) } else { Err(WebKeysError::UnknownKey) }
    }

    /// Fetches the keys, or waits for who does. `seen` is what the caller knows: if there is another by then, it was
    /// fetched meanwhile.
    async fn renew(&self, seen: Option<Arc<Held>>, reason: Reason) -> Result<(), WebKeysError> {
        let mut tally = Arc::clone(&self.entry.flight).lock_owned().await;
        let present = self.entry.held.load_full();
        if present.as_ref().map(Arc::as_ptr) != seen.as_ref().map(Arc::as_ptr) {
            return Ok(());
        }
        let now = self.shared.clock.ticks();
        if let Some(error) = tally.paused(now) {
            return Err(error);
        }
        if reason == Reason::UnknownKey && !tally.may_look_again(now) {
            return Err(WebKeysError::UnknownKey);
        }
        self.start(tally).await.unwrap_or(Err(WebKeysError::Unreachable))
    }

    /// Fetches the keys while those at hand go on serving.
    fn renew_behind(&self) {
        if let Ok(tally) = Arc::clone(&self.entry.flight).try_lock_owned()
            && tally.paused(self.shared.clock.ticks()).is_none()
        {
            drop(self.start(tally));
        }
    }

    /// The fetches that the account may do at once.
    fn turns(&self) -> Arc<Semaphore> {
        let few = || Arc::new(Semaphore::new(MAX_FETCHES_OF_ACCOUNT));
        self.shared.fetches_of.get_with_by_ref(self.account, few)
    }

    /// The fetch, in a task of its own: it ends, and its outcome is noted, whether or not somebody waits for it.
    fn start(&self, mut tally: OwnedMutexGuard<Tally>) -> tokio::task::JoinHandle<Result<(), WebKeysError>> {
        let (shared, entry, asked) = (Arc::clone(self.shared), Arc::clone(&self.entry), self.asked.clone());
        let turns = self.turns();
        tokio::spawn(async move { shared.fetch(&entry, &asked, &turns, &mut tally).await })
    }
}

impl Shared {
    fn age(&self, held: &Held) -> u64 {
        self.clock.ticks().saturating_sub(held.fetched)
    }

    async fn fetch(
        &self,
        entry: &Entry,
        asked: &Asked,
        turns: &Semaphore,
        tally: &mut Tally,
    ) -> Result<(), WebKeysError> {
        let began = self.clock.ticks();
        match self.keys_of(asked, turns).await {
            Ok(keys) => {
                entry.held.store(Some(Arc::new(Held { keys: Arc::new(keys), fetched: began })));
                tally.succeeded();
                self.fetched.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                if tally.failed(self.clock.ticks(), &error) {
                    tracing::warn!(provider = asked.url, reason = %error, "the keys of an identity provider were not fetched");
                }
                Err(error.answer())
            }
        }
    }

    async fn keys_of(&self, asked: &Asked, turns: &Semaphore) -> Result<KeySet, Error> {
        // The account's own turn first: while it waits for that, it takes none of all.
        let turn = async { (turns.acquire().await, self.fetches.acquire().await) };
        // The semaphores are never closed.
        let Ok((Ok(_of_account), Ok(_of_all))) = tokio::time::timeout(self.source.limit, turn).await else {
            return Err(Error::Busy);
        };
        self.source.fetch(asked).await
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
