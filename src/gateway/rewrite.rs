//! Answers that name the backend: listings with owners, and the location of a completed upload (DESIGN
//! section 7). They are read whole, bounded, and written on with the bucket's owner and the client's host.

use super::buckets::Place;
use super::data_plane::{Call, pass};
use super::facts::Seen;
use super::{ErrorDocument, Fault, Gateway, Scene};
use crate::entity::{BucketRecord, Owner};
use crate::s3::{self, BodyRule, Operation};
use crate::wire::xml::{XmlLimits, XmlWriter};
use crate::wire::{Response, percent, xml};

/// The largest body of CompleteMultipartUpload: 10,000 parts with checksums.
const COMPLETE_BYTES: usize = 4 * 1024 * 1024;

impl Gateway {
    /// An operation whose answer is read and rewritten.
    pub(super) async fn rewritten(&self, scene: &mut Scene<'_>, call: &Call<'_>) -> Result<Response, Fault> {
        let place = self.place(call.request.bucket()).await?;
        let permit = self.permit_at(scene, call, &mut Seen::default(), &place, None).await?;
        let document = match call.request.body_rule() {
            BodyRule::Stream => {
                let body = self.read_body(scene, call, COMPLETE_BYTES).await?;
                String::from_utf8(body.into()).map_err(|_| s3::Error::Xml(xml::XmlError::Malformed))?
            }
            _ => {
                super::body::plan(scene.head, call, &self.settings)?;
                String::new()
            }
        };
        let mut answer = self.send(&permit, call, document).await?;
        if answer.status == 200 {
            let rewriter = Rewriter::new(call, &place, &self.settings.addressing.domains);
            let limits = XmlLimits { bytes: self.settings.answer_bytes, depth: 8, elements: 200_000 };
            let document = xml::parse(&answer.body, limits).map_err(|_| Fault::BackendAnswer)?;
            // S3 may find out after its 200 that it cannot complete an upload.
            let error = ErrorDocument::read(&answer.body, scene.request_id);
            answer.body = error.map_or_else(|| rewriter.write(&document), |error| error.body).into();
        }
        Ok(pass(answer))
    }
}

/// What stands in place of the backend's owners and locations.
struct Rewriter {
    owner: (String, String),
    location: Option<String>,
}

impl Rewriter {
    fn new(call: &Call<'_>, place: &Place, domains: &[String]) -> Self {
        let owner = place.entry().map(|entry| owner_of(&entry.record)).unwrap_or_default();
        let completed = call.request.operation() == Operation::CompleteMultipartUpload;
        let location = call.request.bucket().zip(call.request.key()).filter(|_| completed).map(|(bucket, key)| {
            let scheme = if call.head.tls().is_some() { "https" } else { "http" };
            let host = call.head.host().unwrap_or_default();
            let key = percent::encode_path(key.as_bytes());
            // A virtual host has the bucket's name already.
            let own = if s3::is_bucket_host(host, domains) { String::new() } else { format!("/{}", bucket.as_str()) };
            format!("{scheme}://{host}{own}/{key}")
        });
        Self { owner, location }
    }

    fn write(&self, document: &xml::Element) -> String {
        let mut writer = XmlWriter::document();
        self.element(document, &mut writer);
        writer.finish()
    }

    fn element(&self, element: &xml::Element, w: &mut XmlWriter) {
        let mut attributes: Vec<(&str, &str)> = Vec::new();
        attributes.extend(element.namespace.as_deref().map(|namespace| ("xmlns", namespace)));
        attributes.extend(element.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        match (element.name.as_str(), &self.location) {
            ("Owner" | "Initiator", _) => {
                w.element(&element.name, |w| {
                    w.text("ID", &self.owner.0).text("DisplayName", &self.owner.1);
                });
            }
            ("Location", Some(location)) => {
                w.text("Location", location);
            }
            _ if element.children.is_empty() => {
                w.open(&element.name, &attributes, |w| w.push_text(&element.text));
            }
            _ => {
                w.open(&element.name, &attributes, |w| {
                    for child in &element.children {
                        self.element(child, w);
                    }
                });
            }
        }
    }
}

/// Id and display name of a bucket's owner.
fn owner_of(record: &BucketRecord) -> (String, String) {
    match &record.owner {
        Owner::Account => (record.account.to_string(), record.account.to_string()),
        Owner::User { id, name } => (id.to_string(), name.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_and_locations_are_the_gates() {
        let limits = XmlLimits { bytes: 4096, depth: 8, elements: 100 };
        let listing = "<ListBucketResult xmlns=\"http://s3/\"><Contents><Key>a&amp;b</Key><Owner><ID>backend</ID>\
                       </Owner></Contents><Prefix/></ListBucketResult>";
        let rewriter = Rewriter { owner: ("AIDA1".into(), "TESTER1".into()), location: None };
        let written = rewriter.write(&xml::parse(listing.as_bytes(), limits).unwrap());
        assert!(written.ends_with(
            "<ListBucketResult xmlns=\"http://s3/\"><Contents><Key>a&amp;b</Key><Owner><ID>AIDA1</ID>\
             <DisplayName>TESTER1</DisplayName></Owner></Contents><Prefix></Prefix></ListBucketResult>"
        ));
        let completed = "<R><Location>http://127.0.0.1:8333/b/k</Location><Bucket>b</Bucket></R>";
        let rewriter = Rewriter { owner: Default::default(), location: Some("http://gate/b/k".into()) };
        let written = rewriter.write(&xml::parse(completed.as_bytes(), limits).unwrap());
        assert!(written.contains("<Location>http://gate/b/k</Location><Bucket>b</Bucket>"));
    }
}
