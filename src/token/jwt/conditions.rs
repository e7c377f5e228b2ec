//! Claims as condition keys.
//!
//! A nested claim's key is its path, the names joined with `/`: Keycloak's `realm_access/roles`, Kubernetes'
//! `kubernetes.io/serviceaccount/name`. AWS joins so where a provider cannot nest
//! (`https://aws.amazon.com/tags/principal_tags/KEY`), and a `.` could not be told from those in `kubernetes.io`. Ceph
//! uses the last name alone, by which any nested `sub` would be *the* `sub`; here two claims that would share a key
//! refuse the token. A list gives its values, one after the other, lists and objects in it likewise; `null` and what is
//! empty give no key. Numbers and booleans are as they are written in the token.

use super::Error;
use super::json::{Json, Object};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Keys of one token: a token of 20 000 characters could have thousands.
pub(super) const MAX_KEYS: usize = 512;

/// Bytes of one key: names of nested claims are repeated by each claim in them.
pub(super) const MAX_KEY_LENGTH: usize = 512;

/// Ceph's name for `aud`; a claim of this name is not the token's to set.
const APP_ID: &str = "app_id";

/// A key and its values.
pub(super) type Condition = (String, Vec<Vec<u8>>);

#[derive(Default)]
struct Conditions<'a> {
    keys: Vec<Condition>,
    /// By the key without case, as conditions read it: the path that it stands for, and its place.
    places: HashMap<String, (Vec<&'a str>, usize)>,
    path: Vec<&'a str>,
}

/// Every claim, and `app_id` with the audiences.
pub(super) fn conditions(claims: &Object, audiences: &[&str]) -> Result<Vec<Condition>, Error> {
    let mut read = Conditions::default();
    for (name, value) in claims.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(APP_ID)) {
        read.enter(name, value)?;
    }
    if !audiences.is_empty() {
        read.keys.push((APP_ID.to_owned(), audiences.iter().map(|name| name.as_bytes().to_vec()).collect()));
    }
    Ok(read.keys)
}

impl<'a> Conditions<'a> {
    fn enter(&mut self, name: &'a str, value: &'a Json) -> Result<(), Error> {
        self.path.push(name);
        let outcome = self.take(value);
        self.path.pop();
        outcome
    }

    fn take(&mut self, value: &'a Json) -> Result<(), Error> {
        match value {
            Json::Null => Ok(()),
            Json::Bool(truth) => self.add(if *truth { "true" } else { "false" }),
            Json::Number(text) | Json::Text(text) => self.add(text),
            Json::List(list) => list.iter().try_for_each(|value| self.take(value)),
            Json::Object(members) => members.iter().try_for_each(|(name, value)| self.enter(name, value)),
        }
    }

    fn add(&mut self, value: &str) -> Result<(), Error> {
        let key = self.path.join("/");
        if key.len() > MAX_KEY_LENGTH {
            return Err(Error::TooManyClaims);
        }
        match self.places.entry(key.to_ascii_lowercase()) {
            Entry::Occupied(known) => {
                let (path, place) = known.get();
                let values = self.keys.get_mut(*place).filter(|_| *path == self.path).ok_or(Error::AmbiguousClaims)?;
                values.1.push(value.as_bytes().to_vec());
            }
            Entry::Vacant(free) => {
                if self.keys.len() == MAX_KEYS {
                    return Err(Error::TooManyClaims);
                }
                free.insert((self.path.clone(), self.keys.len()));
                self.keys.push((key, vec![value.as_bytes().to_vec()]));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(claims: &str) -> Result<Vec<(String, Vec<String>)>, Error> {
        let text = |value: &Vec<u8>| String::from_utf8(value.clone()).unwrap();
        let read = conditions(&Object::parse(claims.as_bytes()).unwrap(), &["one", "two"])?;
        Ok(read.into_iter().map(|(key, values)| (key, values.iter().map(text).collect())).collect())
    }

    fn keys(claims: &str) -> Vec<(String, Vec<String>)> {
        let mut keys = read(claims).unwrap();
        let app_id = keys.pop().unwrap();
        assert_eq!(app_id, ("app_id".into(), vec!["one".into(), "two".into()]));
        keys
    }

    fn pairs(wanted: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
        wanted
            .iter()
            .map(|(key, values)| ((*key).into(), values.iter().map(|value| (*value).into()).collect()))
            .collect()
    }

    #[test]
    fn claims_of_every_kind_become_keys() {
        let claims = r#"{"sub":"s","aud":["one","two"],"email_verified":true,"exp":1780000000,"big":123456789012345678901,
            "share":0.50,"none":null,"nothing":[],"empty":{},"text":"","no":false,"groups":["a",["b",7],null,{"n":"c"},{"n":"d"}]}"#;
        let wanted: &[(&str, &[&str])] = &[
            ("sub", &["s"]),
            ("aud", &["one", "two"]),
            ("email_verified", &["true"]),
            ("exp", &["1780000000"]),
            ("big", &["123456789012345678901"]),
            ("share", &["0.50"]),
            ("text", &[""]),
            ("no", &["false"]),
            ("groups", &["a", "b", "7"]),
            ("groups/n", &["c", "d"]),
        ];
        assert_eq!(keys(claims), pairs(wanted));
    }

    #[test]
    fn nested_claims_have_their_path() {
        let kubernetes = r#"{"kubernetes.io":{"namespace":"apps","serviceaccount":{"name":"backup","uid":"u"}}}"#;
        let wanted: &[(&str, &[&str])] = &[
            ("kubernetes.io/namespace", &["apps"]),
            ("kubernetes.io/serviceaccount/name", &["backup"]),
            ("kubernetes.io/serviceaccount/uid", &["u"]),
        ];
        assert_eq!(keys(kubernetes), pairs(wanted));
        let keycloak = r#"{"realm_access":{"roles":["reader","writer"]},"resource_access":{"s3":{"roles":["x"]}}}"#;
        let wanted: &[(&str, &[&str])] =
            &[("realm_access/roles", &["reader", "writer"]), ("resource_access/s3/roles", &["x"])];
        assert_eq!(keys(keycloak), pairs(wanted));
        let nested = r#"{"https://aws.amazon.com/tags":{"principal_tags":{"Team":["a"]}}}"#;
        let flat = r#"{"https://aws.amazon.com/tags/principal_tags/Team":["a"]}"#;
        assert_eq!(keys(nested), keys(flat));
    }

    #[test]
    fn rule_25_no_claim_passes_for_another() {
        for claims in [
            r#"{"sub":"bob","SUB":"alice"}"#,
            r#"{"realm_access":{"roles":["none"]},"realm_access/roles":["admin"]}"#,
            r#"{"a":{"b/c":1},"a/b":{"c":2}}"#,
            r#"{"a":[{"b":1}],"A":[{"b":2}]}"#,
            r#"{"a":[{"b":1},{"B":2}]}"#,
        ] {
            assert_eq!(read(claims), Err(Error::AmbiguousClaims), "{claims}");
        }
        let nested = keys(r#"{"sub":"bob","act":{"sub":"alice"}}"#);
        assert_eq!(nested, pairs(&[("sub", &["bob"]), ("act/sub", &["alice"])]));
    }

    #[test]
    fn app_id_is_the_audience_whatever_the_token_says() {
        for claims in [r#"{"app_id":"mine"}"#, r#"{"App_ID":["mine"]}"#, r#"{"app_id":{"x":"mine"}}"#] {
            assert_eq!(keys(claims), [], "{claims}");
        }
        assert_eq!(conditions(&Object::default(), &[]), Ok(Vec::new()), "absent without an audience");
    }

    #[test]
    fn keys_are_bounded_in_number_and_length() {
        let many = |count: usize| {
            let claims: Vec<String> = (0..count).map(|at| format!("\"c{at}\":1")).collect();
            read(&format!("{{{}}}", claims.join(",")))
        };
        assert_eq!(many(MAX_KEYS).unwrap().len(), MAX_KEYS + 1);
        assert_eq!(many(MAX_KEYS + 1), Err(Error::TooManyClaims));
        let long = |length: usize| read(&format!("{{\"a\":{{\"{}\":1}}}}", "n".repeat(length)));
        assert!(long(MAX_KEY_LENGTH - 2).is_ok());
        assert_eq!(long(MAX_KEY_LENGTH - 1), Err(Error::TooManyClaims));
    }
}
