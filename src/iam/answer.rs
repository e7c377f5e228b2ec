//! Answers in AWS's XML (WIRE sections 1 and 2). Policy documents are percent-encoded (RFC 3986).

use super::nouns::Noun;
use super::{NAMESPACE, access_key, account, group, managed, provider, role, simulate, user};
use crate::entity::Tag;
use crate::types::Timestamp;
use crate::wire::aws_query;
use crate::wire::percent;
use crate::wire::xml::XmlWriter;

/// What a call answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The operation.
    pub operation: &'static str,
    /// What it says.
    pub body: Body,
}

/// What an answer says, as data; commands read it, the protocol writes it. What several nouns answer stands here,
/// the rest in the noun's own type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing but the request id.
    Empty,
    /// A result without members.
    EmptyResult,
    /// An inline policy.
    InlinePolicy {
        /// Whose.
        noun: Noun,
        /// Name of the role, user or group as stored.
        name: String,
        /// The policy's name.
        policy: String,
        /// The document, byte for byte as it was put.
        document: String,
    },
    /// Names of inline policies.
    PolicyNames {
        /// The names in order.
        names: Vec<String>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
    /// Attached managed policies.
    AttachedPolicies {
        /// Name and ARN of each, in the order of the names.
        policies: Vec<(String, String)>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
    /// Tags.
    Tags {
        /// The tags in the order in which they were set.
        tags: Vec<Tag>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
    /// About access keys.
    AccessKey(access_key::Answer),
    /// About the account.
    Account(account::Answer),
    /// About groups.
    Group(group::Answer),
    /// About roles.
    Role(role::Answer),
    /// About managed policies.
    Managed(managed::Answer),
    /// About OpenID Connect providers.
    Provider(provider::Answer),
    /// About simulation.
    Simulated(simulate::Answer),
    /// About users.
    User(user::Answer),
}

impl Answer {
    /// The answer's document.
    pub fn to_xml(&self, request_id: &str) -> String {
        let result = |w: &mut XmlWriter| self.body.write(w);
        let result: Option<&dyn Fn(&mut XmlWriter)> = match self.body {
            Body::Empty => None,
            _ => Some(&result),
        };
        aws_query::answer(self.operation, NAMESPACE, request_id, result)
    }
}

impl Body {
    fn write(&self, w: &mut XmlWriter) {
        match self {
            Self::Empty | Self::EmptyResult => {}
            Self::InlinePolicy { noun, name, policy, document } => {
                w.text(noun.name_element(), name).text("PolicyName", policy);
                write_document("PolicyDocument", document, w);
            }
            Self::PolicyNames { names, marker } => {
                write_list("PolicyNames", names, w, |name, w| w.push_text(name));
                write_end(marker.as_deref(), w);
            }
            Self::AttachedPolicies { policies, marker } => {
                write_list("AttachedPolicies", policies, w, |(name, arn), w| {
                    w.text("PolicyName", name).text("PolicyArn", arn);
                });
                write_end(marker.as_deref(), w);
            }
            Self::Tags { tags, marker } => {
                write_list("Tags", tags, w, write_tag);
                write_end(marker.as_deref(), w);
            }
            Self::AccessKey(answer) => answer.write(w),
            Self::Account(answer) => answer.write(w),
            Self::Group(answer) => answer.write(w),
            Self::Role(answer) => answer.write(w),
            Self::Managed(answer) => answer.write(w),
            Self::Provider(answer) => answer.write(w),
            Self::Simulated(answer) => answer.write(w),
            Self::User(answer) => answer.write(w),
        }
    }
}

/// `<name><member>…</member>…</name>`.
pub(super) fn write_list<T>(name: &str, items: &[T], w: &mut XmlWriter, each: impl Fn(&T, &mut XmlWriter)) {
    w.element(name, |w| {
        for item in items {
            w.element("member", |w| each(item, w));
        }
    });
}

fn write_tag(tag: &Tag, w: &mut XmlWriter) {
    w.text("Key", &tag.key).text("Value", &tag.value);
}

/// The tags of an entity; nothing without tags.
pub(super) fn write_tags(tags: &[Tag], w: &mut XmlWriter) {
    if !tags.is_empty() {
        write_list("Tags", tags, w, write_tag);
    }
}

/// The permissions boundary of an entity; nothing without one.
pub(super) fn write_boundary(boundary: Option<&str>, w: &mut XmlWriter) {
    if let Some(arn) = boundary {
        w.element("PermissionsBoundary", |w| {
            w.text("PermissionsBoundaryType", "Policy").text("PermissionsBoundaryArn", arn);
        });
    }
}

/// A time in milliseconds since 1970.
pub(super) fn write_date(name: &str, millis: i64, w: &mut XmlWriter) {
    w.text(name, &Timestamp::from_millis(millis).iso8601());
}

/// A policy document.
pub(super) fn write_document(name: &str, document: &str, w: &mut XmlWriter) {
    w.text(name, &percent::encode(document.as_bytes()));
}

/// The end of a page.
pub(super) fn write_end(marker: Option<&str>, w: &mut XmlWriter) {
    w.text("IsTruncated", if marker.is_some() { "true" } else { "false" }).optional("Marker", marker);
}
