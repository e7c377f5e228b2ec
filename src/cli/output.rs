//! The JSON of Ceph's documents (WIRE section 10).

use super::administration::IssuedKey;
use crate::entity::{Account, BucketRecord, Group, OidcProvider, Owner, Role, Tag, User, UserKind};
use crate::token::KeyInfo;
use crate::types::{AccessKeyId, Timestamp};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

#[derive(Serialize)]
struct RoleOutput<'a> {
    id: &'a str,
    name: &'a str,
    path: &'a str,
    arn: String,
    create_date: String,
    max_session_duration: u32,
    assume_role_policy_document: &'a str,
}

impl<'a> From<&'a Role> for RoleOutput<'a> {
    fn from(role: &'a Role) -> Self {
        Self {
            id: role.id.as_str(),
            name: &role.name,
            path: &role.path,
            arn: role.arn(),
            create_date: date(role.created),
            max_session_duration: role.max_session_duration,
            assume_role_policy_document: &role.trust.document,
        }
    }
}

#[derive(Serialize)]
struct PolicyOutput<'a> {
    #[serde(rename = "Permission policy")]
    document: &'a str,
}

#[derive(Serialize)]
struct UserOutput<'a> {
    user_id: &'a str,
    display_name: &'a str,
    #[serde(flatten)]
    in_account: Option<InAccountOutput<'a>>,
    keys: Vec<KeyOutput<'a>>,
    caps: Vec<CapOutput>,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// What only users of an account have: those of IAM, not standalone ones.
#[derive(Serialize)]
struct InAccountOutput<'a> {
    account_id: &'a str,
    path: &'a str,
    arn: String,
    create_date: String,
    groups: Vec<&'a str>,
}

#[derive(Serialize)]
struct AccountOutput<'a> {
    id: &'a str,
    name: &'a str,
    create_date: String,
}

#[derive(Serialize)]
struct GroupOutput<'a> {
    id: &'a str,
    name: &'a str,
    path: &'a str,
    arn: String,
    create_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<&'a str>>,
}

#[derive(Serialize)]
struct KeyOutput<'a> {
    user: &'a str,
    access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key: Option<&'a str>,
    /// Shown of a key that is switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
}

#[derive(Serialize)]
struct CapOutput {
    #[serde(rename = "type")]
    kind: &'static str,
    perm: String,
}

/// A role.
pub(super) fn role(role: &Role) -> String {
    pretty(&RoleOutput::from(role))
}

/// A list of roles.
pub(super) fn roles(roles: &[Role]) -> String {
    pretty(&roles.iter().map(RoleOutput::from).collect::<Vec<_>>())
}

#[derive(Serialize)]
struct ProviderOutput<'a> {
    id: &'a str,
    url: &'a str,
    arn: String,
    create_date: String,
    client_ids: Vec<&'a str>,
    thumbprints: &'a [String],
    tags: &'a [Tag],
}

impl<'a> From<&'a OidcProvider> for ProviderOutput<'a> {
    fn from(provider: &'a OidcProvider) -> Self {
        Self {
            id: provider.id.as_str(),
            url: &provider.url,
            arn: provider.arn(),
            create_date: date(provider.created),
            client_ids: provider.client_ids.iter().map(|client| client.name.as_str()).collect(),
            thumbprints: &provider.thumbprints,
            tags: &provider.tags,
        }
    }
}

/// An OpenID Connect provider.
pub(super) fn provider(provider: &OidcProvider) -> String {
    pretty(&ProviderOutput::from(provider))
}

/// A list of providers.
pub(super) fn providers(providers: &[OidcProvider]) -> String {
    pretty(&providers.iter().map(ProviderOutput::from).collect::<Vec<_>>())
}

/// An inline policy.
pub(super) fn policy(document: &str) -> String {
    pretty(&PolicyOutput { document })
}

/// A list of names.
pub(super) fn names(names: &[String]) -> String {
    pretty(&names)
}

#[derive(Serialize)]
struct TokenKeyOutput<'a> {
    id: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

/// The ring of token keys, without the keys.
pub(super) fn token_keys(keys: &[KeyInfo]) -> String {
    let shown = keys.iter().map(|key| TokenKeyOutput {
        id: &key.id,
        state: key.state.as_str(),
        since: key.since.map(|since| since.iso8601()),
    });
    pretty(&shown.collect::<Vec<_>>())
}

/// An account.
pub(super) fn account(account: &Account) -> String {
    pretty(&AccountOutput { id: account.id.as_str(), name: &account.name, create_date: date(account.created) })
}

/// A group; with its members, where they are known.
pub(super) fn group(group: &Group, members: Option<&[User]>) -> String {
    pretty(&GroupOutput {
        id: group.id.as_str(),
        name: &group.name,
        path: &group.path,
        arn: group.arn(),
        create_date: date(group.created),
        users: members.map(|members| members.iter().map(|user| user.name.as_str()).collect()),
    })
}

fn date(millis: i64) -> String {
    Timestamp::from_millis(millis).iso8601_millis()
}

/// A user. Secrets are not shown, but for the key that was just issued.
pub(super) fn user(user: &User, issued: Option<&IssuedKey>, inactive: &[AccessKeyId]) -> String {
    let secret =
        |id: &str| issued.filter(|issued| issued.id.as_str() == id).and_then(|issued| issued.secret.expose_str());
    let active = |id: &str| inactive.iter().any(|off| off.as_str() == id).then_some(false);
    let keys = user
        .access_keys
        .iter()
        .map(|id| KeyOutput { user: &user.name, access_key: id, secret_key: secret(id), active: active(id) })
        .collect();
    let caps = user.caps.iter().map(|(cap, permission)| CapOutput { kind: cap.as_str(), perm: permission.to_string() });
    let in_account = (user.kind == UserKind::Iam).then(|| InAccountOutput {
        account_id: user.account.as_str(),
        path: &user.path,
        arn: user.arn(),
        create_date: date(user.created),
        groups: user.groups.iter().map(|group| group.name.as_str()).collect(),
    });
    pretty(&UserOutput {
        user_id: &user.name,
        display_name: &user.display_name,
        in_account,
        keys,
        caps: caps.collect(),
        kind: if user.account_root { "root" } else { "rgw" },
    })
}

#[derive(Serialize)]
struct BucketOutput<'a> {
    bucket: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    account_id: &'a str,
    /// A standalone user; none where the account itself is the owner.
    owner: Option<&'a str>,
    owner_id: Option<&'a str>,
    has_policy: bool,
    creation_time: String,
}

impl<'a> BucketOutput<'a> {
    fn new(record: &'a BucketRecord, note: Option<&'static str>) -> Self {
        let (owner_id, owner) = match &record.owner {
            Owner::Account => (None, None),
            Owner::User { id, name } => (Some(id.as_str()), Some(name.as_str())),
        };
        Self {
            bucket: &record.name,
            state: record.state.as_str(),
            note,
            account_id: record.account.as_str(),
            owner,
            owner_id,
            has_policy: record.policy.is_some(),
            creation_time: Timestamp::from_millis(record.created).iso8601_millis(),
        }
    }
}

/// The record of a bucket, with what its state means.
pub(super) fn bucket(record: &BucketRecord, note: Option<&'static str>) -> String {
    pretty(&BucketOutput::new(record, note))
}

/// Records of buckets.
pub(super) fn buckets(records: &[BucketRecord]) -> String {
    pretty(&records.iter().map(|record| BucketOutput::new(record, None)).collect::<Vec<_>>())
}

/// Four spaces a level, as Ceph's tool prints.
pub(super) fn pretty(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(b"    "));
    // INVARIANT: these shapes have text keys only and are written to memory, so nothing can fail.
    let written = value.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "the shapes of this module are JSON");
    String::from_utf8(out).unwrap_or_default()
}
