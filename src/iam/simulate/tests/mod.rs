//! Simulations against a store in memory.

mod bounds;
mod custom;
mod principal;

use super::input::{MAX_CHARACTERS, MAX_ENTRIES, MAX_POLICIES};
use super::{Answer as Simulated, Evaluation};
use crate::entity::{BucketRecord, BucketState, Caps, Group, Named, Owner, StoredPolicy, User, UserKind};
use crate::iam::testing::{POLICY, TRUST, World, code, user};
use crate::iam::{Answer, Body, Error};
use crate::policy::LineColumn;
use crate::store::{Changes, RecordKey};
use crate::types::{AccountId, UniqueId};

const READ: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#;
const FULL: &str = "arn:aws:iam::aws:policy/AmazonS3FullAccess";

fn stored(document: &str) -> StoredPolicy {
    StoredPolicy { document: document.to_owned(), bindings: Default::default() }
}

fn evaluations(answer: Answer) -> (Vec<Evaluation>, Option<String>) {
    match answer.body {
        Body::Simulated(Simulated::Evaluations { evaluations, marker }) => (evaluations, marker),
        other => panic!("{other:?}"),
    }
}

impl World {
    async fn custom(&self, pairs: &[(&str, &str)]) -> Result<Answer, Error> {
        self.call("SimulateCustomPolicy", pairs).await
    }

    /// The decision on one action and resource under one policy.
    async fn decided(&self, policy: &str, more: &[(&str, &str)]) -> Evaluation {
        let pairs = [
            &[
                ("PolicyInputList.member.1", policy),
                ("ActionNames.member.1", "s3:GetObject"),
                ("ResourceArns.member.1", "arn:aws:s3:::b/k"),
            ],
            more,
        ]
        .concat();
        evaluations(self.custom(&pairs).await.unwrap()).0.remove(0)
    }

    async fn of(&self, source: &str, action: &str, resource: &str, more: &[(&str, &str)]) -> Evaluation {
        let pairs = [
            &[("PolicySourceArn", source), ("ActionNames.member.1", action), ("ResourceArns.member.1", resource)],
            more,
        ]
        .concat();
        evaluations(self.call("SimulatePrincipalPolicy", &pairs).await.unwrap()).0.remove(0)
    }

    async fn keys(&self, action: &str, pairs: &[(&str, &str)]) -> Vec<String> {
        match self.call(action, pairs).await.unwrap().body {
            Body::Simulated(Simulated::Keys(keys)) => keys,
            other => panic!("{other:?}"),
        }
    }

    async fn put(&self, changes: Changes) {
        self.records.commit(changes).await.unwrap();
    }
}

fn ids(evaluation: &Evaluation) -> Vec<(&str, &str)> {
    evaluation.matched.iter().map(|matched| (matched.policy.as_str(), matched.source)).collect()
}
