//! The file of `[bootstrap] import`: users with keys and caps, roles with trust and inline policies.
//!
//! TOML, or JSON where the name ends in `.json`; the same shape in both. Secrets are references. Policies are
//! texts, or objects, which are taken as the JSON they stand for.

use super::reader::{Report, Section};
use super::{ConfigErrors, Environment, Mistake, Reference};
use crate::entity::{self, Caps};
use crate::types::AccessKeyId;
use std::path::Path;
use toml::Value;

/// What is imported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    /// `[[user]]`
    pub users: Vec<ImportedUser>,
    /// `[[role]]`
    pub roles: Vec<ImportedRole>,
}

/// A standalone user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedUser {
    /// `name`
    pub name: String,
    /// `display_name`; the name if none.
    pub display_name: String,
    /// `caps`
    pub caps: Caps,
    /// `[[user.key]]`
    pub keys: Vec<ImportedKey>,
}

/// A long-term access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedKey {
    /// `access_key`
    pub id: AccessKeyId,
    /// `secret`
    pub secret: Reference,
}

/// A role of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRole {
    /// `name`
    pub name: String,
    /// `path`; `/` if none.
    pub path: String,
    /// `description`
    pub description: String,
    /// `max_session_duration` in seconds; 3600 if none.
    pub max_session_duration: u32,
    /// `trust`: the trust policy.
    pub trust: String,
    /// `[role.policies]`: inline policies by name, in the order of their names.
    pub policies: Vec<(String, String)>,
}

impl Import {
    /// Reads and checks the file at `path`. References in it are taken from its folder and not yet followed;
    /// policies are checked when they are stored.
    pub fn load(path: &Path, environment: &dyn Environment) -> Result<Self, ConfigErrors> {
        let folder = path.parent().unwrap_or(Path::new(""));
        read_table(path, environment)
            .map_err(|mistake| vec![mistake])
            .and_then(|table| Self::from_table(table, folder))
            .map_err(|mistakes| ConfigErrors { file: path.to_owned(), mistakes })
    }

    fn from_table(table: toml::Table, folder: &Path) -> Result<Self, Vec<Mistake>> {
        let report = Report::default();
        let mut root = Section::root(table, folder, &report);
        let import = Self {
            users: root.sections("user").into_iter().filter_map(user).collect(),
            roles: root.sections("role").into_iter().filter_map(role).collect(),
        };
        root.finish();
        let mistakes = report.into_inner();
        if mistakes.is_empty() { Ok(import) } else { Err(mistakes) }
    }
}

fn read_table(path: &Path, environment: &dyn Environment) -> Result<toml::Table, Mistake> {
    let bytes = environment.read(path).map_err(|error| Mistake::Unreadable { reason: error.to_string() })?;
    let syntax = |reason: String| Mistake::Syntax { reason: reason.trim_end().to_owned() };
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return serde_json::from_slice(&bytes).map_err(|error| syntax(error.to_string()));
    }
    let text = String::from_utf8(bytes).map_err(|_| syntax("it is not UTF-8 text".to_owned()))?;
    text.parse().map_err(|error: toml::de::Error| syntax(error.to_string()))
}

fn user(mut section: Section<'_>) -> Option<ImportedUser> {
    let name =
        required(&mut section, "name", "the user's name", |text| entity::user_name(text).map(|()| text.to_owned()));
    let display_name = section.text("display_name");
    let caps = section.parsed("caps", Caps::parse).unwrap_or_default();
    let keys = section.sections("key").into_iter().filter_map(key).collect();
    section.finish();
    let name = name?;
    Some(ImportedUser { display_name: display_name.unwrap_or_else(|| name.clone()), name, caps, keys })
}

fn key(mut section: Section<'_>) -> Option<ImportedKey> {
    let id = required(&mut section, "access_key", "the access key id", AccessKeyId::parse);
    if !section.has("secret") {
        let why = "write env:NAME or file:PATH where the key's secret is";
        section.mistake(Mistake::Missing { key: section.key("secret"), why });
    }
    let secret = section.reference("secret");
    section.finish();
    Some(ImportedKey { id: id?, secret: secret? })
}

fn role(mut section: Section<'_>) -> Option<ImportedRole> {
    let name =
        required(&mut section, "name", "the role's name", |text| entity::role_name(text).map(|()| text.to_owned()));
    let path = section.parsed("path", |text| entity::path(text).map(|()| text.to_owned()));
    let description = section.text("description").unwrap_or_default();
    let duration = section.number("max_session_duration", 3600, 43_200).and_then(|n| u32::try_from(n).ok());
    if !section.has("trust") {
        let why = "write the trust policy, which says who may assume the role";
        section.mistake(Mistake::Missing { key: section.key("trust"), why });
    }
    let trust = policy(&mut section, "trust");
    let policies = policies(&mut section);
    section.finish();
    Some(ImportedRole {
        name: name?,
        path: path.unwrap_or_else(|| "/".to_owned()),
        description,
        max_session_duration: duration.unwrap_or(3600),
        trust: trust?,
        policies,
    })
}

fn required<T, E: std::fmt::Display>(
    section: &mut Section<'_>,
    key: &'static str,
    why: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<T> {
    if !section.has(key) {
        section.mistake(Mistake::Missing { key: section.key(key), why });
    }
    section.parsed(key, parse)
}

fn policy(section: &mut Section<'_>, key: &'static str) -> Option<String> {
    let value = section.take(key)?;
    let document = document(&value);
    if document.is_none() {
        section.malformed(key, "must be a policy document: a text, or the policy itself as an object");
    }
    document
}

fn policies(section: &mut Section<'_>) -> Vec<(String, String)> {
    let table = match section.take("policies") {
        None => return Vec::new(),
        Some(Value::Table(table)) => table,
        Some(_) => {
            section.malformed("policies", "must be a table of policy documents by name");
            return Vec::new();
        }
    };
    let mut policies = Vec::new();
    for (name, value) in &table {
        match (entity::policy_name(name), document(value)) {
            (Ok(()), Some(document)) => policies.push((name.clone(), document)),
            (Err(error), _) => section.malformed("policies", error),
            (Ok(()), None) => section.malformed("policies", format!("{name} must be a text or an object")),
        }
    }
    policies
}

fn document(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Table(table) => serde_json::to_string(table).ok(),
        _ => None,
    }
}
