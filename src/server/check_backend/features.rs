//! What clients will miss if the backend has it not: conditional writes, tags, batch deletes.

use super::bench::{Ask, Bench, Bucket, Spot, document, taken};
use super::report::Finding;
use crate::gateway::BackendError;
use crate::wire::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

const OBJECT: Spot<'static> = (Bucket::One, b"feature");
const TAGS: &str = "<Tagging><TagSet><Tag><Key>check</Key><Value>yes</Value></Tag></TagSet></Tagging>";

pub(super) async fn conditional_writes(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "conditional writes";
    bench.put(OBJECT, "before").await?;
    let answer = bench.ask(Ask::new(Method::Put, OBJECT).header("if-none-match", "*").body("after")).await?;
    Ok(if answer.status == 412 && bench.holds(OBJECT, "before").await? {
        Finding::ok(NAME, "If-None-Match: * keeps what is there")
    } else {
        Finding::note(NAME, "If-None-Match: * is not kept", "Clients that rely on it will overwrite")
    })
}

pub(super) async fn tags(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "tags";
    let put = Ask::new(Method::Put, OBJECT).query("tagging=").header("content-type", "application/xml").body(TAGS);
    let put = taken(&bench.ask(put).await?);
    let answer = bench.ask(Ask::new(Method::Get, OBJECT).query("tagging=")).await?;
    let value = document(&answer)
        .and_then(|tags| Some(tags.child("TagSet")?.child("Tag")?.child_text("Value")? == "yes"))
        .unwrap_or(false);
    Ok(if put && value {
        Finding::ok(NAME, "objects have tags")
    } else {
        Finding::note(NAME, "objects have no tags", "Policies that look at tags of objects will not match")
    })
}

pub(super) async fn batch_delete(bench: &mut Bench<'_>) -> Result<Finding, BackendError> {
    const NAME: &str = "batch delete";
    bench.put(OBJECT, "to be deleted").await?;
    let document = "<Delete><Object><Key>feature</Key></Object></Delete>";
    let digest = STANDARD.encode(Md5::digest(document));
    let ask = Ask::new(Method::Post, (OBJECT.0, b"")).query("delete=").header("content-md5", digest).body(document);
    let answer = bench.ask(ask.header("content-type", "application/xml")).await?;
    Ok(if taken(&answer) && bench.read(OBJECT).await?.is_none() {
        Finding::ok(NAME, "works")
    } else {
        Finding::note(NAME, "does not work", "Clients have to delete objects one by one")
    })
}
