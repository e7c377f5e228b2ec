//! Batch delete: the `Delete` body in, the part of it that was allowed out, and the merged `DeleteResult`.
//!
//! Strict (rule 8): no unknown or repeated element, at most 1000 objects, keys under the key rules. What is
//! forwarded is written anew from the entries that were allowed; denied ones come back as error entries.

use super::error::{Error, Shown};
use super::names::{KeyRules, ObjectKey, check_id};
use super::schema::{NAMESPACE, filled, leaf, only, root, text};
use crate::wire::xml::{Element, XmlLimits, XmlWriter, parse};

/// At most this many objects in one call.
pub(super) const MAX_OBJECTS: usize = 1000;
/// The largest body: AWS's bound for 1000 keys.
pub(super) const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

const BODY: XmlLimits = XmlLimits { bytes: MAX_BODY_BYTES, depth: 4, elements: 6 * MAX_OBJECTS + 2 };
/// An answer repeats every key with a message; a backend is trusted with data, not with our memory.
const ANSWER: XmlLimits = XmlLimits { bytes: 16 * 1024 * 1024, depth: 4, elements: 8 * MAX_OBJECTS + 16 };

/// One object of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteEntry {
    /// The key; UTF-8, as XML is.
    pub key: ObjectKey,
    /// The version; an empty element counts as none, and none is forwarded.
    pub version_id: Option<String>,
    /// Delete only if the ETag is this.
    pub etag: Option<String>,
    /// Delete only if last modified then.
    pub last_modified_time: Option<String>,
    /// Delete only if of this size.
    pub size: Option<String>,
}

/// A parsed `Delete` body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteBody {
    /// The objects in the client's order; at least one.
    pub entries: Vec<DeleteEntry>,
    /// Whether the answer names only errors.
    pub quiet: bool,
}

impl DeleteBody {
    /// Parses the body.
    pub fn parse(body: &[u8], rules: KeyRules) -> Result<Self, Error> {
        let delete = root(body, "Delete", BODY)?;
        only(&delete, &["Object", "Quiet"])?;
        let quiet = match filled(&delete, "Quiet")?.as_deref().map(str::trim) {
            None => false,
            Some(text) if text.eq_ignore_ascii_case("true") => true,
            Some(text) if text.eq_ignore_ascii_case("false") => false,
            Some(_) => return Err(Error::ElementValue("Quiet")),
        };
        let objects = delete.children.iter().filter(|child| child.name == "Object");
        let entries = objects.map(|object| entry(object, rules)).collect::<Result<Vec<_>, _>>()?;
        match entries.len() {
            0 => Err(Error::EmptyDelete),
            1..=MAX_OBJECTS => Ok(Self { entries, quiet }),
            _ => Err(Error::TooManyObjects(MAX_OBJECTS)),
        }
    }

    /// The body with only the entries at these positions, written anew.
    pub fn to_xml(&self, is_selected: impl Fn(usize) -> bool) -> String {
        let mut writer = XmlWriter::document();
        writer.element_ns("Delete", NAMESPACE, |w| {
            for (_, entry) in self.entries.iter().enumerate().filter(|(at, _)| is_selected(*at)) {
                w.element("Object", |w| {
                    w.text("Key", &entry.key_text()).optional("VersionId", entry.version_id.as_deref());
                    w.optional("ETag", entry.etag.as_deref());
                    w.optional("LastModifiedTime", entry.last_modified_time.as_deref());
                    w.optional("Size", entry.size.as_deref());
                });
            }
            w.text("Quiet", if self.quiet { "true" } else { "false" });
        });
        writer.finish()
    }
}

impl DeleteEntry {
    /// The key as text. It came out of an XML document, so it is UTF-8.
    pub fn key_text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.key.as_bytes())
    }
}

fn entry(object: &Element, rules: KeyRules) -> Result<DeleteEntry, Error> {
    only(object, &["Key", "VersionId", "ETag", "LastModifiedTime", "Size"])?;
    let key = text(leaf(object, "Key")?.ok_or(Error::MissingElement("Key"))?, "Key")?;
    let version_id = filled(object, "VersionId")?;
    if let Some(version) = &version_id {
        check_id(version.as_bytes(), rules)?;
    }
    Ok(DeleteEntry {
        key: ObjectKey::parse(key.as_bytes().to_vec(), rules)?,
        version_id,
        etag: filled(object, "ETag")?,
        last_modified_time: filled(object, "LastModifiedTime")?,
        size: filled(object, "Size")?,
    })
}

/// What became of one object, as the backend tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteOutcome {
    key: String,
    version_id: Option<String>,
    result: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Deleted { marker: Option<String>, marker_version: Option<String> },
    Failed { code: String, message: Option<String> },
}

/// Parses the backend's `DeleteResult`.
pub fn parse_delete_result(answer: &[u8]) -> Result<Vec<DeleteOutcome>, Error> {
    let root = parse(answer, ANSWER).map_err(|_| Error::BackendAnswer)?;
    if root.name != "DeleteResult" {
        return Err(Error::BackendAnswer);
    }
    let own = |element: &Element, name: &str| element.child_text(name).map(str::to_owned);
    let mut outcomes = Vec::new();
    for item in &root.children {
        let result = match item.name.as_str() {
            "Deleted" => Outcome::Deleted {
                marker: own(item, "DeleteMarker"),
                marker_version: own(item, "DeleteMarkerVersionId"),
            },
            "Error" => {
                Outcome::Failed { code: own(item, "Code").ok_or(Error::BackendAnswer)?, message: own(item, "Message") }
            }
            _ => continue,
        };
        let key = own(item, "Key").ok_or(Error::BackendAnswer)?;
        let version_id = own(item, "VersionId").filter(|version| !version.is_empty());
        outcomes.push(DeleteOutcome { key, version_id, result });
    }
    Ok(outcomes)
}

/// The answer to the client: every object of the request in its order, denied ones (`denied` gives their
/// message) as `AccessDenied`, the others as the backend told. An object that the backend did not mention in
/// an answer that is not quiet is reported as an error, never as deleted.
pub fn merge_delete_result(
    body: &DeleteBody,
    denied: impl Fn(usize) -> Option<String>,
    outcomes: &[DeleteOutcome],
) -> String {
    let mut used = vec![false; outcomes.len()];
    let mut writer = XmlWriter::document();
    writer.element_ns("DeleteResult", NAMESPACE, |w| {
        for (at, entry) in body.entries.iter().enumerate() {
            if let Some(message) = denied(at) {
                write_error(w, &entry.key_text(), entry.version_id.as_deref(), "AccessDenied", Some(&message));
                continue;
            }
            let same = |outcome: &DeleteOutcome| {
                outcome.key.as_bytes() == entry.key.as_bytes() && outcome.version_id == entry.version_id
            };
            let fresh = outcomes.iter().zip(used.iter_mut()).find(|(outcome, used)| !**used && same(outcome));
            if let Some((outcome, used)) = fresh {
                *used = true;
                write_outcome(w, outcome, body.quiet);
            } else if !body.quiet && !outcomes.iter().any(same) {
                let message = "The storage did not say what became of this object.";
                write_error(w, &entry.key_text(), entry.version_id.as_deref(), "InternalError", Some(message));
            }
        }
        let rest = outcomes.iter().zip(&used).filter(|(_, used)| !**used);
        for (outcome, _) in rest {
            write_outcome(w, outcome, body.quiet);
        }
    });
    writer.finish()
}

fn write_outcome(w: &mut XmlWriter, outcome: &DeleteOutcome, quiet: bool) {
    match &outcome.result {
        Outcome::Deleted { .. } if quiet => {}
        Outcome::Deleted { marker, marker_version } => {
            w.element("Deleted", |w| {
                w.text("Key", &outcome.key).optional("VersionId", outcome.version_id.as_deref());
                w.optional("DeleteMarker", marker.as_deref());
                w.optional("DeleteMarkerVersionId", marker_version.as_deref());
            });
        }
        Outcome::Failed { code, message } => {
            write_error(w, &outcome.key, outcome.version_id.as_deref(), code, message.as_deref());
        }
    }
}

fn write_error(w: &mut XmlWriter, key: &str, version: Option<&str>, code: &str, message: Option<&str>) {
    w.element("Error", |w| {
        w.text("Key", key).optional("VersionId", version).text("Code", code);
        w.text("Message", message.unwrap_or_default());
    });
}

impl DeleteOutcome {
    /// The object's key, for logs.
    pub fn key(&self) -> Shown {
        Shown::new(self.key.as_bytes())
    }

    /// The backend's error code; none where the object was deleted.
    pub fn error_code(&self) -> Option<&str> {
        match &self.result {
            Outcome::Deleted { .. } => None,
            Outcome::Failed { code, .. } => Some(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(inner: &str) -> Result<DeleteBody, Error> {
        DeleteBody::parse(format!("<Delete xmlns=\"{NAMESPACE}\">{inner}</Delete>").as_bytes(), KeyRules::Exact)
    }

    const ENTRY: &str = "<Object><Key>k</Key></Object>";

    #[test]
    fn rule_08_the_body_is_written_anew_from_what_was_parsed() {
        let parsed = body(
            "<Object><Key> a&amp;b&#13; </Key><VersionId/></Object><Object><Key>c</Key><VersionId>null</VersionId>\
             <ETag>\"e\"</ETag></Object><Quiet>TRUE</Quiet>",
        )
        .unwrap();
        assert_eq!(parsed.entries[0].key_text(), " a&b\r ");
        assert_eq!(parsed.entries[0].version_id, None);
        let again = DeleteBody::parse(parsed.to_xml(|_| true).as_bytes(), KeyRules::Exact).unwrap();
        assert_eq!(again, parsed);
        let second = DeleteBody::parse(parsed.to_xml(|at| at == 1).as_bytes(), KeyRules::Exact).unwrap();
        assert_eq!(second.entries, parsed.entries[1..]);
    }

    #[test]
    fn rule_08_refuses_what_could_be_read_twice() {
        let many = ENTRY.repeat(1001);
        for (inner, wanted) in [
            ("", Error::EmptyDelete),
            ("<Quiet>true</Quiet>", Error::EmptyDelete),
            ("<Object><Key>a</Key><Key>b</Key></Object>", Error::RepeatedElement(Shown::new(b"Key"))),
            (
                "<Object><Key>a</Key><VersionId>1</VersionId><VersionId/></Object>",
                Error::RepeatedElement(Shown::new(b"VersionId")),
            ),
            ("<Object><VersionId>1</VersionId></Object>", Error::MissingElement("Key")),
            ("<Object><Key/></Object>", Error::EmptyKey),
            ("<Object><Key>a<b/></Key></Object>", Error::UnexpectedElement(Shown::new(b"Key"))),
            ("<Object><Key x='1'>a</Key></Object>", Error::UnexpectedElement(Shown::new(b"Key"))),
            ("<Object>t<Key>a</Key></Object>", Error::UnexpectedElement(Shown::new(b"Object"))),
            ("<Object><Key>a</Key><Keys/></Object>", Error::UnexpectedElement(Shown::new(b"Keys"))),
            ("<Object><Key>a&#1;</Key></Object>", Error::ElementValue("Key")),
            ("<Quiet>yes</Quiet><Object><Key>a</Key></Object>", Error::ElementValue("Quiet")),
            ("<object><Key>a</Key></object>", Error::UnexpectedElement(Shown::new(b"object"))),
            (&many, Error::TooManyObjects(1000)),
        ] {
            assert_eq!(body(inner), Err(wanted), "{}", inner.chars().take(80).collect::<String>());
        }
        for bad in [
            "",
            "x",
            "<Remove/>",
            "<Delete xmlns='urn:x'><Object><Key>k</Key></Object></Delete>",
            "<!DOCTYPE Delete [<!ENTITY k 'v'>]><Delete><Object><Key>&k;</Key></Object></Delete>",
        ] {
            assert!(DeleteBody::parse(bad.as_bytes(), KeyRules::Exact).is_err(), "{bad}");
        }
        assert!(body(&ENTRY.repeat(1000)).is_ok());
    }

    #[test]
    fn rule_04_keys_in_the_body_follow_the_key_rules() {
        for key in ["../up", "a//b", "/a", "a/", "a\\b"] {
            let document = format!("<Delete><Object><Key>{key}</Key></Object></Delete>");
            let refused = DeleteBody::parse(document.as_bytes(), KeyRules::Filesystem);
            assert!(matches!(refused, Err(Error::FoldedName { .. })), "{key}");
            assert!(DeleteBody::parse(document.as_bytes(), KeyRules::Exact).is_ok(), "{key}");
        }
        let document = "<Delete><Object><Key>k</Key><VersionId>v/../../b</VersionId></Object></Delete>";
        assert!(DeleteBody::parse(document.as_bytes(), KeyRules::Filesystem).is_err());
    }

    #[test]
    fn denied_keys_are_merged_in_the_order_of_the_request() {
        let parsed = body(
            "<Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>1</VersionId></Object>\
             <Object><Key>c</Key></Object><Object><Key>d</Key></Object>",
        )
        .unwrap();
        let answer = "<DeleteResult><Deleted><Key>c</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>v\
                      </DeleteMarkerVersionId></Deleted><Error><Key>a</Key><Code>InternalError</Code><Message>m</Message>\
                      </Error></DeleteResult>";
        let outcomes = parse_delete_result(answer.as_bytes()).unwrap();
        let denied = |at: usize| (at == 1).then(|| "no".to_owned());
        assert_eq!(
            merge_delete_result(&parsed, denied, &outcomes),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Error><Key>a</Key><Code>InternalError</Code><Message>m</Message></Error>\
             <Error><Key>b</Key><VersionId>1</VersionId><Code>AccessDenied</Code><Message>no</Message></Error>\
             <Deleted><Key>c</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>v</DeleteMarkerVersionId>\
             </Deleted><Error><Key>d</Key><Code>InternalError</Code><Message>The storage did not say what became of \
             this object.</Message></Error></DeleteResult>"
        );
    }

    #[test]
    fn a_quiet_answer_names_errors_only() {
        let parsed = body("<Object><Key>a</Key></Object><Object><Key>b</Key></Object><Quiet>true</Quiet>").unwrap();
        let outcomes = parse_delete_result(b"<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>").unwrap();
        let merged = merge_delete_result(&parsed, |at| (at == 1).then(|| "no".to_owned()), &outcomes);
        assert!(!merged.contains("<Deleted>") && merged.contains("<Key>b</Key><Code>AccessDenied</Code>"));
        for bad in [&b"<Error/>"[..], b"x", b"<DeleteResult><Deleted/></DeleteResult>"] {
            assert_eq!(parse_delete_result(bad), Err(Error::BackendAnswer));
        }
    }
}
