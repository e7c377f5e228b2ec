//! The request path, top to bottom, free of pingora: a head (and a body when it is asked for) in, a
//! [`Verdict`] out. Only `proxy` turns verdicts into socket work, so all but byte-moving is tested
//! without one.
//!
//! One request: claim -> plane -> operation -> credential -> verified signature -> requirements ->
//! decision -> permit -> answer or forward. Each arrow's result type is what the next one needs.
//! The gate's own calls to the backend go through the port [`Backend`], reading bodies through
//! [`RequestBody`]: two traits in place of a state machine of verdicts.

mod backend_error;
mod batch_delete;
mod body;
mod bucket_life;
mod bucket_list;
mod bucket_policy;
mod buckets;
mod control_plane;
mod copy;
mod data_plane;
mod facts;
mod fault;
mod pin;
mod policy_fault;
mod ports;
mod rescue;
mod rewrite;
mod settings;
mod sts_plane;
mod trace;
mod verdict;
mod web_identity;
mod withheld;

pub use backend_error::ErrorDocument;
pub use facts::FactFault;
pub use fault::Fault;
pub use policy_fault::PolicyFault;
pub use ports::{
    Backend, BackendAnswer, BackendError, BackendRequest, BodyError, RequestBody, WebKeys, WebKeysError,
    refusal_of_the_gate,
};
pub use rescue::{Dialect, error_response, fault_response};
pub use settings::{Settings, UnrecordedOwner};
pub use trace::{Plane, Trace};
pub use verdict::{BodyPlan, Forward, ResponsePlan, Verdict};

use crate::authn::{Authenticated, Directory, LastUsedRecorder, StrangerLimit};
use crate::sigv4;
use crate::store::{RecordKey, Records};
use crate::token::KeyRing;
use crate::types::{Clock, Entropy, Timestamp};
use crate::wire::RequestHead;
use std::sync::Arc;

/// Hears of what this gate itself has committed, and of what its commits found changed, at once (DESIGN section 4).
pub trait CommitListener: Send + Sync {
    /// The record was changed by this gate, or another: nothing cached of it may serve any more.
    fn committed(&self, key: &RecordKey);
}

/// Everything a decision needs. Cheap to share; no state of its own.
pub struct Gateway {
    /// Lookups.
    pub directory: Arc<dyn Directory>,
    /// Typed state, for the control plane and bucket records.
    pub records: Records,
    /// Told of every commit made here.
    pub listener: Arc<dyn CommitListener>,
    /// Told which keys and roles are used.
    pub last_used: Arc<dyn LastUsedRecorder>,
    /// How often a source may present web identities that are refused.
    pub strangers: Arc<dyn StrangerLimit>,
    /// The keys of identity providers.
    pub web_keys: Arc<dyn WebKeys>,
    /// Calls of the gate's own.
    pub backend: Arc<dyn Backend>,
    /// Seals session tokens.
    pub ring: Arc<KeyRing>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Limits and names.
    pub settings: Settings,
}

/// What every step of one request sees.
pub(crate) struct Scene<'a> {
    pub(crate) head: &'a RequestHead,
    pub(crate) request_id: &'a str,
    pub(crate) body: &'a mut dyn RequestBody,
    pub(crate) trace: &'a mut Trace,
}

impl Gateway {
    /// Decides one request. Every fault has become an answer in the dialect of its plane.
    pub async fn handle(
        &self,
        head: &RequestHead,
        request_id: &str,
        body: &mut dyn RequestBody,
        trace: &mut Trace,
    ) -> Verdict {
        let mut scene = Scene { head, request_id, body, trace };
        match self.decide(&mut scene).await {
            Ok(verdict) => verdict,
            Err(mut fault) => {
                self.seal_denial(&mut fault);
                let dialect = Dialect::of(scene.trace.plane);
                let answer = rescue::answer(&fault, dialect, head, request_id);
                scene.trace.error_code = Some(answer.code);
                fault.note(scene.trace);
                Verdict::Respond(answer.response)
            }
        }
    }

    /// The plane that a request looks like before its parameters are read: S3's, or STS's for IAM and STS calls.
    pub fn plane_of(&self, head: &RequestHead) -> Plane {
        let control = control_plane::is_control_call(head, &self.settings.addressing.domains);
        if control { Plane::Sts } else { Plane::S3 }
    }

    async fn decide(&self, scene: &mut Scene<'_>) -> Result<Verdict, Fault> {
        scene.trace.plane = self.plane_of(scene.head);
        let control = scene.trace.plane != Plane::S3;
        let query = scene.head.parse_query().map_err(Fault::Query)?;
        let claim = sigv4::claim(scene.head, &query).map_err(Fault::signature)?;
        scene.trace.claimed_key = claim.as_ref().map(|claim| claim.access_key().as_str().to_owned());
        if control {
            self.control(scene, &query, claim.as_ref()).await.map(Verdict::Respond)
        } else {
            let verdict = self.data(scene, &query, claim.as_ref()).await?;
            Ok(match verdict {
                Verdict::Respond(response) => Verdict::Respond(backend_error::told(response, scene.request_id)),
                forward @ Verdict::Forward(_) => forward,
            })
        }
    }

    /// A call of the gate's own to the backend. That the backend refuses the gate's credentials is a fault of the
    /// gate, and no answer for the client.
    pub(crate) async fn call(&self, request: BackendRequest) -> Result<BackendAnswer, Fault> {
        let answer = self.backend.call(request, self.settings.answer_bytes).await?;
        match refusal_of_the_gate(answer.status, &answer.body) {
            Some(code) => Err(Fault::BackendRefusesGate(code)),
            None => Ok(answer),
        }
    }

    /// Notes what a verified request has used (security rule 29).
    fn note_use(&self, caller: &Authenticated, now: Timestamp) {
        if let Some(used) = caller.last_used(now) {
            self.last_used.used(used);
        }
    }

    /// Commits changes and makes them count at once on this gate.
    pub(crate) async fn commit(
        &self,
        changes: crate::store::Changes,
        touched: &[RecordKey],
    ) -> Result<(), crate::store::Error> {
        let result = self.records.commit(changes).await;
        // Also after an error: an ambiguous commit may have happened.
        for key in touched {
            self.listener.committed(key);
        }
        result
    }
}
