//! The JSON under a policy: values with duplicate members kept, so that they can be refused with their
//! place, and the path of a value inside its document.

use super::error::{Error, Fault, Faults};
use super::span::{PathStep, position_at};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Most characters of a document that any IAM or S3 call takes (WIRE section 3). Quotas by kind of policy are
/// the caller's.
pub const MAX_DOCUMENT_CHARACTERS: usize = 131_072;

/// A JSON value. Numbers keep their text; members keep their order and their duplicates.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses `text` after checking its length and characters.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let whole = Place::root();
        let length = text.chars().count();
        if length > MAX_DOCUMENT_CHARACTERS {
            return Err(whole.refuse(Fault::TooLong { length, limit: MAX_DOCUMENT_CHARACTERS }));
        }
        for (line, content) in text.split('\n').enumerate() {
            if let Some((column, bad)) = content.char_indices().find(|(_, c)| !is_allowed(*c)) {
                let fault = Fault::ForbiddenCharacter { code: u32::from(bad), line: line + 1 };
                return Err(whole.refuse(fault).at(position_at(text, line + 1, column + 1)));
            }
        }
        serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            whole.refuse(Fault::NotJson { line, column }).at(position_at(text, line, column))
        })
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The values of "one value or a list".
    pub(super) fn entries(&self) -> &[Json] {
        match self {
            Self::Array(values) => values,
            single => std::slice::from_ref(single),
        }
    }

    /// The member `name` of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// A string, or the text of a number or boolean.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::String(text) | Self::Number(text) => Some(Cow::Borrowed(text)),
            Self::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
            Self::Null | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The value as a string.
    pub(super) fn string(&self, place: &Place<'_>) -> Result<&str, Error> {
        match self {
            Self::String(text) => Ok(text),
            other => Err(place.wrong_type("a string", other)),
        }
    }

    /// The members of an object, none of which may occur twice.
    pub(super) fn members(&self, place: &Place<'_>) -> Result<&[(String, Json)], Error> {
        let Self::Object(members) = self else { return Err(place.wrong_type("an object", self)) };
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair.first() == pair.last()) {
            Some(pair) => Err(place.refuse(Fault::DuplicateMember(pair.first().copied().unwrap_or_default().into()))),
            None => Ok(members),
        }
    }

    /// As [`Json::each`], but goes on after a refused value, so that all refusals are noted.
    pub(super) fn each_noting<T>(
        &self,
        place: &Place<'_>,
        faults: &mut Faults,
        mut take: impl FnMut(&Json, &Place<'_>) -> Result<T, Error>,
    ) -> Option<Vec<T>> {
        match self {
            Self::Array(values) if !values.is_empty() => {
                let mut taken = Vec::with_capacity(values.len());
                for (index, value) in values.iter().enumerate() {
                    taken.extend(faults.note(take(value, &place.index(index))));
                }
                (taken.len() == values.len()).then_some(taken)
            }
            other => faults.note(other.each(place, take)),
        }
    }

    /// "One value or a list": hands each value to `take` with its own place. An empty list is refused.
    pub(super) fn each<T>(
        &self,
        place: &Place<'_>,
        mut take: impl FnMut(&Json, &Place<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        match self {
            Self::Array(values) if values.is_empty() => Err(place.refuse(Fault::Empty)),
            Self::Array(values) => values.iter().enumerate().map(|(i, value)| take(value, &place.index(i))).collect(),
            single => Ok(vec![take(single, place)?]),
        }
    }
}

fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\r' | '\u{20}'..='\u{FF}')
}

/// Where in the document a value stands. Written out only when something is refused.
pub(super) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Root,
    Member(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    pub(super) fn root() -> Self {
        Self { parent: None, step: Step::Root }
    }

    pub(super) fn member(&'a self, name: &'a str) -> Place<'a> {
        Place { parent: Some(self), step: Step::Member(name) }
    }

    pub(super) fn index(&'a self, index: usize) -> Place<'a> {
        Place { parent: Some(self), step: Step::Index(index) }
    }

    pub(super) fn refuse(&self, fault: Fault) -> Error {
        Error::new(self.to_string(), self.steps(), fault)
    }

    fn steps(&self) -> Vec<PathStep> {
        let mut steps = self.parent.map(Place::steps).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Member(name) => steps.push(PathStep::Member(name.to_owned())),
            Step::Index(index) => steps.push(PathStep::Index(index)),
        }
        steps
    }

    pub(super) fn wrong_type(&self, wanted: &'static str, found: &Json) -> Error {
        self.refuse(Fault::WrongType { wanted, found: found.type_name() })
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Member(name) if self.parent.is_none_or(|parent| matches!(parent.step, Step::Root)) => {
                f.write_str(name)
            }
            Step::Member(name) => write!(f, ".{name}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_as_paths() {
        let root = Place::root();
        let statement = root.member("Statement");
        let third = statement.index(2);
        let condition = third.member("Condition");
        assert_eq!(condition.member("StringEquals").to_string(), "Statement[2].Condition.StringEquals");
        assert_eq!(root.to_string(), "");
    }

    #[test]
    fn only_tab_lf_cr_and_latin1_may_stand_raw() {
        assert!(Json::parse("{\"a\":\t\"\u{FF}\"\r\n}").is_ok());
        assert!(Json::parse("{\"a\":\"\\u65e5\"}").is_ok());
        let error = Json::parse("{\n\"a\":\"\u{65e5}\"}").unwrap_err();
        assert_eq!(error.fault, Fault::ForbiddenCharacter { code: 0x65e5, line: 2 });
        for bad in ["\u{feff}{}", "\u{0}", "{\"a\":\"\u{1}\"}", "{\u{b}}"] {
            assert!(matches!(Json::parse(bad).unwrap_err().fault, Fault::ForbiddenCharacter { .. }), "{bad:?}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        assert!(matches!(Json::parse(&"[".repeat(100_000)).unwrap_err().fault, Fault::NotJson { .. }));
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert!(matches!(Json::parse(&deep).unwrap_err().fault, Fault::NotJson { .. }));
        assert!(Json::parse(&" ".repeat(MAX_DOCUMENT_CHARACTERS + 1)).unwrap_err().to_string().contains("131073"));
    }

    #[test]
    fn duplicates_are_found_and_numbers_keep_their_value() {
        let json = Json::parse("{\"a\":1,\"b\":2.5,\"a\":3}").unwrap();
        assert_eq!(json.members(&Place::root()).unwrap_err().fault, Fault::DuplicateMember("a".into()));
        let Json::Object(members) = json else { panic!() };
        assert_eq!(members[1].1, Json::Number("2.5".into()));
    }
}
