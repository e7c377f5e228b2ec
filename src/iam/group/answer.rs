//! Answers about groups.

use crate::entity::{Group, User};
use crate::iam::answer::{write_date, write_end, write_list};
use crate::iam::user::write_user;
use crate::wire::xml::XmlWriter;

/// What calls about groups answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A group just made.
    Created(Box<Group>),
    /// A group with its members.
    Shown {
        /// The group.
        group: Box<Group>,
        /// Members in the order of their names.
        users: Vec<User>,
        /// Where the next page of members begins, if there is one.
        marker: Option<String>,
    },
    /// A list of groups.
    Page {
        /// The groups in the order of their names.
        groups: Vec<Group>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
}

impl Answer {
    pub(in crate::iam) fn write(&self, w: &mut XmlWriter) {
        match self {
            Self::Created(group) => {
                w.element("Group", |w| write_group(group, w));
            }
            Self::Shown { group, users, marker } => {
                w.element("Group", |w| write_group(group, w));
                write_list("Users", users, w, write_user);
                write_end(marker.as_deref(), w);
            }
            Self::Page { groups, marker } => {
                write_list("Groups", groups, w, write_group);
                write_end(marker.as_deref(), w);
            }
        }
    }
}

fn write_group(group: &Group, w: &mut XmlWriter) {
    w.text("Path", &group.path).text("GroupName", &group.name).text("GroupId", group.id.as_str());
    w.text("Arn", &group.arn());
    write_date("CreateDate", group.created, w);
}
