//! Tags of stored objects and buckets as facts: when the backend is asked, what its answers decide, and that the request
//! meets the object that was judged (security rule 11).

mod answers;
mod fetching;
mod pinning;

use crate::support::{Credentials, Outcome, Req, World, policy};
use rolegate::entity::{Owner, Tag};
use rolegate::gateway::{Forward, ResponsePlan};
use rolegate::wire::Method;

const HEAD: &str = "HEAD /b-one/k";
const TAGS: &str = "GET /b-one/k?tagging";
const BUCKET: &str = "GET /b-one?tagging";
const ETAG: &[(&str, &str)] = &[("etag", "\"e1\""), ("last-modified", "Wed, 01 Jan 2020 00:00:00 GMT")];
const NO_OBJECT: &str = "\"00000000000000000000000000000000\"";

fn tags(pairs: &[(&str, &str)]) -> String {
    let each = pairs.iter().map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"));
    format!("<Tagging><TagSet>{}</TagSet></Tagging>", each.collect::<String>())
}

fn error(code: &str) -> String {
    format!("<Error><Code>{code}</Code></Error>")
}

fn statement(effect: &str, actions: &str, condition: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":{actions},"Resource":"*","Condition":{condition}}}"#)
}

fn document(statements: &[&str]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// All of S3, but for what the condition denies.
fn all_but(condition: &str) -> String {
    let all = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    document(&[all, &statement("Deny", "\"s3:*\"", condition)])
}

fn only_if(condition: &str) -> String {
    document(&[&statement("Allow", "\"s3:*\"", condition)])
}

/// A bucket `b-one` without tags, with an unversioned object `k` without tags.
async fn world() -> World {
    let world = World::new().await;
    world.bucket("b-one", Owner::Account, None).await;
    world.backend.tell(HEAD, 200, ETAG, "");
    world.backend.tell(TAGS, 200, &[], &tags(&[]));
    world.backend.tell(BUCKET, 404, &[], &error("NoSuchTagSet"));
    world
}

fn get() -> Req {
    Req::get("/b-one/k")
}

fn header(forward: &Forward, name: &str) -> Option<String> {
    let found = forward.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}
