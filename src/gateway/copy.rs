//! Copies: the source judged as a read, the destination as a write (DESIGN section 7).
//!
//! A copy that carries the source's tags along needs more, but only if the source has tags. Who may not do
//! that gets a copy without tags where the source has none: the backend is asked, and the forward then says
//! `x-amz-tagging-directive: REPLACE` without tags, so that tags set in between are not carried either
//! (security rule 11).

use super::buckets::Place;
use super::data_plane::Call;
use super::{BackendRequest, Fault, Gateway, Scene, Verdict};
use crate::authz::{self, Question};
use crate::s3::{self, CopySource};
use crate::types::Requirement;
use crate::wire::xml::{XmlLimits, parse};
use crate::wire::{Method, percent};

/// A `Tagging` document of at most 50 tags.
const TAGGING: XmlLimits = XmlLimits { bytes: 256 * 1024, depth: 5, elements: 512 };

impl Gateway {
    pub(super) async fn copy(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Verdict, Fault> {
        let source = call.request.copy_source().ok_or(Fault::NothingRequired)?;
        let places = Places {
            source: self.place(Some(&source.bucket)).await?,
            destination: self.place(call.request.bucket()).await?,
        };
        let needs = s3::requirements(call.request, s3::Facts::default());
        let permit = self.permit(scene, call, places.questions(call, source, &needs.always))?;
        places.all_there()?;
        self.check_owner(call.request.expected_bucket_owner(), &places.destination, "x-amz-expected-bucket-owner")?;
        self.check_owner(call.request.expected_source_owner(), &places.source, "x-amz-source-expected-bucket-owner")?;
        let mut extra = Vec::new();
        if let Some(Err(denied)) =
            authz::authorize(call.caller, places.questions(call, source, &needs.if_source_has_tags))
        {
            if self.source_has_tags(source).await? {
                return Err(denied.into());
            }
            extra.push(("x-amz-tagging-directive".to_owned(), b"REPLACE".to_vec()));
        }
        // A copy reads its source: that it is missing is heard only by those who may list its bucket.
        let response = self.hide_missing(scene, call, &source.bucket, &places.source);
        self.forward(scene, call, permit, extra, response)
    }

    /// Asks the backend. A failed question is never "no tags".
    async fn source_has_tags(&self, source: &CopySource) -> Result<bool, Fault> {
        let mut target = format!("/{}/", source.bucket.as_str());
        percent::encode_path_into(source.key.as_bytes(), &mut target);
        target.push_str("?tagging");
        if let Some(version) = &source.version {
            target.push_str("&versionId=");
            percent::encode_into(version, &mut target);
        }
        let request = BackendRequest { method: Method::Get, target, headers: Vec::new(), body: bytes::Bytes::new() };
        let answer = self.backend.call(request, TAGGING.bytes).await?;
        match answer.status {
            200 => {
                let document = parse(&answer.body, TAGGING).map_err(|_| Fault::FactUnknown)?;
                let tags = document.child("TagSet").ok_or(Fault::FactUnknown)?;
                Ok(!tags.children.is_empty())
            }
            // No such object: the copy itself will say so.
            404 => Ok(false),
            _ => Err(Fault::FactUnknown),
        }
    }
}

/// The two buckets of a copy.
struct Places {
    source: Place,
    destination: Place,
}

impl Places {
    fn questions<'b>(&'b self, call: &'b Call<'_>, source: &CopySource, needs: &[Requirement]) -> Vec<Question<'b>> {
        let source_bucket = format!("arn:aws:s3:::{}/", source.bucket.as_str());
        let destination_bucket = call.request.bucket().map(|bucket| format!("arn:aws:s3:::{}/", bucket.as_str()));
        needs
            .iter()
            .map(|need| {
                let of_source = need.resource.as_bytes().starts_with(source_bucket.as_bytes())
                    && destination_bucket.as_deref() != Some(source_bucket.as_str());
                let place = if of_source { &self.source } else { &self.destination };
                call.question(need.clone(), place.entry(), call.facts(None))
            })
            .collect()
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
