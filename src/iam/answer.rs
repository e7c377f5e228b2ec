//! Answers in AWS's XML (WIRE sections 1 and 2). Policy documents are percent-encoded (RFC 3986).

use super::NAMESPACE;
use crate::entity::Role;
use crate::types::Timestamp;
use crate::wire::aws_query;
use crate::wire::percent;
use crate::wire::xml::XmlWriter;

/// What a call answers, as data; commands read it, the protocol writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing but the request id.
    Empty {
        /// The operation.
        operation: &'static str,
    },
    /// A role in full: CreateRole, GetRole.
    Role {
        /// The operation.
        operation: &'static str,
        /// The role.
        role: Box<Role>,
    },
    /// ListRoles.
    Roles {
        /// The roles in the order of their names.
        roles: Vec<Role>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
    /// GetRolePolicy.
    RolePolicy {
        /// The role's name as stored.
        role_name: String,
        /// The policy's name.
        policy_name: String,
        /// The document, byte for byte as it was put.
        document: String,
    },
    /// ListRolePolicies.
    PolicyNames {
        /// The names in order.
        names: Vec<String>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
}

impl Answer {
    /// The operation's name.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Empty { operation } | Self::Role { operation, .. } => operation,
            Self::Roles { .. } => "ListRoles",
            Self::RolePolicy { .. } => "GetRolePolicy",
            Self::PolicyNames { .. } => "ListRolePolicies",
        }
    }

    /// The answer's document.
    pub fn to_xml(&self, request_id: &str) -> String {
        let result = |w: &mut XmlWriter| self.write_result(w);
        let result: Option<&dyn Fn(&mut XmlWriter)> = match self {
            Self::Empty { .. } => None,
            _ => Some(&result),
        };
        aws_query::answer(self.operation(), NAMESPACE, request_id, result)
    }

    fn write_result(&self, w: &mut XmlWriter) {
        match self {
            Self::Empty { .. } => {}
            Self::Role { role, .. } => {
                w.element("Role", |w| {
                    write_role(role, w);
                    write_tags(role, w);
                });
            }
            Self::Roles { roles, marker } => {
                w.element("Roles", |w| {
                    for role in roles {
                        w.element("member", |w| write_role(role, w));
                    }
                });
                write_end(marker.as_deref(), w);
            }
            Self::RolePolicy { role_name, policy_name, document } => {
                w.text("RoleName", role_name).text("PolicyName", policy_name);
                w.text("PolicyDocument", &percent::encode(document.as_bytes()));
            }
            Self::PolicyNames { names, marker } => {
                w.element("PolicyNames", |w| {
                    for name in names {
                        w.text("member", name);
                    }
                });
                write_end(marker.as_deref(), w);
            }
        }
    }
}

/// The members of a role that listings show too.
fn write_role(role: &Role, w: &mut XmlWriter) {
    w.text("Path", &role.path).text("RoleName", &role.name).text("RoleId", role.id.as_str()).text("Arn", &role.arn());
    w.text("CreateDate", &Timestamp::from_millis(role.created).iso8601());
    w.text("AssumeRolePolicyDocument", &percent::encode(role.trust.document.as_bytes()));
    w.optional("Description", Some(role.description.as_str()).filter(|text| !text.is_empty()));
    w.text("MaxSessionDuration", &role.max_session_duration.to_string());
}

fn write_tags(role: &Role, w: &mut XmlWriter) {
    if !role.tags.is_empty() {
        w.element("Tags", |w| {
            for tag in &role.tags {
                w.element("member", |w| {
                    w.text("Key", &tag.key).text("Value", &tag.value);
                });
            }
        });
    }
}

fn write_end(marker: Option<&str>, w: &mut XmlWriter) {
    w.text("IsTruncated", if marker.is_some() { "true" } else { "false" }).optional("Marker", marker);
}
