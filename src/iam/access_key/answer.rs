//! Answers about access keys.

use super::IssuedKey;
use crate::entity::{AccessKey, KeyStatus, LastUsed};
use crate::iam::answer::{write_date, write_end, write_list};
use crate::wire::xml::XmlWriter;

/// What calls about access keys answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A key just made: the only answer with its secret.
    Created {
        /// Name of the user.
        user_name: String,
        /// Id and secret.
        issued: IssuedKey,
        /// Milliseconds since 1970.
        created: i64,
    },
    /// ListAccessKeys.
    Page {
        /// Name of the user.
        user_name: String,
        /// The keys in the order in which they were made.
        keys: Vec<AccessKey>,
        /// Where the next page begins, if there is one.
        marker: Option<String>,
    },
    /// When a key was last used.
    LastUsed {
        /// Name of the key's user.
        user_name: String,
        /// The use, if there was one.
        used: Option<LastUsed>,
    },
}

/// Secrets are not compared: two new keys are the same only if their ids are.
impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Created { issued: one, .. }, Self::Created { issued: two, .. }) => one.id == two.id,
            (
                Self::Page { user_name: one, keys, marker },
                Self::Page { user_name: two, keys: other_keys, marker: other_marker },
            ) => one == two && keys == other_keys && marker == other_marker,
            (Self::LastUsed { user_name: one, used }, Self::LastUsed { user_name: two, used: other_used }) => {
                one == two && used == other_used
            }
            _ => false,
        }
    }
}

impl Eq for Answer {}

impl Answer {
    pub(in crate::iam) fn write(&self, w: &mut XmlWriter) {
        match self {
            Self::Created { user_name, issued, created } => {
                w.element("AccessKey", |w| {
                    w.text("UserName", user_name).text("AccessKeyId", issued.id.as_str());
                    w.text("Status", status_text(KeyStatus::Active));
                    // INVARIANT: secrets are made out of visible ASCII.
                    w.text("SecretAccessKey", issued.secret.expose_str().unwrap_or_default());
                    write_date("CreateDate", *created, w);
                });
            }
            Self::Page { user_name, keys, marker } => {
                w.text("UserName", user_name);
                write_list("AccessKeyMetadata", keys, w, |key, w| {
                    w.text("UserName", user_name).text("AccessKeyId", key.id.as_str());
                    w.text("Status", status_text(key.status));
                    write_date("CreateDate", key.created, w);
                });
                write_end(marker.as_deref(), w);
            }
            Self::LastUsed { user_name, used } => {
                w.text("UserName", user_name);
                w.element("AccessKeyLastUsed", |w| {
                    // AWS leaves the date out of a key that was never used, and says N/A for the rest.
                    if let Some(used) = used {
                        write_date("LastUsedDate", used.date, w);
                    }
                    w.text("ServiceName", used.as_ref().map_or("N/A", |used| &used.service));
                    w.text("Region", used.as_ref().map_or("N/A", |used| &used.region));
                });
            }
        }
    }
}

/// As AWS writes it.
pub(super) fn status_text(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    }
}
