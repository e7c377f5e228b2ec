//! What an import would change, in plain lines: one a thing, one a member of it.

use super::check::place_of;
use super::file::{
    AccountEntry, BucketEntry, Document, GroupEntry, PolicyEntry, ProviderEntry, RoleEntry, State, UserEntry,
};
use super::overlay::Entry;
use crate::entity::{KeyStatus, Owner, Tag, UserKind};
use crate::policy::Bindings;
use crate::types::{AccessKeyId, AccountId, UniqueId};
use std::collections::{BTreeMap, BTreeSet};

/// The lines, and how much they tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) lines: Vec<String>,
    pub(super) made: usize,
    pub(super) changed: usize,
    pub(super) removed: usize,
}

/// A member of a thing with its value as text.
type Facts = BTreeMap<String, String>;

/// A thing that lines can tell of.
trait Described {
    fn facts(&self) -> Facts;
}

impl Difference {
    /// From one state to the other. The keys are those whose secrets change.
    pub(super) fn between(before: &State, after: &State, secrets: &BTreeSet<AccessKeyId>) -> Self {
        let mut difference = Self::default();
        let one: BTreeMap<&AccountId, &AccountEntry> = before.accounts.iter().map(|a| (&a.id, a)).collect();
        let other: BTreeMap<&AccountId, &AccountEntry> = after.accounts.iter().map(|a| (&a.id, a)).collect();
        let ids: BTreeSet<&AccountId> = one.keys().chain(other.keys()).copied().collect();
        for id in ids {
            difference.account(id, one.get(id).copied(), other.get(id).copied(), secrets);
        }
        difference.all(
            &before.buckets.iter().map(|bucket| (&bucket.name, bucket)).collect(),
            &after.buckets.iter().map(|bucket| (&bucket.name, bucket)).collect(),
            |bucket| format!("bucket {}", bucket.name),
            |_| Facts::new(),
        );
        difference
    }

    fn account(
        &mut self,
        id: &AccountId,
        before: Option<&AccountEntry>,
        after: Option<&AccountEntry>,
        secrets: &BTreeSet<AccessKeyId>,
    ) {
        fn record<'a>(id: &'a AccountId, entry: Option<&'a AccountEntry>) -> BTreeMap<&'a AccountId, &'a AccountEntry> {
            entry.filter(|entry| entry.record.is_some()).map(|entry| (id, entry)).into_iter().collect()
        }
        self.all(&record(id, before), &record(id, after), |account| place_of(&account.id), |_| Facts::new());
        let new_secrets = |user: &UserEntry| {
            let changed = user.access_keys.iter().filter(|key| secrets.contains(&key.id));
            changed.map(|key| (format!("access_keys.{}.secret", key.id), "(another secret)".to_owned())).collect()
        };
        self.entries(id, before.map(|a| &a.policies), after.map(|a| &a.policies), |_| Facts::new());
        self.entries(id, before.map(|a| &a.groups), after.map(|a| &a.groups), |_| Facts::new());
        self.entries(id, before.map(|a| &a.users), after.map(|a| &a.users), new_secrets);
        self.entries(id, before.map(|a| &a.roles), after.map(|a| &a.roles), |_| Facts::new());
        self.entries(id, before.map(|a| &a.providers), after.map(|a| &a.providers), |_| Facts::new());
    }

    fn entries<T: Entry + Described>(
        &mut self,
        account: &AccountId,
        before: Option<&Vec<T>>,
        after: Option<&Vec<T>>,
        more: impl Fn(&T) -> Facts,
    ) {
        fn by_id<T: Entry>(list: Option<&Vec<T>>) -> BTreeMap<UniqueId, &T> {
            list.into_iter().flatten().map(|entry| (entry.id().clone(), entry)).collect()
        }
        let of = if account.is_empty() { String::new() } else { format!(" of {}", place_of(account)) };
        let title = |entry: &T| format!("{} {} ({}){of}", T::NOUN, entry.name(), entry.id());
        self.all(&by_id(before), &by_id(after), title, more);
    }

    /// `more` are facts that only the new one has.
    fn all<K: Ord, T: Described>(
        &mut self,
        before: &BTreeMap<K, &T>,
        after: &BTreeMap<K, &T>,
        title: impl Fn(&T) -> String,
        more: impl Fn(&T) -> Facts,
    ) {
        for (key, entry) in before {
            if !after.contains_key(key) {
                self.removed += 1;
                self.lines.push(format!("- {}", title(entry)));
            }
        }
        for (key, entry) in after {
            let old = before.get(key).map(|old| old.facts()).unwrap_or_default();
            let mut new = entry.facts();
            new.extend(more(entry));
            if before.contains_key(key) && old == new {
                continue;
            }
            let (sign, count) = if before.contains_key(key) { ('~', &mut self.changed) } else { ('+', &mut self.made) };
            *count += 1;
            self.lines.push(format!("{sign} {}", title(entry)));
            self.members(&old, &new);
        }
    }

    fn members(&mut self, old: &Facts, new: &Facts) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let shown = plain(name);
            match (old.get(name).map(|text| plain(text)), new.get(name).map(|text| plain(text))) {
                (Some(one), Some(other)) if one == other => {}
                (Some(one), Some(other)) => {
                    self.lines.push(format!("    ~ {shown}"));
                    self.lines.push(format!("        was {one}"));
                    self.lines.push(format!("        now {other}"));
                }
                (None, Some(other)) => self.lines.push(format!("    + {shown}: {other}")),
                (Some(one), None) => self.lines.push(format!("    - {shown}: {one}")),
                (None, None) => {}
            }
        }
    }
}

/// One line that no terminal takes for more than text.
pub(super) fn plain(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() });
    shown.collect()
}

impl Described for AccountEntry {
    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        if let Some(record) = &self.record {
            add(&mut facts, "name", &record.name);
            add(&mut facts, "created", record.created.text());
        }
        facts
    }
}

impl Described for UserEntry {
    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        add(&mut facts, "name", &self.name);
        add(&mut facts, "path", &self.path);
        add(&mut facts, "display_name", &self.display_name);
        let kind = match self.kind {
            UserKind::Standalone => "standalone",
            UserKind::Iam => "iam",
        };
        add(&mut facts, "kind", kind);
        for (cap, permission) in self.caps.iter() {
            add(&mut facts, &format!("caps.{}", cap.as_str()), permission.to_string());
        }
        if self.account_root {
            add(&mut facts, "account_root", "true");
        }
        tags(&mut facts, &self.tags);
        list(&mut facts, "groups", &self.groups);
        list(&mut facts, "attached", &self.attached);
        optional(&mut facts, "boundary", self.boundary.as_ref());
        documents(&mut facts, &self.policies);
        for key in &self.access_keys {
            let status = match key.status {
                KeyStatus::Active => "Active",
                KeyStatus::Inactive => "Inactive",
            };
            add(&mut facts, &format!("access_keys.{}", key.id), format!("{status}, {}", key.created.text()));
        }
        add(&mut facts, "created", self.created.text());
        facts
    }
}

impl Described for GroupEntry {
    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        add(&mut facts, "name", &self.name);
        add(&mut facts, "path", &self.path);
        list(&mut facts, "attached", &self.attached);
        documents(&mut facts, &self.policies);
        add(&mut facts, "created", self.created.text());
        facts
    }
}

impl Described for RoleEntry {
    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        add(&mut facts, "name", &self.name);
        add(&mut facts, "path", &self.path);
        optional(&mut facts, "description", Some(&self.description).filter(|text| !text.is_empty()));
        add(&mut facts, "max_session_duration", self.max_session_duration.to_string());
        add(&mut facts, "owner", owner(&self.owner));
        bound(&mut facts, "trust", &self.trust, self.trust_bindings.as_ref());
        tags(&mut facts, &self.tags);
        list(&mut facts, "attached", &self.attached);
        optional(&mut facts, "boundary", self.boundary.as_ref());
        documents(&mut facts, &self.policies);
        add(&mut facts, "created", self.created.text());
        facts
    }
}

impl Described for PolicyEntry {
    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        add(&mut facts, "name", &self.name);
        add(&mut facts, "path", &self.path);
        optional(&mut facts, "description", Some(&self.description).filter(|text| !text.is_empty()));
        tags(&mut facts, &self.tags);
        for version in &self.versions {
            let place = format!("versions.v{}", version.number);
            add(&mut facts, &place, version.document.text());
            add(&mut facts, &format!("{place}.created"), version.created.text());
        }
        add(&mut facts, "default_version", format!("v{}", self.default_version));
        add(&mut facts, "next_version", format!("v{}", self.next_version));
        add(&mut facts, "created", self.created.text());
        add(&mut facts, "updated", self.updated.text());
        facts
    }
}

impl Described for ProviderEntry {
    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        add(&mut facts, "url", &self.url);
        list(&mut facts, "client_ids", &self.client_ids);
        list(&mut facts, "thumbprints", &self.thumbprints);
        tags(&mut facts, &self.tags);
        add(&mut facts, "owner", owner(&self.owner));
        add(&mut facts, "created", self.created.text());
        facts
    }
}

impl Described for BucketEntry {
    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        add(&mut facts, "state", self.state.as_str());
        add(&mut facts, "account", if self.account.is_empty() { "\"\"" } else { self.account.as_str() });
        add(&mut facts, "owner", owner(&self.owner));
        if let Some(policy) = &self.policy {
            bound(&mut facts, "policy", policy, self.policy_bindings.as_ref());
        }
        add(&mut facts, "created", self.created.text());
        facts
    }
}

fn add(facts: &mut Facts, member: &str, value: impl Into<String>) {
    facts.insert(member.to_owned(), value.into());
}

fn optional(facts: &mut Facts, member: &str, value: Option<&String>) {
    if let Some(value) = value {
        add(facts, member, value);
    }
}

fn list(facts: &mut Facts, member: &str, values: &[String]) {
    if !values.is_empty() {
        add(facts, member, values.join(", "));
    }
}

fn tags(facts: &mut Facts, tags: &[Tag]) {
    for tag in tags {
        add(facts, &format!("tags.{}", tag.key), &tag.value);
    }
}

fn documents(facts: &mut Facts, policies: &BTreeMap<String, Document>) {
    for (name, document) in policies {
        add(facts, &format!("policies.{name}"), document.text());
    }
}

/// A policy with principals, and the ids they are bound to.
fn bound(facts: &mut Facts, member: &str, document: &Document, bindings: Option<&Bindings>) {
    add(facts, member, document.text());
    for (arn, id) in bindings.into_iter().flat_map(Bindings::iter) {
        add(facts, &format!("{member}_bindings.{arn}"), id.as_str());
    }
}

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Account => "the account".to_owned(),
        Owner::User { id, name } => format!("user {name} ({id})"),
    }
}
