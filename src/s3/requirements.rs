//! What a request needs: (action, resource) pairs by the routing table.
//!
//! An empty list is a deny for the caller of this module, except for the CORS preflight by name
//! ([`Operation::OptionsObject`](super::Operation)).

use super::body::Body;
use super::delete::DeleteEntry;
use super::request::S3Request;
use super::table::{On, When};
use crate::types::{Requirement, ResourceName};

/// What the head alone does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The parsed body of an operation whose body decides.
    pub body: Option<&'a Body>,
    /// Whether the source of a copy has tags; none while nobody asked the backend.
    pub source_has_tags: Option<bool>,
    /// The names of the form's fields, in lower case (PostObject).
    pub form_fields: &'a [String],
    /// The object of a form upload, whose key is a field.
    pub form_object: Option<&'a ResourceName>,
}

/// The actions that must all be allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Needed in any case.
    pub always: Vec<Requirement>,
    /// Needed as well if the source of the copy has tags; empty once that is known.
    pub if_source_has_tags: Vec<Requirement>,
}

/// Lists what the request needs. For a batch delete without its body that is nothing, hence a deny.
pub fn requirements(request: &S3Request, facts: Facts<'_>) -> Requirements {
    let mut list = Requirements::default();
    for need in request.row.needs {
        if need.on == On::EachEntry {
            continue;
        }
        let Some(resource) = resource(request, facts, need.on) else { continue };
        match holds(need.when, request, facts, None) {
            Truth::Yes => list.always.push(Requirement::new(need.action, resource)),
            Truth::IfTagged => list.if_source_has_tags.push(Requirement::new(need.action, resource)),
            Truth::No => {}
        }
    }
    if let Some(Body::Delete(delete)) = facts.body {
        list.always.extend(delete.entries.iter().flat_map(|entry| entry_requirements(request, entry)));
    }
    list
}

/// What one entry of a batch delete needs: each key is judged by itself.
pub fn entry_requirements(request: &S3Request, entry: &DeleteEntry) -> Vec<Requirement> {
    let Some(bucket) = request.bucket() else { return Vec::new() };
    let each = request.row.needs.iter().filter(|need| need.on == On::EachEntry);
    each.filter(|need| holds(need.when, request, Facts::default(), Some(entry)) == Truth::Yes)
        .map(|need| Requirement::new(need.action, ResourceName::object(bucket.as_str(), entry.key.as_bytes())))
        .collect()
}

fn resource(request: &S3Request, facts: Facts<'_>, on: On) -> Option<ResourceName> {
    match on {
        On::Nothing => Some(ResourceName::any_bucket()),
        On::Bucket => request.bucket().map(|bucket| ResourceName::bucket(bucket.as_str())),
        On::Object => match request.key() {
            Some(key) => request.bucket().map(|bucket| ResourceName::object(bucket.as_str(), key.as_bytes())),
            None => facts.form_object.cloned(),
        },
        On::Source => {
            let source = request.copy_source()?;
            Some(ResourceName::object(source.bucket.as_str(), source.key.as_bytes()))
        }
        On::EachEntry => None,
    }
}

/// The order is that of strength: "all" takes the least, "any" the greatest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Truth {
    No,
    IfTagged,
    Yes,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

fn holds(when: When, request: &S3Request, facts: Facts<'_>, entry: Option<&DeleteEntry>) -> Truth {
    let is = |name: &str, value: &str| request.header(name) == Some(value.as_bytes());
    let has = |name: &&str| request.header(name).is_some();
    let field = |name: &&str| facts.form_fields.iter().any(|known| known == name);
    let truth = match when {
        When::Always => true,
        When::Query(key) => request.query_value(key).is_some(),
        When::QueryAbsent(key) => request.query_value(key).is_none(),
        When::Header(name) => has(&name),
        When::HeaderIs(name, value) => is(name, value),
        When::HeaderIsNot(name, value) => has(&name) && !is(name, value),
        When::HeaderIsNotOrAbsent(name, value) => !is(name, value),
        When::AnyHeader(names) => names.iter().any(has),
        When::CopySourceVersion(wanted) => {
            request.copy_source().is_some_and(|source| source.version.is_some() == wanted)
        }
        When::BodyEntryVersion(wanted) => entry.is_some_and(|entry| entry.version_id.is_some() == wanted),
        When::BucketTagsInBody => {
            matches!(facts.body, Some(Body::CreateBucket(body)) if body.tags.is_some())
        }
        When::SourceHasTags => {
            return facts.source_has_tags.map_or(Truth::IfTagged, Truth::from);
        }
        When::FormField(name) => field(&name),
        When::AnyFormField(names) => names.iter().any(field),
        When::Any(forms) => return strongest(forms, request, facts, entry),
        When::All(forms) => {
            let each = forms.iter().map(|form| holds(*form, request, facts, entry));
            return each.min().unwrap_or(Truth::Yes);
        }
    };
    truth.into()
}

fn strongest(forms: &[When], request: &S3Request, facts: Facts<'_>, entry: Option<&DeleteEntry>) -> Truth {
    forms.iter().map(|form| holds(*form, request, facts, entry)).max().unwrap_or(Truth::No)
}
