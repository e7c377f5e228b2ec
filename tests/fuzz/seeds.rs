//! Where mutation begins: `tests/fuzz/seeds/TARGET/*`, and lines of the corpora put into each target's form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Seeds of one target beyond this many are left out, evenly.
const MOST: usize = 160;

/// The seeds of a target, its files first.
pub(crate) fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut files = files(target);
    let derived = derived(target);
    let step = derived.len().div_ceil(MOST).max(1);
    files.extend(derived.into_iter().step_by(step));
    if files.is_empty() {
        files.push(Vec::new());
    }
    files
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn files(target: &str) -> Vec<Vec<u8>> {
    let folder = tests().join("fuzz/seeds").join(target);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn derived(target: &str) -> Vec<Vec<u8>> {
    match target {
        "arn" => arns(),
        "aws_query" => calls(),
        "chunks" => vectors().iter().filter_map(chunked).collect(),
        "claim" => vectors().iter().filter_map(message).collect(),
        "copy_source" => requests().iter().filter_map(|line| header(line, "x-amz-copy-source")).collect(),
        "key_set" => key_sets(),
        "percent" => requests().iter().map(|line| text(line, "target").into_bytes()).collect(),
        "policy" => documents(),
        "presigned" => vectors().iter().chain(&requests()).filter_map(query).collect(),
        "request_head" | "signed_anew" => requests().iter().filter_map(message).collect(),
        "s3_body" => requests().iter().filter_map(deciding_body).collect(),
        "web_token" => web_tokens(),
        "xml" => requests().iter().map(body).filter(|body| body.starts_with(b"<")).collect(),
        "configuration" => configurations(),
        _ => Vec::new(),
    }
}

fn lines(folder: &str, names: &[&str]) -> Vec<Value> {
    let folder = tests().join("corpus").join(folder);
    let read = |name: &&str| std::fs::read_to_string(folder.join(name)).unwrap();
    let files: Vec<String> = names.iter().map(read).collect();
    // Every eighth of the large files: they would only be thinned out later.
    let step = |text: &String| if text.len() > 1 << 20 { 8 } else { 1 };
    files
        .iter()
        .flat_map(|text| text.lines().step_by(step(text)))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn requests() -> Vec<Value> {
    lines("s3-requests", &["own.jsonl", "refused.jsonl", "requests.jsonl"])
}

fn vectors() -> Vec<Value> {
    lines("sigv4-vectors", &["accepted.jsonl", "refused.jsonl", "tampered-sample.jsonl", "vectors.jsonl"])
}

fn text(line: &Value, name: &str) -> String {
    line[name].as_str().unwrap_or_default().to_owned()
}

fn target_of(line: &Value) -> String {
    if line["target"].is_string() {
        return text(line, "target");
    }
    let url = text(line, "url");
    let after = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let target = after.find(['/', '?']).map_or("/", |at| &after[at..]);
    if target.starts_with('/') { target.to_owned() } else { format!("/{target}") }
}

fn message(line: &Value) -> Option<Vec<u8>> {
    let mut out = format!("{} {}\n", text(line, "method"), target_of(line)).into_bytes();
    for pair in line["headers"].as_array()? {
        out.extend_from_slice(format!("{}: {}\n", pair[0].as_str()?, pair[1].as_str()?).as_bytes());
    }
    Some(out)
}

fn header(line: &Value, wanted: &str) -> Option<Vec<u8>> {
    let pair = line["headers"].as_array()?.iter().find(|pair| pair[0].as_str() == Some(wanted))?;
    Some(pair[1].as_str()?.as_bytes().to_vec())
}

fn query(line: &Value) -> Option<Vec<u8>> {
    let target = target_of(line);
    let (_, query) = target.split_once('?')?;
    query.to_ascii_lowercase().contains("x-amz-").then(|| query.as_bytes().to_vec())
}

fn body(line: &Value) -> Vec<u8> {
    STANDARD.decode(text(line, "bodyBase64")).unwrap_or_default()
}

fn deciding_body(line: &Value) -> Option<Vec<u8>> {
    let letter = match line["operation"].as_str()? {
        "DeleteObjects" => b'd',
        "PutObjectTagging" => b't',
        "PutBucketTagging" => b'b',
        "CreateBucket" => b'c',
        "PutBucketVersioning" => b'v',
        _ => return None,
    };
    Some([&[letter], body(line).as_slice()].concat())
}

fn chunked(line: &Value) -> Option<Vec<u8>> {
    let payload = header(line, "x-amz-content-sha256").or_else(|| header(line, "X-Amz-Content-SHA256"))?;
    let kind = match payload.as_slice() {
        b"STREAMING-UNSIGNED-PAYLOAD-TRAILER" => 0,
        b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => 1,
        b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => 2,
        _ => return None,
    };
    Some([&[kind, 7, 64], body(line).as_slice()].concat())
}

fn calls() -> Vec<Vec<u8>> {
    let read = |name: &str| std::fs::read_to_string(tests().join("corpus/ceph-wire").join(name)).unwrap();
    let text = read("iam.tsv") + &read("sts.tsv");
    let calls = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit('\t').next());
    calls.map(|call| call.as_bytes().to_vec()).collect()
}

fn documents() -> Vec<Vec<u8>> {
    let names = ["empty-account.jsonl", "refused.jsonl", "shared-cases.jsonl", "trust-cases.jsonl"];
    let mut out = Vec::new();
    for (at, line) in lines("policy-cases", &names).iter().enumerate() {
        let lists = ["identityPolicies", "sessionPolicies"].map(|name| line[name].as_array());
        let single = ["resourcePolicy", "trustPolicy", "permissionBoundary"].map(|name| &line[name]);
        let documents = lists.into_iter().flatten().flatten().chain(single).filter(|value| value.is_object());
        let texts = documents.map(Value::to_string).chain(line["document"].as_str().map(str::to_owned));
        let letter = u8::try_from(at % 256).unwrap();
        out.extend(texts.map(|text| [&[letter], text.as_bytes()].concat()));
    }
    out
}

fn arns() -> Vec<Vec<u8>> {
    let lines = lines("policy-cases", &["empty-account.jsonl", "trust-cases.jsonl"]);
    let named = |name: &str| lines.iter().filter_map(|line| line["request"][name].as_str()).collect::<Vec<_>>();
    let all = [named("principal"), named("resource"), named("resourceAccount")].concat();
    all.into_iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn key_sets() -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(tests().join("corpus/web-tokens/keys.json")).unwrap();
    let keys: Value = serde_json::from_str(&text).unwrap();
    let keys: Vec<&Value> = keys.as_object().unwrap().values().map(|key| &key["jwk"]).collect();
    let set = |keys: &[&Value]| serde_json::json!({ "keys": keys }).to_string().into_bytes();
    keys.iter().map(|key| set(&[key])).chain([set(&keys), set(&[])]).collect()
}

fn web_tokens() -> Vec<Vec<u8>> {
    let lines = lines("web-tokens", &["signatures.jsonl"]);
    lines.iter().map(|line| format!("{}.{}", text(line, "message"), text(line, "signature")).into_bytes()).collect()
}

fn configurations() -> Vec<Vec<u8>> {
    let folder = tests().join("../conf");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}
