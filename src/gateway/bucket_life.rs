//! Making and removing buckets: claimed, not taken (security rule 1).
//!
//! A name is claimed by compare-and-set on absence; the backend must say that it has no such bucket; then the
//! record says `creating` and the PUT goes; `active` only after 2xx. An answer that leaves it open whether
//! the backend did it leaves the state as it is, and only the owner's retry goes on from there.

use super::buckets::{Place, is_own};
use super::data_plane::{Call, pass};
use super::facts::Seen;
use super::{BackendAnswer, BackendError, BackendRequest, Fault, Gateway, Scene};
use crate::authn::BucketEntry;
use crate::authz::Permit;
use crate::entity::{BucketRecord, BucketState};
use crate::s3::{self, BucketName};
use crate::store::{self, Changes, RecordKey, Versioned};
use crate::wire::{Method, Response};

/// A name that keeps changing under our hands is answered as busy.
const MAX_TRIES: usize = 3;

impl Gateway {
    pub(super) async fn create_bucket(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Response, Fault> {
        let name = call.request.bucket().ok_or(Fault::NothingRequired)?;
        let body = self.read_deciding_body(scene, call, &Place::Service).await?;
        // Nobody's bucket yet: asked in the caller's own account.
        let permit = self.permit_at(scene, call, &mut Seen::default(), &Place::Service, body.as_ref()).await?;
        for _ in 0..MAX_TRIES {
            match self.claim(name, &permit, call).await? {
                Claim::Owned => return Ok(created(name)),
                Claim::Mine(record) => {
                    let document = body.as_ref().map(s3::Body::to_xml).unwrap_or_default();
                    return self.make(record, &permit, call, document).await;
                }
                Claim::Lost => {}
            }
        }
        Err(Fault::BucketBusy)
    }

    async fn claim(&self, name: &BucketName, permit: &Permit, call: &Call<'_>) -> Result<Claim, Fault> {
        let key = RecordKey::bucket(name.as_str());
        if let Some(record) = self.records.get::<BucketRecord>(&key).await? {
            let own = is_own(permit, &record.value);
            return match record.value.state {
                BucketState::Active if own => Ok(Claim::Owned),
                BucketState::Claimed | BucketState::Creating if own => Ok(Claim::Mine(record)),
                BucketState::Deleting if own => Err(Fault::BucketBusy),
                _ => Err(Fault::BucketTaken),
            };
        }
        let record = BucketRecord {
            name: name.as_str().to_owned(),
            state: BucketState::Claimed,
            account: permit.account().clone(),
            owner: permit.owner().clone(),
            policy: None,
            created: call.now.millis(),
        };
        match self.commit(Changes::new().create(&record), std::slice::from_ref(&key)).await {
            Ok(()) => {
                let made = self.records.get::<BucketRecord>(&key).await?;
                Ok(made.filter(|made| made.value == record).map_or(Claim::Lost, Claim::Mine))
            }
            Err(store::Error::Conflict(_)) => Ok(Claim::Lost),
            Err(error) => Err(error.into()),
        }
    }

    /// From a claim of the caller's own to an active bucket.
    async fn make(
        &self,
        record: Versioned<BucketRecord>,
        permit: &Permit,
        call: &Call<'_>,
        document: String,
    ) -> Result<Response, Fault> {
        let name = call.request.bucket().ok_or(Fault::NothingRequired)?;
        let found = self.backend_has(call).await?;
        match (found, record.value.state) {
            // The backend had none when the record became `creating`: this is the one we asked for.
            (true, BucketState::Creating) => {
                self.advance(&record, BucketState::Active).await?;
                Ok(created(name))
            }
            (true, _) => {
                self.drop_record(&record).await?;
                match self.unrecorded(name.as_str()).await? {
                    Some(entry) if is_own(permit, &entry.record) => Ok(created(name)),
                    _ => Err(Fault::BucketTaken),
                }
            }
            (false, state) => {
                let again = state == BucketState::Creating;
                let creating = self.advance(&record, BucketState::Creating).await?;
                let answer = self.send(permit, call, document).await?;
                self.conclude_creation(creating, again, answer, name).await
            }
        }
    }

    async fn conclude_creation(
        &self,
        creating: Versioned<BucketRecord>,
        again: bool,
        answer: BackendAnswer,
        name: &BucketName,
    ) -> Result<Response, Fault> {
        let exists = answer.status == 409 && says_it_exists(&answer);
        match answer.status {
            200..=299 => {
                self.advance(&creating, BucketState::Active).await?;
                Ok(created(name))
            }
            // The request of an attempt before this one has arrived at last. Without its record the bucket would
            // become another's.
            409 if exists && again => {
                self.advance(&creating, BucketState::Active).await?;
                Ok(created(name))
            }
            // Somebody made it at the backend between our question and our request.
            409 if exists => {
                self.drop_record(&creating).await?;
                Err(Fault::BucketTaken)
            }
            // An attempt before this one may still arrive: the name stays the owner's.
            400..=499 if again => Ok(pass(answer)),
            400..=499 => {
                self.drop_record(&creating).await?;
                Ok(pass(answer))
            }
            _ => Err(BackendError::Ambiguous.into()),
        }
    }

    pub(super) async fn delete_bucket(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Response, Fault> {
        let name = call.request.bucket().ok_or(Fault::NothingRequired)?;
        let key = RecordKey::bucket(name.as_str());
        let stored = self.records.get::<BucketRecord>(&key).await?;
        // Decided by the very record that is changed, never by a cached one: it may be another's by now.
        let (place, record) = match stored.map(|record| (record.value.state, record)) {
            Some((BucketState::Active | BucketState::Deleting, record)) => {
                let entry = BucketEntry::new(record.clone(), &self.settings.default_account)?;
                (Place::Bucket(entry.into()), Some(record))
            }
            Some((BucketState::Creating, _)) => (Place::Absent(name.as_str().to_owned()), None),
            Some((BucketState::Claimed, _)) | None => (self.unrecorded_place(name).await?, None),
        };
        let permit = self.permit_at(scene, call, &mut Seen::default(), &place, None).await?;
        super::body::plan(scene.head, call, &self.settings)?;
        let Some(record) = record else {
            return Ok(pass(self.send(&permit, call, String::new()).await?));
        };
        // The retry of a deletion that was left open is the owner's alone. It moves the record on, so that whoever
        // began it cannot free the name while this request is under way.
        if record.value.state == BucketState::Deleting && !is_own(&permit, &record.value) {
            return Err(Fault::BucketBusy);
        }
        let deleting = self.advance(&record, BucketState::Deleting).await?;
        let answer = match self.send(&permit, call, String::new()).await {
            // The backend has done nothing.
            Err(fault @ (Fault::Backend(BackendError::Unreachable) | Fault::BackendRefusesGate(_))) => {
                self.advance(&deleting, BucketState::Active).await?;
                return Err(fault);
            }
            sent => sent?,
        };
        match answer.status {
            200..=299 | 404 => {
                self.drop_record(&deleting).await?;
                Ok(Response::empty(204))
            }
            400..=499 => {
                self.advance(&deleting, BucketState::Active).await?;
                Ok(pass(answer))
            }
            _ => Err(BackendError::Ambiguous.into()),
        }
    }

    /// Asks the backend whether it has the bucket. Anything but a clear answer is a fault.
    async fn backend_has(&self, call: &Call<'_>) -> Result<bool, Fault> {
        let target = call.request.outbound_target("", &self.settings.addressing.buckets)?.path;
        let ask = |method, target| BackendRequest { method, target, headers: Vec::new(), body: bytes::Bytes::new() };
        match self.call(ask(Method::Head, target.clone())).await?.status {
            404 => Ok(false),
            200..=399 => Ok(true),
            403 => {
                // Another's bucket, or the gate's own credentials are refused: a HEAD has no body which would tell.
                self.call(ask(Method::Get, format!("{target}?location"))).await?;
                Ok(true)
            }
            _ => Err(BackendError::Ambiguous.into()),
        }
    }

    async fn advance(
        &self,
        record: &Versioned<BucketRecord>,
        state: BucketState,
    ) -> Result<Versioned<BucketRecord>, Fault> {
        let key = RecordKey::bucket(&record.value.name);
        let value = BucketRecord { state, ..record.value.clone() };
        match self.commit(Changes::new().update(record, &value), std::slice::from_ref(&key)).await {
            Ok(()) => Ok(Versioned { revision: record.revision + 1, value }),
            Err(store::Error::Conflict(_)) => Err(Fault::BucketBusy),
            Err(error) => Err(error.into()),
        }
    }

    async fn drop_record(&self, record: &Versioned<BucketRecord>) -> Result<(), Fault> {
        let key = RecordKey::bucket(&record.value.name);
        match self.commit(Changes::new().delete(record), std::slice::from_ref(&key)).await {
            Ok(()) => Ok(()),
            Err(store::Error::Conflict(_)) => Err(Fault::BucketBusy),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether a 409 means that the backend has the bucket, and not that it is busy.
fn says_it_exists(answer: &BackendAnswer) -> bool {
    const CODES: [&[u8]; 2] = [b"BucketAlreadyExists", b"BucketAlreadyOwnedByYou"];
    CODES.iter().any(|code| answer.body.windows(code.len()).any(|window| window == *code))
}

/// How a claim ended.
enum Claim {
    /// The caller has an active bucket of that name: as S3 in us-east-1, that is a success.
    Owned,
    /// The claim is the caller's, made now or left open before.
    Mine(Versioned<BucketRecord>),
    /// Somebody was faster: look again.
    Lost,
}

fn created(name: &BucketName) -> Response {
    Response::empty(200).with_header("location", format!("/{}", name.as_str()))
}
