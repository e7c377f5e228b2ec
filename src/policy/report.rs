//! What DecodeAuthorizationMessage tells of a denial: the JSON of AWS's DecodedMessage, cut to what fits the
//! encoded message.
//!
//! Rule 30: only inside one account and never for Anonymous, so for others there is no such message.

use super::decision::{DecidingStatement, Decision, Outcome};
use super::request::AuthorizationRequest;
use super::source::{List, SourceDocument, SourceStatement};
use serde::{Deserialize, Serialize};

/// Most bytes of the JSON: sealed and in base64url it stays within the 10,240 characters of EncodedMessage, with
/// 180 bytes left for version, key id, nonce and tag.
pub const MAX_MESSAGE_BYTES: usize = 7_500;

/// Values longer than this many characters are cut where the message is too long.
const LONG_VALUE: usize = 256;
/// Values kept of a list where the message is too long.
const LONG_LIST: usize = 10;

/// A denial as DecodedMessage has it. `not…` lists, operators and `truncated` are ours; AWS's messages have none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecodedDenial {
    /// Always false.
    pub allowed: bool,
    /// Whether a Deny statement decided.
    pub explicit_deny: bool,
    /// The Deny statements that decided.
    pub matched_statements: Items<DeniedBy>,
    /// Always empty.
    pub failures: Items<Text>,
    /// The request.
    pub context: DeniedContext,
    /// Whether values or entries were left out to keep the message short.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
}

/// AWS's form of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Items<T> {
    /// The entries.
    pub items: Vec<T>,
}

/// AWS's form of a text in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The text.
    pub value: String,
}

/// A statement, its lists as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeniedBy {
    /// The Sid; without one the policy's id and the statement's number from 1, as in `mine#2`.
    pub statement_id: String,
    /// `DENY`.
    pub effect: String,
    /// `Principal` or `NotPrincipal`; empty where the kind of policy has none.
    pub principals: Items<Text>,
    /// Always empty.
    pub principal_groups: Items<Text>,
    /// `Action`.
    pub actions: Items<Text>,
    /// `NotAction`.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    pub not_actions: Items<Text>,
    /// `Resource`.
    pub resources: Items<Text>,
    /// `NotResource`.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    pub not_resources: Items<Text>,
    /// `Condition`.
    pub conditions: Items<KeyValues>,
}

/// A context key with values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyValues {
    /// The operator, in a statement's conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The key.
    pub key: String,
    /// Its values.
    pub values: Items<Text>,
}

/// The denied request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedContext {
    /// Who asked.
    pub principal: DeniedPrincipal,
    /// The action, such as `s3:GetObject`.
    pub action: String,
    /// The resource, with `U+FFFD` for bytes that are not UTF-8.
    pub resource: String,
    /// All keys of the request's context.
    pub conditions: Items<KeyValues>,
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedPrincipal {
    /// `aws:userid`.
    pub id: String,
    /// The ARN that GetCallerIdentity shows.
    pub arn: String,
}

impl DecodedDenial {
    /// Describes a denial. None if the request was allowed, the caller has no account, or the resource belongs to
    /// another account or to none (rule 30).
    pub fn new(request: &AuthorizationRequest<'_>, decision: &Decision<'_>) -> Option<Self> {
        let principal = DeniedPrincipal { id: request.principal.user_id()?, arn: request.principal.arn()? };
        let same_account =
            request.resource_account.is_some() && request.resource_account == request.principal.account();
        if decision.is_allowed() || !same_account {
            return None;
        }
        let conditions = request.context.iter().map(|(key, values)| KeyValues {
            operator: None,
            key: key.to_owned(),
            values: values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect(),
        });
        Some(Self {
            allowed: false,
            explicit_deny: decision.outcome == Outcome::ExplicitDeny,
            matched_statements: Items { items: decision.statements.iter().filter_map(denied_by).collect() },
            failures: Items::default(),
            context: DeniedContext {
                principal,
                action: request.action.to_owned(),
                resource: String::from_utf8_lossy(request.resource.as_bytes()).into_owned(),
                conditions: Items { items: conditions.collect() },
            },
            truncated: false,
        })
    }

    /// The JSON, at most [`MAX_MESSAGE_BYTES`] long. Where it would be longer, first long values and lists are cut,
    /// then keys of the context are dropped from the end, then statements.
    pub fn to_json(&self) -> String {
        let whole = json(self);
        if whole.len() <= MAX_MESSAGE_BYTES {
            return whole;
        }
        let mut short = Self { truncated: true, ..self.clone() };
        short.shorten();
        loop {
            let text = json(&short);
            let (keys, statements) = (&mut short.context.conditions.items, &mut short.matched_statements.items);
            // INVARIANT: ends, and fits: without entries only four texts of at most 256 characters are left.
            if text.len() <= MAX_MESSAGE_BYTES || keys.is_empty() && statements.is_empty() {
                return text;
            }
            if keys.is_empty() {
                statements.pop();
            } else {
                keys.truncate(keys.len() * 3 / 4);
            }
        }
    }

    fn shorten(&mut self) {
        let DeniedContext { principal, action, resource, conditions } = &mut self.context;
        for text in [&mut principal.id, &mut principal.arn, action, resource] {
            cut(text);
        }
        conditions.items.iter_mut().for_each(KeyValues::shorten);
        self.matched_statements.items.truncate(LONG_LIST);
        for statement in &mut self.matched_statements.items {
            cut(&mut statement.statement_id);
            let DeniedBy { principals, actions, not_actions, resources, not_resources, .. } = statement;
            for list in [principals, actions, not_actions, resources, not_resources] {
                list.shorten();
            }
            statement.conditions.items.truncate(LONG_LIST);
            statement.conditions.items.iter_mut().for_each(KeyValues::shorten);
        }
    }
}

impl KeyValues {
    fn shorten(&mut self) {
        cut(&mut self.key);
        self.values.shorten();
    }
}

impl Items<Text> {
    fn shorten(&mut self) {
        self.items.truncate(LONG_LIST);
        self.items.iter_mut().for_each(|text| cut(&mut text.value));
    }
}

impl<T> Items<T> {
    fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl FromIterator<String> for Items<Text> {
    fn from_iter<I: IntoIterator<Item = String>>(texts: I) -> Self {
        Self { items: texts.into_iter().map(|value| Text { value }).collect() }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// INVARIANT: texts, lists and booleans always serialize.
fn json(denial: &DecodedDenial) -> String {
    serde_json::to_string(denial).unwrap_or_default()
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(LONG_VALUE) {
        text.truncate(end);
    }
}

fn denied_by(statement: &DecidingStatement<'_>) -> Option<DeniedBy> {
    let source = SourceDocument::read(statement.origin.0.document())?;
    let written = source.statements.into_iter().nth(statement.index)?;
    let SourceStatement { principals, actions, resources, conditions, .. } = written;
    let number = statement.index.saturating_add(1);
    let (actions, not_actions) = split(Some(actions));
    let (resources, not_resources) = split(resources);
    let conditions = conditions.into_iter().map(|condition| KeyValues {
        operator: Some(condition.operator),
        key: condition.key,
        values: condition.values.into_iter().map(|entry| entry.text).collect(),
    });
    Some(DeniedBy {
        statement_id: statement.sid.map_or_else(|| format!("{}#{number}", statement.policy), str::to_owned),
        effect: "DENY".to_owned(),
        principals: principals.into_iter().map(|principal| principal.entry.text).collect(),
        principal_groups: Items::default(),
        actions,
        not_actions,
        resources,
        not_resources,
        conditions: Items { items: conditions.collect() },
    })
}

/// The plain form of a list and its `Not` form.
fn split(list: Option<List>) -> (Items<Text>, Items<Text>) {
    let Some(List { inverted, values }) = list else { return Default::default() };
    let texts = values.into_iter().map(|entry| entry.text).collect();
    if inverted { (Items::default(), texts) } else { (texts, Items::default()) }
}
