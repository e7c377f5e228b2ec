//! Whether the backend heeds the part of the query that makes an operation what it is.
//!
//! A server that passes over what it does not know takes `DELETE …?tagging` for DeleteObject: a right to take tags off
//! would be a right to remove the object. Asked are those operations that the gate carries and that would turn into
//! one with another right.

use super::bench::{Ask, Bench, Bucket, Spot};
use super::report::Finding;
use crate::gateway::BackendError;
use crate::wire::Method;

const OBJECT: Spot<'static> = (Bucket::One, b"marked-object");
const CONTENT: &str = "what only GetObject shows";
const TAGS: &str = "<Tagging><TagSet><Tag><Key>check</Key><Value>yes</Value></Tag></TagSet></Tagging>";
const NONE: &str = "uploadId=rolegate-check";

/// Operation, method, query and body.
type Marked = (&'static str, Method, &'static str, &'static str);

/// None of them shows or changes the object's content.
const OF_OBJECTS: [Marked; 5] = [
    ("GetObjectTagging", Method::Get, "tagging=", ""),
    ("PutObjectTagging", Method::Put, "tagging=", TAGS),
    ("DeleteObjectTagging", Method::Delete, "tagging=", ""),
    ("ListParts", Method::Get, NONE, ""),
    ("AbortMultipartUpload", Method::Delete, NONE, ""),
];

/// None of them names objects.
const OF_BUCKETS: [Marked; 4] = [
    ("GetBucketLocation", Method::Get, "location=", ""),
    ("GetBucketVersioning", Method::Get, "versioning=", ""),
    ("GetBucketTagging", Method::Get, "tagging=", ""),
    ("ListMultipartUploads", Method::Get, "uploads=", ""),
];

pub(super) async fn markers(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    let mut wrong = Vec::new();
    for (operation, method, query, body) in OF_OBJECTS {
        bench.put(OBJECT, CONTENT).await?;
        let answer = bench.ask(ask(method, OBJECT, query, body)).await?;
        if shows(&answer.body, CONTENT) || !bench.holds(OBJECT, CONTENT).await? {
            wrong.push(operation);
        }
    }
    let (bucket, key) = OBJECT;
    let name = String::from_utf8_lossy(key);
    for (operation, method, query, body) in OF_BUCKETS {
        if shows(&bench.ask(ask(method, (bucket, b""), query, body)).await?.body, &name) {
            wrong.push(operation);
        }
    }
    // A bucket with objects would not go.
    bench.sweep().await;
    bench.ask(ask(Method::Delete, (bucket, b""), "tagging=", "")).await?;
    if bench.ask(Ask::new(Method::Head, (bucket, b""))).await?.status != 200 {
        wrong.push("DeleteBucketTagging");
        bench.ask(Ask::new(Method::Put, (bucket, b""))).await?;
    }
    const NAME: &str = "subresources";
    Ok(if wrong.is_empty() {
        Finding::ok(NAME, "calls about tags, uploads and settings are no others")
    } else {
        let seen = format!("the backend passes over what makes these calls what they are: {}", wrong.join(", "));
        Finding::fail(NAME, seen, "Rights to them would be rights to read or remove objects: use another backend")
    })
}

fn ask<'a>(method: Method, spot: Spot<'a>, query: &str, body: &'static str) -> Ask<'a> {
    let ask = Ask::new(method, spot).query(query);
    if body.is_empty() { ask } else { ask.header("content-type", "application/xml").body(body) }
}

fn shows(answer: &[u8], text: &str) -> bool {
    answer.windows(text.len()).any(|part| part == text.as_bytes())
}
