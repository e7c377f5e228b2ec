//! The actions and condition keys that `policy validate` goes by: two tables beside this file.

use crate::policy::lint::{Catalogue, KeyType, KnownAction, KnownKey, ResourceForm};

const ACTIONS: &str = include_str!("actions.tsv");
const KEYS: &str = include_str!("keys.tsv");

/// What every request for an action of S3 has.
const OF_S3: [&str; 5] =
    ["s3:ResourceAccount", "s3:TlsVersion", "s3:authType", "s3:signatureAge", "s3:signatureversion"];

/// All actions and keys.
pub(super) fn catalogue() -> Catalogue {
    Catalogue { actions: rows(ACTIONS).filter_map(action).collect(), keys: rows(KEYS).filter_map(key).collect() }
}

/// Whether a key holds a list.
pub(super) fn is_set(name: &str) -> bool {
    rows(KEYS).filter_map(key).any(|key| key.multivalued && key.name.eq_ignore_ascii_case(name))
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn action(row: Vec<&str>) -> Option<KnownAction> {
    let [name, forms, keys] = row.as_slice() else { return None };
    let of_s3 = if name.starts_with("s3:") { OF_S3.as_slice() } else { &[] };
    let listed = keys.split(' ').filter(|key| *key != "-").chain(of_s3.iter().copied()).map(str::to_owned);
    let keys = if *keys == "?" { None } else { Some(listed.collect()) };
    Some(KnownAction { name: (*name).to_owned(), resources: forms.split(' ').flat_map(resource_forms).collect(), keys })
}

fn resource_forms(form: &str) -> Vec<ResourceForm> {
    let shape = |text: &str| ResourceForm::Shape(text.to_owned());
    let entity = |kind: &str| shape(&format!("arn:aws:iam::{{account}}:{kind}/*"));
    match form {
        "any" => vec![ResourceForm::Exact("arn:aws:s3:::*".to_owned())],
        "bucket" => vec![shape("arn:aws:s3:::{bucket}")],
        "object" => vec![shape("arn:aws:s3:::{bucket}/*")],
        "user" | "role" | "group" | "policy" => vec![entity(form)],
        "oidc" => vec![entity("oidc-provider")],
        "users" => listing("user"),
        "roles" => listing("role"),
        "groups" => listing("group"),
        "policies" => listing("policy"),
        "*" => vec![ResourceForm::Exact("*".to_owned())],
        _ => Vec::new(),
    }
}

/// What a listing is asked for on.
fn listing(kind: &str) -> Vec<ResourceForm> {
    let shape = |end: &str| ResourceForm::Shape(format!("arn:aws:iam::{{account}}:{kind}{end}"));
    vec![shape(""), shape("/*")]
}

fn key(row: Vec<&str>) -> Option<KnownKey> {
    let [name, kind, count, requests] = row.as_slice() else { return None };
    let values = match *kind {
        "number" => KeyType::Number,
        "date" => KeyType::Date,
        "epoch" => KeyType::Epoch,
        "truth" => KeyType::Truth,
        "address" => KeyType::Address,
        "arn" => KeyType::Arn,
        _ => KeyType::Text,
    };
    Some(KnownKey { name: (*name).to_owned(), values, multivalued: *count == "set", global: *requests == "all" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn read(name: &str) -> String {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
    }

    #[test]
    fn every_row_is_read_and_stands_once() {
        let catalogue = catalogue();
        assert_eq!(catalogue.actions.len(), rows(ACTIONS).count());
        assert_eq!(catalogue.keys.len(), rows(KEYS).count());
        let mut names: Vec<&str> = catalogue.actions.iter().map(|action| action.name.as_str()).collect();
        names.extend(catalogue.keys.iter().map(|key| key.name.as_str()));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(is_set("AWS:tagkeys") && !is_set("aws:username") && !is_set("aws:Unknown"));
    }

    #[test]
    fn the_tables_have_every_action_and_key_of_the_gate() {
        let catalogue = catalogue();
        for folder in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/iam")).unwrap() {
            let Ok(source) = fs::read_to_string(folder.unwrap().path().join("mod.rs")) else { continue };
            for name in source.split("\"iam:").skip(1).filter_map(|rest| rest.split('"').next()) {
                let name = format!("iam:{name}");
                assert!(catalogue.actions.iter().any(|action| action.name == name), "{name} is not in actions.tsv");
            }
        }
        for row in read("docs/context-keys.md").lines().filter_map(|line| line.strip_prefix("| `")) {
            let name = row.split('`').next().unwrap().trim_end_matches("KEY");
            assert!(catalogue.keys.iter().any(|key| key.name.eq_ignore_ascii_case(name)), "{name} is not in keys.tsv");
        }
        let published: serde_json::Value = serde_json::from_str(&read("tests/corpus/s3-operations.json")).unwrap();
        for name in published["actionConditionKeys"].as_object().unwrap().keys() {
            assert!(catalogue.actions.iter().any(|action| action.name == *name), "{name} is not in actions.tsv");
        }
    }
}
