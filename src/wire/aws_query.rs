//! The AWS Query protocol: `Action`, `Version` and `Name.member.N` lists in, XML envelopes out.
//!
//! Parameters come from a form body or a query string, never both and none twice (security rule 5).
//! Unknown parameters stay unread, as AWS ignores them.

use super::QueryString;
use super::percent;
use super::xml::XmlWriter;
use std::sync::{Arc, Mutex, PoisonError};

/// The parameters could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A `%` without two hex digits, or text that is not UTF-8.
    #[error("the parameters are not properly URL-encoded UTF-8")]
    Encoding,
    /// A name that occurs twice.
    #[error("the parameter {0} is given more than once")]
    Repeated(String),
    /// More parameters than the limit.
    #[error("more than {0} parameters are given")]
    TooMany(usize),
    /// A list whose indices do not count up from 1.
    #[error("the list {0} must be numbered from 1 without gaps")]
    BadList(String),
}

/// No call has more: 50 tags of two fields, 100 client ids, and so on.
const MAX_PARAMETERS: usize = 2048;

/// The parameters of one call, by name, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    asked: Option<Asked>,
}

/// The names that were asked for, in the order of the first asking. No part of what parameters are.
#[derive(Clone, Debug, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl PartialEq for Asked {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Asked {}

impl Parameters {
    /// Parses a form body (`a=b&c=d`, `+` is a space).
    pub fn parse_form(body: &[u8]) -> Result<Self, QueryError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for piece in body.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
            if pairs.len() == MAX_PARAMETERS {
                return Err(QueryError::TooMany(MAX_PARAMETERS));
            }
            let mut halves = piece.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            pairs.push((name, value));
        }
        Self::unrepeated(pairs)
    }

    /// Takes the pairs of a query string as the signature reads them: a `+` there is a plus, or else a presigned
    /// call could be changed (`%2B` into `+`) under its signature. `skip` picks keys to leave out.
    pub fn from_query(query: &QueryString, skip: impl Fn(&str) -> bool) -> Result<Self, QueryError> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| QueryError::Encoding);
        let mut pairs = Vec::new();
        for pair in query.pairs() {
            let name = text(&pair.key)?;
            if !skip(&name) {
                pairs.push((name, text(&pair.value)?));
            }
        }
        Self::unrepeated(pairs)
    }

    fn unrepeated(pairs: Vec<(String, String)>) -> Result<Self, QueryError> {
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let repeated = names.iter().zip(names.iter().skip(1)).find(|(a, b)| a == b).map(|(name, _)| *name);
        match repeated {
            Some(name) => Err(QueryError::Repeated(name.chars().take(128).collect())),
            None => Ok(Self { pairs, asked: None }),
        }
    }

    /// From pairs already decoded (tests, commands).
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { pairs, asked: None }
    }

    /// Notes from here on which names are asked for: how the tables of actions in `docs/` learn what parsers read.
    /// Requests are not noted.
    #[doc(hidden)]
    pub fn noting(self) -> Self {
        Self { asked: Some(Asked::default()), ..self }
    }

    /// The names that were asked for since [`Parameters::noting`], of a list its own alone.
    #[doc(hidden)]
    pub fn asked(&self) -> Vec<String> {
        let noted = |asked: &Asked| asked.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.asked.as_ref().map(noted).unwrap_or_default()
    }

    fn note(&self, name: &str) {
        let Some(asked) = &self.asked else { return };
        let name = name.split_once(".member.").map_or(name, |(list, _)| list);
        let mut asked = asked.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked.iter().any(|known| known == name) {
            asked.push(name.to_owned());
        }
    }

    /// A parameter by its exact name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.note(name);
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a parameter of this name, or of a list of this name, is there.
    pub fn has(&self, name: &str) -> bool {
        self.note(name);
        self.pairs
            .iter()
            .any(|(known, _)| known == name || known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }

    /// The strings of `NAME.member.N`, in the order of N, which must count from 1.
    /// A single empty `NAME` means an empty list, as old SDKs send it.
    pub fn list(&self, name: &str) -> Result<Vec<&str>, QueryError> {
        self.members(name)?.into_iter().map(|member| self.get(&member).ok_or_else(|| bad_list(name))).collect()
    }

    /// The structures of `NAME.member.N.FIELD`: for each N the prefix `NAME.member.N`, to read fields from.
    pub fn members(&self, name: &str) -> Result<Vec<String>, QueryError> {
        self.note(name);
        let prefix = format!("{name}.member.");
        let mut indices = Vec::new();
        for (known, _) in &self.pairs {
            if let Some(rest) = known.strip_prefix(&prefix) {
                let digits = rest.split('.').next().unwrap_or_default();
                let canonical = digits.parse::<usize>().ok().filter(|index| index.to_string() == digits);
                indices.push(canonical.ok_or_else(|| bad_list(name))?);
            }
        }
        indices.sort_unstable();
        indices.dedup();
        if indices.iter().copied().eq(1..=indices.len()) {
            Ok(indices.into_iter().map(|index| format!("{prefix}{index}")).collect())
        } else {
            Err(bad_list(name))
        }
    }

    /// The parameter `FIELD` of a structure whose prefix came from [`Parameters::members`].
    pub fn field(&self, member: &str, field: &str) -> Option<&str> {
        self.get(&format!("{member}.{field}"))
    }
}

fn bad_list(name: &str) -> QueryError {
    QueryError::BadList(name.chars().take(128).collect())
}

fn decode(raw: &[u8]) -> Result<String, QueryError> {
    let bytes = percent::decode_form(raw).map_err(|_| QueryError::Encoding)?;
    String::from_utf8(bytes).map_err(|_| QueryError::Encoding)
}

/// `<OpResponse xmlns><OpResult>…</OpResult><ResponseMetadata/></OpResponse>`.
pub fn answer(action: &str, namespace: &str, request_id: &str, result: Option<&dyn Fn(&mut XmlWriter)>) -> String {
    let mut writer = XmlWriter::fragment();
    writer.element_ns(&format!("{action}Response"), namespace, |w| {
        if let Some(result) = result {
            w.element(&format!("{action}Result"), |w| result(w));
        }
        w.element("ResponseMetadata", |w| {
            w.text("RequestId", request_id);
        });
    });
    writer.finish()
}

/// `<ErrorResponse xmlns><Error>…</Error><RequestId/></ErrorResponse>`; `Sender` for 4xx, else `Receiver`.
pub fn error_answer(namespace: &str, request_id: &str, status: u16, code: &str, message: &str) -> String {
    let mut writer = XmlWriter::fragment();
    writer.element_ns("ErrorResponse", namespace, |w| {
        w.element("Error", |w| {
            w.text("Type", if status < 500 { "Sender" } else { "Receiver" });
            w.text("Code", code).text("Message", message);
        });
        w.text("RequestId", request_id);
    });
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_parameters_lists_and_structures() {
        let p = Parameters::parse_form(
            b"Action=TagRole&Tags.member.2.Key=b&Tags.member.1.Key=a+%2B&Tags.member.1.Value=&TagKeys.member.1=x",
        )
        .unwrap();
        assert_eq!(p.get("Action"), Some("TagRole"));
        let members = p.members("Tags").unwrap();
        assert_eq!(p.field(&members[0], "Key"), Some("a +"));
        assert_eq!(p.field(&members[0], "Value"), Some(""));
        assert_eq!(p.field(&members[1], "Value"), None);
        assert_eq!(p.list("TagKeys").unwrap(), ["x"]);
        assert!(p.list("Nothing").unwrap().is_empty());
        assert!(p.has("Tags") && p.has("Action") && !p.has("Tag"));
    }

    #[test]
    fn names_are_noted_where_that_is_wanted() {
        let plain = Parameters::from_pairs([("a", "1"), ("L.member.1.Key", "x")]);
        assert_eq!((plain.get("a"), plain.asked().len()), (Some("1"), 0));
        let noting = plain.clone().noting();
        assert_eq!(noting, noting.clone());
        assert!(noting.get("b").is_none() && !noting.has("c") && noting.get("b").is_none());
        let members = noting.members("L").unwrap();
        assert_eq!(noting.field(&members[0], "Key"), Some("x"));
        assert_eq!(noting.asked(), ["b", "c", "L"]);
    }

    #[test]
    fn rule_05_refuses_repeats_gaps_and_bad_encoding() {
        assert!(matches!(Parameters::parse_form(b"a=1&b=2&a=1"), Err(QueryError::Repeated(name)) if name == "a"));
        assert_eq!(Parameters::parse_form(b"a=%zz"), Err(QueryError::Encoding));
        assert_eq!(Parameters::parse_form(b"a=%ff"), Err(QueryError::Encoding));
        for body in
            [&b"L.member.2=x"[..], b"L.member.0=x", b"L.member.x=x", b"L.member.01=x", b"L.member.1=x&L.member.3=y"]
        {
            assert!(matches!(Parameters::parse_form(body).unwrap().list("L"), Err(QueryError::BadList(_))));
        }
        assert!(matches!(Parameters::parse_form("a&".repeat(2049).as_bytes()), Err(QueryError::TooMany(_))));
    }

    #[test]
    fn rule_05_a_query_is_read_as_the_signature_reads_it() {
        let query = |text: &str| QueryString::parse(text.as_bytes()).unwrap();
        let read = Parameters::from_query(&query("Action=A&x=a+b%2Bc%20d&X-Amz-Date=1"), |key| key == "X-Amz-Date");
        let read = read.unwrap();
        assert_eq!((read.get("x"), read.get("X-Amz-Date")), (Some("a+b+c d"), None));
        let repeated = Parameters::from_query(&query("a=1&%61=2"), |_| false);
        assert!(matches!(repeated, Err(QueryError::Repeated(name)) if name == "a"));
        assert_eq!(Parameters::from_query(&query("a=%ff"), |_| false), Err(QueryError::Encoding));
    }

    #[test]
    fn envelopes_have_awss_shape() {
        assert_eq!(
            answer("DeleteRole", "https://n/", "r-1", None),
            "<DeleteRoleResponse xmlns=\"https://n/\"><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></DeleteRoleResponse>"
        );
        assert!(error_answer("https://n/", "r", 404, "NoSuchEntity", "a<b").contains(
            "<Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>a&lt;b</Message></Error><RequestId>r</RequestId>"
        ));
    }
}
