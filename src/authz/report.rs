//! What DecodeAuthorizationMessage tells of a denial: the JSON of AWS's DecodedMessage, cut to what fits the
//! encoded message.
//!
//! Rule 30: only inside one account and never for Anonymous, so for others there is no such message.

use crate::policy::{AuthorizationRequest, DecidingStatement, Decision, Outcome};
use serde::{Deserialize, Serialize};

/// Most bytes of the JSON: sealed and in base64url it stays within the 10,240 characters of EncodedMessage.
const MAX_MESSAGE_BYTES: usize = 7_500;

/// Values longer than this many characters are cut where the message is too long.
const LONG_VALUE: usize = 256;
/// Values kept of a list where the message is too long.
const LONG_LIST: usize = 10;

/// A denial as DecodedMessage has it. `truncated` is ours; AWS's messages have none.
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
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

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeniedBy {
    /// The Sid; without one the policy's id and the statement's number from 1, as in `mine#2`.
    pub statement_id: String,
    /// `DENY`.
    pub effect: String,
}

/// A context key with values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyValues {
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
    /// The keys of the request's context.
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
            key: key.to_owned(),
            values: values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect(),
        });
        Some(Self {
            allowed: false,
            explicit_deny: decision.outcome == Outcome::ExplicitDeny,
            matched_statements: Items { items: decision.statements.iter().map(denied_by).collect() },
            failures: Items { items: Vec::new() },
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
    /// then keys of the context are dropped from the end.
    pub fn to_json(&self) -> String {
        let whole = json(self);
        if whole.len() <= MAX_MESSAGE_BYTES {
            return whole;
        }
        let mut short = Self { truncated: true, ..self.clone() };
        short.shorten();
        loop {
            let text = json(&short);
            let keys = &mut short.context.conditions.items;
            // INVARIANT: ends, and fits: without keys only a few texts of at most 256 characters are left.
            if text.len() <= MAX_MESSAGE_BYTES || keys.is_empty() {
                return text;
            }
            keys.truncate(keys.len() * 3 / 4);
        }
    }

    fn shorten(&mut self) {
        let DeniedContext { principal, action, resource, conditions } = &mut self.context;
        for text in [&mut principal.id, &mut principal.arn, action, resource] {
            cut(text);
        }
        for pair in &mut conditions.items {
            cut(&mut pair.key);
            pair.values.items.truncate(LONG_LIST);
            pair.values.items.iter_mut().for_each(|text| cut(&mut text.value));
        }
        self.matched_statements.items.truncate(LONG_LIST);
        self.matched_statements.items.iter_mut().for_each(|statement| cut(&mut statement.statement_id));
    }
}

impl FromIterator<String> for Items<Text> {
    fn from_iter<I: IntoIterator<Item = String>>(texts: I) -> Self {
        Self { items: texts.into_iter().map(|value| Text { value }).collect() }
    }
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

fn denied_by(statement: &DecidingStatement<'_>) -> DeniedBy {
    let number = statement.index.saturating_add(1);
    let statement_id = statement.sid.map_or_else(|| format!("{}#{number}", statement.policy), str::to_owned);
    DeniedBy { statement_id, effect: "DENY".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PolicyKind;
    use crate::types::{AccountId, Context, Principal, ResourceName};

    fn describe(account: Option<&AccountId>, principal: &Principal, context: &Context) -> Option<DecodedDenial> {
        let statement =
            [DecidingStatement { policy: "mine", kind: PolicyKind::Identity, sid: None, index: 1 }].to_vec();
        let decision = Decision {
            outcome: Outcome::ExplicitDeny,
            statements: statement,
            cause: Some(PolicyKind::Identity),
            missing_keys: Vec::new(),
        };
        let resource = ResourceName::object("b", b"k\xff");
        let action = "s3:GetObject";
        let request =
            AuthorizationRequest { principal, action, resource: &resource, resource_account: account, context };
        DecodedDenial::new(&request, &decision)
    }

    #[test]
    fn rule_30_a_denial_is_described_inside_one_account_only() {
        let (own, other) = (AccountId::empty(), AccountId::parse("other").unwrap());
        let root = Principal::Root { account: own.clone() };
        let mut context = Context::new();
        context.set("aws:SourceIp", "127.0.0.1");
        let said = describe(Some(&own), &root, &context).unwrap().to_json();
        assert_eq!(
            said,
            "{\"allowed\":false,\"explicitDeny\":true,\"matchedStatements\":{\"items\":[{\"statementId\":\"mine#2\",\
             \"effect\":\"DENY\"}]},\"failures\":{\"items\":[]},\"context\":{\"principal\":{\"id\":\"\",\
             \"arn\":\"arn:aws:iam:::root\"},\"action\":\"s3:GetObject\",\"resource\":\"arn:aws:s3:::b/k\u{fffd}\",\
             \"conditions\":{\"items\":[{\"key\":\"aws:SourceIp\",\"values\":{\"items\":[{\"value\":\"127.0.0.1\"}]}}]}}}"
        );
        assert!(describe(Some(&other), &root, &context).is_none());
        assert!(describe(None, &root, &context).is_none());
        assert!(describe(Some(&own), &Principal::Anonymous, &context).is_none());
    }

    #[test]
    fn a_long_message_is_cut() {
        let mut context = Context::new();
        for number in 0..200 {
            context.set(format!("aws:RequestTag/{number}"), "\u{e9}".repeat(400));
        }
        let account = AccountId::empty();
        let said = describe(Some(&account), &Principal::Root { account: account.clone() }, &context).unwrap();
        let text = said.to_json();
        assert!(text.len() <= MAX_MESSAGE_BYTES && text.contains("\"truncated\":true"), "{}", text.len());
        assert!(serde_json::from_str::<DecodedDenial>(&text).is_ok());
    }
}
