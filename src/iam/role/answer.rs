//! Answers about roles.

use crate::entity::{LastUsed, Role};
use crate::iam::answer::{write_boundary, write_date, write_document, write_end, write_list, write_tags};
use crate::wire::xml::XmlWriter;

/// What calls about roles answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A role just made or changed.
    Changed(Box<Role>),
    /// A role in full, with its last use if there was one.
    Shown(Box<Role>, Option<LastUsed>),
    /// ListRoles.
    Page {
        /// The roles in the order of their names.
        roles: Vec<Role>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
    /// Instance profiles: none.
    NoInstanceProfiles,
}

impl Answer {
    pub(in crate::iam) fn write(&self, w: &mut XmlWriter) {
        match self {
            Self::Changed(role) => {
                w.element("Role", |w| write_whole(role, w));
            }
            Self::Shown(role, last_used) => {
                w.element("Role", |w| {
                    write_whole(role, w);
                    w.element("RoleLastUsed", |w| {
                        if let Some(used) = last_used {
                            write_date("LastUsedDate", used.date, w);
                            w.text("Region", &used.region);
                        }
                    });
                });
            }
            Self::Page { roles, marker } => {
                write_list("Roles", roles, w, write_role);
                write_end(marker.as_deref(), w);
            }
            Self::NoInstanceProfiles => {
                w.element("InstanceProfiles", |_| {});
                write_end(None, w);
            }
        }
    }
}

fn write_whole(role: &Role, w: &mut XmlWriter) {
    write_role(role, w);
    write_boundary(role.boundary.as_deref(), w);
    write_tags(&role.tags, w);
}

/// The members of a role that listings show too.
fn write_role(role: &Role, w: &mut XmlWriter) {
    w.text("Path", &role.path).text("RoleName", &role.name).text("RoleId", role.id.as_str()).text("Arn", &role.arn());
    write_date("CreateDate", role.created, w);
    write_document("AssumeRolePolicyDocument", &role.trust.document, w);
    w.optional("Description", Some(role.description.as_str()).filter(|text| !text.is_empty()));
    w.text("MaxSessionDuration", &role.max_session_duration.to_string());
}
