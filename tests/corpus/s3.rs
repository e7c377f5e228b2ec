//! `s3-requests/*.jsonl`: what each request is and needs; files whose lines have `refused` must be refused.

use rolegate::s3::{
    AddressingRules, BodyRule, Error, Facts, KeyRules, Operation, Requirements, S3Request, requirements, route,
};
use rolegate::types::Requirement;
use rolegate::wire::{Method, RequestHead};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

fn folder() -> PathBuf {
    let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"));
    std::env::var_os("ROLEGATE_CORPORA").map_or_else(default, PathBuf::from).join("s3-requests")
}

/// Every line of every file in the folder, in the order of the file names.
fn lines() -> Vec<Value> {
    let entries = std::fs::read_dir(folder()).expect("the corpus folder s3-requests");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{path:?}: {e}"))).collect::<Vec<Value>>()
    };
    files.iter().flat_map(read).collect()
}

fn text<'a>(line: &'a Value, field: &str) -> Option<&'a str> {
    line.get(field).and_then(Value::as_str)
}

fn rules(line: &Value) -> AddressingRules {
    let keys = if text(line, "keys") == Some("filesystem") { KeyRules::Filesystem } else { KeyRules::Exact };
    let domains = text(line, "virtualHostDomain").map(str::to_owned).into_iter().collect();
    AddressingRules { domains, keys, ..AddressingRules::default() }
}

fn head(line: &Value) -> Option<RequestHead> {
    let method = Method::parse(text(line, "method").unwrap())?;
    let headers = line["headers"].as_array().into_iter().flatten();
    let mut headers: Vec<(&str, &str)> =
        headers.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        headers.push(("host", text(line, "host").unwrap()));
    }
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    RequestHead::new(method, text(line, "target").unwrap().as_bytes(), headers, peer, None)
}

/// Standard base64, decoded by hand so that the runner needs nothing of the crate's own coders.
fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = text.bytes().filter(|c| *c != b'=').map(digit).collect();
    let decode = |group: &[u32]| {
        let bits = group.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    };
    digits.chunks(4).flat_map(decode).collect()
}

fn routed(line: &Value) -> Result<(S3Request, Requirements), Error> {
    let rules = rules(line);
    let head = head(line).expect("a method the gate knows");
    let presigned = line.get("presigned").and_then(Value::as_bool).unwrap_or(false);
    let request = route(&head, &head.parse_query()?, presigned, &rules)?;
    let body = match text(line, "bodyBase64").map(base64).filter(|_| request.operation().carried()) {
        Some(body) => request.parse_body(&body, &rules)?,
        None => None,
    };
    let needs = requirements(&request, Facts { body: body.as_ref(), ..Facts::default() });
    Ok((request, needs))
}

fn listed(line: &Value, field: &str) -> BTreeSet<(String, String)> {
    let list = line.get(field).and_then(Value::as_array).into_iter().flatten();
    list.map(|need| (text(need, "action").unwrap().to_owned(), text(need, "resource").unwrap().to_owned())).collect()
}

fn shown(needs: &[Requirement]) -> BTreeSet<(String, String)> {
    needs.iter().map(|need| (need.action.to_string(), need.resource.to_string())).collect()
}

fn check(line: &Value) -> Vec<String> {
    let (request, needs) = match routed(line) {
        Ok(routed) => routed,
        Err(error) => return vec![format!("expected {}, was refused: {error}", line["operation"])],
    };
    let mut wrong = Vec::new();
    let mut compare = |what: &str, wanted: String, got: String| {
        if wanted != got {
            wrong.push(format!("{what}: expected {wanted}, got {got}"));
        }
    };
    compare("operation", text(line, "operation").unwrap().to_owned(), request.operation().name().to_owned());
    let bucket = request.bucket().map(|bucket| bucket.as_str().to_owned());
    compare("bucket", format!("{:?}", text(line, "bucket")), format!("{:?}", bucket.as_deref()));
    let key = request.key().map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
    compare("key", format!("{:?}", text(line, "key")), format!("{:?}", key.as_deref()));
    compare("requires", format!("{:?}", listed(line, "requires")), format!("{:?}", shown(&needs.always)));
    let may = shown(&needs.if_source_has_tags);
    compare("mayRequire", format!("{:?}", listed(line, "mayRequire")), format!("{may:?}"));
    wrong
}

fn report(failures: Vec<String>, lines: usize) {
    assert!(lines > 0, "no lines under {:?}", folder());
    let count = failures.len();
    assert!(failures.is_empty(), "{count} failures in {lines} lines:\n{}", failures.join("\n"));
}

#[test]
fn rule_03_every_request_of_the_corpus_is_admitted_and_needs_what_it_says() {
    let lines: Vec<Value> = lines().into_iter().filter(|line| line.get("refused").is_none()).collect();
    let mut failures = Vec::new();
    for line in &lines {
        failures.extend(check(line).into_iter().map(|wrong| format!("{}: {wrong}", line["id"])));
    }
    report(failures, lines.len());
}

#[test]
fn rule_03_every_request_that_must_be_refused_is_refused() {
    let lines: Vec<Value> = lines().into_iter().filter(|line| line.get("refused").is_some()).collect();
    if lines.is_empty() && std::env::var_os("ROLEGATE_CORPORA").is_some() {
        return;
    }
    let mut failures = Vec::new();
    for line in &lines {
        let wanted = text(line, "refused").unwrap();
        let got = match routed(line) {
            Ok((request, _)) => format!("routed as {}", request.operation().name()),
            Err(error) if error.code().as_str() != wanted => format!("{} ({error})", error.code().as_str()),
            Err(error) if !error.to_string().contains(text(line, "names").unwrap_or("")) => {
                format!("an error that does not name `{}`: {error}", line["names"])
            }
            Err(_) => continue,
        };
        failures.push(format!("{}: expected {wanted}, got {got} ({})", line["id"], line["why"]));
    }
    report(failures, lines.len());
}

/// The checksums that SDKs send over bodies which the gate reads whole are those of the bodies.
#[test]
fn rule_08_the_checksums_of_the_corpus_are_verified() {
    let mut failures = Vec::new();
    let mut count = 0;
    for line in lines().iter().filter(|line| line.get("refused").is_none()) {
        let Ok((request, _)) = routed(line) else { continue };
        if let BodyRule::Decides { limit } = request.body_rule() {
            let body = base64(text(line, "bodyBase64").unwrap());
            count += 1;
            if body.len() > limit || request.verify_digests(&body).is_err() {
                failures.push(format!("{}: {:?}", line["id"], request.verify_digests(&body)));
            }
        }
    }
    report(failures, count);
}

/// What was authorized is what is forwarded: the outbound target, read again, is the same request.
#[test]
fn rule_04_every_request_of_the_corpus_survives_the_encoder() {
    let mut failures = Vec::new();
    let mut count = 0;
    for line in lines().iter().filter(|line| line.get("refused").is_none()) {
        let Ok((request, needs)) = routed(line) else { continue };
        let rules = AddressingRules { domains: Vec::new(), ..rules(line) };
        let target = request.outbound_target("", &rules.buckets).unwrap().to_origin_form();
        let headers = request.outbound_headers("", &rules.buckets).unwrap();
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let head = RequestHead::new(request.method(), target.as_bytes(), headers, peer, None).unwrap();
        let again = route(&head, &head.parse_query().unwrap(), false, &rules).unwrap();
        let same_needs = request.operation() == Operation::DeleteObjects
            || request.operation() == Operation::CreateBucket
            || requirements(&again, Facts::default()) == needs;
        let same = again.operation() == request.operation()
            && again.target() == request.target()
            && again.query() == request.query()
            && again.copy_source() == request.copy_source();
        if !same || !same_needs {
            failures.push(format!("{}: forwarded as {target}", line["id"]));
        }
        count += 1;
    }
    report(failures, count);
}
