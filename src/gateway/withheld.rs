//! Headers of an object's answer that only some of its readers may see.
//!
//! S3 tells the number of an object's tags, its retention and its legal hold with GetObject and HeadObject, but only to
//! those who may ask for them ("HeadObject" and "GetObject" in Amazon S3's API reference). The backend tells the gate
//! all of it.

use super::Gateway;
use super::buckets::Place;
use super::data_plane::Call;
use super::facts::{About, Seen};
use crate::authz;
use crate::s3::Operation;
use crate::types::{Requirement, ResourceName};

/// What is withheld without an action: without a version named, and with one.
struct Guarded {
    action: &'static str,
    versioned: &'static str,
    headers: &'static [&'static str],
}

static GUARDED: [Guarded; 3] = [
    Guarded {
        action: "s3:GetObjectTagging",
        versioned: "s3:GetObjectVersionTagging",
        headers: &["x-amz-tagging-count"],
    },
    Guarded {
        action: "s3:GetObjectRetention",
        versioned: "s3:GetObjectRetention",
        headers: &["x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"],
    },
    Guarded {
        action: "s3:GetObjectLegalHold",
        versioned: "s3:GetObjectLegalHold",
        headers: &["x-amz-object-lock-legal-hold"],
    },
];

impl Gateway {
    /// The headers, in lower case, that this reader of an object may not see. Where that depends on tags that nobody has
    /// asked for, they are withheld.
    pub(super) fn withheld(&self, call: &Call<'_>, seen: &Seen<'_>, place: &Place) -> Vec<&'static str> {
        let request = call.request;
        let object = request.bucket().zip(request.key());
        let (Operation::GetObject | Operation::HeadObject, Some((bucket, key))) = (request.operation(), object) else {
            return Vec::new();
        };
        let about = About { object: call.object(), ..About::bucket(place) };
        let is_versioned = request.query_value("versionId").is_some();
        let may = |guarded: &Guarded| {
            let action = if is_versioned { guarded.versioned } else { guarded.action };
            let need = Requirement::new(action, ResourceName::object(bucket.as_str(), key.as_bytes()));
            authz::may(call.caller, &call.question(need, about, seen)).is_ok()
        };
        let refused = GUARDED.iter().filter(|guarded| !may(guarded));
        refused.flat_map(|guarded| guarded.headers.iter().copied()).collect()
    }
}
