//! OpenID Connect providers in the file, all that concerns them alone.

use super::check::Reason;
use super::file::{Moment, ProviderEntry};
use crate::entity::{OidcProvider, client_id, provider_url, quota, thumbprint};
use crate::types::{AccountId, Timestamp};
use std::collections::HashSet;

/// A record as a file has it.
pub(super) fn entry(provider: &OidcProvider) -> ProviderEntry {
    ProviderEntry {
        url: provider.url.clone(),
        id: provider.id.clone(),
        client_ids: provider.client_ids.iter().map(|client| client.name.clone()).collect(),
        thumbprints: provider.thumbprints.clone(),
        tags: provider.tags.clone(),
        owner: provider.owner.clone(),
        created: Moment(provider.created),
    }
}

/// The record that an entry makes of the one that is there. A client id that stays keeps its serial; one that comes has
/// a new one, so that it does not bring sessions back (security rule 21).
pub(super) fn record(
    account: &AccountId,
    entry: &ProviderEntry,
    old: Option<&OidcProvider>,
    now: Timestamp,
) -> OidcProvider {
    let new = || OidcProvider {
        // Sessions of before are over, as with users and roles: one that was removed and comes back with the id of then
        // counts from another number, the time.
        epoch: u64::try_from(now.millis()).unwrap_or_default(),
        ..OidcProvider::new(account.clone(), &entry.url, entry.id.clone(), entry.owner.clone(), entry.created.0)
    };
    let mut provider = old.cloned().unwrap_or_else(new);
    let kept = std::mem::take(&mut provider.client_ids);
    for name in &entry.client_ids {
        match kept.iter().find(|client| client.name == *name) {
            Some(client) => provider.client_ids.push(client.clone()),
            None => provider.add_client_id(name),
        }
    }
    OidcProvider {
        url: entry.url.clone(),
        thumbprints: entry.thumbprints.clone(),
        tags: entry.tags.clone(),
        owner: entry.owner.clone(),
        created: entry.created.0,
        ..provider
    }
}

/// What of the entry the API would refuse, its tags aside.
pub(super) fn check(entry: &ProviderEntry) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    reasons.extend(provider_url(&entry.url).err().map(Reason::from));
    reasons.extend(entry.client_ids.iter().filter_map(|client| client_id(client).err()).map(Reason::from));
    for print in &entry.thumbprints {
        match thumbprint(print) {
            Ok(stored) if stored == *print => {}
            Ok(_) => reasons.push(Reason::ThumbprintCase(print.clone())),
            Err(rule) => reasons.push(rule.into()),
        }
    }
    let mut seen = HashSet::new();
    let twice = entry.client_ids.iter().filter(|client| !seen.insert(client.as_str()));
    reasons.extend(twice.map(|client| Reason::Twice(client.clone())));
    for (name, count, limit) in [
        ("ClientIdsPerOpenIdConnectProvider", entry.client_ids.len(), quota::CLIENT_IDS),
        ("ThumbprintsPerOpenIdConnectProvider", entry.thumbprints.len(), quota::THUMBPRINTS),
    ] {
        if count > limit {
            reasons.push(Reason::Quota { name, limit });
        }
    }
    reasons
}
