//! Tags that only the backend knows, as facts of a decision (security rule 11).
//!
//! A request is decided without them first. Where a statement that could turn the decision has read a tag that nobody
//! has asked for, the tags are fetched by the gate's own credentials, once each within one request, and the request is
//! decided again. Policies that read no such key cost nothing; who is denied with any tags makes the gate ask for none
//! (security rule 28). What is not fetched, or cannot be read, denies: that is `authz`'s doing, not this module's.
//!
//! * A failed question is a fault (503), never "no tags". No tags: an empty set, `NoSuchTagSet`, and `NotImplemented`
//!   from a backend that says so with S3's own code, for then there is nothing that could bear one.
//! * The tags of what is not there are absent: the backend's own 404 comes from the request itself, hidden as ever.
//! * What was seen is what is used: see [`pin`](super::pin). Between the question for a bucket's tags and the request
//!   there is nothing to pin: that window remains.

use super::backend_error::ERROR;
use super::buckets::Place;
use super::data_plane::Call;
use super::pin::{Manner, Pin};
use super::{BackendAnswer, BackendError, BackendRequest, Fault, Gateway, Scene};
use crate::authz::{self, Denied, Permit, TagFacts};
use crate::s3::{Body, BucketName, DeleteEntry, ObjectKey, StoredTags};
use crate::types::{Requirement, Timestamp};
use crate::wire::xml::parse;
use crate::wire::{Method, percent};

/// Why a fact is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactFault {
    /// No answer.
    #[error(transparent)]
    Backend(BackendError),
    /// An answer that says neither what the tags are nor that there are none.
    #[error("the backend answered the question for it with status {0}")]
    Status(u16),
    /// A document that is not one of tags.
    #[error("the backend's answer to the question for tags cannot be read")]
    Unreadable,
    /// An object without version and ETag: the request could meet another than was judged.
    #[error("the backend told neither version nor ETag of the object")]
    NoIdentity,
}

/// An object of the request, at the version that it names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ObjectAt<'a> {
    pub(super) bucket: &'a BucketName,
    pub(super) key: &'a ObjectKey,
    pub(super) version: Option<&'a [u8]>,
    /// How the request can be held to what was seen.
    pub(super) manner: Manner,
}

/// What a question is about, and what its context is read from besides the head.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) place: &'a Place,
    pub(super) object: Option<ObjectAt<'a>>,
    pub(super) body: Option<&'a Body>,
    pub(super) entry: Option<&'a DeleteEntry>,
}

impl<'a> About<'a> {
    /// A question about the bucket as such.
    pub(super) fn bucket(place: &'a Place) -> Self {
        Self { place, object: None, body: None, entry: None }
    }
}

/// A stored object as it was seen.
#[derive(Debug)]
pub(super) struct SeenObject {
    pub(super) tags: StoredTags,
    pub(super) pin: Option<Pin>,
}

/// The facts that one request has fetched.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    buckets: Vec<(&'a str, StoredTags)>,
    objects: Vec<(ObjectAt<'a>, SeenObject)>,
}

impl<'a> Seen<'a> {
    fn bucket(&self, name: &str) -> Option<&StoredTags> {
        self.buckets.iter().find(|(known, _)| *known == name).map(|(_, tags)| tags)
    }

    /// The object, if its tags were asked for.
    pub(super) fn object(&self, object: ObjectAt<'_>) -> Option<&SeenObject> {
        self.objects.iter().find(|(known, _)| *known == object).map(|(_, seen)| seen)
    }

    /// The tags of bucket and object that a context may hold. Of two that differ by case alone a context can hold
    /// only one: such tags stay unknown.
    pub(super) fn tags(&self, about: &About<'_>) -> (Option<&StoredTags>, Option<&StoredTags>) {
        let bucket = about.place.entry().and_then(|entry| self.bucket(&entry.record.name));
        let object = about.object.and_then(|object| self.object(object)).map(|seen| &seen.tags);
        (bucket.filter(|tags| tags.are_distinct()), object.filter(|tags| tags.are_distinct()))
    }
}

impl Gateway {
    /// Puts requirements to the PDP, and again with the facts that it has read and did not find. No requirement at
    /// all gives none.
    pub(super) async fn judge<'p>(
        &self,
        scene: &mut Scene<'_>,
        call: &Call<'_>,
        seen: &mut Seen<'p>,
        needs: impl Fn() -> Vec<Requirement> + Send + Sync,
        about: impl Fn(&Requirement) -> About<'p> + Send + Sync,
    ) -> Result<Option<Result<Permit, Box<Denied>>>, Fault> {
        loop {
            let started = self.clock.ticks();
            let question = |need: Requirement| {
                let about = about(&need);
                call.question(need, about, seen)
            };
            let decided = authz::authorize(call.caller, needs().into_iter().map(question));
            scene.trace.decide_nanos += self.clock.ticks().saturating_sub(started);
            let Some(Err(denied)) = decided else { return Ok(decided) };
            if !self.learn(call, seen, about(&denied.requirement), denied.wanted).await? {
                return Ok(Some(Err(denied)));
            }
        }
    }

    /// Fetches what is wanted and was not asked for yet. Whether there was such: INVARIANT: each fact is fetched once
    /// at most, so whoever asks again comes to an end.
    pub(super) async fn learn<'p>(
        &self,
        call: &Call<'_>,
        seen: &mut Seen<'p>,
        about: About<'p>,
        wanted: TagFacts,
    ) -> Result<bool, Fault> {
        // What has no place in use is never asked for (security rule 1).
        let Some(entry) = about.place.entry().filter(|_| !wanted.is_empty()) else { return Ok(false) };
        let name = entry.record.name.as_str();
        let mut learnt = false;
        if wanted.bucket && seen.bucket(name).is_none() {
            let tags = self.bucket_tags(name).await?;
            seen.buckets.push((name, tags));
            learnt = true;
        }
        if let Some(object) = about.object.filter(|object| wanted.object && seen.object(*object).is_none()) {
            let found = self.see_object(call, object).await?;
            seen.objects.push((object, found));
            learnt = true;
        }
        Ok(learnt)
    }

    async fn bucket_tags(&self, bucket: &str) -> Result<StoredTags, Fault> {
        let answer = self.ask(Method::Get, format!("/{bucket}?tagging"), Vec::new()).await?;
        Ok(match told(&answer, &["NoSuchBucket"])? {
            Told::Tags(tags) => tags,
            Told::Gone => StoredTags::default(),
        })
    }

    /// The object's tags, and by what the request is held to the object that has them. Where its content is to be
    /// read, the object is looked at first: a version or an ETag got after the tags could be another's.
    async fn see_object(&self, call: &Call<'_>, object: ObjectAt<'_>) -> Result<SeenObject, Fault> {
        // The null version can be overwritten, like an object without versions.
        let fixed = object.version.filter(|version| *version != b"null");
        let mut pin = None;
        if object.manner.reads_content() && fixed.is_none() {
            let headers = object.manner.customer_key(call.request);
            let answer = self.ask(Method::Head, target(&object, object.version, ""), headers).await?;
            pin = Some(identity(&answer)?);
        }
        if pin == Some(Pin::Absent) {
            return Ok(SeenObject { tags: StoredTags::default(), pin });
        }
        let version = match &pin {
            Some(Pin::Version(version)) => Some(version.as_slice()),
            _ => object.version,
        };
        let answer = self.ask(Method::Get, target(&object, version, "tagging"), Vec::new()).await?;
        let told = told(&answer, &["NoSuchKey", "NoSuchVersion", "NoSuchBucket"])?;
        let gone = matches!(told, Told::Gone);
        let pin = match pin {
            Some(Pin::Etag { .. }) if gone => Some(Pin::Absent),
            None if fixed.is_none() && !gone && object.manner == Manner::Version => version_of(&answer),
            pin => pin,
        };
        let tags = if let Told::Tags(tags) = told { tags } else { StoredTags::default() };
        Ok(SeenObject { tags, pin })
    }

    /// Whether an object has tags, where nothing is decided by what they are.
    pub(super) async fn has_tags(&self, seen: &Seen<'_>, object: ObjectAt<'_>) -> Result<bool, Fault> {
        if let Some(seen) = seen.object(object) {
            return Ok(!seen.tags.is_empty());
        }
        let answer = self.ask(Method::Get, target(&object, object.version, "tagging"), Vec::new()).await?;
        let told = told(&answer, &["NoSuchKey", "NoSuchVersion", "NoSuchBucket"])?;
        Ok(matches!(told, Told::Tags(tags) if !tags.is_empty()))
    }

    async fn ask(
        &self,
        method: Method,
        target: String,
        headers: Vec<(String, Vec<u8>)>,
    ) -> Result<BackendAnswer, Fault> {
        match self.call(BackendRequest { method, target, headers, body: bytes::Bytes::new() }).await {
            Err(Fault::Backend(error)) => Err(Fault::FactUnknown(FactFault::Backend(error))),
            answer => answer,
        }
    }
}

/// The target of a question about an object.
fn target(object: &ObjectAt<'_>, version: Option<&[u8]>, marker: &str) -> String {
    let mut target = format!("/{}/", object.bucket.as_str());
    percent::encode_path_into(object.key.as_bytes(), &mut target);
    let mut separator = '?';
    if !marker.is_empty() {
        target.push(separator);
        target.push_str(marker);
        separator = '&';
    }
    if let Some(version) = version {
        target.push(separator);
        target.push_str("versionId=");
        percent::encode_into(version, &mut target);
    }
    target
}

/// What an answer says of tags.
enum Told {
    Tags(StoredTags),
    /// There is nothing to have tags.
    Gone,
}

fn told(answer: &BackendAnswer, gone: &[&str]) -> Result<Told, Fault> {
    let code = || {
        let document = parse(&answer.body, ERROR).ok()?;
        document.child_text("Code").filter(|_| document.name == "Error").map(str::to_owned)
    };
    let status = Fault::FactUnknown(FactFault::Status(answer.status));
    match answer.status {
        200 => match StoredTags::parse(&answer.body) {
            Ok(tags) => Ok(Told::Tags(tags)),
            Err(_) => Err(Fault::FactUnknown(FactFault::Unreadable)),
        },
        404 => match code().as_deref() {
            Some("NoSuchTagSet" | "NoSuchTagSetError") => Ok(Told::Tags(StoredTags::default())),
            Some(code) if gone.contains(&code) => Ok(Told::Gone),
            _ => Err(status),
        },
        405 if is_delete_marker(answer) => Ok(Told::Gone),
        501 if code().as_deref() == Some("NotImplemented") => Ok(Told::Tags(StoredTags::default())),
        _ => Err(status),
    }
}

fn is_delete_marker(answer: &BackendAnswer) -> bool {
    answer.header("x-amz-delete-marker") == Some("true")
}

/// The version that an answer names. `null` names none: what it stands for can be overwritten.
fn version_of(answer: &BackendAnswer) -> Option<Pin> {
    let version = answer.header("x-amz-version-id").filter(|version| !version.is_empty() && *version != "null")?;
    Some(Pin::Version(version.as_bytes().to_vec()))
}

/// What a HEAD says of which object there is.
fn identity(answer: &BackendAnswer) -> Result<Pin, Fault> {
    match answer.status {
        200 => {
            let etag = || {
                // A weak one matches nothing (RFC 9110 section 13.1.1).
                let etag = answer.header("etag").filter(|etag| !etag.is_empty() && !etag.starts_with("W/"))?;
                let modified = answer.header("last-modified").and_then(|date| Timestamp::parse_http(date).ok());
                Some(Pin::Etag { etag: etag.as_bytes().to_vec(), modified })
            };
            version_of(answer).or_else(etag).ok_or(Fault::FactUnknown(FactFault::NoIdentity))
        }
        404 => Ok(Pin::Absent),
        405 if is_delete_marker(answer) => Ok(Pin::Absent),
        status => Err(Fault::FactUnknown(FactFault::Status(status))),
    }
}
