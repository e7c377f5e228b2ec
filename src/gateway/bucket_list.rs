//! ListBuckets: the backend's list joined with the records (DESIGN section 3).

use super::buckets::Place;
use super::data_plane::{Call, pass};
use super::facts::Seen;
use super::{BackendRequest, Fault, Gateway, Scene};
use crate::authz::Permit;
use crate::entity::{BucketRecord, BucketState, Owner};
use crate::s3::{BucketQuery, ListedBucket, parse_bucket_list};
use crate::store::Scope;
use crate::wire::{Method, Response, percent};
use std::collections::HashMap;

/// Records read at once.
const PAGE: usize = 1000;

/// Pages of the backend's list that are read before it is called endless.
const MAX_PAGES: usize = 1000;

impl Gateway {
    pub(super) async fn list_buckets(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Response, Fault> {
        let query = BucketQuery::parse(call.request)?;
        let permit = self.permit_at(scene, call, &mut Seen::default(), &Place::Service, None).await?;
        let mut listed = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let target = match &token {
                None => "/".to_owned(),
                Some(token) => format!("/?continuation-token={}", percent::encode(token.as_bytes())),
            };
            let request =
                BackendRequest { method: Method::Get, target, headers: Vec::new(), body: bytes::Bytes::new() };
            let answer = self.call(request).await?;
            if answer.status != 200 {
                return Ok(pass(answer));
            }
            let (page, next) = parse_bucket_list(&answer.body)?;
            listed.extend(page);
            token = next;
            if token.is_none() {
                break;
            }
        }
        if token.is_some() {
            return Err(Fault::BackendAnswer);
        }
        let visible = self.visible(listed, &permit).await?;
        let (id, name) = owner_names(&permit);
        let document = query.answer((&id, &name), visible, &self.settings.backend_region);
        Ok(Response::new(200, "application/xml", document))
    }

    /// The buckets that the permit's owner has: a standalone user its own, all others the account's.
    async fn visible(&self, listed: Vec<ListedBucket>, permit: &Permit) -> Result<Vec<ListedBucket>, Fault> {
        let mut records = HashMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.records.list::<BucketRecord>(&Scope::Global, after.as_deref(), PAGE).await?;
            after = page.last().map(|last| last.value.name.clone());
            let last_page = page.len() < PAGE;
            records.extend(page.into_iter().map(|record| (record.value.name.clone(), record.value)));
            if last_page || after.is_none() {
                break;
            }
        }
        let unrecorded = self.unrecorded("").await?.map(|entry| entry.record);
        Ok(listed
            .into_iter()
            .filter(|bucket| match records.get(&bucket.name) {
                Some(record) if record.state != BucketState::Claimed => {
                    record.state == BucketState::Active && owns(permit, record)
                }
                // A claim alone says nothing of the bucket that the backend has.
                Some(_) | None => unrecorded.as_ref().is_some_and(|record| owns(permit, record)),
            })
            .collect())
    }
}

fn owns(permit: &Permit, record: &BucketRecord) -> bool {
    permit.principal().account() == Some(&record.account)
        && match permit.owner() {
            Owner::Account => true,
            own @ Owner::User { .. } => record.owner == *own,
        }
}

/// Id and display name of the permit's owner, as `Owner` elements show them.
pub(super) fn owner_names(permit: &Permit) -> (String, String) {
    match permit.owner() {
        Owner::Account => (permit.account().to_string(), permit.account().to_string()),
        Owner::User { id, name } => (id.to_string(), name.clone()),
    }
}
