//! The session tags and the source identity that a token asks for.
//!
//! AWS, "Passing session tags using AssumeRoleWithWebIdentity": the claim `https://aws.amazon.com/tags` holds
//! `principal_tags` and `transitive_tag_keys`. Providers that cannot nest write `https://aws.amazon.com/tags/…` claims
//! instead, which AWS takes too. Half a form is an error: a tag that goes missing may be one that a Deny asks for.

use super::Error;
use super::json::{Json, Object};

const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
const PRINCIPAL_TAGS: &str = "principal_tags";
const TRANSITIVE_TAG_KEYS: &str = "transitive_tag_keys";

/// Session tags that a token asks for; their limits are checked where those of every session's tags are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebTags {
    /// Keys and their values, at least one each, in the token's order.
    pub principal: Vec<(String, Vec<String>)>,
    /// Keys of the tags that persist through a chain of roles.
    pub transitive: Vec<String>,
}

pub(super) fn tags(claims: &Object) -> Result<WebTags, Error> {
    let nested = match claims.get(TAGS) {
        None => None,
        Some(Json::Object(members)) => Some(members),
        Some(_) => return Err(malformed("an object with `principal_tags` and `transitive_tag_keys`")),
    };
    let flat: Vec<(&str, &Json)> =
        claims.iter().filter_map(|(name, value)| Some((name.strip_prefix(TAGS)?.strip_prefix('/')?, value))).collect();
    let mut tags = WebTags::default();
    match nested {
        Some(_) if !flat.is_empty() => return Err(malformed("one object, or claims of their own below it, not both")),
        Some(members) => members.iter().try_for_each(|(name, value)| tags.nested(name, value))?,
        None => flat.into_iter().try_for_each(|(name, value)| tags.flat(name, value))?,
    }
    Ok(tags)
}

pub(super) fn source_identity(claims: &Object) -> Result<Option<&str>, Error> {
    let wanted = Error::Claim { claim: SOURCE_IDENTITY, wanted: "a string" };
    claims.get(SOURCE_IDENTITY).map(|value| value.as_text().ok_or(wanted)).transpose()
}

impl WebTags {
    fn nested(&mut self, name: &str, value: &Json) -> Result<(), Error> {
        match (name, value) {
            (PRINCIPAL_TAGS, Json::Object(tags)) => tags.iter().try_for_each(|(key, value)| self.add(key, value)),
            (PRINCIPAL_TAGS, _) => Err(malformed("with `principal_tags` as an object of lists of strings")),
            (TRANSITIVE_TAG_KEYS, keys) => self.persist(keys),
            _ => Err(malformed("with no members but `principal_tags` and `transitive_tag_keys`")),
        }
    }

    fn flat(&mut self, name: &str, value: &Json) -> Result<(), Error> {
        match name.strip_prefix(PRINCIPAL_TAGS).and_then(|rest| rest.strip_prefix('/')) {
            Some(key) => self.add(key, value),
            None if name == TRANSITIVE_TAG_KEYS => self.persist(value),
            None => {
                Err(malformed("followed by `/principal_tags/KEY` or `/transitive_tag_keys` where it is not an object"))
            }
        }
    }

    /// A value alone is a list of one.
    fn add(&mut self, key: &str, value: &Json) -> Result<(), Error> {
        let values = value.as_text().map(|one| vec![one]).or_else(|| value.as_texts());
        let values = values.filter(|values| !values.is_empty());
        let values = values.ok_or_else(|| malformed("with at least one string as the value of each tag"))?;
        self.principal.push((key.to_owned(), values.into_iter().map(ToOwned::to_owned).collect()));
        Ok(())
    }

    fn persist(&mut self, keys: &Json) -> Result<(), Error> {
        let keys = keys.as_texts().ok_or_else(|| malformed("with `transitive_tag_keys` as a list of strings"))?;
        self.transitive = keys.into_iter().map(ToOwned::to_owned).collect();
        Ok(())
    }
}

fn malformed(wanted: &'static str) -> Error {
    Error::Claim { claim: TAGS, wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(claims: &str) -> Result<WebTags, Error> {
        tags(&Object::parse(claims.as_bytes()).unwrap())
    }

    fn wanted(principal: &[(&str, &[&str])], transitive: &[&str]) -> WebTags {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        WebTags {
            principal: principal.iter().map(|(key, values)| ((*key).to_owned(), owned(values))).collect(),
            transitive: owned(transitive),
        }
    }

    #[test]
    fn tags_come_as_aws_documents_them() {
        let nested = r#"{"https://aws.amazon.com/tags":{"principal_tags":{"Project":["Automation"],"CostCenter":["987654"],
            "Team":["a","b"]},"transitive_tag_keys":["Project","CostCenter"]}}"#;
        let flat = r#"{"https://aws.amazon.com/tags/principal_tags/Project":["Automation"],
            "https://aws.amazon.com/tags/transitive_tag_keys":["Project","CostCenter"],
            "https://aws.amazon.com/tags/principal_tags/CostCenter":"987654",
            "https://aws.amazon.com/tags/principal_tags/Team":["a","b"]}"#;
        let tags: &[(&str, &[&str])] =
            &[("Project", &["Automation"]), ("CostCenter", &["987654"]), ("Team", &["a", "b"])];
        let both = wanted(tags, &["Project", "CostCenter"]);
        assert_eq!((read(nested), read(flat)), (Ok(both.clone()), Ok(both)));
        assert_eq!(read(r#"{"sub":"s","https://aws.amazon.com/tagsX":1}"#), Ok(WebTags::default()));
        assert_eq!(read(r#"{"https://aws.amazon.com/tags":{}}"#), Ok(WebTags::default()));
        let slash = r#"{"https://aws.amazon.com/tags":{"principal_tags":{"a/b":"v"}}}"#;
        assert_eq!(read(slash), Ok(wanted(&[("a/b", &["v"])], &[])));
    }

    #[test]
    fn half_a_form_is_refused() {
        for bad in [
            r#""https://aws.amazon.com/tags":"x""#,
            r#""https://aws.amazon.com/tags":null"#,
            r#""https://aws.amazon.com/tags":[{}]"#,
            r#""https://aws.amazon.com/tags":{"principal_tags":["a"]}"#,
            r#""https://aws.amazon.com/tags":{"principal_tags":{"a":[]}}"#,
            r#""https://aws.amazon.com/tags":{"principal_tags":{"a":1}}"#,
            r#""https://aws.amazon.com/tags":{"principal_tags":{"a":["b",2]}}"#,
            r#""https://aws.amazon.com/tags":{"principal_tags":{"a":[["b"]]}}"#,
            r#""https://aws.amazon.com/tags":{"principal_tags":{"a":{"b":"c"}}}"#,
            r#""https://aws.amazon.com/tags":{"transitive_tag_keys":"a"}"#,
            r#""https://aws.amazon.com/tags":{"transitive_tag_keys":[1]}"#,
            r#""https://aws.amazon.com/tags":{"principal_tag":{"a":["b"]}}"#,
            r#""https://aws.amazon.com/tags/principal_tags":{"a":["b"]}"#,
            r#""https://aws.amazon.com/tags/principal_tags/a":[]"#,
            r#""https://aws.amazon.com/tags/transitive_tag_keys/a":["a"]"#,
            r#""https://aws.amazon.com/tags/other":1"#,
            r#""https://aws.amazon.com/tags":{"principal_tags":{"a":["b"]}},"https://aws.amazon.com/tags/principal_tags/c":"d""#,
        ] {
            let error = read(&format!("{{{bad}}}")).unwrap_err();
            assert!(matches!(error, Error::Claim { claim: TAGS, .. }), "{bad}: {error}");
        }
    }

    #[test]
    fn the_source_identity_is_one_text() {
        let read = |claims: &str| {
            source_identity(&Object::parse(claims.as_bytes()).unwrap()).map(|one| one.map(str::to_owned))
        };
        assert_eq!(read("{}"), Ok(None));
        assert_eq!(read(r#"{"https://aws.amazon.com/source_identity":"Admin"}"#), Ok(Some("Admin".into())));
        for bad in ["null", "1", "[\"Admin\"]", "{}"] {
            let error = read(&format!("{{\"https://aws.amazon.com/source_identity\":{bad}}}")).unwrap_err();
            assert_eq!(error.to_string(), "the claim https://aws.amazon.com/source_identity must be a string", "{bad}");
        }
    }
}
