//! Bucket policies are the gate's: kept in the bucket's record, never at the backend (DESIGN section 7).
//!
//! A change is decided by the record as it is in the store, and committed only if that record is still the same and
//! the records behind the caller's rights were, just before (security rule 17: they are of other scopes than buckets,
//! which no one commit holds). The document is stored byte for byte, its principals bound to unique ids (rule 14).
//! Follows "PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy" and "GetBucketPolicyStatus" of Amazon S3's API.

use super::buckets::Place;
use super::data_plane::Call;
use super::facts::{About, Seen};
use super::{BodyError, Fault, Gateway, PolicyFault, Scene};
use crate::authn::BucketEntry;
use crate::authz::Permit;
use crate::entity::{BucketRecord, BucketState, StoredPolicy};
use crate::iam;
use crate::policy::lint::{Catalogue, KnownAction, LintOptions, ResourceForm, bucket_refusal};
use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
use crate::s3::{self, ActionTarget, BucketName, MAX_POLICY_BYTES};
use crate::store::{self, Changes, RecordKey, Versioned};
use crate::types::Requirement;
use crate::wire::Response;
use crate::wire::xml::XmlWriter;

/// A bucket whose record, or a caller whose rights, keep changing under our hands is answered as busy.
const MAX_TRIES: usize = 3;

/// By which a caller confirms that the policy takes the right to put it again away from it.
const CONFIRMATION: &str = "x-amz-confirm-remove-self-bucket-access";

impl Gateway {
    pub(super) async fn get_bucket_policy(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Response, Fault> {
        let place = self.bucket_policy_place(scene, call).await?;
        self.own_account(call, &place)?;
        let policy = stored(call, &place)?;
        Ok(Response::new(200, "application/json", policy.document.clone()))
    }

    pub(super) async fn get_bucket_policy_status(
        &self,
        scene: &mut Scene<'_>,
        call: &Call<'_>,
    ) -> Result<Response, Fault> {
        let place = self.bucket_policy_place(scene, call).await?;
        stored(call, &place)?;
        let public = place.entry().and_then(|entry| entry.policy.as_ref()).is_some_and(|held| held.policy.is_public());
        let mut writer = XmlWriter::document();
        writer.element_ns("PolicyStatus", s3::NAMESPACE, |w| {
            w.text("IsPublic", if public { "true" } else { "false" });
        });
        Ok(Response::new(200, "application/xml", writer.finish()))
    }

    pub(super) async fn put_bucket_policy(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Response, Fault> {
        let name = call.request.bucket().ok_or(Fault::NothingRequired)?;
        // Decided before the body is read, and again by what is there once it was (security rule 28).
        if self.changeable(scene, call, name).await?.0.is_none() {
            return Err(Fault::PolicyWithoutRecord { bucket: name.as_str().to_owned() });
        }
        let confirmed = confirmed(call)?;
        let content = self.read_policy(scene, call).await?;
        let policy = self.checked_policy(name, &content).await?;
        for _ in 0..MAX_TRIES {
            let (held, permit) = self.changeable(scene, call, name).await?;
            let record = held.ok_or_else(|| Fault::PolicyWithoutRecord { bucket: name.as_str().to_owned() })?;
            let value = BucketRecord { policy: Some(policy.clone()), ..record.value.clone() };
            if !confirmed {
                self.keeps_access(scene, call, &value).await?;
            }
            if self.change_policy(&record, &value, &permit).await? {
                return Ok(Response::empty(204));
            }
        }
        Err(Fault::BucketBusy)
    }

    pub(super) async fn delete_bucket_policy(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Response, Fault> {
        let name = call.request.bucket().ok_or(Fault::NothingRequired)?;
        super::body::plan(scene.head, call, &self.settings)?;
        for _ in 0..MAX_TRIES {
            let (held, permit) = self.changeable(scene, call, name).await?;
            let done = match held.filter(|record| record.value.policy.is_some()) {
                None => true,
                Some(record) => {
                    let value = BucketRecord { policy: None, ..record.value.clone() };
                    self.change_policy(&record, &value, &permit).await?
                }
            };
            if done {
                return Ok(Response::empty(204));
            }
        }
        Err(Fault::BucketBusy)
    }

    /// The bucket of an allowed question about its policy.
    async fn bucket_policy_place(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Place, Fault> {
        let place = self.place(call.request.bucket()).await?;
        self.permit_at(scene, call, &mut Seen::default(), &place, None).await?;
        super::body::plan(scene.head, call, &self.settings)?;
        Ok(place)
    }

    /// The record whose policy the caller may change, as it is in the store; none for a bucket without one.
    async fn changeable(
        &self,
        scene: &mut Scene<'_>,
        call: &Call<'_>,
        name: &BucketName,
    ) -> Result<(Option<Versioned<BucketRecord>>, Permit), Fault> {
        let stored = self.records.get::<BucketRecord>(&RecordKey::bucket(name.as_str())).await?;
        // Never by a cached record: it may be another's by now.
        let (place, record) = match stored.map(|record| (record.value.state, record)) {
            Some((BucketState::Active, record)) => {
                let entry = BucketEntry::new(record.clone(), &self.settings.default_account)?;
                (Place::Bucket(entry.into()), Some(record))
            }
            Some((BucketState::Creating | BucketState::Deleting, _)) => (Place::Absent(name.as_str().to_owned()), None),
            Some((BucketState::Claimed, _)) | None => (self.unrecorded_place(name).await?, None),
        };
        let permit = self.judge_policy(scene, call, &place).await?;
        if scene.trace.decision.is_empty() {
            scene.trace.allowed(&permit);
        }
        self.there(call, &place)?;
        self.own_account(call, &place)?;
        Ok((record, permit))
    }

    /// S3 lets nobody of another account, and no stranger, read or change a bucket's policy, whatever it allows.
    fn own_account(&self, call: &Call<'_>, place: &Place) -> Result<(), Fault> {
        let own = place.entry().is_some_and(|entry| call.account() == Some(&entry.record.account));
        if own { Ok(()) } else { Err(Fault::PolicyOfAnotherAccount) }
    }

    async fn read_policy(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<String, Fault> {
        let content = match self.read_body(scene, call, MAX_POLICY_BYTES).await {
            Err(Fault::Body(BodyError::TooLarge { limit })) => return Err(PolicyFault::TooLarge { limit }.into()),
            read => read?,
        };
        call.request.verify_digests(&content)?;
        String::from_utf8(content.into()).map_err(|_| PolicyFault::NotUtf8.into())
    }

    /// The document as it is to be stored, or why S3 would not take it.
    async fn checked_policy(&self, bucket: &BucketName, document: &str) -> Result<StoredPolicy, Fault> {
        if !document.trim_ascii_start().starts_with('{') {
            return Err(PolicyFault::NotAnObject.into());
        }
        let (default_account, unbound) = (&self.settings.default_account, Bindings::new());
        let options = ParseOptions { kind: PolicyKind::Bucket, default_account, bindings: &unbound };
        let policy = Policy::parse(document, &options).map_err(PolicyFault::Grammar)?;
        let catalogue = catalogue(bucket);
        let lint = LintOptions { parse: options, catalogue: &catalogue, unresolved: &[] };
        if let Some(refusal) = bucket_refusal(document, bucket.as_str(), &lint) {
            return Err(PolicyFault::Bucket(refusal).into());
        }
        let bindings = iam::bind(policy.principal_arns(), default_account, &self.records).await?;
        Ok(StoredPolicy { document: document.to_owned(), bindings })
    }

    /// Refuses a policy under which the caller could not put it again.
    async fn keeps_access(&self, scene: &mut Scene<'_>, call: &Call<'_>, value: &BucketRecord) -> Result<(), Fault> {
        let entry = BucketEntry::new(Versioned { value: value.clone(), revision: 0 }, &self.settings.default_account)?;
        match self.judge_policy(scene, call, &Place::Bucket(entry.into())).await {
            Err(Fault::Denied(_)) => Err(Fault::PolicyRemovesOwnAccess),
            judged => judged.map(drop),
        }
    }

    /// A permit for what the request needs on the bucket as it is at `place`.
    async fn judge_policy(&self, scene: &mut Scene<'_>, call: &Call<'_>, place: &Place) -> Result<Permit, Fault> {
        let needs = || s3::requirements(call.request, s3::Facts::default()).always;
        let about = |_: &Requirement| About::bucket(place);
        let judged = self.judge(scene, call, &mut Seen::default(), needs, about).await?;
        Ok(judged.ok_or(Fault::NothingRequired)??)
    }

    /// Commits the record with its other policy; whether it, and what the caller may do, was still what was decided on.
    async fn change_policy(
        &self,
        record: &Versioned<BucketRecord>,
        value: &BucketRecord,
        permit: &Permit,
    ) -> Result<bool, Fault> {
        let rights = Changes::new().check_all(permit.evidence());
        let key = RecordKey::bucket(&value.name);
        let committed = match self.records.commit(rights).await {
            Ok(()) => self.commit(Changes::new().update(record, value), std::slice::from_ref(&key)).await,
            changed => changed,
        };
        match committed {
            Ok(()) => Ok(true),
            Err(store::Error::Conflict(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The policy of an allowed caller's bucket.
fn stored<'a>(call: &Call<'_>, place: &'a Place) -> Result<&'a StoredPolicy, Fault> {
    let held = place.entry().and_then(|entry| entry.record.policy.as_ref());
    let bucket = || call.request.bucket().map(|bucket| bucket.as_str().to_owned()).unwrap_or_default();
    held.ok_or_else(|| Fault::NoSuchBucketPolicy { bucket: bucket() })
}

fn confirmed(call: &Call<'_>) -> Result<bool, Fault> {
    match call.request.header(CONFIRMATION) {
        Some(b"true") => Ok(true),
        None | Some(b"false") => Ok(false),
        Some(_) => Err(s3::Error::HeaderValue(s3::Shown::new(CONFIRMATION.as_bytes())).into()),
    }
}

/// The actions of S3 on this bucket.
fn catalogue(bucket: &BucketName) -> Catalogue {
    let name = bucket.as_str();
    let mut actions: Vec<KnownAction> = Vec::new();
    for (action, target) in s3::policy_actions() {
        let form = match target {
            ActionTarget::Bucket => ResourceForm::Exact(format!("arn:aws:s3:::{name}")),
            ActionTarget::Object => ResourceForm::Shape(format!("arn:aws:s3:::{name}/*")),
        };
        match actions.last_mut().filter(|last| last.name == action) {
            Some(last) => last.resources.push(form),
            None => actions.push(KnownAction { name: action.to_owned(), resources: vec![form], keys: None }),
        }
    }
    Catalogue { actions, keys: Vec::new() }
}
