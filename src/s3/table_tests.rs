//! The routing and condition tables against `s3-operations.json`, in both directions.

use super::conditions::action_keys;
use super::operation::Operation;
use super::table::{MARKERS, On, Reach, Row, Shape, When, all, is_known_header, is_known_key, is_marker};
use crate::wire::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn published() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/s3-operations.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn operations(published: &Value) -> impl Iterator<Item = &Value> {
    ["operations", "operationsNotInModel"].into_iter().flat_map(|list| published[list].as_array().unwrap())
}

fn strings(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn form(when: When) -> Value {
    match when {
        When::Always => json!("always"),
        When::Query(key) => json!({ "query": key }),
        When::QueryAbsent(key) => json!({ "queryAbsent": key }),
        When::Header(name) => json!({ "header": name }),
        When::HeaderIs(name, value) => json!({ "header": name, "value": value }),
        When::HeaderIsNot(name, value) => json!({ "header": name, "valueNot": value }),
        When::HeaderIsNotOrAbsent(name, value) => json!({ "header": name, "valueNot": value, "absentCounts": true }),
        When::AnyHeader(names) => json!({ "anyHeader": names }),
        When::CopySourceVersion(wanted) => json!({ "copySourceVersion": wanted }),
        When::BodyEntryVersion(true) => json!({ "bodyEntry": "VersionId" }),
        When::BodyEntryVersion(false) => json!({ "bodyEntryAbsent": "VersionId" }),
        When::BucketTagsInBody => json!({ "body": "CreateBucketConfiguration/Tags" }),
        When::SourceHasTags => json!({ "sourceHasTags": true }),
        When::FormField(name) => json!({ "formField": name }),
        When::AnyFormField(names) => json!({ "anyFormField": names }),
        When::Any(forms) => json!({ "any": forms.iter().map(|when| form(*when)).collect::<Vec<_>>() }),
        When::All(forms) => json!({ "all": forms.iter().map(|when| form(*when)).collect::<Vec<_>>() }),
    }
}

/// A row in one canonical form.
fn ours(method: Method, shape: Shape, row: &Row) -> Value {
    let mut markers = BTreeMap::new();
    markers.extend(row.marker.map(|marker| (marker, Value::Null)));
    markers.extend(row.fixed.map(|(key, value)| (key, json!(value))));
    let on = |on| match on {
        On::Nothing => "none",
        On::Bucket => "bucket",
        On::Object => "object",
        On::Source => "source-object",
        On::EachEntry => "each-object",
    };
    let actions = row.needs.iter().map(|need| json!([need.action, on(need.on), form(need.when)]));
    let flat = |groups: &[&[&str]]| groups.iter().flat_map(|g| g.iter()).map(|s| (*s).to_owned()).collect();
    let query: BTreeSet<String> = flat(row.query);
    let headers: BTreeSet<String> = flat(row.headers);
    json!({
        "method": method.as_str(),
        "shape": match shape { Shape::Service => "service", Shape::Bucket => "bucket", Shape::Object => "object" },
        "markers": markers,
        "requiredQuery": row.required_query.iter().collect::<BTreeSet<_>>(),
        "requiredHeaders": row.required_headers.iter().collect::<BTreeSet<_>>(),
        "query": query,
        "headers": headers,
        "actions": actions.collect::<Vec<_>>(),
    })
}

/// The published operation in the same form. Content-Length is framing, never forwarded from a list.
fn theirs(operation: &Value) -> Value {
    let markers = &operation["markers"];
    let lower = |names: BTreeSet<String>| -> BTreeSet<String> {
        names.iter().map(|name| name.split(':').next().unwrap().to_ascii_lowercase()).collect()
    };
    let mut headers = lower(strings(&operation["optionalHeaders"]));
    headers.remove("content-length");
    let actions = operation["actions"].as_array().unwrap().iter();
    json!({
        "method": operation["method"],
        "shape": match operation["path"].as_str().unwrap() {
            "/{Bucket}/{Key+}" => "object",
            "/{Bucket}" => "bucket",
            _ => "service",
        },
        "markers": markers["query"],
        "requiredQuery": strings(&markers["requiredQuery"]),
        "requiredHeaders": lower(strings(&markers["requiredHeaders"])),
        "query": strings(&operation["optionalQuery"]),
        "headers": headers,
        "actions": actions.map(|a| json!([a["action"], a["resource"], a["when"]])).collect::<Vec<_>>(),
    })
}

#[test]
fn rule_03_the_table_is_the_published_one() {
    let published = published();
    let theirs: BTreeMap<String, Value> =
        operations(&published).map(|op| (op["operation"].as_str().unwrap().to_owned(), theirs(op))).collect();
    let ours: BTreeMap<String, Value> =
        all().map(|(method, shape, row)| (row.operation.name().to_owned(), ours(method, shape, row))).collect();
    for name in theirs.keys().chain(ours.keys()) {
        assert_eq!(ours.get(name), theirs.get(name), "{name}");
    }
    assert_eq!(all().count(), ours.len(), "an operation has two rows");
    let names: BTreeSet<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    assert_eq!(names, theirs.keys().map(String::as_str).collect());
}

#[test]
fn the_condition_keys_of_the_actions_are_the_published_ones() {
    // Of the signature and the connection, or of things that do not exist here.
    let elsewhere = [
        "s3:ResourceAccount",
        "s3:TlsVersion",
        "s3:authType",
        "s3:signatureAge",
        "s3:signatureversion",
        "s3:x-amz-content-sha256",
        "s3:AccessGrantsInstanceArn",
        "s3:AccessPointNetworkOrigin",
        "s3:AccessPointTag/${TagKey}",
        "s3:DataAccessPointAccount",
        "s3:DataAccessPointArn",
    ];
    let published = published();
    let mut theirs = BTreeMap::new();
    for (action, keys) in published["actionConditionKeys"].as_object().unwrap() {
        let keys: BTreeSet<String> =
            strings(keys).into_iter().filter(|key| !elsewhere.contains(&key.as_str())).collect();
        if !keys.is_empty() {
            theirs.insert(action.clone(), keys);
        }
    }
    let ours: BTreeMap<String, BTreeSet<String>> =
        action_keys().map(|(action, keys)| (action.to_owned(), keys.map(str::to_owned).collect())).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn the_list_of_markers_is_that_of_the_rows() {
    let of_rows: BTreeSet<&str> = all().filter_map(|(_, _, row)| row.marker).collect();
    assert_eq!(MARKERS.iter().copied().collect::<BTreeSet<_>>(), of_rows);
}

#[test]
fn only_older_names_share_a_wire_form() {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (method, shape, row) in all().filter(|(_, _, row)| row.reach != Reach::Twin) {
        let mut wire = ours(method, shape, row);
        for other in ["query", "headers", "actions"] {
            wire.as_object_mut().unwrap().remove(other);
        }
        let earlier = seen.insert(wire.to_string(), row.operation.name());
        assert!(earlier.is_none(), "{earlier:?} {:?}", row.operation);
    }
    let twins: Vec<_> = all().filter(|(_, _, row)| row.reach == Reach::Twin).map(|(_, _, row)| row.operation).collect();
    assert_eq!(twins.len(), 5, "{twins:?}");
}

#[test]
fn rule_03_what_the_table_does_not_have_is_unknown() {
    for key in ["ACL", "Acl", "policystatus", "x-amz-acl", "uploadid", "versionid", "", "torrents", "lambda"] {
        assert!(!is_known_key(key.as_bytes()) && !is_marker(key.as_bytes()), "{key}");
    }
    for name in ["x-amz-snowball", "x-minio-source-etag", "x-amz-replication-status", "X-Amz-Acl", ""] {
        assert!(!is_known_header(name), "{name}");
    }
}
