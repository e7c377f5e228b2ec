//! Copies: the source judged as a read, the destination as a write (DESIGN section 7).
//!
//! A copy that carries the source's tags along needs more, but only if the source has tags. Who may not do
//! that gets a copy without tags where the source has none: the backend is asked, and the forward then says
//! `x-amz-tagging-directive: REPLACE` without tags, so that tags set in between are not carried either
//! (security rule 11).

use super::buckets::Place;
use super::data_plane::Call;
use super::facts::{About, ObjectAt, Seen};
use super::pin::Manner;
use super::{Fault, Gateway, Scene, Verdict};
use crate::s3::{self, CopySource};
use crate::types::{Requirement, ResourceName};

impl Gateway {
    pub(super) async fn copy(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Verdict, Fault> {
        let source = call.request.copy_source().ok_or(Fault::NothingRequired)?;
        let places = Places {
            source: self.place(Some(&source.bucket)).await?,
            destination: self.place(call.request.bucket()).await?,
        };
        let mut seen = Seen::default();
        let needs = || s3::requirements(call.request, s3::Facts::default());
        let about = |need: &Requirement| places.about(call, source, need);
        let permit = self.permit(scene, call, &mut seen, || needs().always, about).await?;
        places.all_there()?;
        self.check_owner(call.request.expected_bucket_owner(), &places.destination, "x-amz-expected-bucket-owner")?;
        self.check_owner(call.request.expected_source_owner(), &places.source, "x-amz-source-expected-bucket-owner")?;
        let carries = self.judge(scene, call, &mut seen, || needs().if_source_has_tags, about).await?;
        let mut directive = None;
        if let Some(Err(denied)) = carries {
            if self.has_tags(&seen, source_object(source)).await? {
                return Err(denied.into());
            }
            directive = Some(("x-amz-tagging-directive".to_owned(), b"REPLACE".to_vec()));
        }
        // A copy reads its source: that it is missing is heard only by those who may list its bucket.
        let response = self.hide_missing(scene, call, &mut seen, &source.bucket, &places.source).await;
        let mut pinned = self.pin(scene, call, &seen, Some(source_object(source)));
        pinned.headers.extend(directive);
        Ok(Verdict::Forward(Box::new(self.forward(scene, call, permit, pinned, response)?)))
    }
}

fn source_object(source: &CopySource) -> ObjectAt<'_> {
    let CopySource { bucket, key, version } = source;
    ObjectAt { bucket, key, version: version.as_deref(), manner: Manner::Source }
}

/// The two buckets of a copy.
struct Places {
    source: Place,
    destination: Place,
}

impl Places {
    /// What a requirement is about. Where source and destination are the same object, reading is about the source.
    fn about<'b>(&'b self, call: &'b Call<'_>, source: &'b CopySource, need: &Requirement) -> About<'b> {
        let is_source = need.resource == ResourceName::object(source.bucket.as_str(), source.key.as_bytes());
        let is_destination = call
            .object()
            .is_some_and(|object| need.resource == ResourceName::object(object.bucket.as_str(), object.key.as_bytes()));
        if is_source && (!is_destination || need.action.starts_with("s3:Get")) {
            About { object: Some(source_object(source)), ..About::bucket(&self.source) }
        } else {
            About { object: call.object(), ..About::bucket(&self.destination) }
        }
    }

    fn all_there(&self) -> Result<(), Fault> {
        for place in [&self.source, &self.destination] {
            if let Place::Absent(bucket) = place {
                return Err(Fault::NoSuchBucket { bucket: bucket.clone() });
            }
        }
        Ok(())
    }
}
