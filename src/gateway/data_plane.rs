//! The S3 plane: route, authenticate, require, decide, then answer or forward (DESIGN sections 1 and 7).

use super::buckets::Place;
use super::facts::{About, ObjectAt, Seen};
use super::pin::{Manner, Pinned};
use super::{BackendAnswer, BackendRequest, Fault, Forward, Gateway, ResponsePlan, Scene, Verdict};
use crate::authn::{self, Authenticated};
use crate::authz::{self, Permit, Question, TagFacts};
use crate::policy::Outcome;
use crate::s3::{self, Body, BodyRule, BucketName, ContextFacts, Operation, S3Request};
use crate::sigv4::{ClaimKind, Rules, Service, SignatureClaim};
use crate::types::{AccountId, Context, LazyContext, Requirement, ResourceName, Timestamp};
use crate::wire::{QueryString, RequestHead, Response};
use std::sync::OnceLock;

/// A routed and authenticated S3 request.
pub(super) struct Call<'a> {
    pub(super) request: &'a S3Request,
    pub(super) caller: &'a Authenticated,
    pub(super) head: &'a RequestHead,
    pub(super) now: Timestamp,
    /// What does not depend on what is asked for; made when a decision first reads a key.
    base: OnceLock<Context>,
}

impl<'a> Call<'a> {
    /// The caller's account; Anonymous has none and is of no account.
    pub(super) fn account(&self) -> Option<&AccountId> {
        self.caller.principal().account()
    }

    /// The question whether the caller may, with the full context of the requirement and what is known of tags.
    pub(super) fn question<'b>(
        &'b self,
        requirement: Requirement,
        about: About<'b>,
        seen: &'b Seen<'_>,
    ) -> Question<'b> {
        let bucket = about.place.entry();
        let account = bucket.map(|bucket| &bucket.record.account).or_else(|| self.account());
        let (bucket_tags, object_tags) = seen.tags(&about);
        let known = TagFacts {
            bucket: bucket.is_none() || bucket_tags.is_some(),
            object: bucket.is_none() || object_tags.is_some() || !s3::reads_existing_tags(&requirement.action),
        };
        let facts = ContextFacts { body: about.body, entry: about.entry, now: self.now, object_tags, bucket_tags };
        let action = requirement.action.clone();
        let context = LazyContext::new(move || {
            let mut context =
                self.base.get_or_init(|| authz::request_context(self.caller, self.head, self.now)).clone();
            if let Some(account) = account {
                authz::resource_context(account, &mut context);
                authz::s3_context(self.caller, self.head, account, self.now, &mut context);
            }
            s3::condition_context(self.request, &action, facts, &mut context);
            context
        });
        Question { requirement, bucket, account, context, known }
    }

    /// The object in the request's path.
    pub(super) fn object(&self) -> Option<ObjectAt<'a>> {
        let (bucket, key) = self.request.bucket().zip(self.request.key())?;
        let version = self.request.query_value("versionId");
        Some(ObjectAt { bucket, key, version, manner: Manner::of(self.request.operation()) })
    }
}

impl Gateway {
    pub(super) async fn data(
        &self,
        scene: &mut Scene<'_>,
        query: &QueryString,
        claim: Option<&SignatureClaim>,
    ) -> Result<Verdict, Fault> {
        let presigned = claim.is_some_and(|claim| matches!(claim.kind(), ClaimKind::Query { .. }));
        let request = s3::route(scene.head, query, presigned, &self.settings.addressing)?;
        let operation = request.operation();
        scene.trace.operation = operation.name();
        scene.trace.bucket = request.bucket().map(|bucket| bucket.as_str().to_owned());
        let now = self.clock.now();
        let started = self.clock.ticks();
        let caller = self.s3_caller(scene.head, query, claim, now).await?;
        scene.trace.verify_nanos = self.clock.ticks().saturating_sub(started);
        scene.trace.identify(&caller);
        if !operation.carried() {
            let stranger = caller.signature().is_none();
            return Err(if stranger { Fault::NothingRequired } else { Fault::NotImplemented(operation) });
        }
        if caller.signature().is_none() && overrides_answer(&request) {
            return Err(Fault::UnsignedOverride);
        }
        let call = Call { request: &request, caller: &caller, head: scene.head, now, base: OnceLock::new() };
        match operation {
            Operation::ListBuckets => self.list_buckets(scene, &call).await.map(Verdict::Respond),
            Operation::CreateBucket => self.create_bucket(scene, &call).await.map(Verdict::Respond),
            Operation::DeleteBucket => self.delete_bucket(scene, &call).await.map(Verdict::Respond),
            Operation::GetBucketPolicy => self.get_bucket_policy(scene, &call).await.map(Verdict::Respond),
            Operation::GetBucketPolicyStatus => self.get_bucket_policy_status(scene, &call).await.map(Verdict::Respond),
            Operation::PutBucketPolicy => self.put_bucket_policy(scene, &call).await.map(Verdict::Respond),
            Operation::DeleteBucketPolicy => self.delete_bucket_policy(scene, &call).await.map(Verdict::Respond),
            Operation::DeleteObjects => self.delete_objects(scene, &call).await.map(Verdict::Respond),
            Operation::CopyObject | Operation::UploadPartCopy => self.copy(scene, &call).await,
            Operation::CompleteMultipartUpload
            | Operation::ListObjects
            | Operation::ListObjectsV2
            | Operation::ListObjectVersions
            | Operation::ListMultipartUploads
            | Operation::ListParts => self.rewritten(scene, &call).await.map(Verdict::Respond),
            _ if matches!(request.body_rule(), BodyRule::Decides { .. }) => {
                self.rebuilt(scene, &call).await.map(Verdict::Respond)
            }
            _ => self.plain(scene, &call).await,
        }
    }

    async fn s3_caller(
        &self,
        head: &RequestHead,
        query: &QueryString,
        claim: Option<&SignatureClaim>,
        now: Timestamp,
    ) -> Result<Authenticated, Fault> {
        let Some(claim) = claim else { return Ok(authn::anonymous()) };
        let rules = Rules {
            service: Service::S3,
            region: self.settings.region.as_deref(),
            now,
            max_skew_seconds: self.settings.max_skew_seconds,
        };
        let checked = claim.check(head, query, &rules).map_err(Fault::signature)?;
        let credential = authn::find(claim, now, head.peer(), &*self.directory).await?;
        let caller = credential.verify(&checked, None)?.describing_denials(self.settings.encoded_messages);
        self.note_use(&caller, now);
        Ok(caller)
    }

    /// An operation on one bucket or object whose answer passes.
    async fn plain(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Verdict, Fault> {
        let place = self.place(call.request.bucket()).await?;
        let mut seen = Seen::default();
        let permit = self.permit_at(scene, call, &mut seen, &place, None).await?;
        let response = match call.request.bucket().filter(|_| tells_what_is_missing(call.request.operation())) {
            Some(bucket) => self.hide_missing(scene, call, &mut seen, bucket, &place).await,
            None => ResponsePlan::Pass,
        };
        let pinned = self.pin(scene, call, &seen, call.object());
        let withheld = self.withheld(call, &seen, &place);
        let mut forward = self.forward(scene, call, permit, pinned, response)?;
        forward.withheld = withheld;
        Ok(Verdict::Forward(Box::new(forward)))
    }

    /// An operation whose body decides: read, judged, and sent as it was parsed (security rule 8).
    async fn rebuilt(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Response, Fault> {
        let place = self.place(call.request.bucket()).await?;
        let body = self.read_deciding_body(scene, call, &place).await?;
        let mut seen = Seen::default();
        let permit = self.permit_at(scene, call, &mut seen, &place, body.as_ref()).await?;
        let pinned = self.pin(scene, call, &seen, call.object());
        let document = body.as_ref().map(Body::to_xml).unwrap_or_default();
        let answer = self.send_to(&permit, call, document, pinned.version.as_deref()).await?;
        Ok(pass(answer))
    }

    /// Asks for a permit for what the request needs on one bucket. Where there is no such bucket, a caller who would
    /// be allowed hears so, and one who may make it; any other is denied.
    pub(super) async fn permit_at<'p>(
        &self,
        scene: &mut Scene<'_>,
        call: &'p Call<'_>,
        seen: &mut Seen<'p>,
        place: &'p Place,
        body: Option<&'p Body>,
    ) -> Result<Permit, Fault> {
        let needs = || s3::requirements(call.request, s3::Facts { body, ..s3::Facts::default() }).always;
        let about = |_: &Requirement| About { object: call.object(), body, ..About::bucket(place) };
        let permit = self.permit(scene, call, seen, needs, about).await;
        let permit = permit.map_err(|fault| denied_or_absent(scene, call, place, fault))?;
        self.there(call, place)?;
        Ok(permit)
    }

    /// What a caller who was allowed hears of the bucket: that it is not there, or not the expected owner's.
    pub(super) fn there(&self, call: &Call<'_>, place: &Place) -> Result<(), Fault> {
        match place {
            Place::Absent(bucket) => Err(Fault::NoSuchBucket { bucket: bucket.clone() }),
            Place::Service | Place::Bucket(_) => {
                self.check_owner(call.request.expected_bucket_owner(), place, "x-amz-expected-bucket-owner")
            }
        }
    }

    /// Puts requirements to the PDP, with the facts that it needs, and notes the outcome.
    pub(super) async fn permit<'p>(
        &self,
        scene: &mut Scene<'_>,
        call: &Call<'_>,
        seen: &mut Seen<'p>,
        needs: impl Fn() -> Vec<Requirement> + Send + Sync,
        about: impl Fn(&Requirement) -> About<'p> + Send + Sync,
    ) -> Result<Permit, Fault> {
        let decided = self.judge(scene, call, seen, needs, about).await?;
        let permit = decided.ok_or(Fault::NothingRequired)??;
        scene.trace.allowed(&permit);
        Ok(permit)
    }

    /// A 404 on reading an object tells that it is missing: only those who may list its bucket hear it. Where the
    /// backend does not tell what that needs, it is not heard.
    pub(super) async fn hide_missing<'p>(
        &self,
        scene: &mut Scene<'_>,
        call: &Call<'_>,
        seen: &mut Seen<'p>,
        bucket: &BucketName,
        place: &'p Place,
    ) -> ResponsePlan {
        let about = About::bucket(place);
        let denied = loop {
            let need = Requirement::new("s3:ListBucket", ResourceName::bucket(bucket.as_str()));
            let Err(denied) = authz::may(call.caller, &call.question(need, about, seen)) else {
                return ResponsePlan::Pass;
            };
            match self.learn(call, seen, about, denied.wanted).await {
                Ok(true) => {}
                Ok(false) => break denied,
                Err(_) => break Box::new(authz::Denied { unknown_key: None, ..*denied }),
            }
        };
        let answer = super::rescue::answer(&Fault::Denied(denied), super::Dialect::S3, scene.head, scene.request_id);
        ResponsePlan::HideMissing(answer.response)
    }

    /// The forwarded request under its body plan, held to what was seen.
    pub(super) fn forward(
        &self,
        scene: &Scene<'_>,
        call: &Call<'_>,
        permit: Permit,
        pinned: Pinned,
        response: ResponsePlan,
    ) -> Result<Forward, Fault> {
        let body = super::body::plan(scene.head, call, &self.settings)?;
        let rules = &self.settings.addressing.buckets;
        let mut target = call.request.outbound_target("", rules)?;
        if let Some(version) = &pinned.version {
            target.pin_version(version);
        }
        let mut headers: Vec<(String, Vec<u8>)> =
            call.request.outbound_headers("", rules)?.into_iter().map(|(name, value)| (name.into(), value)).collect();
        headers.retain(|(name, _)| !pinned.headers.iter().any(|(replaced, _)| replaced == name));
        headers.extend(pinned.headers);
        Ok(Forward {
            permit,
            method: call.request.method(),
            path: target.path,
            query: target.query.into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect(),
            headers,
            body,
            response,
            withheld: Vec::new(),
            changed: pinned.changed,
        })
    }

    /// Sends the request with a body of the gate's own and reads the answer. The permit is the proof that it may.
    pub(super) async fn send(
        &self,
        permit: &Permit,
        call: &Call<'_>,
        document: String,
    ) -> Result<BackendAnswer, Fault> {
        self.send_to(permit, call, document, None).await
    }

    /// [`Gateway::send`], to the version of the object that was judged.
    async fn send_to(
        &self,
        _permit: &Permit,
        call: &Call<'_>,
        document: String,
        version: Option<&[u8]>,
    ) -> Result<BackendAnswer, Fault> {
        let rules = &self.settings.addressing.buckets;
        let mut target = call.request.outbound_target("", rules)?;
        if let Some(version) = version {
            target.pin_version(version);
        }
        let target = target.to_origin_form();
        let headers = call.request.outbound_headers("", rules)?;
        let mut headers: Vec<(String, Vec<u8>)> =
            headers.into_iter().map(|(name, value)| (name.into(), value)).collect();
        // A body that passes as it came keeps the client's digest.
        if !document.is_empty() && !headers.iter().any(|(name, _)| name == "content-md5") {
            headers.push(("content-md5".to_owned(), s3::content_md5(document.as_bytes()).into_bytes()));
        }
        let request = BackendRequest { method: call.request.method(), target, headers, body: document.into() };
        self.call(request).await
    }
}

/// Whether the query says which headers the answer is to have. S3 wants that signed ("GetObject", Overriding Response
/// Header Values): else anybody could have a public object shown under a type that its owner did not give it.
fn overrides_answer(request: &S3Request) -> bool {
    request.query().iter().any(|(key, _)| key.starts_with("response-"))
}

/// What a caller who was denied hears. That there is no such bucket is no secret from whoever may make it: CreateBucket
/// would tell. Clients ask first (`BucketExists`) and wait for 404 after a deletion. An explicit deny stays one.
fn denied_or_absent(scene: &mut Scene<'_>, call: &Call<'_>, place: &Place, fault: Fault) -> Fault {
    let (Fault::Denied(denied), Place::Absent(bucket)) = (&fault, place) else { return fault };
    if denied.outcome == Outcome::ExplicitDeny {
        return fault;
    }
    let seen = Seen::default();
    let making = Requirement::new("s3:CreateBucket", ResourceName::bucket(bucket.as_str()));
    if authz::may(call.caller, &call.question(making, About::bucket(&Place::Service), &seen)).is_err() {
        return fault;
    }
    fault.note(scene.trace);
    Fault::NoSuchBucket { bucket: bucket.clone() }
}

/// Reads of one object.
fn tells_what_is_missing(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::GetObject | Operation::HeadObject | Operation::GetObjectAttributes | Operation::GetObjectTagging
    )
}

/// Headers of a backend's answer that pass through answers which the gate has read whole.
const PASSED_HEADERS: [&str; 12] = [
    "content-type",
    "etag",
    "last-modified",
    "x-amz-version-id",
    "x-amz-delete-marker",
    "x-amz-expiration",
    "x-amz-abort-date",
    "x-amz-abort-rule-id",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-checksum-type",
    "x-amz-bucket-region",
];

/// The backend's answer as the gate's own.
pub(super) fn pass(answer: BackendAnswer) -> Response {
    let mut response = Response::empty(answer.status);
    for name in PASSED_HEADERS {
        if let Some(value) = answer.header(name) {
            response = response.with_header(name, value.to_owned());
        }
    }
    response.body = answer.body;
    response
}
