//! The control plane: IAM and STS calls (DESIGN section 9).
//!
//! A call is a POST or a GET to exactly `/` with `Action` in the form body or in the query, signed for the
//! action's own service over the hash of the body as received (security rule 5). The credential is looked up
//! before the body is read (security rule 28).

use super::{Fault, Gateway, Plane, Scene};
use crate::authn::{self, Authenticated};
use crate::authz::{self, Question};
use crate::iam;
use crate::s3::is_bucket_host;
use crate::sigv4::{Rules, Service, SignatureClaim};
use crate::store::RecordKey;
use crate::types::LazyContext;
use crate::wire::aws_query::Parameters;
use crate::wire::{Method, QueryString, RequestHead, Response};
use sha2::{Digest, Sha256};

/// How often an IAM call is decided and executed when what its decision read has changed meanwhile. At each change of a
/// record somebody gets through, so ten at once, as Terraform sends them, all do.
const IAM_ATTEMPTS: usize = 10;

/// Whether the request is a call to IAM or STS, whatever its signature says. A host that names a bucket is
/// never theirs; GET without `Action` is ListBuckets.
pub(super) fn is_control_call(head: &RequestHead, domains: &[String]) -> bool {
    let at_root = head.raw_path() == b"/" && !head.host().is_some_and(|host| is_bucket_host(host, domains));
    let names_action = || head.parse_query().is_ok_and(|query| query.has("Action"));
    at_root && (head.method() == Method::Post || (head.method() == Method::Get && names_action()))
}

impl Gateway {
    pub(super) async fn control(
        &self,
        scene: &mut Scene<'_>,
        query: &QueryString,
        claim: Option<&SignatureClaim>,
    ) -> Result<Response, Fault> {
        let Some(claim) = claim else { return self.unsigned(scene, query).await };
        let service = match claim.scope().service() {
            "iam" => Service::Iam,
            "sts" => Service::Sts,
            other => return Err(Fault::ForeignScope(other.chars().take(32).collect())),
        };
        scene.trace.plane = if service == Service::Iam { Plane::Iam } else { Plane::Sts };
        let now = self.clock.now();
        let rules = Rules {
            service,
            region: self.settings.region.as_deref(),
            now,
            max_skew_seconds: self.settings.max_skew_seconds,
        };
        let started = self.clock.ticks();
        let checked = claim.check(scene.head, query, &rules).map_err(Fault::signature)?;
        let credential = authn::find(claim, now, scene.head.peer(), &*self.directory).await?;
        let body = scene.body.read_all(self.settings.form_body_bytes).await?;
        let hash: [u8; 32] = Sha256::digest(&body).into();
        let caller = credential.verify(&checked, Some(&hash))?;
        self.note_use(&caller, now);
        scene.trace.verify_nanos = self.clock.ticks().saturating_sub(started);
        scene.trace.identify(&caller);
        let parameters = parameters(scene.head, query, &body)?;
        let action = parameters.get("Action").ok_or(Fault::MissingAction)?;
        if service == Service::Sts {
            let document = self.sts(scene, &caller, action, &parameters).await?;
            return Ok(Response::new(200, "text/xml", document));
        }
        let mut caller = caller;
        for _ in 1..IAM_ATTEMPTS {
            match self.iam(scene, &caller, action, &parameters).await {
                Err(Fault::Iam(iam::Error::ConcurrentModification)) => {
                    // It may be the caller's rights that have changed: they are found and judged anew too.
                    let credential = authn::find(claim, now, scene.head.peer(), &*self.directory).await?;
                    caller = credential.verify(&checked, Some(&hash))?;
                }
                ended => return ended,
            }
        }
        self.iam(scene, &caller, action, &parameters).await
    }

    /// Decides and executes once, on the records as they are now.
    async fn iam(
        &self,
        scene: &mut Scene<'_>,
        caller: &Authenticated,
        action: &str,
        parameters: &Parameters,
    ) -> Result<Response, Fault> {
        let account = &caller.principal().account().cloned().ok_or(Fault::Unsigned)?;
        let default_account = &self.settings.default_account;
        let called_by = iam::Caller { account, user: caller.user_name(), default_account };
        let request = &iam::parse(action, parameters, &called_by)?;
        scene.trace.operation = request.operation();
        let mut context = authz::request_context(caller, scene.head, self.clock.now());
        authz::resource_context(account, &mut context);
        let asked = request.ask(account, &self.records, &mut context).await?;
        let context = &context;
        let questions = asked.requirements.into_iter().map(|requirement| {
            let context = LazyContext::new(|| context.clone());
            let known = authz::TagFacts::default();
            Question { requirement, bucket: None, account: Some(account), context, known }
        });
        let started = self.clock.ticks();
        let decided = authz::authorize(caller, questions);
        scene.trace.decide_nanos += self.clock.ticks().saturating_sub(started);
        let permit = decided.ok_or(Fault::NothingRequired)??.with_evidence(asked.evidence);
        let committed = |key: &RecordKey| self.listener.committed(key);
        let iam_scene = iam::Scene {
            records: &self.records,
            now: self.clock.now(),
            entropy: &*self.entropy,
            default_account: &self.settings.default_account,
            committed: &committed,
        };
        let answer = iam::execute(request, &permit, &iam_scene).await;
        if !matches!(answer, Err(iam::Error::ConcurrentModification)) {
            scene.trace.allowed(&permit);
        }
        Ok(Response::new(200, "text/xml", answer?.to_xml(scene.request_id)))
    }
}

/// The parameters, from the form body or from the query, never from both (security rule 5).
pub(super) fn parameters(head: &RequestHead, query: &QueryString, body: &[u8]) -> Result<Parameters, Fault> {
    let signature_key = |name: &str| name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"));
    let in_query = Parameters::from_query(query, signature_key)?;
    if body.is_empty() {
        return Ok(in_query);
    }
    if head.method() != Method::Post || !is_form(head) {
        return Err(Fault::NotAForm);
    }
    if in_query.iter().next().is_some() {
        return Err(Fault::ParametersTwice);
    }
    Ok(Parameters::parse_form(body)?)
}

pub(super) fn is_form(head: &RequestHead) -> bool {
    let media_type = head.header_str("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
