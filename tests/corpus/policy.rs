//! Runs `policy-cases/*.jsonl`: decisions, and documents that must be refused. The form stands in the README there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use rolegate::policy::{
    AuthorizationRequest, Bindings, NamedPolicy, Outcome, ParseOptions, Policies, Policy, PolicyKind, decide,
    decide_trust,
};
use rolegate::types::{AccountId, Context, Principal, ResourceName, UniqueId};
use serde_json::Value;
use std::path::PathBuf;

/// Failures shown; the rest is counted.
const SHOWN: usize = 40;

#[test]
fn every_policy_case_gets_its_decision() {
    run(|line| line.get("request").is_some(), decision_case);
}

#[test]
fn every_refused_document_is_refused_with_place_and_reason() {
    run(|line| line.get("document").is_some(), refusal_case);
}

/// Runs all lines that `wanted` picks, then fails once with a list of all failures.
fn run(wanted: fn(&Value) -> bool, check: fn(&Value) -> Result<(), String>) {
    let mut failures = Vec::new();
    let mut count = 0;
    for path in corpus_files() {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let case: Value = match serde_json::from_str(line) {
                Ok(case) => case,
                Err(error) => {
                    failures.push(format!("{file}:{}: not JSON: {error}", number + 1));
                    continue;
                }
            };
            if !wanted(&case) {
                if case.get("request").is_none() && case.get("document").is_none() {
                    failures.push(format!("{file}:{}: neither `request` nor `document`", number + 1));
                }
                continue;
            }
            count += 1;
            let id = case["id"].as_str().unwrap_or("without id");
            if let Err(why) = check(&case) {
                failures.push(format!("{file}:{}: {id}: {why}", number + 1));
            }
        }
    }
    let shown = failures.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {count} cases failed:\n{shown}", failures.len());
}

fn corpus_files() -> Vec<PathBuf> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let folder = PathBuf::from(std::env::var_os("ROLEGATE_CORPORA").unwrap_or_else(|| own.into())).join("policy-cases");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    assert!(!files.is_empty(), "{}: no *.jsonl", folder.display());
    files
}

/// The account that owns the corpora's empty fields: the empty one, unless the line says otherwise.
fn default_account(case: &Value) -> AccountId {
    AccountId::parse(case["defaultAccount"].as_str().unwrap_or_default()).unwrap()
}

fn decision_case(case: &Value) -> Result<(), String> {
    let bindings = Bindings::new();
    let account = default_account(case);
    let parse = |kind: PolicyKind, element: &str, document: &Value| {
        let options = ParseOptions { kind, default_account: &account, bindings: &bindings };
        Policy::parse(&escaped(document), &options).map_err(|error| format!("{element} refused: {error}"))
    };
    let all = |kind: PolicyKind, element: &'static str| -> Result<Vec<Policy>, String> {
        let documents = match &case[element] {
            Value::Null => Vec::new(),
            Value::Array(documents) => documents.iter().collect(),
            single => vec![single],
        };
        documents.into_iter().map(|document| parse(kind, element, document)).collect()
    };
    let trust = case.get("trustPolicy").is_some();
    let identity = all(PolicyKind::Identity, "identityPolicies")?;
    let session = all(PolicyKind::Session, "sessionPolicies")?;
    let boundary = all(PolicyKind::Boundary, "permissionBoundary")?;
    let resource =
        if trust { all(PolicyKind::Trust, "trustPolicy")? } else { all(PolicyKind::Bucket, "resourcePolicy")? };
    let name = |policies: &'static str| move |policy| NamedPolicy { id: policies, policy };
    let identity: Vec<_> = identity.iter().map(name("identity")).collect();
    let session: Vec<_> = session.iter().map(name("session")).collect();
    let boundary: Vec<_> = boundary.iter().map(name("boundary")).collect();
    let policies = Policies {
        identity: &identity,
        boundaries: &boundary,
        session: (!session.is_empty()).then_some(&session),
        resource: resource.first().map(name("resource")),
    };

    let request = &case["request"];
    let context = context(&request["context"]);
    let principal = principal(&request["principal"], &context)?;
    let owner = request["resourceAccount"].as_str().map(|text| AccountId::parse(text).unwrap());
    let request = AuthorizationRequest {
        principal: &principal,
        action: request["action"].as_str().ok_or("no action")?,
        resource: &ResourceName::new(request["resource"].as_str().ok_or("no resource")?),
        resource_account: owner.as_ref(),
        context: &context,
    };
    let decision = if trust { decide_trust(&request, &policies) } else { decide(&request, &policies) };
    let why = match decision.outcome {
        Outcome::Allow => "allowed",
        Outcome::ExplicitDeny => "explicit_deny",
        Outcome::ImplicitDeny => "implicit_deny",
    };
    let expect = if decision.is_allowed() { "allow" } else { "deny" };
    let wanted = (case["expect"].as_str().unwrap_or_default(), case["why"].as_str().unwrap_or_default());
    if wanted != (expect, why) {
        let features = &case["features"];
        return Err(format!(
            "expected {wanted:?}, got {expect} {why}; cause {:?}, statements {:?}, missing {:?}, features {features}",
            decision.cause, decision.statements, decision.missing_keys
        ));
    }
    Ok(())
}

fn refusal_case(case: &Value) -> Result<(), String> {
    let kind = match case["kind"].as_str() {
        Some("identity") => PolicyKind::Identity,
        Some("session") => PolicyKind::Session,
        Some("boundary") => PolicyKind::Boundary,
        Some("bucket") => PolicyKind::Bucket,
        Some("trust") => PolicyKind::Trust,
        other => return Err(format!("unknown kind {other:?}")),
    };
    // A document that JSON itself could not hold (duplicate members, broken text) stands as a string.
    let document = match &case["document"] {
        Value::String(text) => text.clone(),
        document => escaped(document),
    };
    let options = ParseOptions { kind, default_account: &default_account(case), bindings: &Bindings::new() };
    match Policy::parse(&document, &options) {
        Ok(_) => Err(format!("accepted; wanted a refusal at `{}` for {}", case["where"], case["reason"])),
        Err(error) => {
            let place = case["where"].as_str().unwrap_or_default();
            let reason = case["reason"].as_str().unwrap_or_default();
            let fits = error.place == place && error.fault.to_string().contains(reason);
            if fits { Ok(()) } else { Err(format!("wanted `{place}: …{reason}…`, got `{error}`")) }
        }
    }
}

/// The document as text, with characters beyond Latin-1 as JSON escapes.
fn escaped(document: &Value) -> String {
    let mut text = String::new();
    for character in document.to_string().chars() {
        if u32::from(character) <= 0xFF {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

fn context(keys: &Value) -> Context {
    let mut context = Context::new();
    for (key, values) in keys.as_object().unwrap() {
        let values: Vec<Vec<u8>> =
            values.as_array().unwrap().iter().map(|value| value.as_str().unwrap().as_bytes().to_vec()).collect();
        if is_set(key) {
            context.set_many(key.clone(), values);
        } else {
            assert_eq!(values.len(), 1, "{key} is single-valued");
            context.set(key.clone(), values.into_iter().next().unwrap());
        }
    }
    context
}

fn is_set(key: &str) -> bool {
    let sets =
        ["aws:TagKeys", "s3:RequestObjectTagKeys", "aws:PrincipalOrgPaths", "aws:CalledVia", "sts:TransitiveTagKeys"];
    sets.iter().any(|set| set.eq_ignore_ascii_case(key)) || key.ends_with(":amr")
}

fn principal(value: &Value, context: &Context) -> Result<Principal, String> {
    if let Some(provider) = value["Federated"].as_str() {
        return Ok(Principal::WebIdentity { provider: provider.into() });
    }
    let text = value.as_str().ok_or("no principal")?;
    if text == "anonymous" {
        return Ok(Principal::Anonymous);
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [_, _, _, _, account, resource] = parts[..] else { return Err(format!("principal {text}")) };
    let account = AccountId::parse(account).map_err(|error| error.to_string())?;
    let user_id = context.get("aws:userid").and_then(|values| values.single()).map(String::from_utf8_lossy);
    let id = |prefix: &str| {
        let known = user_id.as_deref().unwrap_or_default().split(':').next().unwrap_or_default().to_owned();
        UniqueId::parse(&known).unwrap_or_else(|_| UniqueId::parse(&format!("{prefix}EXAMPLEEXAMPLE000")).unwrap())
    };
    match resource.split_once('/') {
        None if resource == "root" => Ok(Principal::Root { account }),
        Some(("user", full)) => {
            let (path, name) = full.rsplit_once('/').map_or(("/".to_owned(), full), |(p, n)| (format!("/{p}/"), n));
            Ok(Principal::User { account, path: path.into(), name: name.into(), id: id("AIDA") })
        }
        Some(("assumed-role", names)) => {
            let (role, session) = names.split_once('/').ok_or("no session name")?;
            Ok(Principal::RoleSession {
                account,
                role_path: "/".into(),
                role_name: role.into(),
                role_id: id("AROA"),
                session: session.into(),
            })
        }
        _ => Err(format!("principal {text}")),
    }
}
