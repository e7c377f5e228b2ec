//! JSON of strangers (RFC 8259), bounded in depth, with no member twice.
//!
//! Numbers keep the text they came in: a claim that is an id of many digits must not be rounded to another one's.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::fmt;

/// Objects and lists in one another, the outermost object included. Keycloak's claims need 4, Kubernetes' 3.
pub(super) const MAX_DEPTH: usize = 16;

/// Why a text was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// Not UTF-8, not JSON, or not an object.
    #[error("not a JSON object")]
    Syntax,
    /// Deeper than 16 objects and lists.
    #[error("JSON nested more than {MAX_DEPTH} deep")]
    Depth,
    /// RFC 7515 section 4 and RFC 7519 section 4 want names that are unique.
    #[error("JSON with a member that is there twice")]
    RepeatedMember,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// As it was written.
    Number(String),
    /// Unescaped.
    Text(String),
    /// In order.
    List(Vec<Json>),
    /// In order.
    Object(Object),
}

/// The members of an object, in order; no name twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Object(Vec<(String, Json)>);

impl Object {
    /// Reads a text that is one object.
    pub(super) fn parse(text: &[u8]) -> Result<Self, JsonFault> {
        object(std::str::from_utf8(text).map_err(|_| JsonFault::Syntax)?, MAX_DEPTH)
    }

    /// The member of that name, byte for byte.
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// All members in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl Json {
    /// The text of a string.
    pub(super) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The texts of a list of strings; none if anything else is in it.
    pub(super) fn as_texts(&self) -> Option<Vec<&str>> {
        if let Self::List(list) = self { list.iter().map(Self::as_text).collect() } else { None }
    }
}

/// The members as text: each is read by its own kind, one level at a time.
struct RawMembers<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for RawMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Members).map(Self)
    }
}

fn object(text: &str, depth: usize) -> Result<Object, JsonFault> {
    let inside = depth.checked_sub(1).ok_or(JsonFault::Depth)?;
    let RawMembers(raw) = serde_json::from_str(text).map_err(|_| JsonFault::Syntax)?;
    let mut names = HashSet::with_capacity(raw.len());
    if !raw.iter().all(|(name, _)| names.insert(name.as_str())) {
        return Err(JsonFault::RepeatedMember);
    }
    let members = raw.into_iter().map(|(name, value)| Ok((name, json(value, inside)?)));
    members.collect::<Result<_, JsonFault>>().map(Object)
}

fn list(text: &str, depth: usize) -> Result<Vec<Json>, JsonFault> {
    let inside = depth.checked_sub(1).ok_or(JsonFault::Depth)?;
    let raw: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| JsonFault::Syntax)?;
    raw.into_iter().map(|value| json(value, inside)).collect()
}

/// INVARIANT: a raw value is one value in JSON's syntax, without blanks around it, so its first byte tells its kind.
fn json(raw: &RawValue, depth: usize) -> Result<Json, JsonFault> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => Json::Object(object(text, depth)?),
        Some(b'[') => Json::List(list(text, depth)?),
        Some(b'"') => Json::Text(serde_json::from_str(text).map_err(|_| JsonFault::Syntax)?),
        Some(b't') => Json::Bool(true),
        Some(b'f') => Json::Bool(false),
        Some(b'n') => Json::Null,
        Some(b'-' | b'0'..=b'9') => Json::Number(text.to_owned()),
        _ => return Err(JsonFault::Syntax),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> JsonFault {
        Object::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let text =
            r#" {"a":null,"b":[true , false,-0.10e+2],"c":{"d":"\u00e4\n"},"e":123456789012345678901234567890} "#;
        let read = Object::parse(text.as_bytes()).unwrap();
        assert_eq!(read.get("a"), Some(&Json::Null));
        let list = vec![Json::Bool(true), Json::Bool(false), Json::Number("-0.10e+2".into())];
        assert_eq!(read.get("b"), Some(&Json::List(list)));
        let Some(Json::Object(inner)) = read.get("c") else { panic!("{read:?}") };
        assert_eq!(inner.get("d").and_then(Json::as_text), Some("ä\n"));
        assert_eq!(read.get("e"), Some(&Json::Number("123456789012345678901234567890".into())), "no digit is lost");
        assert_eq!((read.get("A"), read.iter().count()), (None, 4));
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for text in [
            "",
            " ",
            "[]",
            "1",
            "\"a\"",
            "null",
            "{",
            "{}{}",
            "{} x",
            "{'a':1}",
            "{\"a\":01}",
            "{\"a\":.5}",
            "{\"a\":1.}",
            "{\"a\":+1}",
            "{\"a\":NaN}",
            "{\"a\":tru}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\u{1}\"}",
            "{\"a\":[1,]}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":}",
            "{\"a\":\"\\x\"}",
            "{\"\\ud800\":1}",
            "{\"a\":[\"\\q\"]}",
            "{\"a\":[[1 2]]}",
            "\u{feff}{}",
        ] {
            assert_eq!(fault(text), JsonFault::Syntax, "{text}");
        }
        assert_eq!(Object::parse(b"{\"a\":\"\xff\"}"), Err(JsonFault::Syntax));
    }

    #[test]
    fn no_member_is_there_twice_however_it_is_written_or_how_deep() {
        for text in
            [r#"{"a":1,"a":1}"#, r#"{"a":1,"b":2,"\u0061":3}"#, r#"{"x":{"y":[{"a":1,"a":2}]}}"#, r#"{"":1,"":2}"#]
        {
            assert_eq!(fault(text), JsonFault::RepeatedMember, "{text}");
        }
        assert!(Object::parse(br#"{"a":{"a":1},"A":2}"#).is_ok(), "names have case");
    }

    #[test]
    fn depth_is_bounded() {
        let nested =
            |open: &str, close: &str, times: usize| format!("{{\"a\":{}1{}}}", open.repeat(times), close.repeat(times));
        for (open, close) in [("[", "]"), ("{\"b\":", "}")] {
            assert!(Object::parse(nested(open, close, MAX_DEPTH - 1).as_bytes()).is_ok());
            assert_eq!(fault(&nested(open, close, MAX_DEPTH)), JsonFault::Depth);
            assert_eq!(fault(&nested(open, close, 7000)), JsonFault::Depth, "no stack is needed for it");
        }
        let open = format!("{{\"a\":{}", "[".repeat(100_000));
        assert_eq!(fault(&open), JsonFault::Syntax);
    }
}
