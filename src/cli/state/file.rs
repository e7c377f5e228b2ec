//! The file of `export` and `import`: one JSON document, in a stable order.
//!
//! Policies stand in it word for word as they were stored: as JSON where white space at their ends does not matter,
//! else as a text that holds them. Each relation stands on one side only, at the user, role or group that has it, and
//! what an import makes is right on both. Not in it: the store's id, what ends sessions (tokens of one store mean
//! nothing to another), and when something was last used.

use super::passphrase::{Lock, Locked};
use crate::entity::{BucketState, Caps, KeyStatus, Owner, Tag, UserKind};
use crate::policy::Bindings;
use crate::types::{AccessKeyId, AccountId, Timestamp, UniqueId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What the file says it is.
pub(super) const FORMAT: &str = "rolegate-state";
/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;

/// The text is not a state that this version reads.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Another kind of file.
    #[error("this is not a file of `rolegate export`: its \"format\" is not \"{FORMAT}\"")]
    Format,
    /// Of a later version.
    #[error("the file has version {0} of the format; this program reads version {VERSION}")]
    Version(u32),
    /// Not JSON, or not of this shape. The text names line and column.
    #[error("this is not a file of `rolegate export`: {0}")]
    Syntax(#[from] serde_json::Error),
}

/// The whole state of a store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StateFile {
    format: String,
    version: u32,
    /// How the secrets are locked; none where they are left out.
    pub(super) secrets: Option<Lock>,
    pub(super) accounts: Vec<AccountEntry>,
    pub(super) buckets: Vec<BucketEntry>,
}

/// Accounts by id, buckets by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) accounts: Vec<AccountEntry>,
    pub(super) buckets: Vec<BucketEntry>,
}

/// An account with all that is in it. The default account of a gate has no record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountEntry {
    pub(super) id: AccountId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<AccountRecord>,
    #[serde(default)]
    pub(super) users: Vec<UserEntry>,
    #[serde(default)]
    pub(super) groups: Vec<GroupEntry>,
    #[serde(default)]
    pub(super) roles: Vec<RoleEntry>,
    #[serde(default)]
    pub(super) policies: Vec<PolicyEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) providers: Vec<ProviderEntry>,
}

/// What an account's own record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountRecord {
    pub(super) name: String,
    pub(super) created: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserEntry {
    pub(super) name: String,
    pub(super) id: UniqueId,
    pub(super) path: String,
    pub(super) display_name: String,
    pub(super) kind: UserKind,
    #[serde(default, skip_serializing_if = "Caps::is_empty")]
    pub(super) caps: Caps,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) account_root: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<Tag>,
    /// Names of groups of the account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) attached: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) boundary: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) policies: BTreeMap<String, Document>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) access_keys: Vec<KeyEntry>,
    pub(super) created: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyEntry {
    pub(super) id: AccessKeyId,
    pub(super) status: KeyStatus,
    pub(super) created: Moment,
    /// Under the file's lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<Locked>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupEntry {
    pub(super) name: String,
    pub(super) id: UniqueId,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) attached: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) policies: BTreeMap<String, Document>,
    pub(super) created: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleEntry {
    pub(super) name: String,
    pub(super) id: UniqueId,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    pub(super) max_session_duration: u32,
    pub(super) owner: Owner,
    pub(super) trust: Document,
    /// The principals' unique ids. Without it those that resolve are bound as if the policy were put now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) trust_bindings: Option<Bindings>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) attached: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) boundary: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) policies: BTreeMap<String, Document>,
    pub(super) created: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyEntry {
    pub(super) name: String,
    pub(super) id: UniqueId,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<Tag>,
    pub(super) versions: Vec<VersionEntry>,
    pub(super) default_version: u32,
    pub(super) next_version: u32,
    pub(super) created: Moment,
    pub(super) updated: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionEntry {
    pub(super) number: u32,
    pub(super) created: Moment,
    pub(super) document: Document,
}

/// An OpenID Connect provider, without what counts its sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderEntry {
    pub(super) url: String,
    pub(super) id: UniqueId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) client_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) thumbprints: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<Tag>,
    pub(super) owner: Owner,
    pub(super) created: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BucketEntry {
    pub(super) name: String,
    pub(super) state: BucketState,
    pub(super) account: AccountId,
    pub(super) owner: Owner,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<Document>,
    /// As `trust_bindings` of a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) policy_bindings: Option<Bindings>,
    pub(super) created: Moment,
}

/// A time in ISO 8601 with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) i64);

impl Moment {
    pub(super) fn text(self) -> String {
        Timestamp::from_millis(self.0).iso8601_millis()
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse_iso8601(&text).map(|time| Self(time.millis())).map_err(serde::de::Error::custom)
    }
}

/// A policy document, byte for byte.
#[derive(Debug, Clone)]
pub(super) struct Document(Box<RawValue>);

impl Document {
    /// The document of this text, which was accepted as a policy.
    pub(super) fn of(text: &str) -> Self {
        let raw = RawValue::from_string(text.to_owned()).ok().filter(|raw| raw.get() == text);
        let quoted = || serde_json::value::to_raw_value(text).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self(raw.unwrap_or_else(quoted))
    }

    /// The text that is stored.
    pub(super) fn text(&self) -> String {
        serde_json::from_str::<String>(self.0.get()).unwrap_or_else(|_| self.0.get().to_owned())
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Document {}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u32>,
}

/// Whether the bytes say that they are a state, whatever they are worth.
pub(super) fn is_state(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Head>(bytes).is_ok_and(|head| head.format.as_deref() == Some(FORMAT))
}

/// Reads a file; what it says is not yet checked.
pub(super) fn read(bytes: &[u8]) -> Result<StateFile, FileError> {
    let head: Head = serde_json::from_slice(bytes)?;
    if head.format.as_deref() != Some(FORMAT) {
        return Err(FileError::Format);
    }
    match head.version {
        Some(VERSION) | None => Ok(serde_json::from_slice(bytes)?),
        Some(other) => Err(FileError::Version(other)),
    }
}

/// The file of a state.
pub(super) fn write(state: State, secrets: Option<Lock>) -> String {
    let State { accounts, buckets } = state;
    let file = StateFile { format: FORMAT.to_owned(), version: VERSION, secrets, accounts, buckets };
    // INVARIANT: these shapes have text keys only and are written to memory, so nothing can fail.
    let text = serde_json::to_string_pretty(&file);
    debug_assert!(text.is_ok(), "the shapes of this module are JSON");
    text.unwrap_or_default()
}
