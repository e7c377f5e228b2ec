//! Answers about users.

use super::Nothing;
use crate::entity::User;
use crate::iam::answer::{write_boundary, write_date, write_end, write_list, write_tags};
use crate::wire::xml::XmlWriter;

/// What calls about users answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A user just made, or shown in full.
    Shown(Box<User>),
    /// ListUsers.
    Page {
        /// The users in the order of their names.
        users: Vec<User>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
    /// A list of something that no user has here.
    Nothing(Nothing),
}

impl Answer {
    pub(in crate::iam) fn write(&self, w: &mut XmlWriter) {
        match self {
            Self::Shown(user) => {
                w.element("User", |w| {
                    write_user(user, w);
                    write_boundary(user.boundary.as_deref(), w);
                    write_tags(&user.tags, w);
                });
            }
            Self::Page { users, marker } => {
                write_list("Users", users, w, write_user);
                write_end(marker.as_deref(), w);
            }
            Self::Nothing(nothing) => {
                w.element(nothing.element(), |_| {});
                write_end(None, w);
            }
        }
    }
}

/// The members of a user that listings show too.
pub(in crate::iam) fn write_user(user: &User, w: &mut XmlWriter) {
    w.text("Path", &user.path).text("UserName", &user.name).text("UserId", user.id.as_str()).text("Arn", &user.arn());
    write_date("CreateDate", user.created, w);
}
