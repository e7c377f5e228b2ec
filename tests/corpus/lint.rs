//! Runs `policy-lint/cases.jsonl`: what the linter finds in a document, and where. The form stands in the README
//! there.

use rolegate::policy::lint::{
    Catalogue, Finding, Issue, KeyType, KnownAction, KnownKey, LintOptions, ResourceForm, validate,
};
use rolegate::policy::{Bindings, MAX_DOCUMENT_CHARACTERS, ParseOptions, PolicyKind};
use rolegate::types::AccountId;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_str(&read(name)).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Tag keys end in `<key>` in the tables of S3.
fn key_name(name: &str) -> String {
    name.replace("<key>", "")
}

fn s3(catalogue: &mut Catalogue) {
    let table = json("s3-operations.json");
    let mut forms: HashMap<String, HashSet<ResourceForm>> = HashMap::new();
    for operation in table["operations"].as_array().unwrap() {
        for need in operation["actions"].as_array().unwrap() {
            let form = match need["resource"].as_str().unwrap() {
                "none" => ResourceForm::Exact("arn:aws:s3:::*".into()),
                "bucket" => ResourceForm::Shape("arn:aws:s3:::{bucket}".into()),
                _ => ResourceForm::Shape("arn:aws:s3:::{bucket}/*".into()),
            };
            forms.entry(need["action"].as_str().unwrap().to_owned()).or_default().insert(form);
        }
    }
    for (name, forms) in forms {
        let keys = table["actionConditionKeys"].get(&name).map(strings);
        let keys = keys.map(|keys| keys.iter().map(|key| key_name(key)).collect());
        catalogue.actions.push(KnownAction { name, resources: forms.into_iter().collect(), keys });
    }
    for key in table["conditionKeySources"].as_array().unwrap() {
        let values = match key["type"].as_str().unwrap() {
            "Numeric" => KeyType::Number,
            "Date" => KeyType::Date,
            "Bool" => KeyType::Truth,
            "ARN" => KeyType::Arn,
            _ => KeyType::Text,
        };
        let multivalued = key["type"] == "ArrayOfString";
        catalogue.keys.push(KnownKey {
            name: key_name(key["key"].as_str().unwrap()),
            values,
            multivalued,
            global: false,
        });
    }
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    s3(&mut catalogue);
    let others = json("policy-lint/catalogue.json");
    for action in others["actions"].as_array().unwrap() {
        let shapes = action["resources"].as_array().unwrap().iter();
        catalogue.actions.push(KnownAction {
            name: action["name"].as_str().unwrap().into(),
            resources: shapes.map(|form| ResourceForm::Shape(form["shape"].as_str().unwrap().into())).collect(),
            keys: action["keys"].is_array().then(|| strings(&action["keys"])),
        });
    }
    for key in others["keys"].as_array().unwrap() {
        let values = match key["values"].as_str().unwrap() {
            "Date" => KeyType::Date,
            "Epoch" => KeyType::Epoch,
            "Truth" => KeyType::Truth,
            "Address" => KeyType::Address,
            "Arn" => KeyType::Arn,
            _ => KeyType::Text,
        };
        let (multivalued, global) = (key["multivalued"] == true, key["global"] == true);
        catalogue.keys.push(KnownKey { name: key["name"].as_str().unwrap().into(), values, multivalued, global });
    }
    catalogue
}

fn lint(document: &str, kind: PolicyKind, catalogue: &Catalogue, unresolved: &[&str]) -> Vec<Finding> {
    let account = AccountId::parse("111122223333").unwrap();
    let bindings = Bindings::new();
    let parse = ParseOptions { kind, default_account: &account, bindings: &bindings };
    validate(document, &LintOptions { parse, catalogue, unresolved })
}

fn kind(name: &str) -> PolicyKind {
    match name {
        "identity" => PolicyKind::Identity,
        "session" => PolicyKind::Session,
        "boundary" => PolicyKind::Boundary,
        "bucket" => PolicyKind::Bucket,
        "trust" => PolicyKind::Trust,
        other => panic!("unknown kind {other}"),
    }
}

#[test]
fn every_case_gets_its_findings_at_their_places() {
    let catalogue = catalogue();
    let mut seen = BTreeSet::new();
    let mut failures = Vec::new();
    for line in read("policy-lint/cases.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let document = match &case["document"] {
            Value::String(text) => text.clone(),
            document => document.to_string(),
        };
        let unresolved = case.get("unresolved").map(strings).unwrap_or_default();
        let unresolved: Vec<&str> = unresolved.iter().map(String::as_str).collect();
        let findings = lint(&document, kind(case["kind"].as_str().unwrap()), &catalogue, &unresolved);
        let found: Vec<_> = findings.iter().map(|f| (f.issue.code().to_owned(), f.path.to_string())).collect();
        let mut found_sorted = found.clone();
        let wanted = case["expect"].as_array().unwrap().iter().map(strings);
        let mut wanted: Vec<_> = wanted.map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        seen.extend(found.iter().map(|(code, _)| code.clone()));
        wanted.sort();
        found_sorted.sort();
        if wanted != found_sorted {
            failures.push(format!("{}: wanted {wanted:?}, found {findings:?}", case["id"]));
        }
        assert!(findings.iter().all(|f| f.span.is_some() && !f.details.is_empty()), "{}: {findings:?}", case["id"]);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let all: BTreeSet<_> = Issue::ALL.iter().map(|issue| issue.code().to_owned()).collect();
    let untested: Vec<_> = all.difference(&seen).collect();
    assert_eq!(untested, ["POLICY_SIZE_EXCEEDED"]);
}

#[test]
fn documents_that_are_too_long_are_said_to_be() {
    let document = " ".repeat(MAX_DOCUMENT_CHARACTERS + 1);
    let findings = lint(&document, PolicyKind::Identity, &catalogue(), &[]);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.issue, finding.span), (Issue::SizeExceeded, None));
}

#[test]
fn without_tables_nothing_is_unknown() {
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:Send","Resource":"arn:aws:sqs:::q",
        "Condition":{"StringEquals":{"sqs:Key":"${sqs:Other}"}}}]}"#;
    assert_eq!(lint(document, PolicyKind::Identity, &Catalogue::default(), &[]), []);
}

#[test]
fn the_page_lists_every_code_with_its_severity_and_meaning() {
    let page = read("../../docs/policy-validation.md");
    let row = |issue: &Issue| format!("| `{}` | {} | {} |", issue.code(), issue.severity().name(), issue.meaning());
    let wanted: BTreeSet<_> = Issue::ALL.iter().map(row).collect();
    let listed: BTreeSet<_> = page.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    assert_eq!(listed.symmetric_difference(&wanted).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(page.lines().filter(|line| line.starts_with("| `")).count(), Issue::ALL.len());
}
