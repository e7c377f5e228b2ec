//! Whether version ids hold for their bucket and key alone (security rule 10).

use super::bench::{Ask, Bench, Bucket, Spot, taken};
use super::report::Finding;
use crate::gateway::BackendError;
use crate::s3::{KeyRules, ObjectKey};
use crate::wire::{Method, percent};

const OWN: Spot<'static> = (Bucket::One, b"version-one");
const BODY: &str = "the first version";
const ENABLED: &str = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";

/// The places where the version is not, each with an object of its own.
const OTHERS: [(Spot<'static>, &str); 3] = [
    ((Bucket::One, b"version-two"), "another key"),
    ((Bucket::Two, OWN.1), "another bucket"),
    ((Bucket::Two, b"version-two"), "another bucket and key"),
];

/// Switches versioning on in both buckets and tries one object's version id on others.
pub(super) async fn version_ids(bench: &mut Bench<'_>, rules: KeyRules) -> Result<Vec<Finding>, BackendError> {
    const NAME: &str = "version ids";
    for bucket in [Bucket::One, Bucket::Two] {
        let ask = Ask::new(Method::Put, (bucket, b"")).query("versioning=").body(ENABLED);
        if !taken(&bench.ask(ask.header("content-type", "application/xml")).await?) {
            return Ok(vec![Finding::note(NAME, "the backend has no versioning", "")]);
        }
    }
    let answer = bench.ask(Ask::new(Method::Put, OWN).body(BODY)).await?;
    let Some(version) = answer.header("x-amz-version-id").map(str::to_owned) else {
        return Ok(vec![Finding::note(NAME, "versioning can be switched on, but objects get no version ids", "")]);
    };
    for (at, place) in OTHERS {
        bench.put(at, place).await?;
    }
    let mut faults = Vec::new();
    for (at, place) in OTHERS {
        for form in ["ID", "x/../../version-one.versions/v_ID", "../../BUCKET/version-one.versions/v_ID"] {
            let id = form.replace("ID", &version).replace("BUCKET", bench.name(OWN.0));
            for call in reached(bench, at, place, &id, &version).await? {
                faults.push(format!("{call} of {place} with {form}"));
            }
        }
    }
    let ids = if faults.is_empty() {
        Finding::ok(NAME, "hold for their bucket and key alone")
    } else {
        let seen = format!("a version is reached under other names: {}", faults.join(", "));
        Finding::fail(NAME, seen, "A right to one object would reach others; use another backend")
    };
    Ok(vec![ids, version_folder(bench, &version, rules).await?])
}

/// The calls that were served, or did anything to either object.
async fn reached(
    bench: &mut Bench<'_>,
    at: Spot<'_>,
    body: &str,
    id: &str,
    version: &str,
) -> Result<Vec<&'static str>, BackendError> {
    let mut calls = Vec::new();
    let query = format!("versionId={}", percent::encode(id.as_bytes()));
    let asked = [
        ("GetObject", Method::Get, query.clone()),
        ("HeadObject", Method::Head, query.clone()),
        ("GetObjectTagging", Method::Get, format!("tagging=&{query}")),
    ];
    for (name, method, query) in asked {
        if taken(&bench.ask(Ask::new(method, at).query(query)).await?) {
            calls.push(name);
        }
    }
    if bench.copy(at, Some(id), (Bucket::Two, b"version-copy")).await?.is_some() {
        calls.push("CopyObject");
    }
    // Some say 204 to whatever is not there: what counts is what is gone.
    bench.ask(Ask::new(Method::Delete, at).query(query)).await?;
    let own = format!("versionId={}", percent::encode(version.as_bytes()));
    let first = bench.ask(Ask::new(Method::Get, OWN).query(own)).await?;
    if first.status != 200 || first.body != BODY.as_bytes() || !bench.holds(at, body).await? {
        calls.push("DeleteObject");
    }
    Ok(calls)
}

/// Whether the bytes of a version can be had under a key (SeaweedFS: `KEY.versions/v_ID`).
async fn version_folder(bench: &mut Bench<'_>, version: &str, rules: KeyRules) -> Result<Finding, BackendError> {
    const NAME: &str = "version keys";
    let key = format!("version-one.versions/v_{version}").into_bytes();
    if bench.read((OWN.0, &key)).await?.is_none() {
        return Ok(Finding::ok(NAME, "versions are not to be had under keys of other objects"));
    }
    let seen = "a version is given for the key KEY.versions/v_ID";
    Ok(if ObjectKey::parse(key, rules).is_ok() {
        Finding::fail(NAME, seen, "Set backend.keys to \"filesystem\", which refuses such keys")
    } else {
        Finding::ok(NAME, format!("{seen}, which the gate refuses"))
    })
}
