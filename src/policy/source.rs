//! A document as written, read again from its text: what explanations, denials and the linter show. Decisions never
//! look here.

use super::document::Json;
use super::span::ElementPath;

/// A value with the way to it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) path: ElementPath,
}

/// An element or its `Not` form with its values.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) inverted: bool,
    pub(super) values: Vec<Entry>,
}

/// One principal: its type (`AWS`, …; empty for the bare `*`) and its text.
#[derive(Debug, Clone)]
pub(super) struct NamedPrincipal {
    pub(super) kind: String,
    pub(super) entry: Entry,
}

/// One operator with one key, in the order of the compiled conditions.
#[derive(Debug, Clone)]
pub(super) struct SourceCondition {
    pub(super) operator: String,
    pub(super) key: String,
    pub(super) values: Vec<Entry>,
    /// The way to the key's values.
    pub(super) path: ElementPath,
}

/// A statement as written.
#[derive(Debug, Clone)]
pub(super) struct SourceStatement {
    pub(super) path: ElementPath,
    pub(super) sid: Option<Entry>,
    pub(super) allows: bool,
    pub(super) principals: Vec<NamedPrincipal>,
    pub(super) actions: List,
    /// None in trust policies.
    pub(super) resources: Option<List>,
    pub(super) conditions: Vec<SourceCondition>,
}

/// A document as written.
#[derive(Debug, Clone)]
pub(super) struct SourceDocument {
    pub(super) version: Option<Entry>,
    pub(super) statements: Vec<SourceStatement>,
}

impl SourceDocument {
    /// Reads a document that was accepted; of others whatever there is.
    pub(super) fn read(text: &str) -> Option<Self> {
        let json = Json::parse(text).ok()?;
        let root = ElementPath::default();
        let place = root.member("Statement");
        let statements = match json.get("Statement")? {
            Json::Array(values) => {
                values.iter().enumerate().map(|(index, value)| statement(value, place.index(index))).collect()
            }
            single => vec![statement(single, place)],
        };
        Some(Self { version: entry(&json, "Version", &root), statements })
    }
}

fn statement(json: &Json, path: ElementPath) -> SourceStatement {
    let conditions = json.get("Condition").map(|json| conditions(json, &path.member("Condition"))).unwrap_or_default();
    SourceStatement {
        sid: entry(json, "Sid", &path),
        allows: entry(json, "Effect", &path).is_some_and(|effect| effect.text == "Allow"),
        principals: ["Principal", "NotPrincipal"].iter().flat_map(|name| principals(json, name, &path)).collect(),
        actions: list(json, "Action", "NotAction", &path).unwrap_or(List { inverted: false, values: Vec::new() }),
        resources: list(json, "Resource", "NotResource", &path),
        conditions,
        path,
    }
}

fn entry(json: &Json, name: &str, path: &ElementPath) -> Option<Entry> {
    let text = json.get(name)?.text()?.into_owned();
    Some(Entry { text, path: path.member(name) })
}

fn list(json: &Json, name: &str, not_name: &str, path: &ElementPath) -> Option<List> {
    let (inverted, name) = if json.get(name).is_some() { (false, name) } else { (true, not_name) };
    Some(List { inverted, values: values(json.get(name)?, &path.member(name)) })
}

fn values(json: &Json, path: &ElementPath) -> Vec<Entry> {
    let listed = matches!(json, Json::Array(_));
    let entries = json.entries().iter().enumerate().filter_map(|(index, value)| {
        let path = if listed { path.index(index) } else { path.clone() };
        Some(Entry { text: value.text()?.into_owned(), path })
    });
    entries.collect()
}

fn principals(json: &Json, name: &str, path: &ElementPath) -> Vec<NamedPrincipal> {
    let path = path.member(name);
    match json.get(name) {
        Some(Json::Object(members)) => members
            .iter()
            .flat_map(|(kind, json)| {
                let entries = values(json, &path.member(kind));
                entries.into_iter().map(|entry| NamedPrincipal { kind: kind.clone(), entry })
            })
            .collect(),
        Some(single) => {
            values(single, &path).into_iter().map(|entry| NamedPrincipal { kind: String::new(), entry }).collect()
        }
        None => Vec::new(),
    }
}

fn conditions(json: &Json, path: &ElementPath) -> Vec<SourceCondition> {
    let members = |json: &Json| if let Json::Object(members) = json { members.clone() } else { Vec::new() };
    let mut found = Vec::new();
    for (operator, block) in members(json) {
        let path = path.member(&operator);
        for (key, json) in members(&block) {
            let path = path.member(&key);
            let values = values(&json, &path);
            found.push(SourceCondition { operator: operator.clone(), key, values, path });
        }
    }
    found
}
