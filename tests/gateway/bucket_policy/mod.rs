//! Bucket policies: who may put, get and delete them, what is taken, and what they do.

mod documents;
mod owners;
mod races;
mod rights;

use crate::support::{Credentials, Req, World, policy, trust};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use rolegate::entity::{BucketState, Owner, UserKind};
use rolegate::s3::MAX_POLICY_BYTES;
use rolegate::types::AccountId;
use std::sync::atomic::Ordering;

const BOTH: &str = r#"["arn:aws:s3:::data","arn:aws:s3:::data/*"]"#;
const OBJECTS: &str = r#""arn:aws:s3:::data/*""#;
const OTHER: &str = "222222222222";

fn statement(effect: &str, principal: &str, action: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Principal":{principal},"Action":{action},"Resource":{resource}}}"#)
}

fn document(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

fn allow(principal: &str, action: &str, resource: &str) -> String {
    document(&[statement("Allow", principal, action, resource)])
}

fn put(document: &str) -> Req {
    Req::put("/data?policy").body(document.as_bytes())
}

/// A world with TESTER1's bucket `data`.
async fn world() -> (World, Credentials) {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    let owner = world.owner("TESTER1").await;
    world.bucket("data", owner, None).await;
    (world, one)
}

impl World {
    async fn put_policy(&self, by: &Credentials, document: &str) -> (u16, String) {
        self.send(put(document).sign(self, by)).await.said()
    }

    async fn reads_data(&self, by: &Credentials) -> bool {
        self.send(Req::get("/data/k").sign(self, by)).await.is_forward()
    }
}

const DONE: (u16, &str) = (204, "-");

fn is(said: (u16, String), wanted: (u16, &str)) {
    assert_eq!((said.0, said.1.as_str()), wanted);
}
