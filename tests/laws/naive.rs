//! A naive evaluator of IAM policies, written from AWS's text alone. It reads the JSON anew for every decision and
//! shares no code with `rolegate::policy`. Slow, short, and meant to be read beside "Policy evaluation logic".

use rolegate::types::Principal;
use serde_json::Value;

/// The three ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naive {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
}

/// A context key: name, values, whether it is multi-valued.
pub(crate) type Key = (String, Vec<String>, bool);

/// A whole question.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) principal: Principal,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) owner: String,
    pub(crate) context: Vec<Key>,
    pub(crate) identity: Vec<Value>,
    pub(crate) boundaries: Vec<Value>,
    pub(crate) session: Option<Vec<Value>>,
    pub(crate) resource_policy: Option<Value>,
    pub(crate) trust: bool,
}

/// What a resource policy's Allow can say of the caller.
#[derive(Default, Clone, Copy)]
struct Named {
    itself: bool,
    everyone: bool,
    /// The role of a session, or the user of a federated one.
    role: bool,
    account: bool,
}

impl Named {
    fn any(self) -> bool {
        self.itself || self.everyone || self.role || self.account
    }
}

pub(crate) fn decide(q: &Question) -> Naive {
    let sessions = q.session.clone().unwrap_or_default();
    let plain: Vec<&Value> = q.identity.iter().chain(&q.boundaries).chain(&sessions).collect();
    let denied_plainly = plain.iter().any(|document| matching(document, q, "Deny").next().is_some());
    let denied_by_resource =
        q.resource_policy.iter().flat_map(|d| matching(d, q, "Deny")).any(|statement| deny_reaches(statement, q));
    if denied_plainly || denied_by_resource {
        return Naive::ExplicitDeny;
    }
    let allows = |document: &Value| matching(document, q, "Allow").next().is_some();
    let identity = q.identity.iter().any(allows);
    let boundary = q.boundaries.iter().all(allows);
    let session = q.session.as_ref().is_none_or(|documents| documents.iter().any(allows));
    let mut named = Named::default();
    for statement in q.resource_policy.iter().flat_map(|d| matching(d, q, "Allow")) {
        name(&statement["Principal"], q, &mut named);
    }
    let allowed = match (&q.principal, account_of(&q.principal)) {
        (Principal::Anonymous, _) => !q.trust && named.everyone,
        (Principal::WebIdentity { .. }, _) => q.trust && named.itself,
        (_, account) if account.as_deref() != Some(&q.owner) => identity && boundary && session && named.any(),
        (principal, _) => {
            let is_session = matches!(principal, Principal::RoleSession { .. });
            (named.itself && (is_session || session))
                || (named.everyone && session)
                || (named.role && boundary && session)
                || (identity && boundary && session && (!q.trust || named.any()))
        }
    };
    if allowed { Naive::Allow } else { Naive::ImplicitDeny }
}

fn account_of(principal: &Principal) -> Option<String> {
    principal.account().map(ToString::to_string)
}

/// The statements of that effect whose action, resource and conditions match.
fn matching<'d>(document: &'d Value, q: &'d Question, effect: &'d str) -> impl Iterator<Item = &'d Value> {
    let new = document["Version"] == "2012-10-17";
    list(&document["Statement"]).filter(move |s| {
        s["Effect"] == effect && action_matches(s, q) && resource_matches(s, q, new) && conditions_hold(s, q, new)
    })
}

/// One value or a list of them.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(values) => values.iter().collect::<Vec<_>>(),
        Value::Null => vec![],
        single => vec![single],
    }
    .into_iter()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn action_matches(s: &Value, q: &Question) -> bool {
    let any = |element: &str| {
        list(&s[element]).any(|p| like(&text(p).to_lowercase(), &q.action.to_lowercase()) || text(p) == "*:*")
    };
    if s.get("Action").is_some() { any("Action") } else { !any("NotAction") }
}

fn resource_matches(s: &Value, q: &Question, new: bool) -> bool {
    let any = |element: &str| {
        list(&s[element]).any(|p| expand(&text(p), q, new, true).is_some_and(|p| like(&p, &q.resource)))
    };
    if s.get("Resource").is_some() {
        any("Resource")
    } else if s.get("NotResource").is_some() {
        !any("NotResource")
    } else {
        true
    }
}

/// Stand-ins for `*` and `?` that are to be read as themselves.
const PLAIN_STAR: char = '\u{E000}';
const PLAIN_MARK: char = '\u{E001}';

/// Puts in variables; what they put in is plain. None if a variable has no value.
fn expand(pattern: &str, q: &Question, new: bool, wildcards: bool) -> Option<String> {
    let plain = |value: &str| value.replace('*', &PLAIN_STAR.to_string()).replace('?', &PLAIN_MARK.to_string());
    let keep = |value: &str| if wildcards { value.to_owned() } else { plain(value) };
    if !new {
        return Some(keep(pattern));
    }
    let mut result = String::new();
    let mut rest = pattern;
    while let Some(start) = rest.find("${") {
        result.push_str(&keep(&rest[..start]));
        let end = start + rest[start..].find('}').unwrap();
        let inside = &rest[start + 2..end];
        let (key, default) = match inside.split_once(", '") {
            Some((key, default)) => (key, Some(default.trim_end_matches('\'').to_owned())),
            None => (inside, None),
        };
        let value = match key {
            "*" | "?" | "$" => Some(key.to_owned()),
            _ => find(q, key).filter(|(_, _, set)| !set).map(|(_, values, _)| values[0].clone()),
        };
        result.push_str(&plain(&value.or(default)?));
        rest = &rest[end + 1..];
    }
    result.push_str(&keep(rest));
    Some(result)
}

fn find<'q>(q: &'q Question, key: &str) -> Option<&'q Key> {
    q.context.iter().find(|(name, _, _)| name.to_lowercase() == key.to_lowercase())
}

/// Wildcards by plain recursion.
fn like(pattern: &str, value: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    let mut value_rest = value.chars();
    match (pattern_rest.next(), value_rest.next()) {
        (None, None) => true,
        (Some('*'), None) => like(pattern_rest.as_str(), value),
        (Some('*'), Some(_)) => like(pattern_rest.as_str(), value) || like(pattern, value_rest.as_str()),
        (Some('?'), Some(_)) => like(pattern_rest.as_str(), value_rest.as_str()),
        (Some(PLAIN_STAR), Some('*')) | (Some(PLAIN_MARK), Some('?')) => {
            like(pattern_rest.as_str(), value_rest.as_str())
        }
        (Some(p), Some(v)) => p == v && like(pattern_rest.as_str(), value_rest.as_str()),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn conditions_hold(s: &Value, q: &Question, new: bool) -> bool {
    let Some(operators) = s["Condition"].as_object() else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, wanted)| condition_holds(operator, key, wanted, q, new))
    })
}

fn condition_holds(operator: &str, key: &str, wanted: &Value, q: &Question, new: bool) -> bool {
    let found = find(q, key);
    if operator == "Null" {
        return list(wanted).any(|w| (text(w) == "true") == found.is_none());
    }
    let (quantifier, rest) = operator.split_once(':').unwrap_or(("", operator));
    let base = rest.strip_suffix("IfExists").unwrap_or(rest);
    let negated = base.contains("Not");
    let positive = base.replace("Not", "");
    let Some((_, values, _)) = found else {
        return match (base == rest, quantifier) {
            (false, _) => true,
            (_, "ForAllValues") => true,
            (_, "ForAnyValue") => false,
            _ => negated,
        };
    };
    let one = |value: &String| list(wanted).any(|w| compare(&positive, &text(w), value, q, new));
    match (quantifier, negated) {
        ("ForAllValues", false) => values.iter().all(one),
        ("ForAllValues", true) => values.iter().all(|v| !one(v)),
        ("ForAnyValue", true) => values.iter().any(|v| !one(v)),
        ("", true) => !values.iter().any(one),
        _ => values.iter().any(one),
    }
}

fn compare(operator: &str, wanted: &str, value: &str, q: &Question, new: bool) -> bool {
    let order = |wanted: Option<f64>, value: Option<f64>| match (value, wanted) {
        (Some(value), Some(wanted)) => value.partial_cmp(&wanted),
        _ => None,
    };
    let relation = |order: Option<std::cmp::Ordering>| {
        order.is_some_and(|o| match operator.trim_start_matches("Numeric").trim_start_matches("Date") {
            "Equals" => o.is_eq(),
            "LessThan" => o.is_lt(),
            "LessThanEquals" => o.is_le(),
            "GreaterThan" => o.is_gt(),
            "GreaterThanEquals" => o.is_ge(),
            other => panic!("{other}"),
        })
    };
    match operator {
        "StringEquals" => expand(wanted, q, new, false).is_some_and(|w| like(&w, value)),
        "StringEqualsIgnoreCase" => {
            expand(wanted, q, new, false).is_some_and(|w| like(&w.to_lowercase(), &value.to_lowercase()))
        }
        "StringLike" => expand(wanted, q, new, true).is_some_and(|w| like(&w, value)),
        "Bool" => expand(wanted, q, new, false)
            .is_some_and(|w| ["true", "false"].contains(&w.to_lowercase().as_str()) && w.eq_ignore_ascii_case(value)),
        "ArnEquals" | "ArnLike" => {
            let (wanted, value): (Vec<_>, Vec<_>) = (wanted.splitn(6, ':').collect(), value.splitn(6, ':').collect());
            wanted.len() == 6
                && value.len() == 6
                && wanted.iter().zip(value).all(|(w, v)| expand(w, q, new, true).is_some_and(|w| like(&w, v)))
        }
        "IpAddress" => in_block(wanted, value),
        _ if operator.starts_with("Numeric") => relation(order(wanted.parse().ok(), value.parse().ok())),
        _ => relation(order(seconds(wanted), seconds(value))),
    }
}

/// Whole days since 1970 by counting, then seconds; only the forms that the generators make.
fn seconds(date: &str) -> Option<f64> {
    if let Ok(epoch) = date.parse::<f64>() {
        return Some(epoch);
    }
    let number = |range: std::ops::Range<usize>| date.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let leap = |y: i64| (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    let mut days: i64 = (1970..year).map(|y| if leap(y) { 366 } else { 365 }).sum();
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += lengths[..month as usize - 1].iter().sum::<i64>() + day - 1;
    let time = match date.len() {
        10 => 0,
        _ => number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?,
    };
    Some((days * 86_400 + time) as f64)
}

/// Version 4 only in blocks of whole octets, version 6 only as plain addresses: what the generators make.
fn in_block(block: &str, value: &str) -> bool {
    let (address, width) = block.split_once('/').unwrap_or((block, "32"));
    if address.contains(':') || value.contains(':') {
        return address == value;
    }
    let octets = width.parse::<usize>().unwrap() / 8;
    address.split('.').take(octets).eq(value.split('.').take(octets)) && value.split('.').count() == 4
}

/// Notes how `element` (a Principal) names the caller.
fn name(element: &Value, q: &Question, named: &mut Named) {
    let federated = matches!(q.principal, Principal::WebIdentity { .. });
    for entry in if element == "*" { vec![("AWS", "*".to_owned())] } else { entries(element) } {
        match entry {
            ("AWS", star) if star == "*" => named.everyone |= !federated,
            ("AWS", arn) if !federated => {
                let own = own_arn(&q.principal).is_some_and(|own| own == full_root(&arn));
                let stands_for = matches!(q.principal, Principal::FederatedUser { .. });
                named.itself |= if stands_for { q.principal.arn() == Some(arn.clone()) } else { own };
                named.role |= own && stands_for;
                named.role |= q.principal.role_arn().is_some_and(|own| own == arn);
                named.account |= account_of(&q.principal).is_some_and(|own| full_root(&arn) == root_arn(&own));
            }
            ("Federated", provider) => named.itself |= federated && q.principal.arn() == Some(provider),
            _ => {}
        }
    }
}

fn entries(element: &Value) -> Vec<(&str, String)> {
    let members = element.as_object().unwrap().iter();
    members.flat_map(|(kind, values)| list(values).map(move |value| (kind.as_str(), text(value)))).collect()
}

/// The ARN that policies name the caller by: of a federated user, the user's for whom it stands.
fn own_arn(principal: &Principal) -> Option<String> {
    match principal {
        Principal::FederatedUser { account, user_path, user_name, .. } => {
            Some(format!("arn:aws:iam::{account}:user{user_path}{user_name}"))
        }
        other => other.arn(),
    }
}

fn root_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

/// A bare account id stands for its root ARN.
fn full_root(principal: &str) -> String {
    if principal.starts_with("arn:") { principal.to_owned() } else { root_arn(principal) }
}

fn deny_reaches(statement: &Value, q: &Question) -> bool {
    if let Some(element) = statement.get("Principal") {
        let mut named = Named::default();
        name(element, q, &mut named);
        let all = element == "*" || entries(element).contains(&("AWS", "*".to_owned()));
        return named.any() || all;
    }
    if !q.boundaries.is_empty() {
        return true;
    }
    let element = &statement["NotPrincipal"];
    let listed = |wanted: Option<String>| {
        wanted.is_some_and(|w| entries(element).iter().any(|(kind, e)| *kind == "AWS" && full_root(e) == w))
    };
    let account = listed(account_of(&q.principal).as_deref().map(root_arn));
    let spared = match &q.principal {
        Principal::WebIdentity { provider } => entries(element).contains(&("Federated", provider.to_string())),
        Principal::Anonymous => false,
        Principal::Root { .. } => account,
        Principal::User { .. } | Principal::FederatedUser { .. } => {
            account && (listed(own_arn(&q.principal)) || listed(q.principal.arn()))
        }
        Principal::RoleSession { .. } => account && listed(q.principal.arn()) && listed(q.principal.role_arn()),
    };
    !spared
}
